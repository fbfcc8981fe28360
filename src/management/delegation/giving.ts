/** The giver's side on the device: one step after the other, each when the operation of the one before has ended. */
import { randomBytes } from 'node:crypto';

import type { Database } from '../../store/database';
import { insertOperation, loadOperation } from '../../store/operations';
import type { Secrets } from '../../store/secrets';
import type { Sql } from '../../store/sql';
import type { CommandRow } from '../judge';
import type { CommandView } from '../types';
import type { Login } from './document';
import { isUndone, planAcls, readingCommands, rereadingCommands, settingCommands, undoingCommands } from './plan';
import { changeDelegation, lockDelegation, type DelegationChange, type DelegationRow } from './store';

export interface GivingDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly now: () => number;
  /** Told of devices (keys) that got work, after the commit. */
  readonly wake?: (devices: readonly string[]) => Promise<void>;
}

export interface Logins {
  readonly client: Login;
  readonly server: Login;
}

const SECRET_OCTETS = 24;
/** How long the device has to let the rights be taken from it. */
const UNDOING_MS = 365 * 86_400_000;
const PERMANENT_MS = 365 * 86_400_000;

export class Giving {
  /** Devices that get work by the transaction that runs. */
  readonly #busied = new Set<string>();

  constructor(private readonly deps: GivingDeps) {}

  /** New logins of a device at the peer; both are known to nobody else. */
  makeLogins(ref: string, peerServerId: string): Logins {
    const secret = (): string => randomBytes(SECRET_OCTETS).toString('base64url');
    return { client: { name: `delegated-${ref}`, secret: secret() }, server: { name: peerServerId, secret: secret() } };
  }

  seal(ref: string, logins: Logins): string {
    return this.deps.secrets.encrypt(JSON.stringify(logins), loginsContext(ref));
  }

