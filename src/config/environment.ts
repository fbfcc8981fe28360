/** The environment: every variable that the gateway reads, checked as a whole before anything starts. */
import { z } from 'zod';

import { bearer, databaseUrl, host, port, publicUrl, trustProxy } from './check';
import { checkSettings, readSettings, type Settings } from './settings';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Configuration {
  readonly port: number;
  readonly host: string;
  /** A listener of its own for devices. */
  readonly deviceListener?: { readonly port: number; readonly host: string };
  /** Absent: the embedded database in `dataDir`. */
  readonly databaseUrl?: string;
  readonly dataDir: string;
  /** Without trailing slash; absent: the device listener's. */
  readonly publicUrl?: string;
  readonly adminKey?: string;
  readonly secretKey?: string;
  /** Opens what was sealed before the secret key was another one. */
  readonly previousSecretKey?: string;
  /** Keys of devices with TLS-PSK are derived from it. */
  readonly pskKey?: string;
  readonly ddfDir?: string;
  /** Paths of PEM files; certificates and their keys in the same order. */
  readonly tls?: { readonly cert: readonly string[]; readonly key: readonly string[]; readonly ca?: string };
  /** How many proxies, or which. */
  readonly trustProxy?: number | readonly string[];
  /** Basic credentials without TLS are taken off loopback too. */
  readonly insecure: boolean;
  readonly logLevel: LogLevel;
  readonly settings: Settings;
}

export type ConfigurationResult =
  | { readonly ok: true; readonly configuration: Configuration }
  /** One sentence for each variable that is wrong, which it begins with. */
  | { readonly ok: false; readonly problems: readonly string[] };

const path = z.string().max(4096);
/** Separated by commas. */
const paths = path.transform((text) => text.split(',').map((one) => one.trim()));

/** `docs/configuration.md` has one row for each. */
const variables = z.object({
  PORT: port.default(4000),
  HOST: host.default('127.0.0.1'),
  MOQL_DEVICE_PORT: port.optional(),
  MOQL_DEVICE_HOST: host.optional(),
  DATABASE_URL: databaseUrl.optional(),
  MOQL_DATA_DIR: path.default('./data'),
  MOQL_PUBLIC_URL: publicUrl.optional(),
  MOQL_ADMIN_KEY: bearer.optional(),
  MOQL_SECRET_KEY: z.string().max(4096).optional(),
  MOQL_SECRET_KEY_PREVIOUS: z.string().max(4096).optional(),
  MOQL_PSK_KEY: z.string().min(32, 'must have at least 32 characters').max(4096).optional(),
  MOQL_DDF_DIR: path.optional(),
  MOQL_TLS_CERT: paths.optional(),
  MOQL_TLS_KEY: paths.optional(),
  MOQL_TLS_CA: path.optional(),
  MOQL_TRUST_PROXY: trustProxy.optional(),
  MOQL_INSECURE: z.enum(['0', '1'], 'must be 1, or unset').optional(),
  MOQL_CONFIG: path.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});
type Variables = z.infer<typeof variables>;

export const VARIABLE_NAMES: readonly string[] = Object.keys(variables.shape);

