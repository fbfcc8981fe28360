import { createHash } from 'node:crypto';

import { wakeUpOfPackage0, type Dm2Device, type SessionTrigger } from '../../../src/simulator';
import { startSharedWorld, type SharedWorld } from '../support/shared-world';
import { PUBLIC_URL } from '../support/spoken';
import { METER, SERVER_ID, SERVER_SECRET, ask, codesOf, contact, faultless, submit } from '../support/world';

const MINUTE_MS = 60_000;
const PREPARE = `mutation ($input: PrepareNotificationInput!) { prepareNotification(input: $input) {
  sessionId device { deviceId } document { octets mediaType wsp sms } } }`;

interface Prepared {
  readonly sessionId: string;
  readonly octets: Buffer;
  readonly document: { readonly mediaType: string; readonly wsp: string; readonly sms: readonly string[] };
}

let world: SharedWorld;
let count = 0;

beforeAll(async () => {
  world = await startSharedWorld({ at: Date.parse('2026-02-01T12:00:00Z') });
});
afterAll(() => world.close());

/** A device that has the account's secret for notifications, and was in contact. */
async function acquainted(): Promise<Dm2Device> {
  const notification = { secret: Buffer.from(SERVER_SECRET), data: new Uint8Array() };
  const deviceId = `IMEI:${35693803564300 + count++}`;
  const device = (await world.device('dm2', deviceId, { notification, mos: 'asked' })) as Dm2Device;
  await contact(device);
  return device;
}

async function prepare({ deviceId }: Pick<Dm2Device, 'deviceId'>, input: object = {}): Promise<Prepared> {
  const { prepareNotification: made } = await ask<{
    prepareNotification: Omit<Prepared, 'octets'> & { readonly document: { readonly octets: string } };
  }>(world.gateway, PREPARE, { input: { deviceId, ...input } });
  return { ...made, octets: Buffer.from(made.document.octets, 'base64') };
}

/** What the device makes of it: how its session begins. */
function triggerOf(device: Dm2Device, { octets }: Prepared): SessionTrigger {
  const wakeUp = wakeUpOfPackage0(device, octets, world.now());
  if (!wakeUp.ok) throw new Error(wakeUp.reason);
  return wakeUp.trigger;
}

async function answeredBy({ deviceId }: Dm2Device): Promise<readonly unknown[]> {
  const { events } = await ask<{ events: { nodes: { data: { match?: string } }[] } }>(
    world.gateway,
    'query ($id: ID!) { events(where: { deviceId: $id, type: "wakeUpAnswered" }) { nodes { data } } }',
    { id: deviceId },
  );
  return events.nodes.map(({ data }) => data.match);
}

function packageOne(report: Awaited<ReturnType<Dm2Device['connect']>>): { MOS?: unknown; Alert: unknown } {
  return JSON.parse(Buffer.from(report.messages[0]?.body ?? []).toString('utf8')) as { MOS?: unknown; Alert: unknown };
}

