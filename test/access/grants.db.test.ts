import { familyOf } from '../../schema/ddf/identity';
import { createGrants } from '../../src/access/grants';
import { Rights, type ScopedDevice } from '../../src/access/rights';
import type { Caller, DeviceCondition, Grants } from '../../src/management/types';
import { ALICE, refusalOf, startAdministration, type Administration } from '../support/administration';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const ALL = new Rights(true, [], NOW);
/** Keys as explanations find them. */
const KEYS: Readonly<Record<string, Caller>> = {
  'key:1': { principal: 'key:1', name: 'one', admin: false },
  'key:2': { principal: 'key:2', name: 'limited', admin: true, only: ['READ'] },
  'key:3': { principal: 'key:3', name: 'administrator', admin: true },
};
let house: Administration;
let grants: Grants;
let accountId: string;

beforeAll(async () => {
  house = await startAdministration();
  grants = createGrants({
    db: house.db,
    familyOf,
    now: () => NOW,
    callerOf: (principal) => Promise.resolve(KEYS[principal] ?? null),
  });
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
  [
    'a tag and a filter',
    'BAD_USER_INPUT',
    { principal: 'key:1', right: 'READ', tag: 'a', filter: { kind: 'all', of: [] } },
  ],
  [
    'a filter for the whole gateway',
    'BAD_USER_INPUT',
    { principal: 'key:1', right: 'MANAGE_DDFS', filter: { kind: 'all', of: [] } },
  ],
  [
    'a filter that no value fits',
    'BAD_USER_INPUT',
    { principal: 'key:1', right: 'READ', filter: { kind: 'tag', tag: 'a\0' } },
  ],
  [
    'a filter that is too long',
    'LIMIT_FILTER',
    { principal: 'key:1', right: 'READ', filter: { kind: 'tag', tag: 'a'.repeat(5_000) } },
  ],
  ['a path that begins with "/"', 'BAD_USER_INPUT', { principal: 'key:1', right: 'READ', moid: 'm', path: '/A' }],
  ['an end in the past', 'BAD_USER_INPUT', { principal: 'key:1', right: 'READ', expiresAt: new Date(NOW) }],
  ['a device that does not exist', 'NOT_FOUND', { principal: 'key:1', right: 'READ', deviceId: 'nobody' }],
  ['an account that does not exist', 'NOT_FOUND', { principal: 'key:1', right: 'READ', accountId: '4711' }],
];

test.each(BAD)('a grant is refused with %s', async (_what, code, input) => {
  expect(await refusalOf(grants.create(input, ALICE, ALL))).toMatchObject({ code });
});

describe('a grant by filter', () => {
  const DEVICE = 'urn:uuid:filtered';
  const isBig: DeviceCondition = {
    kind: 'object',
    family: 'urn:oma:mo:m',
    tree: { kind: 'test', family: 'urn:oma:mo:m', paths: ['Size'], operator: 'gt', value: 9_007_199_254_740_993n },
  };
  const caller: Caller = { principal: 'user:filtered', name: 'f', admin: false };
  let device: ScopedDevice & { readonly key: string };

  async function scoped(rights: Rights): Promise<ScopedDevice> {
    return { ...device, fits: (await grants.fits(rights, [device.key])).get(device.key) ?? [] };
  }
  const grow = (size: string): Promise<unknown> =>
    house.db.sql.query(
      `UPDATE management_object SET "values" = jsonb_build_object('Size', $2::text) WHERE device_id = $1`,
      [device.key, size],
    );

  beforeAll(async () => {
    device = await house.devices.register({ deviceId: DEVICE, accountId, tags: ['t'] });
    await house.db.sql.query(
      `INSERT INTO management_object (device_id, family, miid, moid, recognised_by, "values") VALUES ($1, 'urn:oma:mo:m', 'i', 'urn:oma:mo:m:1.0', 'PLACE', '{"Size": "9007199254740994"}')`,
      [device.key],
    );
    for (const right of ['DELEGATE', 'WRITE'])
      await grants.create({ principal: caller.principal, right, filter: isBig }, ALICE, ALL);
  });

  test('holds while the device fits, by a value that its holder may not read', async () => {
    const rights = await grants.rightsOf(caller);
    expect(rights.filters).toHaveLength(1);
    const spot = { family: 'urn:oma:mo:m', path: 'Size' };
    expect(rights.at('WRITE', device, spot)).toBe(false);
    expect(rights.at('WRITE', await scoped(rights), spot)).toBe(true);
    expect(rights.readable(await scoped(rights), 'urn:oma:mo:m')).toEqual([]);
    await grow('9007199254740993');
    expect(rights.at('WRITE', await scoped(rights), spot)).toBe(false);
    await grow('9007199254740994');
  });

  test('is given by an administrator, and by who holds DELEGATE by the same filter', async () => {
    const rights = await grants.rightsOf(caller);
    const wide = await grants.rightsOf({ principal: 'user:wide', name: 'w', admin: false });
    const given = await grants.create({ principal: 'user:a', right: 'READ', filter: isBig }, caller, rights);
    expect(given).toMatchObject({ grantedBy: caller.principal, filter: { kind: 'object' } });
    const other: DeviceCondition = { kind: 'not', of: isBig };
    for (const filter of [other, { kind: 'all', of: [] } as const])
      expect(
        await refusalOf(grants.create({ principal: 'user:a', right: 'READ', filter }, caller, rights)),
      ).toMatchObject({
        code: 'FORBIDDEN',
      });
    expect(await refusalOf(grants.create({ principal: 'user:a', right: 'READ' }, caller, rights))).toMatchObject({
      code: 'FORBIDDEN',
    });
    // On one device that fits.
    await grants.create({ principal: 'user:a', right: 'READ', deviceId: DEVICE }, caller, rights);
    expect(await refusalOf(grants.delete(given.id, caller, wide))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await grants.list(rights, 50)).items.map(({ principal }) => principal)).toEqual([
      caller.principal,
      caller.principal,
      'user:a',
      'user:a',
    ]);
  });

  test('is no way for who may give on all devices to test what they cannot read', async () => {
    await grants.create({ principal: 'user:wide', right: 'DELEGATE' }, ALICE, ALL);
    const wide: Caller = { principal: 'user:wide', name: 'w', admin: false };
    expect(
      await refusalOf(
        grants.create({ principal: 'user:b', right: 'READ', filter: isBig }, wide, await grants.rightsOf(wide)),
      ),
    ).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('rights', () => {
  const spot = { family: 'x', path: '' };
  const device = { key: '1', accountId: '1', tags: [] };

  test('are those of the caller and of its groups, and nobody gives to a group that they are in', async () => {
    await grants.create({ principal: 'group:night', right: 'DELEGATE' }, ALICE, ALL);
    const caller: Caller = { principal: 'user:g', name: 'g', admin: false, groups: ['group:night', 'group:empty'] };
    const rights = await grants.rightsOf(caller);
    expect(rights.at('DELEGATE', device, spot)).toBe(true);
    expect((await grants.rightsOf({ ...caller, groups: [] })).at('DELEGATE', device, spot)).toBe(false);
    for (const principal of ['group:night', 'user:g'])
      expect(await refusalOf(grants.create({ principal, right: 'READ' }, caller, rights))).toMatchObject({
        code: 'FORBIDDEN',
      });
    await grants.create({ principal: 'group:day', right: 'READ' }, caller, rights);
  });

  test('go no further than a limited key, whoever’s it is', async () => {
    await grants.create({ principal: 'user:l', right: 'WRITE' }, ALICE, ALL);
    await grants.create({ principal: 'user:l', right: 'READ' }, ALICE, ALL);
    const limited = await grants.rightsOf({ principal: 'user:l', name: 'l', admin: false, only: ['READ', 'EXECUTE'] });
    expect(['READ', 'WRITE', 'EXECUTE'].map((right) => limited.at(right as 'READ', device, spot))).toEqual([
      true,
      false,
      false,
    ]);
    const admin = await grants.rightsOf({ principal: 'key:2', name: 'a', admin: true, only: ['READ'] });
    expect([admin.isAdmin, admin.at('READ', device, spot), admin.onGateway('MANAGE_KEYS')]).toEqual([
      false,
      true,
      false,
    ]);
    expect((await grants.rightsOf({ principal: 'key:2', name: 'a', admin: true, only: [] })).sees(device)).toBe(false);
  });

  test('hold all of another’s where each of its grants lies in one of theirs', async () => {
    await grants.create({ principal: 'key:51', right: 'READ', tag: 'a', moid: 'urn:m:1.0' }, ALICE, ALL);
    const of = (right: string, more: object = {}): Promise<unknown> =>
      grants.create({ principal: 'key:50', right, ...more }, ALICE, ALL);
    const holdAll = async (): Promise<boolean> =>
      grants.holdAll(await grants.rightsOf({ principal: 'key:50', name: '', admin: false }), 'key:51');
    expect(await holdAll()).toBe(false);
    await of('READ', { tag: 'b' });
    await of('WRITE');
    expect(await holdAll()).toBe(false);
    await of('READ', { tag: 'a' });
    expect(await holdAll()).toBe(true);
  });
});

describe('an explanation', () => {
  const at = { deviceId: 'IMEI:493005100592800', moid: 'urn:oma:mo:x:1.0', path: 'A/B' };
  const ask = (principal: string, right: string, more: object = at, rights = ALL, groups: readonly string[] = []) =>
    grants.explain({ principal, groups, right, ...more }, rights);

  beforeAll(async () => {
    for (const [principal, more] of [
      ['key:1', { path: 'A/C' }],
      ['key:1', { deviceId: 'urn:uuid:filtered', path: 'A' }],
      ['group:explained', { path: 'A' }],
    ] as const)
      await grants.create({ principal, right: 'READ', moid: 'urn:oma:mo:x', ...more }, ALICE, ALL);
    await grants.create({ principal: 'key:1', right: 'WRITE', expiresAt: new Date(NOW + 1) }, ALICE, ALL);
    await house.db.sql.query('UPDATE access_grant SET expires_at = $1::timestamptz WHERE expires_at IS NOT NULL', [
      new Date(NOW - 1),
    ]);
  });

  test('names the grants that give it, those of groups too', async () => {
    const told = await ask('key:1', 'READ', at, ALL, ['group:explained']);
    expect(told).toMatchObject({
      allowed: true,
      isAdministrator: false,
      by: [{ principal: 'group:explained', grantedBy: 'key:7' }],
    });
    expect(told.text).toContain('key:7');
  });

  test('tells the nearest that do not, and why', async () => {
    const told = await ask('key:1', 'READ');
    expect(told.allowed).toBe(false);
    expect(told.candidates.map(({ objections }) => objections)).toEqual([
      ['OTHER_PATH'],
      ['OTHER_DEVICE'],
      ['OTHER_RIGHT', 'EXPIRED'],
    ]);
    expect((await ask('key:1', 'WRITE')).candidates[0]?.objections).toEqual(['EXPIRED']);
    expect(
      (await ask('key:1', 'READ', { moid: at.moid })).candidates.map(({ objections }) => objections),
    ).toContainEqual(['OTHER_PATH']);
    expect((await ask('key:1', 'READ', { deviceId: at.deviceId })).candidates[0]?.objections).toEqual(['OTHER_OBJECT']);
  });

  test('knows keys that are limited, an administrator’s, and no more', async () => {
    await grants.create({ principal: 'key:2', right: 'WRITE' }, ALICE, ALL);
    expect(await ask('key:2', 'WRITE')).toMatchObject({
      allowed: false,
      candidates: [{ objections: ['KEY_LIMITED'] }],
    });
    expect(await ask('key:2', 'READ')).toMatchObject({ allowed: true, isAdministrator: true });
    expect(await ask('key:3', 'MANAGE_KEYS', {})).toMatchObject({ allowed: true, isAdministrator: true, by: [] });
    expect(await ask('key:4', 'READ')).toMatchObject({
      allowed: false,
      text: expect.stringContaining('no such key') as unknown,
    });
  });

  test('is given to who holds DELEGATE over just that, of grants that they may manage', async () => {
    const rule = { device: null, account: null, tag: null, family: 'urn:oma:mo:x', path: 'A', expiresAt: null };
    const delegate = new Rights(false, [{ right: 'DELEGATE', ...rule }], NOW);
    expect(await ask('key:1', 'READ', at, delegate)).toMatchObject({
      allowed: null,
      candidates: [{ objections: ['OTHER_PATH'] }, { objections: ['OTHER_DEVICE'] }],
    });
    expect(await ask('group:explained', 'READ', at, delegate)).toMatchObject({ allowed: true });
    for (const [right, more] of [
      ['READ', { ...at, path: 'B' }],
      ['READ', { deviceId: at.deviceId }],
      ['MANAGE_KEYS', {}],
    ] as const)
      expect(await refusalOf(ask('key:1', right, more, delegate))).toMatchObject({ code: 'FORBIDDEN' });
    const nobody = new Rights(false, [], NOW);
    expect(await refusalOf(ask('key:1', 'READ', at, nobody))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(ask('somebody', 'READ'))).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
