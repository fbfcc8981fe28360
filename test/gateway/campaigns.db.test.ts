/** One change to many devices of both protocols, from the caller's mutation to figures by state. */
import type { GraphqlAnswer } from '../support/gateway';
import {
  ask,
  codesOf,
  contact,
  createKey,
  faultless,
  FUMO,
  METER,
  startWorld,
  submit,
  type World,
} from './support/world';

const MINUTE = 60_000;
/** A Saturday, 15:00 in Berlin and 23:00 in Tokyo. */
let clock = Date.parse('2026-03-28T14:00:00Z');
let world: World;

beforeAll(async () => {
  world = await startWorld({ now: () => clock });
});
afterAll(() => world.close());

const PROGRESS = 'progress { queued inProgress succeeded failed timedOut rejected cancelled }';
const CAMPAIGN = `id name state verdict targets problem startedAt endedAt ${PROGRESS}
  failures { state outcome statusCode count sampleDevices { deviceId } }`;

interface CampaignAnswer {
  readonly id: string;
  readonly state: string;
  readonly progress: Readonly<Record<string, number>>;
}

function createAs(key: string | undefined, input: object, fields = CAMPAIGN): Promise<GraphqlAnswer> {
  const text = `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ${fields} } }`;
  return world.gateway.graphql(text, { input: { name: 'a change', ...input } }, key);
}

async function create(input: object): Promise<string> {
  const answer = await createAs(undefined, input);
  expect(answer.errors).toBeUndefined();
  return (answer.data as { createCampaign: CampaignAnswer }).createCampaign.id;
}

async function campaign(id: string, fields = CAMPAIGN): Promise<CampaignAnswer> {
  const found = await ask<{ campaign: CampaignAnswer }>(
    world.gateway,
    `query ($id: ID!) { campaign(id: $id) { ${fields} } }`,
    { id },
  );
  return found.campaign;
}

async function change(what: 'pause' | 'resume' | 'cancel', id: string, key?: string): Promise<GraphqlAnswer> {
  return world.gateway.graphql(`mutation ($id: ID!) { ${what}Campaign(id: $id) { state } }`, { id }, key);
}

/** Time goes by, and what is due is done. */
async function passes(ms: number): Promise<void> {
  clock += ms;
  await world.gateway.timers.runOnce();
}

/** Devices that are registered and have not called. */
async function registered(tag: string, count: number, more: object = {}): Promise<void> {
  const input = { accountId: world.accountId, protocol: 'DM_1_2', tags: [tag], ...more };
  for (let n = 0; n < count; n += 1)
    await ask(world.gateway, 'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }', {
      input: { ...input, deviceId: `IMEI:${tag}-${n}` },
    });
}

const at = (path: string): object => ({ address: { moid: METER, path } });
const write = (value: number): object => ({ replace: { ...at('Interval'), value: { int: value } } });

