import { openDatabase } from '../../src/store/database';

/** Commits row after row to the embedded database of the directory that it is given, and says each after its commit. */
async function main(): Promise<void> {
  const database = await openDatabase({ dataDir: process.argv[2] ?? '' });
  await database.sql.exec('CREATE TABLE IF NOT EXISTS mark (n BIGINT PRIMARY KEY)');
  for (let n = 1; ; n += 1) {
    await database.sql.transaction((tx) => tx.query('INSERT INTO mark VALUES ($1)', [n]));
    process.stdout.write(`${n}\n`);
  }
}

void main();
