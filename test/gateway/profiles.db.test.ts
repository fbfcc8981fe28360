/** Desired values of devices of both protocols, brought about at their contacts. */
import type { GraphqlAnswer } from '../support/gateway';
import { ask, codesOf, contact, createKey, METER, PROTOCOLS, startWorld, submit, type World } from './support/world';

const HOUR = 3_600_000;
let clock = Date.parse('2026-05-01T08:00:00Z');
let world: World;

beforeAll(async () => {
  world = await startWorld({ now: () => clock });
});
afterAll(() => world.close());

type Simulated = Awaited<ReturnType<World['device']>>;

const at = (path: string): object => ({ moid: METER, path });
const interval = (int: number): object => ({ address: at('Interval'), value: { int } });
const unit = (text: string): object => ({ address: at('Unit'), value: { text } });
const only = ({ deviceId }: Simulated): object => ({ deviceId: { eq: deviceId } });

function createAs(key: string | undefined, input: object): Promise<GraphqlAnswer> {
  const text = 'mutation ($input: CreateProfileInput!) { createProfile(input: $input) { id } }';
  return world.gateway.graphql(text, { input: { name: 'a profile', ...input } }, key);
}

async function create(input: object): Promise<string> {
  const answer = await createAs(undefined, input);
  expect(answer.errors).toBeUndefined();
  return (answer.data as { createProfile: { id: string } }).createProfile.id;
}

async function update(id: string, input: object): Promise<void> {
  await ask(
    world.gateway,
    'mutation ($id: ID!, $input: UpdateProfileInput!) { updateProfile(id: $id, input: $input) { id } }',
    {
      id,
      input,
    },
  );
}

async function remove(id: string, restore: boolean): Promise<void> {
  await ask(world.gateway, 'mutation ($id: ID!, $r: Boolean) { removeProfile(id: $id, restore: $r) { state } }', {
    id,
    r: restore,
  });
}

interface RecordAnswer {
  readonly state: string;
  readonly reason: string | null;
  readonly profile: { readonly id: string };
  readonly operation: { readonly state: string; readonly commands: readonly { readonly kind: string }[] } | null;
}

async function records({ deviceId }: Simulated): Promise<readonly RecordAnswer[]> {
  const { device } = await ask<{ device: { profiles: readonly RecordAnswer[] } }>(
    world.gateway,
    `query ($id: ID!) { device(deviceId: $id) { profiles { state reason profile { id }
       operation { state commands { kind } } drift { address { path } desired found overriddenBy { id } } } } }`,
    { id: deviceId },
  );
  return device.profiles;
}

async function figures(id: string): Promise<object | null> {
  const { profile } = await ask<{ profile: { figures: object } | null }>(
    world.gateway,
    'query ($id: ID!) { profile(id: $id) { figures { inSync drifted pending failed overridden } } }',
    { id },
  );
  return profile && profile.figures;
}

const NONE = { inSync: 0, drifted: 0, pending: 0, failed: 0, overridden: 0 };

/** Operations that profiles made for the device, each as its kinds of commands; those that ended a day ago stand elsewhere. */
async function made({ deviceId }: Simulated): Promise<readonly string[]> {
  const rows = await world.gateway.db.sql.query<{ kinds: string }>(
    `WITH o AS (SELECT device_id, id, caller FROM operation UNION ALL SELECT device_id, id, caller FROM ended_operation),
     c AS (SELECT device_id, operation_id, position, kind FROM command
       UNION ALL SELECT device_id, operation_id, position, kind FROM ended_command)
     SELECT (SELECT string_agg(c.kind, ' ' ORDER BY c.position) FROM c WHERE c.device_id = o.device_id AND c.operation_id = o.id) AS kinds
     FROM o JOIN device d ON d.id = o.device_id WHERE d.device_id = $1 AND o.caller LIKE 'profile:%' ORDER BY o.id`,
    [deviceId],
  );
  return rows.map(({ kinds }) => kinds);
}

const meter = (device: Simulated, name: string): unknown => device.tree.find(['Vendor', 'Acme', 'Meter', name])?.value;
function allow(device: Simulated, name: string, access: readonly string[]): void {
  const node = device.tree.find(['Vendor', 'Acme', 'Meter', name]);
  if (node === undefined) throw new Error(`the device has no ${name}`);
  Object.assign(node, { definition: { ...node.definition, access } });
}
function change(device: Simulated, name: string, value: string): void {
  const node = device.tree.find(['Vendor', 'Acme', 'Meter', name]);
  if (node === undefined) throw new Error(`the device has no ${name}`);
  Object.assign(node, { value });
}

