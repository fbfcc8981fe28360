import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openDatabase } from '../../src/store/database';
import { startChild } from '../support/child';
import { layEmbedded } from '../support/embedded';

let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'moql-durability-'));
  await layEmbedded(join(directory, 'pglite'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('what the embedded database committed outlives kill -9 of its process', async () => {
  const child = startChild(join(__dirname, 'durability-child.ts'), [directory]);
  while (Number(await child.line()) < 200);
  await child.kill();
  let acknowledged = 200;
  for (;;) {
    const line = await child.line().catch(() => undefined);
    if (line === undefined) break;
    acknowledged = Number(line);
  }

  // At once: the killed process' ownership ended with it.
  const database = await openDatabase({ dataDir: directory });
  const [row] = await database.sql.query<{ n: string; last: string }>('SELECT count(*) AS n, max(n) AS last FROM mark');
  await database.close();
  expect(row?.n).toBe(row?.last);
  expect(Number(row?.last)).toBeGreaterThanOrEqual(acknowledged);
});

test('a database that is open is refused to a second opener, and free again after close', async () => {
  const first = await openDatabase({ dataDir: directory });
  await expect(openDatabase({ dataDir: directory })).rejects.toMatchObject({
    code: 'DATA_DIR_IN_USE',
    ownerPid: process.pid,
  });
  await first.sql.exec('CREATE TABLE kept (id INT)');
  await first.close();
  await first.close();
  const second = await openDatabase({ dataDir: directory });
  expect(await second.sql.query('SELECT * FROM kept')).toEqual([]);
  await second.close();
});
