import { DdfLibrary } from '../../schema/ddf/library';
import { readDdf } from '../../schema/ddf/read';
import { createIndexText } from '../../src/management/device-filter/indexed-nodes';
import { createNodeIndexes, MOST_INDEXED_NODES, type RunningNodeIndexes } from '../../src/management/node-indexes';
import { ALICE, refusalOf, startAdministration, type Administration } from '../support/administration';
import { onPostgres } from '../support/database';
import { ddfSource } from '../support/ddf-sources';

let house: Administration;
const accounts: string[] = [];

const moid = 'urn:oma:mo:ext-example-lamp:1.0';
const family = 'urn:oma:mo:ext-example-lamp';
const many = Array.from({ length: MOST_INDEXED_NODES }, (_, n) => `N${n}`);
const source = ddfSource('Lamp', ['Level', 'Colour', 'Picture', ...many])
  .replace(/(Level[^]*?)<chr\/>/, '$1<int/>')
  .replace(/(Picture[^]*?)<chr\/>/, '$1<bin/>');
let running: RunningNodeIndexes;

const service = async (): Promise<RunningNodeIndexes> => {
  const read = readDdf(source);
  if (!read.ok) throw new Error(read.refusal.message);
  const library = new DdfLibrary(read.document.mos);
  const made = createNodeIndexes({ db: house.db, ddfs: { library: () => library }, log: { error: () => undefined } });
  await made.start();
  await made.settled();
  return made;
};
const inDatabase = (): Promise<readonly { readonly name: string; readonly valid: boolean }[]> =>
  house.db.sql.query(
    `SELECT c.relname AS name, x.indisvalid AS valid FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
     WHERE c.relname LIKE 'moql\\_node\\_%'`,
  );

beforeAll(async () => {
  house = await startAdministration();
  accounts.push((await house.accounts.create({ serverId: 'one' })).id);
  await house.db.sql.exec(createIndexText({ family, path: 'Gone', kind: 'TEXT' }, onPostgres));
  running = await service();
});
afterAll(async () => {
  await running.stop();
  await house.db.close();
});

test('what nobody marked is no index of ours: it is dropped', async () => {
  expect(await inDatabase()).toEqual([]);
});

test('a marked node is built, ready and used, and is gone when it is unmarked', async () => {
  expect(running.ready().find(family, 'Level')).toBeUndefined();
  await running.add({ moid, path: 'Level' }, ALICE);
  await running.settled();
  expect(await running.list()).toMatchObject([{ moid, path: 'Level', kind: 'NUMBER', state: 'READY', error: null }]);
  expect(Number((await running.list())[0]?.size)).toBeGreaterThan(0);
  expect(await inDatabase()).toEqual([{ name: expect.stringMatching(/^moql_node_[0-9a-f]{32}$/), valid: true }]);
  expect(running.ready().find(family, 'Level')).toEqual({ family, path: 'Level', kind: 'NUMBER' });
  // Again changes nothing.
  await running.add({ moid: family, path: 'Level' }, ALICE);
  expect(await running.list()).toHaveLength(1);

  await running.remove({ moid, path: 'Level' }, ALICE);
  await running.settled();
  expect(running.ready().find(family, 'Level')).toBeUndefined();
  expect(await running.list()).toEqual([]);
  expect(await inDatabase()).toEqual([]);
  expect(await refusalOf(running.remove({ moid, path: 'Level' }, ALICE))).toMatchObject({ code: 'NOT_FOUND' });
});

test('one that a crash left half made, or that went, is made again by whoever starts', async () => {
  for (const path of ['Level', 'Colour']) await running.add({ moid, path }, ALICE);
  await running.settled();
  const [first, second] = await inDatabase();
  await house.db.sql.query('UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::regclass', [first?.name]);
  await house.db.sql.exec(`DROP INDEX "${second?.name}"`);
  await running.stop();

  running = await service();
  expect((await running.list()).map(({ state }) => state)).toEqual(['READY', 'READY']);
  expect(await inDatabase()).toEqual([first, second].map((one) => ({ name: one?.name, valid: true })));
});

test('what another process has under its lease is left to it, until the lease is over', async () => {
  await house.db.sql.exec(
    `UPDATE indexed_node SET state = 'BUILDING', leased_until = now() + interval '1 minute' WHERE path = 'Level'`,
  );
  await running.stop();
  running = await service();
  expect(running.ready().find(family, 'Level')).toBeUndefined();
  await house.db.sql.exec("UPDATE indexed_node SET leased_until = now() - interval '1 second'");
  await running.stop();
  running = await service();
  expect(running.ready().find(family, 'Level')).toBeDefined();
});

test('what has no order, or is no node, is refused, and so is one too many', async () => {
  const refused = async (path: string, of = moid): Promise<string> =>
    (await refusalOf(running.add({ moid: of, path }, ALICE))).code;
  expect(await refused('Level', 'urn:oma:mo:nothing:1.0')).toBe('NO_SUCH_MO');
  for (const path of ['', 'Nothing', 'Level/', 'a\0', '/']) expect(await refused(path)).toBe('NOT_IN_DDF');
  expect(await refused('Picture')).toBe('BAD_USER_INPUT');
  for (const path of many.slice(2)) await running.add({ moid, path }, ALICE);
  expect(await refused('N0')).toBe('LIMIT_INDEXES');
  await running.settled();
});

test('values that no index holds, or that are of another kind, are stored as ever', async () => {
  await house.db.sql.query(`INSERT INTO device (device_id, account_id) VALUES ('odd', $1)`, [accounts[0]]);
  const values = [10 ** 300, 'x'.repeat(100_000), '9'.repeat(41), { a: 1 }, null, true].map((value) => ({
    Level: value,
    Colour: value,
  }));
  await house.db.sql.query(
    `INSERT INTO management_object (device_id, family, miid, moid, recognised_by, "values")
     SELECT (SELECT id FROM device WHERE device_id = 'odd'), $1, n, $1, 'MOID', v FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS e (v, n)`,
    [family, JSON.stringify(values)],
  );
  await house.db.sql.query(`UPDATE management_object SET "values" = jsonb_set("values", '{Level}', $1::jsonb)`, [
    `1${'0'.repeat(5_000)}`,
  ]);
});
