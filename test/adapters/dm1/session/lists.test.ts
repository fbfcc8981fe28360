import type { Command, Json } from '../../../../adapters/adapter';
import { decodeMessage, encodeMessage } from '../../../../adapters/dm1/codec';
import { elementToXml } from '../../../../adapters/dm1/codec/xml-encode';
import { encodeTnds } from '../../../../adapters/dm1/codec/tnds';
import type { BodyCommand, Data, Element, Item, Results } from '../../../../adapters/dm1/message';
import { command, Dialogue, type Given, message, package1, status, targetOf, TOKEN } from './dialogue';

/**
 * Requirement: sub-trees are read by the best means that the device has (dm1 6.4, 14, 21, 22.18). What each kind of
 * client answers is written out here; the tree is the same whatever brings it.
 */
const ROOT = './Vendor/Acme';
const TREE = {
  name: 'Acme',
  children: [
    { name: 'Level', value: { format: 'int', mime: 'text/plain', data: 7 } },
    { name: 'Empty', children: [] },
    { name: 'Sub', children: [{ name: 'a b', value: { format: 'chr', mime: 'text/plain', data: 'x<y' } }] },
  ],
} as const;
const LISTS = (value: Json, ...names: string[]): Record<string, Json> =>
  Object.fromEntries(names.map((name) => [`dm1.list.${name}`, value]));
const NONE = LISTS(false, 'tnds', 'structdata', 'struct');

const interior: Given = { ddf: { node: () => ({ format: 'node', access: ['Get'], permanent: false }) } };

function results(cmdRef: string, items: readonly Item[]): Results {
  return { kind: 'Results', cmdId: '77', msgRef: '1', cmdRef, items };
}

/** The leaves and interior nodes of the tree as Items, without children before parents or the other way round. */
function structItems(hasData: boolean, prefix = './Vendor'): Item[] {
  const text = (value: string): { data?: Data } => (hasData ? { data: { kind: 'text', text: value } } : {});
  return [
    { source: { locUri: `${prefix}/Acme/Sub/a%20b` }, meta: { format: 'chr' }, ...text('x<y') },
    { source: { locUri: `${prefix}/Acme/Level` }, meta: { format: 'int', type: 'text/plain' }, ...text('7') },
    { source: { locUri: `${prefix}/Acme` }, meta: { format: 'node' } },
    { source: { locUri: `${prefix}/Acme/Sub` }, meta: { format: 'node' } },
    { source: { locUri: `${prefix}/Acme/Empty` }, meta: { format: 'node' } },
  ];
}

