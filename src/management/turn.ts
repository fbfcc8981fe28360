/**
 * One message of a device, from its octets to the reply's: one transaction, at most four statements in a running session.
 * Any process may take any message, for all state is loaded at the beginning and written at the end.
 */
import {
  type Adapter,
  CHUNK_REF,
  type Context,
  type Envelope,
  type Inbound,
  type Json,
  type Limits,
  type Received,
  type StoredSession,
  type Wire,
  type Work,
} from '../../adapters/adapter';
import type { Database } from '../store/database';
import { tellEvents } from '../store/events';
import type { Secrets } from '../store/secrets';
import { noteRepeated } from '../store/security-log';
import type { Sql } from '../store/sql';
import type { TurnChanges } from '../store/turn-apply';
import { loadTurn, type LoadedTurn } from '../store/turn-load';
import { loadSlice, loadWork, loadWorkAndLook } from '../store/turn-work';
import {
  NOTHING_WRITTEN,
  writeTurn,
  type CredentialWrite,
  type SessionWrite,
  type TurnWrite,
} from '../store/turn-write';
import { applyChanges } from './apply';
import { LiveOperation } from './command-state';
import type { KnownAccess } from './dac';
import { dispatch } from './dispatch';
import { commandsOf, exchangeOf, type Keeping } from './exchanges';
import { registerOnContact } from './first-contact';
import { readState, writeState, type KeptState } from './kept-state';
import { Ledger } from './ledger';
import { checkStepOf } from './lost-answer';
import { settleFollowUps } from './profiles/follow-ups';
import type { LiveProfiles } from './profiles/live';
import type { Seen } from './profiles/look';
import type { Watching } from './profiles/watching';
import { pickWork } from './queue';
import { sealAnswers } from './show-secret';
import { isStorable } from './tree';
import { contextOf, sessionOf } from './turn-context';
import { comparisonOf, followed, noticed, type Comparison } from './turn-follow';
import type { Ddfs } from './types';

export interface TurnLog {
  debug(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

export interface TurnSettings {
  /** Public address without trailing slash; read at each turn, for a listener learns its port late. */
  readonly baseUrl: () => string;
  readonly defaultServerId: string;
  readonly allowInsecureBasic: boolean;
  readonly limits: Limits;
  readonly itemLifeMs: number;
  /** How devices prove themselves in the repository. Absent: as in a session. */
  readonly itemAccess?: 'DEVICE' | 'ADDRESS';
  /** How long an address lives that needs no credentials. Absent: as other items. */
  readonly addressLifeMs?: number;
  readonly discoveryBudget: { readonly messages: number; readonly nodes: number };
  /** Which messages are kept for people. Absent: none. */
  readonly exchanges?: Keeping;
}

export interface TurnDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly settings: TurnSettings;
  readonly log: TurnLog;
  readonly now?: () => number;
  /** What devices are compared to, and the rules that follow what they report. Absent: nothing. */
  readonly profiles?: Pick<LiveProfiles, 'current'>;
  /** Told of devices that a profile should watch, or watches and should not, after the commit. */
  readonly watching?: Pick<Watching, 'look'>;
}

/** Channel on which ended and changed operations are told: `DEVICE.OPERATION`. */
export const OPERATION_CHANNEL = 'moql_operation';

/** MO type that devices tell with each session's first message, mostly to no news. */
const TOLD_AT_OPENING = 'urn:oma:mo:oma-dm-devinfo';
/** Commands loaded at most for one reply. */
const WORK_LIMIT = 64;
/** More octets than any value has: DM 2.0 sends values whole. */
const WHOLE = 2 ** 30;
/** Turns that lost a race read again this often. */
const MAX_TRIES = 5;

interface TurnEnd {
  readonly reply: Wire;
  readonly device?: string;
  readonly changedOperations: readonly string[];
  /** Events may have been written. */
  readonly hasEvents?: boolean;
  /** What profiles watch on the device is another thing now, perhaps. */
  readonly isWatched?: boolean;
}

/** What a turn works with once its message was understood. */
interface Turn {
  readonly tx: Sql;
  readonly now: Date;
  readonly adapter: Adapter;
  readonly envelope: Envelope;
  readonly row: LoadedTurn;
  readonly session: StoredSession | undefined;
  readonly context: Context;
  readonly received: Received;
  readonly ledger: Ledger;
  comparison: Comparison;
}

export class Turns {
  readonly #now: () => number;

