import fc from 'fast-check';

import type { Json } from '../../../adapters/adapter';
import { encodeName } from '../../../schema/ddf/library';
import type { FilterOperator, FilterTree, FilterValue } from '../../../schema/ddf/predicate';
import type { GrantRule } from '../../../src/access/rights';
import {
  restoreCondition,
  storeCondition,
  type DeviceCondition,
} from '../../../src/management/device-filter/condition';
import { driversOf, isFoundExactly } from '../../../src/management/device-filter/drivers';
import type { IndexedNodes, IndexKind } from '../../../src/management/device-filter/indexed-nodes';
import { conditionSql } from '../../../src/management/device-filter/condition-sql';
import { Parameters } from '../../../src/management/device-filter/parameters';
import { pruned } from '../../../src/management/readable';
import { startAdministration, type Administration } from '../../support/administration';

const FAMILY = 'urn:oma:mo:ext-acme-thing';
/** With names that must be encoded in paths, and such as SQL and JSON paths trip over. */
const NAMES = ['A', 'B', 'a/b', 'x\'"\\', '__proto__', '$'] as const;

type Document = { readonly [name: string]: Json };

let house: Administration;
let account: string;

beforeAll(async () => {
  house = await startAdministration();
  account = (await house.accounts.create({ serverId: 's' })).id;
});
afterAll(() => house.db.close());

const scalar = fc.oneof(
  fc.constantFrom<Json>('x', 'xy', 'Y', '', 'ä', '9007199254740993', '12'),
  fc.constantFrom<Json>(0, 1, 2.5, -7, 9007199254740991),
  fc.boolean(),
  fc.constant<Json>(null),
);
const documents = fc.letrec<{ node: Json; object: Document }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('object')),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie('node'), { maxKeys: 4 }),
})).object as fc.Arbitrary<Document>;

const path = fc.array(fc.constantFrom(...NAMES.map(encodeName)), { maxLength: 3 }).map((names) => names.join('/'));
const wanted = fc.constantFrom<FilterValue>('x', 'Y', '', 'y', 'a\0b', 1, 2.5, -7, 9007199254740993n, true, false);
const test_ = (base: fc.Arbitrary<string>): fc.Arbitrary<FilterTree> =>
  fc
    .tuple(
      fc.uniqueArray(base, { minLength: 1, maxLength: 1 }),
      fc.constantFrom<FilterOperator>('eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'contains', 'in', 'exists'),
      wanted,
      fc.array(wanted, { maxLength: 3 }),
      fc.boolean(),
    )
    .map(([paths, operator, value, list, there]) => ({
      kind: 'test',
      family: FAMILY,
      paths,
      operator,
      value:
        operator === 'exists'
          ? there
          : operator === 'in'
            ? list
            : operator === 'startsWith' || operator === 'contains'
              ? String(value)
              : value,
    }));
const trees = fc.letrec<{ tree: FilterTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    test_(path),
    fc
      .tuple(fc.constantFrom<FilterOperator>('eq', 'ne', 'gt', 'startsWith', 'in'), fc.constantFrom(...NAMES))
      .map(([operator, name]): FilterTree => ({ kind: 'name', operator, value: operator === 'in' ? [name] : name })),
    fc
      .tuple(fc.constantFrom('all' as const, 'any' as const), fc.array(tie('tree'), { maxLength: 3 }))
      .map(([kind, of]): FilterTree => ({ kind, of })),
    tie('tree').map((of): FilterTree => ({ kind: 'not', of })),
    fc
      .record({
        kind: fc.constant('entries' as const),
        quantifier: fc.constantFrom('some' as const, 'every' as const, 'none' as const),
        family: fc.constant(FAMILY),
        paths: path.map((one) => [one]),
        except: fc.uniqueArray(fc.constantFrom<string>(...NAMES), { maxLength: 1 }),
        areLeaves: fc.boolean(),
        of: tie('tree'),
      })
      .map((entries): FilterTree => entries),
  ),
})).tree;

/** What a tree means, as plainly as possible. */
function holds(tree: FilterTree, value: Json, name?: string): boolean {
  switch (tree.kind) {
    case 'all':
      return tree.of.every((part) => holds(part, value, name));
    case 'any':
      return tree.of.some((part) => holds(part, value, name));
    case 'not':
      return !holds(tree.of, value, name);
    case 'name':
      return name !== undefined && compare(tree.operator, name, tree.value);
    case 'test': {
      const found = at(value, tree.paths[0] ?? '');
      if (tree.operator === 'exists') return (found !== undefined) === tree.value;
      return found !== undefined && compare(tree.operator, found, tree.value);
    }
    case 'entries': {
      const parent = at(value, tree.paths[0] ?? '');
      const isInterior = (one: Json): boolean => isObject(one) || (one === null && !tree.areLeaves);
      const entries = Object.entries(isObject(parent) ? parent : {}).filter(
        ([own, one]) => !tree.except.includes(own) && isInterior(one) !== tree.areLeaves,
      );
      const fits = ([own, one]: readonly [string, Json]): boolean => holds(tree.of, one, own);
      if (tree.quantifier === 'some') return entries.some(fits);
      return tree.quantifier === 'every' ? entries.every(fits) : !entries.some(fits);
    }
  }
}