describe.each(['xml', 'wbxml'] as const)('A get of an interior node (%s)', (form) => {
  function reading(
    features: Record<string, Json>,
    more: Partial<Command & { kind: 'get' }> = {},
    given: Given = {},
  ): Dialogue {
    const device = new Dialogue({ form, features, ...interior, ...given });
    const at = { moid: 'urn:oma:mo:acme:1.0', path: '', place: ROOT };
    device.queue.push(command({ kind: 'get', at, id: 'g', ...more } as never));
    device.sends(package1());
    return device;
  }
  const gets = (device: Dialogue): string[] => device.commands.map(targetOf);
  const cmdId = (device: Dialogue): string => device.commands[0]?.cmdId ?? '';
  let no = 2;
  const say = (device: Dialogue, body: readonly BodyCommand[], final = true): void => {
    device.sends(message(no++, [status(Number(device.reply.header.msgId), '0', 'SyncHdr', 212), ...body], { final }), {
      token: TOKEN,
    });
  };
  beforeEach(() => {
    no = 2;
  });
  const good = (device: Dialogue): BodyCommand => status(1, cmdId(device), 'Get', 200);
  const answer = (device: Dialogue): unknown => device.all('commandAnswered')[0];
  const bare = (node: unknown): unknown =>
    JSON.parse(
      JSON.stringify(node, (key, value: unknown) =>
        ['mime', 'childrenComplete', 'props', 'moid'].includes(key) ? undefined : value,
      ),
    );

  describe('by TNDS, in every shape that it comes in', () => {
    const document = (path: string | undefined, name = 'Acme', tree: typeof TREE = TREE): Element =>
      encodeTnds({ nodes: [{ ...(path === undefined ? {} : { path }), tree: { ...tree, name } }] });
    const xml = (element: Element): string => elementToXml(element);
    const withoutProperties = xml(document(undefined)).replace(
      /<RTProperties>(?:(?!<\/RTProperties>)[\s\S])*<Format><node\/><\/Format>[\s\S]*?<\/RTProperties>/g,
      '',
    );
    const SHAPES: readonly (readonly [string, Data])[] = [
      ['inline elements', { kind: 'element', element: document(undefined) }],
      ['escaped text or CDATA', { kind: 'text', text: xml(document(undefined)) }],
      [
        'a declaration and white space before it',
        { kind: 'text', text: `\n <?xml version="1.0"?>\n${xml(document(undefined))}` },
      ],
      ['a Path from the root', { kind: 'text', text: xml(document('./Vendor')) }],
      ['a Path and names without dot', { kind: 'text', text: xml(document('Vendor')) }],
      ['an empty NodeName', { kind: 'text', text: xml(document(undefined, '')) }],
      ['interior nodes without RTProperties', { kind: 'text', text: withoutProperties }],
      ['Base64 of the document', { kind: 'text', text: Buffer.from(xml(document(undefined))).toString('base64') }],
    ];
    test.each(SHAPES)('%s', (name, data) => {
      const device = reading(LISTS(true, 'tnds'));
      expect(gets(device)).toEqual([`${ROOT}?list=TNDS`]);
      say(device, [
        good(device),
        results(cmdId(device), [
          { source: { locUri: ROOT }, meta: { format: 'xml', type: 'application/vnd.syncml.dmtnds+xml' }, data },
        ]),
      ]);
      expect(answer(device)).toMatchObject({ command: 'g', outcome: 'OK' });
      // Of an empty node nothing tells then what it is.
      const expected = name.includes('without RTProperties')
        ? { ...TREE, children: TREE.children.map((child) => (child.name === 'Empty' ? { name: 'Empty' } : child)) }
        : TREE;
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual(bare(expected));
      expect(device.session?.state.phase).toBe('ended');
    });

    test('XML in an OPAQUE that is labelled WBXML, and the Source with the query', () => {
      const device = reading(LISTS(true, 'tnds'));
      const octets = new Uint8Array(Buffer.from(xml(document('./Vendor'))));
      const data: Data =
        form === 'wbxml' ? { kind: 'octets', octets } : { kind: 'text', text: xml(document('./Vendor')) };
      say(device, [
        good(device),
        results(cmdId(device), [
          {
            source: { locUri: `${ROOT}?list=TNDS` },
            meta: { format: 'bin', type: 'application/vnd.syncml.dmtnds+wbxml' },
            data,
          },
        ]),
      ]);
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual(bare(TREE));
    });

    test('a large object in chunks, XML or a whole WBXML document, is put together octet by octet', () => {
      const device = reading(LISTS(true, 'tnds'));
      const text = xml(document('./Vendor'));
      const whole = Buffer.from(text);
      const parts = [text.slice(0, 100), text.slice(100, 333), text.slice(333)];
      parts.forEach((part, index) => {
        const item: Item = {
          source: { locUri: ROOT },
          meta: {
            format: 'xml',
            type: 'application/vnd.syncml.dmtnds+xml',
            ...(index === 0 ? { size: String(whole.length) } : {}),
          },
          data: { kind: 'text', text: part },
          ...(index < parts.length - 1 ? { moreData: true } : {}),
        };
        say(
          device,
          [...(index === 0 ? [good(device)] : []), results('2', [item])].map((body) =>
            body.kind === 'Results' ? { ...body, cmdRef: device.session === undefined ? '2' : openCmd(device) } : body,
          ),
          index === parts.length - 1,
        );
      });
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual(bare(TREE));
    });

    test('a continued sub-tree with a Path of its own', () => {
      const device = reading(LISTS(true, 'tnds'));
      const [level, empty, sub] = TREE.children;
      const element = encodeTnds({
        nodes: [
          { path: './Vendor', tree: { name: 'Acme', children: [level, empty] } },
          { path: './Vendor/Acme', tree: sub },
        ],
      });
      say(device, [
        good(device),
        results(cmdId(device), [
          { source: { locUri: ROOT }, meta: { format: 'xml' }, data: { kind: 'text', text: xml(element) } },
        ]),
      ]);
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual(bare(TREE));
    });

    test('properties and MOIDs that it tells come with the tree', () => {
      const device = reading(LISTS(true, 'tnds'));
      const element = encodeTnds({
        nodes: [
          {
            path: './Vendor',
            tree: {
              ...TREE,
              moid: 'urn:acme:1.0',
              props: { Title: 'The meter', VerNo: '3', TStamp: '20260102T030405Z' },
            },
          },
        ],
      });
      say(device, [
        good(device),
        results(cmdId(device), [{ source: { locUri: ROOT }, data: { kind: 'text', text: xml(element) } }]),
      ]);
      expect(answer(device)).toMatchObject({
        tree: { moid: 'urn:acme:1.0', props: { Title: 'The meter', VerNo: '3', TStamp: '20260102T030405Z' } },
      });
    });

    test('a depth of two levels is kept, and fewer are not worth a whole tree', () => {
      const shallow = reading(LISTS(true, 'tnds'), { depth: 1 });
      expect(gets(shallow)).toEqual([ROOT]);
      const deep = {
        name: 'Acme',
        children: [
          { name: 'A', children: [{ name: 'B', children: [{ name: 'C', value: { format: 'chr', data: '1' } }] }] },
        ],
      } as const;
      const device = reading(LISTS(true, 'tnds'), { depth: 2 });
      no = 2;
      const element = encodeTnds({ nodes: [{ tree: deep }] });
      say(device, [
        good(device),
        results(cmdId(device), [{ source: { locUri: ROOT }, data: { kind: 'text', text: xml(element) } }]),
      ]);
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual({
        name: 'Acme',
        children: [{ name: 'A', children: [{ name: 'B', children: [{ name: 'C' }] }] }],
      });
    });
  });

  describe('by StructData and Struct', () => {
    test.each([
      ['one Results with many Items', (items: readonly Item[]) => [items]],
      ['one Results for each', (items: readonly Item[]) => items.map((item) => [item])],
    ] as const)('StructData, %s, not parent first', (_name, spread) => {
      const device = reading({ ...NONE, ...LISTS(true, 'structdata') });
      expect(gets(device)).toEqual([`${ROOT}?list=StructData`]);
      say(device, [good(device), ...spread(structItems(true)).map((items) => results(cmdId(device), items))]);
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual(
        bare({ ...TREE, children: [TREE.children[2], TREE.children[0], TREE.children[1]] }),
      );
    });

    test('Items of several messages and relative addresses', () => {
      const device = reading({ ...NONE, ...LISTS(true, 'structdata') });
      const items = structItems(true, 'Vendor');
      const get = cmdId(device);
      say(device, [good(device), results(get, items.slice(0, 2))], false);
      expect(answer(device)).toBeUndefined();
      say(device, [results(get, items.slice(2))]);
      expect(answer(device)).toMatchObject({
        outcome: 'OK',
        tree: { children: [{ name: 'Sub' }, { name: 'Level' }, { name: 'Empty' }] },
      });
    });

    test('Struct names the leaves, which are then asked for', () => {
      const device = reading({ ...NONE, ...LISTS(true, 'struct') });
      expect(gets(device)).toEqual([`${ROOT}?list=Struct`]);
      say(device, [good(device), results(cmdId(device), structItems(false))]);
      expect(gets(device)).toEqual([`${ROOT}/Sub/a%20b`, `${ROOT}/Level`]);
      const [one, other] = device.commands;
      const leaf = (of: BodyCommand | undefined, text: string, format: string): BodyCommand[] => [
        status(2, of?.cmdId ?? '', 'Get', 200),
        {
          kind: 'Results',
          cmdId: '5',
          msgRef: '2',
          cmdRef: of?.cmdId ?? '',
          items: [{ source: { locUri: targetOf(of) }, meta: { format }, data: { kind: 'text', text } }],
        },
      ];
      say(device, [...leaf(one, 'x<y', 'chr'), ...leaf(other, '7', 'int')]);
      expect(bare((answer(device) as { tree: unknown }).tree)).toEqual(
        bare({ ...TREE, children: [TREE.children[2], TREE.children[0], TREE.children[1]] }),
      );
    });
  });

  describe('from a device that lacks a kind', () => {
    const plain = (device: Dialogue): void => {
      const nodes: Record<string, string> = { [ROOT]: 'Level', [`${ROOT}/Level`]: '7' };
      const ref = Number(device.reply.header.msgId);
      say(
        device,
        device.commands.flatMap((get): BodyCommand[] => {
          const uri = targetOf(get);
          if (uri.includes('?')) return [status(ref, get.cmdId, 'Get', 406)];
          return [
            status(ref, get.cmdId, 'Get', 200),
            {
              kind: 'Results',
              cmdId: '5',
              msgRef: String(ref),
              cmdRef: get.cmdId,
              items: [
                {
                  source: { locUri: uri },
                  meta: { format: uri === ROOT ? 'node' : 'int' },
                  data: { kind: 'text', text: nodes[uri] ?? '' },
                },
              ],
            },
          ];
        }),
      );
    };
    const known = (device: Dialogue): unknown[] =>
      ['tnds', 'structdata', 'struct'].map((kind) => device.features[`dm1.list.${kind}`]);

    test.each([404, 405, 406, 415, 501, 400, 500])(
      'code %i: the next means is taken in the same session, once for ever',
      (code) => {
        const device = reading({});
        const asked: string[] = [];
        while (gets(device).some((uri) => uri.includes('?'))) {
          asked.push(...gets(device));
          say(device, [status(Number(device.reply.header.msgId), cmdId(device), 'Get', code)]);
        }
        expect(asked).toEqual([`${ROOT}?list=TNDS`, `${ROOT}?list=StructData`, `${ROOT}?list=Struct`]);
        expect(known(device)).toEqual([false, false, false]);
        plain(device);
        plain(device);
        expect(answer(device)).toMatchObject({
          command: 'g',
          outcome: 'OK',
          tree: { children: [{ name: 'Level', value: { data: 7 } }] },
        });
        const second = reading(device.features);
        expect(gets(second)).toEqual([ROOT]);
      },
    );

    test.each([
      ['no document', [{ source: { locUri: ROOT }, data: { kind: 'text', text: '<html/>' } }]],
      [
        'the names of the children, for it does not look at the query',
        [{ source: { locUri: ROOT }, meta: { format: 'node' }, data: { kind: 'text', text: 'Level' } }],
      ],
      ['nothing', []],
    ] as readonly (readonly [string, readonly Item[]])[])('200 with %s counts as a refusal', (_name, items) => {
      const device = reading({});
      for (let step = 0; gets(device).some((uri) => uri.includes('?')); step += 1) {
        say(device, [
          status(Number(device.reply.header.msgId), cmdId(device), 'Get', 200),
          ...(items.length === 0 ? [] : [{ ...results(cmdId(device), items), msgRef: device.reply.header.msgId }]),
        ]);
        expect(step).toBeLessThan(3);
      }
      expect(known(device)).toEqual([false, false, false]);
      plain(device);
      plain(device);
      expect(answer(device)).toMatchObject({
        outcome: 'OK',
        tree: { children: [{ name: 'Level', value: { data: 7 } }] },
      });
    });

    test('a device that went silent at the question is not asked again', () => {
      const device = reading({});
      expect(device.features['dm1.list.tnds']).toBe('asked');
      const later = reading(device.features);
      expect(gets(later)).toEqual([`${ROOT}?list=StructData`]);
    });

    test('what is too large at once is read piece by piece, and the kind stays', () => {
      const device = reading({ ...NONE, ...LISTS(true, 'tnds') });
      say(device, [status(1, cmdId(device), 'Get', 413)]);
      plain(device);
      plain(device);
      expect(answer(device)).toMatchObject({ outcome: 'OK' });
      expect(device.features['dm1.list.tnds']).toBe(true);
    });

    test.each([
      [404, 'NOT_FOUND'],
      [425, 'PERMISSION_DENIED'],
    ])('%i from a device that has the list speaks of the node', (code, outcome) => {
      const device = reading(LISTS(true, 'tnds'));
      say(device, [status(1, cmdId(device), 'Get', code)]);
      expect(answer(device)).toMatchObject({ command: 'g', outcome, code });
    });

    test('without large objects a tree is not asked for as one', () => {
      const device = reading({ ...LISTS(true, 'tnds', 'structdata'), 'dm1.largeObjects': false });
      expect(gets(device)).toEqual([`${ROOT}?list=StructData`]);
    });
  });

  test('properties that are wanted are asked for node by node, and one that is not there is absent', () => {
    const device = reading(NONE, { props: ['Title', 'VerNo'], depth: 0 });
    const reply = (answers: Record<string, readonly [number, string?, string?]>): void => {
      const ref = device.reply.header.msgId;
      say(
        device,
        device.commands.flatMap((get): BodyCommand[] => {
          const [code, text, format] = answers[targetOf(get)] ?? [406];
          const items: Item[] = [
            {
              source: { locUri: targetOf(get) },
              ...(format === undefined ? {} : { meta: { format } }),
              data: { kind: 'text', text: text ?? '' },
            },
          ];
          return [
            status(Number(ref), get.cmdId, 'Get', code),
            ...(code === 200 ? [{ ...results(get.cmdId, items), msgRef: ref }] : []),
          ];
        }),
      );
    };
    reply({ [ROOT]: [200, 'Level', 'node'] });
    expect(gets(device)).toEqual([`${ROOT}?prop=Title`, `${ROOT}?prop=VerNo`]);
    reply({ [`${ROOT}?prop=Title`]: [200, 'The meter'] });
    expect(answer(device)).toMatchObject({ outcome: 'OK', tree: { name: 'Acme', props: { Title: 'The meter' } } });
  });
});

