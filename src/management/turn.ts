/**
 * One message of a device, from its octets to the reply's: one transaction, at most four statements in a running session.
 * Any process may take any message, for all state is loaded at the beginning and written at the end.
 */
import { createHmac, randomBytes } from 'node:crypto';

import type {
  Adapter,
  Command,
  Context,
  Effect,
  Envelope,
  Inbound,
  Json,
  Limits,
  Received,
  SessionState,
  StoredSession,
  Wire,
  Work,
} from '../../adapters/adapter';
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import type { Sql } from '../store/sql';
import { applyTurn, hasChanges, type TurnChanges } from '../store/turn-apply';
import { loadTurn, type LoadedTurn } from '../store/turn-load';
import { loadWork } from '../store/turn-work';
import { writeTurn, type SessionWrite } from '../store/turn-write';
import { LiveOperation } from './command-state';
import { effectiveCredential } from './credentials';
import { registerOnContact } from './first-contact';
import { dispatch } from './dispatch';
import { Ledger } from './ledger';
import { pickWork } from './queue';
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
  readonly discoveryBudget: { readonly messages: number; readonly nodes: number };
}

export interface TurnDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly settings: TurnSettings;
  readonly log: TurnLog;
  readonly now?: () => number;
}

/** Channel on which ended and changed operations are told: `DEVICE.OPERATION`. */
export const OPERATION_CHANNEL = 'moql_operation';

/** Commands loaded at most for one reply. */
const WORK_LIMIT = 64;
/** Turns that lost a race read again this often. */
const MAX_TRIES = 5;

interface TurnEnd {
  readonly reply: Wire;
  readonly device?: string;
  readonly changedOperations: readonly string[];
}

/** What stands in a session's `state` column: the adapter's state, and what the middle keeps beside it. */
interface KeptState {
  readonly a: SessionState;
  /** Keys of MOs announced since the session began, while discovery runs. */
  readonly n: readonly string[];
}

export class Turns {
  readonly #now: () => number;

  constructor(private readonly deps: TurnDeps) {
    this.#now = deps.now ?? Date.now;
  }

  /** Answers a message. Never throws: trouble of our own becomes the protocol's way to say "later". */
  async handle(adapter: Adapter, inbound: Inbound): Promise<Wire> {
    const opened = adapter.open(inbound);
    if ('refusal' in opened) {
      this.deps.log.debug(
        { path: inbound.path.replace(/[\w-]{22}/, '…'), status: opened.refusal.status, reason: opened.reason },
        'message refused',
      );
      return opened.refusal;
    }
    try {
      const end = await this.#tryTurn(adapter, opened.envelope);
      for (const id of end.changedOperations) this.deps.db.notify(OPERATION_CHANNEL, `${end.device ?? ''}.${id}`);
      return end.reply;
    } catch (error) {
      this.deps.log.error({ err: error, device: opened.envelope.device }, 'a message could not be processed');
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
    const isDm2 = envelope.protocol === 'DM_2_0';
    const row = await loadTurn(tx, envelope.device, envelope.user, isDm2);
    const kept = row.session_state as KeptState | null;
    const session = sessionOf(row, kept);
    if (session !== undefined && adapter.isRepeat(envelope, session, now, row.work_waiting)) {
      return { reply: session.lastReply, changedOperations: [] };
    }
    const context = this.#context(row, session, envelope, now);
    const received = adapter.receive(envelope, context);
    const ledger = this.#ledger(row, envelope.opens ? [] : (kept?.n ?? []), now);
    ledger.apply(received.effects);

    const deviceKey = row.device_key ?? (await this.#register(tx, row, ledger, received.stateless === true));
    if (deviceKey === undefined || received.stateless === true) {
      return { reply: adapter.respond(envelope, received.state, NO_WORK, context).reply, changedOperations: [] };
    }
    if (!ledger.isAuthenticated)
      return this.#refuse(tx, adapter, envelope, received, context, ledger, deviceKey, row, now);

    if (envelope.opens) leaveUnanswered(ledger);
    const changes = ledger.takeChanges();
    if (hasChanges(changes)) await applyTurn(tx, deviceKey, new Date(now), changes);
    const isSearching = row.discover !== false && !ledger.isDiscovered;
    const work =
      received.wants.commands <= 0
        ? NO_WORK
        : await this.#work(
            tx,
            ledger,
            deviceKey,
            received.wants.commands,
            isSearching && received.wants.discovery,
            isSearching,
            isDm2,
            now,
          );
    const responded = adapter.respond(envelope, received.state, work, context);
    ledger.apply(responded.effects);
    const isSession = envelope.opens || (session !== undefined && row.session_ended === false);
    const settled = ledger.takeChanges();
    if (settled.documents.length > 0 || settled.alerts.length > 0 || settled.gone.length > 0) {
      throw new Error("an adapter's reply changed documents or raised alerts: only a message may");
    }
    const written = await writeTurn(tx, deviceKey, new Date(now), {
      session: isSession ? sessionWrite(envelope, responded.state, responded.reply, row, ledger) : undefined,
      device: {
        protocol: ledger.boundAs?.protocol ?? null,
        features: ledger.features,
        supportedMos: ledger.supportedMos,
        discovered: ledger.isDiscovered,
        contact: isSession,
      },
      credentials: ledger.credentialWrites(row.client),
      commands: settled.commands,
      operations: settled.operations,
      items: ledger.takeItems(),
      events: ledger.events,
      security: [],
    });
    if (!written) throw new LostRace();
    for (const note of ledger.notes) this.deps.log.debug({ device: envelope.device, note }, 'noted');
    return { reply: responded.reply, device: deviceKey, changedOperations: changedIn(changes, settled) };
  }

  /** A refused message changes nonces, failure counters and the security log, and nothing else. */
  async #refuse(
    tx: Sql,
    adapter: Adapter,
    envelope: Envelope,
    received: Received,
    context: Context,
    ledger: Ledger,
    deviceKey: string,
    row: LoadedTurn,
    now: number,
  ): Promise<TurnEnd> {
    const reply = adapter.respond(envelope, received.state, NO_WORK, context).reply;
    await writeTurn(tx, deviceKey, new Date(now), {
      device: { protocol: null, features: {}, supportedMos: {}, discovered: false, contact: false },
      credentials: ledger.credentialWrites(row.client, received.refusals),
      commands: [],
      operations: [],
      items: [],
      events: [],
      security:
        ledger.refusal?.counted === true
          ? [{ what: 'credentialRefused', detail: { reason: ledger.refusal.reason, protocol: envelope.protocol } }]
          : [],
    });
    return { reply, changedOperations: [] };
  }

