/** What follows by itself from what happens without a message of the device; webhooks hear of it. */
import { createHmac } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startReceiver, type Receiver } from '../support/webhook-receiver';
import { ask, contact, createKey, METER, startWorld, submit, type World } from './support/world';

const SECRET = 'a secret of at least 24 characters';
const path = join(tmpdir(), `moql-rules-after-events-${process.pid}.json`);
let clock = Date.parse('2026-05-01T08:00:00Z');
let world: World;
let hook: Receiver;

beforeAll(async () => {
  hook = await startReceiver();
  writeFileSync(
    path,
    JSON.stringify({ webhooks: [{ name: 'rules', url: hook.url, secret: SECRET, events: ['ruleTriggered'] }] }),
  );
  world = await startWorld({ now: () => clock, env: { MOQL_CONFIG: path } });
});
afterAll(async () => {
  await world.close();
  await hook.close();
  rmSync(path, { force: true });
});

async function rule(input: object, key?: string): Promise<string> {
  const answer = await world.gateway.graphql(
    'mutation ($input: CreateRuleInput!) { createRule(input: $input) { id } }',
    { input: { name: 'a rule', ...input } },
    key,
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data as { createRule: { id: string } }).createRule.id;
}
async function remove(id: string): Promise<void> {
  await ask(world.gateway, 'mutation ($id: ID!) { deleteRule(id: $id) { id } }', { id });
}

interface State {
  readonly tags: readonly string[];
  /** Of its operations, the latest first. */
  readonly states: readonly string[];
}
async function stateOf(deviceId: string): Promise<State> {
  const [row] = await world.gateway.db.sql.query<State>(
    `SELECT d.tags, ARRAY(SELECT o.state FROM operation o WHERE o.device_id = d.id ORDER BY o.id DESC) AS states
     FROM device d WHERE d.device_id = $1`,
    [deviceId],
  );
  return row ?? { tags: [], states: [] };
}

/** Timers run until it is so: on PostgreSQL other tests' transactions hold events back. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  for (;;) {
    await world.gateway.timers.runOnce();
    if (await holds()) return;
    if (Date.now() > end) throw new Error('it did not come about');
  }
}
/** Every event so far was passed. */
async function allFollowed(): Promise<void> {
  const rows = await world.gateway.db.sql.query<{ xact: string; id: string }>(
    'SELECT xact, id FROM event ORDER BY xact DESC, id DESC LIMIT 1',
  );
  await until(async () => {
    const [place] = await world.gateway.db.sql.query<{ passed: boolean }>(
      'SELECT (xact, event_id) >= ($1::bigint, $2::bigint) AS passed FROM rule_place',
      [rows[0]?.xact, rows[0]?.id],
    );
    return place?.passed === true;
  });
}

const READ = { get: { address: { moid: METER, path: 'Serial' } } };
const WRITE = { replace: { address: { moid: METER, path: 'Interval' }, value: { int: 7 } } };

test('an operation that nobody fetched in time gets its device a tag and another operation, once; a webhook is told', async () => {
  const device = await world.device('dm1', 'urn:uuid:late', {});
  const other = await world.device('dm2', 'urn:uuid:not-chosen', {});
  for (const each of [device, other]) await contact(each);
  const id = await rule({
    where: { deviceId: { eq: device.deviceId } },
    on: { events: ['operationEnded'] },
    do: { commands: [READ], addTags: ['late'] },
  });
  for (const each of [device, other]) await submit(world.gateway, each.deviceId, [WRITE], { expiresIn: 'PT1M' });
  clock += 2 * 60_000;
  await until(async () => (await stateOf(device.deviceId)).tags.includes('late'));
  expect((await stateOf(device.deviceId)).states).toEqual(['QUEUED', 'EXPIRED']);

  const told = await hook.until(({ body }) => body.type === 'ruleTriggered');
  expect(told.body).toMatchObject({ deviceId: device.deviceId, data: { event: 'operationEnded' } });
  expect(told.headers['webhook-signature']).toBe(
    `v1,${createHmac('sha256', SECRET)
      .update(`${String(told.headers['webhook-id'])}.${String(told.headers['webhook-timestamp'])}.${told.text}`)
      .digest('base64')}`,
  );
  // The rule's own operation ends too: not within the minute for which it rests.
  await contact(device);
  await allFollowed();
  expect((await stateOf(device.deviceId)).states).toEqual(['SUCCEEDED', 'EXPIRED']);
  expect((await stateOf(other.deviceId)).tags).toEqual([]);
  expect(hook.received).toHaveLength(1);
  await remove(id);
});

test('what the device brought itself is followed in its session and not once more', async () => {
  const device = await world.device('dm2', 'urn:uuid:twice', {});
  await contact(device);
  const id = await rule({
    where: { deviceId: { eq: device.deviceId } },
    on: { events: ['operationEnded'] },
    do: { addTags: ['ended'] },
    debounce: 'PT0S',
  });
  await submit(world.gateway, device.deviceId, [READ]);
  await contact(device);
  await allFollowed();
  const rows = await world.gateway.db.sql.query(
    `SELECT 1 FROM event e JOIN device d ON d.id = e.device_id WHERE d.device_id = $1 AND e.type = 'ruleTriggered'`,
    [device.deviceId],
  );
  expect(rows).toHaveLength(1);
  await remove(id);
});

test('a device that could not be woken; what its maker may not read triggers nothing; without rules nothing is kept', async () => {
  const device = await world.device('dm1', 'urn:uuid:asleep', {});
  await contact(device);
  const where = { deviceId: { eq: device.deviceId } };
  const on = { events: ['wakeUpFailed'] };
  const mine = await rule({ where, on, do: { addTags: ['asleep'] } });
  const theirs = await rule(
    { where, on, do: { commands: [WRITE] } },
    await createKey(world.gateway, device.deviceId, { right: 'WRITE', moid: METER }),
  );
  // As the last bearer leaves it (test/management/wake-ups.db.test.ts).
  await world.gateway.db.sql.query(
    `INSERT INTO event (device_id, type, data) SELECT id, 'wakeUpFailed', '{}' FROM device WHERE device_id = $1`,
    [device.deviceId],
  );
  await until(async () => (await stateOf(device.deviceId)).tags.includes('asleep'));
  await allFollowed();
  expect((await stateOf(device.deviceId)).states).toEqual([]);
  await remove(mine);
  await remove(theirs);
  expect(await world.gateway.db.sql.query('SELECT 1 FROM rule_place')).toEqual([]);
});