/**
 * Reads the environment. Variables of others are not looked at; those that begin with MOQL_ must be known. An empty
 * variable counts as unset.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): ConfigurationResult {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const unknown = Object.keys(given)
    .filter((name) => name.startsWith('MOQL_') && !VARIABLE_NAMES.includes(name))
    .sort();
  const problems = [
    ...unknown.map((name) => `${name}: no such variable; docs/configuration.md lists those that there are`),
    ...gapsOf(given),
  ];

  const result = variables.safeParse(given);
  if (!result.success) {
    const wrong = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { ok: false, problems: [...problems, ...new Set(wrong)] };
  }
  const settings = result.data.MOQL_CONFIG === undefined ? checkSettings({}) : readSettings(result.data.MOQL_CONFIG);
  problems.push(...clashesOf(result.data));
  if (!settings.ok)
    return { ok: false, problems: [...problems, ...settings.problems.map((problem) => `MOQL_CONFIG: ${problem}`)] };
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, configuration: configurationOf(result.data, settings.settings) };
}

/** Variables that say nothing without another one. */
const NEEDS: readonly (readonly [name: string, needs: string, why: string])[] = [
  ['MOQL_TLS_CERT', 'MOQL_TLS_KEY', ''],
  ['MOQL_TLS_KEY', 'MOQL_TLS_CERT', ''],
  ['MOQL_TLS_CA', 'MOQL_TLS_CERT', ''],
  ['MOQL_DEVICE_HOST', 'MOQL_DEVICE_PORT', ''],
  ['DATABASE_URL', 'MOQL_SECRET_KEY', ': it opens the secrets in the database'],
];

function gapsOf(given: Readonly<Record<string, unknown>>): readonly string[] {
  return NEEDS.filter(([name, needs]) => name in given && !(needs in given)).map(
    ([name, needs, why]) => `${needs}: must be set when ${name} is${why}`,
  );
}

/** Two listeners cannot share an address, and each certificate has its key. */
function clashesOf(v: Variables): readonly string[] {
  const { PORT, HOST, MOQL_DEVICE_PORT: devicePort, MOQL_DEVICE_HOST: deviceHost = HOST } = v;
  const unpaired = v.MOQL_TLS_CERT?.length !== v.MOQL_TLS_KEY?.length;
  const isOne = devicePort !== undefined && devicePort !== 0 && devicePort === PORT && deviceHost === HOST;
  return [
    ...(unpaired && v.MOQL_TLS_CERT && v.MOQL_TLS_KEY
      ? ['MOQL_TLS_KEY: must name one file for each of MOQL_TLS_CERT']
      : []),
    ...(isOne ? ['MOQL_DEVICE_PORT: is PORT; leave it unset for one listener'] : []),
  ];
}

function configurationOf(v: Variables, settings: Settings): Configuration {
  return {
    port: v.PORT,
    host: v.HOST,
    dataDir: v.MOQL_DATA_DIR,
    insecure: v.MOQL_INSECURE === '1',
    logLevel: v.LOG_LEVEL,
    settings,
    ...(v.MOQL_DEVICE_PORT === undefined
      ? {}
      : { deviceListener: { port: v.MOQL_DEVICE_PORT, host: v.MOQL_DEVICE_HOST ?? v.HOST } }),
    ...(v.DATABASE_URL === undefined ? {} : { databaseUrl: v.DATABASE_URL }),
    ...(v.MOQL_PUBLIC_URL === undefined ? {} : { publicUrl: v.MOQL_PUBLIC_URL }),
    ...(v.MOQL_ADMIN_KEY === undefined ? {} : { adminKey: v.MOQL_ADMIN_KEY }),
    ...(v.MOQL_SECRET_KEY === undefined ? {} : { secretKey: v.MOQL_SECRET_KEY }),
    ...(v.MOQL_SECRET_KEY_PREVIOUS === undefined ? {} : { previousSecretKey: v.MOQL_SECRET_KEY_PREVIOUS }),
    ...(v.MOQL_PSK_KEY === undefined ? {} : { pskKey: v.MOQL_PSK_KEY }),
    ...(v.MOQL_DDF_DIR === undefined ? {} : { ddfDir: v.MOQL_DDF_DIR }),
    ...(v.MOQL_TRUST_PROXY === undefined ? {} : { trustProxy: v.MOQL_TRUST_PROXY }),
    ...(v.MOQL_TLS_CERT === undefined || v.MOQL_TLS_KEY === undefined
      ? {}
      : {
          tls: {
            cert: v.MOQL_TLS_CERT,
            key: v.MOQL_TLS_KEY,
            ...(v.MOQL_TLS_CA === undefined ? {} : { ca: v.MOQL_TLS_CA }),
          },
        }),
  };
}
