/** `moql migrate`: brings the database up to date without starting the gateway. */
import { openDatabase } from '../store/database';
import { migrate } from '../store/migrate';
import { configurationOf, parse, type Command, type ExitCode, type Io } from './command';

export const migrateCommand: Command = {
  summary: 'bring the database up to date',
  help: `Usage: moql migrate

Applies the migrations that the database lacks: PostgreSQL at DATABASE_URL, otherwise the embedded database in
MOQL_DATA_DIR (./data). The gateway does the same at its start; several processes may do it at once.

Exit codes: 0 done, 1 failed, 2 bad usage.`,
  run,
};

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  parse({ args: [...args], options: {} });
  const { databaseUrl, dataDir } = configurationOf(io);
  const db = await openDatabase({ databaseUrl, dataDir });
  try {
    const applied = await migrate(db.sql);
    for (const name of applied) io.out(`applied ${name}`);
    if (applied.length === 0) io.out('nothing to apply');
    return 0;
  } finally {
    await db.close();
  }
}
