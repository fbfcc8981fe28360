/** Profiles and rules as turns go by them: few, and held in memory by each process until somebody changes one. */
import { AsyncResource } from 'node:async_hooks';

import type { Json } from '../../../adapters/adapter';
import type { Rights } from '../../access/rights';
import type { Database } from '../../store/database';
import { loadLiveProfiles, sweepRecords, type ProfileRow } from '../../store/profiles';
import { loadLiveRules, type RuleRow } from '../../store/rules';
import type { Look } from '../../store/turn-work';
import { restoreCondition } from '../device-filter/condition';
import type { Action, LiveRule, Pace, Trigger } from '../rules/types';
import type { Caller } from '../types';
import { lookFor } from './look';
import type { Entry, LiveProfile } from './types';

export interface LiveDeps {
  readonly db: Database;
  /** Who a principal is now; null: nobody any more. */
  readonly callerOf: (principal: string) => Promise<Caller | null>;
  readonly rightsOf: (caller: Caller) => Promise<Rights>;
  readonly log: { error(detail: object, message: string): void };
  readonly now?: () => number;
}

export interface LiveSet {
  readonly profiles: readonly LiveProfile[];
  readonly rules: readonly LiveRule[];
  /** What the profiles need to see of a device, and rules that watch for drift. */
  readonly look: Look;
  /** The same, and what the rules need. */
  readonly lookOfRules: Look;
}

export interface LiveProfiles {
  /** Undefined where there is none: a turn then costs what it costs without. */
  current(): LiveSet | undefined;
  /** Loads them, and begins to hear of changes. */
  start(): Promise<void>;
  stop(): void;
  /** They changed: this process goes by it when it resolves, others soon. */
  changed(): Promise<void>;
  /** Looks again from time to time, for the rights of makers change too. */
  advance(): Promise<void>;
}

const CHANNEL = 'moql_profile';
const LOOK_AGAIN_MS = 10_000;

export function createLiveProfiles(deps: LiveDeps): LiveProfiles {
  const { db, now = Date.now } = deps;
  let set: LiveSet | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let generation = 0;
  let stop: (() => void) | undefined;

  async function load(): Promise<void> {
    const own = ++generation;
    lookedAt = now();
    const rows = await loadLiveProfiles(db.sql);
    const ruleRows = await loadLiveRules(db.sql);
    const rights = new Map<string, Rights | null>();
    for (const { caller: principal } of [...rows, ...ruleRows]) {
      if (rights.has(principal)) continue;
      const caller = await deps.callerOf(principal);
      rights.set(principal, caller === null ? null : await deps.rightsOf(caller));
    }
    const profiles = rows.map((row) => liveOf(row, rights.get(row.caller) ?? null));
    const rules = ruleRows.map((row) => liveRuleOf(row, rights.get(row.caller) ?? null));
    // What was loaded before a newer load began is older than what that one gives.
    if (own !== generation) return;
    const watchesDrift = rules.some(({ trigger }) => trigger.events.includes('driftFound'));
    const lookOfRules = lookFor(profiles, rules);
    const isNone = profiles.length + rules.length === 0;
    set = isNone ? undefined : { profiles, rules, look: watchesDrift ? lookOfRules : lookFor(profiles), lookOfRules };
  }

  const reload = (): void => {
    load().catch((error: unknown) =>
      deps.log.error({ err: error }, 'profiles and rules could not be loaded; they are again soon'),
    );
  };

  return {
    current: () => set,
    async start() {
      stop = await db.listen(CHANNEL, AsyncResource.bind(reload));
      await load();
    },
    stop: () => stop?.(),
    async changed() {
      await load();
      db.notify(CHANNEL, '');
    },
    async advance() {
      if (now() - lookedAt < LOOK_AGAIN_MS && now() >= lookedAt) return;
      try {
        await load();
        await sweepRecords(db.sql);
      } catch (error) {
        deps.log.error({ err: error }, 'profiles and rules could not be loaded; they are again soon');
      }
    },
  };
}

function liveRuleOf({ id, trigger, action, pace, condition }: RuleRow, rights: Rights | null): LiveRule {
  return {
    id,
    trigger: trigger as Trigger,
    action: action as Action,
    pace: pace as Pace,
    condition: restoreCondition(condition as Json),
    rights,
  };
}

function liveOf(row: ProfileRow, rights: Rights | null): LiveProfile {
  const { id, priority, version, state } = row;
  return {
    id,
    priority,
    version,
    maxAgeMs: Number(row.maxAgeMs),
    watches: row.watches,
    entries: row.entries as readonly Entry[],
    isRestoring: state === 'REMOVED',
    condition: restoreCondition(row.condition as Json),
    rights,
  };
}