  constructor(private readonly deps: TurnDeps) {
    this.#now = deps.now ?? Date.now;
  }

  /** Answers a message. Never throws: trouble of our own becomes the protocol's way to say "later". */
  async handle(adapter: Adapter, inbound: Inbound): Promise<Wire> {
    const { db, log } = this.deps;
    let device: string | undefined;
    try {
      const opened = adapter.open(inbound);
      if ('refusal' in opened) {
        const path = inbound.path.replace(/[\w-]{22}/, '…');
        log.debug({ path, status: opened.refusal.status, reason: opened.reason }, 'message refused');
        return opened.refusal;
      }
      device = opened.envelope.device;
      const end = await this.#tryTurn(adapter, opened.envelope);
      for (const id of end.changedOperations) db.notify(OPERATION_CHANNEL, `${end.device ?? ''}.${id}`);
      if (end.hasEvents === true) tellEvents(db);
      if (end.isWatched === true) this.deps.watching?.look({ key: end.device ?? '', deviceId: device });
      return end.reply;
    } catch (error) {
      log.error({ err: error, device }, 'a message could not be processed');
      return adapter.busy(inbound);
    }
  }

  async #tryTurn(adapter: Adapter, envelope: Envelope): Promise<TurnEnd> {
    for (let tries = 1; ; tries++) {
      const end = await this.deps.db.sql
        .transaction((tx) => this.#turn(tx, adapter, envelope), { retries: MAX_TRIES })
        .catch((error: unknown) => {
          if (error instanceof LostRace && tries < MAX_TRIES) return undefined;
          throw error;
        });
      if (end !== undefined) return end;
    }
  }

  async #turn(tx: Sql, adapter: Adapter, envelope: Envelope): Promise<TurnEnd> {
    const now = this.#now();
    // What the store cannot hold names no device and no account.
    const device = isStorable(envelope.device) ? envelope.device : '';
    const user = envelope.user !== undefined && isStorable(envelope.user) ? envelope.user : undefined;
    const isDm2 = envelope.protocol === 'DM_2_0';
    const told = envelope.opens ? TOLD_AT_OPENING : null;
    const row = await loadTurn(tx, device, user, isDm2, envelope.mayEndObject === true, told);
    const session = sessionOf(row);
    if (session !== undefined && adapter.isRepeat(envelope, session, now, row.work_waiting)) {
      return { reply: session.lastReply, changedOperations: [] };
    }
    const context = contextOf(this.deps, row, session, envelope, now);
    const received = adapter.receive(envelope, context);
    const ledger = this.#ledger(row, envelope.opens ? undefined : readState(row.session_state), now);
    ledger.apply(sealAnswers(received.effects, this.deps.secrets));

