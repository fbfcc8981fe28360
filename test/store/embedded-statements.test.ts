import type { PGlite } from '@electric-sql/pglite';

import { EmbeddedSql } from '../../src/store/embedded';
import { EmbeddedStatements } from '../../src/store/embedded-statements';
import { SqlError, StatementTap, TransactionGuard } from '../../src/store/sql';
import { lendEmbedded, openMigrated } from '../support/embedded';

let pglite: PGlite;
let sql: EmbeddedSql;

beforeAll(async () => {
  pglite = await lendEmbedded();
});

afterAll(async () => {
  await pglite.exec('DROP TABLE note');
  await pglite.close();
});

beforeEach(async () => {
  await pglite.exec('DEALLOCATE ALL; DROP TABLE IF EXISTS note; CREATE TABLE note (id INT PRIMARY KEY, text TEXT)');
  sql = new EmbeddedSql(pglite, new StatementTap(), new TransactionGuard());
});

const INSERT = 'INSERT INTO note VALUES ($1, $2) RETURNING id';

/** Texts that the database holds prepared. */
async function prepared(): Promise<string[]> {
  const { rows } = await pglite.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
}

function sqlState(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof SqlError ? error.sqlState : error),
  );
}

test('a text is prepared once, outside and inside of transactions', async () => {
  await sql.query(INSERT, [1, 'a']);
  const [made] = (await pglite.query<{ at: Date }>('SELECT prepare_time AS at FROM pg_prepared_statements')).rows;
  await sql.transaction((tx) => tx.query(INSERT, [2, 'b']));
  expect(await sql.query(INSERT, [3, null])).toEqual([{ id: 3 }]);
  const again = await pglite.query<{ at: Date }>(
    'SELECT prepare_time AS at FROM pg_prepared_statements WHERE statement = $1',
    [INSERT],
  );
  expect(again.rows).toEqual([made]);
});

test('inside a transaction, a plan is made once for all parameters; outside, PostgreSQL chooses', async () => {
  const text = 'SELECT text FROM note WHERE id = $1';
  const plans = async (): Promise<unknown> =>
    (
      await pglite.query(
        'SELECT generic_plans::int AS generic, custom_plans::int AS custom FROM pg_prepared_statements WHERE statement = $1',
        [text],
      )
    ).rows[0];
  await sql.transaction(async (tx) => {
    for (const id of [1, 2, 3]) await tx.query(text, [id]);
  });
  expect(await plans()).toEqual({ generic: 3, custom: 0 });
  await sql.query(text, [4]);
  expect(await plans()).toEqual({ generic: 3, custom: 1 });
});

test('of very many texts, the later ones run without a name', async () => {
  for (let i = 0; i < 510; i += 1) expect(await sql.query(`SELECT ${i} AS n`)).toEqual([{ n: i }]);
  expect(await sql.transaction((tx) => tx.query('SELECT 510 AS n'))).toEqual([{ n: 510 }]);
  expect((await prepared()).filter((text) => text.startsWith('SELECT'))).toHaveLength(500);
});

test('a text that could not be prepared is tried again', async () => {
  const text = 'SELECT * FROM later WHERE id = $1';
  expect(await sqlState(sql.query(text, [1]))).toBe('42P01');
  await sql.exec('CREATE TABLE later (id INT)');
  expect(await sql.query(text, [1])).toEqual([]);
  await sql.exec('DROP TABLE later');
  expect(await sqlState(sql.query(text, [1]))).toBe('42P01');
});

