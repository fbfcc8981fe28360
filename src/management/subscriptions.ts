/**
 * Subscriptions: a device is asked to tell of changes of a part of an MO (SUB) while somebody holds it, a caller or another
 * part of the gateway, and is asked no more (UNSUB) when the last one goes. What it tells becomes the MO's document.
 */
import type { Bytes, DdfKnowledge, Effect } from '../../adapters/adapter';
import type { Rights } from '../access/rights';
import type { Database } from '../store/database';
import { insertOperation, loadOperation, loadTarget } from '../store/operations';
import type { Secrets } from '../store/secrets';
import { tellEvents } from '../store/events';
import type { Sql } from '../store/sql';
import {
  addHolder,
  deleteSubscription,
  findPushed,
  findRevokedHolders,
  findSubscription,
  listSubscriptions,
  notePush,
  openAddress,
  releaseHolder,
  writeSubscription,
  type SubscriptionAt,
  type SubscriptionRow,
} from '../store/subscriptions';
import { lockDevice } from '../store/turn-load';
import { applyChanges } from './apply';
import { LiveOperation } from './command-state';
import { fitted } from './device-filter/fits';
import { judge } from './judge';
import { Ledger } from './ledger';
import { permitsOf } from './permit';
import { settleOperation } from './settle';
import { subscriptionState, type SubscriptionView } from './subscription-state';
import { OPERATION_CHANNEL } from './turn';
import { ManagementError, type AddressInput, type Caller, type Ddfs } from './types';

export interface SubscriptionsDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly rightsOf: (caller: Caller) => Promise<Rights>;
  /** How the protocol reads what a device put to a subscription's address. */
  readonly readPush: (
    push: { readonly mime: string; readonly body: Bytes },
    at: { readonly moid: string; readonly miid: string; readonly path: string },
    ddf: DdfKnowledge,
  ) => { readonly ok: true; readonly effects: readonly Effect[] } | { readonly ok: false; readonly reason: string };
  readonly now?: () => number;
  /** Told of devices (keys) that got work, after the commit. */
  readonly wake?: (devices: readonly string[]) => Promise<void>;
}

export interface Subscribed {
  readonly deviceId: string;
  readonly address: AddressInput;
}

export interface Pushed {
  readonly deviceKey: bigint;
  readonly token: string;
  readonly mime: string;
  readonly body: Bytes;
}
export type PushReply =
  { readonly ok: true } | { readonly ok: false; readonly status: 400 | 404; readonly reason: string };

export interface Subscriptions {
  /**
   * Holds a part of an MO for somebody; the same holder twice is one. The caller needs READ on it.
   * Errors: NOT_FOUND, FORBIDDEN, NO_SUCH_MO, MO_AMBIGUOUS, NOT_IN_DDF, ACCESS_TYPE, NOT_SUPPORTED_BY_DEVICE.
   *
   * @param holder who needs it: `key:ID` of a caller, or a name that another part of the gateway gives itself
   */
  hold(what: Subscribed, holder: string, caller: Caller): Promise<SubscriptionView>;
  /** Errors: NOT_FOUND where the holder holds no such thing. */
  release(what: Subscribed, holder: string, caller: Caller): Promise<SubscriptionView>;
  /** Lets go of what another part of the gateway holds; nothing where it does not. */
  drop(at: SubscriptionAt, holder: string): Promise<void>;
  /** Lets go of what keys hold that were revoked or have expired. */
  releaseRevoked(): Promise<void>;
  /** The same now and then, for what was missed: called by the timer. */
  tick(): Promise<void>;
  /** Of many devices by one statement. */
  list(devices: readonly string[]): Promise<readonly SubscriptionView[]>;
  /** Takes what a device put: the MO's document and an event, in one transaction. */
  pushed(push: Pushed): Promise<PushReply>;
}