    const kept = isSessionNew(envelope, row) ? undefined : readState(row.session_state);
    const comparison = comparisonOf(kept);
    const turn: Turn = {
      tx,
      now: new Date(now),
      adapter,
      envelope,
      row,
      session,
      context,
      received,
      ledger,
      comparison,
    };
    const deviceKey = received.stateless === true ? undefined : (row.device_key ?? (await this.#register(turn)));
    if (deviceKey === undefined) {
      return { reply: adapter.respond(envelope, received.state, NO_WORK, context).reply, changedOperations: [] };
    }
    return ledger.isAuthenticated ? this.#process(turn, deviceKey) : this.#refuse(turn, deviceKey);
  }

  async #process(turn: Turn, deviceKey: string): Promise<TurnEnd> {
    const { tx, now, envelope, row, received, ledger } = turn;
    if (envelope.opens) leaveUnanswered(ledger);
    const changes = ledger.takeChanges();
    turn.comparison = noticed(turn.comparison, this.deps.profiles?.current(), changes, ledger.events);
    const isBootstrapped = ledger.events.some(({ type }) => type === 'bootstrapCompleted');
    const told = await applyChanges(tx, deviceKey, now, changes, isBootstrapped);

    // What was queued when the device was locked, or went back into the queue since: else there is nothing to look for.
    const isQueued =
      row.work_waiting || isBootstrapped || changes.commands.some((command) => command.state === 'QUEUED');
    const work = await this.#load(turn, deviceKey, isQueued);
    const responded = turn.adapter.respond(envelope, received.state, work, turn.context);
    ledger.apply(responded.effects);
    const isSession = envelope.opens || row.session_ended === false;
    const endReason = ledger.endReason ?? (responded.state.phase === 'ended' ? 'DONE' : null);
    if (isSession && endReason !== null) leaveUnanswered(ledger);

    const settled = ledger.takeChanges();
    const learned: TurnChanges = { ...settled, commands: [], operations: [] };
    // A command that ended while the reply was made may tell of values, such as one that finds nothing.
    const events = [...told, ...(await applyChanges(tx, deviceKey, now, learned)), ...ledger.events];
    const stored = settleFollowUps(turn.comparison.brought, settled);
    const isWritten = await writeTurn(tx, deviceKey, now, {
      exchange: exchangeOf(
        turn.adapter,
        envelope,
        responded.reply,
        commandsOf([...changes.commands, ...settled.commands], turn.session?.state, responded.state),
        this.deps.settings.exchanges ?? 'NONE',
      ),
      session: isSession ? sessionWrite(turn, responded, endReason) : undefined,
      wakeUp: row.wake_up,
      device: {
        protocol: ledger.boundAs?.protocol ?? null,
        features: ledger.features,
        supportedMos: ledger.supportedMos,
        discovered: ledger.isDiscovered,
        discoveryDue: ledger.isDiscoveryDue,
        moved: ledger.moved,
        contact: isSession,
      },
      credentials: ledger.credentialWrites(row.client, undefined, row.server),
      commands: stored.commands,
      operations: stored.operations,
      followUp: stored.write,
      items: ledger.takeItems(),
      defaults: ledger.defaults,
      chunks: ledger.chunks,
      touched: [...(changes.touched ?? []), ...(learned.touched ?? [])],
      events,
      security: [],
    });
    if (!isWritten) throw new LostRace();
    for (const note of ledger.notes) this.deps.log.debug({ device: envelope.device, note }, 'noted');
    const hasEvents = events.length + changes.alerts.length + learned.alerts.length > 0;
    const isWatched = turn.comparison.isWatched === true;
    const changedOperations = changedIn(changes, settled);
    return { reply: responded.reply, device: deviceKey, changedOperations, hasEvents, isWatched };
  }

  /** A lock is worth a warning; single refusals are daily bread (each first contact with a challenge is one). */
  #tellRefusal(device: string, reason: string, credentials: readonly CredentialWrite[]): void {
    const { log } = this.deps;
    log.debug({ device, reason }, 'message refused');
    const until = credentials.find((credential) => credential.lockedUntil != null)?.lockedUntil;
    if (until != null) log.warn({ device, until, reason }, 'credential locked after repeated failures');
  }

