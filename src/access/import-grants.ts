/** Grants that are imported: one transaction for all records of a call, with a fixed number of statements. */
import { fitsOf } from '../management/device-filter/fits';
import type { Caller, ImportGrant, ImportResult, Json } from '../management/types';
import type { Database } from '../store/database';
import { tellEvents } from '../store/events';
import type { Sql } from '../store/sql';
import { checkScope, mayNotGrant, MOST_FILTERS, tooManyFilters, type CheckedScope } from './grant-input';
import { filterOf } from './grant-rows';
import { checkReference, IMPORT_LOCKS, Outcomes, ReferredAccounts } from './import-records';
import { badInput, notFound } from './inputs';
import { recordChanges } from './journal';
import type { GrantRule, Rights, ScopedDevice } from './rights';

interface Checked extends CheckedScope {
  readonly family: string | null;
  readonly expiresAt: Date | null;
  readonly account: { readonly serverId: string; readonly name: string | null } | null;
}

/** A grant as it is stored. */
interface Row {
  readonly index: number;
  readonly principal: string;
  readonly right: string;
  readonly device: string | null;
  readonly account: string | null;
  readonly tag: string | null;
  readonly family: string | null;
  readonly path: string | null;
  readonly filter: Json;
  readonly expiresAt: string | null;
}

export interface GrantImport {
  readonly db: Database;
  readonly familyOf: (moid: string) => string;
  readonly allowKeys: boolean;
  readonly now: number;
}

export async function importGrants(
  { db, familyOf, allowKeys, now }: GrantImport,
  records: readonly ImportGrant[],
  caller: Caller,
  rights: Rights,
): Promise<readonly ImportResult[]> {
  const outcomes = new Outcomes();
  const checked: Checked[] = [];
  outcomes.each(records, (record, index) => void (checked[index] = check(record, familyOf, allowKeys)));
  const all = Object.values(checked);
  await db.sql.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [IMPORT_LOCKS.grants]);
    const devices = await loadDevices(
      tx,
      records.flatMap(({ deviceId }) => (deviceId == null ? [] : [deviceId])),
      rights,
    );
    const accounts = await ReferredAccounts.load(
      tx,
      all.flatMap(({ account }) => account ?? []),
    );
    const rows: Row[] = [];
    outcomes.each(records, ({ deviceId }, index) => {
      const one = checked[index] as Checked;
      const device = deviceId == null ? undefined : devices.get(deviceId);
      if (deviceId != null && (device === undefined || !rights.sees(device))) throw notFound('device');
      // One that is not there lies in nobody's scope.
      const account = one.account === null ? null : (accounts.find(one.account) ?? 'none');
      const rule = ruleOf(one, device?.key ?? null, account);
      const isOwn = one.principal === caller.principal || caller.groups?.includes(one.principal) === true;
      if (!rights.mayGrant(rule, device) || (!rights.isAdmin && isOwn)) throw mayNotGrant(one.right, isOwn);
      if (one.account !== null) accounts.get(one.account);
      rows.push(rowOf(index, one, device?.key ?? null, account));
    });
    const known = await loadKnown(tx, rows);
    const filters = await countFilters(tx, rows);
    const fresh = new Map<string, Row>();
    const settled = new Map(rows.map((row) => [row.index, row]));
    outcomes.each(records, (_record, index) => {
      const row = settled.get(index) as Row;
      const { index: _index, ...said } = row;
      const text = JSON.stringify(said);
      if (known.has(index) || fresh.has(text)) return outcomes.set(index, 'UNCHANGED');
      if (row.expiresAt !== null && Date.parse(row.expiresAt) <= now) throw badInput('lies in the past', 'expiresAt');
      if (row.filter !== null) {
        const count = filters.get(row.principal) ?? 0;
        if (count >= MOST_FILTERS) throw tooManyFilters(row.principal);
        filters.set(row.principal, count + 1);
      }
      fresh.set(text, row);
      outcomes.set(index, 'CREATED');
    });
    const created = await insert(tx, [...fresh.values()], caller.principal);
    await recordChanges(
      tx,
      created.map(({ id, principal, right }) => ({
        type: 'grantCreated',
        caller,
        data: { grant: id, principal, right },
      })),
    );
  });
  if (outcomes.isChanged) tellEvents(db);
  return outcomes.list;
}

