import { SqlError } from '../../src/store/sql';
import type { Database } from '../../src/store/database';
import { onPostgres, testDatabase } from '../support/database';

let database: Database;

beforeAll(async () => {
  database = await testDatabase();
  await database.sql.exec('CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT NOT NULL)');
});

afterAll(() => database.close());

beforeEach(() => database.sql.exec('TRUNCATE note'));

async function notes(): Promise<string[]> {
  return (await database.sql.query<{ text: string }>('SELECT text FROM note ORDER BY id')).map(({ text }) => text);
}

function code(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof SqlError ? error.code : error),
  );
}

test('the database that the environment asks for is used', () => {
  expect(database.kind).toBe(onPostgres ? 'postgresql' : 'embedded');
});

describe('values come back in the same types from both databases', () => {
  test('bigint and numeric as text, numbers, JSON, octets, instants, arrays', async () => {
    const [row] = await database.sql.query<Record<string, unknown>>(`
      SELECT 9223372036854775807::bigint AS big, 1.50::numeric AS exact, 7::int AS int, 0.5::float8 AS float, true AS yes,
        '{"a":[1,"x",null]}'::jsonb AS doc, '\\x00ff'::bytea AS octets, '2026-11-23T10:00:00.123+01'::timestamptz AS at,
        ARRAY[1,2]::bigint[] AS bigs, ARRAY['a',NULL,'"']::text[] AS texts, NULL::text AS nothing, count(*) AS n`);
    expect(row).toEqual({
      big: '9223372036854775807',
      exact: '1.50',
      int: 7,
      float: 0.5,
      yes: true,
      doc: { a: [1, 'x', null] },
      octets: Buffer.from([0, 255]),
      at: new Date('2026-11-23T09:00:00.123Z'),
      bigs: ['1', '2'],
      texts: ['a', null, '"'],
      nothing: null,
      n: '1',
    });
    expect(Buffer.isBuffer(row?.['octets'])).toBe(true);
    expect(row?.['at']).toBeInstanceOf(Date);
  });

  test('parameters of every kind arrive as they were', async () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const [row] = await database.sql.query<Record<string, unknown>>(
      `SELECT $1::bigint AS big, $2::jsonb AS doc, $3::bytea AS octets, $4::timestamptz AS at, $5::bigint[] AS bigs,
        $6::text[] AS texts, $7::bytea[] AS chunks, $8::text AS nothing, $9::jsonb AS list, $10::bool AS yes, $11::jsonb[] AS docs,
        $12::int AS int, $13::timestamptz[] AS instants, $14::text AS hard`,
      [
        2n ** 62n,
        { a: '\u2028"\\' },
        Uint8Array.of(1, 2),
        at,
        [1n, 2n],
        ['x', null, '{"\\,'],
        [Buffer.from('ab')],
        undefined,
        JSON.stringify([1]),
        false,
        [{ b: '"' }],
        5,
        [at],
        "'; --\n",
      ],
    );
    expect(row).toEqual({
      big: String(2n ** 62n),
      doc: { a: '\u2028"\\' },
      octets: Buffer.from([1, 2]),
      at,
      bigs: ['1', '2'],
      texts: ['x', null, '{"\\,'],
      chunks: [Buffer.from('ab')],
      nothing: null,
      list: [1],
      yes: false,
      docs: [{ b: '"' }],
      int: 5,
      instants: [at],
      hard: "'; --\n",
    });
  });
});

describe('errors have codes', () => {
  test.each([
    ['UNIQUE_VIOLATION', "INSERT INTO note VALUES (1, 'a'), (1, 'b')"],
    ['NOT_NULL_VIOLATION', 'INSERT INTO note VALUES (1, NULL)'],
    ['INVALID_VALUE', "SELECT 'x'::int"],
    ['DATABASE_ERROR', 'SELECT * FROM no_such_table'],
    ['FOREIGN_KEY_VIOLATION', "INSERT INTO device (device_id, account_id) VALUES ('IMEI:1', 0)"],
    ['SERIALIZATION_FAILURE', "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"],
    ['DEADLOCK', "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"],
  ])('%s', async (expected, text) => {
    expect(await code(database.sql.query(text))).toBe(expected);
  });

  test('an error does not carry the parameters of its statement', async () => {
    const error: unknown = await database.sql
      .query('INSERT INTO note VALUES (1, $1), (1, $2)', ['my-secret', 'my-secret'])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SqlError);
    expect(JSON.stringify({ ...(error as object), message: String(error) })).not.toContain('my-secret');
  });
});

