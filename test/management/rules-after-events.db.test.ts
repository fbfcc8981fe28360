import { Rights } from '../../src/access/rights';
import { EVERY_DEVICE } from '../../src/management/device-filter/condition';
import { lookFor } from '../../src/management/profiles/look';
import { createRulesAfterEvents, type RulesAfterEvents } from '../../src/management/rules/after-events';
import type { LiveRule } from '../../src/management/rules/types';
import { untilEventsAreServed } from '../support/events-served';
import { LIBRARY } from './given';
import { openWorld, type World } from './world';

let world: World;
let rule: LiveRule;
/** Whether a device's name is one that cannot be followed now. */
let isBroken = (): boolean => false;
let told: object[] = [];

beforeAll(async () => {
  world = await openWorld();
  const [row] = await world.rows<{ id: string }>(
    `INSERT INTO rule (name, caller, condition, trigger, action, pace, created_at, updated_at)
     VALUES ('a rule', 'key:1', '{}', '{"events": ["wakeUpFailed"]}', '{}', '{}', now(), now()) RETURNING id`,
  );
  rule = {
    id: row?.id ?? '',
    trigger: { events: ['wakeUpFailed'] },
    action: { commands: [], expiresInMs: 60_000, addTags: ['asleep'], removeTags: [] },
    pace: { debounceMs: 0, count: 100, perMs: 60_000 },
    condition: EVERY_DEVICE,
    rights: new Rights(true, [], world.now),
  };
});
afterAll(() => world.close());

function follower(): RulesAfterEvents {
  const look = lookFor([], [rule]);
  told = [];
  return createRulesAfterEvents({
    db: world.db,
    live: { current: () => ({ profiles: [], rules: [rule], look, lookOfRules: look }) },
    ddfs: {
      library: () => {
        if (isBroken()) throw new Error('the database went away');
        return LIBRARY;
      },
    },
    log: { error: (detail) => void told.push(detail) },
    now: () => world.now,
  });
}

async function couldNotBeWoken(name: string): Promise<string> {
  const device = await world.device(name, []);
  await world.rows(`INSERT INTO event (device_id, type) VALUES ($1, 'wakeUpFailed')`, [device]);
  return device;
}
async function ticks(rules: RulesAfterEvents, times: number): Promise<void> {
  await untilEventsAreServed(world.db);
  for (let tick = 0; tick < times; tick += 1) await rules.tick();
}
const asleep = async (): Promise<readonly string[]> =>
  (await world.rows<{ name: string }>(`SELECT device_id AS name FROM device WHERE tags = '{asleep}' ORDER BY id`)).map(
    ({ name }) => name,
  );

test('an event that could not be followed for a moment is followed later, and those after it in their order', async () => {
  const rules = follower();
  await rules.tick();
  await couldNotBeWoken('first');
  await couldNotBeWoken('second');
  let failures = 0;
  isBroken = () => (failures += 1) <= 3;
  await ticks(rules, 3);
  expect(await asleep()).toEqual([]);
  await ticks(rules, 1);
  expect(await asleep()).toEqual(['first', 'second']);
  expect(told).toMatchObject([{ tries: 1 }, { tries: 2 }, { tries: 3 }]);
});

test('one that can never be followed is passed by, and told of', async () => {
  const rules = follower();
  await rules.tick();
  await couldNotBeWoken('never');
  await couldNotBeWoken('third');
  let failures = 0;
  isBroken = () => (failures += 1) <= 5;
  await ticks(rules, 5);
  expect(await asleep()).toEqual(['first', 'second', 'third']);
  expect(told).toHaveLength(5);
  expect(told.at(-1)).toMatchObject({ device: 'never', type: 'wakeUpFailed', tries: 5 });
  // Nothing is followed twice.
  isBroken = () => false;
  await ticks(rules, 2);
  expect(await world.rows(`SELECT 1 FROM event WHERE type = 'ruleTriggered'`)).toHaveLength(3);
});