  /** A refused message changes nonces, failure counters and the security log, and nothing else. */
  async #refuse(turn: Turn, deviceKey: string): Promise<TurnEnd> {
    const { envelope, received, ledger } = turn;
    const { reply } = turn.adapter.respond(envelope, received.state, NO_WORK, turn.context);
    const { refusal } = ledger;
    const credentials = ledger.credentialWrites(turn.row.client, received.refusals);
    this.#tellRefusal(envelope.device, refusal?.reason ?? 'not authenticated', credentials);
    await writeTurn(turn.tx, deviceKey, turn.now, {
      ...NOTHING_WRITTEN,
      credentials,
      security: refusal?.counted === true ? [refusedOf(refusal, envelope)] : [],
    });
    if (refusal?.foreign === true) await noteRepeated(turn.tx, deviceKey, turn.now, foreignOf(refusal, envelope));
    return { reply, changedOperations: [] };
  }

  /** Key of a device that proved the shared credential of an account which takes it on first contact. */
  async #register({ tx, row, ledger }: Turn): Promise<string | undefined> {
    const mayRegister = ledger.isAuthenticated && row.auto_register === true;
    if (!mayRegister || ledger.boundAs === undefined || row.account_key === null) return undefined;
    const { deviceId, protocol } = ledger.boundAs;
    const key = await registerOnContact(tx, deviceId, row.account_key, protocol);
    // Registered meanwhile, perhaps with another account: that one's credential counts.
    if (key === undefined) throw new LostRace();
    return key;
  }

  /** The part of a large value that is due, or what is queued. */
  async #load(turn: Turn, deviceKey: string, isQueued: boolean): Promise<Work> {
    const { wants } = turn.received;
    const slices: Buffer[] = [];
    for (const { of, offset, length } of wants.slices) {
      const ref = of.blob.startsWith(CHUNK_REF) ? of.blob.slice(CHUNK_REF.length) : null;
      const slice = { blob: ref === null ? of.blob : null, ref, offset, length };
      slices.push(await loadSlice(turn.tx, deviceKey, turn.row.session_id, slice));
    }
    if (wants.commands <= 0) return { ...NO_WORK, slices };
    return { ...(await this.#work(turn, deviceKey, isQueued)), slices };
  }

  async #work(turn: Turn, deviceKey: string, isQueued: boolean): Promise<Work> {
    const { tx, now, ledger, row, envelope } = turn;
    const { wants } = turn.received;
    const limit = Math.min(wants.commands, WORK_LIMIT);
    // One more than is taken, so that it shows whether there is more.
    const octets = envelope.protocol === 'DM_2_0' ? WHOLE : wants.octets;
    const mustDiscover = row.discover !== false || ledger.isDiscoveryDue;
    const isSearching = mustDiscover && !ledger.isDiscovered;
    const { isDue, rules } = turn.comparison;
    const isCompared = isDue && !isSearching;
    const live = isCompared || rules.size > 0 ? this.deps.profiles?.current() : undefined;
    const looked =
      live &&
      (await loadWorkAndLook<Seen>(
        tx,
        deviceKey,
        limit + 1,
        now,
        octets,
        rules.size > 0 ? live.lookOfRules : live.look,
      ));
    const rows = looked?.operations ?? (isQueued ? await loadWork(tx, deviceKey, limit + 1, now, octets) : []);
    const loaded = rows.map((o) => {
      const known = ledger.operations.get(o.id);
      for (const { position, head } of known === undefined ? [] : o.commands) {
        const command = known?.command(position);
        if (command !== undefined && head !== undefined) command.head = head;
      }
      return known ?? new LiveOperation(o);
    });
    if (live !== undefined && looked?.seen != null) {
      const known = {
        deviceId: envelope.device,
        protocol: envelope.protocol,
        isDiscovered: !isSearching,
        mos: ledger.mos,
      };
      const canWatch =
        envelope.protocol === 'DM_2_0' &&
        turn.adapter.lacks({ kind: 'subscribe' }, turn.context.device?.features ?? {}) === undefined;
      const device = { key: deviceKey, known, mos: ledger.mos, canWatch };
      const comparison = followed(turn.comparison, live, looked.seen, device, this.deps.ddfs.library(), now.getTime());
      turn.comparison = comparison;
      ledger.events.push(...comparison.brought.events);
      loaded.push(...comparison.brought.made.map((one) => one.live));
    }
    ledger.addOperations(loaded);
    const terrain = {
      mos: ledger.mos,
      library: this.deps.ddfs.library(),
      hasPlaces: envelope.protocol !== 'DM_2_0',
      hasInbox: envelope.protocol === 'DM_1_3',
      isSearching,
      ...knownAccess(row, ledger),
      knowsValidators: envelope.protocol === 'DM_2_0' && turn.context.device?.features['query'] !== false,
      running: () => ledger.operations.values(),
      token: (): string => this.deps.secrets.makeToken(BigInt(deviceKey)),
      address: (token: string): string => `${this.deps.settings.baseUrl()}/repository/${token}`,
    };
    const { picked, more } = pickWork(
      loaded,
      limit,
      now.getTime(),
      (command, operation) => dispatch(command, operation, terrain),
      (operation, command, never) => {
        if (checkStepOf(command) !== undefined) operation.doubt(command, `its answer was lost, and ${never.reason}`);
        else operation.answered(command, { outcome: never.outcome ?? 'NOT_FOUND', error: never.reason });
      },
    );
    for (const p of picked) ledger.companions.add(p.ready.id, p);
    const commands = picked.map((p) => p.ready);
    // Also where the message itself told all MOs: their first values are still to be read.
    if (!mustDiscover || !wants.discovery) return { commands, more, slices: [] };
    const budget = this.deps.settings.discoveryBudget;
    const discover = { id: 'discover', repeatable: true, token: terrain.token(), kind: 'discover', budget } as const;
    return { commands: [...commands, discover], more, slices: [] };
  }

  #ledger(row: LoadedTurn, kept: KeptState | undefined, now: number): Ledger {
    const mos = (row.mos ?? []).map((m) => ({
      family: m.f,
      moid: m.m,
      miid: m.i,
      place: m.p,
      validator: m.v,
      known: m.d,
    }));
    const operations = (row.active ?? []).map((o) => new LiveOperation(o));
    const { limits, itemLifeMs, itemAccess, addressLifeMs } = this.deps.settings;
    const ledgerLimits = { lockAfter: limits.maxFailures, itemLifeMs, itemAccess, addressLifeMs };
    const known = { announced: kept?.n ?? [], found: kept?.f ?? [] };
    return new Ledger(this.deps.ddfs.library(), now, ledgerLimits, mos, operations, known);
  }

  /**
   * Applies what is left of a session that went silent; called by the timer for one device at a time.
   *
   * @returns key of the device, where work waits for it that it did not come for
   */
  async expire(adapter: Adapter, deviceId: string, sessionId: string): Promise<string | undefined> {
    const now = this.#now();
    const { changed, waiting } = await this.deps.db.sql.transaction(async (tx) => {
      const nothing = { changed: [], waiting: undefined };
      const row = await loadTurn(tx, deviceId, undefined, false);
      const session = sessionOf(row);
      if (row.session_id !== sessionId || row.session_ended !== false || row.device_key === null) return nothing;
      if (session === undefined || session.state.expiresAt > now) return nothing;
      const ledger = this.#ledger(row, readState(row.session_state), now);
      ledger.apply(adapter.expire(session.state));
      leaveUnanswered(ledger);
      const changes = ledger.takeChanges();
      const told = await applyChanges(tx, row.device_key, new Date(now), changes);
      await writeTurn(tx, row.device_key, new Date(now), {
        ...NOTHING_WRITTEN,
        device: { ...NOTHING_WRITTEN.device, discovered: ledger.isDiscovered, moved: ledger.moved },
        events: [...told, ...ledger.events],
      });
      await tx.query(
        `WITH chunks AS (DELETE FROM message_chunk WHERE device_id = $1 AND session_id = $2)
         UPDATE session SET ended_at = $3::timestamptz, end_reason = 'EXPIRED', phase = 'ended', version = version + 1
         WHERE device_id = $1 AND id = $2`,
        [row.device_key, sessionId, new Date(now)],
      );
      const isWaiting = row.work_waiting || changes.commands.some(({ state }) => state === 'QUEUED');
      return {
        changed: changedIn(changes).map((id) => `${row.device_key ?? ''}.${id}`),
        waiting: isWaiting ? row.device_key : undefined,
      };
    });
    for (const payload of changed) this.deps.db.notify(OPERATION_CHANNEL, payload);
    tellEvents(this.deps.db);
    return waiting;
  }
}

