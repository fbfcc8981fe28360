import { encodeMessage } from '../../../adapters/dm1/codec';
import type { BodyCommand, Item, Meta } from '../../../adapters/dm1/message';
import { status } from '../../adapters/dm1/session/dialogue';
import { alert, by, describeSection, devInfo } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { ask } from '../support/world';

const text = (data: string, more: Partial<Item> = {}): Item => ({ ...more, data: { kind: 'text', text: data } });
/** An Item of a device's alert. */
const told = (type: string, data: string, meta: Partial<Meta> = {}, more: Partial<Item> = {}): Item =>
  text(data, { ...more, meta: { type, format: 'chr', ...meta } });
const textOf = ({ data }: Item): string => (data?.kind === 'text' ? data.text : '');

describeSection('9 Alerts', ({ device, form, gateway }) => {
  /** What callers are told that the device reported, the oldest first. */
  async function reported(phone: SpokenDevice): Promise<readonly object[]> {
    const { alerts } = await ask<{ alerts: { nodes: readonly object[] } }>(
      gateway(),
      `query ($id: ID!) { alerts(where: { deviceId: $id }) { nodes {
        type mark correlator format source target data resultCode } } }`,
      { id: phone.deviceId },
    );
    return alerts.nodes;
  }
  /** Codes that the gateway's last message gives to Alerts, by their CmdID. */
  const codesOf = (phone: SpokenDevice): object =>
    Object.fromEntries(phone.statuses.filter(({ cmd }) => cmd === 'Alert').map(({ cmdRef, data }) => [cmdRef, data]));

  describe('9.1 Codes', () => {
    test("the session's own are answered 200, those of the server and unassigned ones 406; none is kept", async () => {
      const phone = await device();
      const question = [text(''), text('Are you there?')];
      await phone.begins({}, [
        alert('1', '1222'),
        alert('2', '1225'),
        alert('3', '1100', question),
        alert('4', '1101', question),
        alert('5', '1104', question),
        alert('6', '1105'),
        alert('7', '1221'),
        alert('8', '1227'),
        alert('9', 'x'),
      ]);
      expect(codesOf(phone)).toEqual({
        91: '200',
        1: '200',
        2: '200',
        ...Object.fromEntries(['3', '4', '5', '6', '7', '8', '9'].map((cmdRef) => [cmdRef, '406'])),
      });
      expect(phone.commands).toEqual([]);
      expect(await reported(phone)).toEqual([]);
    });
  });

  describe('9.2 User interaction', () => {
    const accepted = { answer: 'ACCEPTED', text: null, selected: [] };

    test.each([
      [
        '1100',
        { type: 'DISPLAY', text: 'Good <day> & more', minDisplay: 'PT5S' },
        ['MINDT=5', 'Good <day> & more'],
        [],
        accepted,
      ],
      [
        '1101',
        { type: 'CONFIRM', text: 'Restart?', timeout: 'PT1M', defaultAccept: true },
        ['MAXDT=60&DR=1', 'Restart?'],
        [],
        accepted,
      ],
      [
        '1102',
        { type: 'TEXT', text: 'Since when', inputType: 'DATE', defaultText: '2026-01-31', maxLength: 10 },
        ['DR=31012026&MAXLEN=10&IT=D&ET=T', 'Since when'],
        ['01022026'],
        { ...accepted, text: '2026-02-01' },
      ],
      [
        '1103',
        { type: 'SINGLE_CHOICE', text: 'Tone', choices: ['Bell', 'Buzz'] },
        ['', 'Tone', 'Bell', 'Buzz'],
        ['2'],
        { ...accepted, selected: [1] },
      ],
      [
        '1104',
        { type: 'MULTIPLE_CHOICE', text: 'Services', choices: ['Mail', 'Web', 'Chat'], defaultSelected: [1, 2] },
        ['DR=2-3', 'Services', 'Mail', 'Web', 'Chat'],
        ['3', '1'],
        { ...accepted, selected: [0, 2] },
      ],
    ])('Alert %s: options, text and choices as Items, the answer as Items of its Status', async (...given) => {
      const [code, show, items, answer, result] = given;
      const phone = await device();
      const operation = await phone.isAsked([{ show }]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual([`Alert ${code}`, 'Final']);
      const [prompt] = phone.commands;
      expect(prompt !== undefined && 'items' in prompt ? prompt.items.map(textOf) : []).toEqual(items);
      await phone.says([phone.accepts(), phone.judges(0, 200, { items: answer.map((one) => text(one)) })]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK', result }] });
    });

    test.each([
      ['304, no', 304, 'USER_REFUSED', 'REFUSED'],
      ['214, cancelled by the user', 214, 'USER_REFUSED', 'REFUSED'],
      ['215, skipped because of an earlier cancel', 215, 'USER_REFUSED', 'REFUSED'],
      ['408, time-out', 408, 'TIMED_OUT', 'TIMED_OUT'],
      ['406, not supported', 406, 'UNSUPPORTED', null],
      ['416, cannot be displayed', 416, 'TOO_LARGE', null],
      ['412, wrong Items', 412, 'BAD_VALUE', null],
    ])('%s: the server asked first, and does not send what follows', async (_what, code, outcome, answer) => {
      const phone = await device();
      const operation = await phone.isAsked([
        { show: { type: 'CONFIRM', text: 'Restart?' } },
        by.replace('./Vendor/A', 'x'),
      ]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual(['Alert 1101', 'Final']);
      await phone.says([phone.accepts(), phone.judges(0, code)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      const result = answer === null ? null : { answer, text: null, selected: [] };
      expect(await operation.now()).toMatchObject({
        state: 'FAILED',
        commands: [{ outcome, statusCode: code, result }, { state: 'SKIPPED' }],
      });
    });

    test('a prompt stands alone in its message: a cancel, which stops a message, skips nothing that the person was not asked', async () => {
      const phone = await device();
      const commands = [
        by.get('./Vendor/B', 0),
        { show: { type: 'CONFIRM', text: 'Go on?' } },
        by.get('./Vendor/A', 0),
      ];
      await phone.isAsked(commands, { onFailure: 'CONTINUE' });
      await phone.begins();
      await phone.answers({ './Vendor/B': '2' });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Alert 1101', 'Final']);
      await phone.says([phone.accepts(), phone.judges(0, 214)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Get ./Vendor/A', 'Final']);
    });

    test('inside a Sequence a cancel skips the rest: 215 says of each that the person refused it', async () => {
      const phone = await device();
      const commands = [{ show: { type: 'CONFIRM', text: 'Restart?' } }, by.replace('./Vendor/A', 'x')];
      const operation = await phone.isAsked(commands, { sequence: true });
      await phone.begins();
      expect(phone.heard.at(3)).toBe('Sequence { Alert 1101, Replace ./Vendor/A }');
      const [group] = phone.commands;
      const [prompt, write] = group?.kind === 'Sequence' ? group.commands : [];
      const msgRef = Number(phone.reply.header.msgId);
      await phone.says([
        phone.accepts(),
        phone.judges(0, 200),
        status(msgRef, prompt?.cmdId ?? '', 'Alert', 214),
        status(msgRef, write?.cmdId ?? '', 'Replace', 215),
      ]);
      expect(await operation.now()).toMatchObject({
        state: 'FAILED',
        commands: [
          { outcome: 'USER_REFUSED', statusCode: 214, result: { answer: 'REFUSED' } },
          { outcome: 'USER_REFUSED', statusCode: 215 },
        ],
      });
    });
  });

  describe('9.3 Client event (1224) and generic alert (1226)', () => {
    const TYPE = 'com.acme.meter.tampered';

    test('all that a generic alert tells is told to callers, its type without prefix and its source as a node', async () => {
      const phone = await device();
      const item = told(
        `Reversed-Domain-Name: ${TYPE}`,
        'lid',
        { mark: 'critical' },
        { source: { locUri: 'DevInfo/Man' }, target: { locUri: './Vendor/A' } },
      );
      await phone.begins({}, [{ kind: 'Alert', cmdId: '7', data: '1226', correlator: 'c-1', items: [item] }]);
      expect(codesOf(phone)).toEqual({ 91: '200', 7: '200' });
      expect(await reported(phone)).toEqual([
        {
          type: TYPE,
          mark: 'critical',
          correlator: 'c-1',
          format: 'chr',
          source: { moid: 'urn:oma:mo:oma-dm-devinfo:1.0', miid: 'DevInfo', path: 'Man' },
          target: { uri: './Vendor/A' },
          data: 'lid',
          resultCode: null,
        },
      ]);
    });

    test('each Item of each Alert is one report, in their order, whether they come in package 1 or later', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins({}, [
        alert('6', '1224', [told('com.acme/low', '12', { format: 'int' }), told('com.acme/hot', '')]),
        alert('7', '1226', [told(TYPE, 'lid')]),
      ]);
      expect(codesOf(phone)).toEqual({ 91: '200', 6: '200', 7: '200' });
      await phone.says([
        phone.accepts(),
        phone.judges(0, 404),
        alert('8', '1226', [told(TYPE, 'seal'), told(TYPE, 'lid')]),
      ]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', 'Final']);
      expect(await reported(phone)).toMatchObject([
        { type: 'com.acme/low', format: 'int', data: 12 },
        { type: 'com.acme/hot', data: '' },
        { type: TYPE, data: 'lid' },
        { type: TYPE, data: 'seal' },
        { type: TYPE, data: 'lid' },
      ]);
    });

    test('412: one without Item or without Type is incomplete, and nothing of it is kept', async () => {
      const phone = await device();
      await phone.begins({}, [
        alert('5', '1226'),
        alert('6', '1226', [told(TYPE, 'lid'), text('seal')]),
        alert('7', '1224', [told('  ', 'x')]),
        alert('8', '1226', [told(TYPE, 'door')]),
      ]);
      expect(codesOf(phone)).toEqual({ 91: '200', 5: '412', 6: '412', 7: '412', 8: '200' });
      expect(await reported(phone)).toMatchObject([{ data: 'door' }]);
    });

    test('a message that is sent again reports once', async () => {
      const phone = await device();
      const body = [alert('1', '1201'), alert('7', '1226', [told(TYPE, 'lid')]), devInfo('2', phone.deviceId)];
      const octets = encodeMessage(phone.message(body), { form });
      await phone.sends(octets);
      await phone.sends(octets, { atEndpoint: true });
      expect(codesOf(phone)).toEqual({ 1: '200', 7: '200' });
      expect(await reported(phone)).toHaveLength(1);
    });

    test('its Data may come in chunks, each answered 213 and Alert 1222: it is reported once, whole', async () => {
      const phone = await device();
      const parts = ['a'.repeat(3000), 'ü'.repeat(2000)];
      const size = String(Buffer.byteLength(parts.join('')));
      const chunk = { ...told(TYPE, parts[0] ?? '', { size }), moreData: true };
      await phone.begins({ final: false });
      await phone.says([phone.accepts(), alert('7', '1226', [chunk])], { final: false });
      expect(phone.heard).toEqual(['212 SyncHdr', '213 Alert', 'Alert 1222']);
      expect(await reported(phone)).toEqual([]);
      await phone.says([phone.accepts(), alert('8', '1226', [told(TYPE, parts[1] ?? '')])]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', 'Final']);
      expect(await reported(phone)).toMatchObject([{ type: TYPE, data: parts.join('') }]);
    });
  });

  describe('9.4 Next message and abort', () => {
    test('1222 of either side is answered 200, with the two parties or without, and brings no command before Final', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins({ final: false });
      expect(phone.heard.at(-1)).toBe('Alert 1222');
      const parties: Item = { target: { locUri: 'https://dm.example/dm/1' }, source: { locUri: phone.deviceId } };
      const next: BodyCommand = alert('9', '1222', [parties]);
      await phone.says([phone.accepts(), phone.judges(0, 200), next], { final: false });
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', 'Alert 1222']);
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Get ./Vendor/A', 'Final']);
    });

    test('1223 of the client: what it did counts, no command comes, and the session is over', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0), by.replace('./Vendor/C', 'x')], {
        onFailure: 'CONTINUE',
      });
      const later = await phone.isAsked([by.get('./Vendor/B', 0), by.exec('./Vendor/Run')]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual(['Get ./Vendor/A', 'Replace ./Vendor/C', 'Get ./Vendor/B', 'Final']);
      await phone.says([phone.accepts(), phone.judges(1, 200), alert('9', '1223')]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', 'Final']);
      expect(await operation.now()).toMatchObject({ commands: [{ state: 'QUEUED' }, { outcome: 'OK' }] });
      // An account without credentials has no challenge for what still comes: the answer is an abort of its own.
      await phone.says([phone.accepts()]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Alert 1223', 'Final']);
      await phone.begins();
      await phone.answers({ './Vendor/A': '1', './Vendor/B': '2' });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Exec ./Vendor/Run', 'Final']);
      await phone.says([phone.accepts(), alert('9', '1223')]);
      // Whether it ran nobody knows, and it is not sent twice.
      expect(await later.now()).toMatchObject({ commands: [{ outcome: 'OK', result: '2' }, { state: 'IN_DOUBT' }] });
      await phone.begins();
      expect(phone.commands).toEqual([]);
    });
  });
});
