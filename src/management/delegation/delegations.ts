/**
 * Server delegation: another gateway manages some objects of a device for a time. Source: dm1 19 ("Delegation"); the
 * document is our own form. What is done on the device are queued operations; the timer takes the next step when one ended.
 */
import { randomUUID } from 'node:crypto';

import { familyOf } from '../../../schema/ddf/library';
import { notFound, pageOf } from '../../access/inputs';
import { sqlWithinReach } from '../../access/reach';
import type { Rights } from '../../access/rights';
import { loadTarget, type TargetRow } from '../../store/operations';
import { fitsOf, fitted } from '../device-filter/fits';
import { ManagementError, type Caller, type Delegations, type DelegationView, type Page } from '../types';
import { MAX_DELEGATION, readDelegation } from './document';
import { Giving } from './giving';
import type { PlannedObject } from './plan';
import { Peers, type PeersDeps } from './peers';
import {
  dueDelegations,
  findByRef,
  findDelegation,
  insertDelegation,
  listDelegations,
  ofDevice,
  viewOf,
  type DelegationRow,
} from './store';
import { Taking, type Answer, type TakingDeps } from './taking';

export interface DelegationsDeps extends PeersDeps, Omit<TakingDeps, 'now'> {
  readonly rightsOf: (caller: Caller) => Promise<Rights>;
  readonly log: { warn(detail: object, message: string): void };
  readonly now?: () => number;
  /** Told of devices (keys) that got work, after the commit. */
  readonly wake?: (devices: readonly string[]) => Promise<void>;
}

const MAX_MOIDS = 32;
const GIVERS: readonly string[] = ['DM_1_2', 'DM_1_3'];

export function createDelegations(deps: DelegationsDeps): Delegations {
  return new StoredDelegations(deps);
}

class StoredDelegations implements Delegations {
  readonly #now: () => number;
  readonly #peers: Peers;
  readonly #giving: Giving;
  readonly #taking: Taking;

  constructor(private readonly deps: DelegationsDeps) {
    this.#now = deps.now ?? Date.now;
    this.#peers = new Peers(deps);
    this.#giving = new Giving({ ...deps, now: this.#now });
    this.#taking = new Taking({ ...deps, now: this.#now });
  }

  createPeer = (...given: Parameters<Delegations['createPeer']>): ReturnType<Delegations['createPeer']> =>
    this.#peers.create(...given);
  deletePeer = (...given: Parameters<Delegations['deletePeer']>): ReturnType<Delegations['deletePeer']> =>
    this.#peers.delete(...given);
  peers = (): ReturnType<Delegations['peers']> => this.#peers.list();

