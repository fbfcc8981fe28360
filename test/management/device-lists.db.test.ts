import fc from 'fast-check';

import type { Json } from '../../adapters/adapter';
import type { GrantRule } from '../../src/access/rights';
import { deviceCursors } from '../../src/graphql/device-cursor';
import type { DeviceCondition } from '../../src/management/device-filter/condition';
import { createIndexText, NO_INDEXES, type IndexedNode } from '../../src/management/device-filter/indexed-nodes';
import { bounded } from '../../src/management/device-lists/bounded';
import { COUNTED, countDevices } from '../../src/management/device-lists/count';
import { groupDevices } from '../../src/management/device-lists/groups';
import type { DeviceOrderKey, Position } from '../../src/management/device-lists/order';
import { listRows } from '../../src/management/device-lists/list';
import { pageStatement, quickStatement } from '../../src/management/device-lists/page';
import { listedDevice, type ListRow } from '../../src/management/device-lists/row';
import type { DeviceSelection } from '../../src/management/device-list';
import { refusalOf, startAdministration, type Administration } from '../support/administration';
import { onPostgres } from '../support/database';

const FAMILY = 'urn:oma:mo:ext-acme-thing';
const SIZE: IndexedNode = { family: FAMILY, path: 'Size', kind: 'NUMBER' };
const NAME: IndexedNode = { family: FAMILY, path: 'Deep/it\'s "\\', kind: 'TEXT' };
const ON: IndexedNode = { family: FAMILY, path: 'On', kind: 'BOOLEAN' };
const INDEXES = { find: (_family: string, path: string) => [SIZE, NAME, ON].find((one) => one.path === path) };

interface Told {
  readonly deviceId: string;
  readonly protocol: string | null;
  readonly account: number;
  readonly tags: readonly string[];
  readonly contact: string | null;
  readonly objects: readonly { readonly size: Json; readonly name: Json; readonly on: Json }[];
}

let house: Administration;
const accounts: string[] = [];

beforeAll(async () => {
  house = await startAdministration();
  for (const serverId of ['one', 'two']) accounts.push((await house.accounts.create({ serverId })).id);
  for (const node of [SIZE, NAME, ON]) await house.db.sql.exec(createIndexText(node, onPostgres));
});
afterAll(() => house.db.close());

const long = 'x'.repeat(300);
const told = fc
  .record({
    protocol: fc.constantFrom(null, 'DM_1_2', 'DM_2_0'),
    account: fc.constantFrom(0, 1),
    tags: fc.subarray(['red', 'blue']),
    contact: fc.constantFrom(null, '2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.001Z'),
    objects: fc.array(
      fc.record({
        size: fc.constantFrom<Json>(1, 2, 2.5, -7, '9007199254740993', 'many', null),
        name: fc.constantFrom<Json>('a', 'B', 'b', 'ä', '', long, 12),
        on: fc.constantFrom<Json>(true, false, 'true'),
      }),
      { maxLength: 2 },
    ),
  })
  .map((one) => one as Omit<Told, 'deviceId'>);
const fleets = fc
  .array(told, { minLength: 8, maxLength: 25 })
  // Names in no order of the keys.
  .map((all) => all.map((one, at): Told => ({ ...one, deviceId: `d${String((at * 7) % 29).padStart(2, '0')}` })));
const key = fc
  .tuple(
    fc.constantFrom<DeviceOrderKey>(
      ...(['deviceId', 'createdAt', 'lastContactAt', 'account', 'protocol'] as const).map((field) => ({
        field,
        descending: false,
      })),
      ...[SIZE, NAME, ON].map((node) => ({ node, descending: false })),
    ),
    fc.boolean(),
  )
  .map(([one, descending]): DeviceOrderKey => ({ ...one, descending }));
