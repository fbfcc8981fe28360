/** `moql key create`: an API key, made in the database or, where a gateway owns that, through its API. */
import { createKeys } from '../access/keys';
import type { Configuration } from '../config/environment';
import { parseDuration } from '../graphql/duration';
import { ManagementError } from '../management/types';
import { openDatabase, type Database } from '../store/database';
import { migrate } from '../store/migrate';
import { OwnerLockError } from '../store/owner-lock';
import { CommandError, UsageError, configurationOf, parse, type Command, type ExitCode, type Io } from './command';
import { hostToAsk, reasonOf } from './gateway-client';

export const keyCommand: Command = {
  summary: 'make an API key',
  help: `Usage: moql key create --name NAME [--admin] [--expires-in DURATION]

Makes an API key and prints it, this once, on standard output.

  --name NAME            whose it is, for people
  --admin                it has every right
  --expires-in DURATION  how long it is good, such as P90D or PT12H; for ever when left out

The key is made in the database: PostgreSQL at DATABASE_URL, otherwise the embedded one in MOQL_DATA_DIR (./data). While a
gateway runs on the embedded database, it is asked instead: at HOST and PORT, with the key in MOQL_ADMIN_KEY.

Exit codes: 0 done, 1 failed, 2 bad usage.`,
  run,
};

interface Wish {
  readonly name: string;
  readonly admin: boolean;
  readonly expiresIn?: string;
  readonly expiresInMs?: number;
}

const ANSWER_WITHIN_MS = 30_000;

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const wish = readArguments(args);
  const configuration = configurationOf(io);
  const db = await openUnlessOwned(configuration);
  io.out(db instanceof OwnerLockError ? await askGateway(configuration, wish, db) : await makeInDatabase(db, wish));
  return 0;
}

function readArguments(args: readonly string[]): Wish {
  const { values, positionals } = parse({
    args: [...args],
    allowPositionals: true,
    strict: true,
    options: { name: { type: 'string' }, admin: { type: 'boolean', default: false }, 'expires-in': { type: 'string' } },
  });
  const [action, ...more] = positionals;
  if (action !== 'create' || more.length > 0)
    throw new UsageError(`the only action is "create", not "${positionals.join(' ')}"`);
  if (values.name === undefined || values.name.trim() === '') throw new UsageError('--name is missing');
  const expiresIn = values['expires-in'];
  if (expiresIn === undefined) return { name: values.name, admin: values.admin };
  const expiresInMs = parseDuration(expiresIn);
  if (expiresInMs === undefined || expiresInMs === 0)
    throw new UsageError(`--expires-in is ${expiresIn}; it must be a duration such as P90D or PT12H`);
  return { name: values.name, admin: values.admin, expiresIn, expiresInMs };
}

async function openUnlessOwned({ databaseUrl, dataDir }: Configuration): Promise<Database | OwnerLockError> {
  try {
    return await openDatabase({ databaseUrl, dataDir });
  } catch (error) {
    if (error instanceof OwnerLockError && error.code === 'DATA_DIR_IN_USE') return error;
    throw error;
  }
}

async function makeInDatabase(db: Database, { name, admin, expiresInMs }: Wish): Promise<string> {
  try {
    await migrate(db.sql);
    const expiresAt = expiresInMs === undefined ? null : new Date(Date.now() + expiresInMs);
    return (await createKeys({ db }).create({ name, admin, expiresAt })).key;
  } catch (error) {
    if (error instanceof ManagementError) throw new CommandError(error.message);
    throw error;
  } finally {
    await db.close();
  }
}

const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }';

interface Answer {
  readonly data?: { readonly createApiKey?: { readonly key?: string } } | null;
  readonly errors?: readonly { readonly message: string }[];
}

async function askGateway(configuration: Configuration, wish: Wish, owner: OwnerLockError): Promise<string> {
  const { adminKey, port, host, tls, dataDir } = configuration;
  const url = `${tls === undefined ? 'http' : 'https'}://${hostToAsk(host)}:${port}/graphql`;
  const who = `a gateway (process ${owner.ownerPid ?? '?'}) owns ${dataDir}`;
  if (adminKey === undefined) {
    throw new CommandError(
      `${who}: set MOQL_ADMIN_KEY to a key with all rights, and PORT and HOST to where it listens (now ${url}); or stop it first`,
    );
  }
  const { name, admin, expiresIn } = wish;
  let answer: Answer;
  try {
    const response = await fetch(url, {
      method: 'POST',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
      body: JSON.stringify({
        query: CREATE,
        variables: { input: { name, admin, ...(expiresIn === undefined ? {} : { expiresIn }) } },
      }),
    });
    answer = (await response.json()) as Answer;
  } catch (error) {
    throw new CommandError(
      `${who}, but ${url} gave no answer (${reasonOf(error)}): set PORT and HOST to where it listens`,
    );
  }
  const key = answer.data?.createApiKey?.key;
  if (key === undefined)
    throw new CommandError(
      `${url} refused: ${answer.errors?.map(({ message }) => message).join('; ') ?? 'no reason given'}`,
    );
  return key;
}
