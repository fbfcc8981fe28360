import { type Dm1Device, type SessionTrigger, wakeUpOf } from '../../src/simulator';
import {
  SERVER_ID,
  SERVER_SECRET,
  ask,
  codesOf,
  contact,
  createAccount,
  faultless,
  register,
  simulated,
  startWorld,
} from './support/world';
import { messagesOf, statusesOf } from './support/clients';
import type { World } from './support/world';

interface Prepared {
  readonly sessionId: string;
  readonly document: {
    readonly octets: string;
    readonly mediaType: string;
    readonly wsp: string;
    readonly sms: readonly string[];
  };
}

const PREPARE = `mutation ($input: PrepareNotificationInput!) { prepareNotification(input: $input) {
  sessionId device { deviceId } document { octets mediaType wsp sms } } }`;

let world: World;
let count = 0;
let aheadMs = 0;

beforeAll(async () => {
  world = await startWorld({ now: () => Date.now() + aheadMs });
});
afterEach(() => (aheadMs = 0));
afterAll(() => world.close());

/** A device that was in contact, so that both sides know each other's nonces. */
async function acquainted(): Promise<Dm1Device> {
  const device = await world.device('dm1', `IMEI:${35693803564000 + count++}`, { serverSecret: SERVER_SECRET });
  await contact(device);
  return device as Dm1Device;
}

async function prepare(deviceId: string, input: Readonly<Record<string, unknown>> = {}): Promise<Prepared> {
  const { prepareNotification } = await ask<{ prepareNotification: Prepared }>(world.gateway, PREPARE, {
    input: { deviceId, ...input },
  });
  return prepareNotification;
}

const octetsOf = ({ document }: Prepared): Uint8Array => new Uint8Array(Buffer.from(document.octets, 'base64'));

async function eventsOf(deviceId: string, type: string): Promise<readonly { data: unknown }[]> {
  const { events } = await ask<{ events: { nodes: { data: unknown }[] } }>(
    world.gateway,
    'query ($id: ID!, $type: String!) { events(where: { deviceId: $id, type: $type }) { nodes { data } } }',
    { id: deviceId, type },
  );
  return events.nodes;
}

async function resyncAt(deviceId: string): Promise<Date | null | undefined> {
  const [row] = await world.gateway.db.sql.query<{ resync_at: Date | null }>(
    `SELECT c.resync_at FROM device_credential c JOIN device d ON d.id = c.device_id
     WHERE d.device_id = $1 AND c.direction = 'CLIENT'`,
    [deviceId],
  );
  return row?.resync_at;
}

describe('A notification (dm1 16)', () => {
  test('is believed by its device, which begins the session that it names', async () => {
    const device = await acquainted();
    const prepared = await prepare(device.deviceId);
    expect(prepared.document.mediaType).toBe('application/vnd.syncml.notification');
    expect(prepared.document.sms).toHaveLength(1);
    const wakeUp = wakeUpOf(device, octetsOf(prepared));
    expect(wakeUp).toEqual({ ok: true, trigger: { initiatedBy: 'server', sessionId: prepared.sessionId } });
    if (!wakeUp.ok) return;
    const report = faultless(await device.connect(wakeUp.trigger));
    const [first] = report.messages;
    expect(Buffer.from(first?.body ?? []).toString('latin1')).toContain('1200');
    expect(await eventsOf(device.deviceId, 'wakeUpAnswered')).toEqual([{ data: { match: prepared.sessionId } }]);
  });

  test.each<[string, SessionTrigger | undefined]>([
    ['by a client that writes the SessionID otherwise', { initiatedBy: 'server', sessionId: '201' }],
    ['by a session that the device had begun anyway', undefined],
  ])('is answered also %s (16.3, client-quirks 22)', async (_who, trigger) => {
    const device = await acquainted();
    await prepare(device.deviceId, { sessionId: '0102' });
    aheadMs = 59 * 60_000;
    faultless(await device.connect(trigger));
    expect(await eventsOf(device.deviceId, 'wakeUpAnswered')).toEqual([{ data: { match: '102' } }]);
  });

  test('is answered once, and the next one again', async () => {
    const device = await acquainted();
    for (const sessionId of ['A', 'B']) {
      await prepare(device.deviceId, { sessionId });
      faultless(await device.connect({ initiatedBy: 'server', sessionId }));
      faultless(await device.connect({ initiatedBy: 'server', sessionId: 'C' }));
      await contact(device);
    }
    expect(await eventsOf(device.deviceId, 'wakeUpAnswered')).toEqual([
      { data: { match: 'A' } },
      { data: { match: 'B' } },
    ]);
  });

  test('is not answered by what comes without it, over an hour later, or is refused', async () => {
    const device = await acquainted();
    faultless(await device.connect({ initiatedBy: 'server', sessionId: '1' }));
    await contact(device);
    await prepare(device.deviceId);
    const stranger = simulated('dm1', world.gateway.deviceUrl, device.deviceId, { secret: 'guessed' });
    expect(await stranger.connect({ initiatedBy: 'server', sessionId: '1' })).toMatchObject({ authenticated: false });
    aheadMs = 61 * 60_000;
    faultless(await device.connect({ initiatedBy: 'server', sessionId: '1' }));
    expect(await eventsOf(device.deviceId, 'wakeUpAnswered')).toEqual([]);
  });

  test('has another session each time, unless it is sent once more', async () => {
    const device = await acquainted();
    const first = await prepare(device.deviceId);
    const second = await prepare(device.deviceId);
    const again = await prepare(device.deviceId, { sessionId: second.sessionId.toLowerCase() });
    expect(first.sessionId).not.toBe(second.sessionId);
    expect(again).toEqual(second);
    await prepare(device.deviceId, { sessionId: 'FFFF' });
    expect((await prepare(device.deviceId)).sessionId).toBe('1');
  });

  test('does not use up the nonce: it is renewed by the device in its session', async () => {
    const device = await acquainted();
    for (const prepared of [await prepare(device.deviceId), await prepare(device.deviceId)])
      expect(wakeUpOf(device, octetsOf(prepared))).toMatchObject({ ok: true });
    await contact(device);
    expect(wakeUpOf(device, octetsOf(await prepare(device.deviceId)))).toMatchObject({ ok: true });
  });

  test('is not believed when it was changed, is of another device, or of another server', async () => {
    const [device, other] = [await acquainted(), await acquainted()];
    const octets = octetsOf(await prepare(device.deviceId));
    const changed = Uint8Array.from(octets);
    changed[22] = (changed[22] ?? 0) ^ 1;
    expect(wakeUpOf(device, changed)).toMatchObject({ ok: false });
    expect(wakeUpOf(other, octets)).toMatchObject({ ok: false });
    expect(wakeUpOf(device, octets.subarray(0, 20))).toMatchObject({ ok: false });
  });

  test('tells how the user is to notice it, who wanted it, and what the vendor adds', async () => {
    const device = await acquainted();
    const octets = octetsOf(
      await prepare(device.deviceId, { uiMode: 'INTERACTIVE', initiator: 'USER', vendor: 'AQID', sessionId: 'A1' }),
    );
    const expected = `02f000000000a1${SERVER_ID.length.toString(16).padStart(2, '0')}${Buffer.from(SERVER_ID).toString('hex')}010203`;
    expect(Buffer.from(octets.subarray(16)).toString('hex')).toBe(expected);
  });

  test('has the version of DM 1.1.2 for a device that speaks it', async () => {
    const deviceId = 'IMEI:356938035640001112';
    await register(world.gateway, { deviceId, accountId: world.accountId, protocol: 'DM_1_1_2' });
    const octets = octetsOf(await prepare(deviceId));
    expect(Buffer.from(octets.subarray(16, 18)).toString('hex')).toBe('0298');
  });
});