describe.each(PROTOCOLS)('A %s device that a profile fits', (protocol) => {
  let device: Simulated;
  beforeAll(async () => {
    device = await world.device(protocol, `urn:uuid:profiled-${protocol}`);
    await contact(device);
  });

  test('is brought to what is desired in one session, by what differs alone, and tells so', async () => {
    change(device, 'Unit', 'kWh');
    const id = await create({ where: only(device), entries: [interval(77), unit('kWh')] });
    expect(await figures(id)).toEqual(NONE);
    await contact(device);
    expect(meter(device, 'Interval')).toBe('77');
    expect(await figures(id)).toEqual({ ...NONE, inSync: 1 });
    const writes = (await made(device)).filter((kinds) => kinds !== 'get get');
    expect(writes).toEqual(['replace']);
    expect(await records(device)).toEqual([
      {
        state: 'IN_SYNC',
        reason: null,
        profile: { id },
        drift: [],
        operation: { state: 'SUCCEEDED', commands: [{ kind: 'REPLACE' }] },
      },
    ]);
    const before = await made(device);
    await contact(device);
    expect(await made(device)).toEqual(before);

    // What changed on the device shows when its values are too old, and is told.
    change(device, 'Interval', '5');
    clock += 25 * HOUR;
    await contact(device);
    expect(meter(device, 'Interval')).toBe('77');
    expect((await made(device)).slice(before.length)).toEqual(['get get', 'replace']);
    const { events } = await ask<{ events: { nodes: readonly object[] } }>(
      world.gateway,
      '{ events(where: { type: "driftFound" }) { nodes { device { deviceId } data } } }',
    );
    expect(events.nodes).toContainEqual({
      device: { deviceId: device.deviceId },
      data: expect.objectContaining({ nodes: [expect.objectContaining({ path: 'Interval' })] }) as unknown,
    });

    // What a caller wrote meanwhile is known without a read.
    await submit(world.gateway, device.deviceId, [{ replace: interval(6) }]);
    await contact(device);
    await contact(device);
    expect(meter(device, 'Interval')).toBe('77');
    await remove(id, false);
    expect(await figures(id)).toBeNull();
    expect(meter(device, 'Interval')).toBe('77');
  });

  test('gets back what the first write found, when that is asked for', async () => {
    change(device, 'Interval', '11');
    clock += 25 * HOUR;
    const id = await create({ where: only(device), entries: [interval(78)] });
    await contact(device);
    await update(id, { entries: [interval(79)] });
    await contact(device);
    expect(meter(device, 'Interval')).toBe('79');
    await remove(id, true);
    expect(meter(device, 'Interval')).toBe('79');
    await contact(device);
    expect(meter(device, 'Interval')).toBe('11');
    expect(await records(device)).toEqual([]);
    expect(await figures(id)).toBeNull();
  });

  test('follows the higher priority, and tells which profile wins', async () => {
    const low = await create({ where: only(device), entries: [interval(21), unit('MWh')] });
    const high = await create({ where: only(device), entries: [interval(22)], priority: 5 });
    await contact(device);
    expect([meter(device, 'Interval'), meter(device, 'Unit')]).toEqual(['22', 'MWh']);
    expect(await records(device)).toMatchObject([
      {
        profile: { id: low },
        state: 'OVERRIDDEN',
        drift: [{ address: { path: 'Interval' }, desired: 21, found: 22, overriddenBy: { id: high } }],
      },
      { profile: { id: high }, state: 'IN_SYNC', drift: [] },
    ]);
    await update(high, { state: 'PAUSED' });
    await contact(device);
    expect(meter(device, 'Interval')).toBe('21');
    expect(await figures(low)).toEqual({ ...NONE, inSync: 1 });
    await remove(low, false);
    await remove(high, false);
  });

  test('is asked again after a while when it refuses, and at once when the profile changes', async () => {
    const refusing = await world.device(protocol, `urn:uuid:refusing-${protocol}`);
    await contact(refusing);
    const id = await create({ where: only(refusing), entries: [interval(51)] });
    allow(refusing, 'Interval', ['Get']);
    await contact(refusing);
    const first = await made(refusing);
    expect(first.at(-1)).toBe('replace');
    expect(await records(refusing)).toMatchObject([
      { state: 'FAILED', reason: expect.any(String) as unknown, drift: [{ desired: 51 }] },
    ]);
    await contact(refusing);
    expect(await made(refusing)).toEqual(first);
    clock += HOUR;
    await contact(refusing);
    expect(await made(refusing)).toEqual([...first, 'replace']);
    allow(refusing, 'Interval', ['Get', 'Replace']);
    await contact(refusing);
    expect(await made(refusing)).toHaveLength(first.length + 1);
    await update(id, { entries: [interval(52)] });
    await contact(refusing);
    expect(meter(refusing, 'Interval')).toBe('52');
    expect(await records(refusing)).toMatchObject([{ state: 'IN_SYNC', reason: null }]);
    await remove(id, false);
  });

  test('is given nodes that it lacks, as far as the DDF lets them be added, and loses them again', async () => {
    const start = (): unknown => device.tree.find(['Vendor', 'Acme', 'Meter', 'Tariff', 'ghost', 'Start'])?.value;
    const id = await create({
      where: only(device),
      entries: [{ address: at('Tariff/ghost/Start'), value: { text: '0430' } }],
    });
    await contact(device);
    expect(start()).toBe('0430');
    expect((await made(device)).at(-1)).toBe('add add');
    expect(await records(device)).toMatchObject([{ state: 'IN_SYNC' }]);
    await remove(id, true);
    await contact(device);
    expect(start()).toBeUndefined();
    expect(await records(device)).toEqual([]);
  });
});

