import { randomBytes } from 'node:crypto';

import { createLog } from '../../src/cli/log';
import { startGateway } from '../../src/cli/gateway';
import type { Gateway, GatewayParts } from '../../src/cli/gateway';
import { readEnvironment } from '../../src/config/environment';
import type { Configuration } from '../../src/config/environment';
import type { Services } from '../../src/management/types';
import { httpTransport } from '../../src/simulator';
import type { Database } from '../../src/store/database';
import { testDatabase } from './database';
import { untilEventsAreServed } from './events-served';

/** An answer of GraphQL as it came. */
export interface GraphqlAnswer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers whose shape the query decides
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Record<string, unknown>;
  }[];
  readonly extensions?: Record<string, unknown>;
}

export interface TestGateway {
  readonly url: string;
  readonly deviceUrl: string;
  readonly deviceListenerUrl: string;
  readonly adminKey: string;
  readonly services: Services;
  readonly db: Database;
  readonly timers: Gateway['timers'];
  readonly reloadTls: Gateway['reloadTls'];
  /** Asks as the administrator, or with another key; `null`: without one. */
  graphql(query: string, variables?: Record<string, unknown>, key?: string | null): Promise<GraphqlAnswer>;
  /** Closes the gateway and its database. */
  close(): Promise<void>;
}

export interface TestGatewayOptions extends GatewayParts {
  /** Environment variables on top of PORT=0 and an admin key. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The configuration of an environment; a bad one fails the test. */
export function testConfiguration(env: Readonly<Record<string, string>> = {}): Configuration {
  const read = readEnvironment({ PORT: '0', MOQL_SECRET_KEY: 'secret key of the tests', ...env });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return read.configuration;
}

/** A whole gateway in this process, on a port of its own and, when none is given, a database of its own. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const adminKey = options.env?.['MOQL_ADMIN_KEY'] ?? `admin-${randomBytes(12).toString('hex')}`;
  const configuration = testConfiguration({ LOG_LEVEL: 'error', MOQL_ADMIN_KEY: adminKey, ...options.env });
  const db = options.db ?? (await testDatabase());
  const log = options.log ?? createLog(configuration.logLevel, { write: (line) => process.stderr.write(line) });
  const {
    url,
    deviceUrl,
    deviceListenerUrl,
    services,
    timers,
    reloadTls,
    close: closeGateway,
  } = await startGateway(configuration, { ...options, db, log });
  // Certificates of tests are nobody's.
  const northbound = httpTransport({ tls: { rejectUnauthorized: false } });
  const close = (): Promise<void> => {
    northbound.close();
    return closeGateway();
  };
  return {
    url,
    deviceUrl,
    deviceListenerUrl,
    adminKey,
    services,
    db,
    timers,
    reloadTls,
    close,
    graphql: async (query, variables = {}, key = adminKey) => {
      if (/\bevents\(/.test(query)) await untilEventsAreServed(db);
      const headers = {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      };
      const body = JSON.stringify({ query, variables });
      const asked = { method: 'POST', headers, body };
      if (url.startsWith('https:')) {
        const answer = await northbound({ ...asked, url: `${url}/graphql`, body: Buffer.from(body) });
        return {
          status: answer.status,
          ...(JSON.parse(Buffer.from(answer.body).toString('utf8')) as Omit<GraphqlAnswer, 'status'>),
        };
      }
      const answer = await fetch(`${url}/graphql`, asked);
      return { status: answer.status, ...((await answer.json()) as Omit<GraphqlAnswer, 'status'>) };
    },
  };
}