  /** The peer has taken it: reading the lists of the objects begins. */
  async begin(id: string): Promise<void> {
    await this.#locked(id, async (tx, row) => {
      if (row.state !== 'PREPARING' || row.detail.step !== 'OFFER') return;
      const operation = await this.#submit(tx, row, 'READ', readingCommands(row.detail.objects), 'CONTINUE');
      await changeDelegation(tx, row, { ...row, operation, detail: { ...row.detail, step: 'READ' } });
    });
  }

  /** The peer did not take it. */
  async drop(id: string): Promise<void> {
    await this.deps.db.sql.query('DELETE FROM delegation WHERE id = $1', [id]);
  }

  /** Begins to take everything back; also once more where that failed before. @returns whether it was begun */
  async undo(id: string, problem: string | null): Promise<boolean> {
    return (
      (await this.#locked(id, async (tx, row) => {
        if (row.state === 'ENDED' || row.state === 'ENDING') return false;
        await this.#undo(tx, row, problem);
        return true;
      })) ?? false
    );
  }

  /** The next step, if one is due. @returns whether the peer is to be told that it ended */
  async advance(id: string): Promise<boolean> {
    const now = new Date(this.deps.now());
    return (
      (await this.#locked(id, async (tx, row) => {
        if (row.state === 'ACTIVE') {
          if (row.until === null || row.until > now) return false;
          await this.#undo(tx, row, null);
          return false;
        }
        if (row.operation === null) {
          // A process that went away while it asked the peer.
          await changeDelegation(tx, row, { ...ended(row, now, 'the peer was never heard'), state: 'FAILED' });
          return true;
        }
        const operation = await loadOperation(tx, row.device, row.operation);
        if (operation !== null && operation.endedAt === null) return false;
        const commands = (operation?.commands ?? []) as unknown as readonly CommandView[];
        const isGood = operation?.state === 'SUCCEEDED';
        return row.state === 'PREPARING'
          ? this.#prepared(tx, row, commands, isGood, now)
          : this.#undone(tx, row, commands, now);
      })) ?? false
    );
  }

  async #prepared(
    tx: Sql,
    row: DelegationRow,
    commands: readonly CommandView[],
    isGood: boolean,
    now: Date,
  ): Promise<boolean> {
    const { detail } = row;
    if (detail.step === 'WRITE') {
      await forgetSecrets(tx, row);
      const { sealed: _, ...rest } = detail;
      if (isGood) {
        await changeDelegation(tx, row, {
          ...row,
          state: 'ACTIVE',
          operation: null,
          detail: { objects: rest.objects, account: rest.account, endings: rest.endings },
        });
        return false;
      }
      await this.#undo(tx, { ...row, detail: rest }, 'the device did not take the account and the rights');
      return true;
    }
    const planned = planAcls(detail.objects, commands, row.peerServerId);
    const opened =
      detail.sealed === undefined ? undefined : this.deps.secrets.decrypt(detail.sealed, loginsContext(row.ref));
    if (!planned.ok || opened === undefined) {
      const problem = planned.ok ? 'the logins cannot be opened' : planned.problem;
      await changeDelegation(tx, row, { ...ended(row, now, problem), state: 'FAILED' });
      return true;
    }
    const logins = JSON.parse(opened) as Logins;
    const account = { name: detail.account ?? '', serverId: row.peerServerId, url: row.peerDeviceUrl, ...logins };
    const write = settingCommands(planned.objects, account);
    const operation = await this.#submit(tx, row, 'WRITE', write, 'STOP');
    await changeDelegation(tx, row, {
      ...row,
      operation,
      detail: { ...detail, objects: planned.objects, step: 'WRITE' },
    });
    return false;
  }

  async #undo(tx: Sql, row: DelegationRow, problem: string | null): Promise<void> {
    const now = new Date(this.deps.now());
    const { detail } = row;
    const running = row.operation === null ? null : await loadOperation(tx, row.device, row.operation);
    // What is being set up is waited for: it is taken back when its own end is known.
    if (row.state === 'PREPARING' && running !== null && running.endedAt === null) {
      await tx.query('UPDATE operation SET expires_at = $3 WHERE device_id = $1 AND id = $2', [
        row.device,
        running.id,
        now,
      ]);
      await changeDelegation(tx, row, { ...row, problem: problem ?? 'it was ended before it began' });
      return;
    }
    const objects = detail.objects.filter(({ before }) => before !== undefined);
    const again = { ...row, detail: { ...detail, endings: (detail.endings ?? 0) + 1 } };
    const step = objects.length === 0 ? 'WRITE' : 'READ';
    const commands =
      step === 'READ'
        ? rereadingCommands(objects)
        : undoingCommands([], [], { name: detail.account ?? '', serverId: '' });
    const operation = await this.#submit(tx, again, step, commands, 'CONTINUE', 'ENDING');
    await changeDelegation(tx, row, {
      state: 'ENDING',
      problem,
      operation,
      detail: { ...again.detail, step },
      endedAt: null,
    });
  }

  async #undone(tx: Sql, row: DelegationRow, commands: readonly CommandView[], now: Date): Promise<boolean> {
    const { detail } = row;
    if (detail.step === 'READ') {
      const undo = undoingCommands(detail.objects, commands, {
        name: detail.account ?? '',
        serverId: row.peerServerId,
      });
      const operation = await this.#submit(tx, row, 'WRITE', undo, 'CONTINUE');
      await changeDelegation(tx, row, { ...row, operation, detail: { ...detail, step: 'WRITE' } });
      return false;
    }
    const isDone = commands.length > 0 && isUndone(commands);
    const problem = isDone ? row.problem : 'the device did not give everything back; end it once more';
    await changeDelegation(tx, row, { ...ended(row, now, problem), state: problem === null ? 'ENDED' : 'FAILED' });
    // Its account may be among the objects that were found meanwhile.
    await tx.query('UPDATE device SET discover_requested = true WHERE id = $1', [row.device]);
    return false;
  }

  async #submit(
    tx: Sql,
    row: DelegationRow,
    step: 'READ' | 'WRITE',
    commands: readonly CommandRow[],
    onFailure: 'STOP' | 'CONTINUE',
    state: string = row.state,
  ): Promise<string> {
    const now = this.deps.now();
    this.#busied.add(row.device);
    const lastMs = state === 'ENDING' ? now + UNDOING_MS : (row.until?.getTime() ?? now + PERMANENT_MS);
    const { id } = await insertOperation(tx, row.device, {
      atomic: false,
      onFailure,
      caller: 'gateway',
      idempotencyKey: `delegation ${row.id} ${state} ${step} ${row.detail.endings ?? 0}`,
      requestSha256: '',
      createdAt: new Date(now),
      expiresAt: new Date(lastMs),
      commands,
      // Accounts and ACLs are short.
      blobs: [],
    });
    return id;
  }

  async #locked<T>(id: string, work: (tx: Sql, row: DelegationRow) => Promise<T>): Promise<T | undefined> {
    let device = '';
    const done = await this.deps.db.sql.transaction(async (tx) => {
      const row = await lockDelegation(tx, id);
      device = row?.device ?? '';
      return row === undefined || row.direction !== 'GIVEN' ? undefined : work(tx, row);
    });
    if (this.#busied.delete(device)) await this.deps.wake?.([device]);
    return done;
  }
}

function ended(row: DelegationRow, now: Date, problem: string | null): DelegationChange {
  const { sealed: _, ...detail } = row.detail;
  return { state: row.state, detail, operation: row.operation, problem, endedAt: now };
}

/** What the account was made of stands in the command no longer than it is needed. */
async function forgetSecrets(tx: Sql, { device, operation }: DelegationRow): Promise<void> {
  await tx.query(`UPDATE command SET request = '{}' WHERE device_id = $1 AND operation_id = $2 AND kind = 'add'`, [
    device,
    operation,
  ]);
}

/** Where the logins of a delegation are kept, for {@link Secrets.encrypt}. */
export function loginsContext(ref: string): string {
  return `delegation ${ref}`;
}
