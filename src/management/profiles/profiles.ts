/** Profiles as callers see them: made, changed, removed, looked at. What they do at contacts is the turn's. */
import { findDatabaseKey, inOrderOf, notFound, pageOf } from '../../access/inputs';
import type { Rights } from '../../access/rights';
import type { Database } from '../../store/database';
import {
  countRecords,
  insertProfile,
  listProfiles,
  listRecords,
  loadProfile,
  loadProfiles,
  lockProfile,
  openOperations,
  recordsOfDevices,
  removeProfile,
  updateProfile,
  type ProfileRow,
  type ProfileWrite,
} from '../../store/profiles';
import { storeCondition } from '../device-filter/condition';
import { isAdministrator, type Caller, type Ddfs, type Operations, type Page } from '../types';
import { checkEntries, checkMaxAge, checkPriority, checkProfileName } from './input';
import type { LiveProfiles } from './live';
import {
  PROFILE_DEVICE_STATES,
  type CreateProfile,
  type Entry,
  type ProfileDeviceState,
  type ProfileDeviceView,
  type ProfileFigures,
  type Profiles,
  type ProfileState,
  type ProfileView,
  type UpdateProfile,
} from './types';

export interface ProfilesDeps {
  readonly db: Database;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly live: Pick<LiveProfiles, 'changed'>;
  readonly operations: Pick<Operations, 'cancel'>;
  /** Told when a profile may watch no more. */
  readonly unwatched?: () => Promise<void>;
  readonly now?: () => number;
}

const CANCELLED_AT_ONCE = 100;

export function createProfiles(deps: ProfilesDeps): Profiles {
  return new StoredProfiles(deps);
}

class StoredProfiles implements Profiles {
  readonly #now: () => Date;

  constructor(private readonly deps: ProfilesDeps) {
    const { now = Date.now } = deps;
    this.#now = () => new Date(now());
  }

