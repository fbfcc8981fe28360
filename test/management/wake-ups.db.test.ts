import { dm1Documents } from '../../adapters/dm1';
import type { BearerOutcome, Recipient } from '../../src/bearers/bearer';
import { wakeUpOf, Dm1Device } from '../../src/simulator';
import type { WakeUps, WakeUpView } from '../../src/management/wake-up-types';
import { createWakeUps, type WakeUpsDeps } from '../../src/management/wake-ups';
import { CALLER, openWorld, type World } from './world';

const SECRET = 'secret of the server';
const SETTINGS = { bearers: ['one', 'two'], answerMs: 60_000, retryMs: 1_000, retryMostMs: 8_000, keepMs: 86_400_000 };

let world: World;
let wakeUps: WakeUps;
/** What was sent: bearer, DevId, octets. */
let sent: { readonly bearer: string; readonly to: Recipient; readonly octets: Uint8Array }[];
let outcomes: Record<string, BearerOutcome>;
let rate: number;
let count = 0;
/** Held until it is called. */
let hold: Promise<void> | undefined;

beforeAll(async () => {
  world = await openWorld();
  await world.rows(`UPDATE account SET server_auth_type = 'DIGEST_MD5', server_secret = $1`, [
    world.secrets.encrypt(SECRET, 'credential/SERVER'),
  ]);
});
beforeEach(async () => {
  sent = [];
  outcomes = { one: { outcome: 'ACCEPTED', messageId: 'm' }, two: { outcome: 'ACCEPTED' } };
  rate = 1_000;
  hold = undefined;
  await world.rows('UPDATE wake_up SET ended_at = $1 WHERE ended_at IS NULL', [new Date(world.now)]);
  await world.rows('DELETE FROM bearer_pace');
  wakeUps = await made();
});
afterEach(() => wakeUps.stop());
afterAll(() => world.close());

async function made(more: Partial<WakeUpsDeps> = {}): Promise<WakeUps> {
  const log = {
    debug: (): void => undefined,
    warn: (): void => undefined,
    error: (detail: object): void => void world.errors.push(detail),
  };
  const port = (name: string): ReturnType<WakeUpsDeps['ports']['find']> =>
    name !== 'one' && name !== 'two'
      ? undefined
      : {
          limits: { ratePerSecond: rate, timeoutMs: 1_000, attempts: 2 },
          bearer: {
            name,
            kind: 'udp',
            send: async ({ octets }, to) => {
              sent.push({ bearer: name, to, octets });
              await hold;
              return outcomes[name] ?? { outcome: 'REFUSED', reason: 'it is a test' };
            },
            close: () => Promise.resolve(),
          },
        };
  const deps: WakeUpsDeps = {
    db: world.db,
    secrets: world.secrets,
    makerOf: () => dm1Documents,
    ports: { names: ['one', 'two'], find: port },
    settings: SETTINGS,
    log,
    now: () => world.now,
    random: () => 0.5,
    ...more,
  };
  const service = createWakeUps(deps);
  await service.start();
  return service;
}

/** A device with a command that is queued. */
async function busy(): Promise<string> {
  const key = await world.device(`IMEI:${3_000 + count++}`);
  await work(key);
  return key;
}

async function work(key: string, operations = world.operations, idempotencyKey?: string): Promise<string> {
  const [device] = await world.rows<{ name: string }>('SELECT device_id AS name FROM device WHERE id = $1', [key]);
  const address = { moid: 'urn:example:lamp:1.0', path: '' };
  const { id } = await operations.submit(
    { deviceId: device?.name ?? '', commands: [{ kind: 'get', address }], idempotencyKey },
    CALLER,
  );
  return id;
}

async function latest(key: string): Promise<WakeUpView | undefined> {
  return (await wakeUps.list(key, 1)).items[0];
}

/** Time goes by; what is due then is done. */
async function after(ms: number): Promise<void> {
  world.now += ms;
  await wakeUps.run();
  await wakeUps.idle();
}

