/** The log: JSON lines on standard output, without what proves who somebody is. */
import { pino, type Logger } from 'pino';

import type { LogLevel } from '../config/environment';

/** Members of whatever is logged, at the top and one or two levels below, that are never written. */
const SECRET_MEMBERS = [
  'secret',
  'password',
  'nonce',
  'nextNonce',
  'nextnonce',
  'previousNonce',
  'cred',
  'Cred',
  'authorization',
  'Authorization',
  'cookie',
  'key',
  'token',
  'clientSecret',
  'serverSecret',
  'adminKey',
  'secretKey',
  'databaseUrl',
];

export function createLog(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    redact: { paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[left out]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
