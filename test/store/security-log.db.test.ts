import type { Database } from '../../src/store/database';
import { noteRepeated } from '../../src/store/security-log';
import { testDatabase } from '../support/database';

const NOON = Date.parse('2026-02-01T12:00:00Z');
const MINUTE_MS = 60_000;
let db: Database;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

async function note(device: number, name: string, minutes = 0): Promise<void> {
  const at = new Date(NOON + minutes * MINUTE_MS);
  await noteRepeated(db.sql, String(device), at, { what: 'credentialOfAnother', detail: { name } });
}

async function rowsOf(device: number): Promise<readonly (readonly [string, number])[]> {
  const rows = await db.sql.query<{ name: string; times: number }>(
    `SELECT detail ->> 'name' AS name, times FROM security_log WHERE device_id = $1 ORDER BY id`,
    [device],
  );
  return rows.map(({ name, times }) => [name, times]);
}

test('the same again within an hour is counted; an hour later it is a row of its own, as is another device', async () => {
  for (let minutes = 0; minutes < 50; minutes += 10) await note(1, 'a', minutes);
  await note(2, 'a', 5);
  await note(1, 'a', 61);
  expect([await rowsOf(1), await rowsOf(2)]).toEqual([
    [
      ['a', 5],
      ['a', 1],
    ],
    [['a', 1]],
  ]);
});

test('what is always different gets eight rows an hour, and is counted in the last of them from then on', async () => {
  for (let nth = 0; nth < 20; nth += 1) await note(3, `n${nth}`);
  await note(3, 'n0');
  expect(await rowsOf(3)).toEqual([
    ['n0', 2],
    ...Array.from({ length: 6 }, (_, nth) => [`n${nth + 1}`, 1]),
    ['n7', 13],
  ]);
});
