/** `moql serve`: the gateway until it is asked to end. */
import { configurationOf, parse, type Command, type ExitCode, type Io } from './command';
import { startGateway } from './gateway';
import { createLog } from './log';

export const serveCommand: Command = {
  summary: 'run the gateway',
  help: `Usage: moql serve

Runs the gateway until SIGTERM or SIGINT, then answers what it has begun and ends. SIGHUP
makes it read its certificates again. Its log goes to standard output, one
JSON object a line. All settings are environment variables (docs/configuration.md), among them:

  PORT, HOST         where it listens (4000, 127.0.0.1)
  DATABASE_URL       PostgreSQL; unset: an embedded database in MOQL_DATA_DIR (./data)
  MOQL_PUBLIC_URL    the address by which devices reach it
  MOQL_ADMIN_KEY     an API key with all rights; unset: one is made at the first start and printed once

Exit codes: 0 ended as asked, 1 could not start, 2 bad usage.`,
  run,
};

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  parse({ args: [...args], options: {} });
  const configuration = configurationOf(io);
  const log = createLog(configuration.logLevel);
  // One request's mistake of ours must not end the others.
  process.on('unhandledRejection', (err) => log.error({ err }, 'a promise was rejected and nobody heard'));
  const stopped = io.stopped();
  const gateway = await startGateway(configuration, { log });
  if (gateway.madeAdminKey !== undefined)
    io.out(`The first administrator's API key, shown this once: ${gateway.madeAdminKey}`);
  log.info({ url: gateway.url, deviceUrl: gateway.deviceUrl, database: gateway.db.kind }, 'moql listens');
  const reload = (): void => void gateway.reloadTls();
  process.on('SIGHUP', reload);
  await stopped;
  process.off('SIGHUP', reload);
  log.info('moql ends');
  await gateway.close();
  return 0;
}