describe('A campaign over devices of both protocols', () => {
  const both = { deviceId: { in: ['IMEI:one', 'urn:uuid:two'] } };
  let one: Awaited<ReturnType<World['device']>>;
  let two: Awaited<ReturnType<World['device']>>;

  beforeAll(async () => {
    one = await world.device('dm1', 'IMEI:one');
    two = await world.device('dm2', 'urn:uuid:two');
    for (const device of [one, two]) await contact(device);
  });

  test('reaches each that a typed filter fits, and tells its figures and its end', async () => {
    const id = await create({ where: { ...both, acmeMeter: { interval: { gt: 0 } } }, commands: [write(77)] });
    await passes(1_000);
    expect(await campaign(id)).toMatchObject({
      state: 'IN_PROGRESS',
      targets: 2,
      progress: { queued: 0, inProgress: 2 },
    });
    faultless(await contact(one));
    expect(await campaign(id)).toMatchObject({ progress: { inProgress: 1, succeeded: 1 } });
    faultless(await contact(two));
    await passes(1_000);
    expect(await campaign(id)).toMatchObject({
      state: 'COMPLETED',
      verdict: 'SUCCEEDED',
      endedAt: new Date(clock).toISOString(),
      progress: { queued: 0, inProgress: 0, succeeded: 2, failed: 0 },
      failures: [],
    });
    for (const device of [one, two])
      expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Interval'])?.value).toBe('77');
    const { devices } = (await campaign(
      id,
      'devices(state: SUCCEEDED) { nodes { device { deviceId } operation { state commands { outcome } } } }',
    )) as unknown as { devices: object };
    const operation = { state: 'SUCCEEDED', commands: [{ outcome: 'OK' }] };
    expect(devices).toEqual({
      nodes: ['IMEI:one', 'urn:uuid:two'].map((deviceId) => ({ device: { deviceId }, operation })),
    });
    expect(
      await ask(
        world.gateway,
        '{ devices(where: { deviceId: { in: ["IMEI:one", "urn:uuid:two"] } }) { nodes { acmeMeter { interval } } } }',
      ),
    ).toEqual({
      devices: { nodes: [{ acmeMeter: { interval: 77 } }, { acmeMeter: { interval: 77 } }] },
    });
  });

  test('groups what fails by outcome and status, with sample devices, and aborts at its threshold', async () => {
    const ghost = [{ delete: at('Tariff/ghost') }];
    const id = await create({ where: both, commands: ghost, successPercentage: 50 });
    await passes(1_000);
    for (const device of [one, two]) await contact(device);
    await passes(1_000);
    expect(await campaign(id)).toMatchObject({
      state: 'COMPLETED',
      verdict: 'FAILED',
      failures: [
        {
          state: 'FAILED',
          outcome: 'NOT_FOUND',
          statusCode: 404,
          count: 2,
          sampleDevices: [{ deviceId: 'IMEI:one' }, { deviceId: 'urn:uuid:two' }],
        },
      ],
    });
    const aborting = await create({
      where: both,
      commands: ghost,
      pace: { maximumConcurrent: 1 },
      abort: [{ failures: 'FAILED', percentage: 50, minimumExecuted: 1 }],
    });
    await passes(1_000);
    expect(await campaign(aborting)).toMatchObject({ progress: { queued: 1, inProgress: 1 } });
    await contact(one);
    await passes(1_000);
    expect(await campaign(aborting)).toMatchObject({
      state: 'ABORTED',
      progress: { queued: 0, failed: 1, cancelled: 1 },
      endedAt: expect.any(String) as unknown,
    });
  });

  test('what a newer operation supersedes counts as cancelled', async () => {
    const id = await create({ where: both, commands: [write(81)] });
    await passes(1_000);
    await submit(world.gateway, 'IMEI:one', [write(82)]);
    for (const device of [one, two]) faultless(await contact(device));
    await passes(1_000);
    const cancelled = 'devices(state: CANCELLED) { nodes { outcome device { deviceId } } }';
    expect(await campaign(id, `${CAMPAIGN} ${cancelled}`)).toMatchObject({
      state: 'COMPLETED',
      verdict: 'FAILED',
      progress: { succeeded: 1, cancelled: 1 },
      devices: { nodes: [{ outcome: 'SUPERSEDED', device: { deviceId: 'IMEI:one' } }] },
    });
  });

  test('keeps a large value once, and gives it to each device when its turn comes', async () => {
    const { sql } = world.gateway.db;
    const blobs = async (): Promise<number> =>
      Number((await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM blob'))[0]?.n);
    const before = await blobs();
    const text = 'long '.repeat(4_000);
    const startAt = new Date(clock + MINUTE).toISOString();
    const id = await create({ where: both, startAt, commands: [{ add: { ...at('Note'), value: { text } } }] });
    await passes(1_000);
    expect(await blobs()).toBe(before);
    await passes(MINUTE);
    expect(await blobs()).toBe(before + 2);
    for (const device of [one, two]) faultless(await contact(device));
    expect(await campaign(id)).toMatchObject({ progress: { succeeded: 2 } });
    for (const deviceId of ['IMEI:one', 'urn:uuid:two'])
      expect(await ask(world.gateway, `{ device(deviceId: "${deviceId}") { acmeMeter { note } } }`)).toEqual({
        device: { acmeMeter: { note: text } },
      });
  });

  test('gives each device an address of its own for one file of the repository', async () => {
    const { createRepositoryItem: made } = await ask<{
      createRepositoryItem: { item: { id: string }; uploadUrl: string };
    }>(world.gateway, 'mutation { createRepositoryItem(input: {}) { item { id } uploadUrl } }');
    await fetch(made.uploadUrl, { method: 'PUT', body: 'a package' });
    const address = { moid: FUMO, path: 'DownloadAndUpdate/PkgURL' };
    const commands = [{ replace: { address, value: { repositoryItem: made.item.id } } }];
    const id = await create({ where: both, commands });
    await passes(1_000);
    const urls: string[] = [];
    for (const device of [one, two]) {
      faultless(await contact(device));
      const told = await ask<{ device: { fumo: { downloadAndUpdate: { pkgUrl: string } } } }>(
        world.gateway,
        'query ($id: ID!) { device(deviceId: $id) { fumo { downloadAndUpdate { pkgUrl } } } }',
        { id: device.deviceId },
      );
      urls.push(told.device.fumo.downloadAndUpdate.pkgUrl);
      expect(await (await fetch(urls.at(-1) ?? '')).text()).toBe('a package');
    }
    expect(new Set(urls).size).toBe(2);
    expect(await campaign(id)).toMatchObject({ progress: { succeeded: 2 } });
  });

  test('a device that is deleted is no part of it any more', async () => {
    await world.device('dm1', 'IMEI:leaves');
    const id = await create({ deviceIds: ['IMEI:leaves'], commands: [write(6)] });
    await passes(1_000);
    expect(await campaign(id)).toMatchObject({ progress: { inProgress: 1 } });
    await ask(world.gateway, 'mutation { deleteDevice(deviceId: "IMEI:leaves") { id } }');
    await passes(1_000);
    expect(await campaign(id)).toMatchObject({ state: 'COMPLETED', targets: 1, progress: { inProgress: 0 } });
  });

  test('does not ask a device that its maker may not, and tells why', async () => {
    const key = await createKey(world.gateway, 'IMEI:one', { right: 'WRITE', moid: METER }, { right: 'READ' });
    const deviceIds = ['IMEI:one', 'urn:uuid:two'];
    const hidden = await createAs(key, { deviceIds, commands: [write(5)] });
    expect(codesOf(hidden)).toEqual(['NOT_FOUND']);
    const mayRead = await createKey(world.gateway, 'IMEI:one', { right: 'READ' });
    const dry = await createAs(
      mayRead,
      { where: {}, commands: [write(5)], dryRun: true },
      'targets samples { code device { deviceId } }',
    );
    expect(dry.data).toEqual({
      createCampaign: { targets: 1, samples: [{ code: 'FORBIDDEN', device: { deviceId: 'IMEI:one' } }] },
    });
    const made = await createAs(mayRead, { where: {}, commands: [write(5)] });
    const { id } = (made.data as { createCampaign: CampaignAnswer }).createCampaign;
    await passes(1_000);
    expect(await campaign(id, `${CAMPAIGN} devices { nodes { reason operation { id } } }`)).toMatchObject({
      state: 'COMPLETED',
      verdict: 'FAILED',
      progress: { rejected: 1 },
      failures: [{ state: 'REJECTED', outcome: 'FORBIDDEN', statusCode: null, count: 1 }],
      devices: { nodes: [{ reason: expect.stringContaining('WRITE') as unknown, operation: null }] },
    });

    // Another caller sees nothing of it, and changes nothing.
    const seen = await world.gateway.graphql(
      'query ($id: ID!) { campaign(id: $id) { id } node(id: $id) { id } campaigns { nodes { id } } }',
      { id },
      key,
    );
    expect(seen.data).toEqual({ campaign: null, node: null, campaigns: { nodes: [] } });
    for (const what of ['pause', 'resume', 'cancel'] as const)
      expect(codesOf(await change(what, id, key))).toEqual(['NOT_FOUND']);
    const own = await world.gateway.graphql('{ campaigns { nodes { id } } }', {}, mayRead);
    expect(own.data).toEqual({ campaigns: { nodes: [{ id }] } });
  });
});

test('A campaign starts devices at its pace, none while it is paused, and takes back what is queued when cancelled', async () => {
  await registered('paced', 9);
  const id = await create({ where: { tag: 'paced' }, commands: [write(1)], pace: { maximumPerMinute: 2 } });
  const figures = async (): Promise<unknown> => (await campaign(id)).progress;
  await passes(0);
  expect(await figures()).toMatchObject({ queued: 8, inProgress: 1 });
  await passes(10_000);
  expect(await figures()).toMatchObject({ inProgress: 1 });
  await passes(20_000);
  expect(await figures()).toMatchObject({ inProgress: 2 });
  // The pump was away: it makes up for nothing beyond the rate.
  await passes(10 * MINUTE);
  expect(await figures()).toMatchObject({ inProgress: 4 });
  expect((await change('pause', id)).data).toEqual({ pauseCampaign: { state: 'PAUSED' } });
  await passes(2 * MINUTE);
  expect(await figures()).toMatchObject({ inProgress: 4 });
  await change('resume', id);
  await passes(0);
  expect(await figures()).toMatchObject({ queued: 3, inProgress: 6 });
  await change('cancel', id);
  expect(await figures()).toMatchObject({ queued: 0 });
  await passes(0);
  await passes(1_000);
  expect(await campaign(id)).toMatchObject({
    state: 'CANCELLED',
    endedAt: expect.any(String) as unknown,
    progress: { inProgress: 0, cancelled: 9 },
  });
  const left = await world.gateway.db.sql.query(`SELECT 1 FROM command WHERE state = 'QUEUED'`);
  expect(left).toEqual([]);
  expect(codesOf(await change('resume', id))).toEqual(['BAD_USER_INPUT']);
  const told = await world.gateway.db.sql.query<{ state: string; was: string | null }>(
    `SELECT data ->> 'state' AS state, data ->> 'was' AS was FROM event
     WHERE type = 'campaignStateChanged' AND data ->> 'campaign' = $1 ORDER BY id`,
    [Buffer.from(id, 'base64url').toString().split(':')[1]],
  );
  expect(told).toEqual([
    { state: 'IN_PROGRESS', was: null },
    { state: 'PAUSED', was: 'IN_PROGRESS' },
    { state: 'IN_PROGRESS', was: 'PAUSED' },
    { state: 'CANCELLED', was: 'IN_PROGRESS' },
  ]);
});

test("Windows are those of the device's time zone, and follow it when it is told anew", async () => {
  clock = Date.parse('2026-03-28T14:00:00Z') + 7 * 24 * 60 * MINUTE;
  await registered('tokyo', 1, { timeZone: 'Asia/Tokyo', tags: ['windows'] });
  await registered('unknown', 1, { tags: ['windows'] });
  const id = await create({
    where: { tag: 'windows' },
    commands: [write(2)],
    windows: [{ from: '22:00', to: '04:00' }],
    timeZone: 'Europe/Berlin',
    endAt: new Date(clock + 24 * 60 * MINUTE).toISOString(),
  });
  await passes(0);
  expect(await campaign(id, `${PROGRESS} devices(state: IN_PROGRESS) { nodes { device { deviceId } } }`)).toMatchObject(
    {
      progress: { queued: 1, inProgress: 1 },
      devices: { nodes: [{ device: { deviceId: 'IMEI:tokyo-0' } }] },
    },
  );
  await passes(MINUTE);
  expect(await campaign(id)).toMatchObject({ progress: { queued: 1 } });
  const moved = 'mutation { updateDevice(deviceId: "IMEI:unknown-0", input: { timeZone: "Asia/Tokyo" }) { timeZone } }';
  expect(await ask(world.gateway, moved)).toEqual({ updateDevice: { timeZone: 'Asia/Tokyo' } });
  // What is left out stays.
  const other = 'mutation { updateDevice(deviceId: "IMEI:unknown-0", input: { tags: [] }) { timeZone } }';
  expect(await ask(world.gateway, other)).toEqual({ updateDevice: { timeZone: 'Asia/Tokyo' } });
  await passes(MINUTE);
  expect(await campaign(id)).toMatchObject({ progress: { queued: 0, inProgress: 2 } });
});

test('A campaign begins at its time, gives up at its end, and pauses when the key of its maker is no longer valid', async () => {
  await registered('timed', 2);
  const input = { where: { tag: 'timed' }, commands: [write(3)] };
  const later = await create({
    ...input,
    startAt: new Date(clock + 60 * MINUTE).toISOString(),
    endAt: new Date(clock + 90 * MINUTE).toISOString(),
    pace: { maximumConcurrent: 1 },
  });
  await passes(59 * MINUTE);
  expect(await campaign(later)).toMatchObject({ state: 'SCHEDULED', startedAt: null, progress: { queued: 2 } });
  await passes(MINUTE);
  expect(await campaign(later)).toMatchObject({ state: 'IN_PROGRESS', progress: { queued: 1, inProgress: 1 } });
  await passes(30 * MINUTE);
  expect(await campaign(later)).toMatchObject({ state: 'IN_PROGRESS', progress: { inProgress: 1, cancelled: 1 } });
  await passes(31 * 24 * 60 * MINUTE);
  await passes(1_000);
  expect(await campaign(later)).toMatchObject({
    state: 'COMPLETED',
    verdict: 'FAILED',
    failures: [{ state: 'TIMED_OUT', outcome: null, count: 1 }],
  });

  const made = await ask<{ createApiKey: { key: string; apiKey: { id: string } } }>(
    world.gateway,
    'mutation { createApiKey(input: { name: "leaves", admin: true }) { key apiKey { id } } }',
  );
  const { key, apiKey } = made.createApiKey;
  const soon = { ...input, startAt: new Date(clock + MINUTE).toISOString() };
  const orphan = ((await createAs(key, soon)).data as { createCampaign: CampaignAnswer }).createCampaign.id;
  await ask(world.gateway, 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: apiKey.id });
  await passes(MINUTE);
  expect(await campaign(orphan)).toMatchObject({
    state: 'PAUSED',
    problem: expect.stringContaining('key') as unknown,
    progress: { queued: 2 },
  });
});

test('The same idempotency key from the same caller gives the same campaign, and another request is refused', async () => {
  const input = { where: { tag: 'timed' }, commands: [write(4)], idempotencyKey: 'once' };
  const id = await create(input);
  expect(await create(input)).toBe(id);
  expect(codesOf(await createAs(undefined, { ...input, commands: [write(5)] }))).toEqual(['IDEMPOTENCY_CONFLICT']);
  await change('cancel', id);
});

test('A refusal names the command that it is for', async () => {
  const commands = [write(1), { get: at('Nothing') }];
  const { errors } = await createAs(undefined, { where: {}, commands });
  expect(errors?.[0]).toMatchObject({
    message: expect.stringContaining('commands[1]') as unknown,
    extensions: { code: 'NOT_IN_DDF', command: 1 },
  });
});

test.each([
  ['an unknown device', { deviceIds: ['IMEI:nobody'] }, 'NOT_FOUND'],
  ['no device', { where: { tag: 'nobody' } }, 'BAD_USER_INPUT'],
  ['neither a filter nor a list', { where: null }, 'BAD_USER_INPUT'],
  ['an empty list', { where: null, deviceIds: [] }, 'BAD_USER_INPUT'],
  ['too long a list', { where: null, deviceIds: new Array(10_001).fill('x') }, 'LIMIT_PAGE_SIZE'],
  ['no command', { commands: [] }, 'BAD_USER_INPUT'],
  ['a node that is in no DDF', { commands: [{ get: at('Nothing') }] }, 'NOT_IN_DDF'],
  ['a value that does not fit', { commands: [{ replace: { ...at('Interval'), value: { text: 'x' } } }] }, 'BAD_FORMAT'],
  [
    'an item that is not there',
    { commands: [{ replace: { ...at('Note'), value: { repositoryItem: 'UmVwb3NpdG9yeUl0ZW06OTk5' } } }] },
    'NOT_FOUND',
  ],
  ['a window that is none', { windows: [{ from: '25:00', to: '04:00' }] }, 'BAD_USER_INPUT'],
  ['a zone that is none', { timeZone: 'Mars/Base' }, 'BAD_USER_INPUT'],
  ['a pace of nothing', { pace: { maximumPerMinute: 0 } }, 'BAD_USER_INPUT'],
  [
    'a pace that grows without bound',
    { pace: { exponential: { basePerMinute: 1, factor: 2, everySucceeded: 1 } } },
    'BAD_USER_INPUT',
  ],
  ['more than all', { abort: [{ percentage: 101, minimumExecuted: 1 }] }, 'BAD_USER_INPUT'],
  ['an end before its beginning', { endAt: '2020-01-01T00:00:00Z' }, 'BAD_USER_INPUT'],
  ['a name that is none', { name: ' ' }, 'BAD_USER_INPUT'],
])('A campaign with %s is refused, and nothing is kept', async (_what, more, code) => {
  const kept = (): Promise<object[]> => world.gateway.db.sql.query('SELECT id FROM campaign ORDER BY id');
  const before = await kept();
  const where = 'deviceIds' in more ? {} : { where: {} };
  expect(codesOf(await createAs(undefined, { ...where, commands: [write(1)], ...more }))).toEqual([code]);
  expect(await kept()).toEqual(before);
});