describe('transactions', () => {
  test('what was done in one that ended well stays', async () => {
    const value = await database.sql.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (1, 'a')");
      return 'done';
    });
    expect(value).toBe('done');
    expect(await notes()).toEqual(['a']);
  });

  test('an exception takes back everything and is thrown on', async () => {
    const failure = new Error('no');
    const work = database.sql.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (1, 'a')");
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    expect(await notes()).toEqual([]);
  });

  test('one that swallowed a failed statement does not claim to have committed', async () => {
    const work = database.sql.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (1, 'a')");
      await tx.query('SELECT 1/0').catch(() => undefined);
    });
    expect(await code(work)).toBe('TRANSACTION_ABORTED');
    expect(await notes()).toEqual([]);
  });

  test('an inner one takes back only its own', async () => {
    await database.sql.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (1, 'outer')");
      await tx
        .transaction(async (inner) => {
          await inner.query("INSERT INTO note VALUES (2, 'inner')");
          await inner.query('SELECT 1/0');
        })
        .catch(() => undefined);
      await tx.query("INSERT INTO note VALUES (3, 'after')");
    });
    expect(await notes()).toEqual(['outer', 'after']);
  });

  test('a serialization failure is tried again as often as was asked for', async () => {
    let attempts = 0;
    const failing = (fails: number) => async (): Promise<string> => {
      attempts += 1;
      if (attempts <= fails) throw new SqlError('SERIALIZATION_FAILURE', 'x');
      return 'done';
    };
    expect(await database.sql.transaction(failing(2), { retries: 2, isolation: 'SERIALIZABLE' })).toBe('done');
    attempts = 0;
    expect(await code(database.sql.transaction(failing(2), { retries: 1 }))).toBe('SERIALIZATION_FAILURE');
    expect(attempts).toBe(2);
  });

  test('asking for a second connection inside one is refused, not waited for', async () => {
    const refused = await database.sql.transaction(() => code(database.sql.query('SELECT 1')));
    expect(refused).toBe('NESTED_CONNECTION');
    expect(await database.sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  (onPostgres ? test : test.skip)(
    'one whose connection breaks between two statements fails, and the next one has another',
    async () => {
      let has = (_pid: number): void => undefined;
      const pid = new Promise<number>((resolve) => (has = resolve));
      let goOn = (): void => undefined;
      const isBroken = new Promise<void>((resolve) => (goOn = resolve));
      const failed = code(
        database.sql.transaction(async (tx) => {
          const [row] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
          has(row?.pid ?? 0);
          await isBroken;
          await tx.query('SELECT 1');
        }),
      );
      const broken = [await pid];
      await database.sql.query('SELECT pg_terminate_backend($1)', broken);
      for (;;) {
        const left = await database.sql.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', broken);
        if (left.length === 0) break;
      }
      goOn();
      expect(await failed).toBe('CONNECTION_LOST');
      expect(await database.sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
  );

  test('its Sql is of no use after its end', async () => {
    let leaked = database.sql;
    await database.sql.transaction(async (tx) => {
      leaked = tx;
    });
    expect(await code(leaked.query('SELECT 1'))).toBe('CLOSED');
  });
});

describe('statements can be counted', () => {
  test('hand-written ones, with BEGIN and COMMIT, until the watcher leaves', async () => {
    const seen: string[] = [];
    const leave = database.onStatement((text) => seen.push(text));
    await database.sql.transaction((tx) => tx.query('SELECT 1'));
    await database.sql.transaction(() => Promise.reject(new Error('no'))).catch(() => undefined);
    leave();
    await database.sql.query('SELECT 2');
    expect(seen).toEqual(['BEGIN', 'SELECT 1', 'COMMIT', 'BEGIN', 'ROLLBACK']);
  });

  test("Prisma's too", async () => {
    const seen: string[] = [];
    const leave = database.onStatement((text) => seen.push(text));
    await database.prisma.account.count();
    leave();
    expect(seen).toHaveLength(1);
  });
});

describe('Prisma works over the same connections', () => {
  test('values of every type go in and come out', async () => {
    const { prisma } = database;
    const account = await prisma.account.create({ data: { serverId: 'dm.example' } });
    expect(typeof account.id).toBe('bigint');
    const lastContactAt = new Date('2026-05-06T07:08:09.123Z');
    const device = await prisma.device.create({
      data: {
        deviceId: 'IMEI:004401013234569',
        accountId: account.id,
        tags: ['a', 'b'],
        features: { x: [1] },
        lastContactAt,
      },
    });
    await prisma.deviceCredential.create({
      data: { deviceId: device.id, direction: 'CLIENT', nonce: Buffer.from([0, 255]) },
    });
    const found = await prisma.device.findUniqueOrThrow({
      where: { deviceId: 'IMEI:004401013234569' },
      include: { account: true, credentials: true },
    });
    expect(found).toMatchObject({
      tags: ['a', 'b'],
      features: { x: [1] },
      lastContactAt,
      account: { serverId: 'dm.example' },
    });
    expect(Buffer.from(found.credentials[0]?.nonce ?? [])).toEqual(Buffer.from([0, 255]));
    const [row] = await database.sql.query<{ last_contact_at: Date }>('SELECT last_contact_at FROM device');
    expect(row?.last_contact_at).toEqual(lastContactAt);
  });

  test('its transactions commit and roll back', async () => {
    const { prisma } = database;
    const before = await prisma.account.count();
    await prisma.$transaction(async (tx) => void (await tx.account.create({ data: { serverId: 'one' } })));
    await expect(
      prisma.$transaction(async (tx) => {
        await tx.account.create({ data: { serverId: 'two' } });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await prisma.account.count()).toBe(before + 1);
  });

  test('a duplicate is told by Prisma’s code P2002', async () => {
    const { prisma } = database;
    await prisma.apiKey.create({ data: { sha256: 'x', name: 'a' } });
    await expect(prisma.apiKey.create({ data: { sha256: 'x', name: 'b' } })).rejects.toMatchObject({
      code: 'P2002',
    });
  });
});
