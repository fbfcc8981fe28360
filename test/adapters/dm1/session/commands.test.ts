import type { Command, Tree, Value } from '../../../../adapters/adapter';
import type { BodyCommand } from '../../../../adapters/dm1/message';
import {
  answers,
  command,
  Dialogue,
  type Given,
  message,
  package1,
  type SmallTree,
  status,
  targetOf,
  TOKEN,
  serverCredential,
} from './dialogue';

const get = (uri: string, id: string, depth?: number): Command =>
  command({ kind: 'get', at: { uri }, id, depth } as never);
const replace = (uri: string, value: Value, id: string, more: object = {}): Command =>
  command({ kind: 'replace', at: { uri }, value, id, ...more } as never);
const chr = (data: string): Value => ({ format: 'chr', data });

describe.each(['xml', 'wbxml'] as const)('Commands (%s)', (form) => {
  const given = (more: Given = {}): Dialogue => new Dialogue({ form, ...more });
  /** Runs the session to its end against a tree; gives the number of messages. */
  function run(device: Dialogue, tree: SmallTree, first = package1()): number {
    device.sends(first);
    let no = Number(first.header.msgId);
    while (device.session?.state.phase === 'awaiting') {
      no += 1;
      if (no > 200) throw new Error('the session does not end');
      device.sends(message(no, answers(device.reply, tree)), { token: TOKEN });
    }
    return no;
  }

  const meter: SmallTree = {
    nodes: {
      './V': ['Acme'],
      './V/Acme': ['Meter'],
      './V/Acme/Meter': ['Unit', 'Tariff', 'a%20b'],
      './V/Acme/Meter/Unit': 'kWh',
      './V/Acme/Meter/Tariff': ['t1', 't2'],
      './V/Acme/Meter/a%20b': 'spaced',
      './V/Acme/Meter/Tariff/t1': ['Start'],
      './V/Acme/Meter/Tariff/t1/Start': '06:00',
      './V/Acme/Meter/Tariff/t2': [],
    },
  };

  test('an interior node is read level by level until the tree is complete', () => {
    const device = given();
    device.queue.push(get('./V/Acme', 'g'));
    expect(run(device, meter)).toBe(6);
    const tree: Tree = {
      name: 'Acme',
      childrenComplete: true,
      children: [
        {
          name: 'Meter',
          childrenComplete: true,
          children: [
            { name: 'Unit', value: { format: 'chr', mime: 'text/plain', data: 'kWh' } },
            {
              name: 'Tariff',
              childrenComplete: true,
              children: [
                {
                  name: 't1',
                  childrenComplete: true,
                  children: [{ name: 'Start', value: { format: 'chr', mime: 'text/plain', data: '06:00' } }],
                },
                { name: 't2', childrenComplete: true, children: [] },
              ],
            },
            { name: 'a b', value: { format: 'chr', mime: 'text/plain', data: 'spaced' } },
          ],
        },
      ],
    };
    expect(device.all('commandAnswered')).toEqual([
      { kind: 'commandAnswered', command: 'g', outcome: 'OK', code: 200, tree },
    ]);
    expect(device.all('commandSent')).toEqual([{ kind: 'commandSent', command: 'g', carrier: 'Get' }]);
  });

  test('depth 0 gives the names of the children, depth 1 their values', () => {
    const device = given();
    device.queue.push(get('./V/Acme/Meter', 'names', 0), get('./V/Acme/Meter', 'values', 1));
    run(device, meter);
    const [names, values] = device.all('commandAnswered').map((effect) => effect.tree);
    expect(names?.children).toEqual([{ name: 'Unit' }, { name: 'Tariff' }, { name: 'a b' }]);
    expect(values?.children?.map((child) => [child.name, child.value?.data, child.children?.length])).toEqual([
      ['Unit', 'kWh', undefined],
      ['Tariff', undefined, 2],
      ['a b', 'spaced', undefined],
    ]);
  });

  test('a node below that the device refuses is there without a value', () => {
    const device = given();
    device.queue.push(get('./P', 'g'));
    device.sends(package1());
    device.sends(message(2, answers(device.reply, { nodes: { './P': ['Secret'] } })), { token: TOKEN });
    device.sends(message(3, [status(2, '0', 'SyncHdr', 212), status(2, device.commands[0]?.cmdId ?? '', 'Get', 405)]), {
      token: TOKEN,
    });
    expect(device.all('commandAnswered')[0]?.tree).toEqual({
      name: 'P',
      children: [{ name: 'Secret' }],
      childrenComplete: true,
    });
  });

  test("a property comes as the node's property", () => {
    const device = given();
    device.queue.push(command({ kind: 'get', at: { uri: './V' }, prop: 'ACL', id: 'g' } as never));
    device.sends(package1());
    expect(device.commands.map(targetOf)).toEqual(['./V?prop=ACL']);
    device.sends(
      message(2, [
        status(1, '4', 'Get', 200),
        {
          kind: 'Results',
          cmdId: '9',
          msgRef: '1',
          cmdRef: '4',
          items: [{ source: { locUri: './V?prop=ACL' }, data: { kind: 'text', text: 'Get=*' } }],
        },
      ]),
      { token: TOKEN },
    );
    expect(device.all('commandAnswered')).toEqual([
      {
        kind: 'commandAnswered',
        command: 'g',
        outcome: 'OK',
        code: 200,
        tree: { name: 'V', props: { ACL: 'Get=*' } },
        data: 'Get=*',
      },
    ]);
  });

  test('what changes the device does not overtake a read that walks', () => {
    const device = given();
    device.queue.push(get('./V/Acme', 'g'), replace('./V/Acme/Meter/Unit', chr('MWh'), 'r'));
    device.sends(package1());
    for (let no = 2; no < 6; no += 1) {
      expect(device.commands.map((item) => item.kind)).not.toContain('Replace');
      device.sends(message(no, answers(device.reply, meter)), { token: TOKEN });
    }
    device.sends(message(6, answers(device.reply, meter)), { token: TOKEN });
    expect(device.all('commandAnswered').map((effect) => effect.command)).toEqual(['g']);
    expect(device.commands.map((item) => item.kind)).toEqual(['Replace']);
  });

  test('a tree is added parents first, one Item a command, and comes to one outcome', () => {
    const device = given();
    const tree: Tree = {
      name: 'x',
      children: [
        { name: 'Start', value: chr('a') },
        { name: 'Sub', moid: 'urn:x', children: [{ name: 'n/1', value: chr('b') }] },
      ],
    };
    device.queue.push(
      command({ kind: 'add', at: { moid: 'urn:m', path: 'T/x', place: './M' }, tree, id: 'add' } as never),
    );
    device.sends(package1());
    expect(device.commands.map((item) => [item.kind, targetOf(item)])).toEqual([
      ['Add', './M/T/x'],
      ['Add', './M/T/x/Start'],
      ['Add', './M/T/x/Sub'],
      ['Add', './M/T/x/Sub/n%2F1'],
    ]);
    device.sends(
      message(
        2,
        device.commands.map((item, index) => status(1, item.cmdId, 'Add', index === 3 ? 420 : 200)),
      ),
      { token: TOKEN },
    );
    expect(device.all('commandAnswered')).toEqual([
      { kind: 'commandAnswered', command: 'add', outcome: 'DEVICE_FULL', code: 420 },
    ]);
  });

  test('a tree larger than a message goes on in the next, and still comes to one outcome', () => {
    const device = given();
    const children = Array.from({ length: 12 }, (_, index) => ({ name: `n${index}`, value: chr('v'.repeat(60)) }));
    device.queue.push(command({ kind: 'add', at: { uri: './T' }, tree: { name: 'T', children }, id: 'add' } as never));
    run(device, { nodes: {} }, package1(1, { meta: { maxMsgSize: '1500' } }));
    expect(device.all('commandSent')).toHaveLength(1);
    expect(device.all('commandAnswered')).toEqual([
      { kind: 'commandAnswered', command: 'add', outcome: 'OK', code: 200 },
    ]);
  });

  test('values travel by their formats', () => {
    const device = given();
    const values: Value[] = [
      { format: 'int', data: -7 },
      { format: 'int', data: 9_007_199_254_740_993n },
      { format: 'bool', data: false },
      { format: 'float', data: 1.5 },
      { format: 'null', data: null },
      { format: 'b64', data: 'AAE=' },
      { format: 'bin', mime: 'image/png', data: Uint8Array.of(0, 1, 255) },
      { format: 'xml', mime: 'text/xml', data: '<a b="c">&amp;</a>' },
    ];
    values.forEach((value, index) => device.queue.push(replace(`./n${index}`, value, `r${index}`)));
    device.sends(package1());
    const items = device.commands.map((item) => ('items' in item ? item.items[0] : undefined));
    const shown = items.map((item) => [
      item?.meta?.format,
      item?.data?.kind === 'octets' ? [...item.data.octets] : item?.data?.kind === 'text' ? item.data.text : '?',
    ]);
    expect(shown.slice(0, 6)).toEqual([
      ['int', '-7'],
      ['int', '9007199254740993'],
      ['bool', 'false'],
      ['float', '1.5'],
      ['null', ''],
      ['b64', 'AAE='],
    ]);
    expect(shown[6]).toEqual(form === 'xml' ? ['b64', 'AAH/'] : ['bin', [0, 1, 255]]);
    expect(shown[7]?.[1]).toBe('<a b="c">&amp;</a>');
  });

  test('text that XML cannot carry unchanged is refused before it is sent', () => {
    const device = given();
    device.queue.push(replace('./A', chr('a\u0001b'), 'r'));
    device.sends(package1());
    if (form === 'xml') expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'BAD_VALUE' }]);
    else expect(device.commands).toHaveLength(1);
  });

  test('results of every format are typed, and a misfit is kept as text', () => {
    const device = given();
    const told: [string, string, unknown][] = [
      ['int', '+007', 7],
      ['int', '123456789012345678901', 123456789012345678901n],
      ['int', '7x', '7x'],
      ['bool', 'TRUE', true],
      ['bool', '0', false],
      ['float', '-1.5e3', -1500],
      ['null', '', null],
      ['Chr', ' x ', ' x '],
      ['date', '20240131', '20240131'],
    ];
    told.forEach((_, index) => device.queue.push(get(`./n${index}`, `g${index}`, 0)));
    device.sends(package1());
    const body = device.commands.flatMap((item, index): BodyCommand[] => [
      status(1, item.cmdId, 'Get', 200),
      {
        kind: 'Results',
        cmdId: '9',
        msgRef: '1',
        cmdRef: item.cmdId,
        items: [
          {
            source: { locUri: `n${index}` },
            meta: { format: told[index]?.[0] },
            data: { kind: 'text', text: told[index]?.[1] ?? '' },
          },
        ],
      },
    ]);
    device.sends(message(2, body), { token: TOKEN });
    expect(device.all('commandAnswered').map((effect) => effect.tree?.value?.data)).toEqual(
      told.map(([, , value]) => value),
    );
    expect(device.all('commandAnswered')[2]?.tree?.value?.format).toBe('chr');
    expect(device.all('noted')).toHaveLength(1);
  });

  describe('MaxMsgSize', () => {
    test.each([512, 600, 1000, 2000, 16_384])('%i is obeyed, and all commands get through', (size) => {
      if (form === 'xml' && size < 1000) return;
      const device = given({ baseUrl: 'https://d.example' });
      for (let index = 0; index < 20; index += 1)
        device.queue.push(replace(`./A/n${index}`, chr('x'.repeat(50)), `r${index}`));
      device.sends(package1(1, { meta: { maxMsgSize: String(size) } }));
      for (let no = 2; device.session?.state.phase === 'awaiting'; no += 1) {
        expect(device.wire?.body.length).toBeLessThanOrEqual(size);
        device.sends(message(no, answers(device.reply, { nodes: {} })), { token: TOKEN });
      }
      expect(device.all('commandAnswered').map((effect) => effect.outcome)).toEqual(Array(20).fill('OK'));
      expect(device.all('commandSent').map((effect) => effect.command)).toEqual(
        Array.from({ length: 20 }, (_, index) => `r${index}`),
      );
    });

    test.each([512, 600, 700, 800, 900])(
      '%i is obeyed where our credential is due, and leaves it out if it has to',
      (size) => {
        const device = given({ baseUrl: 'https://d.example', serverAuth: serverCredential() });
        device.queue.push(replace('./A', chr('x'.repeat(20)), 'r'));
        device.sends(package1(1, { meta: { maxMsgSize: String(size) } }));
        for (let no = 2; device.session?.state.phase === 'awaiting'; no += 1) {
          expect(device.wire?.body.length).toBeLessThanOrEqual(size);
          device.sends(message(no, answers(device.reply, { nodes: {} })), { token: TOKEN });
        }
        // The floor of XML: addresses and SyncHdr Status, 510 octets, and this command of 220.
        const isRoomy = form === 'wbxml' || size >= 800;
        expect(device.all('commandAnswered')).toMatchObject([{ outcome: isRoomy ? 'OK' : 'TOO_LARGE' }]);
        expect(device.wire?.body.length).toBeLessThanOrEqual(size);
      },
    );

    test('a command that fits into no message and cannot be chunked ends as TOO_LARGE, unsent, and blocks nothing', () => {
      const device = given({ features: { 'dm1.largeObjects': false } });
      device.queue.push(replace('./A', chr('x'.repeat(20_000)), 'big'), replace('./B', chr('x'), 'small'));
      device.sends(package1());
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'big', outcome: 'TOO_LARGE' }]);
      expect(device.commands.map(targetOf)).toEqual(['./B']);
      expect(device.all('commandSent').map((effect) => effect.command)).toEqual(['small']);
    });

    test('garbage and zero count as absent, less than 512 as 512', () => {
      for (const told of ['0', 'lots', '-5', '']) {
        const device = given();
        device.queue.push(replace('./A', chr('x'.repeat(9000)), 'r'));
        device.sends(package1(1, { meta: { maxMsgSize: told } }));
        expect(device.commands).toHaveLength(1);
      }
      const small = given({ features: { 'dm1.largeObjects': false } });
      small.queue.push(replace('./A', chr('x'.repeat(9000)), 'r'));
      small.sends(package1(1, { meta: { maxMsgSize: '3' } }));
      expect(small.all('commandAnswered')).toMatchObject([{ outcome: 'TOO_LARGE' }]);
    });
  });

  describe('Atomic', () => {
    const group = (...commands: Command[]): Command[] => commands.map((one) => ({ ...one, atomic: 'g' }));

    test('without a Status of its own it is judged by its members', () => {
      const device = given();
      device.queue.push(...group(replace('./A', chr('1'), 'a'), replace('./B', chr('2'), 'b')));
      device.sends(package1());
      expect(device.commands.map((item) => item.kind)).toEqual(['Atomic']);
      device.sends(message(2, [status(1, '5', 'Replace', 200), status(1, '6', 'Replace', 404)]), { token: TOKEN });
      expect(device.all('commandAnswered').map((effect) => [effect.command, effect.outcome])).toEqual([
        ['a', 'OK'],
        ['b', 'NOT_FOUND'],
      ]);
    });

    test('refused as a whole, every member is', () => {
      const device = given();
      device.queue.push(...group(replace('./A', chr('1'), 'a'), replace('./B', chr('2'), 'b')));
      device.sends(package1());
      device.sends(message(2, [status(1, '4', 'Atomic', 406)]), { token: TOKEN });
      expect(device.all('commandAnswered').map((effect) => effect.outcome)).toEqual(['UNSUPPORTED', 'UNSUPPORTED']);
    });

    test('too large for a message it is not sent, and never split', () => {
      const device = given();
      device.queue.push(
        ...group(replace('./A', chr('x'.repeat(9000)), 'a'), replace('./B', chr('x'.repeat(9000)), 'b')),
      );
      device.sends(package1());
      expect(device.all('commandAnswered').map((effect) => effect.outcome)).toEqual(['TOO_LARGE', 'TOO_LARGE']);
      expect(device.all('commandSent')).toEqual([]);
    });

    test('cannot hold a Get', () => {
      const device = given();
      device.queue.push(...group(replace('./A', chr('1'), 'a'), get('./B', 'b', 0)));
      device.sends(package1());
      expect(device.all('commandAnswered').map((effect) => [effect.command, effect.outcome])).toEqual([
        ['a', 'ROLLED_BACK'],
        ['b', 'UNSUPPORTED'],
      ]);
    });
  });

  test('what DM 1.x or this gateway does not have is answered without a message', () => {
    const device = given();
    device.queue.push(
      command({ kind: 'subscribe', at: { uri: './A' }, id: 'u' } as never),
      command({ kind: 'default', moid: 'm', id: 'd' } as never),
      command({ kind: 'get', at: { moid: 'urn:m', path: 'A' }, id: 'n' } as never),
    );
    device.sends(package1());
    expect(device.all('commandAnswered').map((effect) => [effect.command, effect.outcome])).toEqual([
      ['u', 'UNSUPPORTED'],
      ['d', 'UNSUPPORTED'],
      ['n', 'NOT_FOUND'],
    ]);
    expect(device.session?.state.phase).toBe('ended');
  });
});
