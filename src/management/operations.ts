/** Operations as callers see them: submitted, cancelled, looked at, waited for. */
import { createHash } from 'node:crypto';

import type { Json } from '../../adapters/adapter';
import { Rights } from '../access/rights';
import type { Database } from '../store/database';
import { tellEvents } from '../store/events';
import {
  findOperationByKey,
  insertOperation,
  loadOperation,
  loadOperations,
  loadTarget,
  type NewOperation,
  type OperationRow,
  type TargetRow,
} from '../store/operations';
import type { Secrets } from '../store/secrets';
import { SqlError } from '../store/sql';
import { lockDevice } from '../store/turn-load';
import { LiveOperation, stateOf } from './command-state';
import { fitted } from './device-filter/fits';
import { dryRunOf, factsOf, type Lacks } from './explain/dry-run';
import type { Objector } from './explain/types';
import type { UsableItem } from './item-value';
import { judgeEach, type CommandRow } from './judge';
import { takeLargeValues } from './large-values';
import { metaByPath } from './meta-shape';
import { permitsOf } from './permit';
import type { RepositoryFileView } from './repository-types';
import { isStorable } from './tree';
import { settleOperation } from './settle';
import { openAnswer } from './show-secret';
import { OPERATION_CHANNEL } from './turn';
import {
  isAdministrator,
  ManagementError,
  type Caller,
  type CommandView,
  type Ddfs,
  type OperationState,
  type OperationKey,
  type OperationView,
  type Operations,
  type SubmitOperation,
} from './types';
import type { Waiting } from './waiting';
import type { WakeUpsOfWork } from './wake-up-types';

export interface OperationsDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly waiting: Waiting;
  /** Absent: an administrator's alone. */
  readonly rightsOf?: (caller: Caller) => Promise<Rights>;
  /** Files of the repository by their keys. Absent: there are none. */
  readonly files?: (ids: readonly string[]) => Promise<readonly (RepositoryFileView | null)[]>;
  readonly limits: {
    readonly commands: number;
    readonly valueOctets: number;
    readonly waitMs: number;
    readonly expiresInMs: number;
  };
  /** What devices are known to lack, told in a dry run. Absent: nothing. */
  readonly lacks?: Lacks;
  readonly now?: () => number;
  /** Absent: nobody wakes devices that got work. */
  readonly wakeUps?: WakeUpsOfWork;
}

const DAY_MS = 86_400_000;
export const DEFAULT_EXPIRY_MS = 30 * DAY_MS;
/** Priorities go from its negative to this; 0 is the usual one. */
const HIGHEST_PRIORITY = 10;
const MAX_RETRIES = 2;

