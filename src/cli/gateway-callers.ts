/** Who may call the gateway, put together from its configuration. */
import type { Logger } from 'pino';

import { createCallers, type Callers, type CertificateRule } from '../access/callers';
import { createKnownUsers } from '../access/known-users';
import type { RunningKeys } from '../access/keys';
import { RIGHTS, type Right } from '../access/rights';
import { createTokens } from '../access/tokens';
import type { Configuration } from '../config/environment';
import type { Audit } from '../management/types';
import type { Database } from '../store/database';
import { StartError } from './start-error';

/** Throws StartError for a right that there is not. */
export function callersOf(
  { settings }: Configuration,
  deps: {
    readonly db: Database;
    readonly keys: RunningKeys;
    readonly audit: Audit;
    readonly log: Logger;
    readonly now?: (() => number) | undefined;
  },
): Callers {
  const { oidc: issuers, certificates, anonymous, rememberMs: keptMs } = settings.callers;
  const { db, keys, audit, log, now } = deps;
  const users = createKnownUsers({ db, keptMs, log, now });
  const tokens = createTokens({
    issuers,
    seen: (caller) => users.seen(caller),
    refused: (reason) => log.debug({ reason }, 'a token was refused'),
    now,
  });
  return createCallers({
    keys,
    ...(issuers.length > 0 ? { tokens, users } : {}),
    certificates: certificates.map((rule): CertificateRule => ({ ...rule, only: rule.only && rightsOf(rule.only) })),
    anonymous,
    refused: (remote) => audit.refused(remote),
  });
}

function rightsOf(names: readonly string[]): readonly Right[] {
  const stray = names.find((name) => !(RIGHTS as readonly string[]).includes(name));
  if (stray !== undefined)
    throw new StartError(
      `MOQL_CONFIG: callers.certificates: only: there is no right ${stray}; they are ${RIGHTS.join(', ')}`,
    );
  return names as readonly Right[];
}
