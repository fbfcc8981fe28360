/** The document between gateways (docs/dm1.md, "Delegation"), and what it brings about on a device. */
import fc from 'fast-check';

import { readDelegation, writeDelegation, type DelegationDocument } from '../../../src/management/delegation/document';
import { isUndone, planAcls, readingCommands, undoingCommands } from '../../../src/management/delegation/plan';
import type { CommandView } from '../../../src/management/types';

const DOCUMENT: DelegationDocument = {
  kind: 'Delegate',
  sessionId: '8f14e45f-ceea-467f-a0e6-123456789abc',
  from: 'a.example',
  to: 'b.example',
  device: { id: 'IMEI:490154203237518', protocol: 'DM_1_3', manufacturer: 'Acme & Sons', model: '<Widget>' },
  objects: [{ moid: 'urn:oma:mo:oma-fumo:1.0', locUri: './FUMO/fw1' }],
  until: '2026-11-27T13:00:00.000Z',
  client: { name: 'd', secret: 's1' },
  server: { name: 'b.example', secret: 's2' },
};

test('a document reads as it was written', () => {
  expect(readDelegation(writeDelegation(DOCUMENT))).toEqual(DOCUMENT);
  expect(readDelegation(writeDelegation({ ...DOCUMENT, until: null }))).toEqual({ ...DOCUMENT, until: null });
  expect(readDelegation(writeDelegation({ kind: 'End', sessionId: 'x' }))).toEqual({ kind: 'End', sessionId: 'x' });
});

const text = writeDelegation(DOCUMENT);
test.each([
  ['no XML', 'x'],
  ['another namespace', text.replace('dm-delegation:1.0', 'other')],
  ['another root', text.replaceAll('Delegate', 'Other')],
  ['an entity', `<!DOCTYPE x [<!ENTITY a "b">]>${text.slice(text.indexOf('\n'))}`],
  ['no object', text.replace(/<Object>.*<\/Object>/, '')],
  ['an object without place', text.replace(/<LocURI>.*<\/LocURI>/, '')],
  ['no time and not permanent', text.replace(/<Temporary>.*<\/Temporary>/, '')],
  ['a time that is none', text.replace('2026-11-27T13:00:00.000Z', 'tomorrow')],
  ['credentials of another kind', text.replace('DIGEST', 'BASIC')],
  ['no credentials of the server', text.replace(/<Server>.*<\/Server>/, '')],
  ['a session id with signs', text.replace('8f14', "'; DROP")],
])('with %s it is none', (_what, bad) => {
  expect(readDelegation(bad)).toBeUndefined();
});

test('any text is read or refused, and never throws', () => {
  const cut = fc
    .tuple(fc.nat(text.length), fc.nat(text.length), fc.string())
    .map(([from, to, put]) => text.slice(0, from) + put + text.slice(to));
  fc.assert(fc.property(fc.oneof(fc.string(), cut), (given) => void readDelegation(given)));
});

describe('what is done on the device', () => {
  const object = { moid: 'urn:x:meter:1.0', miid: 'Meter', locUri: './Vendor/Meter' };
  const answers = (texts: Readonly<Record<string, readonly [number, string]>>): readonly CommandView[] =>
    readingCommands([object]).map(
      (command) =>
        ({
          ...command,
          outcome: 'OK',
          statusCode: texts[command.uri ?? 'own']?.[0] ?? 200,
          result: texts[command.uri ?? 'own']?.[1] ?? '',
        }) as unknown as CommandView,
    );

  test('the lists above an object are read too, for it may inherit', () => {
    expect(readingCommands([object]).map(({ uri, miid }) => uri ?? miid)).toEqual(['.', './Vendor', 'Meter']);
  });

  test.each<[string, Readonly<Record<string, readonly [number, string]>>, string, string]>([
    ['its own list', { own: [200, 'Get=*&Replace=a'] }, 'Get=*&Replace=a', 'Add=b&Delete=b&Exec=b&Get=*&Replace=a+b'],
    ['one of above (1.2)', { './Vendor': [200, 'Get=a'] }, '', 'Add=b&Delete=b&Exec=b&Get=a+b&Replace=b'],
    ['one of above (1.3, 217)', { own: [217, 'Get=a'] }, '', 'Add=b&Delete=b&Exec=b&Get=a+b&Replace=b'],
    ["the root's", { '.': [200, 'Add=*&Get=*'] }, '', 'Add=*&Delete=b&Exec=b&Get=*&Replace=b'],
  ])('the server joins %s, and what was before is remembered', (_which, texts, before, during) => {
    const planned = planAcls([object], answers(texts), 'b');
    expect(planned).toEqual({ ok: true, objects: [{ ...object, before, during }] });
  });

  test('without its list nothing is planned', () => {
    const [first] = answers({});
    expect(
      planAcls([object], [{ ...first, kind: 'getAcl', outcome: 'PERMISSION_DENIED' } as CommandView], 'b'),
    ).toMatchObject({ ok: false });
  });

  const during = 'Add=b&Delete=b&Exec=b&Get=*&Replace=a+b';
  test.each([
    ['that nobody changed becomes what it was', during, ''],
    ['that somebody changed loses the server alone', 'Get=*&Replace=a+b+c', 'Get=*&Replace=a+c'],
  ])('a list %s, and the account goes last', (_what, now, after) => {
    const planned = [{ ...object, before: '', during }];
    const reread = answers({ own: [200, now] });
    const commands = undoingCommands(planned, reread, { name: 'acc', serverId: 'b' });
    expect(commands).toMatchObject([
      { kind: 'setAcl', miid: 'Meter', request: { value: { d: after } } },
      { kind: 'delete', uri: './DMAcc/acc' },
    ]);
  });

  test('an account that is not there has gone; a list that is still there has not', () => {
    const answered = (kind: string, outcome: string): CommandView => ({ kind, outcome }) as unknown as CommandView;
    expect(isUndone([answered('setAcl', 'OK'), answered('delete', 'NOT_FOUND')])).toBe(true);
    expect(isUndone([answered('setAcl', 'NOT_FOUND'), answered('delete', 'OK')])).toBe(false);
  });
});