async function eventsOf(key: string): Promise<readonly { type: string; data: Record<string, unknown> }[]> {
  return world.rows(`SELECT type, data FROM event WHERE device_id = $1 AND type LIKE 'wakeUp%' ORDER BY id`, [key]);
}

describe('A device that has work and no session', () => {
  test('is woken once, however many operations wait, by a notification that it believes', async () => {
    const key = await busy();
    const operation = await work(key);
    await wakeUps.wake([key]);
    await wakeUps.wake([key]);
    await wakeUps.idle();
    expect(sent).toHaveLength(1);
    const device = new Dm1Device(
      {
        url: 'http://dm.example',
        deviceId: sent[0]?.to.deviceId ?? '',
        serverUser: 'dm.example',
        serverSecret: SECRET,
      },
      () => Promise.reject(new Error('nobody asks')),
    );
    expect(wakeUpOf(device, sent[0]?.octets ?? new Uint8Array())).toMatchObject({ ok: true });
    expect(await latest(key)).toMatchObject({
      state: 'SENT',
      bearers: ['one', 'two'],
      askedBy: null,
      dueAt: new Date(world.now + 60_500),
      attempts: [{ bearer: 'one', outcome: 'ACCEPTED', messageId: 'm', reason: null }],
    });
    expect(await world.operations.get(key, operation)).toMatchObject({ state: 'NOTIFIED' });
    const wakeUp = (await latest(key))?.id;
    expect(await eventsOf(key)).toEqual([{ type: 'wakeUpSent', data: { wakeUp, bearer: 'one', messageId: 'm' } }]);
  });

  test('is woken again when it does not come, then by the next bearer, then left to come by itself', async () => {
    const key = await busy();
    await wakeUps.wake([key]);
    await wakeUps.idle();
    await after(60_000);
    expect(sent).toHaveLength(1);
    await after(500);
    expect(sent.map(({ bearer }) => bearer)).toEqual(['one', 'one']);
    expect(sent[1]?.octets).not.toEqual(sent[0]?.octets);
    await after(61_000);
    expect(sent.map(({ bearer }) => bearer)).toEqual(['one', 'one', 'two']);
    await after(62_000);
    await after(62_000);
    expect(sent.map(({ bearer }) => bearer)).toEqual(['one', 'one', 'two', 'two']);
    expect(await latest(key)).toMatchObject({ state: 'FAILED', dueAt: null, endedAt: new Date(world.now) });
    expect((await eventsOf(key)).map(({ type }) => type)).toEqual([
      ...new Array<string>(4).fill('wakeUpSent'),
      'wakeUpFailed',
    ]);
    await after(86_000_000);
    expect(sent).toHaveLength(4);
  });

  test('is sent the same notification where a bearer failed, after a wait, and another one where it is refused', async () => {
    outcomes['one'] = { outcome: 'FAILED', reason: 'no connection' };
    const key = await busy();
    await wakeUps.wake([key]);
    await wakeUps.idle();
    await after(499);
    expect(sent).toHaveLength(1);
    await after(1);
    expect(sent.slice(1).map(({ bearer, octets }) => [bearer, octets])).toEqual([
      ['one', sent[0]?.octets],
      ['two', expect.not.arrayContaining([sent[0]?.octets]) as unknown],
    ]);
    expect((await latest(key))?.attempts).toMatchObject([
      { bearer: 'one', outcome: 'FAILED', reason: 'no connection' },
      { bearer: 'one', outcome: 'FAILED' },
      { bearer: 'two', outcome: 'ACCEPTED' },
    ]);
  });

  test('is woken by its own bearers before those of its account, and not at all where that says `none`', async () => {
    const [own, accounts, none] = [await busy(), await busy(), await busy()];
    await world.rows(`UPDATE device SET bearers = '["two"]' WHERE id = $1`, [own]);
    await world.rows(`UPDATE device SET bearers = '["none", "one"]' WHERE id = $1`, [none]);
    await world.rows(`UPDATE account SET bearers = '["one"]'`);
    await wakeUps.wake([own, accounts, none]);
    await wakeUps.idle();
    await world.rows('UPDATE account SET bearers = NULL');
    expect(sent.map(({ bearer }) => bearer).sort()).toEqual(['one', 'two']);
    expect((await latest(own))?.bearers).toEqual(['two']);
    expect((await latest(accounts))?.bearers).toEqual(['one']);
    expect(await latest(none)).toBeUndefined();
  });

  test('is tried by the next bearer where the configuration lost the first, or no notification can be made', async () => {
    const [lost, unsigned] = [await busy(), await busy()];
    await world.rows(`UPDATE device SET bearers = '["gone", "two"]' WHERE id = $1`, [lost]);
    await world.rows(`INSERT INTO device_credential (device_id, direction, type) VALUES ($1, 'SERVER', 'NONE')`, [
      unsigned,
    ]);
    await wakeUps.wake([lost, unsigned]);
    await wakeUps.idle();
    await after(0);
    await wakeUps.idle();
    expect(sent.map(({ bearer }) => bearer)).toEqual(['two']);
    expect(await latest(unsigned)).toMatchObject({
      state: 'FAILED',
      attempts: [{ outcome: 'REFUSED' }, { outcome: 'REFUSED' }],
    });
    expect((await eventsOf(unsigned)).map(({ data }) => data['reason'])).toEqual([
      expect.stringMatching(/^serverAuth: /),
    ]);
  });

  test('is not woken when its work is gone', async () => {
    outcomes['one'] = { outcome: 'FAILED', reason: 'no connection' };
    const key = await busy();
    await wakeUps.wake([key]);
    await wakeUps.idle();
    await world.rows(`UPDATE command SET state = 'CANCELLED' WHERE device_id = $1`, [key]);
    await after(1_000);
    expect(sent).toHaveLength(1);
    expect(await latest(key)).toMatchObject({ state: 'CANCELLED', endedAt: new Date(world.now) });
  });

  test('is not woken while it is in a session, nor when that has taken the work', async () => {
    const key = await busy();
    await world.rows(
      `INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status,
         last_headers, last_body, last_at, expires_at) VALUES ($1, 'DM_1_2', 's', 't', 'open', 1, '{}', '', 200, '{}', '', now(), $2)`,
      [key, new Date(world.now + 20_000)],
    );
    await wakeUps.wake([key]);
    await after(6_000);
    await after(6_000);
    expect(sent).toHaveLength(0);
    await after(10_000);
    expect(sent).toHaveLength(1);
  });
});