export function createOperations(deps: OperationsDeps): Operations {
  const now = deps.now ?? Date.now;
  const rightsOf =
    deps.rightsOf ?? ((caller: Caller) => Promise.resolve(new Rights(isAdministrator(caller), [], now())));

  async function get(device: string, id: string, ofCaller?: string): Promise<OperationView | null> {
    if (!isKey(device) || !isKey(id)) return null;
    const row = await loadOperation(deps.db.sql, device, id, ofCaller);
    return row === null ? null : viewOf(row, deps.secrets, now());
  }

  async function getMany(keys: readonly OperationKey[]): Promise<readonly (OperationView | null)[]> {
    const rows = await loadOperations(
      deps.db.sql,
      keys.filter(({ device, id }) => isKey(device) && isKey(id)),
    );
    const byKey = new Map(rows.map((row) => [`${row.device}.${row.id}`, row]));
    return keys.map(({ device, id, ofCaller }) => {
      const row = byKey.get(`${device}.${id}`);
      const isMeant = ofCaller === undefined || row?.caller === ofCaller;
      return row === undefined || !isMeant ? null : viewOf(row, deps.secrets, now());
    });
  }

  async function wait(device: string, id: string, ms: number): Promise<OperationView> {
    // Timers run by the machine's clock, whatever time the rest goes by.
    const until = Date.now() + Math.min(ms, deps.limits.waitMs);
    for (;;) {
      const look = new AbortController();
      // Listen first, look then: what ends in between wakes the waiter.
      const change = deps.waiting.change(`${device}.${id}`, until - Date.now(), look.signal);
      const view = await get(device, id).catch((error: unknown) => {
        look.abort();
        throw error;
      });
      if (view !== null && view.endedAt === null && Date.now() < until && !deps.waiting.isStopped) await change;
      else {
        look.abort();
        if (view === null) throw new ManagementError('NOT_FOUND', 'there is no such operation');
        return view;
      }
    }
  }

  async function submit(input: SubmitOperation, caller: Caller): Promise<OperationView> {
    checkInput(input, deps.limits);
    const rights = await rightsOf(caller);
    const target = await fitted(
      deps.db.sql,
      rights,
      await loadTarget(deps.db.sql, input.deviceId, input.dryRun === true),
    );
    if (target === null || !rights.sees(target))
      throw new ManagementError('NOT_FOUND', `there is no device ${input.deviceId}`);
    const requestSha256 = requestHash(input);
    const key = input.dryRun === true ? undefined : input.idempotencyKey;
    // A repeat is known before it is judged: what the first one did may have made it senseless.
    const known = key === undefined ? null : await findOperationByKey(deps.db.sql, target.key, caller.principal, key);
    if (known !== null) return answer(target.key, known, requestSha256, input.waitMs);
    const judged = judgeEach(
      input.commands,
      {
        deviceId: target.deviceId,
        protocol: target.protocol,
        isDiscovered: target.isDiscovered,
        mos: target.mos,
      },
      deps.ddfs.library(),
      { ...deps.limits, items: await usableItems(input, caller, rights) },
      permitsOf(rights, target),
    );
    const createdAt = new Date(now());
    const priority = input.priority ?? 0;
    if (input.dryRun === true) {
      const dryRun = dryRunOf(
        target.key,
        input.commands,
        judged,
        refusalOf(input, judged, target, createdAt.getTime()),
        await factsOf(deps.db.sql, target, judged, rights, deps.lacks),
      );
      const until = target.taken?.until == null ? Number.POSITIVE_INFINITY : Date.parse(target.taken.until);
      const expiresAt = new Date(Math.min(until, createdAt.getTime() + (input.expiresInMs ?? DEFAULT_EXPIRY_MS)));
      return { ...dryRun, caller: caller.principal, priority, createdAt, expiresAt };
    }
    const rows = judged.map((one) => {
      if (one instanceof ManagementError) throw one;
      return one;
    });
    const { atomic, sequence } = checkGroup(input, rows, target.protocol);
    const last = lastMoment(target, createdAt.getTime());
    const expiresAt = new Date(Math.min(last, createdAt.getTime() + (input.expiresInMs ?? DEFAULT_EXPIRY_MS)));
    const onFailure = input.onFailure ?? 'STOP';
    const large = takeLargeValues(rows);
    const inserted = await store(target.key, {
      atomic,
      sequence,
      onFailure,
      priority,
      caller: caller.principal,
      idempotencyKey: input.idempotencyKey ?? null,
      requestSha256,
      createdAt,
      expiresAt,
      commands: large.rows,
      blobs: large.blobs,
    }).catch((error: unknown) => {
      if (error instanceof SqlError && error.code === 'FOREIGN_KEY_VIOLATION')
        throw new ManagementError('NOT_FOUND', `there is no device ${input.deviceId}`);
      throw error;
    });
    if (inserted.isNew) tellEvents(deps.db);
    return answer(target.key, inserted, requestSha256, input.waitMs);
  }

  /** Stores an operation and, where it is a new one, its wake-up with it. */
  async function store(device: string, operation: NewOperation): ReturnType<typeof insertOperation> {
    const { db, wakeUps } = deps;
    if (wakeUps === undefined) return insertOperation(db.sql, device, operation);
    const { inserted, bearers } = await db.sql.transaction(
      async (tx) => {
        const inserted = await insertOperation(tx, device, operation);
        return { inserted, bearers: inserted.isNew ? await wakeUps.within(tx, [device]) : [] };
      },
      { retries: MAX_RETRIES },
    );
    wakeUps.kick(bearers);
    return inserted;
  }

  /** Who made an item may send it, and who manages the repository may send all; to others there is none. */
  async function usableItems(
    { commands }: SubmitOperation,
    caller: Caller,
    rights: Rights,
  ): Promise<ReadonlyMap<string, UsableItem>> {
    const ids = commands.flatMap((command) => ('value' in command ? (command.value?.repositoryItem ?? []) : []));
    const found = ids.length === 0 || deps.files === undefined ? [] : await deps.files([...new Set(ids)]);
    const mayAll = rights.onGateway('MANAGE_REPOSITORY');
    return new Map(
      found
        .filter((file) => file !== null)
        .filter((file) => mayAll || file.createdBy === caller.principal)
        .map((file) => [file.id, { ...file, length: file.length ?? 0, isReady: file.uploadedAt !== null }]),
    );
  }

  async function answer(
    device: string,
    stored: { readonly id: string; readonly requestSha256: string | null },
    requestSha256: string,
    waitMs: number | undefined,
  ): Promise<OperationView> {
    if (stored.requestSha256 !== requestSha256) {
      throw new ManagementError(
        'IDEMPOTENCY_CONFLICT',
        'this idempotencyKey was used for another request to the device; take a new one',
      );
    }
    if (waitMs !== undefined && waitMs > 0) return wait(device, stored.id, waitMs);
    const view = await get(device, stored.id);
    if (view === null) throw new Error('an operation vanished after it was stored');
    return view;
  }

  async function cancel(device: string, id: string, caller: Caller): Promise<OperationView> {
    if (!isKey(device) || !isKey(id)) throw new ManagementError('NOT_FOUND', 'there is no such operation');
    const at = new Date(now());
    const changed = await deps.db.sql.transaction(async (tx) => {
      await lockDevice(tx, device);
      const row = await loadOperation(tx, device, id);
      if (row === null) throw new ManagementError('NOT_FOUND', 'there is no such operation');
      if (row.endedAt !== null) return false;
      await tx.query(
        `UPDATE operation SET cancel_requested_at = COALESCE(cancel_requested_at, $3::timestamptz),
           cancelled_by = COALESCE(cancelled_by, $4) WHERE device_id = $1 AND id = $2`,
        [device, id, at, caller.principal],
      );
      const live = new LiveOperation({ ...row, cancelRequested: true, expiresAt: row.expiresAt.toISOString() });
      live.end('CANCELLED');
      await settleOperation(tx, device, live, at);
      return true;
    });
    if (changed) deps.db.notify(OPERATION_CHANNEL, `${device}.${id}`);
    const view = await get(device, id);
    if (view === null) throw new ManagementError('NOT_FOUND', 'there is no such operation');
    return view;
  }

  return { submit, cancel, get, getMany, wait };
}

