import type { BodyCommand } from '../../adapters/dm1/message';
import { Dm1Device, type Dm1DeviceOptions } from '../../src/simulator/dm1-device';
import {
  codesOf,
  DEVICE,
  exec,
  get,
  put,
  remove,
  resultsOf,
  rightDm1Server,
  SERVER_URL,
  type RightServerOptions,
} from './support/right-dm1-server';

const FORMS = [
  ['XML', false],
  ['WBXML', true],
] as const;
const USER = { user: 'dev-0001', secret: 's3cret-Client' };

function deviceOn(server: RightServerOptions, options: Partial<Dm1DeviceOptions> = {}) {
  const right = rightDm1Server(server);
  const device = new Dm1Device({ url: SERVER_URL, deviceId: DEVICE, ...options }, right.transport);
  return { device, received: right.received, requests: right.requests };
}

describe.each(FORMS)('A DM 1.2 device over %s', (_, wbxml) => {
  test('begins with Alert 1201 and all of DevInfo, and ends when the server has nothing to do', async () => {
    const { device, received } = deviceOn({}, { wbxml });
    const report = await device.connect();
    expect(report).toMatchObject({ ended: 'server', violations: [], authenticated: true });
    expect(received).toHaveLength(1);
    const [alert, replace] = received[0]?.body ?? [];
    expect(alert).toMatchObject({ kind: 'Alert', data: '1201' });
    expect(replace?.kind === 'Replace' && replace.items.map((item) => item.source?.locUri)).toEqual(
      ['DevId', 'Man', 'Mod', 'DmV', 'Lang'].map((name) => `./DevInfo/${name}`),
    );
    expect(received[0]?.final).toBe(true);
  });

  test('answers a challenge with MD5, keeps the next nonce and needs no challenge in the next session', async () => {
    const server = rightDm1Server({ client: { type: 'md5', ...USER } });
    const device = new Dm1Device({ url: SERVER_URL, deviceId: DEVICE, wbxml, ...USER }, server.transport);
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [], authenticated: true });
    expect(server.received).toHaveLength(2);
    expect(server.received[1]?.header).toMatchObject({ msgId: '2', source: { locUri: DEVICE, locName: USER.user } });
    expect(codesOf([server.received[1] as never], 'SyncHdr')).toEqual(['200']);
    const nonce = Buffer.from(device.save().clientNonce ?? '', 'base64');
    const next = rightDm1Server({ client: { type: 'md5', ...USER, nonce } });
    const restarted = new Dm1Device({ url: SERVER_URL, deviceId: DEVICE, wbxml, ...USER }, next.transport);
    restarted.load(JSON.parse(JSON.stringify(device.save())));
    expect(await restarted.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(next.received).toHaveLength(1);
  });

  test('answers with the type that is asked for', async () => {
    const { device, received } = deviceOn({ client: { type: 'basic', ...USER } }, { wbxml, ...USER, auth: 'md5' });
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(received[1]?.header.cred?.meta?.type).toBe('syncml:auth-basic');
  });

  test('reads, writes, adds, deletes and executes', async () => {
    const meter = './Vendor/Acme/Meter';
    const { device, received } = deviceOn(
      {
        packages: [
          [
            get(`${meter}/Unit`),
            get(meter),
            get('./Nowhere'),
            put('Replace', `${meter}/Unit`, 'm3'),
            put('Add', `${meter}/Note`, 'hello'),
            put('Add', `${meter}/Note`, 'again'),
            put('Add', `${meter}/Tariff/peak`, '', 'node'),
            put('Add', `${meter}/Tariff/peak/Rate`, '0.5', 'float'),
            put('Replace', `${meter}/Interval`, 'soon', 'int'),
            put('Replace', `${meter}/Serial`, 'x'),
            put('Replace', `${meter}/Missing`, 'x'),
            remove(`${meter}/Tariff/night`),
            remove(meter),
            exec(`${meter}/Ops/Reset`),
            exec(`${meter}/Unit`),
            get(`${meter}/Key`),
            get('.'),
          ],
          [get(`${meter}/Tariff`), get(`${meter}/Unit`)],
        ],
      },
      { wbxml },
    );
    const report = await device.connect();
    expect(report.violations).toEqual([]);
    expect(codesOf(received, 'Get')).toEqual(['200', '200', '404', '200', '200', '200', '200']);
    expect(codesOf(received, 'Add')).toEqual(['200', '418', '200', '200']);
    expect(codesOf(received, 'Replace')).toEqual(['200', '415', '405', '404']);
    expect(codesOf(received, 'Delete')).toEqual(['200', '405']);
    expect(codesOf(received, 'Exec')).toEqual(['200', '405']);
    expect(resultsOf(received)).toMatchObject({
      [meter]: 'Serial/Unit/Interval/Enabled/Tariff/Ops/Key/Since',
      [`${meter}/Unit`]: 'kWhm3',
      [`${meter}/Tariff`]: 'day/peak',
      '.': 'DevInfo/DevDetail/DMAcc/FUMO/SCOMO/Vendor',
    });
    expect(Buffer.from(resultsOf(received)[`${meter}/Key`] ?? '', 'base64')).toHaveLength(16);
  });

  test('tells Format, Type, Name and ACL, and has no other properties and no tree queries', async () => {
    const { device, received } = deviceOn(
      {
        packages: [
          [
            get('./FUMO/fw1?prop=Type'),
            get('./FUMO/fw1?prop=Format'),
            get('./FUMO/fw1?prop=Name'),
            get('.?prop=ACL'),
            get('./FUMO?prop=Title'),
            get('./DevInfo?list=Struct'),
          ],
        ],
      },
      { wbxml },
    );
    expect((await device.connect()).violations).toEqual([]);
    expect(codesOf(received, 'Get')).toEqual(['200', '200', '200', '200', '406', '406']);
    expect(resultsOf(received)).toEqual({
      './FUMO/fw1?prop=Type': 'urn:oma:mo:oma-fumo:1.0',
      './FUMO/fw1?prop=Format': 'node',
      './FUMO/fw1?prop=Name': 'fw1',
      '.?prop=ACL': 'Add=*&Get=*',
    });
  });

  test('undoes an Atomic whose member fails: 216 for what was done, 215 for what was not reached', async () => {
    const meter = './Vendor/Acme/Meter';
    const atomic: BodyCommand = {
      kind: 'Atomic',
      cmdId: '',
      commands: [
        put('Replace', `${meter}/Unit`, 'm3'),
        put('Replace', `${meter}/Missing`, 'x'),
        remove(`${meter}/Tariff/day`),
      ],
    };
    const { device, received } = deviceOn(
      { packages: [[atomic], [get(`${meter}/Unit`), get(`${meter}/Tariff`)]] },
      { wbxml },
    );
    expect((await device.connect()).violations).toEqual([]);
    expect(codesOf(received, 'Atomic')).toEqual(['507']);
    expect(codesOf(received, 'Replace')).toEqual(['216', '404']);
    expect(codesOf(received, 'Delete')).toEqual(['215']);
    expect(resultsOf(received)).toEqual({ [`${meter}/Unit`]: 'kWh', [`${meter}/Tariff`]: 'day/night' });
  });

  test('splits its answers over messages that the server can receive, without Final before the last', async () => {
    const uris = ['Man', 'Mod', 'DmV', 'Lang', 'DevId'].map((name) => `./DevInfo/${name}`);
    const { device, received, requests } = deviceOn(
      { maxMsgSize: wbxml ? 600 : 1200, packages: [uris.map((uri) => get(uri))] },
      { wbxml },
    );
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(received.length).toBeGreaterThan(2);
    for (const request of requests.slice(1)) expect(request.body?.length).toBeLessThanOrEqual(wbxml ? 600 : 1200);
    expect(received.slice(1).map((message) => message.final)).toEqual([
      ...Array.from({ length: received.length - 2 }, () => false),
      true,
    ]);
    expect(Object.keys(resultsOf(received))).toEqual(uris);
  });

  test('sends a value that fits into no message in chunks, Size with the first only', async () => {
    const note = 'abc&<\u00e9'.repeat(500);
    const meter = './Vendor/Acme/Meter/Note';
    const { device, received, requests } = deviceOn(
      { maxMsgSize: 1500, packages: [[put('Add', meter, note)], [get(meter)]] },
      { wbxml },
    );
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    const chunks = received.flatMap(({ body }) =>
      body.flatMap((command) => (command.kind === 'Results' ? command.items : [])),
    );
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.map((chunk) => chunk.meta?.size)).toEqual([
      String(Buffer.byteLength(note)),
      ...chunks.slice(1).map(() => undefined),
    ]);
    expect(chunks.map((chunk) => chunk.moreData === true)).toEqual([...chunks.slice(1).map(() => true), false]);
    expect(resultsOf(received)[meter]).toBe(note);
    for (const request of requests.slice(1)) expect(request.body?.length).toBeLessThanOrEqual(1500);
  });

  test('takes a value in chunks: 213 and Alert 1222 for each, 200 for the last', async () => {
    const meter = './Vendor/Acme/Meter/Unit';
    const chunk = (text: string, size?: number, more?: boolean): BodyCommand => ({
      kind: 'Replace',
      cmdId: '',
      items: [
        {
          target: { locUri: meter },
          meta: { format: 'chr', ...(size === undefined ? {} : { size: String(size) }) },
          data: { kind: 'text', text },
          ...(more === true ? { moreData: true } : {}),
        },
      ],
    });
    const { device, received } = deviceOn(
      {
        notFinal: [0, 1],
        packages: [[chunk('aaaa', 12, true)], [chunk('bbbb', undefined, true)], [chunk('cccc')], [get(meter)]],
      },
      { wbxml },
    );
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(codesOf(received, 'Replace')).toEqual(['213', '213', '200']);
    expect(received.map(({ final }) => final)).toEqual([true, false, false, true, true]);
    expect(resultsOf(received)).toEqual({ [meter]: 'aaaabbbbcccc' });
  });

  test('wants the server to prove itself: 407, nothing executed, then obeys', async () => {
    const server = {
      packages: [[put('Replace', './Vendor/Acme/Meter/Unit', 'm3')]],
      own: { user: 'mgmt.example', secret: 's3cret-Server' },
    };
    const { device, received } = deviceOn(server, { wbxml, serverUser: 'mgmt.example', serverSecret: 's3cret-Server' });
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(codesOf(received, 'SyncHdr')).toEqual(['407', '212']);
    expect(codesOf(received, 'Replace')).toEqual(['407', '200']);
  });

  test('reports the end of an update in the next session, with the Correlator and the new version', async () => {
    const { device, received } = deviceOn(
      {
        packages: [
          [exec('./FUMO/fw1/DownloadAndUpdate', 'op-77'), get('./FUMO/fw1/State')],
          [],
          [get('./FUMO/fw1/State'), get('./DevDetail/FwV'), get('./FUMO/fw1/PkgVersion')],
        ],
      },
      { wbxml },
    );
    await device.connect();
    expect(codesOf(received, 'Exec')).toEqual(['202']);
    expect(resultsOf(received)).toEqual({ './FUMO/fw1/State': '30' });
    expect(await device.connect({ initiatedBy: 'server', sessionId: '1A' })).toMatchObject({
      ended: 'server',
      violations: [],
    });
    const second = received.filter(({ header }) => header.sessionId === '1A');
    expect(second[0]?.body.slice(0, 2)).toMatchObject([
      { kind: 'Alert', data: '1200' },
      {
        kind: 'Alert',
        data: '1226',
        correlator: 'op-77',
        items: [
          {
            source: { locUri: './FUMO/fw1' },
            meta: { type: 'org.openmobilealliance.dm.firmwareupdate.downloadandupdate' },
            data: { text: '200' },
          },
        ],
      },
    ]);
    const told = resultsOf(second);
    expect(told['./FUMO/fw1/State']).toBe('90');
    expect(told['./DevDetail/FwV']).toBe(told['./FUMO/fw1/PkgVersion']);
    await device.connect({ sessionId: '1B' });
    const third = received.filter(({ header }) => header.sessionId === '1B');
    expect(third[0]?.body.filter(({ kind }) => kind === 'Alert')).toHaveLength(1);
  });

  test('reports an operation in the same session when told to', async () => {
    const { device, received } = deviceOn(
      {
        packages: [
          [exec('./SCOMO/Inventory/Deployed/c1/Operations/Deactivate', 'op-5')],
          [get('./SCOMO/Inventory/Deployed/c1/State')],
        ],
      },
      { wbxml, alertInSession: true },
    );
    expect((await device.connect()).violations).toEqual([]);
    const alert = received[1]?.body.find((command) => command.kind === 'Alert');
    expect(alert).toMatchObject({
      correlator: 'op-5',
      items: [
        {
          source: { locUri: './SCOMO/Inventory/Deployed/c1/Operations/Deactivate' },
          target: { locUri: './SCOMO/Inventory/Deployed/c1' },
        },
      ],
    });
    expect(resultsOf(received)).toEqual({ './SCOMO/Inventory/Deployed/c1/State': '10' });
  });

  test('answers user interaction alerts and a Sequence in order', async () => {
    const ui = (code: number, options: string, ...texts: string[]): BodyCommand => ({
      kind: 'Alert',
      cmdId: '',
      data: String(code),
      items: [options, ...texts].map((text) => ({ data: { kind: 'text', text } })),
    });
    const sequence: BodyCommand = {
      kind: 'Sequence',
      cmdId: '',
      commands: [ui(1101, 'DR=0', 'Go on?'), get('./DevInfo/Man')],
    };
    const { device, received } = deviceOn(
      {
        packages: [
          [
            ui(1100, 'MINDT=1', 'Hello'),
            ui(1102, 'DR=two+words', 'Name?'),
            ui(1104, 'DR=2-3', 'Which?', 'a', 'b', 'c'),
            sequence,
          ],
        ],
      },
      { wbxml },
    );
    expect((await device.connect()).violations).toEqual([]);
    expect(codesOf(received, 'Alert')).toEqual(['200', '200', '200', '304']);
    expect(codesOf(received, 'Get')).toEqual(['215']);
    const replies = received[1]?.body.flatMap((command) =>
      command.kind === 'Status' && command.cmd === 'Alert'
        ? [command.items.map((item) => (item.data?.kind === 'text' ? item.data.text : ''))]
        : [],
    );
    expect(replies).toEqual([[], ['two words'], ['2', '3'], []]);
  });
});