function at(value: Json, told: string): Json | undefined {
  const names = told === '' ? [] : told.split('/').map(decodeURIComponent);
  return names.reduce<Json | undefined>(
    (node, name) => (isObject(node) && Object.hasOwn(node, name) ? node[name] : undefined),
    value,
  );
}

function isObject(value: Json | undefined): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compare(operator: FilterOperator, value: Json, told: FilterValue): boolean {
  const same = (one: FilterValue): boolean => value === (typeof one === 'bigint' ? one.toString() : one);
  if (operator === 'eq') return same(told);
  if (operator === 'ne') return !same(told);
  if (operator === 'in') return (told as readonly FilterValue[]).some(same);
  const order = typeof told === 'string' ? orderOfText(value, told) : orderOfNumbers(value, told);
  switch (operator) {
    case 'startsWith':
      return typeof value === 'string' && value.startsWith(String(told));
    case 'contains':
      return typeof value === 'string' && value.includes(String(told));
    case 'lt':
      return order !== undefined && order < 0;
    case 'lte':
      return order !== undefined && order <= 0;
    case 'gt':
      return order !== undefined && order > 0;
    default:
      return order !== undefined && order >= 0;
  }
}

/** What the store cannot hold comes before and after nothing. */
function orderOfText(value: Json, told: string): number | undefined {
  return typeof value !== 'string' || told.includes('\0')
    ? undefined
    : Buffer.compare(Buffer.from(value), Buffer.from(told));
}

function orderOfNumbers(value: Json, told: FilterValue): number | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^-?[0-9]{1,40}$/.test(value));
  if (!isNumber || typeof told === 'boolean') return undefined;
  const scaled = (one: string | number | bigint): bigint => {
    const [whole = '0', part = ''] = String(one).split('.');
    return BigInt(whole) * 10n + BigInt(`${whole.startsWith('-') ? '-' : ''}${part || '0'}`);
  };
  const difference = scaled(value as string | number) - scaled(told as number | bigint);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

async function fill(values: readonly Document[]): Promise<void> {
  const key = BigInt(account);
  await house.db.sql.query('DELETE FROM device WHERE account_id = $1', [key]);
  await house.db.sql.query(
    `WITH x AS (SELECT ordinality AS no, value FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY),
     d AS (INSERT INTO device (device_id, account_id, tags) SELECT 'd' || no, $1, ARRAY['odd', 'even'] FROM x RETURNING id, device_id)
     INSERT INTO management_object (device_id, family, miid, moid, recognised_by, "values")
     SELECT d.id, $3, 'm', $3, 'MOID', x.value FROM x JOIN d ON d.device_id = 'd' || x.no`,
    [key, JSON.stringify(values), FAMILY],
  );
}

/** Numbers of the documents that fit, from 1. */
async function found(
  conditions: readonly DeviceCondition[],
  rules?: readonly GrantRule[],
  indexes?: IndexedNodes,
): Promise<string[][]> {
  const parameters = new Parameters();
  const columns = conditions.map((condition) => conditionSql(condition, 'd', parameters, rules && { rules }, indexes));
  const { text, values } = parameters.statement(
    `SELECT d.device_id AS name, ARRAY[${columns.join(', ')}] AS fits FROM device d ORDER BY d.id`,
  );
  const rows = await house.db.sql.query<{ name: string; fits: boolean[] }>(text, values);
  for (const { fits } of rows) for (const fit of fits) expect(typeof fit).toBe('boolean');
  return conditions.map((_, index) => rows.filter(({ fits }) => fits[index]).map(({ name }) => name));
}

const indexedAs = (kind: IndexKind): IndexedNodes => ({
  find: (family, node) => (node === '' ? undefined : { family, path: node, kind }),
});

/** What a search for a condition begins with; undefined: with all devices. */
async function begun(condition: DeviceCondition, indexes: IndexedNodes): Promise<string[] | undefined> {
  const parameters = new Parameters();
  const [driver] = driversOf(condition, parameters, indexes);
  if (driver === undefined) return undefined;
  const { text, values } = parameters.statement(
    `SELECT d.device_id AS name FROM device d WHERE d.id IN (SELECT device_id FROM (${driver}) x) ORDER BY d.id`,
  );
  const names = (await house.db.sql.query<{ name: string }>(text, values)).map(({ name }) => name);
  if (isFoundExactly(condition, indexes)) expect((await found([condition]))[0]).toEqual(names);
  return names;
}

