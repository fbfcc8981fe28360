import { decodeTnds, encodeMessage, encodeTnds } from '../../../adapters/dm1/codec';
import type { BodyCommand, Data, Item } from '../../../adapters/dm1/message';
import { answers, targetOf } from '../../adapters/dm1/session/dialogue';
import type { SmallTree } from '../../adapters/dm1/session/dialogue';
import { describeSection } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { METER, ask } from '../support/world';

const PLACE = './Vendor/Acme/Meter';
const TYPE = `<Format><node/></Format><Type><DDFName>${METER}</DDFName></Type>`;
const leaf = (name: string, format: string, value: string): string =>
  `<Node><NodeName>${name}</NodeName><RTProperties><Format><${format}/></Format><Type><MIME>text/plain</MIME></Type>` +
  `</RTProperties><Value>${value}</Value></Node>`;
const LEAVES = `${leaf('Unit', 'chr', 'kWh &lt;&amp;&gt;')}${leaf('Interval', 'int', '15')}`;
const documentOf = (nodes: string): string =>
  `<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>${nodes}</MgmtTree>`;
/** Interior nodes without properties stand in the specification's own example. */
const VENDOR = documentOf(
  `<Node><NodeName>Acme</NodeName><Path>Vendor</Path>` +
    `<Node><NodeName>Meter</NodeName><RTProperties>${TYPE}</RTProperties>${LEAVES}</Node></Node>`,
);
const VALUES = { unit: 'kWh <&>', interval: 15 };

/** `URI?list=…` → Items of the Results; what is not there gets 406. */
type Lists = Readonly<Record<string, readonly Item[]>>;

function answersOf(phone: SpokenDevice, lists: Lists, tree: SmallTree = { nodes: {} }): readonly BodyCommand[] {
  const { msgId } = phone.reply.header;
  return answers(phone.reply, tree).flatMap((one, index): readonly BodyCommand[] => {
    if (one.kind !== 'Status') return [one];
    const asked = phone.commands.find(({ cmdId }) => cmdId === one.cmdRef);
    const items = lists[targetOf(asked)];
    if (items === undefined) return [one];
    return [
      { ...one, data: '200' },
      { kind: 'Results', cmdId: `r${index}`, msgRef: msgId, cmdRef: one.cmdRef ?? '', items },
    ];
  });
}

/** Answers until the gateway asks nothing more; what it asked, message by message. */
async function answersAll(
  phone: SpokenDevice,
  lists: Lists,
  tree?: SmallTree,
): Promise<readonly (readonly string[])[]> {
  const asked: string[][] = [];
  for (let n = 0; n < 20 && phone.commands.length > 0; n += 1) {
    asked.push(phone.commands.map(targetOf));
    await phone.says(answersOf(phone, lists, tree));
  }
  return asked;
}

const tnds = (data: Data, format: string): readonly Item[] => [
  { meta: { format, type: 'application/vnd.syncml.dmtnds+xml' }, data },
];
const text = (xml: string): readonly Item[] => tnds({ kind: 'text', text: xml }, 'xml');
const item = (locUri: string, format: string, value?: string): Item => ({
  source: { locUri },
  meta: { format },
  ...(value === undefined ? {} : { data: { kind: 'text', text: value } }),
});

const ROOT: SmallTree = { nodes: { '.': ['Vendor'] } };
const DEV_INFO = text(documentOf(`<Node><NodeName>DevInfo</NodeName>${leaf('Man', 'chr', 'Acme')}</Node>`));

