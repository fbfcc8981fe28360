/** Explanations as callers ask for them: loaded here, told by pure functions. */
import type { Database } from '../../store/database';
import { loadSituation, loadWakeUpFacts, type SituationRow } from '../../store/explain';
import type { Objects, OperationView } from '../types';
import { contactOf, NOT_WOKEN, type WakeUpFacts } from './contact';
import { explainOperation } from './operation';
import { familyOf } from '../../../schema/ddf/identity';
import type { ContactView, Explanations } from './types';

export interface ExplanationsDeps {
  readonly db: Database;
  readonly operations: { get(device: string, id: string): Promise<OperationView | null> };
  readonly objects: Pick<Objects, 'load'>;
  /** Names of bearers for devices whose account says nothing. */
  readonly bearers: readonly string[];
  readonly now?: () => number;
}

export function createExplanations(deps: ExplanationsDeps): Explanations {
  const now = deps.now ?? Date.now;

  async function situationOf(
    device: string,
    at: number,
  ): Promise<{ readonly situation: SituationRow; readonly contact: ContactView } | null> {
    if (!/^\d{1,18}$/.test(device)) return null;
    const [situation, wakeUps] = await Promise.all([
      loadSituation(deps.db.sql, device, new Date(at)),
      loadWakeUpFacts(deps.db.sql, device, deps.bearers) as Promise<WakeUpFacts>,
    ]);
    return situation === null ? null : { situation, contact: contactOf(situation, wakeUps, at) };
  }

  return {
    async operation(device, id) {
      const at = now();
      const view = await deps.operations.get(device, id);
      const found = view === null ? null : await situationOf(device, at);
      if (view === null || found === null) return null;
      const families = [...new Set(view.commands.flatMap(({ moid }) => (moid === null ? [] : [familyOf(moid)])))];
      const objects = found.situation.isSearching ? await deps.objects.load([device], families) : [];
      const isKnown = (moid: string): boolean => objects.some(({ family }) => family === familyOf(moid));
      return explainOperation(view, found.situation, found.contact, ({ moid }) => moid === null || isKnown(moid), at);
    },
    async contact(device) {
      const found = await situationOf(device, now());
      if (found === null)
        return {
          contact: contactOf(NOBODY, NOT_WOKEN, now()),
          ahead: 0,
        };
      const { queue, more } = found.situation;
      return { contact: found.contact, ahead: queue.filter(({ priority }) => priority >= 0).length + more };
    },
  };
}

/** A device that was deleted meanwhile. */
const NOBODY: SituationRow = {
  lastContactAt: null,
  isDiscovered: false,
  isSearching: false,
  sessionAt: null,
  sessions: [],
  queue: [],
  more: 0,
};
