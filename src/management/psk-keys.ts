/**
 * Pre-shared keys at hand: the handshake asks for one and cannot wait, so they are loaded before. A key that follows from
 * its identity needs no place.
 */
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import { openSecret } from './credentials';
import type { TurnLog } from './turn';

export interface PskKeysDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly log: Pick<TurnLog, 'error' | 'warn'>;
  readonly everyMs?: number;
}

/** Told when credentials of devices changed: a device's key, or nothing for those of accounts. */
const CHANNEL = 'moql_credential';
/** A change that was told to nobody is seen after this. */
const LOOK_AGAIN_MS = 5 * 60_000;

/** Its own credential counts before its account's, so both may have the identity. */
const OF_DEVICES = `SELECT COALESCE(c.username, d.device_id) AS identity, c.secret, d.id::text AS device
  FROM device_credential c JOIN device d ON d.id = c.device_id
  WHERE c.direction = 'CLIENT' AND c.type = 'PSK' AND c.secret IS NOT NULL AND ($1::bigint IS NULL OR d.id = $1)`;
const OF_ACCOUNTS = `SELECT client_username AS identity, client_secret AS secret
  FROM account WHERE client_auth_type = 'PSK' AND client_secret IS NOT NULL AND client_username IS NOT NULL`;

interface KeyRow {
  readonly identity: string;
  /** Sealed; it is opened when it is asked for. */
  readonly secret: string;
  readonly device?: string;
}

export class PskKeys {
  #ofDevices = new Map<string, KeyRow>();
  #ofAccounts = new Map<string, KeyRow>();
  /** Device → the identity that it has in the map. */
  #identities = new Map<string, string>();
  #unlisten: (() => void) | undefined;
  #tick: NodeJS.Timeout | undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor(private readonly deps: PskKeysDeps) {}

  async start(): Promise<void> {
    const { db, everyMs = LOOK_AGAIN_MS } = this.deps;
    this.#unlisten = await db.listen(CHANNEL, (device) => void this.#again(device === '' ? undefined : device));
    await this.#load(undefined);
    this.#tick = setInterval(() => void this.#again(undefined), everyMs);
    this.#tick.unref();
  }

  async stop(): Promise<void> {
    this.#unlisten?.();
    clearInterval(this.#tick);
    await this.#loading;
  }

  /** The key of an identity; undefined: nobody has it. */
  keyOf(identity: string): Uint8Array | undefined {
    const row = this.#ofDevices.get(identity) ?? this.#ofAccounts.get(identity);
    if (row === undefined) return this.deps.secrets.pskOf(identity);
    const hex = openSecret(this.deps.secrets, 'CLIENT', row.secret);
    if (hex === undefined) this.deps.log.warn({ identity }, 'a pre-shared key cannot be opened');
    return hex === undefined ? undefined : Buffer.from(hex, 'hex');
  }

  /** Credentials changed, of one device or (undefined) of accounts: they count when this has resolved. */
  async changed(device: string | undefined): Promise<void> {
    await this.#again(device);
    this.deps.db.notify(CHANNEL, device ?? '');
  }

  /** One after the other: what was read first must not be put over what was read later. */
  #again(device: string | undefined): Promise<void> {
    this.#loading = this.#loading
      .then(() => this.#load(device))
      .catch((err: unknown) => this.deps.log.error({ err }, 'pre-shared keys could not be loaded'));
    return this.#loading;
  }

  async #load(device: string | undefined): Promise<void> {
    const { sql } = this.deps.db;
    const rows = await sql.query<KeyRow>(OF_DEVICES, [device ?? null]);
    if (device !== undefined) {
      this.#replace(device, rows[0]);
      return;
    }
    const shared = await sql.query<KeyRow>(OF_ACCOUNTS, []);
    this.#ofAccounts = new Map(shared.map((row) => [row.identity, row]));
    this.#ofDevices = new Map(rows.map((row) => [row.identity, row]));
    this.#identities = new Map(rows.map((row) => [row.device ?? '', row.identity]));
  }

  #replace(device: string, row: KeyRow | undefined): void {
    const before = this.#identities.get(device);
    if (before !== undefined && this.#ofDevices.get(before)?.device === device) this.#ofDevices.delete(before);
    this.#identities.delete(device);
    if (row === undefined) return;
    this.#ofDevices.set(row.identity, row);
    this.#identities.set(device, row.identity);
  }
}
