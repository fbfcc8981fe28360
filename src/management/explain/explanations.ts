/** Explanations as callers ask for them: loaded here, told by pure functions. */
import type { Database } from '../../store/database';
import { loadSituations, loadWakeUpFacts, type SituationRow } from '../../store/explain';
import type { Objects, Operations, OperationView } from '../types';
import { contactOf, NOT_WOKEN, type WakeUpFacts } from './contact';
import { explainOperation } from './operation';
import { familyOf } from '../../../schema/ddf/identity';
import type { ContactView, Explanations } from './types';

export interface ExplanationsDeps {
  readonly db: Database;
  readonly operations: Pick<Operations, 'getMany'>;
  readonly objects: Pick<Objects, 'load'>;
  /** Names of bearers for devices whose account says nothing. */
  readonly bearers: readonly string[];
  readonly now?: () => number;
}

export function createExplanations(deps: ExplanationsDeps): Explanations {
  const now = deps.now ?? Date.now;

  async function situationsOf(devices: readonly string[], at: number): Promise<ReadonlyMap<string, Situation>> {
    const keys = [...new Set(devices.filter((device) => /^\d{1,18}$/.test(device)))];
    if (keys.length === 0) return new Map();
    const [situations, wakeUps] = await Promise.all([
      loadSituations(deps.db.sql, keys, new Date(at)),
      loadWakeUpFacts(deps.db.sql, keys, deps.bearers) as Promise<ReadonlyMap<string, WakeUpFacts>>,
    ]);
    return new Map(
      [...situations].map(([device, situation]) => [
        device,
        { situation, contact: contactOf(situation, wakeUps.get(device) ?? NOT_WOKEN, at) },
      ]),
    );
  }

  return {
    async operations(keys) {
      const at = now();
      const views = await deps.operations.getMany(keys);
      const found = await situationsOf(
        views.flatMap((view) => view?.device ?? []),
        at,
      );
      const searching = views.filter((view) => view !== null && found.get(view.device)?.situation.isSearching === true);
      const families = new Set(searching.flatMap((view) => (view === null ? [] : familiesOf(view))));
      const devices = new Set(searching.flatMap((view) => view?.device ?? []));
      const objects = devices.size > 0 ? await deps.objects.load([...devices], [...families]) : [];
      return views.map((view) => {
        const known = view === null ? undefined : found.get(view.device);
        if (view === null || known === undefined) return null;
        const isKnown = (moid: string): boolean =>
          objects.some(({ device, family }) => device === view.device && family === familyOf(moid));
        return explainOperation(view, known.situation, known.contact, ({ moid }) => moid === null || isKnown(moid), at);
      });
    },
    async contacts(devices) {
      const at = now();
      const found = await situationsOf(devices, at);
      return devices.map((device) => {
        const known = found.get(device);
        if (known === undefined) return { contact: contactOf(NOBODY, NOT_WOKEN, at), ahead: 0 };
        const { queue, more } = known.situation;
        return { contact: known.contact, ahead: queue.filter(({ priority }) => priority >= 0).length + more };
      });
    },
  };
}

interface Situation {
  readonly situation: SituationRow;
  readonly contact: ContactView;
}

function familiesOf({ commands }: OperationView): readonly string[] {
  return commands.flatMap(({ moid }) => (moid === null ? [] : [familyOf(moid)]));
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
