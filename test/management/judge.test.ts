import { judge, type CommandRow, type KnownDevice } from '../../src/management/judge';
import { ManagementError, type CommandInput } from '../../src/management/types';
import { LIBRARY } from './given';

const LAMP = 'urn:example:lamp';
const lamp = (miid: string) => ({ family: LAMP, moid: `${LAMP}:1.0`, miid, place: `./Lamps/${miid}` });
const DEVICE: KnownDevice = { deviceId: 'IMEI:1', protocol: 'DM_1_2', isDiscovered: true, mos: [lamp('L1')] };
const TWO: KnownDevice = { ...DEVICE, mos: [lamp('L1'), lamp('L2')] };
const NEW: KnownDevice = { ...DEVICE, protocol: null, isDiscovered: false, mos: [] };
const DM2: KnownDevice = { ...DEVICE, protocol: 'DM_2_0', mos: [{ ...lamp('L1'), place: null }] };

function judged(command: CommandInput | readonly CommandInput[], device = DEVICE): readonly CommandRow[] {
  const commands = Array.isArray(command) ? (command as readonly CommandInput[]) : [command as CommandInput];
  return judge(commands, device, LIBRARY, { valueOctets: 1_000 });
}

function refused(command: CommandInput, device = DEVICE): ManagementError | undefined {
  try {
    judged(command, device);
    return undefined;
  } catch (error) {
    if (error instanceof ManagementError) return error;
    throw error;
  }
}

const get = (address: object): CommandInput => ({ kind: 'get', address });
const copy = (from: object, to: object): CommandInput => ({ kind: 'copy', from, to });
const replace = (path: string, value: object | undefined): CommandInput => ({
  kind: 'replace',
  address: { moid: LAMP, path },
  value,
});

describe('a command that passes', () => {
  test('is addressed by MOID of the version that the device has, and by its instance', () => {
    expect(judged(get({ moid: 'urn:example:lamp:9.9', path: 'Name' }))).toMatchObject([
      { moid: 'urn:example:lamp:1.0', family: LAMP, miid: 'L1', path: 'Name', uri: null },
    ]);
  });

  test('by LocURI is mapped to its MO first; one of no MO stays a LocURI', () => {
    expect(judged(get({ uri: 'Lamps/L1/Name/' }))).toMatchObject([
      { family: LAMP, miid: 'L1', path: 'Name', uri: null },
    ]);
    expect(judged(get({ uri: 'Other//X' }))).toMatchObject([{ family: null, path: '', uri: './Other/X' }]);
  });

  test('to a device that was not looked through yet waits for what discovery finds', () => {
    expect(judged(get({ moid: LAMP, path: 'Name' }), NEW)).toMatchObject([{ moid: LAMP, miid: null }]);
  });

  test('may address the instance that an earlier command adds', () => {
    const add: CommandInput = { kind: 'add', address: { moid: LAMP, miid: 'L9' } };
    expect(
      judged([
        add,
        { ...replace('Name', { text: 'x' }), address: { moid: LAMP, miid: 'L9', path: 'Name' } } as CommandInput,
      ]),
    ).toMatchObject([
      { miid: 'L9', path: '' },
      { miid: 'L9', path: 'Name' },
    ]);
  });

  test('carries its value, depth or argument as it is stored', () => {
    expect(judged(replace('Level', { int: 7 }))).toMatchObject([{ request: { value: { f: 'int', k: 'n', d: 7 } } }]);
    expect(judged({ kind: 'get', address: { moid: LAMP }, depth: 0 })).toMatchObject([{ request: { depth: 0 } }]);
    expect(
      judged({ kind: 'exec', address: { moid: LAMP, path: 'Blink' }, value: { text: 'x' }, repeatable: true }),
    ).toMatchObject([{ repeatable: true, request: { value: { f: 'chr', d: 'x' } } }]);
    expect(judged({ kind: 'setAcl', address: { moid: LAMP }, acl: 'Get=*' })).toMatchObject([
      { request: { value: { d: 'Get=*' } } },
    ]);
    expect(judged({ kind: 'add', address: { moid: LAMP, path: 'Colours/a' } })).toMatchObject([{ request: {} }]);
  });
});

describe('a copy', () => {
  const name = { moid: LAMP, path: 'Name' };

  test('has its target by MO and path, whichever way it was addressed', () => {
    for (const to of [{ moid: LAMP, path: 'Mode' }, { uri: 'Lamps/L1/Mode' }])
      expect(judged(copy(name, to))).toMatchObject([
        { path: 'Name', request: { to: { moid: `${LAMP}:1.0`, miid: 'L1', path: 'Mode' } } },
      ]);
  });

  test('to a node of no MO has its LocURI', () => {
    expect(judged(copy(name, { uri: 'Other//X' }))).toMatchObject([{ request: { to: { uri: './Other/X' } } }]);
  });

  test('may make a node that can be added', () => {
    expect(judged(copy(name, { moid: LAMP, path: 'Colours/a' }))).toHaveLength(1);
  });
});

