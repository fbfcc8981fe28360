/** Profiles that watch: devices tell of what is desired by themselves (SUB), for as long as a profile needs it. */
import type { Dm2Device } from '../../src/simulator';
import { ask, contact, createKey, METER, startWorld, type World } from './support/world';

const HOUR = 3_600_000;
let clock = Date.parse('2026-05-01T08:00:00Z');
let world: World;

beforeAll(async () => {
  world = await startWorld({ now: () => clock });
});
afterAll(() => world.close());

async function create(deviceIds: readonly string[], more: object = {}, key?: string): Promise<string> {
  const entry = (path: string, value: object): object => ({ address: { moid: METER, path }, value });
  const input = {
    name: 'watched',
    where: { deviceId: { in: deviceIds } },
    entries: [entry('Interval', { int: 33 }), entry('Tariff/day/Start', { text: '0600' })],
    maxAge: 'PT1H',
    watch: true,
    ...more,
  };
  const answer = await world.gateway.graphql(
    'mutation ($input: CreateProfileInput!) { createProfile(input: $input) { id watch } }',
    { input },
    key,
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data as { createProfile: { id: string } }).createProfile.id;
}

/** Kinds of the commands that the device got since it was last asked. */
const seen = new Map<string, number>();
async function asked({ deviceId }: { readonly deviceId: string }): Promise<string> {
  const rows = await world.gateway.db.sql.query<{ kinds: string }>(
    `SELECT string_agg(c.kind, ' ' ORDER BY c.position) AS kinds FROM command c JOIN device d ON d.id = c.device_id
     WHERE d.device_id = $1 AND c.state = 'ANSWERED' GROUP BY c.operation_id ORDER BY c.operation_id`,
    [deviceId],
  );
  const known = seen.get(deviceId) ?? 0;
  seen.set(deviceId, rows.length);
  return rows
    .slice(known)
    .map(({ kinds }) => kinds)
    .join(', ');
}

interface Held {
  readonly path: string;
  readonly state: string;
}
async function subscriptions({ deviceId }: { readonly deviceId: string }): Promise<readonly Held[]> {
  const { device } = await ask<{ device: { managementObjects: { subscriptions: Held[] }[] } }>(
    world.gateway,
    `query ($id: ID!) { device(deviceId: $id) { managementObjects(moid: "${METER}") { subscriptions { path state } } } }`,
    { id: deviceId },
  );
  return device.managementObjects[0]?.subscriptions ?? [];
}

/** Devices are looked at after the answer to their message. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) if (Date.now() > end) throw new Error('it did not come about');
}
const isHeld = (device: { readonly deviceId: string }, state: string) => async (): Promise<boolean> =>
  (await subscriptions(device)).some((one) => one.state === state);

test('a DM 2.0 device tells by itself what a profile desires, and is compared without a read; another is read', async () => {
  const device = (await world.device('dm2', 'urn:uuid:watched', {
    features: { subscriptions: true },
  } as never)) as Dm2Device;
  const other = await world.device('dm1', 'urn:uuid:not-watched', {});
  await contact(device);
  await contact(other);
  const id = await create([device.deviceId, other.deviceId]);
  await contact(device);
  await contact(other);
  await until(async () => (await subscriptions(device)).length === 1);
  await contact(device);
  await until(isHeld(device, 'ACTIVE'));
  // The node nearest to all that is desired.
  expect(await subscriptions(device)).toEqual([{ path: '', state: 'ACTIVE' }]);
  expect(await subscriptions(other)).toEqual([]);
  await asked(device);
  await asked(other);

  const meter = device.tree.instances(METER)[0]?.path ?? [];
  device.tree.replace([...meter, 'Interval'], { value: '5' }, undefined);
  expect(await device.pushChanges()).toBe(1);
  clock += 2 * HOUR;
  await contact(device);
  await contact(other);
  expect(await asked(device)).toBe('replace');
  expect(await asked(other)).toBe('get get');
  expect(device.tree.find([...meter, 'Interval'])?.value).toBe('33');

  // The last that needs it lets go.
  await ask(world.gateway, 'mutation ($id: ID!) { updateProfile(id: $id, input: { watch: false }) { watch } }', { id });
  await contact(device);
  expect(await asked(device)).toMatch(/^unsubscribe/);
  await until(async () => (await subscriptions(device)).length === 0);
});

test('a device that fits no more is not watched any more; one that cannot be is read; one whose maker may read no more is not', async () => {
  const able = { features: { subscriptions: true } } as never;
  const device = await world.device('dm2', 'urn:uuid:watched-a-while', able);
  const unable = await world.device('dm2', 'urn:uuid:cannot-tell', {});
  const hidden = await world.device('dm2', 'urn:uuid:not-for-this-key', able);
  const tagged = (tags: readonly string[]): Promise<unknown> =>
    ask(
      world.gateway,
      'mutation ($id: ID!, $t: [String!]) { updateDevice(deviceId: $id, input: { tags: $t }) { id } }',
      {
        id: device.deviceId,
        t: tags,
      },
    );
  for (const each of [device, unable, hidden]) await contact(each);
  await tagged(['watched']);
  const id = await create([], { where: { or: [{ tag: 'watched' }, { deviceId: { eq: unable.deviceId } }] } });
  const rights = ['WRITE', 'READ'].map((right) => ({ right, moid: METER }));
  await create([], { where: {} }, await createKey(world.gateway, hidden.deviceId, ...rights));
  const { grants } = await ask<{ grants: { nodes: readonly { id: string; right: string }[] } }>(
    world.gateway,
    '{ grants(first: 100) { nodes { id right } } }',
  );
  for (const { id: grant } of grants.nodes.filter(({ right }) => right === 'READ'))
    await ask(world.gateway, 'mutation ($id: ID!) { deleteGrant(id: $id) { id } }', { id: grant });
  for (const each of [device, unable, hidden]) await contact(each);
  await until(async () => (await subscriptions(device)).length === 1);
  await until(async () => (await subscriptions(unable)).length === 1);
  for (const each of [device, unable]) await contact(each);
  await until(isHeld(device, 'ACTIVE'));
  await until(isHeld(unable, 'UNSUPPORTED'));
  expect(await subscriptions(hidden)).toEqual([]);
  await asked(unable);
  clock += 2 * HOUR;
  await contact(unable);
  expect(await asked(unable)).toContain('get');

  await tagged([]);
  await contact(device);
  await until(async () => !(await isHeld(device, 'ACTIVE')()));
  await contact(device);
  expect(await asked(device)).toMatch(/unsubscribe$/);
  await ask(world.gateway, 'mutation ($id: ID!) { removeProfile(id: $id) { state } }', { id });
});
