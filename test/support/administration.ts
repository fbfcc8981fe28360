import { randomBytes } from 'node:crypto';

import { createAccounts } from '../../src/management/accounts';
import { createDevices } from '../../src/management/devices';
import { createReports } from '../../src/management/reports';
import type { Accounts, Caller, Devices, EventView, Reports } from '../../src/management/types';
import { ManagementError } from '../../src/management/types';
import type { Database } from '../../src/store/database';
import { createSecrets } from '../../src/store/secrets';
import type { Secrets } from '../../src/store/secrets';
import { testDatabase } from './database';
import { untilEventsAreServed } from './events-served';

export { untilEventsAreServed };

/** The services of administration over a database of their own. */
export interface Administration {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly accounts: Accounts;
  readonly devices: Devices;
  readonly reports: Reports;
  /** Every event so far, oldest first. */
  events(): Promise<readonly EventView[]>;
}

export const ALICE: Caller = { principal: 'key:7', name: 'Alice', admin: true };

export async function startAdministration(): Promise<Administration> {
  const db = await testDatabase();
  const secrets = createSecrets(randomBytes(16).toString('hex'));
  const reports = createReports({ db });
  return {
    db,
    secrets,
    reports,
    accounts: createAccounts({ db, secrets }),
    devices: createDevices({ db, secrets }),
    events: async () => {
      await untilEventsAreServed(db);
      return (await reports.events({}, 500)).items;
    },
  };
}

/** The error that a call ended with; a call that succeeds, or fails otherwise, fails the test. */
export async function refusalOf(call: Promise<unknown>): Promise<ManagementError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof ManagementError) return outcome;
  throw new Error('not refused by a ManagementError', { cause: outcome });
}