describe('3 Package#0 of a real gateway', () => {
  test('has all options but the connections, and the digest of its secret', async () => {
    const device = await acquainted();
    const { sessionId, octets } = await prepare(device);
    const id = Buffer.from(sessionId.padStart(4, '0'), 'hex');
    const name = Buffer.from(SERVER_ID);
    const seconds = Buffer.alloc(4);
    seconds.writeUInt32BE(world.now() / 1000);
    const message = (digest: Buffer): Buffer =>
      Buffer.concat([
        Buffer.from('2280', 'hex'),
        Buffer.from([0x10, name.length]),
        name,
        Buffer.from('2002', 'hex'),
        id,
        Buffer.from('1020', 'hex'),
        digest,
        Buffer.from('1004', 'hex'),
        seconds,
        Buffer.from('1000', 'hex'),
      ]);
    const digest = createHash('sha256')
      .update(SERVER_SECRET)
      .update(message(Buffer.alloc(32)))
      .digest();
    expect(octets.toString('hex')).toBe(message(digest).toString('hex'));
  });

  test('tells connections, and asks for no objects where the caller wants it so', async () => {
    const device = await acquainted();
    const prepared = await prepare(device, { connections: ['WLAN', 'ANY_AVAILABLE'], requestMos: false });
    expect(wakeUpOfPackage0(device, prepared.octets, world.now())).toMatchObject({
      ok: true,
      connections: ['WLAN', 'ANY_AVAILABLE'],
      trigger: { requestsMos: false },
    });
  });

  test('is carried by a WSP push to port 2948, in one short message (3.5)', async () => {
    const { octets, document } = await prepare(await acquainted());
    const wsp = Buffer.from(document.wsp, 'base64').toString('hex');
    expect(document.mediaType).toBe('application/vnd.syncml.dm.notification');
    expect(wsp).toBe(`010603d8af87${octets.toString('hex')}`);
    expect(document.sms.map((part) => Buffer.from(part, 'base64').toString('hex'))).toEqual([`0605040b84c002${wsp}`]);
  });

  test('brings the device with its objects, which answers by the identifier and gets its work', async () => {
    const device = await acquainted();
    const address = { moid: 'urn:oma:mo:oma-dm-devinfo:1.2', path: 'Man' };
    await submit(world.gateway, device.deviceId, [{ get: { address } }]);
    const prepared = await prepare(device);
    const report = faultless(await device.connect(triggerOf(device, prepared)));
    const id = Number.parseInt(prepared.sessionId, 16);
    expect(packageOne(report)).toMatchObject({
      MOS: expect.arrayContaining([expect.objectContaining({ MOID: METER })]) as unknown,
      Alert: [{ AlertType: 'urn:oma:at:dm:2.0:ServerInitiatedMgmt', Data: { 'NOTIFICATION-ID': id } }],
    });
    expect(report.statusesSeen.map(({ command }) => command)).toContain('GET');
    expect(await answeredBy(device)).toEqual([prepared.sessionId]);
  });

  test('has an identifier that counts up, and keeps it when it is sent once more, which the device drops', async () => {
    const device = await acquainted();
    const first = await prepare(device, { sessionId: '00FE' });
    await world.passes(MINUTE_MS);
    const second = await prepare(device);
    const again = await prepare(device, { sessionId: second.sessionId });
    expect([first.sessionId, second.sessionId, again.sessionId]).toEqual(['FE', 'FF', 'FF']);
    expect(again).toEqual(second);
    triggerOf(device, second);
    expect(wakeUpOfPackage0(device, again.octets, world.now())).toMatchObject({ ok: false });
  });

  test('is matched by its identifier, also when a later one is on its way', async () => {
    const device = await acquainted();
    const prepared: Prepared[] = [];
    for (const sessionId of ['10', '11', '12']) prepared.push(await prepare(device, { sessionId }));
    const [, second, third] = prepared.map((one) => triggerOf(device, one));
    faultless(await device.connect(second));
    // Now for the last: the one before it and the first are settled.
    faultless(await device.connect({ initiatedBy: 'server', notificationId: 0x10 }));
    faultless(await device.connect(third));
    faultless(await device.connect(third));
    expect(await answeredBy(device)).toEqual(['11', '12']);
  });

  test('is not answered by what the device begins by itself, nor by a stranger with its identifier', async () => {
    const device = await acquainted();
    const { sessionId } = await prepare(device);
    await contact(device);
    const notificationId = Number.parseInt(sessionId, 16);
    const response = await fetch(world.reach(`${PUBLIC_URL}/dm/2`), {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.oma.dm.initiation+json', 'omadm-devid': device.deviceId },
      body: JSON.stringify({
        Alert: [{ AlertType: 'urn:oma:at:dm:2.0:ServerInitiatedMgmt', Data: notificationId }],
      }),
    });
    expect(response.status).toBe(401);
    expect(await answeredBy(device)).toEqual([]);
    faultless(await device.connect({ initiatedBy: 'server', notificationId }));
    expect(await answeredBy(device)).toEqual([sessionId]);
  });

  test('is not believed by another device, of another server, changed, or too old', async () => {
    const device = await acquainted();
    const { octets } = await prepare(device);
    const other = { ...device.options, notification: { secret: Buffer.from('another'), data: new Uint8Array() } };
    const stranger = (options: object): Dm2Device => Object.assign(Object.create(device) as Dm2Device, { options });
    expect(wakeUpOfPackage0(stranger(other), octets, world.now())).toMatchObject({ ok: false });
    expect(wakeUpOfPackage0(stranger({ ...device.options, serverId: 'other' }), octets, world.now())).toMatchObject({
      ok: false,
    });
    expect(wakeUpOfPackage0(device, octets, world.now() + 8 * 24 * 60 * MINUTE_MS)).toMatchObject({ ok: false });
    octets.writeUInt8(octets.readUInt8(30) ^ 1, 30);
    expect(wakeUpOfPackage0(device, octets, world.now())).toMatchObject({ ok: false });
  });

  test.each([{ resync: 'OCTETS' }, { vendor: 'AQID' }, { connections: ['ANY_AVAILABLE', 'WLAN'] }, { sessionId: '0' }])(
    'is refused with %j',
    async (input) => {
      const { deviceId } = await acquainted();
      expect(codesOf(await world.gateway.graphql(PREPARE, { input: { deviceId, ...input } }))).toEqual([
        'BAD_USER_INPUT',
      ]);
    },
  );

  test('options of DM 2.0 are refused to a device of DM 1.x', async () => {
    const { deviceId } = await world.device('dm1', 'IMEI:356938035643999');
    for (const input of [{ connections: ['WLAN'] }, { requestMos: true }])
      expect(codesOf(await world.gateway.graphql(PREPARE, { input: { deviceId, ...input } }))).toEqual([
        'BAD_USER_INPUT',
      ]);
  });
});
