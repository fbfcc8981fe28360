import type { BodyCommand, Item } from '../../../adapters/dm1/message';
import { answers, targetOf } from '../../adapters/dm1/session/dialogue';
import type { SmallTree } from '../../adapters/dm1/session/dialogue';
import { alert, by, describeSection } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { ask } from '../support/world';

const DEV_INFO = 'urn:oma:mo:oma-dm-devinfo:1.0';

/** A Replace of nodes of DevInfo as the device likes to write them. */
function replace(
  cmdId: string,
  values: Readonly<Record<string, string>>,
  meta?: Item['meta'],
  prefix = './DevInfo/',
): BodyCommand {
  const items = Object.entries(values).map(([name, text]): Item => ({
    source: { locUri: `${prefix}${name}` },
    ...(meta === undefined ? {} : { meta }),
    data: { kind: 'text', text },
  }));
  return { kind: 'Replace', cmdId, items };
}

const interior = (tree: SmallTree['nodes'], types?: SmallTree['types']): SmallTree => ({
  nodes: tree,
  ...(types === undefined ? {} : { types }),
});

/** What reads `true` or `false` is a bool. */
function asBool(one: BodyCommand): BodyCommand {
  if (one.kind !== 'Results') return one;
  const isBool = ({ data }: Item): boolean => data?.kind === 'text' && /^(?:true|false)$/.test(data.text);
  return { ...one, items: one.items.map((item) => (isBool(item) ? { ...item, meta: { format: 'bool' } } : item)) };
}

/** Answers the search for its objects; nodes in `secret` exist, and are not to be read. */
async function isSearched(phone: SpokenDevice, tree: SmallTree, secret: readonly string[] = []): Promise<void> {
  await phone.begins();
  for (let n = 0; n < 40 && phone.commands.length > 0; n += 1) {
    const hidden = new Set(
      phone.commands.filter((command) => secret.includes(targetOf(command))).map(({ cmdId }) => cmdId),
    );
    const said = answers(phone.reply, tree).map((one) =>
      one.kind === 'Status' && hidden.has(one.cmdRef ?? '') ? { ...one, data: '405' } : asBool(one),
    );
    await phone.says(said);
  }
}

