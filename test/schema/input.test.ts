import { readCatalogueFamily } from './catalogue-family';
import { ddf, familyOfTexts, node } from './ddf-texts';
import { commandsOf } from '../../schema/graphql/input';

const MOID = 'urn:oma:mo:ext-acme-thing';
const leaf = (name: string, format: string, access: string, more = ''): string => node(name, { format, access, more });
const meter = readCatalogueFamily('urn:oma:mo:ext-acme-meter');
const fumo = readCatalogueFamily('urn:oma:mo:oma-fumo');
const range = '<MSFT:AllowedValues ValueType="Range"><MSFT:Value>[1-5]</MSFT:Value></MSFT:AllowedValues>';
const thing = familyOfTexts(
  ddf(
    node('Thing', {
      moid: `${MOID}:1.0`,
      children: [
        leaf('DevId', 'chr', 'Get Replace'),
        leaf('Level', 'int', 'Get Replace', range),
        leaf('Call', 'chr', 'Exec'),
        leaf('Flag', 'null', 'Add Delete Get'),
        leaf('Wide', 'int', 'Replace', range.replace('5', '99999999999999999999')),
        leaf('Wait', 'b64', 'Replace'),
        node('Box', { access: 'Add Delete Get Replace', children: [leaf('In', 'chr', 'Add Delete Get')] }),
        node('Blocks', { children: [leaf('', 'bin', 'Add Delete Get Replace')] }),
      ],
    }),
  ),
  ddf(node('Thing', { moid: `${MOID}:1.1`, children: [leaf('DevID', 'chr', 'Get'), leaf('Fresh', 'chr', 'Replace')] })),
);

