/** What a device had to do, the last first: operations and sessions. */
import type { DmProtocol } from '../../adapters/adapter';
import { findDatabaseKey, pageOf } from '../access/inputs';
import type { Database } from '../store/database';
import { loadSessions, operationKeys, type PageOfDevice } from '../store/device-activity';
import type { Operations, OperationView, Page } from './types';

export interface ActivityOf {
  /** Key. */
  readonly device: string;
  readonly first: number;
  /** Number of the last one that was seen. */
  readonly after?: string | undefined;
}

export interface SessionView {
  /** Decimal, within its device. */
  readonly id: string;
  readonly protocol: DmProtocol;
  readonly messages: number;
  readonly openedAt: Date;
  readonly lastAt: Date;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
}

export interface DeviceActivity {
  /**
   * Of each request a page, by a number of statements that does not depend on theirs.
   *
   * @param requests `caller`: operations of this principal alone; null: all
   */
  operations(
    requests: readonly (ActivityOf & { readonly caller: string | null })[],
  ): Promise<readonly Page<OperationView>[]>;
  sessions(requests: readonly ActivityOf[]): Promise<readonly Page<SessionView>[]>;
}

export function createDeviceActivity(deps: {
  readonly db: Database;
  readonly operations: Pick<Operations, 'getMany'>;
}): DeviceActivity {
  return {
    async operations(requests) {
      const keys = await operationKeys(
        deps.db.sql,
        requests.map((request) => ({ ...pageOfDevice(request), caller: request.caller })),
      );
      const views = await deps.operations.getMany(keys);
      const found = keys.map(({ no }, at) => ({ no, view: views[at] ?? null }));
      return requests.map(({ first }, at) =>
        pageOf(
          found.flatMap(({ no, view }) => (Number(no) === at + 1 && view !== null ? [view] : [])),
          first,
          (view) => view,
        ),
      );
    },
    async sessions(requests) {
      const rows = await loadSessions(deps.db.sql, requests.map(pageOfDevice));
      return requests.map(({ first }, at) =>
        pageOf(
          rows.filter(({ no }) => Number(no) === at + 1),
          first,
          (row) => ({ ...row, protocol: row.protocol as DmProtocol }),
        ),
      );
    },
  };
}

/** One more than the page holds. */
function pageOfDevice({ device, first, after }: ActivityOf): PageOfDevice {
  return {
    device: findDatabaseKey(device) ?? -1n,
    first: first + 1,
    before: after === undefined ? undefined : (findDatabaseKey(after) ?? 0n),
  };
}