/** Keys are decimal numbers that fit a BIGINT column. */
function isKey(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}

/** Errors: BAD_USER_INPUT, LIMIT_COMMANDS. */
export function checkInput(input: SubmitOperation, limits: OperationsDeps['limits']): void {
  if (input.commands.length === 0)
    throw new ManagementError('BAD_USER_INPUT', 'an operation needs at least one command');
  if (input.commands.length > limits.commands) {
    throw new ManagementError(
      'LIMIT_COMMANDS',
      `${input.commands.length} commands; an operation holds at most ${limits.commands}`,
      { limit: limits.commands },
    );
  }
  const expires = input.expiresInMs;
  if (expires !== undefined && (expires <= 0 || expires > limits.expiresInMs)) {
    throw new ManagementError(
      'BAD_USER_INPUT',
      `expiresIn: more than nothing, at most ${limits.expiresInMs / DAY_MS} days`,
    );
  }
  const { priority = 0 } = input;
  if (!Number.isInteger(priority) || Math.abs(priority) > HIGHEST_PRIORITY)
    throw new ManagementError('BAD_USER_INPUT', `priority: -${HIGHEST_PRIORITY} to ${HIGHEST_PRIORITY}`);
  const key = input.idempotencyKey;
  if (key !== undefined && (key.length === 0 || key.length > 128 || !isStorable(key))) {
    throw new ManagementError('BAD_USER_INPUT', 'idempotencyKey: 1 to 128 characters');
  }
}

