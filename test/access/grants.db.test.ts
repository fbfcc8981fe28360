import { familyOf } from '../../schema/ddf/identity';
import { createGrants } from '../../src/access/grants';
import { Rights } from '../../src/access/rights';
import type { Grants } from '../../src/management/types';
import { ALICE, refusalOf, startAdministration, type Administration } from '../support/administration';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const ALL = new Rights(true, [], NOW);
let house: Administration;
let grants: Grants;
let accountId: string;

beforeAll(async () => {
  house = await startAdministration();
  grants = createGrants({ db: house.db, familyOf, now: () => NOW });
  accountId = (await house.accounts.create({ serverId: 's' })).id;
  await house.devices.register({ deviceId: 'IMEI:493005100592800', accountId });
});
afterAll(() => house.db.close());

test('a grant is kept with its scope, and holds for every version of a management object', async () => {
  const device = await house.devices.find('IMEI:493005100592800');
  const made = await grants.create(
    {
      principal: 'key:12',
      right: 'WRITE',
      deviceId: 'IMEI:493005100592800',
      moid: 'urn:oma:mo:oma-fumo:1.0',
      path: 'Update',
      expiresAt: new Date(NOW + 1),
    },
    ALICE,
    ALL,
  );
  expect(made).toMatchObject({
    principal: 'key:12',
    right: 'WRITE',
    deviceKey: device?.key,
    accountId: null,
    tag: null,
    moid: 'urn:oma:mo:oma-fumo',
    path: 'Update',
    expiresAt: new Date(NOW + 1),
  });
  expect((await grants.list(ALL, 10)).items).toEqual([made]);

  expect(await grants.delete(made.id, ALICE, ALL)).toEqual(made);
  expect(await refusalOf(grants.delete(made.id, ALICE, ALL))).toMatchObject({ code: 'NOT_FOUND' });
  expect(
    (await house.events()).filter(({ type }) => type.startsWith('grant')).map(({ type, data }) => [type, data]),
  ).toEqual([
    ['grantCreated', { grant: made.id, principal: 'key:12', right: 'WRITE', by: 'key:7' }],
    ['grantDeleted', { grant: made.id, principal: 'key:12', right: 'WRITE', by: 'key:7' }],
  ]);
});

test('a grant goes with its account', async () => {
  const account = await house.accounts.create({ serverId: 't' });
  const { id } = await grants.create({ principal: 'group:field', right: 'READ', accountId: account.id }, ALICE, ALL);
  await house.accounts.delete(account.id);
  expect((await grants.list(ALL, 10)).items.map((grant) => grant.id)).not.toContain(id);
});

const BAD: readonly (readonly [string, string, Parameters<Grants['create']>[0]])[] = [
  ['a principal of no kind', 'BAD_USER_INPUT', { principal: 'somebody', right: 'READ' }],
  ['a right that there is not', 'BAD_USER_INPUT', { principal: 'key:1', right: 'OWN' }],
  ['two scopes', 'BAD_USER_INPUT', { principal: 'key:1', right: 'READ', tag: 'a', accountId: '1' }],
  ['a path without a management object', 'BAD_USER_INPUT', { principal: 'key:1', right: 'READ', path: 'A' }],
  ['a path that begins with "/"', 'BAD_USER_INPUT', { principal: 'key:1', right: 'READ', moid: 'm', path: '/A' }],
  ['an end in the past', 'BAD_USER_INPUT', { principal: 'key:1', right: 'READ', expiresAt: new Date(NOW) }],
  ['a device that does not exist', 'NOT_FOUND', { principal: 'key:1', right: 'READ', deviceId: 'nobody' }],
  ['an account that does not exist', 'NOT_FOUND', { principal: 'key:1', right: 'READ', accountId: '4711' }],
];

test.each(BAD)('a grant is refused with %s', async (_what, code, input) => {
  expect(await refusalOf(grants.create(input, ALICE, ALL))).toMatchObject({ code });
});