const YEAR_MS = 365 * 86_400_000;
const VALUE_LIMITS = { valueOctets: 0 };
/** Who ends what nobody holds any more. */
const GATEWAY = 'gateway';
const LOOK_EVERY_MS = 60_000;
/** Holds let go at once; the rest at the next look. */
const BATCH = 500;

interface Place {
  readonly device: string;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly path: string;
}

export function createSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  const { db, secrets, ddfs, readPush, now = Date.now } = deps;
  let lookedAt = Number.NEGATIVE_INFINITY;

  /** The one node that is meant, which the caller may read. */
  async function placeOf({ deviceId, address }: Subscribed, caller: Caller): Promise<Place> {
    const rights = await deps.rightsOf(caller);
    const target = await fitted(db.sql, rights, await loadTarget(db.sql, deviceId));
    if (target === null || !rights.sees(target))
      throw new ManagementError('NOT_FOUND', `there is no device ${deviceId}`);
    const permits = permitsOf(rights, target);
    const [row] = judge([{ kind: 'get', address }], target, ddfs.library(), VALUE_LIMITS, permits);
    if (target.protocol !== null && target.protocol !== 'DM_2_0')
      throw new ManagementError('NOT_SUPPORTED_BY_DEVICE', 'DM 1.x has no subscriptions of management objects');
    if (row?.moid == null || row.family === null || row.miid === null)
      throw new ManagementError('NO_SUCH_MO', `${deviceId} has not told of this object yet`);
    return { device: target.key, family: row.family, moid: row.moid, miid: row.miid, path: row.path };
  }

  /** Queues SUB or UNSUB as an operation of its own. */
  async function ask(
    tx: Sql,
    place: Place,
    kind: 'subscribe' | 'unsubscribe',
    caller: string,
    token: string,
  ): Promise<string> {
    const at = now();
    const { family, moid, miid, path } = place;
    const request = kind === 'subscribe' ? { token } : {};
    const { id } = await insertOperation(tx, place.device, {
      atomic: false,
      onFailure: 'STOP',
      caller,
      idempotencyKey: null,
      requestSha256: '',
      createdAt: new Date(at),
      expiresAt: new Date(at + YEAR_MS),
      commands: [
        { position: 0, kind, moid, family, miid, path, uri: null, request, repeatable: true, emulated: false },
      ],
      blobs: [],
    });
    return id;
  }

  /** @param old address of a subscription that failed, or was ended */
  async function begin(tx: Sql, place: Place, caller: string, old: string | undefined): Promise<void> {
    const token = secrets.makeToken(BigInt(place.device));
    const operation = await ask(tx, place, 'subscribe', caller, token);
    if (old !== undefined) await deleteSubscription(tx, place.device, undefined, old);
    await writeSubscription(tx, { ...place, token, operation, caller, isWanted: true });
    await openAddress(tx, place.device, token);
  }

  /** The last holder went. Undefined: the device was never asked, so nothing is left. */
  async function end(tx: Sql, place: Place, row: SubscriptionRow, caller: string): Promise<void> {
    const at = new Date(now());
    const asked = await loadOperation(tx, place.device, row.operation);
    if (asked !== null && asked.endedAt === null && asked.commands.every(({ state }) => state === 'QUEUED')) {
      const live = new LiveOperation({ ...asked, cancelRequested: true, expiresAt: asked.expiresAt.toISOString() });
      live.end('CANCELLED');
      await settleOperation(tx, place.device, live, at);
    }
    const isAsked = row.commandState === 'SENT' || (row.commandState === 'ANSWERED' && row.outcome === 'OK');
    if (!isAsked && row.commandState !== 'IN_DOUBT') return deleteSubscription(tx, place.device, row.id, row.token);
    const operation = await ask(tx, place, 'unsubscribe', caller, row.token);
    await writeSubscription(tx, { ...place, moid: row.moid, token: row.token, operation, caller, isWanted: false });
    await deleteSubscription(tx, place.device, undefined, row.token);
  }

  /** The subscription as it was; undefined where the holder held it not. */
  async function letGo(at: SubscriptionAt, holder: string, caller: string): Promise<SubscriptionRow | undefined> {
    const before = await db.sql.transaction(async (tx) => {
      await lockDevice(tx, at.device);
      const row = await findSubscription(tx, at);
      const left = row === null ? undefined : await releaseHolder(tx, at.device, row.id, holder);
      if (row === null || left === undefined) return undefined;
      if (left === 0) await end(tx, { ...at, moid: row.moid }, row, caller);
      return row;
    });
    if (before !== undefined) {
      db.notify(OPERATION_CHANNEL, `${at.device}.${before.operation}`);
      await deps.wake?.([at.device]);
    }
    return before;
  }

  async function releaseRevoked(): Promise<void> {
    for (const { holder, ...at } of await findRevokedHolders(db.sql, new Date(now()), BATCH))
      await letGo(at, holder, GATEWAY);
  }

  async function viewOf(place: SubscriptionAt): Promise<SubscriptionView | undefined> {
    const row = await findSubscription(db.sql, place);
    return row === null ? undefined : asView(row);
  }

  return {
    async hold(what, holder, caller) {
      const place = await placeOf(what, caller);
      await db.sql.transaction(async (tx) => {
        await lockDevice(tx, place.device);
        const row = await findSubscription(tx, place);
        const state = row === null ? undefined : asView(row).state;
        if (state !== 'REQUESTED' && state !== 'ACTIVE') await begin(tx, place, caller.principal, row?.token);
        await addHolder(tx, place, holder, new Date(now()));
      });
      await deps.wake?.([place.device]);
      const view = await viewOf(place);
      if (view === undefined) throw new Error('a subscription vanished after it was stored');
      return view;
    },

    async release(what, holder, caller) {
      const place = await placeOf(what, caller);
      const before = await letGo(place, holder, caller.principal);
      if (before === undefined) throw new ManagementError('NOT_FOUND', 'there is no such subscription of yours');
      return (await viewOf(place)) ?? { ...asView(before), state: 'ENDING', holders: 0 };
    },

    async drop({ device, family, miid, path }, holder) {
      await letGo({ device, family, miid, path }, holder, GATEWAY);
    },

    releaseRevoked,

    async tick() {
      const at = now();
      if (at - lookedAt < LOOK_EVERY_MS) return;
      lookedAt = at;
      await releaseRevoked();
    },

    async list(devices) {
      return (await listSubscriptions(db.sql, devices)).map(asView);
    },

    async pushed({ deviceKey, token, mime, body }) {
      const device = deviceKey.toString();
      const at = new Date(now());
      const reply = await db.sql.transaction(async (tx): Promise<PushReply> => {
        await lockDevice(tx, device);
        const found = await findPushed(tx, device, token);
        if (found === null) return { ok: false, status: 404, reason: 'there is nothing at this address' };
        const { moid, miid, path, mos } = found;
        const read = readPush({ mime, body }, { moid, miid, path }, ddfs.library());
        if (!read.ok) return { ok: false, status: 400, reason: read.reason };
        const ledger = new Ledger(ddfs.library(), at.getTime(), { lockAfter: 0, itemLifeMs: 0 }, mos, [], {
          announced: [],
          found: [],
        });
        ledger.apply(read.effects);
        const changes = ledger.takeChanges();
        const told = await applyChanges(tx, device, at, changes);
        const event = { type: 'managementObjectPushed', data: { moid, miid, path } };
        await notePush(tx, device, token, at, [...told, ...ledger.events, event]);
        return { ok: true };
      });
      if (reply.ok) tellEvents(db);
      return reply;
    },
  };
}

function asView(row: SubscriptionRow): SubscriptionView {
  const { device, family, moid, miid, path, holders, pushedAt, operation } = row;
  const state = subscriptionState(row.isWanted, { state: row.commandState, outcome: row.outcome });
  return { device, family, moid, miid, path, state, holders: Number(holders), pushedAt, operation };
}
