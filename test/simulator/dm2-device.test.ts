import { Dm2Device, type Dm2DeviceOptions } from '../../src/simulator/dm2-device';
import {
  codes,
  cont,
  dataOf,
  DEVICE,
  MAIN,
  REPOSITORY,
  rightDm2Server,
  type RightDm2Options,
} from './support/right-dm2-server';

const METER = 'urn:oma:mo:ext-acme-meter:1.0';
const FUMO = 'urn:oma:mo:oma-fumo:1.0';
const SCOMO = 'urn:oma:mo:oma-scomo:1.0';
const json = (value: unknown) => ({ type: 'application/dmmo+json', body: JSON.stringify(value) });

function deviceOn(options: RightDm2Options, device: Partial<Dm2DeviceOptions> = {}) {
  const server = rightDm2Server(options);
  return { ...server, device: new Dm2Device({ url: MAIN, deviceId: DEVICE, ...device }, server.transport) };
}

describe('A DM 2.0 device', () => {
  test('begins with its MOs and the initiation alert, and ends with END', async () => {
    const { device, first, posts } = deviceOn({});
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [], authenticated: true });
    expect(posts).toHaveLength(1);
    expect(posts[0]?.headers).toMatchObject({ 'omadm-devid': DEVICE, accept: 'application/vnd.oma.dm.request+json' });
    expect(first[0]?.alerts).toEqual([{ type: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt' }]);
    expect(Object.fromEntries(first[0]?.mos?.map(({ moid, miids }) => [moid, miids]) ?? [])).toMatchObject({
      'urn:oma:mo:oma-dm-devinfo:1.2': ['di'],
      'urn:oma:mo:oma-dm-dmacc:1.2': ['acc1'],
      'urn:oma:mo:oma-sessioninfomo:1.0': ['si'],
      [FUMO]: ['fw1'],
      [SCOMO]: ['SCOMO'],
      [METER]: ['Meter'],
    });
  });

  test('tells the notification that woke it', async () => {
    const { device, first } = deviceOn({});
    await device.connect({ initiatedBy: 'server', notificationId: 6699 });
    expect(first[0]?.alerts).toEqual([
      {
        type: 'urn:oma:at:dm:2.0:ServerInitiatedMgmt',
        dataType: 'application/json',
        data: { 'NOTIFICATION-ID': 6699 },
      },
    ]);
  });

  test('follows CONT, and stays at the main address when it refuses it', async () => {
    const packages = [
      [cont(1), ['GET', `${METER}//Unit`]],
      [cont(2), ['GET', `${METER}//Unit`]],
    ];
    const follows = deviceOn({ packages });
    expect(await follows.device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(follows.posts.map(({ url }) => url)).toEqual([MAIN, `${MAIN}/token-1`, `${MAIN}/token-2`]);
    const refuses = deviceOn({ packages }, { features: { cont: false } });
    expect(await refuses.device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(refuses.posts.map(({ url }) => url)).toEqual([MAIN, MAIN, MAIN]);
    expect(codes(refuses.answers[0])).toEqual([501, 200]);
  });

  test('reads: a bare leaf, a sub-tree, levels, wildcards, conditions, and what is not there', async () => {
    const { device, answers } = deviceOn({
      packages: [
        [
          cont(1),
          ['GET', `${METER}//Interval`],
          ['GET', `${METER}/Meter/`],
          ['GET', `${METER}/Meter/?lv=1`],
          ['GET', `${METER}//Tariff/*/Start`],
          ['GET', `${METER}//Tariff/(t)/Rate?nv=(t)/Start:2200`],
          ['GET', `${METER}/attic/`],
          ['GET', 'urn:example:mo:none:1.0//'],
          ['GET', `${FUMO}//Update/PkgData`],
          ['GET', `${METER}//Key`],
        ],
      ],
    });
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    const [answer] = answers;
    expect(codes(answer)).toEqual([200, 200, 200, 200, 200, 200, 404, 404, 403, 200]);
    expect(dataOf(answer, 1)).toBe('15');
    expect(dataOf(answer, 2)).toMatchObject([
      {
        ClientURI: `${METER}/Meter/`,
        MOData: {
          Meter: {
            Unit: 'kWh',
            Interval: 15,
            Enabled: true,
            Tariff: { day: { Start: '0600', Rate: 0.31 }, night: { Start: '2200', Rate: 0.17 } },
            Ops: { Reset: null },
          },
        },
      },
    ]);
    expect(dataOf(answer, 3)).toMatchObject([{ MOData: { Meter: { Unit: 'kWh', Tariff: {}, Ops: {} } } }]);
    expect(dataOf(answer, 4)).toEqual([
      { ClientURI: `${METER}/Meter/Tariff/day/Start`, MOData: { Start: '0600' } },
      { ClientURI: `${METER}/Meter/Tariff/night/Start`, MOData: { Start: '2200' } },
    ]);
    expect(dataOf(answer, 5)).toBe('0.17');
    expect(answer?.parts.find(({ index }) => index === 9)).toMatchObject({ mediaType: 'application/octet-stream' });
    expect(answer?.parts.find(({ index }) => index === 9)?.body).toHaveLength(16);
  });

  test('writes what it fetches: a bare leaf, a sub-tree, a new node; and refuses what its definition forbids', async () => {
    const { device, answers } = deviceOn({
      items: {
        unit: { type: 'text/plain', body: 'm3' },
        rate: json([{ ClientURI: `${METER}/Meter/Tariff/peak`, MOData: { peak: { Start: '1700', Rate: 0.5 } } }]),
        bad: { type: 'text/plain', body: 'soon' },
        serial: { type: 'text/plain', body: 'x' },
        odd: { type: 'image/png', body: 'x' },
      },
      packages: [
        [
          cont(1),
          ['HGET', `${REPOSITORY}/unit`, `${METER}//Unit`],
          ['HGET', `${REPOSITORY}/rate`, `${METER}//Tariff/peak`],
          ['HGET', `${REPOSITORY}/unit`, `${METER}//Note`],
          ['HGET', `${REPOSITORY}/bad`, `${METER}//Interval`],
          ['HGET', `${REPOSITORY}/serial`, `${METER}//Serial`],
          ['HGET', `${REPOSITORY}/none`, `${METER}//Unit`],
          ['HGET', `${REPOSITORY}/unit`, `${METER}//Missing/Node`],
          ['HGET', `${REPOSITORY}/odd`, `${METER}//Tariff`],
          ['GET', `${METER}//`],
        ],
      ],
    });
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(codes(answers[0])).toEqual([200, 200, 200, 200, 415, 403, 419, 404, 415, 200]);
    expect(dataOf(answers[0], 9)).toMatchObject([
      { MOData: { Meter: { Unit: 'm3', Note: 'm3', Interval: 15, Tariff: { peak: { Start: '1700', Rate: 0.5 } } } } },
    ]);
  });

  test('makes a new instance where the document names none, and tells its MIID', async () => {
    const { device, answers } = deviceOn({
      items: {
        fw: json([
          {
            ClientURI: `${FUMO}//`,
            MOData: { fw2: { PkgName: 'valve', DownloadAndUpdate: { PkgURL: 'https://firmware.example/valve' } } },
          },
        ]),
        meter: json([{ ClientURI: `${METER}//`, MOData: { Second: { Unit: 'l' } } }]),
      },
      packages: [
        [
          cont(1),
          ['HGET', `${REPOSITORY}/fw`],
          ['HGET', `${REPOSITORY}/fw`],
          ['GET', `${FUMO}/fw2/PkgName`],
          ['GET', `${FUMO}/fw2/DownloadAndUpdate/PkgURL`],
        ],
      ],
    });
    expect(await device.connect()).toMatchObject({ violations: [] });
    expect(answers[0]?.statuses).toEqual([
      { sc: 200 },
      { sc: 200, uris: [`${FUMO}/fw2/`] },
      { sc: 200, uris: [`${FUMO}/i1/`] },
      { sc: 200 },
      { sc: 200 },
    ]);
    expect(dataOf(answers[0], 3)).toBe('valve');
  });

  test('a document that cannot be stored whole is not stored at all', async () => {
    const { device, answers } = deviceOn({
      items: { both: json([{ ClientURI: `${METER}/Meter/`, MOData: { Meter: { Unit: 'm3', Serial: 'x' } } }]) },
      packages: [[cont(1), ['HGET', `${REPOSITORY}/both`, `${METER}/Meter/`], ['GET', `${METER}//Unit`]]],
    });
    await device.connect();
    expect(codes(answers[0])).toEqual([200, 403, 200]);
    expect(dataOf(answers[0], 2)).toBe('kWh');
  });

  test('deletes what is dynamic and executes what is executable', async () => {
    const { device, answers } = deviceOn({
      packages: [
        [
          cont(1),
          ['DELETE', `${METER}//Tariff/day`],
          ['DELETE', `${METER}//Unit`],
          ['DELETE', `${METER}//Nothing`],
          ['EXEC', `${METER}//Ops/Reset`],
          ['EXEC', `${METER}//Unit`],
          ['EXEC', `${METER}//Nothing`],
        ],
      ],
    });
    expect((await device.connect()).violations).toEqual([]);
    expect(codes(answers[0])).toEqual([200, 200, 405, 404, 200, 405, 404]);
  });

  test('reports the end of an EXEC in the next session', async () => {
    const { device, answers, first } = deviceOn({
      packages: [[cont(1), ['EXEC', `${FUMO}//DownloadAndUpdate`], ['GET', `${FUMO}//State`]]],
    });
    await device.connect();
    expect(codes(answers[0])).toEqual([200, 202, 200]);
    expect(dataOf(answers[0], 2)).toBe('30');
    await device.connect();
    expect(first[1]?.alerts).toEqual([
      { type: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt' },
      {
        type: 'org.openmobilealliance.dm.firmwareupdate.downloadandupdate',
        sourceUri: `${FUMO}/fw1/`,
        mark: 'informational',
        dataType: 'application/json',
        data: { ResultCode: 200 },
      },
    ]);
    await device.connect();
    expect(first[2]?.alerts).toHaveLength(1);
  });

  test('reports to the address that came with the EXEC, in a session of its own', async () => {
    const report = 'https://dm.example/dm/2/report-7';
    const { device, posts, first, answers } = deviceOn({
      packages: [[cont(1), ['EXEC', `${METER}//Ops/Reset`, report]]],
    });
    await device.connect();
    expect(codes(answers[0])).toEqual([200, 202]);
    await device.connect();
    expect(posts.at(-1)?.url).toBe(report);
    expect(first[1]?.alerts).toMatchObject([{ sourceUri: `${METER}/Meter/Ops/Reset` }]);
  });

  test('reports within the session when told to', async () => {
    const { device, answers } = deviceOn(
      {
        packages: [
          [cont(1), ['EXEC', `${SCOMO}//Inventory/Deployed/c2/Operations/Activate`]],
          [cont(2), ['GET', `${SCOMO}//Inventory/Deployed/c2/State`]],
        ],
      },
      { alertInSession: true },
    );
    await device.connect();
    expect(answers[0]?.alerts).toMatchObject([
      {
        type: 'urn:oma:at:scomo:1.0:OperationComplete',
        sourceUri: `${SCOMO}/SCOMO/Inventory/Deployed/c2/Operations/Activate`,
        targetUri: `${SCOMO}/SCOMO/Inventory/Deployed/c2`,
        data: { ResultCode: 1200, Identifier: 'app-chat' },
      },
    ]);
    expect(dataOf(answers[1], 1)).toBe('20');
  });

  test('uploads: bare, as MO data, in a type that the server takes', async () => {
    const packages = [
      [
        cont(1),
        ['HPUT', `${REPOSITORY}/a?d=[DevID]`, `${METER}//Unit`],
        ['HPOST', `${REPOSITORY}/b`, `${METER}//Unit`, `${METER}//Nothing`],
        ['HPUT', `${REPOSITORY}/c`, `${METER}//Nothing`],
      ],
    ];
    const plain = deviceOn({ packages });
    expect((await plain.device.connect()).violations).toEqual([]);
    expect(codes(plain.answers[0])).toEqual([200, 200, 200, 404]);
    expect(plain.uploads.map(({ method, type }) => `${method} ${type}`)).toEqual([
      'PUT text/plain;charset=utf-8',
      'POST application/dmmo+json',
    ]);
    expect(plain.uploads[0]).toMatchObject({ url: `${REPOSITORY}/a?d=IMEI%3A356938035643809`, body: 'kWh' });
    const picky = deviceOn({ packages, acceptUploads: 'application/dmmo+json' });
    await picky.device.connect();
    expect(codes(picky.answers[0])).toEqual([200, 200, 200, 404]);
    expect(picky.uploads.map(({ type }) => type)).toEqual(['application/dmmo+json', 'application/dmmo+json']);
    const none = deviceOn({ packages, headers: { 'omadm-accept': 'application/xml' } });
    await none.device.connect();
    expect(codes(none.answers[0])).toEqual([200, 406, 406, 404]);
  });

  test('optional commands: SHOW, DEFAULT, SUB and UNSUB', async () => {
    const packages = [
      [
        cont(1),
        ['SHOW', 'https://dm.example/ui/1'],
        ['DEFAULT', 'https://dm.example/conf/[MCC]', 'urn:example:mo:mms:1.0'],
        ['SUB', `${REPOSITORY}/s`, `${METER}//`],
        ['UNSUB', `${METER}/other/`],
      ],
    ];
    const plain = deviceOn({ packages });
    await plain.device.connect();
    expect(codes(plain.answers[0])).toEqual([200, 200, 200, 501, 501]);
    const without = deviceOn({ packages }, { features: { show: false, defaults: false, subscriptions: true } });
    await without.device.connect();
    expect(codes(without.answers[0])).toEqual([200, 501, 501, 200, 404]);
    expect(await without.device.pushChanges()).toBe(0);
    without.device.tree.replace(['Vendor', 'Acme', 'Meter', 'Unit'], { value: 'm3' }, undefined);
    expect(await without.device.pushChanges()).toBe(1);
    expect(without.uploads[0]?.body).toContain('"Unit":"m3"');
    expect(await without.device.pushChanges()).toBe(0);
  });

  test('validators: 304 while nothing changed', async () => {
    const { device, answers } = deviceOn(
      { packages: [[cont(1), ['GET', `${METER}//`]]] },
      { features: { caching: true } },
    );
    await device.connect();
    const [entry] = dataOf(answers[0], 1) as { CV: string }[];
    const again = deviceOn(
      { packages: [[cont(1), ['GET', `${METER}//Unit?cv=${entry?.CV ?? ''}`], ['GET', `${METER}//?cv=old`]]] },
      { features: { caching: true } },
    );
    await again.device.connect();
    expect(codes(again.answers[0])).toEqual([200, 304, 200]);
  });

  test.each(['basic', 'digest'] as const)('HTTP %s: answers the challenge', async (scheme) => {
    const { device, posts } = deviceOn(
      { auth: { scheme, user: 'dev', secret: 'p:w' }, packages: [[cont(1), ['GET', `${METER}//Unit`]]] },
      { user: 'dev', secret: 'p:w', auth: scheme },
    );
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [], authenticated: true });
    expect(posts).toHaveLength(scheme === 'basic' ? 2 : 3);
    const wrong = deviceOn(
      { auth: { scheme, user: 'dev', secret: 'p:w' } },
      { user: 'dev', secret: 'no', auth: scheme },
    );
    expect(await wrong.device.connect()).toMatchObject({ ended: 'server', authenticated: false });
  });

  test('shows credentials to no other server', async () => {
    const seen: (string | undefined)[] = [];
    const server = rightDm2Server({
      auth: { scheme: 'basic', user: 'dev', secret: 'pw' },
      packages: [[cont(1), ['HGET', 'https://elsewhere.example/x', `${METER}//Unit`]]],
    });
    const device = new Dm2Device(
      { url: MAIN, deviceId: DEVICE, user: 'dev', secret: 'pw', auth: 'basic' },
      (request) => {
        if (!request.url.startsWith('https://elsewhere.example/')) return server.transport(request);
        seen.push(request.headers['authorization']);
        return Promise.resolve({
          status: 200,
          headers: { 'content-type': 'text/plain' },
          body: new Uint8Array(Buffer.from('m3')),
        });
      },
    );
    expect((await device.connect()).violations).toEqual([]);
    expect(seen).toEqual([undefined]);
  });

  test('executes what stands before END and sends nothing more', async () => {
    const { device, posts, uploads } = deviceOn({
      packages: [[['HPUT', `${REPOSITORY}/x`, `${METER}//Unit`], ['END']]],
    });
    expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
    expect(posts).toHaveLength(1);
    expect(uploads).toHaveLength(1);
  });

  test('keeps tree and pending reports over a restart', async () => {
    const { device } = deviceOn({ packages: [[cont(1), ['EXEC', `${FUMO}//Download`]]] });
    await device.connect();
    const next = deviceOn({});
    next.device.load(JSON.parse(JSON.stringify(device.save())));
    await next.device.connect();
    expect(next.first[0]?.alerts).toHaveLength(2);
  });
});