/** CmdID of the Get that is open, whatever message carried it. */
function openCmd(device: Dialogue): string {
  const { machine } = device.session?.state ?? {};
  return (machine as unknown as { open: { cmd: string }[] }).open[0]?.cmd ?? '';
}

describe('Adding a tree', () => {
  const METER = {
    name: 'Meter',
    children: [
      { name: 'Unit', value: { format: 'chr', data: 'kWh' } },
      { name: 'Tariffs', children: [] },
    ],
  } as const;
  const at = { moid: 'urn:acme:meter:1.0', path: '', place: './Vendor/Meter' };

  describe.each(['xml', 'wbxml'] as const)('as one document (%s)', (form) => {
    function adding(features: Record<string, Json>, address: object = at): Dialogue {
      const device = new Dialogue({ form, features });
      device.queue.push(command({ kind: 'add', at: address, tree: METER, id: 'a' } as never));
      device.sends(package1());
      return device;
    }
    const say = (device: Dialogue, no: number, body: readonly BodyCommand[]): void => {
      device.sends(message(no, [status(no - 1, '0', 'SyncHdr', 212), ...body]), { token: TOKEN });
    };
    const first = (device: Dialogue): BodyCommand & { readonly items: readonly Item[] } => device.commands[0] as never;

    test('goes to the parent of the new node where the device is known to take documents', () => {
      const device = adding({ 'dm1.tnds.write': true });
      expect(device.commands).toHaveLength(1);
      const [item] = first(device).items;
      expect(item?.target?.locUri).toBe('./Vendor');
      expect(item?.meta?.type).toMatch(/^application\/vnd\.syncml\.dmtnds\+/);
      say(device, 2, [status(1, first(device).cmdId, 'Add', 200)]);
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome: 'OK', code: 200 }]);
    });

    test('is not tried on a device of which nothing is known', () => {
      expect(adding({}).commands.map(targetOf)).toEqual([
        './Vendor/Meter',
        './Vendor/Meter/Unit',
        './Vendor/Meter/Tariffs',
      ]);
    });

    test.each([406, 415, 501])('answered %i: node by node in the same session, and never again', (code) => {
      const device = adding({ 'dm1.list.tnds': true });
      say(device, 2, [status(1, first(device).cmdId, 'Add', code)]);
      expect(device.commands.map(targetOf)).toEqual([
        './Vendor/Meter',
        './Vendor/Meter/Unit',
        './Vendor/Meter/Tariffs',
      ]);
      say(
        device,
        3,
        device.commands.map((sent) => status(2, sent.cmdId, 'Add', 200)),
      );
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome: 'OK' }]);
      expect(adding({ 'dm1.list.tnds': true, ...device.features }).commands).toHaveLength(3);
    });

    test.each([
      [418, 'ALREADY_EXISTS'],
      [425, 'PERMISSION_DENIED'],
      [420, 'DEVICE_FULL'],
    ])('answered %i: nothing was made, and nothing else is tried', (code, outcome) => {
      const device = adding({ 'dm1.list.tnds': true });
      say(device, 2, [status(1, first(device).cmdId, 'Add', code)]);
      expect(device.commands).toEqual([]);
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome, code }]);
    });

    test('to the Inbox: the TargetRef of its Status tells where the device put it', () => {
      const device = adding({}, { moid: 'urn:acme:meter:1.0', path: '', place: './Inbox/n1' });
      const [item] = first(device).items;
      expect(item?.target?.locUri).toBe('./Inbox');
      const octets = encodeMessage({ ...device.reply }, { form: 'xml' });
      expect(decodeMessage(octets, 'application/vnd.syncml.dm+xml').ok).toBe(true);
      say(device, 2, [status(1, first(device).cmdId, 'Add', 200, { targetRefs: ['./Acme/Meters/m7'] })]);
      expect(device.all('commandAnswered')).toMatchObject([
        { command: 'a', outcome: 'OK', created: [{ moid: 'urn:acme:meter:1.0', path: '', place: './Acme/Meters/m7' }] },
      ]);
    });

    test('to the Inbox without a word where it went: it is looked for', () => {
      const device = adding({}, { moid: 'urn:acme:meter:1.0', path: '', place: './Inbox/n1' });
      say(device, 2, [status(1, first(device).cmdId, 'Add', 200)]);
      expect(device.all('discoveryDue')).toHaveLength(1);
    });
  });
});
