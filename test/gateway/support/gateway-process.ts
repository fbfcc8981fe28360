import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startChild } from '../../support/child';
import type { Child } from '../../support/child';
import { migratedPostgres } from '../../support/database';
import { layEmbedded } from '../../support/embedded';
import type { GraphqlAnswer } from '../../support/gateway';
import { keptByWorker } from '../../support/worker';
import type { Reachable } from './world';

const ADMIN_KEY = 'administrator-of-the-processes';
/** What gateways on one database have in common. */
export const COMMON = { MOQL_SECRET_KEY: 'secret key of the processes' } as const;

/** Where gateways keep their state, migrated: a database of PostgreSQL when DATABASE_URL is set, else a data directory. */
export interface Home {
  /** Address of the PostgreSQL database, where it is one. */
  readonly databaseUrl?: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function makeHome(databaseUrl = process.env['DATABASE_URL']): Promise<Home> {
  if (databaseUrl) {
    const { url, drop } = await migratedPostgres(databaseUrl);
    return { databaseUrl: url, env: { DATABASE_URL: url }, remove: drop };
  }
  const directory = mkdtempSync(join(tmpdir(), 'moql-gateway-'));
  await layEmbedded(join(directory, 'pglite'));
  return {
    env: { MOQL_DATA_DIR: directory },
    remove: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
  };
}

/** Processes whose gateway was closed: what they have loaded serves the next one. */
const idle = keptByWorker<Child[]>(
  'gateway processes',
  () => [],
  (children) => {
    for (const child of children.splice(0)) void child.kill();
  },
);

/** A gateway in a process of its own. */
export interface GatewayProcess extends Reachable {
  readonly pid: number;
  /** Fetches a path with the administrator's key. */
  get(path: string): Promise<Response>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Ends as the command does when it is told to. */
  close(): Promise<void>;
  /** Puts its clock on by so many milliseconds, and has done what is then due unless that is not wanted. */
  passes(ms: number, isDone?: boolean): Promise<void>;
}

/**
 * Starts one, on any port. A start that is refused is an error with the message of the refusal.
 *
 * @param frozenAt what its clock shows until it is put on; absent: the time, which goes by
 */
export async function startGatewayProcess(
  home: Pick<Home, 'env'>,
  more: Readonly<Record<string, string>> = {},
  frozenAt?: number,
): Promise<GatewayProcess> {
  const env = {
    LOG_LEVEL: 'error',
    ...home.env,
    ...more,
    MOQL_ADMIN_KEY: ADMIN_KEY,
    ...COMMON,
  };
  const wanted = JSON.stringify({ env, ...(frozenAt === undefined ? {} : { frozenAt }) });
  const child = idle.pop() ?? startChild(join(__dirname, 'gateway-child.ts'), []);
  child.tell(wanted);
  const told = JSON.parse(await child.line()) as Partial<Record<'url' | 'deviceListenerUrl' | 'refusal', string>>;
  const { url, deviceListenerUrl: deviceUrl } = told;
  if (url === undefined || deviceUrl === undefined) {
    await child.kill();
    throw new Error(told.refusal);
  }
  return {
    pid: child.pid,
    deviceUrl,
    get: (path) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } }),
    kill: () => child.kill(),
    close: async () => {
      child.tell('close');
      await child.line();
      idle.push(child);
    },
    passes: async (ms, isDone = true) => {
      child.tell(isDone ? String(ms) : `~${ms}`);
      await child.line();
    },
    graphql: async (query, variables = {}, key: string | null = ADMIN_KEY): Promise<GraphqlAnswer> => {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      return { status: answer.status, ...((await answer.json()) as Omit<GraphqlAnswer, 'status'>) };
    },
  };
}

/** The same gateway once more, at the same address. */
export async function startAgain(home: Home, { deviceUrl }: GatewayProcess): Promise<GatewayProcess> {
  return startGatewayProcess(home, { PORT: new URL(deviceUrl).port });
}