function check(record: ImportGrant, familyOf: GrantImport['familyOf'], allowKeys: boolean): Checked {
  const { account, filter, deviceId, path } = record;
  const scope = checkScope({
    ...record,
    accountId: account == null ? null : '',
    filter: filter == null ? null : filter(),
  });
  if (!allowKeys && scope.principal.startsWith('key:'))
    throw badInput('numbers of keys differ between gateways: ask for allowKeys where these are the same', 'principal');
  if (deviceId != null && /\p{C}/u.test(deviceId)) throw notFound('device');
  if (path != null && /\p{Cs}/u.test(path)) throw badInput('has half a character', 'path');
  // Escaped where it is none of a pair.
  if (/(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(scope.filter))) throw badInput('has half a character', 'where');
  return {
    ...scope,
    family: scope.moid === null ? null : familyOf(scope.moid),
    expiresAt: record.expiresAt ?? null,
    account: account == null ? null : checkReference(account, 'account.'),
  };
}

function ruleOf(one: Checked, device: string | null, account: string | null): GrantRule {
  const { right, tag, family, path, expiresAt } = one;
  return {
    right,
    device,
    account,
    tag,
    filter: filterOf(one.filter),
    family,
    path,
    expiresAt: expiresAt?.getTime() ?? null,
  };
}

function rowOf(index: number, one: Checked, device: string | null, account: string | null): Row {
  const { principal, right, tag, family, path, filter, expiresAt } = one;
  return {
    index,
    principal,
    right,
    device,
    account,
    tag,
    family,
    path,
    filter,
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}

/** Devices that grants name, by DevId, with the filters of the caller's grants that they fulfil. They stay until the end. */
async function loadDevices(
  tx: Sql,
  deviceIds: readonly string[],
  rights: Rights,
): Promise<ReadonlyMap<string, ScopedDevice>> {
  const rows = await tx.query<{ id: string; deviceId: string; accountId: string; tags: readonly string[] }>(
    `SELECT d.id, d.device_id AS "deviceId", d.account_id AS "accountId", d.tags FROM device d
     WHERE d.device_id = ANY($1::text[]) ORDER BY d.id FOR KEY SHARE`,
    [deviceIds.filter((id) => !/\p{C}/u.test(id))],
  );
  const fits = await fitsOf(
    tx,
    rights.filters,
    rows.map(({ id }) => id),
  );
  return new Map(
    rows.map(({ id, deviceId, accountId, tags }) => [deviceId, { key: id, accountId, tags, fits: fits.get(id) ?? [] }]),
  );
}

const RECORD = `jsonb_to_recordset($1::jsonb) AS x(index int, principal text, "right" text, device bigint, account bigint,
  tag text, family text, path text, filter jsonb, "expiresAt" timestamptz(3))`;
const FILTER = `NULLIF(x.filter, 'null'::jsonb)`;

/** Which of the rows are there. */
async function loadKnown(tx: Sql, rows: readonly Row[]): Promise<ReadonlySet<number>> {
  const found = await tx.query<{ readonly index: number }>(
    `SELECT x.index FROM ${RECORD} WHERE EXISTS (SELECT FROM access_grant g
       WHERE g.principal = x.principal AND g."right" = x."right" AND g.device_id IS NOT DISTINCT FROM x.device
         AND g.account_id IS NOT DISTINCT FROM x.account AND g.tag IS NOT DISTINCT FROM x.tag
         AND g.family IS NOT DISTINCT FROM x.family AND g.path IS NOT DISTINCT FROM x.path
         AND g.filter IS NOT DISTINCT FROM ${FILTER} AND g.expires_at IS NOT DISTINCT FROM x."expiresAt")`,
    [JSON.stringify(rows)],
  );
  return new Set(found.map(({ index }) => index));
}

/** Grants by filter that principals have. */
async function countFilters(tx: Sql, rows: readonly Row[]): Promise<Map<string, number>> {
  const found = await tx.query<{ readonly principal: string; readonly count: number }>(
    `SELECT principal, count(*)::int AS count FROM access_grant
     WHERE principal = ANY($1::text[]) AND filter IS NOT NULL GROUP BY principal`,
    [[...new Set(rows.map(({ principal }) => principal))]],
  );
  return new Map(found.map(({ principal, count }) => [principal, count]));
}

async function insert(
  tx: Sql,
  rows: readonly Row[],
  grantedBy: string,
): Promise<readonly { readonly id: string; readonly principal: string; readonly right: string }[]> {
  if (rows.length === 0) return [];
  return tx.query(
    `INSERT INTO access_grant (principal, "right", device_id, account_id, tag, family, path, filter, granted_by, expires_at)
     SELECT x.principal, x."right", x.device, x.account, x.tag, x.family, x.path, ${FILTER}, $2, x."expiresAt" FROM ${RECORD}
     ORDER BY x.index RETURNING id, principal, "right"`,
    [JSON.stringify(rows), grantedBy],
  );
}