const scopes = fc.array(
  fc
    .tuple(fc.constantFrom('all', 'red', 'account'), fc.constantFrom(null, 'Size', 'Deep', 'On', 'Deep/other'))
    .map(([scope, path]): Omit<GrantRule, 'account'> & { readonly of: string } => ({
      right: 'READ',
      device: null,
      tag: scope === 'red' ? 'red' : null,
      of: scope,
      family: FAMILY,
      path,
      expiresAt: null,
    })),
  { maxLength: 2 },
);
const conditions = fc.constantFrom<DeviceCondition | undefined>(
  undefined,
  { kind: 'tag', tag: 'red' },
  sized('eq', 2),
  sized('gte', 2),
  { kind: 'any', of: [sized('eq', 1), sized('lt', 0)] },
  { kind: 'not', of: sized('gt', 1) },
  { kind: 'all', of: [sized('gt', 0), { kind: 'protocol', protocol: 'DM_1_2' }] },
);

function sized(operator: 'eq' | 'lt' | 'gt' | 'gte', value: number): DeviceCondition {
  return { kind: 'object', family: FAMILY, tree: { kind: 'test', family: FAMILY, paths: ['Size'], operator, value } };
}

test('every order is total, its pages hold each device once, and a caller’s order knows what he may read alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fleets,
      fc.array(
        fc.record({
          order: fc.array(key, { maxLength: 2 }),
          size: fc.integer({ min: 1, max: 9 }),
          condition: conditions,
          rules: fc.option(scopes),
        }),
        {
          minLength: 6,
          maxLength: 6,
        },
      ),
      async (fleet, asked) => {
        const keys = await fill(fleet);
        for (const { order, size, condition, rules } of asked) {
          const grants = rules?.map(({ of, ...rule }): GrantRule => ({
            ...rule,
            account: of === 'account' ? (accounts[0] ?? '') : null,
          }));
          const selection: DeviceSelection = { ...(condition && { condition }), ...(grants && { grants }) };
          const expected = fleet
            .map((one, at) => ({ key: Number(keys[at]), created: at % 3, ...seen(one, grants) }))
            .filter((one) => condition === undefined || fits(one, condition))
            .sort(comparing(order))
            .map(({ deviceId }) => deviceId);
          expect(await pages(selection, order, size)).toEqual(expected);
          expect(await countDevices(house.db.sql, selection, INDEXES)).toEqual({
            value: BigInt(expected.length),
            exact: true,
          });
        }
      },
    ),
    { numRuns: 8 },
  );
});

test('groups count the devices of each value, as far as it may be read, the largest first', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, fc.option(scopes), conditions, async (fleet, rules, condition) => {
      await fill(fleet);
      const grants = rules?.map(({ of, ...rule }): GrantRule => ({
        ...rule,
        account: of === 'account' ? (accounts[0] ?? '') : null,
      }));
      const selection: DeviceSelection = { ...(condition && { condition }), ...(grants && { grants }) };
      const chosen = fleet
        .map((one) => ({ key: 0, created: 0, ...seen(one, grants) }))
        .filter((one) => condition === undefined || fits(one, condition));
      const ways: readonly (readonly [Parameters<typeof groupDevices>[2], (one: Told) => readonly Json[]])[] = [
        [{ by: 'protocol' }, ({ protocol }) => [protocol]],
        [{ by: 'account' }, ({ account }) => [accounts[account] ?? '']],
        [{ by: 'tag' }, ({ tags }) => tags],
        [
          { by: 'contactAge', now: new Date('2026-11-02T00:30:00Z') },
          ({ contact }) => [contact === null ? null : contact.startsWith('2026-11-01') ? 'WEEK' : 'HOUR'],
        ],
        [{ by: 'node', family: FAMILY, path: 'Size' }, ({ objects }) => objects.map(({ size }) => size)],
      ];
      for (const [grouping, valuesOf] of ways) {
        const expected = new Map<Json, bigint>();
        for (const one of chosen) {
          const values = new Set(valuesOf(one).filter((value) => value !== null));
          for (const value of values.size === 0 ? [null] : values)
            expected.set(value, (expected.get(value) ?? 0n) + 1n);
        }
        const { groups, others } = await groupDevices(house.db.sql, selection, grouping, 500, INDEXES);
        expect(new Map(groups.map(({ key: value, count }) => [value, count]))).toEqual(expected);
        expect(groups.map(({ count }) => count)).toEqual([...expected.values()].sort((a, b) => Number(b - a)));
        expect(others).toEqual({ groups: 0, count: 0n });
        const top = await groupDevices(house.db.sql, selection, grouping, 1, INDEXES);
        expect(top.groups).toEqual(groups.slice(0, 1));
        const rest = groups.slice(1);
        expect(top.others).toEqual({ groups: rest.length, count: rest.reduce((sum, { count }) => sum + count, 0n) });
      }
    }),
    { numRuns: 8 },
  );
});