const ofTree = (tree: FilterTree): DeviceCondition => ({ kind: 'object', family: FAMILY, tree });

test('a device fits where some instance of the family fulfils the tree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(documents, { minLength: 10, maxLength: 30 }),
      fc.array(trees, { minLength: 5, maxLength: 15 }),
      async (values, chosen) => {
        await fill(values);
        const expected = chosen.map((tree) =>
          values.flatMap((value, index) => (holds(tree, value) ? [`d${index + 1}`] : [])),
        );
        expect(await found(chosen.map(ofTree))).toEqual(expected);
        // Indexes change how something is found, never what.
        expect(await found(chosen.map(ofTree), undefined, indexedAs('NUMBER'))).toEqual(expected);
        expect(await found(chosen.map(ofTree), undefined, indexedAs('TEXT'))).toEqual(expected);
        for (const [at, tree] of chosen.entries()) {
          const beginning = await begun(ofTree(tree), indexedAs(at % 2 === 0 ? 'NUMBER' : 'TEXT'));
          if (beginning !== undefined) expect(beginning).toEqual(expect.arrayContaining(expected[at] ?? []));
        }
        expect(await found(chosen.map((tree) => restoreCondition(storeCondition(ofTree(tree)))))).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('a filter sees of each device what its caller may read, and nothing else', async () => {
  const rule = fc
    .tuple(
      fc.constantFrom('device', 'account', 'tag', 'all', 'other'),
      fc.option(fc.array(fc.constantFrom(...NAMES.map(encodeName), '*'), { minLength: 1, maxLength: 3 }), {
        nil: null,
      }),
      fc.constantFrom(FAMILY, null, 'urn:oma:mo:another'),
    )
    .map(([scope, names, family]) => ({ scope, path: names?.join('/') ?? null, family }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(documents, { minLength: 5, maxLength: 15 }),
      fc.array(trees, { minLength: 5, maxLength: 10 }),
      fc.array(rule, { maxLength: 3 }),
      async (values, chosen, given) => {
        await fill(values);
        const [first] = await house.db.sql.query<{ id: string }>('SELECT min(id) AS id FROM device');
        const rules = given.map(({ scope, path: pattern, family }): GrantRule => ({
          right: 'READ',
          device: scope === 'device' ? String(first?.id) : null,
          account: scope === 'account' ? account : scope === 'other' ? '999' : null,
          tag: scope === 'tag' ? 'odd' : null,
          family: pattern === null ? family : (family ?? FAMILY),
          path: pattern,
          expiresAt: null,
        }));
        const seen = (value: Document, index: number): Json | undefined => {
          const patterns = rules
            .filter(({ family }) => family === null || family === FAMILY)
            .filter(({ device, account: own }) => (device === null || index === 0) && own !== '999')
            .map(({ path: pattern }) => pattern ?? '');
          if (patterns.length === 0) return undefined;
          return patterns.includes('') ? value : pruned(value, patterns);
        };
        const expected = chosen.map((tree) =>
          values.flatMap((value, index) => {
            const visible = seen(value, index);
            return visible !== undefined && holds(tree, visible) ? [`d${index + 1}`] : [];
          }),
        );
        expect(await found(chosen.map(ofTree), rules)).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('what is known of the device itself is asked with and, or and not', async () => {
  await fill([{}, {}]);
  await house.db.sql
    .query(`UPDATE device SET tags = '{red}', protocol = 'DM_1_2', last_contact_at = '2026-11-01T00:00:00Z'
    WHERE device_id = 'd1'`);
  const red: DeviceCondition = { kind: 'tag', tag: 'red' };
  const conditions: readonly (readonly [DeviceCondition, readonly string[]])[] = [
    [{ kind: 'all', of: [] }, ['d1', 'd2']],
    [{ kind: 'any', of: [] }, []],
    [red, ['d1']],
    [{ kind: 'not', of: red }, ['d2']],
    [{ kind: 'tag', tag: 'a\0b' }, []],
    [{ kind: 'any', of: [red, { kind: 'deviceId', in: ['d2', 'a\0b'] }] }, ['d1', 'd2']],
    [{ kind: 'protocol', protocol: 'DM_1_2' }, ['d1']],
    [{ kind: 'not', of: { kind: 'protocol', protocol: 'DM_1_2' } }, ['d2']],
    [{ kind: 'account', id: account }, ['d1', 'd2']],
    [{ kind: 'account', id: 'x' }, []],
    [{ kind: 'contact', since: '2026-11-01T00:00:00Z' }, ['d1']],
    [{ kind: 'contact', before: '2026-11-01T00:00:00Z' }, []],
    [{ kind: 'not', of: { kind: 'contact', since: '2026-10-01T00:00:00Z' } }, ['d2']],
  ];

  expect(await found(conditions.map(([condition]) => condition))).toEqual(conditions.map(([, names]) => names));
});