describe('A DM 1.2 device', () => {
  test('can be held between two messages', async () => {
    const { device, received } = deviceOn({ packages: [[get('./DevInfo/Man')]] });
    const session = device.begin();
    expect(await session.step()).toBe(true);
    expect(received).toHaveLength(1);
    expect(await session.step()).toBe(false);
    expect(session.report()).toMatchObject({ ended: 'server', violations: [] });
  });

  test('gives up when it is refused for good', async () => {
    const server: RightServerOptions = {
      client: { type: 'md5', ...USER },
      mutate: (message, turn) => {
        if (turn === 2)
          message.body = message.body
            .slice(0, 1)
            .map((status) => ({ ...status, data: '401', chal: undefined }) as BodyCommand);
      },
    };
    const { device, received } = deviceOn(server, { user: USER.user, secret: 'wrong' });
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [], authenticated: false });
    expect(received).toHaveLength(3);
  });

  test('reports a server that cannot be reached as an error', async () => {
    const device = new Dm1Device({ url: SERVER_URL, deviceId: DEVICE }, () =>
      Promise.reject(new Error('connection refused')),
    );
    expect(await device.connect()).toMatchObject({ ended: 'error', log: ['connection refused'] });
  });

  test('is the same every time and differs from the next one', () => {
    const serial = (deviceId: string): unknown =>
      new Dm1Device({ url: SERVER_URL, deviceId }, () => Promise.reject(new Error())).tree.find([
        'Vendor',
        'Acme',
        'Meter',
        'Serial',
      ])?.value;
    expect(serial('IMEI:1')).toBe(serial('IMEI:1'));
    expect(serial('IMEI:1')).not.toBe(serial('IMEI:2'));
  });
});
