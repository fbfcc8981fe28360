import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { listenForWakeUps, type SessionReport, type WakeUpListener } from '../../src/simulator';
import { Peer } from '../bearers/support';
import {
  METER,
  PROTOCOLS,
  SERVER_SECRET,
  ask,
  codesOf,
  contact,
  createKey,
  faultless,
  findOperation,
  startWorld,
  submit,
  type Protocol,
  type World,
} from './support/world';

const READ = [{ get: { address: { moid: METER, path: 'Serial' } } }];
const WAKE_UPS = `query ($id: ID!) { device(deviceId: $id) { wakeUps(first: 5) { nodes {
  state askedBy bearers dueAt endedAt latency attempts { bearer outcome reason messageId } } } } }`;

interface Seen {
  readonly state: string;
  readonly latency: string | null;
  readonly dueAt: string | null;
  readonly attempts: readonly { readonly bearer: string; readonly outcome: string }[];
}

const directory = mkdtempSync(join(tmpdir(), 'moql-wake-up-'));
const peer = new Peer();
let world: World;
let count = 0;

beforeAll(async () => {
  const path = join(directory, 'moql.json');
  const bearers = {
    udp: { type: 'udp', networks: ['127.0.0.0/8'], devicePorts: true },
    hook: { type: 'webhook', url: await peer.listen(), secret: 'a secret of the webhook' },
    ppg: { type: 'pap', url: 'http://127.0.0.1:1/' },
  };
  writeFileSync(path, JSON.stringify({ bearers, wakeUp: { bearers: ['ppg', 'udp'] } }));
  world = await startWorld({ env: { MOQL_CONFIG: path } });
});
afterAll(async () => {
  await world.close();
  await peer.close();
  rmSync(directory, { recursive: true });
});

async function acquainted(protocol: Protocol) {
  const notification = { secret: Buffer.from(SERVER_SECRET), data: new Uint8Array() };
  const known = protocol === 'dm1' ? { serverSecret: SERVER_SECRET } : { notification };
  const device = await world.device(protocol, `IMEI:${35693803564800 + count++}`, known);
  await contact(device);
  return device;
}

async function update(deviceId: string, input: object): Promise<void> {
  await ask(
    world.gateway,
    'mutation ($id: ID!, $input: UpdateDeviceInput!) { updateDevice(deviceId: $id, input: $input) { id } }',
    { id: deviceId, input },
  );
}

async function wakeUpsOf(deviceId: string): Promise<readonly Seen[]> {
  const { device } = await ask<{ device: { wakeUps: { nodes: readonly Seen[] } } }>(world.gateway, WAKE_UPS, {
    id: deviceId,
  });
  return device.wakeUps.nodes;
}

describe.each(PROTOCOLS)('A %s device that listens for datagrams', (protocol) => {
  let listener: WakeUpListener;
  afterEach(() => listener.close());

  test('is woken by a mutation, believes the notification, comes, and does the work', async () => {
    const device = await acquainted(protocol);
    let came = (_report: SessionReport): void => undefined;
    const session = new Promise<SessionReport>((resolve) => (came = resolve));
    listener = await listenForWakeUps(device, { host: '127.0.0.1', port: 0 }, (woken) => {
      if (woken.ok) void device.connect(woken.trigger).then(came);
    });
    await update(device.deviceId, { udpAddress: listener.address, bearers: ['ppg', 'udp'] });
    const { id } = await submit(world.gateway, device.deviceId, READ, { wait: 'PT30S' });
    faultless(await session);
    expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    await world.gateway.services.wakeUps.idle();
    const [wakeUp] = await wakeUpsOf(device.deviceId);
    expect(wakeUp).toMatchObject({
      state: 'ANSWERED',
      dueAt: null,
      attempts: [
        { bearer: 'ppg', outcome: 'REFUSED', reason: 'the device has no msisdn' },
        { bearer: 'udp', outcome: 'ACCEPTED' },
      ],
    });
    expect(wakeUp?.latency).toMatch(/^PT/);
    // What it took counts for the next time: by the bearer that is tried first, told to those who manage the device.
    const explain = `query ($id: ID!) { device(deviceId: $id) { explain(query: [{ moid: "${METER}", maxAge: "PT0S" }]) {
      needsSession contact { basis bearer expectedWait wakeUpLatency lastWakeUp { state bearer } } } } }`;
    const told = { basis: 'WAKE_UP', expectedWait: wakeUp?.latency, wakeUpLatency: wakeUp?.latency };
    expect(await ask(world.gateway, explain, { id: device.deviceId })).toEqual({
      device: {
        explain: {
          needsSession: true,
          contact: { ...told, bearer: 'ppg', lastWakeUp: { state: 'ANSWERED', bearer: 'udp' } },
        },
      },
    });
    const reader = await createKey(world.gateway, device.deviceId, { right: 'READ' });
    expect((await world.gateway.graphql(explain, { id: device.deviceId }, reader)).data).toMatchObject({
      device: { explain: { contact: { ...told, bearer: null, lastWakeUp: { bearer: null } } } },
    });
    const { events } = await ask<{ events: { nodes: { type: string }[] } }>(
      world.gateway,
      'query ($id: ID!) { events(where: { deviceId: $id }) { nodes { type } } }',
      { id: device.deviceId },
    );
    const types = events.nodes.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['wakeUpSent', 'wakeUpAnswered']));
    expect(types.filter((type) => type === 'operationEnded')).toHaveLength(1);
  });
});

