/**
 * Rules that follow what happens without a message of the device: an operation that expires or is cancelled, a device that
 * cannot be woken. Each such event is followed once, in the order of events, by whichever process takes it.
 */
import type { Database } from '../../store/database';
import { tellEvents } from '../../store/events';
import { loadTarget } from '../../store/operations';
import { keepRulePlace, nextRuledEvent, passRuledEvent, type RuledEvent } from '../../store/rule-place';
import type { Sql } from '../../store/sql';
import { lockDevice } from '../../store/turn-load';
import { loadWorkAndLook } from '../../store/turn-work';
import { NOTHING_WRITTEN, writeTurn } from '../../store/turn-write';
import { followUps, settleFollowUps } from '../profiles/follow-ups';
import type { LiveProfiles } from '../profiles/live';
import { ruledAsSeen, type Seen } from '../profiles/look';
import type { Ddfs } from '../types';
import type { WakeUpsOfWork } from '../wake-up-types';
import { follow } from './follow';
import { EVENTS_WITHOUT_MESSAGE } from './input';
import { triggered } from './match';

export interface RulesAfterEventsDeps {
  readonly db: Database;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly live: Pick<LiveProfiles, 'current'>;
  /** Absent: devices that got work come by themselves. */
  readonly wakeUps?: WakeUpsOfWork;
  readonly log: { error(detail: object, message: string): void };
  readonly now?: () => number;
}

export interface RulesAfterEvents {
  /** Follows what happened since the last time; called by the timer. */
  tick(): Promise<void>;
}

/** Transactions of one tick: others of the timer's jobs have their turn. */
const MOST_A_TICK = 500;
/** Ticks that try an event, before it is passed by: the database may be away for a moment. */
const MOST_TRIES = 5;

export function createRulesAfterEvents(deps: RulesAfterEventsDeps): RulesAfterEvents {
  const { db, log, now = Date.now } = deps;
  /** Whether rules were followed at the last tick; at the first one it is not known. */
  let isFollowing: boolean | undefined;
  let failing: { readonly event: string; readonly times: number } | undefined;

  /** @returns bearers to kick after the commit, as the device got work */
  async function followOn(tx: Sql, { device, deviceId, type }: RuledEvent): Promise<readonly string[] | undefined> {
    const live = deps.live.current();
    if (live === undefined) return undefined;
    const at = new Date(now());
    const triggers = triggered(live.rules, [{ type }]);
    if (triggers.size === 0) return undefined;
    await lockDevice(tx, device);
    const { seen } = await loadWorkAndLook<Seen>(tx, device, 0, at, 0, live.lookOfRules);
    const target = await loadTarget(tx, deviceId);
    if (seen === null || target === null) return undefined;
    const ruled = ruledAsSeen(seen, device, target, at.getTime());
    const follows = follow(live.rules, triggers, ruled, deps.ddfs.library(), at.getTime());
    if (follows.length === 0) return undefined;
    const brought = followUps([], new Map(), follows, seen.ids ?? [], at.getTime());
    const { write } = settleFollowUps(brought, { commands: [], operations: [] });
    await writeTurn(tx, device, at, { ...NOTHING_WRITTEN, followUp: write, events: brought.events });
    return brought.made.length > 0 ? deps.wakeUps?.within(tx, [device]) : undefined;
  }

  /** @returns whether more may follow */
  async function step(types: readonly string[]): Promise<boolean> {
    let failed: RuledEvent | undefined;
    try {
      const { bearers, event, more } = await db.sql.transaction(async (tx) => {
        const next = await nextRuledEvent(tx, types);
        failed = next.event ?? undefined;
        return { ...next, bearers: next.event === null ? undefined : await followOn(tx, next.event) };
      });
      if (event !== null) tellEvents(db);
      if (bearers !== undefined) deps.wakeUps?.kick(bearers);
      return more;
    } catch (error) {
      if (failed === undefined) throw error;
      return giveUp(failed, error);
    }
  }

  /**
   * An event that could not be followed is tried again at later ticks, and does not keep the others waiting for ever.
   *
   * @returns whether it was passed by, so that others may follow
   */
  async function giveUp(event: RuledEvent, error: unknown): Promise<boolean> {
    const name = event.place.join('.');
    const times = failing?.event === name ? failing.times + 1 : 1;
    failing = { event: name, times };
    log.error({ err: error, device: event.deviceId, type: event.type, tries: times }, 'rules could not be followed');
    if (times < MOST_TRIES) return false;
    await passRuledEvent(db.sql, event);
    return true;
  }

  return {
    async tick() {
      const triggers = deps.live.current()?.rules.flatMap(({ trigger }) => trigger.events) ?? [];
      const types = EVENTS_WITHOUT_MESSAGE.filter((type) => triggers.includes(type));
      if (types.length > 0 || isFollowing !== false) await keepRulePlace(db.sql, EVENTS_WITHOUT_MESSAGE);
      isFollowing = types.length > 0;
      if (!isFollowing) return;
      for (let steps = 0; steps < MOST_A_TICK; steps += 1) if (!(await step(types))) return;
    },
  };
}
