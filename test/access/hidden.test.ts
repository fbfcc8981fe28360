/** DM-AZ-003: what is hidden is answered like what is not there: the same answer, by the same statements. */
import type { Caller } from '../../src/management/types';
import { ADMIN, FUMO, keyOf, METER, Plant } from './support/plant';
import { familyOf } from './support/oracle';
import { Chance } from './support/random';

const SEEN = 'urn:uuid:seen';
const HIDDEN = 'urn:uuid:hidden';
const ABSENT = 'urn:uuid:absent';
const DCMO = 'urn:oma:mo:oma-dcmo:1.0';
const READER: Caller = { principal: 'user:reader', name: 'reader', admin: false };
/** The same by a filter. */
const FILTERED: Caller = { principal: 'user:filtered', name: 'filtered', admin: false };

let plant: Plant;
let statements: string[] | undefined;
let hidden: Names;

interface Names {
  readonly deviceId: string;
  readonly node: string;
  readonly operation: string;
  readonly ofSeen: string;
  readonly family: string;
  readonly field: string;
  readonly own: string;
}
/** Of what is not there. */
const absent: Names = {
  deviceId: ABSENT,
  node: id('Device', '4711'),
  operation: id('Operation', '4711', '4711'),
  ofSeen: '',
  family: DCMO,
  field: 'dcmo',
  own: '4711',
};
let nobody: Names;

function id(...parts: readonly string[]): string {
  return Buffer.from(parts.join(':')).toString('base64url');
}

beforeAll(async () => {
  plant = await Plant.start();
  const { services, db } = plant.gateway;
  const chance = new Chance(1);
  const accountId = keyOf(plant.accounts[0] ?? '');
  const keys: string[] = [];
  const operations: string[] = [];
  for (const [deviceId, tags] of [
    [SEEN, ['seen']],
    [HIDDEN, []],
  ] as const) {
    const { key } = await services.devices.register({ deviceId, accountId, tags, protocol: 'DM_2_0' });
    await db.sql.query('UPDATE device SET discovered_at = now() WHERE id = $1', [key]);
    keys.push(key);
    for (const moid of [METER, FUMO]) await plant.object(key, moid, 'i1', chance);
    operations.push(await plant.operation(key, 'user:other', chance));
  }
  const [seenKey = '', hiddenKey = ''] = keys;
  for (const [principal, scope] of [
    [READER.principal, { deviceId: SEEN }],
    [FILTERED.principal, { where: { tag: 'seen' } }],
  ] as const) {
    const input = { principal, right: 'READ', moid: METER, ...scope };
    const { errors } = await plant.ask('mutation ($i: CreateGrantInput!) { createGrant(input: $i) { id } }', {
      i: input,
    });
    expect(errors).toEqual([]);
  }
  const profile = await plant.ask(
    `mutation { createProfile(input: { name: "p", where: {}, entries: [{ address: { moid: "${METER}", path: "Unit" }, value: { text: "a" } }] }) { id }
       createCampaign(input: { name: "c", deviceIds: ["${HIDDEN}"], commands: [{ get: { address: { moid: "${METER}" } } }] }) { id }
       createRule(input: { name: "r", on: {}, do: {} }) { id } }`,
    {},
  );
  expect(profile.errors).toEqual([]);
  hidden = {
    deviceId: HIDDEN,
    node: id('Device', hiddenKey),
    operation: operations[1] ?? '',
    ofSeen: operations[0] ?? '',
    family: FUMO,
    field: 'fumo',
    own: '1',
  };
  nobody = { ...absent, ofSeen: id('Operation', seenKey, '4711') };
  db.onStatement((text) => statements?.push(text));
});
afterAll(() => plant.close());

