/** Values of MOs no older than a query asks: what is too old is read from the device first, all of one device by one operation. */
import DataLoader from 'dataloader';

import { familyOf } from '../../schema/ddf/identity';
import { readablePaths, scopedDevice } from '../management/readable';
import type {
  CommandInput,
  CommandView,
  DeviceView,
  MoView,
  OperationView,
  SubmitOperation,
} from '../management/types';
import { ManagementError } from '../management/types';
import type { RequestContext } from './context';
import type { MoInfoView } from './fixed/management-object';

const DEFAULT_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 10 * 60 * 1000;
/** A read that the device did not take in time is left for its next contact, but not for ever. */
const READ_EXPIRES_MS = 24 * 3600 * 1000;

/** Arguments of whatever shows values. */
export interface AgeArgs {
  /** Milliseconds; absent: what is stored, whatever its age. */
  readonly maxAge?: number | null;
  /** Milliseconds for which the answer waits for the device. */
  readonly wait?: number | null;
}

export interface FreshObjects {
  readonly found: readonly MoInfoView[];
  /** None is known, nor was the device ever looked at: what it has could not be told in time. */
  readonly isUnknown: boolean;
  /** The read of a device that was never looked at. */
  readonly operation: OperationView | null;
}

/**
 * Objects of a device as stored, read again first where they are older than `maxAge`. What could not be read again in time is
 * STALE, or NEVER_READ.
 *
 * @param moid those of its family alone; absent: all
 * @param pick which of them; may throw
 */
export async function freshObjects(
  device: DeviceView,
  moid: string | undefined,
  { maxAge, wait }: AgeArgs,
  context: RequestContext,
  pick: (found: readonly MoView[]) => readonly MoView[] = (found) => found,
): Promise<FreshObjects> {
  const stored = async (): Promise<readonly MoView[]> => pick(await context.objects(device, moid));
  const before = await stored();
  const given = (mo: MoView): MoInfoView => ({ mo, freshness: orNeverRead('FRESH', mo), operation: null });
  if (maxAge == null) return { found: before.map(given), isUnknown: false, operation: null };
  const waitMs = wait ?? DEFAULT_WAIT_MS;
  const scoped = scopedDevice(device);
  // Of a device that was never looked at, nobody knows what it lacks: it is asked all the same.
  const isUnseen = before.length === 0 && device.discoveredAt === null;
  const family = moid === undefined ? undefined : familyOf(moid);
  const mayAsk = family !== undefined && context.rights.at('READ', scoped, { family, path: '' });
  const unseen = isUnseen && mayAsk ? refresh({ device, moid: family, paths: [''], waitMs }, context) : undefined;
  const reads = new Map<MoView, readonly string[]>(
    before.filter((mo) => isOlder(mo, maxAge, context)).map((mo) => [mo, readablePaths(mo, scoped, context.rights)]),
  );
  const operations = new Map<string, OperationView | null>();
  await Promise.all(
    [...reads].map(async ([mo, paths]) =>
      operations.set(nameOf(mo), await refresh({ device, moid: mo.moid, miid: mo.miid, paths, waitMs }, context)),
    ),
  );
  const operation = (await unseen) ?? null;
  if (unseen === undefined && reads.size === 0)
    return { found: before.map(given), isUnknown: isUnseen && moid === undefined, operation };
  const after = await stored();
  const isUnknown = isUnseen && after.length === 0 && (await context.deviceByKey(device.key))?.discoveredAt == null;
  const partly = new Set([...reads].filter(([, paths]) => !paths.includes('')).map(([mo]) => nameOf(mo)));
  const found = after.map((mo): MoInfoView => {
    const own = operations.get(nameOf(mo)) ?? operation;
    const isRead = !isOlder(mo, maxAge, context) || (partly.has(nameOf(mo)) && isAnswered(mo, own));
    return { mo, freshness: isRead ? 'FRESH' : orNeverRead('STALE', mo), operation: own };
  });
  return { found, isUnknown, operation };
}

function nameOf({ family, miid }: MoView): string {
  return JSON.stringify([family, miid]);
}

function orNeverRead(freshness: MoInfoView['freshness'], mo: MoView): MoInfoView['freshness'] {
  return mo.observedAt === null ? 'NEVER_READ' : freshness;
}