  async give(input: Parameters<Delegations['give']>[0], caller: Caller): Promise<DelegationView> {
    const { db } = this.deps;
    const rights = await this.deps.rightsOf(caller);
    const target = await fitted(db.sql, rights, await loadTarget(db.sql, input.deviceId));
    if (target === null || !rights.sees(target)) throw notFound('device');
    if (target.taken !== null)
      throw new ManagementError('FORBIDDEN', 'this device was delegated to this gateway: its own server gives it on');
    const objects = objectsOf(input.moids, target, rights);
    const peer = await this.#peers.byName(input.peer);
    if (!GIVERS.includes(target.protocol ?? ''))
      throw new ManagementError(
        'NOT_SUPPORTED_BY_DEVICE',
        'only devices of DM 1.2 and 1.3 have the ACLs and accounts for it',
      );
    await this.#checkFree(target.deviceId, objects);
    const now = this.#now();
    const { expiresInMs } = input;
    if (expiresInMs != null && (expiresInMs <= 0 || expiresInMs > this.deps.longestMs))
      throw new ManagementError(
        'BAD_USER_INPUT',
        `expiresIn: more than nothing, at most ${this.deps.longestMs / 86_400_000} days`,
      );
    const until = expiresInMs == null ? null : new Date(now + expiresInMs);
    const ref = randomUUID();
    const logins = this.#giving.makeLogins(ref, peer.serverId);
    const id = await insertDelegation(db.sql, {
      direction: 'GIVEN',
      ref,
      peer: peer.id,
      device: target.key,
      state: 'PREPARING',
      moids: [...new Set(objects.map(({ moid }) => moid))],
      until,
      caller: caller.principal,
      detail: { step: 'OFFER', objects, account: `moql-${ref.slice(0, 8)}`, sealed: this.#giving.seal(ref, logins) },
      at: new Date(now),
    });
    const { manufacturer, model } = await this.#makeOf(target.key);
    const device = { id: target.deviceId, protocol: target.protocol ?? '', manufacturer, model };
    try {
      await this.#peers.post(peer, {
        kind: 'Delegate',
        sessionId: ref,
        from: target.serverId,
        to: peer.serverId,
        device,
        objects: objects.map(({ moid, locUri }) => ({ moid, locUri })),
        until: until?.toISOString() ?? null,
        ...logins,
      });
    } catch (error) {
      await this.#giving.drop(id);
      throw error;
    }
    await this.#giving.begin(id);
    return this.#view(id);
  }

  async end(id: string, caller: Caller): Promise<DelegationView> {
    const row = /^\d{1,18}$/.test(id) ? await findDelegation(this.deps.db.sql, id) : undefined;
    const rights = await this.deps.rightsOf(caller);
    const [mine] = await this.#managed(rights, row === undefined ? [] : [row]);
    if (row === undefined || mine === undefined) throw notFound('delegation');
    await this.#end(row);
    await this.#tell(row);
    return this.#view(id);
  }

  async list(caller: Caller, first: number, after?: string): Promise<Page<DelegationView>> {
    const rights = await this.deps.rightsOf(caller);
    const found: DelegationRow[] = [];
    let from = after;
    for (let isMore = true; isMore && found.length <= first;) {
      const rows = await listDelegations(this.deps.db.sql, from, first + 1, (parameter) =>
        sqlWithinReach('g.device_id', rights.reach(['DELEGATE']), parameter),
      );
      found.push(...(await this.#managed(rights, rows)));
      isMore = rows.length > first;
      from = rows.at(-1)?.id;
    }
    return pageOf(found, first, viewOf);
  }

  /** Those of which somebody manages access to all objects. */
  async #managed(rights: Rights, rows: readonly DelegationRow[]): Promise<readonly DelegationRow[]> {
    const fits = await fitsOf(
      this.deps.db.sql,
      rights.filters,
      rows.map(({ device }) => device),
    );
    return rows.filter((row) => {
      const device = { key: row.device, accountId: row.accountId, tags: row.tags, fits: fits.get(row.device) ?? [] };
      return row.moids.every((moid) => rights.at('DELEGATE', device, { family: familyOf(moid), path: '' }));
    });
  }

  async receive(bearer: string | undefined, body: string): Promise<Answer> {
    const peer = await this.#peers.bySecret(bearer);
    if (peer === null) return { status: 401, text: 'no such peer' };
    const document = body.length > MAX_DELEGATION ? undefined : readDelegation(body);
    if (document === undefined) return { status: 400, text: 'this is no delegation document' };
    if (document.kind === 'Delegate') return this.#taking.take(peer, document);
    const rows = await findByRef(this.deps.db.sql, peer.id, document.sessionId);
    for (const row of rows) await this.#end(row);
    return rows.length === 0 ? { status: 404, text: 'there is no such delegation' } : { status: 200, text: 'ended' };
  }

  async advance(): Promise<void> {
    const { db, log } = this.deps;
    for (const id of await dueDelegations(db.sql, new Date(this.#now()))) {
      try {
        const row = await findDelegation(db.sql, id);
        if (row?.direction === 'TAKEN') await this.#taking.end(id);
        else if (row !== undefined && (await this.#giving.advance(id))) await this.#tell(row);
      } catch (error) {
        log.warn({ err: error, delegation: id }, 'a delegation could not be taken further; it is tried again');
      }
    }
  }

  async #end(row: DelegationRow): Promise<void> {
    if (row.direction === 'TAKEN') await this.#taking.end(row.id);
    else await this.#giving.undo(row.id, null);
  }

  /** The other side ends by itself when the time is over; that it is told now is a courtesy, tried once. */
  async #tell(row: DelegationRow): Promise<void> {
    try {
      await this.#peers.post(await this.#peers.byId(BigInt(row.peerId)), { kind: 'End', sessionId: row.ref });
    } catch (error) {
      if (!(error instanceof ManagementError)) throw error;
      this.deps.log.warn(
        { delegation: row.id, peer: row.peer, reason: error.message },
        'a peer was not told of an end',
      );
    }
  }

  async #view(id: string): Promise<DelegationView> {
    const row = await findDelegation(this.deps.db.sql, id);
    if (row === undefined) throw notFound('delegation');
    return viewOf(row);
  }

  /** Two delegations of one object would take each other's rights. */
  async #checkFree(deviceId: string, objects: readonly PlannedObject[]): Promise<void> {
    const families = new Set(objects.map(({ moid }) => familyOf(moid)));
    for (const { state, moids } of await ofDevice(this.deps.db.sql, deviceId)) {
      if (state !== 'ENDED' && state !== 'FAILED' && moids.some((moid) => families.has(familyOf(moid))))
        throw new ManagementError('ALREADY_EXISTS', 'an object of these is delegated already; end that first');
    }
  }

  async #makeOf(device: string): Promise<{ readonly manufacturer: string; readonly model: string }> {
    const [row] = await this.deps.db.sql.query<{ man: string | null; mod: string | null }>(
      `SELECT "values" ->> 'Man' AS man, "values" ->> 'Mod' AS mod FROM management_object
       WHERE device_id = $1 AND family = 'urn:oma:mo:oma-dm-devinfo' ORDER BY miid LIMIT 1`,
      [device],
    );
    return { manufacturer: row?.man ?? '', model: row?.mod ?? '' };
  }
}

/** Every instance of the families, with its place. Errors: BAD_USER_INPUT, FORBIDDEN, NO_SUCH_MO. */
function objectsOf(moids: readonly string[], target: TargetRow, rights: Rights): readonly PlannedObject[] {
  const families = [...new Set(moids.map((moid) => familyOf(moid)))];
  if (families.length === 0 || families.length > MAX_MOIDS)
    throw new ManagementError('BAD_USER_INPUT', `moids: 1 to ${MAX_MOIDS}`);
  for (const family of families)
    if (!rights.at('DELEGATE', target, { family, path: '' }))
      throw new ManagementError('FORBIDDEN', `the right DELEGATE is needed on ${family}`, { right: 'DELEGATE' });
  return families.flatMap((family) => {
    const found = target.mos.filter((mo) => mo.family === family && mo.place !== null);
    if (found.length === 0)
      throw new ManagementError('NO_SUCH_MO', `${target.deviceId} has no ${family}`, { moid: family });
    return found.map(({ moid, miid, place }) => ({ moid, miid, locUri: place ?? '' }));
  });
}
