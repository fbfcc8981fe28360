import type { Database } from '../../src/store/database';
import { WORK } from '../../src/store/turn-work';
import { testDatabase } from '../support/database';
import { readPrismaSchema } from './prisma-schema';
import type { Table, Tables } from './prisma-schema';

let database: Database;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.close());

async function liveTables(): Promise<Tables> {
  const { sql } = database;
  const columns = await sql.query<{ table: string; column: string; told: string }>(`
    SELECT c.table_name AS table, c.column_name AS column,
      regexp_replace(c.udt_name, '^_(.*)$', '\\1[]')
        || CASE WHEN c.udt_name = 'timestamptz' THEN '(' || c.datetime_precision || ')' ELSE '' END
        || CASE WHEN c.is_nullable = 'YES' THEN ' null' ELSE '' END
        || CASE WHEN c.column_default IS NOT NULL OR c.is_identity = 'YES' THEN ' default' ELSE '' END AS told
    FROM information_schema.columns AS c
    WHERE c.table_schema = 'public' AND c.table_name <> '_prisma_migrations'
      -- Partitions are as their table is.
      AND NOT (SELECT r.relispartition FROM pg_class AS r WHERE r.oid = format('%I', c.table_name)::regclass)
    ORDER BY c.ordinal_position`);
  const constraints = await sql.query<{
    table: string;
    kind: string;
    own: string[];
    target: string;
    others: string[];
    action: string;
  }>(`
    SELECT r.relname AS table, c.contype AS kind, c.confrelid::regclass::text AS target,
      CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'a' THEN 'NO ACTION' ELSE c.confdeltype::text END AS action,
      ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (n, i)
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i) AS own,
      ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (n, i)
        JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.i) AS others
    FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = c.conrelid
    WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'f')`);
  const indexes = await sql.query<{ table: string; told: string }>(`
    SELECT t.relname AS table, CASE WHEN x.indisunique THEN 'UNIQUE' ELSE m.amname::text END || ' ' || i.relname || ' ('
      || array_to_string(ARRAY(SELECT a.attname FROM unnest(x.indkey) WITH ORDINALITY AS k (n, i)
        JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.n ORDER BY k.i), ', ') || ')' AS told
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS t ON t.oid = x.indrelid
      JOIN pg_am AS m ON m.oid = i.relam
    WHERE t.relnamespace = 'public'::regnamespace AND NOT x.indisprimary AND x.indpred IS NULL`);

  const names = new Set(columns.map(({ table }) => table));
  return Object.fromEntries(
    [...names].map((name): [string, Table] => {
      const ofTable = <R extends { table: string }>(rows: readonly R[]): R[] =>
        rows.filter(({ table }) => table === name);
      const keys = ofTable(constraints);
      return [
        name,
        {
          columns: Object.fromEntries(ofTable(columns).map(({ column, told }) => [column, told])),
          primaryKey: keys.find(({ kind }) => kind === 'p')?.own ?? [],
          foreignKeys: keys
            .filter(({ kind }) => kind === 'f')
            .map(
              ({ own, target, others, action }) =>
                `${own.join(', ')} -> ${target} (${others.join(', ')}) ON DELETE ${action}`,
            )
            .sort(),
          indexes: ofTable(indexes)
            .map(({ told }) => told)
            .sort(),
        },
      ];
    }),
  );
}

describe('the live catalogue', () => {
  test('is what schema.prisma says: columns, types, nullability, defaults, keys, whole indexes', async () => {
    expect(await liveTables()).toEqual(readPrismaSchema());
  });

  test('every per-device table’s key begins with the device', async () => {
    const tables = await liveTables();
    const perDevice = Object.entries(tables).filter(
      ([name, { columns }]) => 'device_id' in columns && name !== 'device',
    );
    const others = perDevice
      .filter(([, { primaryKey }]) => primaryKey[0] !== 'device_id')
      .map(([name]) => name)
      .sort();
    // A grant may name a device, but belongs to its principal; a delegation belongs to its peering.
    expect(others).toEqual(['access_grant', 'delegation']);
    expect(perDevice.length).toBeGreaterThan(10);
  });

  test('documents of management objects have a GIN index, which a containment query uses', async () => {
    const plan = await explain(`SELECT device_id FROM management_object WHERE "values" @> '{"Man":"Example"}'`, [
      'enable_seqscan',
    ]);
    expect(plan).toContain('management_object_values');
  });
});

describe('a session finds its work', () => {
  const QUEUE = `SELECT operation_id, position FROM command WHERE device_id = 17 AND state = 'QUEUED'
    ORDER BY priority DESC, operation_id, position LIMIT 20`;

  test('by the partial index on what is queued, in the order of the queue', async () => {
    const { sql } = database;
    await sql.exec(`
      INSERT INTO account (server_id) VALUES ('dm.example');
      INSERT INTO device (device_id, account_id) SELECT 'IMEI:' || n, (SELECT min(id) FROM account) FROM generate_series(1, 50) AS n;
      INSERT INTO operation (device_id, caller, expires_at, state)
        SELECT d.id, 'key:1', now(), 'SUCCEEDED' FROM device AS d, generate_series(1, 40);
      INSERT INTO command (device_id, operation_id, position, kind, state)
        SELECT o.device_id, o.id, n, 'GET', CASE WHEN o.id % 40 = 0 THEN 'QUEUED' ELSE 'ANSWERED' END
        FROM operation AS o, generate_series(1, 5) AS n;
      ANALYZE command`);
    expect(await explain(QUEUE, [])).toContain('command_queue');
    // A device with five commands is cheaper to sort; the index must be able to give a thousand in order.
    const inOrder = await explain(QUEUE, ['enable_bitmapscan']);
    expect(inOrder).toMatch(/Index (Only )?Scan using command_queue/);
    expect(inOrder).not.toContain('Sort');
  });

  test('and looks at nothing else where nothing is queued for it, however much is queued and done for others', async () => {
    const scans = await database.sql.transaction(async (tx) => {
      await tx.exec(`SET LOCAL plan_cache_mode = force_generic_plan;
        UPDATE command SET state = 'ANSWERED' WHERE device_id = 18; PREPARE work (bigint, int, timestamptz, int) AS ${WORK}`);
      const rows = await tx.query<{ 'QUERY PLAN': string }>(
        'EXPLAIN (ANALYZE, TIMING OFF) EXECUTE work (18, 40, now(), 65536)',
      );
      await tx.exec('DEALLOCATE work');
      return rows.map((row) => row['QUERY PLAN']).filter((line) => /(Index|Seq|Heap) .*Scan/.test(line));
    });
    const looked = scans.filter((line) => !line.includes('never executed'));
    expect(scans.length).toBeGreaterThan(4);
    expect(looked.filter((line) => !/command_queue|Bitmap Heap Scan on command /.test(line))).toEqual([]);
    expect(looked.length).toBeGreaterThan(0);
  });
});

/** @param off ways that the planner may not take, by their settings; a table this small is best read whole */
async function explain(text: string, off: readonly string[]): Promise<string> {
  return database.sql.transaction(async (tx) => {
    for (const setting of off) await tx.exec(`SET LOCAL ${setting} = off`);
    const rows = await tx.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
}
