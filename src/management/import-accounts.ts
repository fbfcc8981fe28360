/** Accounts that are imported: one transaction for all records of a call, with a fixed number of statements. */
import { ambiguous, checkReference, IMPORT_LOCKS, Outcomes, referenceKey, twice } from '../access/import-records';
import { recordChanges, type Change } from '../access/journal';
import type { Database } from '../store/database';
import { tellEvents } from '../store/events';
import type { Sql } from '../store/sql';
import { accountColumns, type ColumnRules, type KnownAccount } from './account-columns';
import { keepOldSecret } from './credential-input';
import { ManagementError, type AccountChanges, type Caller, type ImportAccount, type ImportResult } from './types';

interface AccountRow extends KnownAccount {
  readonly id: string;
  readonly bearers: readonly string[] | null;
}

/** What is stored of a record; `id` is null for a new one. */
interface Written extends KnownAccount {
  readonly id: string | null;
  readonly bearers: readonly string[] | null;
}

export interface ImportedAccounts {
  readonly results: readonly ImportResult[];
  /** Whether a credential of devices may have changed. */
  readonly isCredentialChanged: boolean;
}

export async function importAccounts(
  deps: ColumnRules & { readonly db: Database },
  records: readonly ImportAccount[],
  caller: Caller,
): Promise<ImportedAccounts> {
  const outcomes = new Outcomes();
  const references = new Map<string, number>();
  outcomes.each(records, (record, index) => {
    const key = referenceKey(checkReference(record, ''));
    const first = references.get(key);
    if (first !== undefined) throw twice('the account', first);
    references.set(key, index);
  });
  const written: Written[] = [];
  await deps.db.sql.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [IMPORT_LOCKS.accounts]);
    const known = await load(tx, [...references.keys()]);
    const registering = await loadRegistering(tx);
    const changes: (Change & { readonly key: string })[] = [];
    outcomes.each(records, (record, index) => {
      const key = referenceKey(checkReference(record, ''));
      const [before, ...more] = known.get(key) ?? [];
      if (more.length > 0) throw ambiguous(more.length + 1);
      const { wanted, changed } = wantedOf(record, before, deps);
      claim(registering, wanted, before, key);
      if (before !== undefined && changed.length === 0) return outcomes.set(index, 'UNCHANGED');
      written.push(wanted);
      outcomes.set(index, before === undefined ? 'CREATED' : 'UPDATED');
      const { serverId } = wanted;
      changes.push(
        before === undefined
          ? { key, type: 'accountCreated', caller, data: { serverId } }
          : { key, type: 'accountUpdated', caller, data: { account: before.id, serverId, changed } },
      );
    });
    const created = await insert(
      tx,
      written.filter(({ id }) => id === null),
    );
    await update(
      tx,
      written.filter(({ id }) => id !== null),
    );
    await recordChanges(
      tx,
      changes.map(({ key, ...change }) => ({
        ...change,
        data: { account: created.get(key) ?? null, ...change.data },
      })),
    );
  });
  if (outcomes.isChanged) tellEvents(deps.db);
  return { results: outcomes.list, isCredentialChanged: written.length > 0 };
}

function wantedOf(
  { name = null, ...record }: ImportAccount,
  before: AccountRow | undefined,
  deps: ColumnRules,
): { readonly wanted: Written; readonly changed: readonly string[] } {
  const said: AccountChanges = { ...record, name };
  const { bearers: _checked, ...columns } = accountColumns(said, before, deps);
  const bearers = record.bearers === undefined ? (before?.bearers ?? null) : record.bearers;
  const wanted = {
    id: before?.id ?? null,
    ...columns,
    clientSecret: keepOldSecret(deps.secrets, 'CLIENT', columns.clientSecret, before?.clientSecret),
    serverSecret: keepOldSecret(deps.secrets, 'SERVER', columns.serverSecret, before?.serverSecret),
    bearers,
  };
  if (before === undefined) return { wanted, changed: [] };
  const differs = (...fields: readonly (keyof Written)[]): boolean =>
    fields.some((field) => JSON.stringify(wanted[field]) !== JSON.stringify(before[field]));
  const changed = [
    ...(differs('autoRegister') ? ['autoRegister'] : []),
    ...(differs('clientAuthType', 'clientUsername', 'clientSecret') ? ['clientAuth'] : []),
    ...(differs('serverAuthType', 'serverUsername', 'serverSecret') ? ['serverAuth'] : []),
    ...(differs('bearers') ? ['bearers'] : []),
  ];
  return { wanted, changed };
}