/** Rights that a turn changed are judged by again in the next one. */
function knownAccess({ mos, server_id: serverId }: LoadedTurn, ledger: Ledger): { access?: KnownAccess } {
  const documents = (mos ?? []).flatMap((mo) => (mo.a === undefined || mo.a === null ? [] : [mo.a as Json]));
  if (documents.length === 0 || serverId === null || ledger.isAccessChanged) return {};
  return { access: { documents, serverId } };
}

const NO_WORK: Work = { commands: [], more: false, slices: [] };

/** Another process changed the session, or registered the device, meanwhile. */
class LostRace extends Error {}

/** Whether the message is the first one of a session that is kept. */
function isSessionNew({ opens }: Envelope, { session_id: id }: LoadedTurn): boolean {
  return opens || id === null;
}

function sessionWrite(
  { envelope, row, ledger, comparison }: Turn,
  { state, reply }: ReturnType<Adapter['respond']>,
  endReason: string | null,
): SessionWrite {
  const isOpen = row.session_id !== null && row.session_ended === false;
  const found = ledger.isDiscovered ? [] : [...ledger.found];
  const kept: KeptState = {
    a: state,
    n: ledger.isDiscovered ? [] : [...ledger.announced],
    ...(found.length === 0 ? {} : { f: found }),
    ...(comparison.isDue ? { p: true } : {}),
    ...(comparison.rules.size > 0 ? { r: [...comparison.rules] } : {}),
  };
  return {
    was: isSessionNew(envelope, row) ? undefined : { id: row.session_id ?? '', version: row.session_version ?? 0 },
    supersedes: envelope.opens && isOpen ? (row.session_id ?? undefined) : undefined,
    protocol: state.protocol,
    key: state.key,
    token: state.token,
    phase: state.phase,
    messageNo: state.messageNo,
    state: writeState(kept),
    sha256: envelope.sha256,
    reply,
    expiresAt: new Date(state.expiresAt),
    endReason,
  };
}

type Refusal = NonNullable<Ledger['refusal']>;
type Note = TurnWrite['security'][number];

/** What the security log is told of a refusal that counts towards lock-out. */
function refusedOf({ reason }: Refusal, { protocol }: Envelope): Note {
  return { what: 'credentialRefused', detail: { reason, protocol } };
}

/** What it is told of a credential that is another device's. */
function foreignOf({ reason }: Refusal, { protocol, inbound }: Envelope): Note {
  const { certSha256 = null, pskIdentity = null } = inbound.peer;
  return { what: 'credentialOfAnother', detail: { reason, protocol, certSha256, pskIdentity } };
}

/** Commands that a session sent which is over: nothing answers them any more. */
function leaveUnanswered(ledger: Ledger): void {
  for (const operation of ledger.operations.values()) {
    for (const command of operation.commands) {
      if (command.state === 'SENT') operation.unanswered(command, 'the session ended before the device answered');
    }
  }
}

function changedIn(...changes: readonly Pick<TurnChanges, 'commands' | 'operations'>[]): string[] {
  const ids = new Set<string>();
  for (const change of changes) {
    for (const command of change.commands) ids.add(command.operation);
    for (const operation of change.operations) ids.add(operation.id);
  }
  return [...ids];
}