describe('cursors', () => {
  const order: readonly DeviceOrderKey[] = [
    { node: NAME, descending: false },
    { field: 'createdAt', descending: true },
  ];
  const position: Position = { key: '17', values: ['ä:"', '2026-11-01T00:00:00.000Z'] };
  const cursor = deviceCursors(order).write(position);

  test('are bound to their order', () => {
    expect(deviceCursors(order).read(cursor)).toEqual(position);
    for (const other of [
      [],
      order.slice(0, 1),
      [...order].reverse(),
      order.map((one) => ({ ...one, descending: true })),
    ])
      expect(deviceCursors(other).read(cursor)).toBeUndefined();
    expect(deviceCursors(order).read(deviceCursors([]).write(position))).toBeUndefined();
  });

  test('that were made up are none', () => {
    const mark = (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string])[0];
    const made = (...parts: readonly unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const { read } = deviceCursors(order);
    expect(read(made(mark, '17', [null, '2026-11-01T00:00:00.000Z']))).toBeDefined();
    for (const bad of [
      '',
      'x',
      made(mark),
      made(mark, '17', ['a']),
      made(mark, '-1', position.values),
      made(mark, '17', ['a', 'yesterday']),
      made(mark, '17', ['a\0', position.values[1]]),
      made(mark, '17', ['\ud800', position.values[1]]),
      made(mark, '17', [true, position.values[1]]),
      made(mark, 17, position.values),
      'A'.repeat(10_000),
    ])
      expect(read(bad)).toBeUndefined();
  });
});