describe('An operation whose device sleeps', () => {
  test('is NOTIFIED when a bearer took the wake-up, and any contact of the device ends that', async () => {
    const device = await acquainted('dm1');
    peer.answer = { status: 202, body: '{"id":"push-1"}' };
    await update(device.deviceId, { bearers: ['hook'] });
    const first = await submit(world.gateway, device.deviceId, READ);
    await world.gateway.services.wakeUps.idle();
    const second = await submit(world.gateway, device.deviceId, READ);
    for (const { id } of [first, second])
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'NOTIFIED' });
    const pushed = peer.taken.map(({ body }) => JSON.parse(body.toString('utf8')) as { deviceId: string });
    expect(pushed.filter(({ deviceId }) => deviceId === device.deviceId)).toHaveLength(1);
    await contact(device);
    for (const { id } of [first, second])
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await wakeUpsOf(device.deviceId)).toMatchObject([
      { state: 'ANSWERED', attempts: [{ bearer: 'hook', outcome: 'ACCEPTED', messageId: 'push-1' }] },
    ]);
  });

  test('is taken in the session that runs already, which ends the wake-up', async () => {
    const device = await acquainted('dm1');
    await update(device.deviceId, { bearers: ['none'] });
    await submit(world.gateway, device.deviceId, READ);
    const session = device.begin();
    await session.step();
    await update(device.deviceId, { bearers: ['hook'] });
    const before = peer.taken.length;
    const { id } = await submit(world.gateway, device.deviceId, READ);
    while (await session.step());
    faultless(session.report());
    expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    await world.gateway.timers.runOnce();
    await world.gateway.services.wakeUps.idle();
    expect(peer.taken).toHaveLength(before);
    expect(await wakeUpsOf(device.deviceId)).toMatchObject([{ state: 'ANSWERED', latency: null, attempts: [] }]);
  });
});

describe('A caller', () => {
  const WAKE = 'mutation ($id: ID!) { wakeDevice(input: { deviceId: $id }) { id state askedBy device { deviceId } } }';

  test('wakes a device without work, with the right to manage it', async () => {
    const device = await acquainted('dm1');
    const heard = createSocket('udp4');
    heard.bind(0, '127.0.0.1');
    await once(heard, 'listening');
    await update(device.deviceId, { udpAddress: `127.0.0.1:${heard.address().port}`, bearers: ['udp'] });
    const datagram = once(heard, 'message');
    const { wakeDevice } = await ask<{ wakeDevice: { askedBy: string } }>(world.gateway, WAKE, { id: device.deviceId });
    expect(wakeDevice).toMatchObject({
      askedBy: expect.stringMatching(/^key:/) as string,
      device: { deviceId: device.deviceId },
    });
    await datagram;
    heard.close();
    const reader = await createKey(world.gateway, device.deviceId, { right: 'READ' });
    expect(codesOf(await world.gateway.graphql(WAKE, { id: device.deviceId }, reader))).toEqual(['FORBIDDEN']);
    const seen = await world.gateway.graphql(
      'query ($id: ID!) { device(deviceId: $id) { udpAddress bearers wakeUps { nodes { id } } } }',
      { id: device.deviceId },
      reader,
    );
    expect(seen.data.device).toEqual({ udpAddress: null, bearers: null, wakeUps: { nodes: [] } });
  });

  test('is told what cannot be', async () => {
    const device = await acquainted('dm1');
    await update(device.deviceId, { bearers: ['none'] });
    expect(codesOf(await world.gateway.graphql(WAKE, { id: device.deviceId }))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await world.gateway.graphql(WAKE, { id: 'IMEI:0' }))).toEqual(['NOT_FOUND']);
  });

  test.each<[object, string]>([
    [{ udpAddress: '169.254.169.254' }, 'lies outside of the networks'],
    [{ udpAddress: '127.0.0.1:0' }, 'is no address'],
    [{ udpAddress: 'dm.example' }, 'is no address'],
    [{ msisdn: '0170' }, 'international form'],
    [{ bearers: ['sms'] }, 'no such bearer'],
    [{ bearers: ['udp', 'udp'] }, 'twice'],
  ])('is refused %j', async (input, reason) => {
    const device = await world.device('dm1', `IMEI:${35693803564800 + count++}`);
    const answer = await world.gateway.graphql(
      'mutation ($id: ID!, $input: UpdateDeviceInput!) { updateDevice(deviceId: $id, input: $input) { id } }',
      { id: device.deviceId, input },
    );
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toContain(reason);
  });

  test('says how devices are woken, and takes it back', async () => {
    const { account } = await ask<{ account: object }>(
      world.gateway,
      `mutation ($id: ID!) { account: updateAccount(id: $id, input: { bearers: ["hook", "none"] }) { bearers } }`,
      { id: world.accountId },
    );
    expect(account).toEqual({ bearers: ['hook', 'none'] });
    const device = await acquainted('dm1');
    const input = { msisdn: '491700000001', udpAddress: '127.0.0.9', bearers: [] };
    const set = `mutation ($id: ID!, $input: UpdateDeviceInput!) {
      updateDevice(deviceId: $id, input: $input) { msisdn udpAddress bearers } }`;
    expect((await ask(world.gateway, set, { id: device.deviceId, input })) as object).toEqual({
      updateDevice: { msisdn: '+491700000001', udpAddress: '127.0.0.9', bearers: [] },
    });
    const none = { msisdn: null, udpAddress: null, bearers: null };
    expect((await ask(world.gateway, set, { id: device.deviceId, input: none })) as object).toEqual({
      updateDevice: none,
    });
    await ask(world.gateway, 'mutation ($id: ID!) { updateAccount(id: $id, input: { bearers: null }) { bearers } }', {
      id: world.accountId,
    });
  });
});
