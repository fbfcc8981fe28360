/** Values of MOs no older than a query asks: what is too old is read from the device first, all of one device by one operation. */
import DataLoader from 'dataloader';

import type { CommandInput, DeviceView, MoView, OperationView } from '../management/types';
import { ManagementError } from '../management/types';
import type { RequestContext } from './context';

export const DEFAULT_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 10 * 60 * 1000;
/** A read that the device did not take in time is left for its next contact, but not for ever. */
const READ_EXPIRES_MS = 24 * 3600 * 1000;

interface Reading {
  readonly device: DeviceView;
  readonly moid: string;
  /** Absent: no instance is known yet. */
  readonly miid?: string;
  readonly waitMs: number;
}

const refreshers = new WeakMap<RequestContext, DataLoader<Reading, OperationView | null, string>>();

/**
 * Has a management object read again and waits for it; requests made at the same time for one device are one operation.
 *
 * @returns the operation as it is after the wait; null when the device cannot be asked for this
 */
export function refresh(reading: Reading, context: RequestContext): Promise<OperationView | null> {
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
export function isOlder(mo: MoView, maxAgeMs: number, context: RequestContext): boolean {
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
  const commands = readings.map(({ moid, miid }): CommandInput => ({
    kind: 'get',
    address: { moid, miid: miid ?? null, path: '' },
  }));
  try {
    return await context.services.operations.submit(
      {
        deviceId: first.device.deviceId,
        commands,
        onFailure: 'CONTINUE',
        expiresInMs: Math.max(waitMs, READ_EXPIRES_MS),
        waitMs,
      },
      context.caller,
    );
  } catch (error) {
    // What the device cannot be asked stays as it is stored.
    if (error instanceof ManagementError && error.code !== 'INTERNAL') return null;
    return error instanceof Error ? error : new Error('the operation was not taken', { cause: error });
  }
}
