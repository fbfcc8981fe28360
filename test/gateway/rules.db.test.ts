/** What follows by itself from what devices of both protocols report. Use case B.3 of the requirements among it. */
import type { Dm1Device, Dm2Device } from '../../src/simulator';
import type { GraphqlAnswer } from '../support/gateway';
import { catalogueObjects } from './support/catalogue';
import {
  ask,
  codesOf,
  contact,
  createKey,
  METER,
  PROTOCOLS,
  startWorld,
  type Protocol,
  type World,
} from './support/world';

const DIAGMON = 'urn:oma:mo:oma-diagmon:1.0';
const MINUTE = 60_000;
let clock = Date.parse('2026-05-01T08:00:00Z');
let world: World;

beforeAll(async () => {
  world = await startWorld({ now: () => clock });
});
afterAll(() => world.close());

type Simulated = Dm1Device | Dm2Device;

function createAs(key: string | undefined, input: object): Promise<GraphqlAnswer> {
  const text = 'mutation ($input: CreateRuleInput!) { createRule(input: $input) { id } }';
  return world.gateway.graphql(text, { input: { name: 'a rule', ...input } }, key);
}

async function create(input: object, key?: string): Promise<string> {
  const answer = await createAs(key, input);
  expect(answer.errors).toBeUndefined();
  return (answer.data as { createRule: { id: string } }).createRule.id;
}

async function remove(id: string): Promise<void> {
  await ask(world.gateway, 'mutation ($id: ID!) { deleteRule(id: $id) { id } }', { id });
}

const ERROR = 'com.example.alert.dropped-call';
/** The device reports in a session of its own. */
async function reports(device: Simulated, type = ERROR, mark = 'critical'): Promise<void> {
  if ('raise' in device && device.options.url.endsWith('/dm/1'))
    (device as Dm1Device).raise({ type, mark, data: '3', format: 'chr', source: './Vendor/Acme/Meter' });
  else (device as Dm2Device).raise({ type, mark, dataType: 'chr', data: '3' });
  await contact(device);
}

interface Happened {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}
async function triggered({ deviceId }: Simulated): Promise<readonly Happened['data'][]> {
  const { events } = await ask<{ events: { nodes: readonly Happened[] } }>(
    world.gateway,
    'query ($id: ID!) { events(where: { deviceId: $id, type: "ruleTriggered" }) { nodes { type data } } }',
    { id: deviceId },
  );
  return events.nodes.map(({ data }) => data);
}

async function tagsOf({ deviceId }: Simulated): Promise<readonly string[]> {
  const { device } = await ask<{ device: { tags: readonly string[] } }>(
    world.gateway,
    'query ($id: ID!) { device(deviceId: $id) { tags } }',
    { id: deviceId },
  );
  return device.tags;
}

const read = { get: { address: { moid: METER, path: 'Serial' } } };
const only = ({ deviceId }: Simulated): object => ({ deviceId: { eq: deviceId } });
const phone = (protocol: Protocol, name: string, options: object = {}): Promise<Simulated> =>
  world.device(protocol, `urn:uuid:${name}-${protocol}`, options);

describe.each(PROTOCOLS)('A rule for %s devices', (protocol) => {
  test('B.3: collects diagnostics in the very session in which an error is reported, and the result is read northbound', async () => {
    const diagnostics = catalogueObjects().find(({ name }) => name === 'diagmon-1.0');
    if (diagnostics === undefined) throw new Error('the catalogue has no DiagMon');
    const device = await phone(protocol, 'b3', { plants: [diagnostics.plant] });
    await contact(device);
    const id = await create({
      where: only(device),
      on: { alertType: ERROR, mark: 'CRITICAL' },
      do: {
        commands: [
          { exec: { address: { moid: DIAGMON, path: 'Operations/Start' } } },
          { get: { address: { moid: DIAGMON, path: 'DiagMonData' } } },
        ],
        addTags: ['ailing'],
      },
    });
    await reports(device, 'com.example.alert.other');
    await reports(device, ERROR, 'informational');
    expect(await triggered(device)).toEqual([]);
    await reports(device);
    const [event, ...more] = await triggered(device);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ event: 'alertRaised', alertType: ERROR, operation: expect.any(String) as unknown });
    const rows = await world.gateway.db.sql.query<{ state: string; caller: string; commands: unknown }>(
      `SELECT o.state, o.caller, (SELECT jsonb_agg(jsonb_build_array(c.kind, c.state, c.outcome) ORDER BY c.position) FROM command c
         WHERE c.device_id = o.device_id AND c.operation_id = o.id) AS commands
       FROM operation o JOIN device d ON d.id = o.device_id WHERE d.device_id = $1 AND o.caller LIKE 'rule:%'`,
      [device.deviceId],
    );
    expect(rows).toEqual([
      {
        state: 'SUCCEEDED',
        caller: expect.stringMatching(/^rule:\d+$/) as unknown,
        commands: [
          ['exec', 'ANSWERED', 'OK'],
          ['get', 'ANSWERED', 'OK'],
        ],
      },
    ]);
    const { device: found } = await ask<{ device: { managementObjects: readonly { values: object }[] } }>(
      world.gateway,
      'query ($id: ID!, $m: String) { device(deviceId: $id) { managementObjects(moid: $m) { values } } }',
      { id: device.deviceId, m: DIAGMON },
    );
    expect(found.managementObjects[0]?.values).toHaveProperty('DiagMonData');
    expect(await tagsOf(device)).toEqual(['ailing']);
    await remove(id);
    clock += 25 * 60 * MINUTE;
    await reports(device);
    expect(await triggered(device)).toHaveLength(1);
  });

  test('holds its debounce and its cap on each device', async () => {
    const device = await phone(protocol, 'often');
    await contact(device);
    const id = await create({
      where: only(device),
      on: { alertType: ERROR },
      do: { commands: [read] },
      debounce: 'PT10M',
      most: { count: 2, per: 'PT1H' },
    });
    for (const minutes of [0, 5, 5, 10, 10, 10, 25]) {
      clock += minutes * MINUTE;
      await reports(device);
    }
    // At 0 and 10; the cap lets the next one be at 60 and not before.
    expect(await triggered(device)).toHaveLength(3);
    await remove(id);
  });
});

