import { absolute, canonical, childUri, locUriOf, nodeName, pathBelow } from '../../../../adapters/dm1/addressing';
import { createDm1Adapter } from '../../../../adapters/dm1';
import { encodeMessage } from '../../../../adapters/dm1/codec';
import { outcomeInAtomic, outcomeOf, OUTCOMES, readCode } from '../../../../adapters/dm1/status-codes';
import { inbound, package1 } from './dialogue';

describe('Status codes', () => {
  test.each([
    [200, 'OK'],
    [202, 'OK'],
    [214, 'USER_REFUSED'],
    [216, 'ROLLED_BACK'],
    [304, 'USER_REFUSED'],
    [401, 'PERMISSION_DENIED'],
    [403, 'NOT_ALLOWED'],
    [404, 'NOT_FOUND'],
    [405, 'NOT_ALLOWED'],
    [406, 'UNSUPPORTED'],
    [408, 'TIMED_OUT'],
    [413, 'TOO_LARGE'],
    [414, 'TOO_LARGE'],
    [415, 'BAD_VALUE'],
    [418, 'ALREADY_EXISTS'],
    [420, 'DEVICE_FULL'],
    [425, 'PERMISSION_DENIED'],
    [500, 'DEVICE_ERROR'],
    [501, 'UNSUPPORTED'],
    [507, 'ROLLED_BACK'],
    [516, 'DEVICE_ERROR'],
    [517, 'TOO_LARGE'],
  ] as const)('%i is %s', (code, outcome) => expect(outcomeOf(code)).toBe(outcome));

  test("a vendor's code counts by its class, and is never success by mistake", () => {
    expect(outcomeOf(450)).toBe('DEVICE_ERROR');
    expect(outcomeOf(518)).toBe('DEVICE_ERROR');
    expect(outcomeOf(299)).toBe('OK');
    expect(outcomeOf(101)).toBe('DEVICE_ERROR');
    expect(readCode('garbage')).toBe(500);
    expect(readCode(' 0200 ')).toBe(200);
  });

  test('a member of an Atomic that was not reached was rolled back', () => {
    expect(outcomeInAtomic(215)).toBe('ROLLED_BACK');
    expect(outcomeInAtomic(404)).toBe('NOT_FOUND');
  });

  test('every code that the digest lists as used in DM has a row', () => {
    const used = [
      200, 202, 212, 213, 214, 215, 216, 217, 304, 400, 401, 403, 404, 405, 406, 407, 408, 412, 413, 414, 415, 416, 418,
      420, 424, 425, 500, 501, 503, 505, 507, 510, 513, 516, 517,
    ];
    expect(used.filter((code) => OUTCOMES[code] === undefined)).toEqual([]);
  });
});

describe('Addresses', () => {
  test('relative and absolute, with and without a slash at the end, are one node', () => {
    for (const uri of ['./A/B', 'A/B', './A/B/', ' ./A/B ']) expect(absolute(uri)).toBe('./A/B');
    for (const uri of ['.', './', '', '/']) expect(absolute(uri)).toBe('.');
    expect(absolute('./?list=Struct')).toBe('.?list=Struct');
  });

  test('encoded and decoded spellings are equal', () => {
    expect(canonical('./A/a%20b')).toBe(canonical('A/a b'));
    expect(canonical('./A/N%C3%A4me')).toBe(canonical('./A/Näme'));
    expect(canonical('./A/x%2Fy')).not.toBe(canonical('./A/x/y'));
    expect(canonical('./A/%zz')).toBe('./A/%25zz');
  });

  test('a path of the middle becomes a LocURI below its place', () => {
    expect(locUriOf({ moid: 'm', path: 'Tariff/a b', place: './V/M' })).toBe('./V/M/Tariff/a%20b');
    expect(locUriOf({ moid: 'm', path: 'x%2Fy/50%25', place: 'V' })).toBe('./V/x%2Fy/50%25');
    expect(locUriOf({ moid: 'm', path: '', place: './V' })).toBe('./V');
    expect(locUriOf({ moid: 'm', path: 'a?b', place: './V' })).toBe('./V/a%3Fb');
    expect(locUriOf({ moid: 'm', path: 'A' })).toBeUndefined();
    expect(locUriOf({ uri: 'A/B?prop=Type' })).toBe('./A/B?prop=Type');
  });

  test('a LocURI becomes a path, where it lies below', () => {
    expect(pathBelow('./V/M', 'V/M/a%20b')).toBe('a b');
    expect(pathBelow('./V/M', './V/M')).toBe('');
    expect(pathBelow('./V/M', './V/MX')).toBeUndefined();
  });

  test('a child keeps the spelling in which the device tells it', () => {
    expect(childUri('./A', 'a%20b')).toBe('./A/a%20b');
    expect(childUri('./A', 'a b')).toBe('./A/a%20b');
    expect(childUri('./A', '50%')).toBe('./A/50%25');
    expect(nodeName('./A/a%20b')).toBe('a b');
    expect(nodeName('.')).toBe('.');
  });
});

describe('HTTP', () => {
  const adapter = createDm1Adapter({ maxOctets: 5000 });
  const body = encodeMessage(package1(), { form: 'xml' });
  const refusal = (more: object): number | undefined => {
    const opened = adapter.open({ ...inbound(body), ...more });
    return 'refusal' in opened ? opened.refusal.status : undefined;
  };

  test.each([
    ['another method', { method: 'GET' }, 405],
    ['no content type', { headers: {} }, 415],
    ['another type', { headers: { 'content-type': 'text/xml' } }, 415],
    [
      'a compressed body',
      { headers: { 'content-type': 'application/vnd.syncml.dm+xml', 'content-encoding': 'br' } },
      415,
    ],
    ['an empty body', { body: new Uint8Array(0) }, 400],
    ['broken XML', { body: Buffer.from('<SyncML>') }, 400],
    [
      'broken WBXML',
      {
        body: Uint8Array.of(2, 0xa4, 1, 0x6a, 0, 0x6d),
        headers: { 'content-type': 'application/vnd.syncml.dm+wbxml' },
      },
      400,
    ],
    ['a body beyond the limit', { body: new Uint8Array(5001) }, 413],
  ])('%s is refused on the HTTP level', (_name, more, code) => expect(refusal(more)).toBe(code));

  test.each([
    ['the plain SyncML type', { 'content-type': 'application/vnd.syncml+xml' }],
    ['parameters', { 'content-type': 'application/vnd.syncml.dm+xml; charset=utf-8; verproto="DM/1.2"' }],
    ['a stray coding', { 'content-type': 'application/vnd.syncml.dm+xml', 'content-encoding': 'UTF-8' }],
  ])('%s is read', (_name, headers) => expect(refusal({ headers })).toBeUndefined());

  test('an envelope says who, which session, and what it opens', () => {
    const opened = adapter.open(inbound(body, {}, { token: 'T' }));
    expect('envelope' in opened && opened.envelope).toMatchObject({
      device: 'IMEI:490154203237518',
      user: 'dev-0001',
      key: 'A1',
      messageNo: 1,
      opens: true,
      final: true,
      protocol: 'DM_1_2',
      token: 'T',
    });
  });

  test('overload is 503 with a time to come back', () => {
    expect(adapter.busy(inbound(body))).toMatchObject({ status: 503, headers: { 'retry-after': '30' } });
  });
});