  async #register(tx: Sql, row: LoadedTurn, ledger: Ledger, stateless: boolean): Promise<string | undefined> {
    if (
      stateless ||
      !ledger.isAuthenticated ||
      ledger.boundAs === undefined ||
      row.account_key === null ||
      row.auto_register !== true
    )
      return undefined;
    return registerOnContact(tx, ledger.boundAs.deviceId, row.account_key, ledger.boundAs.protocol);
  }

  async #work(
    tx: Sql,
    ledger: Ledger,
    deviceKey: string,
    wanted: number,
    discover: boolean,
    isSearching: boolean,
    isDm2: boolean,
    now: number,
  ): Promise<Work> {
    const limit = Math.min(wanted, WORK_LIMIT);
    const loaded = (await loadWork(tx, deviceKey, limit)).map(
      (o) => ledger.operations.get(o.id) ?? new LiveOperation(o),
    );
    ledger.addOperations(loaded);
    const library = this.deps.ddfs.library();
    const terrain = {
      mos: ledger.mos,
      library,
      hasPlaces: !isDm2,
      isSearching,
      token: (): string => this.deps.secrets.makeToken(BigInt(deviceKey)),
    };
    const { picked, more } = pickWork(
      loaded,
      limit,
      now,
      (command, operation) => dispatch(command, operation, terrain),
      (operation, command, reason) => {
        operation.answered(command, { outcome: 'NOT_FOUND', error: reason });
      },
    );
    const commands: Command[] = picked.map((p) => p.ready);
    if (discover)
      commands.push({
        id: 'discover',
        repeatable: true,
        token: terrain.token(),
        kind: 'discover',
        budget: this.deps.settings.discoveryBudget,
      });
    return { commands, more, slices: [] };
  }

  #ledger(row: LoadedTurn, announced: readonly string[], now: number): Ledger {
    const mos = (row.mos ?? []).map((m) => ({ family: m.f, moid: m.m, miid: m.i, place: m.p, validator: m.v }));
    const operations = (row.active ?? []).map((o) => new LiveOperation(o));
    const { limits, itemLifeMs } = this.deps.settings;
    return new Ledger(
      this.deps.ddfs.library(),
      now,
      { lockAfter: limits.maxFailures, itemLifeMs },
      mos,
      operations,
      announced,
    );
  }

  #context(row: LoadedTurn, session: StoredSession | undefined, envelope: Envelope, now: number): Context {
    const { settings, secrets, ddfs } = this.deps;
    const library = ddfs.library();
    const hour = Math.floor(now / 3_600_000);
    const stranger = (use: string): Buffer =>
      createHmac('sha256', secrets.key('stranger'))
        .update(`${use}\n${envelope.device}\n${hour}`)
        .digest()
        .subarray(0, 16);
    const random = randomBytes(80);
    return {
      now,
      random: random.subarray(16),
      freshToken: random.subarray(0, 16).toString('base64url'),
      strangerNonce: stranger('nonce'),
      strangerToken: stranger('token').toString('base64url'),
      digestKey: secrets.key('digest'),
      baseUrl: settings.baseUrl(),
      allowInsecureBasic: settings.allowInsecureBasic,
      limits: settings.limits,
      ddf: library,
      session,
      device:
        row.device_id === null
          ? undefined
          : {
              deviceId: row.device_id,
              protocol: (row.protocol ?? undefined) as never,
              certSha256: row.client?.fingerprint ?? undefined,
              features: Object.fromEntries(
                Object.entries(row.features ?? {}).map(([name, f]) => [name, f.value as Json]),
              ),
              mos: (row.mos ?? []).map((m) => ({
                moid: m.m,
                miid: m.i,
                place: m.p ?? undefined,
                validator: m.v ?? undefined,
              })),
            },
      account:
        row.account_key === null
          ? undefined
          : {
              serverId: row.server_id ?? '',
              autoRegister: row.auto_register === true,
              clientAuth: effectiveCredential(
                secrets,
                'CLIENT',
                { type: row.client_auth_type, username: row.client_username, secret: row.client_secret },
                row.client,
                row.server_id ?? '',
              ),
              serverAuth: effectiveCredential(
                secrets,
                'SERVER',
                { type: row.server_auth_type, username: row.server_username, secret: row.server_secret },
                row.server,
                row.server_id ?? '',
              ),
            },
      refusals: (row.client?.refusals ?? undefined) as Json | undefined,
      defaultServerId: settings.defaultServerId,
      items: Object.fromEntries(
        Object.entries(row.items ?? {}).map(([token, item]) => {
          const put = item.contents?.[0];
          return [
            token,
            {
              fetched: item.fetched,
              uploaded: put === undefined ? undefined : { mime: put.mime, body: Buffer.from(put.base64, 'base64') },
            },
          ];
        }),
      ),
    };
  }

  /** Applies what is left of a session that went silent; called by the timer for one device at a time. */
  async expire(adapter: Adapter, deviceId: string, sessionId: string): Promise<void> {
    const now = this.#now();
    const changed = await this.deps.db.sql.transaction(async (tx) => {
      const row = await loadTurn(tx, deviceId, undefined, false);
      if (row.session_id !== sessionId || row.session_ended !== false || row.device_key === null) return [];
      const kept = row.session_state as KeptState;
      if (kept.a.expiresAt > now) return [];
      const ledger = this.#ledger(row, [], now);
      const effects: readonly Effect[] = adapter.expire(kept.a);
      ledger.apply(effects);
      leaveUnanswered(ledger);
      const changes = ledger.takeChanges();
      if (hasChanges(changes)) await applyTurn(tx, row.device_key, new Date(now), changes);
      await tx.query(
        `UPDATE session SET ended_at = $3::timestamptz, end_reason = 'EXPIRED', phase = 'ended', version = version + 1
        WHERE device_id = $1 AND id = $2`,
        [row.device_key, sessionId, new Date(now)],
      );
      return changedIn(changes).map((id) => `${row.device_key ?? ''}.${id}`);
    });
    for (const payload of changed) this.deps.db.notify(OPERATION_CHANNEL, payload);
  }
}