describe('A notification for resynchronisation (dm1 16.5)', () => {
  test.each(['OCTETS', 'CHARACTERS'])(
    'of %s reaches a device that lost its nonces, and its session succeeds',
    async (resync) => {
      const device = await acquainted();
      device.load({ ...device.save(), clientNonce: 'bG9zdA==', serverNonce: 'bG9zdA==' });
      expect(wakeUpOf(device, octetsOf(await prepare(device.deviceId)))).toMatchObject({ ok: false });
      const prepared = await prepare(device.deviceId, { resync });
      expect(await resyncAt(device.deviceId)).toEqual(expect.any(Date));
      const wakeUp = wakeUpOf(device, octetsOf(prepared));
      if (!wakeUp.ok) throw new Error(wakeUp.reason);
      faultless(await device.connect(wakeUp.trigger));
      // A nonce was given to the device: the special one is taken no more.
      expect(await resyncAt(device.deviceId)).toBeNull();
    },
  );

  test.each<[string, Readonly<Record<string, unknown>> | undefined, number, string]>([
    ['at once is let in', { resync: 'OCTETS' }, 0, '212'],
    ['within ten minutes is let in', { resync: 'OCTETS' }, 9 * 60_000, '212'],
    ['after ten minutes is refused', { resync: 'OCTETS' }, 11 * 60_000, '401'],
    ['after a notification with the nonce that is known is refused', {}, 0, '401'],
    ['without notification is refused', undefined, 0, '401'],
  ])('a credential over four zero octets %s', async (_what, notified, afterMs, code) => {
    const device = await acquainted();
    if (notified !== undefined) await prepare(device.deviceId, notified);
    aheadMs = afterMs;
    device.load({ ...device.save(), clientNonce: Buffer.alloc(4).toString('base64') });
    const [first] = messagesOf(await device.connect(), 'in');
    expect(statusesOf(first)[0]).toMatchObject({ cmd: 'SyncHdr', data: code });
  });

  test('is noted with the device, and only it', async () => {
    const device = await acquainted();
    await prepare(device.deviceId);
    expect(await resyncAt(device.deviceId)).toBeNull();
  });
});

describe('prepareNotification refuses', () => {
  const codes = async (input: object): Promise<readonly unknown[]> =>
    codesOf(await world.gateway.graphql(PREPARE, { input }));

  test('devices without a credential of the server, and unknown ones', async () => {
    const accountId = await createAccount(world.gateway, { serverAuth: { type: 'NONE' } });
    await register(world.gateway, { deviceId: 'IMEI:1', accountId });
    await register(world.gateway, { deviceId: 'IMEI:2', accountId, protocol: 'DM_2_0' });
    expect(await codes({ deviceId: 'IMEI:1' })).toEqual(['BAD_USER_INPUT']);
    expect(await codes({ deviceId: 'IMEI:2' })).toEqual(['BAD_USER_INPUT']);
    expect(await codes({ deviceId: 'IMEI:3' })).toEqual(['NOT_FOUND']);
  });

  test.each([
    { sessionId: '0' },
    { sessionId: '10000' },
    { sessionId: 'x' },
    { vendor: Buffer.alloc(65).toString('base64') },
  ])('%j', async (input) => {
    const device = await acquainted();
    expect(await codes({ deviceId: device.deviceId, ...input })).toEqual(['BAD_USER_INPUT']);
  });
});