  async create(input: CreateProfile, caller: Caller, rights: Rights): Promise<ProfileView> {
    const { db, ddfs, live } = this.deps;
    const id = await insertProfile(db.sql, caller.principal, this.#now(), {
      name: checkProfileName(input.name),
      priority: checkPriority(input.priority),
      state: input.state ?? 'ACTIVE',
      condition: JSON.stringify(storeCondition(input.condition)),
      entries: JSON.stringify(checkEntries(input.entries, ddfs.library(), rights)),
      maxAgeMs: checkMaxAge(input.maxAgeMs),
      watches: input.watches ?? false,
    });
    await live.changed();
    return this.#view(id);
  }

  async update(id: string, changes: UpdateProfile, caller: Caller, rights: Rights): Promise<ProfileView> {
    const { db, ddfs, live } = this.deps;
    const { name, priority, condition, entries, maxAgeMs, state, watches } = changes;
    const told: Partial<ProfileWrite> = {
      ...(name === undefined ? {} : { name: checkProfileName(name) }),
      ...(priority === undefined ? {} : { priority: checkPriority(priority) }),
      ...(condition === undefined ? {} : { condition: JSON.stringify(storeCondition(condition)) }),
      ...(entries === undefined ? {} : { entries: JSON.stringify(checkEntries(entries, ddfs.library(), rights)) }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs: checkMaxAge(maxAgeMs) }),
      ...(state === undefined ? {} : { state }),
      ...(watches === undefined ? {} : { watches }),
    };
    await db.sql.transaction(async (tx) => {
      const row = await lockProfile(tx, keyOf(id), ownerOf(caller));
      if (row === undefined) throw notFound('profile');
      const condition = JSON.stringify(row.condition);
      const entries = JSON.stringify(row.entries);
      const was = { ...row, condition, entries, maxAgeMs: Number(row.maxAgeMs) };
      await updateProfile(tx, id, this.#now(), { ...was, ...told });
    });
    await live.changed();
    if (state === 'PAUSED') await this.#takeBack(id, caller);
    if (state === 'PAUSED' || watches === false) await this.deps.unwatched?.();
    return this.#view(id);
  }

  async remove(id: string, restores: boolean, caller: Caller): Promise<ProfileView> {
    const { db, live } = this.deps;
    const row = await db.sql.transaction(async (tx) => {
      const found = await lockProfile(tx, keyOf(id), ownerOf(caller));
      if (found === undefined) throw notFound('profile');
      return found;
    });
    // Before the records go that tell of them.
    await this.#takeBack(id, caller);
    const at = this.#now();
    await db.sql.transaction((tx) => removeProfile(tx, id, at, restores));
    await live.changed();
    await this.deps.unwatched?.();
    return { ...viewOf(row), state: 'REMOVED', updatedAt: at };
  }

  /** What devices have not got they do not get any more. */
  async #takeBack(id: string, caller: Caller): Promise<void> {
    for (;;) {
      const open = await openOperations(this.deps.db.sql, id, CANCELLED_AT_ONCE);
      for (const { device, operation } of open) await this.deps.operations.cancel(device, operation, caller);
      if (open.length < CANCELLED_AT_ONCE) return;
    }
  }

  async get(id: string, caller: Caller): Promise<ProfileView | null> {
    if (findDatabaseKey(id) === undefined) return null;
    const row = await loadProfile(this.deps.db.sql, id, ownerOf(caller));
    return row === undefined ? null : viewOf(row);
  }

  async getMany(ids: readonly string[], caller: Caller): Promise<readonly (ProfileView | null)[]> {
    const rows = await loadProfiles(this.deps.db.sql, ids, ownerOf(caller));
    return inOrderOf(ids, rows.map(viewOf), (view) => view.id);
  }

  async list(caller: Caller, first: number, after?: string): Promise<Page<ProfileView>> {
    if (after !== undefined && findDatabaseKey(after) === undefined) return { items: [], hasNext: false };
    return pageOf(await listProfiles(this.deps.db.sql, ownerOf(caller), first + 1, after ?? null), first, viewOf);
  }

  async figures(ids: readonly string[]): Promise<readonly ProfileFigures[]> {
    const counts = await countRecords(this.deps.db.sql, ids);
    const countOf = (id: string, of: string): number =>
      counts.find(({ profile, state }) => profile === id && state === of)?.count ?? 0;
    return ids.map(
      (id) => Object.fromEntries(PROFILE_DEVICE_STATES.map((state) => [state, countOf(id, state)])) as ProfileFigures,
    );
  }

  async devices(
    id: string,
    state: ProfileDeviceState | undefined,
    first: number,
    after?: string,
  ): Promise<Page<ProfileDeviceView>> {
    const from = after === undefined ? null : readCursor(after);
    if (from === undefined) return { items: [], hasNext: false };
    const states = state === undefined ? PROFILE_DEVICE_STATES : [state];
    const rows = await listRecords(this.deps.db.sql, id, states, first + 1, from);
    return pageOf(rows, first, (row) => row as ProfileDeviceView);
  }

  async ofDevices(devices: readonly string[], caller: Caller): Promise<readonly ProfileDeviceView[]> {
    return (await recordsOfDevices(this.deps.db.sql, devices, ownerOf(caller))) as readonly ProfileDeviceView[];
  }

  async #view(id: string): Promise<ProfileView> {
    const row = await loadProfile(this.deps.db.sql, id, null);
    if (row === undefined) throw notFound('profile');
    return viewOf(row);
  }
}

/** For `devices(after:)`. */
export function cursorOf({ state, device }: ProfileDeviceView): string {
  return `${PROFILE_DEVICE_STATES.indexOf(state)}.${device}`;
}

function readCursor(text: string): { readonly state: string; readonly device: string } | undefined {
  const [, index, device] = /^(\d)\.(\d{1,18})$/.exec(text) ?? [];
  const state = PROFILE_DEVICE_STATES[Number(index)];
  return state === undefined || device === undefined ? undefined : { state, device };
}

/** Null: everybody's profiles. */
function ownerOf(caller: Caller): string | null {
  return isAdministrator(caller) ? null : caller.principal;
}

function keyOf(id: string): string {
  if (findDatabaseKey(id) === undefined) throw notFound('profile');
  return id;
}

function viewOf(row: ProfileRow): ProfileView {
  const { id, name, priority, state, caller, entries, maxAgeMs, watches, createdAt, updatedAt } = row;
  return {
    id,
    name,
    priority,
    state: state as ProfileState,
    caller,
    entries: entries as readonly Entry[],
    maxAgeMs: Number(maxAgeMs),
    watches,
    createdAt,
    updatedAt,
  };
}