describe('a command is refused with', () => {
  const refusals: readonly [string, CommandInput, KnownDevice?][] = [
    ['NO_SUCH_MO', get({ moid: 'urn:example:box', path: 'Size' })],
    ['NO_SUCH_MO', get({ moid: LAMP, miid: 'L7', path: 'Name' })],
    ['NO_SUCH_MO', get({ moid: 'urn:example:nothing' }), NEW],
    ['MO_AMBIGUOUS', get({ moid: LAMP, path: 'Name' }), TWO],
    ['NO_PLACE', { kind: 'add', address: { moid: 'urn:example:box', miid: 'b' } }],
    ['NOT_IN_DDF', get({ moid: LAMP, path: 'Size' })],
    ['ACCESS_TYPE', { kind: 'delete', address: { moid: LAMP, path: 'Name' } }],
    ['ACCESS_TYPE', get({ moid: LAMP, path: 'Blink' })],
    ['BAD_FORMAT', replace('Level', { text: 'much' })],
    ['BAD_FORMAT', { kind: 'exec', address: { moid: LAMP, path: 'Blink' }, value: { json: { a: 1 } } }],
    ['OUT_OF_RANGE', replace('Level', { int: 101 })],
    ['LIMIT_VALUE_SIZE', replace('Name', { text: 'x'.repeat(1_001) })],
    ['NOT_SUPPORTED_BY_DEVICE', get({ uri: './Lamps/L1/Name' }), DM2],
    ['NOT_SUPPORTED_BY_DEVICE', { kind: 'getAcl', address: { moid: LAMP } }, DM2],
    ['NOT_SUPPORTED_BY_DEVICE', { kind: 'exec', address: { moid: LAMP, path: 'Blink' }, value: { text: 'x' } }, DM2],
    ['BAD_USER_INPUT', get({})],
    ['BAD_USER_INPUT', get({ moid: LAMP, uri: './X' })],
    ['BAD_USER_INPUT', get({ moid: '' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, miid: 'a\0' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, path: '/Name' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, path: 'Name/' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, path: 'a//b' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, path: '../../Other/Secret' })],
    ['BAD_USER_INPUT', get({ moid: 'urn:unknown:mo', path: 'a/./b' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, path: 'Name?prop=ACL' })],
    ['BAD_USER_INPUT', get({ moid: LAMP, path: '\ud800' })],
    ['BAD_USER_INPUT', get({ uri: './A/../B' })],
    ['BAD_USER_INPUT', get({ uri: './A?prop=ACL' })],
    ['BAD_USER_INPUT', get({ uri: ' ' })],
    ['BAD_USER_INPUT', { kind: 'get', address: { moid: LAMP }, depth: -1 }],
    ['BAD_USER_INPUT', replace('Name', undefined)],
    ['BAD_USER_INPUT', replace('Name', { text: 'a', int: 1 })],
    ['BAD_USER_INPUT', { kind: 'setAcl', address: { moid: LAMP }, acl: '\0' }],
    ['BAD_USER_INPUT', copy({ moid: LAMP, path: 'Name' }, { uri: './Other?prop=ACL' })],
    ['BAD_USER_INPUT', copy({ moid: LAMP, path: 'Name' }, { moid: LAMP, uri: './Other' })],
    ['NOT_IN_DDF', copy({ moid: LAMP, path: 'Name' }, { uri: './Lamps/L1/Size' })],
    ['ACCESS_TYPE', copy({ moid: LAMP, path: 'Name' }, { uri: './Lamps/L1/Blink' })],
    ['ACCESS_TYPE', copy({ moid: LAMP, path: 'Name' }, { moid: LAMP, path: 'Colours/a/Picture' })],
    ['ACCESS_TYPE', copy({ moid: LAMP, path: 'Blink' }, { moid: LAMP, path: 'Name' })],
    ['NO_SUCH_MO', copy({ moid: LAMP, path: 'Name' }, { moid: LAMP, miid: 'L7', path: 'Name' })],
  ];
  test.each(refusals.map(([code, command, device = DEVICE]) => [code, command, device] as const))(
    '%s: %j',
    (code, command, device) => {
      expect(refused(command, device)?.code).toBe(code);
    },
  );

  test('its index, and what would help', () => {
    expect(refused(get({ moid: LAMP, path: 'Name' }), TWO)?.details).toEqual({
      moid: LAMP,
      miids: ['L1', 'L2'],
      command: 0,
    });
    expect(refused({ kind: 'delete', address: { moid: LAMP, path: 'Name' } })?.details).toMatchObject({
      access: ['Get', 'Replace'],
    });
    expect(() => judged([get({ moid: LAMP }), get({ moid: LAMP, path: 'Size' })])).toThrow(
      'commands[1].get.address: the DDF',
    );
  });
});