describe('A wake-up without work', () => {
  test('is sent when somebody asks for it, and begins anew when it is asked for again', async () => {
    const deviceId = `IMEI:${3_000 + count++}`;
    const key = await world.device(deviceId);
    await wakeUps.wake([key]);
    await wakeUps.idle();
    expect(sent).toHaveLength(0);
    await wakeUps.wakeDevice({ key, deviceId }, CALLER);
    await wakeUps.idle();
    await wakeUps.wakeDevice({ key, deviceId }, CALLER);
    await wakeUps.idle();
    expect(sent).toHaveLength(2);
    expect(await latest(key)).toMatchObject({ askedBy: CALLER.principal, state: 'SENT', attempts: [{}, {}] });
    expect((await wakeUps.list(key, 5)).items).toHaveLength(2);
  });

  test('needs a bearer', async () => {
    const deviceId = `IMEI:${3_000 + count++}`;
    const key = await world.device(deviceId);
    await world.rows(`UPDATE device SET bearers = '[]' WHERE id = $1`, [key]);
    await expect(wakeUps.wakeDevice({ key, deviceId }, CALLER)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('Wake-ups of many devices', () => {
  test('keep to the rate of the bearer, over all processes', async () => {
    await wakeUps.stop();
    rate = 10;
    wakeUps = await made();
    const other = await made();
    const keys: string[] = [];
    for (let n = 0; n < 30; n += 1) keys.push(await busy());
    await wakeUps.wake(keys);
    await wakeUps.idle();
    for (let tenth = 1; tenth <= 20; tenth += 1) {
      await after(100);
      await other.run();
      await other.idle();
      // The first, one for each tenth of a second, and what it may make up for after it was idle.
      expect(sent.length).toBeLessThanOrEqual(tenth + 2);
    }
    expect(sent.length).toBeGreaterThanOrEqual(20);
    await other.stop();
    expect(new Set(sent.map(({ to }) => to.deviceId)).size).toBe(sent.length);
  });

  test('do not wait for the bearer, and two processes send none twice', async () => {
    let release = (): void => undefined;
    hold = new Promise((resolve) => (release = resolve));
    const keys = [await busy(), await busy()];
    await wakeUps.wake(keys);
    const other = await made();
    await other.run();
    await other.idle();
    release();
    await wakeUps.idle();
    expect(sent).toHaveLength(2);
    await other.stop();
  });

  test('are sent by another process when one went away in the middle', async () => {
    hold = new Promise(() => undefined);
    const key = await busy();
    await wakeUps.wake([key]);
    while (sent.length === 0) await new Promise((resolve) => setImmediate(resolve));
    hold = undefined;
    const other = await made();
    world.now += 62_000;
    await other.run();
    await other.idle();
    expect(sent.map(({ to }) => to.deviceId)).toEqual([sent[0]?.to.deviceId, sent[0]?.to.deviceId]);
    await other.stop();
    wakeUps = other;
  });

  test('are sent by another process when one went away as soon as it had stored an operation', async () => {
    const key = await world.device(`IMEI:${3_000 + count++}`);
    await wakeUps.stop();
    const operations = world.operationsWith({ wakeUps });
    await work(key, operations, 'once');
    expect(sent).toEqual([]);
    expect(await latest(key)).toMatchObject({ state: 'DUE', attempts: [] });
    wakeUps = await made();
    await after(0);
    expect(sent).toHaveLength(1);
    await world.rows('UPDATE wake_up SET ended_at = $1 WHERE ended_at IS NULL', [new Date(world.now)]);
    await work(key, operations, 'once');
    expect((await wakeUps.list(key, 5)).items).toHaveLength(1);
  });

  test('are made with the operation, or neither is', async () => {
    const key = await world.device(`IMEI:${3_000 + count++}`);
    const within: WakeUps['within'] = async (tx, devices) => {
      await wakeUps.within(tx, devices);
      throw new Error('the process dies');
    };
    const operations = world.operationsWith({ wakeUps: { within, kick: wakeUps.kick } });
    await expect(work(key, operations)).rejects.toThrow('the process dies');
    expect(await latest(key)).toBeUndefined();
    expect(await world.rows('SELECT id FROM operation WHERE device_id = $1', [key])).toEqual([]);
  });

  test('that ended are forgotten after a while', async () => {
    const key = await busy();
    await world.rows(
      `INSERT INTO wake_up (device_id, bearers, bearer, due_at, state, ended_at) VALUES ($1, '["one"]', 'one', now(), 'FAILED', $2)`,
      [key, new Date(world.now)],
    );
    await after(SETTINGS.keepMs + 1_000);
    expect(await latest(key)).toBeUndefined();
  });
});

test('A receipt of the bearer is noted with the sending', async () => {
  outcomes['one'] = { outcome: 'ACCEPTED', messageId: 'receipted' };
  const key = await busy();
  await wakeUps.wake([key]);
  await wakeUps.idle();
  const report = { bearer: 'one', messageId: 'receipted', isDelivered: false, state: 'UNDELIV' };
  await wakeUps.reported(report);
  await wakeUps.reported({ ...report, isDelivered: true, state: 'DELIVRD' });
  await wakeUps.reported({ ...report, messageId: 'of nothing' });
  expect((await latest(key))?.attempts).toMatchObject([{ isDelivered: false, report: 'UNDELIV' }]);
});

test('Nothing of this fails in silence', () => {
  expect(world.errors).toEqual([]);
});