// 15.5, the Inbox of DM 1.3: 19-dm13.
describeSection('15 Standard objects', ({ device, gateway }) => {
  interface Mo {
    readonly moid: string;
    readonly location: string;
    readonly recognisedBy: string;
    readonly values: Readonly<Record<string, unknown>>;
  }
  async function objectsOf(phone: SpokenDevice): Promise<readonly Mo[]> {
    const { device: found } = await ask<{ device: { managementObjects: readonly Mo[] } }>(
      gateway(),
      'query ($id: ID!) { device(deviceId: $id) { managementObjects { moid location recognisedBy values } } }',
      { id: phone.deviceId },
    );
    return found.managementObjects;
  }
  const objectOf = async (phone: SpokenDevice, moid: string): Promise<Mo | undefined> =>
    (await objectsOf(phone)).find((mo) => mo.moid === moid);

  describe('15.1 DevInfo', () => {
    const five = { Lang: 'en-GB', DmV: '1.2', Mod: 'Widget 9', Man: 'Acme', DevId: 'urn:x' };
    const chr = { format: 'chr', type: 'text/plain' };
    test.each<readonly [string, readonly BodyCommand[], object]>([
      ['in any order, with Meta', [replace('2', five, chr)], five],
      ['without Meta', [replace('2', five)], five],
      [
        'one Replace a leaf, and without ./',
        Object.entries(five).map(([name, value], n) => replace(`${n + 2}`, { [name]: value }, chr, 'DevInfo/')),
        five,
      ],
      ['fewer than five', [replace('2', { Man: 'Acme', Mod: 'Widget 9' })], { Man: 'Acme', Mod: 'Widget 9' }],
      [
        'and more of it',
        [replace('2', { ...five, 'Ext/Acme/Colour': 'red' })],
        { ...five, Ext: { Acme: { Colour: 'red' } } },
      ],
    ])('comes %s', async (_name, replaces, values) => {
      const phone = await device();
      await phone.says([alert('1', '1201'), ...replaces]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', ...replaces.map(() => '200 Replace'), 'Final']);
      expect(await objectOf(phone, DEV_INFO)).toMatchObject({ location: './DevInfo', values });
    });

    test('what changed is replaced, what was not told again stays, and nothing beside DevInfo is taken', async () => {
      const phone = await device();
      await phone.says([alert('1', '1201'), replace('2', five)]);
      phone.sessionId = 'A2';
      const beside = replace('3', { Unit: 'x' }, undefined, './Vendor/Acme/Meter/');
      await phone.says([alert('1', '1201'), replace('2', { Lang: 'de-CH' }), beside], { msgId: '1', atEndpoint: true });
      expect(await objectOf(phone, DEV_INFO)).toMatchObject({ values: { ...five, Lang: 'de-CH' } });
      expect(await objectsOf(phone)).toHaveLength(1);
    });
  });

  describe('15.2 DevDetail', () => {
    const detail = {
      '.': ['DevDetail'],
      './DevDetail': ['DevTyp', 'FwV', 'LrgObj', 'URI'],
      './DevDetail/DevTyp': 'meter',
      './DevDetail/FwV': '3.1',
      './DevDetail/LrgObj': 'false',
      './DevDetail/URI': ['MaxDepth'],
      './DevDetail/URI/MaxDepth': '0',
    };

    test('is found and read by Get; a device without large objects gets none', async () => {
      const phone = await device({ discovery: true, maxMsgSize: 4000 });
      await isSearched(phone, interior(detail));
      expect(await objectOf(phone, 'urn:oma:mo:oma-dm-devdetail:1.0')).toMatchObject({
        location: './DevDetail',
        recognisedBy: 'PLACE',
        values: { DevTyp: 'meter', FwV: '3.1', URI: { MaxDepth: '0' } },
      });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', 'x'.repeat(9000))]);
      phone.sessionId = 'A2';
      await phone.begins();
      expect(phone.commands).toEqual([]);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'TOO_LARGE' }] });
    });

    test('DM 1.3: it tells which prompts the device has', async () => {
      const phone = await device({ discovery: true, version: '1.3' });
      const offers = { Display: 'true', Confirm: 'false', Choice: 'true', UserInput: 'true', ProgressNotify: 'false' };
      const place = './DevDetail/UserInteraction';
      const told = Object.entries(offers).map(([name, value]) => [`${place}/${name}`, value]);
      const tree = { ...detail, './DevDetail': ['UserInteraction'], [place]: Object.keys(offers) };
      await isSearched(
        phone,
        interior({ ...tree, ...Object.fromEntries(told) }, { './DevDetail': 'urn:oma:mo:oma-dm-devdetail:1.1' }),
      );
      const { data } = await gateway().graphql(`{ device(deviceId: "${phone.deviceId}") { features { name value } } }`);
      const features = data.device.features as readonly { readonly name: string; readonly value: unknown }[];
      expect(features).toEqual(
        expect.arrayContaining([
          { name: 'dm1.show.display', value: true },
          { name: 'dm1.show.confirm', value: false },
          { name: 'dm1.show.text', value: true },
        ]),
      );
    });
  });

  describe('15.3 and 15.4 DMAcc', () => {
    const layout12 = (place: string, more: SmallTree['nodes'] = {}): SmallTree['nodes'] => ({
      [place]: ['AppID', 'ServerID', 'Name', 'AppAddr', 'AAuthPref', 'AppAuth', ...Object.keys(more)],
      [`${place}/AppID`]: 'w7',
      [`${place}/ServerID`]: 'dm.example',
      [`${place}/Name`]: 'Device care',
      [`${place}/AAuthPref`]: 'DIGEST',
      [`${place}/AppAddr`]: ['1'],
      [`${place}/AppAddr/1`]: ['Addr', 'AddrType'],
      [`${place}/AppAddr/1/Addr`]: 'https://dm.example/dm/1',
      [`${place}/AppAddr/1/AddrType`]: 'URI',
      [`${place}/AppAuth`]: ['1'],
      [`${place}/AppAuth/1`]: ['AAuthLevel', 'AAuthType', 'AAuthName', 'AAuthSecret', 'AAuthData'],
      [`${place}/AppAuth/1/AAuthLevel`]: 'SRVCRED',
      [`${place}/AppAuth/1/AAuthType`]: 'DIGEST',
      [`${place}/AppAuth/1/AAuthName`]: 'dm.example',
      [`${place}/AppAuth/1/AAuthSecret`]: 'never told',
      [`${place}/AppAuth/1/AAuthData`]: 'never told',
      ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`${place}/${name}`, value])),
    });
    const layout11: SmallTree['nodes'] = {
      './SyncML/DMAcc/x1': ['Addr', 'AddrType', 'ServerId', 'UserName', 'ClientPW', 'AuthPref'],
      './SyncML/DMAcc/x1/Addr': 'https://dm.example/dm/1',
      './SyncML/DMAcc/x1/AddrType': '1',
      './SyncML/DMAcc/x1/ServerId': 'dm.example',
      './SyncML/DMAcc/x1/UserName': 'fleet',
      './SyncML/DMAcc/x1/ClientPW': 'never told',
      './SyncML/DMAcc/x1/AuthPref': 'syncml:auth-md5',
    };
    const below = { '.': ['DMAcc'], './DMAcc': ['x1'] };
    const belowSyncml = { '.': ['SyncML'], './SyncML': ['DMAcc'], './SyncML/DMAcc': ['x1'] };
    const w7 = 'org.openmobilealliance/1.0/w7';

    test.each<readonly [string, '1.1.2' | '1.2' | '1.3', SmallTree, Partial<Mo>]>([
      [
        'of DM 1.2 by its Type',
        '1.2',
        interior({ ...below, ...layout12('./DMAcc/x1') }, { './DMAcc/x1': 'urn:oma:mo:oma-dm-dmacc:1.0' }),
        { moid: 'urn:oma:mo:oma-dm-dmacc:1.0', recognisedBy: 'MOID', location: './DMAcc/x1' },
      ],
      [
        'of DM 1.2 that tells no Type by its place',
        '1.2',
        interior({ ...below, ...layout12('./DMAcc/x1') }),
        { moid: 'urn:oma:mo:oma-dm-dmacc:1.0', recognisedBy: 'PLACE', location: './DMAcc/x1' },
      ],
      [
        'of DM 1.3 by its Type',
        '1.3',
        interior(
          { ...below, ...layout12('./DMAcc/x1', { NoAutoInitialSession: 'true' }) },
          { './DMAcc/x1': 'urn:oma:mo:oma-dm-dmacc:1.1' },
        ),
        { moid: 'urn:oma:mo:oma-dm-dmacc:1.1', recognisedBy: 'MOID', location: './DMAcc/x1' },
      ],
      [
        'of DM 1.1.2 by the Type that was usual then, which no DDF describes',
        '1.1.2',
        interior({ ...belowSyncml, ...layout11 }, { './SyncML/DMAcc/x1': w7 }),
        { moid: w7, recognisedBy: 'TYPE', location: './SyncML/DMAcc/x1' },
      ],
      [
        'of Windows, the layout of DM 1.2 below ./SyncML, by its shape',
        '1.2',
        interior({ ...belowSyncml, ...layout12('./SyncML/DMAcc/x1') }),
        { recognisedBy: 'SHAPE', location: './SyncML/DMAcc/x1' },
      ],
    ])('an account %s is found, and its secrets are not told', async (_name, version, tree, expected) => {
      const phone = await device({ discovery: true, version });
      const secret = Object.keys(tree.nodes).filter((uri) => tree.nodes[uri] === 'never told');
      await isSearched(phone, tree, secret);
      const found = (await objectsOf(phone)).filter((mo) => mo.moid !== DEV_INFO);
      expect(found).toMatchObject([expected]);
      expect(JSON.stringify(found[0]?.values)).toContain('https://dm.example/dm/1');
      expect(JSON.stringify(found[0]?.values)).not.toContain('never told');
    });

    test('an account of DM 1.1.2 that tells no Type is read by its address', async () => {
      const phone = await device({ version: '1.1.2' });
      const operation = await phone.isAsked([by.get('./SyncML/DMAcc/x1')]);
      await isSearched(phone, interior(layout11), ['./SyncML/DMAcc/x1/ClientPW']);
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ result: { ServerId: 'dm.example', UserName: 'fleet', AddrType: '1' } }],
      });
    });
  });
});