test.each<[string, unknown[], string]>([
  ['a parameter that does not fit', ['x', 'a'], '22P02'],
  ['a duplicate', [1, 'a'], '23505'],
  ['too few parameters', [1], '08P01'],
  ['a text with a NUL', [2, 'a\0b'], '22021'],
])('%s fails outside as inside a transaction, and the next statement runs', async (_, values, expected) => {
  await sql.query(INSERT, [1, 'first']);
  expect(await sqlState(sql.query(INSERT, values))).toBe(expected);
  const inside = sql.transaction(async (tx) => {
    await tx.query(INSERT, [7, 'gone']);
    await tx.query(INSERT, values);
  });
  expect(await sqlState(inside)).toBe(expected);
  expect(await sql.query(INSERT, [2, 'b'])).toEqual([{ id: 2 }]);
  expect(await sql.query('SELECT id FROM note ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
});

test('after an error, its transaction refuses what is prepared and what is not', async () => {
  await sql.query(INSERT, [1, 'a']);
  await sql
    .transaction(async (tx) => {
      expect(await sqlState(tx.query('SELECT 1/$1::int', [0]))).toBe('22012');
      expect(await sqlState(tx.query(INSERT, [2, 'b']))).toBe('25P02');
      expect(await sqlState(tx.query('SELECT 2 AS new'))).toBe('25P02');
      throw new Error('over');
    })
    .catch(() => undefined);
  expect(await sql.query('SELECT 2 AS new')).toEqual([{ new: 2 }]);
});

test('a failure that comes with the commit is thrown, and nothing stays', async () => {
  await sql.exec('ALTER TABLE note ADD UNIQUE (text) DEFERRABLE INITIALLY DEFERRED');
  await sql.query(INSERT, [1, 'a']);
  expect(await sqlState(sql.query(INSERT, [2, 'a']))).toBe('23505');
  expect(await sqlState(sql.transaction((tx) => tx.query(INSERT, [2, 'a'])))).toBe('23505');
  expect(await sql.query('SELECT count(*)::int AS n FROM note')).toEqual([{ n: 1 }]);
});

test.each([
  ['by another way', (text: string) => pglite.exec(text)],
  ['by a script', (text: string) => sql.exec(text)],
  ['by a statement', (text: string) => sql.query(text)],
])('a table that is changed %s gives its new columns', async (_, change) => {
  await sql.query(INSERT, [1, 'a']);
  expect(await sql.query('SELECT * FROM note')).toEqual([{ id: 1, text: 'a' }]);
  await change('ALTER TABLE note ADD more INT DEFAULT 5');
  expect(await sql.query('SELECT * FROM note')).toEqual([{ id: 1, text: 'a', more: 5 }]);
});

test('a table that is changed inside a transaction gives its new columns there, and the old ones after a rollback', async () => {
  const all = 'SELECT * FROM note';
  await sql.query(INSERT, [1, 'a']);
  await sql.query(all);
  const changing = sql.transaction(async (tx) => {
    await tx.exec('ALTER TABLE note ADD more INT DEFAULT 5');
    expect(await tx.query(all)).toEqual([{ id: 1, text: 'a', more: 5 }]);
    throw new Error('over');
  });
  await expect(changing).rejects.toThrow('over');
  expect(await sql.query(all)).toEqual([{ id: 1, text: 'a' }]);
});

test('names that somebody else took away are made again', async () => {
  await sql.query(INSERT, [1, 'a']);
  await pglite.exec('DEALLOCATE ALL');
  expect(await sql.query(INSERT, [2, 'b'])).toEqual([{ id: 2 }]);
});

test('a plan is made anew after ten seconds, for tables that have grown', async () => {
  let now = 0;
  const statements = new EmbeddedStatements(pglite, () => now);
  const preparedAt = async (): Promise<unknown> =>
    (await pglite.query('SELECT prepare_time FROM pg_prepared_statements')).rows;
  await statements.alone('SELECT 1', []);
  const first = await preparedAt();
  now = 9_999;
  await statements.alone('SELECT 1', []);
  expect(await preparedAt()).toEqual(first);
  now = 10_000;
  await statements.alone('SELECT 1', []);
  expect(await prepared()).toEqual(['SELECT 1']);
  expect(await preparedAt()).not.toEqual(first);
});

test('halves of surrogate pairs become U+FFFD, and what follows is not damaged', async () => {
  const text = 'SELECT $1::text AS a, $2::text AS b';
  expect(await sql.query(text, ['é\udc00x\ud800', '😀z'])).toEqual([{ a: 'é\ufffdx\ufffd', b: '😀z' }]);
});

test('large values go in and come out', async () => {
  const octets = Buffer.alloc(3_000_000, 'é');
  const [row] = await sql.query<{ a: Buffer; b: string }>('SELECT $1::bytea AS a, $2::text AS b', [
    octets,
    octets.toString(),
  ]);
  expect(row?.a.equals(octets)).toBe(true);
  expect(row?.b === octets.toString()).toBe(true);
});

test('notifications are heard when the statement that sent them has ended, also after one that failed', async () => {
  const heard: string[] = [];
  const stop = await pglite.listen('news', (payload) => heard.push(payload));
  const notify = 'SELECT pg_notify($1, $2)';
  await sql.query(notify, ['news', 'alone']);
  await sqlState(sql.query('SELECT 1/$1::int', [0]));
  await sql.transaction(async (tx) => {
    await tx.query(notify, ['news', 'inside']);
    expect(heard).toEqual(['alone']);
  });
  await sqlState(sql.transaction(async (tx) => (await tx.query(notify, ['news', 'lost']), tx.query('SELECT 1/0'))));
  await sql.query('SELECT 1');
  expect(heard).toEqual(['alone', 'inside']);
  await stop();
});

test('statements that are asked for at once wait for each other and for transactions', async () => {
  const order: string[] = [];
  await Promise.all([
    sql.transaction(async (tx) => {
      await tx.query(INSERT, [1, 'a']);
      order.push('inside');
      await Promise.all([tx.query(INSERT, [2, 'b']), tx.query(INSERT, [3, 'c'])]);
      order.push('end');
    }),
    sql.query('SELECT count(*)::int AS n FROM note').then((rows) => order.push(JSON.stringify(rows))),
    pglite.query('SELECT 1').then(() => order.push('other')),
    sql.query(INSERT, [4, 'd']),
  ]);
  expect(order).toEqual(['inside', 'end', '[{"n":3}]', 'other']);
});

test('a closed database refuses', async () => {
  const other = await openMigrated();
  const closed = new EmbeddedSql(other, new StatementTap(), new TransactionGuard());
  await closed.query('SELECT 1');
  await other.close();
  await expect(closed.query('SELECT 1')).rejects.toThrow('closed');
});
