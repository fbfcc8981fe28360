/**
 * Profiles that watch: DM 2.0 devices are asked to tell of changes of what the profile desires, from the contact on at which
 * they are compared to it, and are asked no more when it does not hold for them.
 */
import type { Database } from '../../store/database';
import { heldWatches, holderOf, idleWatches, wantedWatches, type WantedWatch } from '../../store/profile-watches';
import type { Subscriptions } from '../subscriptions';
import { ManagementError, type Caller } from '../types';

export interface WatchingDeps {
  readonly db: Pick<Database, 'sql'>;
  readonly subscriptions: Pick<Subscriptions, 'hold' | 'drop'>;
  /** Who a principal is now; null: nobody any more. */
  readonly callerOf: (principal: string) => Promise<Caller | null>;
  readonly log: { error(detail: object, message: string): void; debug(detail: object, message: string): void };
  readonly now?: () => number;
}

export interface WatchedDevice {
  readonly key: string;
  readonly deviceId: string;
}

export interface Watching {
  /** What it has and what it should have differ, perhaps: it is looked at soon, one device after another. */
  look(device: WatchedDevice): void;
  /** Lets go of what profiles hold that watch no more, or of some of it: the next tick goes on. */
  release(): Promise<void>;
  /** The same now and then, for what was missed: called by the timer. */
  tick(): Promise<void>;
  /** Resolves when no device waits to be looked at. */
  idle(): Promise<void>;
}

const LOOK_EVERY_MS = 60_000;
/** Let go at once; the rest at the next tick. */
const BATCH = 500;
/** Devices that wait; more come again with their next contact. */
const MOST_WAITING = 10_000;

export function createWatching(deps: WatchingDeps): Watching {
  const { db, subscriptions, log, now = Date.now } = deps;
  const waiting = new Map<string, WatchedDevice>();
  let running: Promise<void> | undefined;
  let nextLook = Number.NEGATIVE_INFINITY;

  async function run(): Promise<void> {
    for (const [key, device] of waiting) {
      waiting.delete(key);
      await lookAt(device).catch((error: unknown) =>
        log.error(
          { err: error, device: device.deviceId },
          'a device could not be subscribed to; its next contact tries again',
        ),
      );
    }
  }

  async function lookAt({ key, deviceId }: WatchedDevice): Promise<void> {
    const wanted = await wantedWatches(db.sql, key);
    const held = await heldWatches(db.sql, key);
    const isOf = (want: WantedWatch): ((has: (typeof held)[number]) => boolean) => {
      const path = commonPath(want.paths);
      const holder = holderOf(want.profile);
      return (has) =>
        has.holder === holder && has.family === want.family && has.miid === want.miid && has.path === path;
    };
    for (const want of wanted.filter((each) => !held.some(isOf(each)))) await hold(deviceId, want);
    for (const has of held.filter((each) => !wanted.some((want) => isOf(want)(each))))
      await subscriptions.drop(has, has.holder);
  }

  async function hold(deviceId: string, { profile, caller: principal, moid, miid, paths }: WantedWatch): Promise<void> {
    const caller = await deps.callerOf(principal);
    if (caller === null) return;
    const address = { moid, miid, path: commonPath(paths) };
    try {
      await subscriptions.hold({ deviceId, address }, holderOf(profile), caller);
    } catch (error) {
      // Its maker may not read it, or the device cannot: values are read when they are old, as without.
      if (!(error instanceof ManagementError) || error.code === 'INTERNAL') throw error;
      log.debug({ device: deviceId, profile, reason: error.message }, 'a profile cannot watch a device');
    }
  }

  async function release(): Promise<void> {
    const idle = await idleWatches(db.sql, BATCH);
    for (const has of idle) await subscriptions.drop(has, has.holder);
    nextLook = idle.length < BATCH ? now() + LOOK_EVERY_MS : Number.NEGATIVE_INFINITY;
  }

  return {
    look(device) {
      if (waiting.size >= MOST_WAITING && !waiting.has(device.key)) return;
      waiting.set(device.key, device);
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    release,
    async tick() {
      if (now() >= nextLook || nextLook - now() > LOOK_EVERY_MS) await release();
    },
    async idle() {
      while (running !== undefined) await running;
    },
  };
}

/** The node nearest to all of them that they are at or below. */
export function commonPath(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  const names = first.split('/');
  const ends = others.map((other) => {
    const theirs = other.split('/');
    const end = names.findIndex((name, index) => name !== theirs[index]);
    return end < 0 ? names.length : end;
  });
  return names.slice(0, Math.min(names.length, ...ends)).join('/');
}