describe('Inputs of generated mutations become the commands of submitOperation', () => {
  test('replace: values of leaves in the order of the tree, entries in the order given', () => {
    expect(
      commandsOf('replace', meter, {
        deviceId: 'IMEI:1',
        tariff: {
          items: [
            { nodeName: 'night', rate: 0.2 },
            { nodeName: 'day', rate: 0.3 },
          ],
        },
        interval: 5,
        enabled: false,
        unit: null,
      }),
    ).toEqual({
      ok: true,
      commands: [
        { kind: 'replace', path: 'Interval', value: { format: 'int', mime: 'text/plain', data: 5 } },
        { kind: 'replace', path: 'Enabled', value: { format: 'bool', mime: 'text/plain', data: false } },
        { kind: 'replace', path: 'Tariff/night/Rate', value: { format: 'float', mime: 'text/plain', data: 0.2 } },
        { kind: 'replace', path: 'Tariff/day/Rate', value: { format: 'float', mime: 'text/plain', data: 0.3 } },
      ],
    });
  });

  test('add: a node before what is below it, and only what is below it where it is there already', () => {
    const added = { nodeName: 'a/b%', start: '0600' };

    expect(commandsOf('add', meter, { tariff: { items: [added] } })).toEqual({
      ok: true,
      commands: [
        { kind: 'add', path: 'Tariff/a%2Fb%25' },
        { kind: 'add', path: 'Tariff/a%2Fb%25/Start', value: { format: 'chr', mime: 'text/plain', data: '0600' } },
      ],
    });
    expect(commandsOf('add', meter, { tariff: { items: [{ ...added, _self: false }] } })).toMatchObject({
      commands: [{ path: 'Tariff/a%2Fb%25/Start' }],
    });
  });

  test('add and delete of an instance are asked for by _self', () => {
    expect(commandsOf('add', fumo, { miid: 'new', _self: true })).toEqual({
      ok: true,
      commands: [{ kind: 'add', path: '' }],
    });
    expect(commandsOf('delete', fumo, { _self: true })).toEqual({ ok: true, commands: [{ kind: 'delete', path: '' }] });
  });

  test('delete: flags and entries; a node that goes takes what is below it along; what is below goes first', () => {
    expect(
      commandsOf('delete', meter, { note: true, tariff: { items: [{ nodeName: 'day' }, { nodeName: 'night' }] } }),
    ).toMatchObject({
      commands: [
        { kind: 'delete', path: 'Note' },
        { kind: 'delete', path: 'Tariff/day' },
        { kind: 'delete', path: 'Tariff/night' },
      ],
    });
    expect(commandsOf('delete', thing, { box: { _self: true, in: true } })).toEqual({
      ok: true,
      commands: [{ kind: 'delete', path: 'Box' }],
    });
    expect(commandsOf('delete', thing, { box: {} })).toMatchObject({ ok: false, code: 'BAD_USER_INPUT' });
  });

  test('exec: a Boolean for nodes without argument, else the argument', () => {
    expect(commandsOf('exec', fumo, { update: true, download: false })).toEqual({
      ok: true,
      commands: [{ kind: 'exec', path: 'Update' }],
    });
    expect(commandsOf('exec', meter, { ops: { reset: true } })).toEqual({
      ok: true,
      commands: [{ kind: 'exec', path: 'Ops/Reset' }],
    });
    expect(commandsOf('exec', thing, { call: 'now' })).toEqual({
      ok: true,
      commands: [{ kind: 'exec', path: 'Call', value: { format: 'chr', data: 'now' } }],
    });
  });

  test('exec without the argument that a node might have: by its path, after those with one', () => {
    expect(commandsOf('exec', thing, { withoutArgument: ['Call', 'Call'], call: 'now' })).toEqual({
      ok: true,
      commands: [
        { kind: 'exec', path: 'Call', value: { format: 'chr', data: 'now' } },
        { kind: 'exec', path: 'Call' },
        { kind: 'exec', path: 'Call' },
      ],
    });
    for (const path of ['', 'Nothing', 'Wide', 'Call/Below', '..', '%'])
      expect(commandsOf('exec', thing, { withoutArgument: [path] })).toMatchObject({
        ok: false,
        code: 'NOT_IN_DDF',
        path,
      });
  });

  test('values are what the adapters take: octets, base64 text, big integers, flags', () => {
    expect(
      commandsOf('replace', thing, {
        wide: 99999999999n,
        waitNode: 'QUI=',
        blocks: { items: [{ nodeName: 'b', value: 'QUI=' }] },
      }),
    ).toEqual({
      ok: true,
      commands: [
        { kind: 'replace', path: 'Wide', value: { format: 'int', data: 99999999999 } },
        { kind: 'replace', path: 'Wait', value: { format: 'b64', data: 'QUI=' } },
        { kind: 'replace', path: 'Blocks/b', value: { format: 'bin', data: new Uint8Array([65, 66]) } },
      ],
    });
    expect(commandsOf('replace', thing, { wide: '99999999999999999998' })).toMatchObject({
      commands: [{ value: { data: 99999999999999999998n } }],
    });
    expect(commandsOf('add', thing, { flag: true })).toEqual({
      ok: true,
      commands: [{ kind: 'add', path: 'Flag', value: { format: 'null', data: null } }],
    });
  });

  test('the device’s version decides how a node is spelled and whether it is there', () => {
    expect(commandsOf('replace', thing, { devId: 'x' }, { version: '1.0' })).toMatchObject({
      commands: [{ path: 'DevId' }],
    });
    expect(commandsOf('replace', thing, { devId: 'x' }, { version: '1.1' })).toMatchObject({
      ok: false,
      code: 'ACCESS_TYPE',
      path: 'DevID',
    });
    expect(commandsOf('replace', thing, { fresh: 'x' }, { version: '1.0' })).toMatchObject({
      ok: false,
      code: 'NOT_IN_DDF',
      path: 'Fresh',
    });
    expect(commandsOf('replace', thing, { fresh: 'x' }, { version: '9.9' })).toMatchObject({ ok: true });
  });

  test('the device’s version decides which commands a node takes that all versions spell and shape alike', () => {
    const of = (version: string, access: string): string =>
      ddf(
        node('Thing', {
          moid: `urn:oma:mo:ext-acme-thing:${version}`,
          children: [node('A', { format: 'chr', access })],
        }),
      );
    const family = familyOfTexts(of('1.0', 'Get'), of('1.1', 'Add Get Replace'), of('1.2', 'Get Replace'));
    const outcome = (kind: 'add' | 'replace', version?: string): string => {
      const result = commandsOf(kind, family, { a: 'x' }, version === undefined ? {} : { version });
      return result.ok ? 'ok' : result.code;
    };

    expect(['1.0', '1.1', '1.2', '9.9', undefined].map((version) => outcome('replace', version))).toEqual([
      'ACCESS_TYPE',
      'ok',
      'ok',
      'ok',
      'ok',
    ]);
    expect(['1.0', '1.1', '1.2'].map((version) => outcome('add', version))).toEqual([
      'ACCESS_TYPE',
      'ok',
      'ACCESS_TYPE',
    ]);
  });

  test('what cannot be is refused with a code and the path', () => {
    expect(commandsOf('replace', thing, { deviceId: 'x' })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(commandsOf('replace', thing, { level: 6 })).toMatchObject({
      code: 'OUT_OF_RANGE',
      path: 'Level',
      message: 'Level takes 1..5, not 6',
    });
    expect(commandsOf('replace', thing, { level: 'six' })).toMatchObject({ code: 'BAD_FORMAT', path: 'Level' });
    expect(commandsOf('add', meter, { tariff: { items: [{ nodeName: '' }] } })).toMatchObject({
      code: 'BAD_USER_INPUT',
      path: 'Tariff',
    });
    expect(commandsOf('add', meter, { tariff: { items: [{ nodeName: '..' }] } })).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'an entry of Tariff cannot have the name ..',
    });
    expect(
      commandsOf('add', meter, { tariff: { items: Array.from({ length: 2_000 }, (_, i) => ({ nodeName: `n${i}` })) } }),
    ).toMatchObject({ code: 'LIMIT_COMMANDS' });
  });
});
