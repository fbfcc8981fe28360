import type { Command } from '../../../../adapters/adapter';
import { answers, command, Dialogue, type Given, message, package1, type SmallTree, targetOf, TOKEN } from './dialogue';

const TREE: SmallTree = {
  nodes: {
    '.': ['DevInfo', 'DevDetail', 'Vendor', 'Serial'],
    './DevInfo': ['DevId', 'Ext'],
    './DevInfo/DevId': 'IMEI:1',
    './DevInfo/Ext': [],
    './DevDetail': ['SwV', 'URI'],
    './DevDetail/SwV': '4.2',
    './DevDetail/URI': ['MaxDepth'],
    './DevDetail/URI/MaxDepth': '0',
    './Vendor': ['Acme', 'Empty'],
    './Vendor/Empty': [],
    './Vendor/Acme': ['Meter', 'Note'],
    './Vendor/Acme/Note': 'n',
    './Vendor/Acme/Meter': ['Unit', 'Tariff'],
    './Vendor/Acme/Meter/Unit': 'kWh',
    './Vendor/Acme/Meter/Tariff': ['t'],
    './Vendor/Acme/Meter/Tariff/t': ['Rate'],
    './Vendor/Acme/Meter/Tariff/t/Rate': '1',
    './Serial': '1',
  },
  types: {
    './DevInfo': 'urn:oma:mo:oma-dm-devinfo:1.0',
    './DevDetail': 'urn:oma:mo:oma-dm-devdetail:1.0',
    './Vendor/Acme/Meter': 'urn:acme:meter:1.0',
    './Vendor/Empty': 'text/plain',
  },
};
const PLACES = [
  { place: './DevInfo', moid: 'urn:oma:mo:oma-dm-devinfo:1.0' },
  { place: './DevDetail', moid: 'urn:oma:mo:oma-dm-devdetail:1.0' },
];
const BUDGET = { messages: 50, nodes: 500 };

