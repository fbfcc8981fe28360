/** Campaigns as callers see them: made, looked at, paused, resumed, cancelled. What they do by themselves is the pump's. */
import { findDatabaseKey, notFound, pageOf } from '../../access/inputs';
import type { Rights } from '../../access/rights';
import { cancelQueued } from '../../store/campaign-batch';
import {
  countDevices,
  listCampaignDevices,
  listCampaigns,
  loadCampaign,
  loadFailures,
  lockCampaign,
  noteState,
  updateCampaign,
  type CampaignRow,
} from '../../store/campaigns';
import type { Sql } from '../../store/sql';
import { isAdministrator, ManagementError, type Caller, type Page } from '../types';
import { Acceptance, type CampaignsDeps } from './accept';
import { progressOf } from './progress';
import {
  DEVICE_STATES,
  type CampaignDeviceState,
  type CampaignDeviceView,
  type CampaignFailure,
  type Campaigns,
  type CampaignState,
  type CampaignView,
  type CreateCampaign,
  type Progress,
  type Sight,
} from './types';
import { missing, viewOf } from './views';

const FAILURE_KINDS = 100;
const FAILURE_SAMPLES = 10;

export function createCampaigns(deps: CampaignsDeps): Campaigns {
  return new StoredCampaigns(deps);
}

class StoredCampaigns implements Campaigns {
  readonly #sql: Sql;
  readonly #now: () => number;
  readonly #acceptance: Acceptance;

  constructor(deps: CampaignsDeps) {
    this.#acceptance = new Acceptance(deps);
    this.#sql = deps.db.sql;
    this.#now = deps.now ?? Date.now;
  }

  async create(input: CreateCampaign, sight: Sight, caller: Caller, rights: Rights): Promise<CampaignView> {
    return this.#acceptance.create(input, sight, caller, rights);
  }

  async get(id: string, caller: Caller): Promise<CampaignView | null> {
    const row = findDatabaseKey(id) === undefined ? undefined : await loadCampaign(this.#sql, id);
    return row !== undefined && isTold(row, caller) ? viewOf(row) : null;
  }

  async list(caller: Caller, first: number, after?: string): Promise<Page<CampaignView>> {
    if (after !== undefined && findDatabaseKey(after) === undefined) return { items: [], hasNext: false };
    const rows = await listCampaigns(
      this.#sql,
      isAdministrator(caller) ? null : caller.principal,
      first + 1,
      after ?? null,
    );
    return pageOf(rows, first, viewOf);
  }

  async pause(id: string, caller: Caller): Promise<CampaignView> {
    return this.#change(id, caller, 'pause', (row) => (isOver(row) ? undefined : 'PAUSED'));
  }

  async resume(id: string, caller: Caller): Promise<CampaignView> {
    return this.#change(id, caller, 'resume', (row) => {
      if (row.state !== 'PAUSED') return isOver(row) ? undefined : (row.state as CampaignState);
      return row.startedAt === null ? 'SCHEDULED' : 'IN_PROGRESS';
    });
  }

  /** What devices have not got is taken back by the pump; what they have ends by itself. */
  async cancel(id: string, caller: Caller): Promise<CampaignView> {
    return this.#change(id, caller, 'cancel', (row) => {
      if (row.state === 'CANCELLED') return 'CANCELLED';
      return isOver(row) ? undefined : 'CANCELLED';
    });
  }

  async #change(
    id: string,
    caller: Caller,
    what: string,
    next: (row: CampaignRow) => CampaignState | undefined,
  ): Promise<CampaignView> {
    if (findDatabaseKey(id) === undefined) throw notFound('campaign');
    const now = new Date(this.#now());
    await this.#sql.transaction(async (tx) => {
      const row = await lockCampaign(tx, id);
      if (row === undefined || !isTold(row, caller)) throw notFound('campaign');
      const state = next(row);
      if (state === undefined)
        throw new ManagementError('BAD_USER_INPUT', `cannot ${what} a campaign that is ${row.state}`, {
          state: row.state,
        });
      if (state === row.state) return;
      if (state === 'CANCELLED') await cancelQueued(tx, id, 'the campaign was cancelled');
      await updateCampaign(tx, id, now, { state, problem: null, dueAt: now });
      await noteState(tx, id, now, { state, was: row.state, by: caller.principal });
    });
    return this.#view(id);
  }

  async progress(ids: readonly string[]): Promise<readonly Progress[]> {
    const counts = await countDevices(this.#sql, ids);
    return ids.map((id) => progressOf(counts.filter(({ campaign }) => campaign === id)));
  }

  async failures(id: string): Promise<readonly CampaignFailure[]> {
    return (await loadFailures(this.#sql, id, FAILURE_KINDS, FAILURE_SAMPLES)) as readonly CampaignFailure[];
  }

  async devices(
    id: string,
    state: CampaignDeviceState | undefined,
    first: number,
    after?: string,
  ): Promise<Page<CampaignDeviceView>> {
    const from = after === undefined ? null : readCursor(after);
    if (from === undefined) return { items: [], hasNext: false };
    const states = state === undefined ? DEVICE_STATES : [state];
    const rows = await listCampaignDevices(this.#sql, id, states, first + 1, from);
    return pageOf(rows, first, (row) => row as CampaignDeviceView);
  }

  async #view(id: string): Promise<CampaignView> {
    return viewOf((await loadCampaign(this.#sql, id)) ?? missing());
  }
}

/** For `devices(after:)`. */
export function cursorOf({ state, device }: CampaignDeviceView): string {
  return `${DEVICE_STATES.indexOf(state)}.${device}`;
}

function readCursor(text: string): { readonly state: string; readonly device: string } | undefined {
  const [, index, device] = /^(\d)\.(\d{1,18})$/.exec(text) ?? [];
  const state = DEVICE_STATES[Number(index)];
  return state === undefined || device === undefined ? undefined : { state, device };
}

function isTold(row: CampaignRow, caller: Caller): boolean {
  return isAdministrator(caller) || row.caller === caller.principal;
}

function isOver({ state, endedAt }: CampaignRow): boolean {
  return endedAt !== null || state === 'CANCELLED' || state === 'ABORTED' || state === 'COMPLETED';
}