/** User names by which devices are registered, with whose they are. */
type Registering = Map<string, { readonly key: string; readonly serverId: string }>;

/** Two accounts that register devices with one user name could not be told apart. */
function claim(registering: Registering, wanted: Written, before: AccountRow | undefined, key: string): void {
  const own = before === undefined ? key : `id ${before.id}`;
  const { autoRegister, clientUsername, serverId } = wanted;
  const rival = clientUsername === null ? undefined : registering.get(clientUsername);
  if (autoRegister && rival !== undefined && rival.key !== own)
    throw new ManagementError(
      'ALREADY_EXISTS',
      `another account (serverId ${rival.serverId}) registers devices with this username; take another one`,
    );
  const old = before?.clientUsername;
  if (old != null && registering.get(old)?.key === own) registering.delete(old);
  if (autoRegister && clientUsername !== null) registering.set(clientUsername, { key: own, serverId });
}

const COLUMNS = `a.id, a.server_id AS "serverId", a.name, a.auto_register AS "autoRegister",
  a.client_auth_type AS "clientAuthType", a.client_username AS "clientUsername", a.client_secret AS "clientSecret",
  a.server_auth_type AS "serverAuthType", a.server_username AS "serverUsername", a.server_secret AS "serverSecret", a.bearers`;
const RECORD = `jsonb_to_recordset($1::jsonb) AS x(id bigint, "serverId" text, name text, "autoRegister" boolean,
  "clientAuthType" text, "clientUsername" text, "clientSecret" text,
  "serverAuthType" text, "serverUsername" text, "serverSecret" text, bearers jsonb)`;
const BEARERS = `NULLIF(x.bearers, 'null'::jsonb)`;

async function load(tx: Sql, keys: readonly string[]): Promise<ReadonlyMap<string, readonly AccountRow[]>> {
  const references = keys.map((key) => JSON.parse(key) as readonly [string, string | null]);
  const rows = await tx.query<AccountRow>(
    `SELECT ${COLUMNS} FROM account a JOIN jsonb_to_recordset($1::jsonb) AS x("serverId" text, name text)
       ON x."serverId" = a.server_id AND x.name IS NOT DISTINCT FROM a.name ORDER BY a.id FOR UPDATE OF a`,
    [JSON.stringify(references.map(([serverId, name]) => ({ serverId, name })))],
  );
  const found = new Map<string, AccountRow[]>();
  for (const row of rows) found.set(referenceKey(row), [...(found.get(referenceKey(row)) ?? []), row]);
  return found;
}

async function loadRegistering(tx: Sql): Promise<Registering> {
  const rows = await tx.query<{ readonly id: string; readonly username: string; readonly serverId: string }>(
    `SELECT id, client_username AS username, server_id AS "serverId" FROM account
     WHERE auto_register AND client_username IS NOT NULL`,
  );
  return new Map(rows.map(({ id, username, serverId }) => [username, { key: `id ${id}`, serverId }]));
}

/** @returns keys of the new accounts by their references */
async function insert(tx: Sql, accounts: readonly Written[]): Promise<ReadonlyMap<string, string>> {
  if (accounts.length === 0) return new Map();
  const rows = await tx.query<{ readonly id: string; readonly serverId: string; readonly name: string | null }>(
    `INSERT INTO account (server_id, name, auto_register, client_auth_type, client_username, client_secret,
       server_auth_type, server_username, server_secret, bearers)
     SELECT x."serverId", x.name, x."autoRegister", x."clientAuthType", x."clientUsername", x."clientSecret",
       x."serverAuthType", x."serverUsername", x."serverSecret", ${BEARERS}
     FROM ${RECORD} RETURNING id, server_id AS "serverId", name`,
    [JSON.stringify(accounts)],
  );
  return new Map(rows.map((row) => [referenceKey(row), row.id]));
}

async function update(tx: Sql, accounts: readonly Written[]): Promise<void> {
  if (accounts.length === 0) return;
  await tx.query(
    `UPDATE account a SET auto_register = x."autoRegister", client_auth_type = x."clientAuthType",
       client_username = x."clientUsername", client_secret = x."clientSecret", server_auth_type = x."serverAuthType",
       server_username = x."serverUsername", server_secret = x."serverSecret", bearers = ${BEARERS}, updated_at = now()
     FROM ${RECORD} WHERE a.id = x.id`,
    [JSON.stringify(accounts)],
  );
}