describe.each(['xml', 'wbxml'] as const)('Discovery (%s)', (form) => {
  function discover(
    tree: SmallTree,
    more: Given = {},
    budget = BUDGET,
    commands: readonly Command[] = [],
    maxMsgSize = '16384',
  ): { device: Dialogue; gets: string[] } {
    const device = new Dialogue({ form, places: PLACES, ...more });
    device.discover = budget;
    device.queue.push(...commands);
    const gets: string[] = [];
    device.sends(package1(1, { meta: { maxMsgSize } }));
    for (let no = 2; device.session?.state.phase === 'awaiting'; no += 1) {
      gets.push(...device.commands.map(targetOf));
      expect(device.wire?.body.length).toBeLessThanOrEqual(Number(maxMsgSize));
      device.sends(message(no, answers(device.reply, tree)), { token: TOKEN });
      if (no > 300) throw new Error('discovery does not end');
    }
    return { device, gets };
  }

  const found = (device: Dialogue): unknown[] =>
    device
      .all('moAnnounced')
      .slice(1)
      .map((effect) => [effect.place, effect.moid, effect.recognisedBy]);

  test('finds MOs by the Type of their roots, and reads them whole', () => {
    const { device } = discover(TREE);
    expect(found(device)).toEqual([
      ['./DevInfo', 'urn:oma:mo:oma-dm-devinfo:1.0', 'MOID'],
      ['./DevDetail', 'urn:oma:mo:oma-dm-devdetail:1.0', 'MOID'],
      ['./Vendor/Acme/Meter', 'urn:acme:meter:1.0', 'TYPE'],
    ]);
    const values = device.all('valuesObserved').slice(1);
    expect(values.map((effect) => [effect.at, effect.complete])).toEqual([
      [{ uri: './DevInfo' }, true],
      [{ uri: './DevDetail' }, true],
      [{ uri: './Vendor/Acme/Meter' }, true],
    ]);
    expect(values[2]?.tree).toEqual({
      name: 'Meter',
      moid: 'urn:acme:meter:1.0',
      childrenComplete: true,
      children: [
        { name: 'Unit', value: { format: 'chr', mime: 'text/plain', data: 'kWh' } },
        {
          name: 'Tariff',
          childrenComplete: true,
          children: [
            {
              name: 't',
              childrenComplete: true,
              children: [{ name: 'Rate', value: { format: 'chr', mime: 'text/plain', data: '1' } }],
            },
          ],
        },
      ],
    });
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
    expect(device.all('featureLearned').filter((effect) => effect.feature === 'dm1.typeProperty')).toMatchObject([
      { value: true },
    ]);
    expect(device.all('commandAnswered')).toEqual([]);
    expect(device.session?.state.phase).toBe('ended');
  });

  test('asks for a Type no more when the client has none, and knows MOs by their places', () => {
    const { device, gets } = discover({ nodes: TREE.nodes });
    expect(found(device)).toEqual([
      ['./DevInfo', 'urn:oma:mo:oma-dm-devinfo:1.0', 'PLACE'],
      ['./DevDetail', 'urn:oma:mo:oma-dm-devdetail:1.0', 'PLACE'],
    ]);
    expect(gets.filter((uri) => uri.includes('?prop=Type')).length).toBeLessThanOrEqual(3);
    expect(device.all('featureLearned').filter((effect) => effect.feature === 'dm1.typeProperty')).toMatchObject([
      { value: false },
    ]);
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
  });

  test('knows an MO whose root takes no Get by its place, and tells no values of it', () => {
    const places = [...PLACES, { place: './Inbox', moid: 'urn:oma:mo:oma-dm-inbox:1.0' }];
    const nodes = { ...TREE.nodes, '.': [...(TREE.nodes['.'] ?? []), 'Inbox', 'Locked'] };
    const { device, gets } = discover({ ...TREE, nodes, barred: ['./Inbox', './Locked'] }, { places });
    expect(found(device)).toContainEqual(['./Inbox', 'urn:oma:mo:oma-dm-inbox:1.0', 'PLACE']);
    expect(found(device)).toHaveLength(4);
    expect(device.all('valuesObserved')).not.toContainEqual(expect.objectContaining({ at: { uri: './Inbox' } }));
    expect(gets).not.toContain('./Inbox?prop=Type');
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
  });

  test('remembers from earlier sessions that a client tells no Type', () => {
    const { gets } = discover({ nodes: TREE.nodes }, { features: { 'dm1.typeProperty': false } });
    expect(gets.some((uri) => uri.includes('?prop='))).toBe(false);
  });

  test('asks nothing twice, and no Type below a root', () => {
    const { gets } = discover(TREE);
    expect(new Set(gets).size).toBe(gets.length);
    expect(gets).not.toContain('./Vendor/Acme/Meter/Tariff/t?prop=Type');
  });

  test('goes through small messages as well', () => {
    const { device } = discover(
      TREE,
      { baseUrl: 'https://d.example' },
      { messages: 200, nodes: 500 },
      [],
      form === 'xml' ? '1000' : '512',
    );
    expect(found(device)).toHaveLength(3);
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
  });

  test('stops at its budget and says that it is not complete', () => {
    const { device } = discover(TREE, {}, { messages: 3, nodes: 500 });
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: false }]);
    expect(device.all('valuesObserved').some((effect) => !effect.complete)).toBe(true);
    const { device: few } = discover(TREE, {}, { messages: 50, nodes: 5 });
    expect(few.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: false }]);
  });

  test('a device that invents nodes without end is left at the limit', () => {
    const endless: SmallTree = { nodes: new Proxy({}, { get: () => ['a', 'b'] }) };
    const { device } = discover(endless, {}, { messages: 60, nodes: 200 });
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: false }]);
  });

  test("callers' commands go first and are answered meanwhile", () => {
    const { device } = discover(TREE, {}, BUDGET, [command({ kind: 'delete', at: { uri: './X' }, id: 'd' } as never)]);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'd', outcome: 'OK' }]);
    expect(device.effects.findIndex((effect) => effect.kind === 'commandAnswered')).toBeLessThan(
      device.effects.findIndex((effect) => effect.kind === 'discoveryComplete'),
    );
  });

  test('a client that does not list its root is asked at the known places', () => {
    const { '.': _root, ...nodes } = TREE.nodes;
    const { device } = discover({ nodes, types: TREE.types });
    expect(found(device)).toHaveLength(2);
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: false }]);
  });
});