/** Whether the device said of all that was asked of an object what it is, or that it is not there. */
function isAnswered(mo: MoView, operation: OperationView | null): boolean {
  const own = (operation?.commands ?? []).filter(
    ({ moid, miid }) => moid !== null && familyOf(moid) === mo.family && miid === mo.miid,
  );
  return own.length > 0 && own.every(({ outcome }) => outcome === 'OK' || outcome === 'NOT_FOUND');
}

interface Reading {
  readonly device: DeviceView;
  readonly moid: string;
  /** Absent: no instance is known yet. */
  readonly miid?: string;
  /** Below its root; empty text: all of it. */
  readonly paths: readonly string[];
  readonly waitMs: number;
}

const refreshers = new WeakMap<RequestContext, DataLoader<Reading, OperationView | null, string>>();

/**
 * Has a management object read again and waits for it; requests made at the same time for one device are one operation.
 *
 * @returns the operation as it is after the wait; null when the device cannot be asked for this
 */
function refresh(reading: Reading, context: RequestContext): Promise<OperationView | null> {
  let loader = refreshers.get(context);
  if (!loader) {
    loader = new DataLoader((readings) => readAgain(readings, context), {
      cacheKeyFn: ({ device, moid, miid }) => JSON.stringify([device.key, moid, miid ?? null]),
    });
    refreshers.set(context, loader);
  }
  return loader.load(reading);
}

/** Whether the values, as a whole, were last read before the age that is asked for; never read counts as older. */
function isOlder(mo: MoView, maxAgeMs: number, context: RequestContext): boolean {
  return mo.completeAt === null || mo.completeAt.getTime() < context.startedAt - maxAgeMs;
}

async function readAgain(
  readings: readonly Reading[],
  context: RequestContext,
): Promise<readonly (OperationView | null | Error)[]> {
  const byDevice = new Map<string, Reading[]>();
  for (const reading of readings) {
    const known = byDevice.get(reading.device.key);
    if (known) known.push(reading);
    else byDevice.set(reading.device.key, [reading]);
  }
  const results = new Map<string, OperationView | null | Error>();
  await Promise.all(
    [...byDevice].map(async ([key, ofDevice]) => results.set(key, await readDevice(ofDevice, context))),
  );
  context.reloadObjects();
  return readings.map(({ device }) => results.get(device.key) ?? null);
}

async function readDevice(
  readings: readonly Reading[],
  context: RequestContext,
): Promise<OperationView | null | Error> {
  const [first] = readings;
  if (!first) return null;
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(...readings.map((reading) => reading.waitMs)));
  const commands = readings.flatMap(({ moid, miid, paths }) =>
    paths.map((path): CommandInput => ({ kind: 'get', address: { moid, miid: miid ?? null, path } })),
  );
  if (commands.length === 0) return null;
  const { deviceId } = first.device;
  const request = { deviceId, onFailure: 'CONTINUE', expiresInMs: Math.max(waitMs, READ_EXPIRES_MS), waitMs } as const;
  try {
    return await submitSome({ ...request, commands }, context);
  } catch (error) {
    return error instanceof Error ? error : new Error('the operation was not taken', { cause: error });
  }
}

/** Without what the device cannot be asked: that stays as it is stored. Null when nothing is left. */
async function submitSome(request: SubmitOperation, context: RequestContext): Promise<OperationView | null> {
  const { operations } = context.services;
  const orNull = (error: unknown): null => {
    if (error instanceof ManagementError && error.code !== 'INTERNAL') return null;
    throw error;
  };
  const whole = await operations.submit(request, context.caller).catch(orNull);
  if (whole !== null || request.commands.length === 1) return whole;
  // One that is refused does not keep the others from being sent.
  const judged = await operations.submit({ ...request, dryRun: true }, context.caller).catch(orNull);
  const isSendable = (_: CommandInput, at: number): boolean => isGood(judged?.commands[at]);
  const commands = request.commands.filter(isSendable);
  return commands.length === 0 ? null : operations.submit({ ...request, commands }, context.caller).catch(orNull);
}

function isGood(command: CommandView | undefined): boolean {
  return command?.verdict !== undefined && command.verdict.code === null;
}