describeSection('14 TNDS and DDF', ({ form, device, gateway }) => {
  async function meterOf(phone: SpokenDevice): Promise<unknown> {
    const { device: found } = await ask<{ device: { acmeMeter: unknown } }>(
      gateway(),
      'query ($id: ID!) { device(deviceId: $id) { acmeMeter { unit interval } } }',
      { id: phone.deviceId },
    );
    return found.acmeMeter;
  }

  async function featureOf(phone: SpokenDevice, name: string): Promise<unknown> {
    const { device: found } = await ask<{ device: { features: readonly { name: string; value: unknown }[] } }>(
      gateway(),
      'query ($id: ID!) { device(deviceId: $id) { features { name value } } }',
      { id: phone.deviceId },
    );
    return found.features.find((feature) => feature.name === name)?.value;
  }

  /** A device whose tree was read by TNDS before. */
  async function withTnds(): Promise<SpokenDevice> {
    const phone = await device({ discovery: true });
    await phone.begins();
    await answersAll(phone, { './DevInfo?list=TNDS': DEV_INFO, './Vendor?list=TNDS': text(VENDOR) }, ROOT);
    expect(await featureOf(phone, 'dm1.list.tnds')).toBe(true);
    return phone;
  }

  describe('a document is read in each form in which it comes', () => {
    const element = decodedElement(VENDOR);
    const escaped = VENDOR.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
    const asText = { kind: 'text', text: '@' } as const;
    const forms: readonly { readonly name: string; readonly data: Data; readonly inXml?: string }[] =
      form === 'xml'
        ? [
            { name: 'a CDATA section', data: asText, inXml: `<![CDATA[${VENDOR}]]>` },
            { name: 'escaped text', data: asText, inXml: escaped },
            { name: 'elements', data: asText, inXml: VENDOR },
            { name: 'elements without namespace', data: asText, inXml: VENDOR.replace(/ xmlns="[^"]*"/, '') },
            { name: 'Base64', data: { kind: 'text', text: Buffer.from(VENDOR).toString('base64') } },
          ]
        : [
            { name: 'text', data: { kind: 'text', text: VENDOR } },
            { name: 'XML in an opaque', data: { kind: 'octets', octets: Buffer.from(VENDOR) } },
            { name: 'a WBXML document in an opaque', data: { kind: 'element', element } },
          ];
    test.each(forms)('$name', async ({ data, inXml }) => {
      const phone = await device({ discovery: true });
      await phone.begins();
      await phone.says(answersOf(phone, { './DevInfo?list=TNDS': DEV_INFO }, ROOT));
      expect(phone.commands.map(targetOf)).toContain('./Vendor?list=TNDS');
      const body = answersOf(phone, { './Vendor?list=TNDS': tnds(data, form === 'xml' ? 'xml' : 'bin') }, ROOT);
      const octets = encodeMessage(phone.message(body), { form });
      const asItStands =
        inXml === undefined
          ? octets
          : Buffer.from(
              Buffer.from(octets)
                .toString('utf8')
                .replace('<Data>@</Data>', () => `<Data>${inXml}</Data>`),
            );
      await phone.sends(asItStands);
      await answersAll(phone, {}, ROOT);
      expect(await meterOf(phone)).toEqual(VALUES);
    });
  });

  test('Path counts from the root or from the target, may be missing where the Node is the target, and the name empty', async () => {
    const phone = await withTnds();
    const node = (name: string, path: string | undefined, inner: string): string =>
      `<Node><NodeName>${name}</NodeName>${path === undefined ? '' : `<Path>${path}</Path>`}${inner}</Node>`;
    const properties = `<RTProperties>${TYPE}</RTProperties>`;
    const told = [
      node('Meter', './Vendor/Acme', properties + LEAVES),
      node('Meter', 'Vendor/Acme', properties + LEAVES),
      node('Meter', undefined, properties + LEAVES),
      node('', undefined, properties + LEAVES),
      // The children of a Node go on in others further down.
      node('Meter', './Vendor/Acme', properties) + LEAVES.replace(/<\/NodeName>/g, `</NodeName><Path>${PLACE}</Path>`),
    ];
    for (const nodes of told) {
      const operation = await phone.isAsked([{ get: { address: { moid: METER, path: '' } } }]);
      await phone.begins();
      await answersAll(phone, { [`${PLACE}?list=TNDS`]: text(documentOf(nodes)) });
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ result: { Unit: 'kWh <&>', Interval: 15 } }],
      });
    }
  });

  describe('a device without TNDS', () => {
    const struct = (value: boolean): readonly Item[] => [
      item(PLACE, 'node'),
      item(`${PLACE}/Unit`, 'chr', value ? 'kWh <&>' : undefined),
      item('./Vendor', 'node'),
      item('./Vendor/Acme', 'node'),
      item(`${PLACE}/Interval`, 'int', value ? '15' : undefined),
    ];
    const nodes = { ...ROOT.nodes, [`${PLACE}/Unit`]: 'kWh <&>', [`${PLACE}/Interval`]: '15' };
    const types = { [PLACE]: METER, './Vendor': '', './Vendor/Acme': '' };
    const devInfo = [item('./DevInfo', 'node'), item('./DevInfo/Man', 'chr', 'Acme')];

    test('StructData brings nodes and values, in any order and over several messages', async () => {
      const phone = await device({ discovery: true });
      await phone.begins();
      const tree = { nodes: { ...nodes, './Vendor': ['Acme'], './Vendor/Acme': ['Meter'], [PLACE]: [] }, types };
      await phone.says(answersOf(phone, { './DevInfo?list=StructData': devInfo }, tree));
      const [list] = phone.commands;
      expect(targetOf(list)).toBe('./Vendor?list=StructData');
      const results = (items: readonly Item[]): BodyCommand => ({
        kind: 'Results',
        cmdId: '9',
        msgRef: '2',
        cmdRef: list?.cmdId ?? '',
        items,
      });
      await phone.says([phone.accepts(), phone.judges(0, 200), results(struct(true).slice(0, 2))], { final: false });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Alert 1222']);
      await phone.says([phone.accepts(), results(struct(true).slice(2))]);
      await answersAll(phone, {}, tree);
      expect(await meterOf(phone)).toEqual(VALUES);
    });

    test('Struct brings the nodes, and each leaf is then read', async () => {
      const phone = await device({ discovery: true });
      await phone.begins();
      const tree = { nodes: { ...nodes, './Vendor': ['Acme'], './Vendor/Acme': ['Meter'], [PLACE]: [] }, types };
      const asked = await answersAll(
        phone,
        { './DevInfo?list=Struct': devInfo, './Vendor?list=Struct': struct(false) },
        tree,
      );
      expect(asked.flat()).toEqual(expect.arrayContaining([`${PLACE}/Unit`, `${PLACE}/Interval`]));
      expect(await meterOf(phone)).toEqual(VALUES);
    });
  });

  test.each([
    [406, false],
    [413, true],
  ])(
    'TNDS answered %i: the same session goes on node by node; that the device has it stays %s',
    async (code, stays) => {
      const phone = await withTnds();
      const operation = await phone.isAsked([{ get: { address: { moid: METER, path: '' } } }]);
      await phone.begins();
      expect(phone.heard).toContain(`Get ${PLACE}?list=TNDS`);
      const nodes = { [PLACE]: ['Unit', 'Interval'], [`${PLACE}/Unit`]: 'MWh', [`${PLACE}/Interval`]: '5' };
      const asked = [];
      for (let n = 0; n < 6 && phone.commands.length > 0; n += 1) {
        asked.push(...phone.commands.map(targetOf));
        await phone.answersTree({ nodes, listCode: code });
      }
      expect(asked).toContain(`${PLACE}/Unit`);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: { Unit: 'MWh' } }] });
      expect(await featureOf(phone, 'dm1.list.tnds')).toBe(stays);
    },
  );

  describe('Add of a sub-tree', () => {
    const at = { moid: METER, path: 'Tariff/peak' };
    const tariff = { add: { address: at, value: { json: { Start: '1700', Rate: 0.5 } } } };

    test('is one document, to the parent, with the name of the new node, a Format and a Type for each', async () => {
      const phone = await withTnds();
      const operation = await phone.isAsked([tariff]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual([`Add ${PLACE}/Tariff`, 'Final']);
      const [add] = phone.commands;
      const [sent] = add !== undefined && 'items' in add ? add.items : [];
      const media = form === 'xml' ? ['xml', 'xml'] : ['bin', 'wbxml'];
      expect(sent?.meta).toMatchObject({ format: media[0], type: `application/vnd.syncml.dmtnds+${media[1] ?? ''}` });
      const decoded = decodeTnds(sent?.data ?? { kind: 'text', text: '' });
      expect(decoded).toMatchObject({
        ok: true,
        value: {
          verDtd: '1.2',
          nodes: [
            {
              tree: {
                name: 'peak',
                children: [
                  { name: 'Start', value: { format: 'chr', mime: 'text/plain', data: '1700' } },
                  { name: 'Rate', value: { format: 'float', mime: 'text/plain', data: 0.5 } },
                ],
              },
            },
          ],
        },
      });
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('all or nothing: the code is that of the node that failed, and nothing more is sent', async () => {
      const phone = await withTnds();
      const operation = await phone.isAsked([tariff]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 420)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'DEVICE_FULL', statusCode: 420 }] });
    });

    test('a device that takes no document (415) gets the nodes one by one in the same session, parents first', async () => {
      const phone = await withTnds();
      const operation = await phone.isAsked([tariff]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 415)]);
      const added: string[] = [];
      for (let n = 0; n < 4 && phone.commands.length > 0; n += 1) {
        added.push(...phone.commands.map(targetOf));
        await phone.answers({});
      }
      expect(added).toEqual(['', '/Start', '/Rate'].map((path) => `${PLACE}/Tariff/peak${path}`));
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
      expect(await featureOf(phone, 'dm1.tnds.write')).toBe(false);
    });
  });

  describe('Replace of a sub-tree', () => {
    const at = { moid: METER, path: 'Tariff/peak' };
    const replace = (whole: boolean): object => ({ replace: { address: at, value: { json: { Rate: 0.75 } }, whole } });

    /** A device with the tariff `{ Start: '1700', Rate: 0.5 }`. */
    async function withTariff(): Promise<SpokenDevice> {
      const phone = await withTnds();
      await phone.isAsked([{ add: { address: at, value: { json: { Start: '1700', Rate: 0.5 } } } }]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      return phone;
    }

    async function tariffOf(phone: SpokenDevice): Promise<unknown> {
      const { device: found } = await ask<{ device: { acmeMeter: { tariff: { items: readonly unknown[] } } } }>(
        gateway(),
        'query ($id: ID!) { device(deviceId: $id) { acmeMeter { tariff { items { start rate } } } } }',
        { id: phone.deviceId },
      );
      return found.acmeMeter.tariff.items[0];
    }

    test('whole: is one document to the parent; what it does not name is gone from the gateway, too', async () => {
      const phone = await withTariff();
      const operation = await phone.isAsked([replace(true)]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual([`Replace ${PLACE}/Tariff`, 'Final']);
      const [sent] = phone.commands;
      const [document] = sent !== undefined && 'items' in sent ? sent.items : [];
      const decoded = decodeTnds(document?.data ?? { kind: 'text', text: '' });
      expect(decoded.ok ? decoded.value.nodes.map(({ tree }) => tree) : decoded).toMatchObject([
        { name: 'peak', children: [{ name: 'Rate', value: { data: 0.75 } }] },
      ]);
      expect(await tariffOf(phone)).toEqual({ start: '1700', rate: 0.5 });
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
      expect(await tariffOf(phone)).toEqual({ start: null, rate: 0.75 });
    });

    test('whole: to a device that takes no documents (415) nothing else is sent, and the next one not at all', async () => {
      const phone = await withTariff();
      const operation = await phone.isAsked([replace(true)]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 415)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'BAD_VALUE', statusCode: 415 }] });
      const again = await phone.isAsked([replace(true)]);
      await phone.begins();
      expect(phone.commands.map(({ kind }) => kind)).not.toContain('Replace');
      expect(await again.now()).toMatchObject({ commands: [{ outcome: 'UNSUPPORTED', statusCode: null }] });
      expect(await tariffOf(phone)).toEqual({ start: '1700', rate: 0.5 });
    });

    test('not whole: the leaves that are named are replaced, the others stay', async () => {
      const phone = await withTariff();
      await phone.isAsked([replace(false)]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual([`Replace ${PLACE}/Tariff/peak/Rate`, 'Final']);
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await tariffOf(phone)).toEqual({ start: '1700', rate: 0.75 });
    });

    test('whole: is for replaces by trees alone, and stands in no Atomic', async () => {
      const phone = await withTariff();
      for (const command of [
        { add: { address: { moid: METER, path: 'Tariff/night' }, value: { json: {} }, whole: true } },
        { replace: { address: { moid: METER, path: 'Unit' }, value: { text: 'MWh' }, whole: true } },
      ])
        await expect(phone.isAsked([command])).rejects.toThrow(/only a replace by a tree/);
      const unit = { replace: { address: { moid: METER, path: 'Unit' }, value: { text: 'MWh' } } };
      const operation = await phone.isAsked([replace(true), unit], { atomic: true });
      await phone.begins();
      expect(phone.commands.map(({ kind }) => kind)).not.toContain('Atomic');
      expect(await operation.now()).toMatchObject({
        state: 'FAILED',
        commands: [{ outcome: 'UNSUPPORTED' }, { outcome: null }],
      });
    });
  });
});

/** The document as the elements that a WBXML message embeds. */
function decodedElement(xml: string): ReturnType<typeof encodeTnds> {
  const decoded = decodeTnds({ kind: 'text', text: xml });
  if (!decoded.ok) throw new Error(decoded.message);
  return encodeTnds(decoded.value);
}