describe('with many devices', () => {
  const MANY = 12_000;

  beforeAll(async () => {
    await fill([]);
    await house.db.sql.query(
      `INSERT INTO device (device_id, account_id, tags) SELECT 'many-' || n, $1::bigint, '{x}' FROM generate_series(1, $2::int) n`,
      [accounts[0], MANY],
    );
    await house.db.sql.exec(`INSERT INTO management_object (device_id, family, miid, moid, recognised_by, "values")
      SELECT id, '${FAMILY}', '1', '${FAMILY}:1.0', 'MOID', jsonb_build_object('Size', row_number() OVER (ORDER BY id), 'Colour', 'grey')
      FROM device;
      INSERT INTO management_object (device_id, family, miid, moid, recognised_by, "values")
      SELECT id, 'urn:oma:mo:oma-dm-devinfo', '1', 'urn:oma:mo:oma-dm-devinfo:1.0', 'MOID', '{"Man":"Example"}' FROM device;
      ANALYZE`);
  }, 60_000);

  test('a selective equality begins with the index on documents, and looks at those devices alone', async () => {
    const plan = await planOf({ condition: sized('eq', 777) }, []);
    expect(plan).toContain('management_object_values');
    expect(rowsOfDevices(plan)).toBeLessThan(5);
    expect(await pages({ condition: sized('eq', 777) }, [], 50)).toEqual(['many-777']);
  });

  test('a range of an indexed node begins with its index, and so does an order by it', async () => {
    const range = await planOf({ condition: sized('gte', MANY - 9) }, []);
    expect(range).toContain('moql_node_');
    expect(rowsOfDevices(range)).toBeLessThan(25);
    const order = await planOf({}, [{ node: SIZE, descending: true }]);
    expect(order).toMatch(/Index Scan (Backward )?using "?moql_node_/);
    expect(rowsOfDevices(order)).toBeLessThan(120);
    const next = await planOf({}, [{ node: SIZE, descending: false }], { key: '1', values: ['6000'] });
    expect(next).toMatch(/Index Cond: [^\n]*ROW\(/);
    expect(rowsOfDevices(next)).toBeLessThan(120);
  });

  test('what most devices have is found by a walk in order, page by page', async () => {
    const grey: DeviceCondition = {
      kind: 'object',
      family: FAMILY,
      tree: { kind: 'test', family: FAMILY, paths: ['Colour'], operator: 'eq', value: 'grey' },
    };
    const { items, after } = await page({ condition: grey }, [], 3);
    expect(items).toEqual(['many-1', 'many-2', 'many-3']);
    expect((await page({ condition: grey }, [], 2, after)).items).toEqual(['many-4', 'many-5']);
  });

  test('they are counted exactly up to a bound, and estimated beyond it', async () => {
    expect(await countDevices(house.db.sql, { condition: sized('gt', MANY - COUNTED) }, INDEXES)).toEqual({
      value: BigInt(COUNTED),
      exact: true,
    });
    const all = await countDevices(house.db.sql, {}, NO_INDEXES);
    expect(all.exact).toBe(false);
    expect(Number(all.value)).toBeGreaterThan(MANY / 2);
    expect(Number(all.value)).toBeLessThan(MANY * 2);
    // What the planner knows is what all devices have.
    const grants: GrantRule[] = [
      { right: 'READ', device: null, account: accounts[0] ?? '', tag: null, family: null, path: null, expiresAt: null },
    ];
    expect(await countDevices(house.db.sql, { grants }, NO_INDEXES)).toEqual({ value: BigInt(COUNTED), exact: false });
  });

  if (onPostgres)
    test('a statement that takes too long is ended with an error that says what to do', async () => {
      const late = bounded(house.db.sql, (tx) => tx.query('SELECT pg_sleep(5)'), 20);
      expect(await refusalOf(late)).toMatchObject({ code: 'LIMIT_TIME' });
    });
});

/** What the statement of a page does, as it is run. */
async function planOf(selection: DeviceSelection, order: readonly DeviceOrderKey[], after?: Position): Promise<string> {
  const request = { order, first: 51, ...(after && { after }) };
  const { text, values } = quickStatement(selection, request, INDEXES) ?? pageStatement(selection, request, INDEXES);
  const rows = await house.db.sql.query<{ 'QUERY PLAN': string }>(
    text.replace('*/ ', '*/ EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) '),
    values,
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** How many rows of devices, and of objects by way of them, a plan looked at. */
function rowsOfDevices(plan: string): number {
  const scans = [...plan.matchAll(/Scan [^\n]*\bdevice d\b[^\n]*\(actual rows=([\d.]+) loops=(\d+)\)/g)];
  expect(scans.length + (plan.match(/device d\b[^\n]*never executed/g)?.length ?? 0)).toBeGreaterThan(0);
  return scans.reduce((sum, [, rows, loops]) => sum + Number(rows) * Number(loops), 0);
}

async function page(
  selection: DeviceSelection,
  order: readonly DeviceOrderKey[],
  size: number,
  after?: Position,
): Promise<{ readonly items: readonly string[]; readonly after: Position | undefined }> {
  const request = { order, first: size, ...(after && { after }) };
  const rows = await listRows(house.db.sql, selection, request, INDEXES);
  // What is tried first, and what would be asked without it, are the same.
  const { text, values } = pageStatement(selection, request, INDEXES);
  expect((await house.db.sql.query<ListRow>(text, values)).map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  const items = rows.map((row) => listedDevice(row, order.length));
  const last = items.at(-1);
  return {
    items: items.map(({ deviceId }) => deviceId),
    after: last && (last.position ?? { key: last.key, values: [] }),
  };
}

async function pages(
  selection: DeviceSelection,
  order: readonly DeviceOrderKey[],
  size: number,
): Promise<readonly string[]> {
  const found: string[] = [];
  let after: Position | undefined;
  const cursors = deviceCursors(order);
  for (;;) {
    const one = await page(selection, order, size, after);
    found.push(...one.items);
    if (one.items.length < size || one.after === undefined) return found;
    after = cursors.read(cursors.write(one.after));
    expect(after).toEqual(one.after);
  }
}

/** @returns keys of the devices */
async function fill(fleet: readonly Told[]): Promise<readonly string[]> {
  const { sql } = house.db;
  await sql.exec('DELETE FROM device');
  const keys: string[] = [];
  for (const [at, one] of fleet.entries()) {
    const [row] = await sql.query<{ id: string }>(
      `INSERT INTO device (device_id, account_id, protocol, tags, last_contact_at, created_at)
       VALUES ($1, $2, $3, $4, $5, '2026-01-01'::timestamptz + ($6::int % 3) * interval '1 day') RETURNING id`,
      [one.deviceId, accounts[one.account], one.protocol, one.tags, one.contact, at],
    );
    keys.push(row?.id ?? '');
    for (const [miid, { size, name, on }] of one.objects.entries())
      await sql.query(
        `INSERT INTO management_object (device_id, family, miid, moid, recognised_by, "values") VALUES ($1, $2, $3, $4, 'MOID', $5)`,
        [row?.id, FAMILY, String(miid), `${FAMILY}:1.0`, { Size: size, On: on, Deep: { [`it's "\\`]: name } }],
      );
  }
  return keys;
}

interface Seen extends Told {
  readonly key: number;
  readonly created: number;
}

/** What of a device grants show; all without grants. */
function seen(one: Told, grants: readonly GrantRule[] | undefined): Told {
  if (grants === undefined) return one;
  const own = grants.filter(
    ({ tag, account }) =>
      (tag === null || one.tags.includes(tag)) && (account === null || account === accounts[one.account]),
  );
  const may = (path: string): boolean => own.some((rule) => rule.path === null || rule.path === path);
  return {
    ...one,
    objects: one.objects.map(({ size, name, on }) => ({
      size: may('Size') ? size : null,
      name: may('Deep') ? name : null,
      on: may('On') ? on : null,
    })),
  };
}

function fits(one: Seen, condition: DeviceCondition): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.every((part) => fits(one, part));
    case 'any':
      return condition.of.some((part) => fits(one, part));
    case 'not':
      return !fits(one, condition.of);
    case 'tag':
      return one.tags.includes(condition.tag);
    case 'protocol':
      return one.protocol === condition.protocol;
    case 'object': {
      const { tree } = condition;
      if (tree.kind !== 'test') throw new Error('the test has no other tree');
      const wanted = Number(tree.value);
      return one.objects.some(({ size }) => {
        const value = numberIn(size);
        if (tree.operator === 'eq') return size === wanted;
        if (value === null) return false;
        return tree.operator === 'gt' ? value > wanted : tree.operator === 'lt' ? value < wanted : value >= wanted;
      });
    }
    default:
      throw new Error('the test has no other condition');
  }
}

function numberIn(value: Json): number | null {
  return typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : null;
}

type Value = string | number | boolean | null;

function comparing(order: readonly DeviceOrderKey[]): (a: Seen, b: Seen) => number {
  return (a, b) => {
    for (const one of order) {
      const [left, right] = [valueOf(a, one), valueOf(b, one)];
      if (left === right) continue;
      if (left === null) return 1;
      if (right === null) return -1;
      return compare(left, right) * (one.descending ? -1 : 1);
    }
    return (a.key - b.key) * (order.at(-1)?.descending === true ? -1 : 1);
  };
}

function compare(a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

function valueOf(one: Seen, key: DeviceOrderKey): Value {
  if ('field' in key) {
    switch (key.field) {
      case 'deviceId':
        return one.deviceId;
      case 'account':
        return one.account;
      case 'protocol':
        return one.protocol;
      case 'lastContactAt':
        return one.contact;
      case 'createdAt':
        return one.created;
    }
  }
  const values = one.objects.flatMap(({ size, name, on }): readonly Exclude<Value, null>[] => {
    const number = numberIn(size);
    if (key.node === SIZE) return number === null ? [] : [number];
    if (key.node === ON) return typeof on === 'boolean' ? [on] : [];
    return typeof name === 'string' ? [name.slice(0, 200)] : [];
  });
  const sorted = [...values].sort((a, b) => (a === b ? 0 : compare(a, b)));
  return (key.descending ? sorted.at(-1) : sorted[0]) ?? null;
}