const GET = '{ get: { address: { moid: "urn:oma:mo:ext-acme-meter:1.0" } } }';
/** What is asked, of names of what is hidden or is not there. */
const QUESTIONS: readonly (readonly [string, (names: Names) => string])[] = [
  ['a device', ({ deviceId }) => `{ device(deviceId: "${deviceId}") { id } }`],
  ['a device by its id', ({ node }) => `{ node(id: "${node}") { id } }`],
  [
    'a list of devices',
    ({ deviceId }) =>
      `{ devices(where: { deviceId: { eq: "${deviceId}" } }) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
  ],
  ['alerts', ({ deviceId }) => `{ alerts(where: { deviceId: "${deviceId}" }) { nodes { id } } }`],
  ['events', ({ deviceId }) => `{ events(where: { deviceId: "${deviceId}" }) { nodes { id } } }`],
  ['an operation', ({ operation }) => `{ operation(id: "${operation}") { id } }`],
  ['an operation by its id', ({ operation }) => `{ node(id: "${operation}") { id } }`],
  ['an operation of a device that is seen', ({ ofSeen }) => `{ operation(id: "${ofSeen}") { id } }`],
  ['a campaign', ({ own }) => `{ campaign(id: "${id('Campaign', own)}") { id } }`],
  ['a profile', ({ own }) => `{ profile(id: "${id('Profile', own)}") { id } }`],
  ['a rule', ({ own }) => `{ rule(id: "${id('Rule', own)}") { id } }`],
  ['an account', ({ own }) => `{ node(id: "${id('Account', own)}") { id } }`],
  [
    'a typed object',
    ({ field }) =>
      `{ device(deviceId: "${SEEN}") { it: ${field} { mo { moid } } all: ${field}Instances { mo { moid } } } }`,
  ],
  [
    'an object',
    ({ family }) =>
      `{ device(deviceId: "${SEEN}") { managementObjects(moid: "${family}") { moid history { nodes { id } } } } }`,
  ],
  ['an object of a filter', ({ field }) => `{ devices(where: { ${field}: { exists: true } }) { nodes { id } } }`],
  [
    'a read of an object',
    ({ family }) =>
      `mutation { submitOperation(input: { deviceId: "${SEEN}", commands: [{ get: { address: { moid: "${family}" } } }] }) { id } }`,
  ],
  [
    'an operation on a device',
    ({ deviceId }) => `mutation { submitOperation(input: { deviceId: "${deviceId}", commands: [${GET}] }) { id } }`,
  ],
  [
    'a dry run',
    ({ deviceId }) =>
      `mutation { submitOperation(input: { deviceId: "${deviceId}", commands: [${GET}], dryRun: true }) { id } }`,
  ],
  [
    'a typed change',
    ({ deviceId }) => `mutation { replaceAcmeMeter(input: { deviceId: "${deviceId}", unit: "x" }) { id } }`,
  ],
  ['the end of an operation', ({ operation }) => `mutation { cancelOperation(id: "${operation}") { id } }`],
  [
    'the end of an operation of a device that is seen',
    ({ ofSeen }) => `mutation { cancelOperation(id: "${ofSeen}") { id } }`,
  ],
  [
    'a change of a device',
    ({ deviceId }) => `mutation { updateDevice(deviceId: "${deviceId}", input: { tags: [] }) { id } }`,
  ],
  ['the end of a device', ({ deviceId }) => `mutation { deleteDevice(deviceId: "${deviceId}") { id } }`],
  ['a wake-up', ({ deviceId }) => `mutation { wakeDevice(input: { deviceId: "${deviceId}" }) { id } }`],
  [
    'a new secret',
    ({ deviceId }) => `mutation { rotateCredential(input: { deviceId: "${deviceId}", direction: CLIENT }) { secret } }`,
  ],
  [
    'a recognition',
    ({ deviceId }) =>
      `mutation { recogniseManagementObject(input: { deviceId: "${deviceId}", location: "./A", moid: "${METER}" }) { id } }`,
  ],
  [
    'a subscription of an object',
    ({ deviceId }) =>
      `mutation { subscribeManagementObject(input: { deviceId: "${deviceId}", address: { moid: "${METER}" } }) { __typename } }`,
  ],
  [
    'a delegation',
    ({ deviceId }) =>
      `mutation { delegateManagement(input: { deviceId: "${deviceId}", peer: "p", moids: ["${METER}"] }) { id } }`,
  ],
  [
    'a grant',
    ({ deviceId }) =>
      `mutation { createGrant(input: { principal: "user:x", right: "READ", deviceId: "${deviceId}" }) { id } }`,
  ],
  [
    'an explanation of access',
    ({ deviceId }) => `{ explainAccess(principal: "user:x", right: "READ", deviceId: "${deviceId}") { allowed } }`,
  ],
  [
    'a campaign over a device',
    ({ deviceId }) =>
      `mutation { createCampaign(input: { name: "c", deviceIds: ["${deviceId}"], commands: [${GET}], dryRun: true }) { id } }`,
  ],
  ['the pause of a campaign', ({ own }) => `mutation { pauseCampaign(id: "${id('Campaign', own)}") { id } }`],
  ['the end of a profile', ({ own }) => `mutation { removeProfile(id: "${id('Profile', own)}") { id } }`],
  ['the end of a rule', ({ own }) => `mutation { deleteRule(id: "${id('Rule', own)}") { id } }`],
];

async function asked(
  text: string,
  caller: Caller,
): Promise<{ readonly answer: unknown; readonly by: readonly string[] }> {
  statements = [];
  const answer = await plant.tell(text, caller);
  const by = statements;
  statements = undefined;
  return { answer, by };
}

describe.each([
  ['a device', READER],
  ['a filter', FILTERED],
])('With a grant on %s', (_what, caller) => {
  beforeAll(() => asked(`{ device(deviceId: "${SEEN}") { id } }`, caller));

  test.each(QUESTIONS)('%s', async (_name, question) => {
    const without = await asked(question(nobody), caller);
    const having = await asked(question(hidden), caller);
    const text = (it: unknown): string =>
      Object.keys(nobody).reduce(
        (all, name) => all.replaceAll(hidden[name as keyof Names], '…').replaceAll(nobody[name as keyof Names], '…'),
        JSON.stringify(it),
      );
    expect(text(having.answer)).toBe(text(without.answer));
    expect(having.by).toEqual(without.by);
  });
});

test('grants cost a read no statement, and those by filter one', async () => {
  const text = `{ device(deviceId: "${SEEN}") { acmeMeter { unit } } }`;
  const cost = async (caller: Caller): Promise<number> => (await asked(text, caller)).by.length;
  const [admin, reader, filtered] = [await cost(ADMIN), await cost(READER), await cost(FILTERED)];
  expect([admin, reader, filtered]).toEqual([2, 2, 3]);
});

test('all of it is there for who may see it', async () => {
  const { data } = await plant.ask(
    `{ device(deviceId: "${HIDDEN}") { id } operation(id: "${hidden.operation}") { id } seen: operation(id: "${hidden.ofSeen}") { id }
       campaign(id: "${id('Campaign', '1')}") { id } profile(id: "${id('Profile', '1')}") { id } rule(id: "${id('Rule', '1')}") { id }
       of: device(deviceId: "${SEEN}") { managementObjects(moid: "${familyOf(FUMO)}") { moid } } }`,
    {},
    ADMIN,
  );
  expect(Object.values(data)).not.toContain(null);
  expect(data).toMatchObject({ of: { managementObjects: [{ moid: FUMO }] } });
  const mine = await plant.ask(`{ device(deviceId: "${SEEN}") { acmeMeter { mo { moid } } } }`, {}, FILTERED);
  expect((await asked(QUESTIONS[0]?.[1](hidden) ?? '', READER)).by).not.toEqual([]);
  expect(mine.data).toMatchObject({ device: { acmeMeter: { mo: { moid: METER } } } });
});
