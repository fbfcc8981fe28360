import type { Context, Effect, Json, Tree } from '../../../../adapters/adapter';
import type { DdfLibrary } from '../../../../schema/ddf/library';
import { Dm1Device } from '../../../../src/simulator/dm1-device';
import type { TreeQueryOptions } from '../../../../src/simulator/dm1/tree-query';
import type { SessionReport } from '../../../../src/simulator';
import type { Transport } from '../../../../src/simulator/transport';
import { catalogueLibrary } from '../../../schema/catalogue-family';
import {
  answers,
  BASE_URL,
  DEVICE,
  Dialogue,
  type Given,
  message,
  package1,
  results,
  type SmallTree,
  status,
  targetOf,
  TOKEN,
} from './dialogue';

/** Requirement: discovery finds the MOs by the best means that the client has (issue text: "Discovery"; dm1 6.3, 6.4, 19). */
const BUDGET = { messages: 300, nodes: 4_000 };

function gateway(dialogue: Dialogue, exchanges: { count: number }): Transport {
  return async ({ method, url, headers, body }) => {
    exchanges.count += 1;
    const path = new URL(url).pathname;
    const token = /^\/dm\/1\/([\w-]+)$/.exec(path)?.[1];
    const peer = { secure: true, loopback: false };
    return dialogue.answer({
      method,
      path,
      ...(token ? { token } : {}),
      headers,
      body: body ?? new Uint8Array(),
      peer,
    });
  };
}

interface Run {
  readonly dialogue: Dialogue;
  readonly report: SessionReport;
  readonly messages: number;
}

async function discover(
  queries: TreeQueryOptions | undefined,
  more: { readonly wbxml?: boolean; readonly maxMsgSize?: number; readonly given?: Given } = {},
): Promise<Run> {
  const { wbxml = false, maxMsgSize } = more;
  const dialogue = new Dialogue({ form: wbxml ? 'wbxml' : 'xml', places: [], ...more.given });
  dialogue.discover = BUDGET;
  const exchanges = { count: 0 };
  const device = new Dm1Device(
    {
      url: `${BASE_URL}/dm/1`,
      deviceId: DEVICE,
      auth: 'none',
      serverUser: 'mgmt.example.net',
      wbxml,
      ...(maxMsgSize === undefined ? {} : { maxMsgSize }),
      ...(queries === undefined ? {} : { features: { queries } }),
    },
    gateway(dialogue, exchanges),
  );
  const report = await device.connect();
  return { dialogue, report, messages: exchanges.count };
}

/** Place, MOID and tree of each MO, whatever brought them. */
function seen(effects: readonly Effect[]): unknown[] {
  const byName = (tree: Tree): unknown => ({
    name: tree.name,
    ...(tree.value === undefined
      ? {}
      : {
          value:
            tree.value.data instanceof Uint8Array ? Buffer.from(tree.value.data).toString('base64') : tree.value.data,
        }),
    ...(tree.children === undefined
      ? {}
      : {
          children: [...tree.children]
            .filter(isTold)
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .map(byName),
        }),
  });
  const trees = new Map(
    effects.flatMap((effect) =>
      effect.kind === 'valuesObserved' && 'uri' in effect.at && effect.complete
        ? [[effect.at.uri, effect.tree] as const]
        : [],
    ),
  );
  return effects
    .flatMap((effect) =>
      effect.kind === 'moAnnounced' && trees.has(effect.place ?? '')
        ? [[effect.place, effect.moid, byName(trees.get(effect.place ?? '') as Tree)]]
        : [],
    )
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
    .filter((entry, index, all) => index === 0 || String(all[index - 1]?.[0]) !== String(entry[0]));
}

/** What may not be read is named by its parent in a walk, and left out of a list. */
const isTold = (tree: Tree): boolean => tree.value !== undefined || tree.children !== undefined;

const EXEC_NODES =
  /"(?:Download|Update|DownloadAndUpdate|Reset|Remove|Activate|Deactivate|Install|InstallInactive|DownloadInstall|DownloadInstallInactive)"/;