describe('A rule', () => {
  test('does what its maker may do there, and tells what was refused', async () => {
    const device = await phone('dm1', 'of-a-maker');
    await contact(device);
    const reader = await createKey(world.gateway, device.deviceId, { right: 'READ' });
    const write = { replace: { address: { moid: METER, path: 'Interval' }, value: { int: 5 } } };
    const on = { alertType: ERROR };
    const ids = [
      await create({ on, do: { commands: [write] } }, reader),
      await create({ on, do: { addTags: ['mine'] } }, reader),
      await create({ on, do: { commands: [read] } }, reader),
    ];
    const stranger = await createKey(world.gateway, device.deviceId, { right: 'WRITE', moid: METER, path: 'Interval' });
    ids.push(await create({ on, do: { commands: [write] } }, stranger));
    await reports(device);
    const events = await triggered(device);
    expect(events.map(({ refused, operation }) => refused ?? typeof operation).sort()).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
      'string',
    ]);
    expect(await tagsOf(device)).toEqual([]);
    const mine = await world.gateway.graphql('{ rules { nodes { id } } }', {}, stranger);
    expect(mine.data).toEqual({ rules: { nodes: [{ id: ids[3] }] } });
    for (const id of ids) await remove(id);
  });

  test('follows events too, such as drift, and is refused where it cannot make sense', async () => {
    const device = await phone('dm2', 'drifting');
    await contact(device);
    const id = await create({
      where: only(device),
      on: { events: ['managementObjectGone', 'bootstrapCompleted', 'operationEnded'] },
      do: { addTags: ['seen'] },
    });
    await ask(world.gateway, 'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }', {
      input: { deviceId: device.deviceId, commands: [read] },
    });
    await contact(device);
    expect(await triggered(device)).toMatchObject([{ event: 'operationEnded' }]);
    expect(await tagsOf(device)).toEqual(['seen']);
    await remove(id);

    const entries = [{ address: { moid: METER, path: 'Interval' }, value: { int: 14 } }];
    await ask(world.gateway, 'mutation ($input: CreateProfileInput!) { createProfile(input: $input) { id } }', {
      input: { name: 'steady', where: only(device), entries, maxAge: 'PT1H' },
    });
    await create({ where: only(device), on: { events: ['driftFound'] }, do: { addTags: ['drifted'] } });
    await contact(device);
    expect(await tagsOf(device)).toEqual(['seen']);
    const node = device.tree.find(['Vendor', 'Acme', 'Meter', 'Interval']);
    if (node === undefined) throw new Error('the device has no interval');
    Object.assign(node, { value: '15' });
    clock += 61 * MINUTE;
    await contact(device);
    expect(await tagsOf(device)).toEqual(['drifted', 'seen']);

    for (const [input, code] of [
      [{ on: { events: [] }, do: {} }, 'BAD_USER_INPUT'],
      [{ on: { events: ['valuesChanged'] }, do: {} }, 'BAD_USER_INPUT'],
      [{ on: { events: ['driftFound'], mark: 'critical' }, do: {} }, 'BAD_USER_INPUT'],
      [{ on: {}, do: {}, most: { count: 0, per: 'PT1H' } }, 'BAD_USER_INPUT'],
      [{ on: {}, do: { commands: [{ get: { address: { moid: METER, path: 'Nothing' } } }] } }, 'NOT_IN_DDF'],
    ] as const)
      expect(codesOf(await createAs(undefined, input))).toEqual([code]);
  });
});