const NO_WORK: Work = { commands: [], more: false, slices: [] };

/** Another process changed the session meanwhile. */
class LostRace extends Error {}

function sessionOf(row: LoadedTurn, kept: KeptState | null): StoredSession | undefined {
  if (row.session_id === null || kept === null || row.last_at === null) return undefined;
  const state = row.session_ended === true ? { ...kept.a, phase: 'ended' as const } : kept.a;
  return {
    state,
    lastSha256: row.last_sha256 ?? '',
    lastAt: row.last_at.getTime(),
    lastReply: {
      status: row.last_status ?? 200,
      headers: row.last_headers ?? {},
      body: row.last_body ?? new Uint8Array(),
    },
  };
}

function sessionWrite(
  envelope: Envelope,
  state: SessionState,
  reply: Wire,
  row: LoadedTurn,
  ledger: Ledger,
): SessionWrite {
  const isOpen = row.session_id !== null && row.session_ended === false;
  const kept: KeptState = { a: state, n: ledger.isDiscovered ? [] : [...ledger.announced] };
  return {
    was:
      envelope.opens || row.session_id === null ? undefined : { id: row.session_id, version: row.session_version ?? 0 },
    supersedes: envelope.opens && isOpen ? (row.session_id ?? undefined) : undefined,
    protocol: state.protocol,
    key: state.key,
    token: state.token,
    phase: state.phase,
    messageNo: state.messageNo,
    state: kept,
    sha256: envelope.sha256,
    reply,
    expiresAt: new Date(state.expiresAt),
    endReason: ledger.endReason ?? (state.phase === 'ended' ? 'DONE' : null),
  };
}

/** Commands that an earlier session sent and that nothing answers any more. */
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