describe.each([
  ['XML', false],
  ['WBXML', true],
] as const)('Discovery of a strict device over %s', (_name, wbxml) => {
  let plain: Run;
  beforeAll(async () => {
    plain = await discover(undefined, { wbxml });
  });

  test('node by node where it has no list', () => {
    expect(plain.report.violations).toEqual([]);
    expect(plain.dialogue.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
    expect(['tnds', 'structdata', 'struct'].map((kind) => plain.dialogue.features[`dm1.list.${kind}`])).toEqual([
      false,
      false,
      false,
    ]);
    expect(seen(plain.dialogue.effects).length).toBeGreaterThan(3);
  });

  test.each<readonly [string, TreeQueryOptions, number | undefined]>([
    ['TNDS as text', { lists: ['TNDS'] }, undefined],
    ['TNDS as elements', { lists: ['TNDS'], inlineTnds: true }, undefined],
    ['TNDS in chunks', { lists: ['TNDS'] }, 2_000],
    ['StructData', { lists: ['StructData'] }, undefined],
    ['StructData over many messages', { lists: ['StructData'] }, 1_500],
    ['Struct and Gets of the leaves', { lists: ['Struct'] }, undefined],
    ['all of them', { lists: ['TNDS', 'StructData', 'Struct'] }, undefined],
  ])('%s: the same MOs with the same values, in fewer messages', async (name, queries, maxMsgSize) => {
    const run = await discover(queries, { wbxml, ...(maxMsgSize === undefined ? {} : { maxMsgSize }) });
    expect(run.report.violations).toEqual([]);
    expect(run.dialogue.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
    expect(seen(run.dialogue.effects).map((mo) => (mo as unknown[]).slice(0, 2))).toEqual(
      seen(plain.dialogue.effects).map((mo) => (mo as unknown[]).slice(0, 2)),
    );
    const values = (of: Run): string[] =>
      seen(of.dialogue.effects)
        .map((mo) => JSON.stringify(mo))
        .filter((text) => !EXEC_NODES.test(text));
    expect(values(run)).toEqual(values(plain));
    if (maxMsgSize === undefined && !name.startsWith('Struct ')) expect(run.messages).toBeLessThan(plain.messages);
  });

  test('a second discovery asks for no kind again that the device lacks', async () => {
    const again = await discover(undefined, { wbxml, given: { features: plain.dialogue.features } });
    expect(again.messages).toBeLessThanOrEqual(plain.messages);
    expect(again.dialogue.all('featureLearned').filter((effect) => effect.feature.startsWith('dm1.list.'))).toEqual([]);
  });
});

describe.each(['xml', 'wbxml'] as const)('Recognition (%s)', (form) => {
  const FUMO: SmallTree = {
    nodes: {
      '.': ['DevInfo', 'Fw', 'Acc'],
      './DevInfo': ['DevId'],
      './DevInfo/DevId': 'IMEI:1',
      './Fw': ['Upd'],
      './Fw/Upd': ['PkgName', 'PkgVersion', 'Download', 'Update', 'DownloadAndUpdate', 'State', 'Ext'],
      './Fw/Upd/PkgName': 'p',
      './Fw/Upd/PkgVersion': '1',
      './Fw/Upd/Download': ['PkgURL'],
      './Fw/Upd/Download/PkgURL': '',
      './Fw/Upd/Update': ['PkgData'],
      './Fw/Upd/DownloadAndUpdate': ['PkgURL'],
      './Fw/Upd/DownloadAndUpdate/PkgURL': '',
      './Fw/Upd/State': '10',
      './Fw/Upd/Ext': [],
      './Acc': ['one'],
      './Acc/one': ['Name'],
      './Acc/one/Name': 'n',
    },
  };
  const library: DdfLibrary = catalogueLibrary();
  const ddf: Partial<Context['ddf']> = {
    isKnown: (moid) => library.isKnown(moid),
    places: () => library.places(),
    shape: (children) => library.shape(children),
    moids: () => library.moids(),
  };

  function walk(
    tree: SmallTree,
    given: Given = {},
    header: Parameters<typeof package1>[1] = {},
    answer = answers,
  ): { device: Dialogue; gets: string[] } {
    const device = new Dialogue({ form, ddf, ...given });
    device.discover = BUDGET;
    const gets: string[] = [];
    device.sends(package1(1, header));
    for (let no = 2; device.session?.state.phase === 'awaiting'; no += 1) {
      gets.push(...device.commands.map(targetOf));
      device.sends(message(no, answer(device.reply, tree), header), { token: TOKEN });
      if (no > 100) throw new Error('discovery does not end');
    }
    return { device, gets };
  }
  const found = (device: Dialogue): unknown[] =>
    device
      .all('moAnnounced')
      .slice(1)
      .map((effect) => [effect.place, effect.recognisedBy, effect.moid.replace(/:[\d.]+$/, '')]);

  test('an MO of a device that tells no MOID is known by its shape', () => {
    const { device } = walk(FUMO);
    expect(found(device)).toContainEqual(['./Fw/Upd', 'SHAPE', 'urn:oma:mo:oma-fumo']);
    expect(found(device)).toHaveLength(2);
    expect(
      device.all('valuesObserved').find((effect) => 'uri' in effect.at && effect.at.uri === './Fw/Upd'),
    ).toMatchObject({ tree: { name: 'Upd' } });
  });

  test('a device that tells MOIDs and none here says that it is no root', () => {
    const types = { './DevInfo': 'urn:oma:mo:oma-dm-devinfo:1.0' };
    expect(found(walk({ ...FUMO, types }).device)).toEqual([['./DevInfo', 'MOID', 'urn:oma:mo:oma-dm-devinfo']]);
  });

  test('what an administrator said counts for more than Type, place and shape', () => {
    const types = { './DevInfo': 'urn:oma:mo:oma-dm-devinfo:1.0', './Acc/one': 'urn:wrong:1.0' };
    const said = { './Acc/one': 'urn:oma:mo:oma-dm-dmacc:1.0' };
    const { device } = walk({ ...FUMO, types }, { device: { recognised: said } });
    expect(found(device)).toContainEqual(['./Acc/one', 'ADMINISTRATOR', 'urn:oma:mo:oma-dm-dmacc']);
    expect(found(device)).not.toContainEqual(expect.arrayContaining(['urn:wrong']));
  });

  test('below a place with an unnamed root each node is an instance', () => {
    const places = [{ place: './Acc/*', moid: 'urn:oma:mo:oma-dm-dmacc:1.0' }];
    const { device } = walk(FUMO, { ddf: { ...ddf, places: () => places } });
    expect(found(device)).toContainEqual(['./Acc/one', 'PLACE', 'urn:oma:mo:oma-dm-dmacc']);
  });

  test('a DM 1.3 client is asked for the roots of each known MO', () => {
    const roots: Record<string, readonly string[]> = { 'urn:oma:mo:oma-dm-devinfo:1.0': ['./DevInfo'] };
    const fumo = library.moids().find((moid) => moid.includes('fumo')) ?? '';
    roots[fumo] = ['./Fw/Upd'];
    const asked: string[] = [];
    const answer: typeof answers = (reply, tree) => {
      const isRoots = (uri: string): boolean => uri.includes('list=MORoot');
      const ref = Number(reply.header.msgId);
      const others = reply.body.filter((command) => !isRoots(targetOf(command)));
      return [
        ...answers({ ...reply, body: others }, tree),
        ...reply.body
          .filter((command) => isRoots(targetOf(command)))
          .flatMap((command) => {
            const [item] = 'items' in command ? command.items : [];
            const moid = item?.data?.kind === 'text' ? item.data.text : '';
            asked.push(moid);
            return [
              status(ref, command.cmdId, 'Get', 200),
              ...(roots[moid] ?? []).map((uri) => results(ref, command.cmdId, uri, '', 'node')),
            ];
          }),
      ];
    };
    const { device } = walk(FUMO, {}, { verProto: 'DM/1.3' }, answer);
    expect(asked[0]).toBe('urn:oma:mo:oma-dm-devinfo:1.0');
    expect(asked).toContain(fumo);
    expect(new Set(asked).size).toBe(asked.length);
    expect(found(device)).toContainEqual(['./Fw/Upd', 'MOID', 'urn:oma:mo:oma-fumo']);
    expect(device.features['dm1.list.moroot']).toBe(true);
    expect(device.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
  });

  test('other clients are not asked for roots', () => {
    expect(walk(FUMO).gets.filter((uri) => uri.includes('MORoot'))).toEqual([]);
  });

  describe('versions', () => {
    const known = (versions: Json): Given => ({ features: { 'dm1.versions': versions } });

    test('are learned without a word at first', () => {
      const device = new Dialogue({ form });
      device.sends(package1());
      expect(device.features['dm1.versions']).toEqual({ DmV: '1.2' });
      expect(device.all('discoveryDue')).toEqual([]);
    });

    test.each([
      [{ DmV: '1.2' }, 0],
      [{ DmV: '1.1' }, 1],
    ] as const)('%j before and 1.2 now', (versions, due) => {
      const device = new Dialogue({ form, ...known(versions) });
      device.sends(package1());
      expect(device.all('discoveryDue')).toHaveLength(due);
    });

    test('of the firmware, read by whoever asks for it, make a discovery due', () => {
      const device = new Dialogue({ form, ...known({ DmV: '1.2', FwV: '1' }) });
      device.queue.push({
        id: 'g',
        repeatable: true,
        token: 't',
        kind: 'get',
        at: { uri: './DevDetail/FwV' },
        depth: 0,
      });
      device.sends(package1());
      const get = device.commands[0];
      device.sends(
        message(2, [
          status(1, '0', 'SyncHdr', 212),
          status(1, get?.cmdId ?? '', 'Get', 200),
          results(1, get?.cmdId ?? '', './DevDetail/FwV', '2'),
        ]),
        { token: TOKEN },
      );
      expect(device.all('discoveryDue')).toEqual([{ kind: 'discoveryDue', why: 'FwV was 1 and is 2' }]);
      expect(device.features['dm1.versions']).toEqual({ DmV: '1.2', FwV: '2' });
    });

    test('LrgObj is learned where DevDetail is read', () => {
      const tree: SmallTree = {
        nodes: {
          '.': ['DevDetail'],
          './DevDetail': ['LrgObj', 'FwV'],
          './DevDetail/LrgObj': 'false',
          './DevDetail/FwV': '3',
        },
      };
      const answer: typeof answers = (reply, of) =>
        answers(reply, of).map((body) =>
          body.kind === 'Results' && body.items[0]?.source?.locUri === './DevDetail/LrgObj'
            ? { ...body, items: body.items.map((item) => ({ ...item, meta: { format: 'bool' } })) }
            : body,
        );
      const { device } = walk(
        tree,
        { ddf: {}, places: [{ place: './DevDetail', moid: 'urn:oma:mo:oma-dm-devdetail:1.0' }] },
        {},
        answer,
      );
      expect(device.features['dm1.largeObjects']).toBe(false);
      expect(device.features['dm1.versions']).toMatchObject({ FwV: '3' });
    });
  });
});