describe('A profile', () => {
  test('goes as far as its maker may write at the time of the contact', async () => {
    const device = await world.device('dm1', 'urn:uuid:of-a-maker');
    await contact(device);
    const key = await createKey(world.gateway, device.deviceId, { right: 'READ', moid: METER });
    expect(codesOf(await createAs(key, { where: {}, entries: [interval(31)] }))).toEqual(['FORBIDDEN']);
    const node = { moid: METER, path: 'Interval' };
    // To compare tells what is there.
    const blind = await createKey(world.gateway, device.deviceId, { right: 'WRITE', ...node });
    expect(codesOf(await createAs(blind, { where: {}, entries: [interval(31)] }))).toEqual(['FORBIDDEN']);
    const writer = await createKey(
      world.gateway,
      device.deviceId,
      { right: 'WRITE', ...node },
      { right: 'READ', ...node, deviceId: null, where: { deviceId: { eq: device.deviceId } } },
    );
    expect(codesOf(await createAs(writer, { where: {}, entries: [unit('x')] }))).toEqual(['FORBIDDEN']);
    expect((await createAs(writer, { where: only(device), entries: [interval(31)] })).errors).toBeUndefined();
    await contact(device);
    expect(meter(device, 'Interval')).toBe('31');

    const other = await world.device('dm1', 'urn:uuid:of-nobody');
    const [{ profile } = { profile: { id: '' } }] = await records(device);
    await update(profile.id, { where: { deviceId: { in: [device.deviceId, other.deviceId] } } });
    await contact(other);
    await contact(other);
    expect(meter(other, 'Interval')).not.toBe('31');
    expect(await records(other)).toMatchObject([
      { state: 'FAILED', reason: expect.stringContaining('WRITE') as unknown },
    ]);

    const mine = '{ profiles { nodes { id } } }';
    expect((await world.gateway.graphql(mine, {}, writer)).data).toEqual({ profiles: { nodes: [{ id: profile.id }] } });
    expect((await world.gateway.graphql(mine, {}, key)).data).toEqual({ profiles: { nodes: [] } });
    await remove(profile.id, false);
  });

  test('is left by a device that fits no more, and keeps to what the library allows', async () => {
    const device = await world.device('dm2', 'urn:uuid:tagged', {});
    await contact(device);
    const tag = (tags: readonly string[]): Promise<unknown> =>
      ask(
        world.gateway,
        'mutation ($id: ID!, $t: [String!]) { updateDevice(deviceId: $id, input: { tags: $t }) { id } }',
        {
          id: device.deviceId,
          t: tags,
        },
      );
    await tag(['north']);
    const id = await create({ where: { tag: 'north' }, entries: [interval(41)] });
    await contact(device);
    expect(await figures(id)).toEqual({ ...NONE, inSync: 1 });
    await tag([]);
    await contact(device);
    expect(await figures(id)).toEqual(NONE);
    await remove(id, false);
    for (const [entries, code] of [
      [[{ address: at('Serial'), value: { text: 'x' } }], 'ACCESS_TYPE'],
      [[{ address: at('Nothing'), value: { text: 'x' } }], 'NOT_IN_DDF'],
      [[interval(1), interval(2)], 'BAD_USER_INPUT'],
      [[], 'BAD_USER_INPUT'],
    ] as const)
      expect(codesOf(await createAs(undefined, { where: {}, entries }))).toEqual([code]);
  });
});