/** Milliseconds since 1970 until which the device is ours to manage. Errors: FORBIDDEN when that is over. */
export function lastMoment({ deviceId, taken }: TargetRow, now: number): number {
  const until = taken === null || taken.until === null ? Number.POSITIVE_INFINITY : Date.parse(taken.until);
  if (taken !== null && (taken.state !== 'ACTIVE' || until <= now))
    throw new ManagementError('FORBIDDEN', `${deviceId} is no longer delegated to this gateway`);
  return until;
}

/** What a protocol cannot keep whole is refused, never split. */
export function checkAtomic(rows: readonly CommandRow[], protocol: string | null): void {
  if (protocol === 'DM_2_0')
    throw new ManagementError(
      'NOT_SUPPORTED_BY_DEVICE',
      'DM 2.0 has no atomic groups: send the commands without `atomic`, or as separate operations',
    );
  const odd = rows.find((row) => !['add', 'replace', 'delete', 'copy', 'setAcl', 'show'].includes(row.kind));
  if (odd !== undefined)
    throw new ManagementError(
      'BAD_USER_INPUT',
      `commands[${odd.position}]: a ${odd.kind} cannot be part of an atomic operation`,
      { command: odd.position },
    );
}

export function checkSequence(isAtomic: boolean, protocol: string | null): void {
  if (isAtomic) throw new ManagementError('BAD_USER_INPUT', 'an operation is atomic or a sequence, not both');
  if (protocol === 'DM_2_0')
    throw new ManagementError(
      'NOT_SUPPORTED_BY_DEVICE',
      'DM 2.0 has no sequences: send the commands without `sequence`; they are executed in their order all the same',
    );
}

/** Whether the commands travel together. Errors: as of the two checks. */
function checkGroup(
  { atomic, sequence, commands }: SubmitOperation,
  rows: readonly CommandRow[],
  protocol: string | null,
): { readonly atomic: boolean; readonly sequence: boolean } {
  const group = { atomic: atomic === true && commands.length > 1, sequence: sequence === true && commands.length > 1 };
  if (group.atomic) checkAtomic(rows, protocol);
  if (group.sequence) checkSequence(group.atomic, protocol);
  return group;
}

/** Why the operation would be refused as a whole although its commands are good. */
function refusalOf(
  input: SubmitOperation,
  judged: readonly (CommandRow | ManagementError)[],
  target: TargetRow,
  now: number,
): { readonly error: ManagementError; readonly by?: Objector } | undefined {
  const attempt = (check: () => unknown, by?: Objector): ReturnType<typeof refusalOf> => {
    try {
      check();
      return undefined;
    } catch (error) {
      if (error instanceof ManagementError) return { error, by };
      throw error;
    }
  };
  const rows = judged.flatMap((one) => (one instanceof ManagementError ? [] : [one]));
  return (
    attempt(() => checkGroup(input, rows, target.protocol)) ?? attempt(() => lastMoment(target, now), 'DELEGATION')
  );
}

function requestHash(input: SubmitOperation): string {
  const { waitMs: _, ...rest } = input;
  return createHash('sha256')
    .update(JSON.stringify(rest, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)))
    .digest('hex');
}

function viewOf(row: OperationRow, secrets: Secrets, now: number): OperationView {
  const commands = row.commands.map((command) => {
    const view = openAnswer(command as unknown as CommandView, secrets, now);
    const source = { device: row.device, operation: row.id, from: row.createdAt, until: row.endedAt };
    return { ...view, resultMeta: metaByPath(view.resultMeta, view.result) as Json, source };
  });
  return {
    id: row.id,
    device: row.device,
    state: row.endedAt === null && row.state === 'QUEUED' ? waitingState(row) : (row.state as OperationState),
    caller: row.caller,
    priority: row.priority,
    commands,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    endedAt: row.endedAt,
    cancelRequestedAt: row.cancelRequestedAt,
    cancelledBy: row.cancelledBy ?? null,
  };
}

/** QUEUED, or NOTIFIED while a bearer has a wake-up that the device did not answer yet. */
function waitingState({ commands, isNotified }: OperationRow): OperationState {
  const state = stateOf(commands);
  return state === 'QUEUED' && isNotified === true ? 'NOTIFIED' : state;
}
