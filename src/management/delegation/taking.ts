/** The taker's side: account, device and grants for what another gateway delegates, and their end. */
import { Rights } from '../../access/rights';
import type { Database } from '../../store/database';
import type { Peer } from '../../store/generated/client';
import type { DmProtocol } from '../../../adapters/adapter';
import { ManagementError, type Accounts, type Caller, type Devices, type Grants, type Operations } from '../types';
import type { DelegationDocument } from './document';
import { changeDelegation, findByRef, insertDelegation, lockDelegation, ofDevice, type DelegationRow } from './store';

export interface TakingDeps {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly devices: Devices;
  readonly grants: Grants;
  readonly operations: Operations;
  readonly longestMs: number;
  readonly now: () => number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const PROTOCOLS: readonly string[] = ['DM_1_2', 'DM_1_3'];
const GRANTED = ['READ', 'WRITE', 'EXECUTE'] as const;
/** Marks of a device that is, or was, delegated to this gateway. */
const TAG = 'delegated';
const ENDED_TAG = 'delegation-ended';

export class Taking {
  constructor(private readonly deps: TakingDeps) {}

  /** Takes a device, or says why not. A document that comes twice is answered alike. */
  async take(peer: Peer, document: Extract<DelegationDocument, { kind: 'Delegate' }>): Promise<Answer> {
    const now = this.deps.now();
    if (peer.ownServerId === null) return refusal(403, 'this peer may not delegate to this gateway');
    if (document.to !== peer.ownServerId) return refusal(422, `this gateway is not called ${document.to} here`);
    if (!PROTOCOLS.includes(document.device.protocol)) return refusal(422, 'a device of this protocol cannot be taken');
    const until = document.until === null ? null : Date.parse(document.until);
    if (until !== null && (until <= now || until > now + this.deps.longestMs))
      return refusal(422, 'the time is over, or too long');
    const [known] = await findByRef(this.deps.db.sql, peer.id, document.sessionId);
    if (known !== undefined)
      return known.direction === 'TAKEN' && known.state === 'ACTIVE' ? OK : refusal(409, 'this delegation has ended');
    try {
      await this.#make(peer, document, until);
      return OK;
    } catch (error) {
      if (error instanceof ManagementError) return refusal(error.code === 'ALREADY_EXISTS' ? 409 : 422, error.message);
      throw error;
    }
  }

  async #make(
    peer: Peer,
    { sessionId, device, objects, client, server }: Extract<DelegationDocument, { kind: 'Delegate' }>,
    until: number | null,
  ): Promise<void> {
    const { db, devices, grants, now } = this.deps;
    const caller = callerOf(peer);
    const accountId = await this.#account(peer, caller);
    const clientAuth = { type: 'DIGEST_MD5', username: client.name, secret: client.secret } as const;
    const serverAuth = { type: 'DIGEST_MD5', username: server.name, secret: server.secret } as const;
    const before = await devices.find(device.id);
    if (before !== null && (before.accountId !== accountId || (await this.#isTaken(device.id))))
      throw new ManagementError('ALREADY_EXISTS', 'this device is managed here already');
    const taken =
      before === null
        ? await devices.register(
            {
              deviceId: device.id,
              accountId,
              protocol: device.protocol as DmProtocol,
              tags: [TAG],
              clientAuth,
              serverAuth,
            },
            caller,
          )
        : await devices.update(
            device.id,
            { clientAuth, serverAuth, rediscover: true, tags: retagged(before.tags, ENDED_TAG, TAG) },
            caller,
          );
    const moids = objects.map(({ moid }) => moid);
    const expiresAt = until === null ? null : new Date(until);
    if (peer.grantTo !== null) {
      for (const moid of new Set(moids))
        for (const right of GRANTED) {
          const grant = { principal: peer.grantTo, right, deviceId: device.id, moid, expiresAt };
          await grants.create(grant, caller, new Rights(true, [], now()));
        }
    }
    await insertDelegation(db.sql, {
      direction: 'TAKEN',
      ref: sessionId,
      peer: peer.id,
      device: taken.key,
      state: 'ACTIVE',
      moids,
      until: expiresAt,
      caller: caller.principal,
      detail: { objects: [] },
      at: new Date(now()),
    });
  }

  async #isTaken(deviceId: string): Promise<boolean> {
    return (await ofDevice(this.deps.db.sql, deviceId)).some(
      ({ direction, state }) => direction === 'TAKEN' && state === 'ACTIVE',
    );
  }

  /** The account of the devices that a peer delegates; without a login of its own. */
  async #account(peer: Peer, caller: Caller): Promise<string> {
    if (peer.accountId !== null) return String(peer.accountId);
    const { id } = await this.deps.accounts.create(
      { serverId: peer.ownServerId ?? '', name: `Delegated by ${peer.name}` },
      caller,
    );
    await this.deps.db.prisma.peer.update({ where: { id: peer.id }, data: { accountId: BigInt(id) } });
    return id;
  }

  /** From now on nothing is sent to the device; what waits for it is cancelled. The device stays, marked. */
  async end(id: string): Promise<void> {
    const { db, operations } = this.deps;
    const row = await db.sql.transaction(async (tx): Promise<DelegationRow | undefined> => {
      const found = await lockDelegation(tx, id);
      if (found === undefined || found.direction !== 'TAKEN' || found.state !== 'ACTIVE') return undefined;
      const endedAt = new Date(this.deps.now());
      await changeDelegation(tx, found, { ...found, state: 'ENDED', endedAt });
      await tx.query('UPDATE device SET tags = $2::text[] WHERE id = $1', [
        found.device,
        retagged(found.tags, TAG, ENDED_TAG),
      ]);
      await tx.query('DELETE FROM access_grant WHERE device_id = $1 AND granted_by = $2', [found.device, found.caller]);
      return found;
    });
    if (row === undefined) return;
    const open = await db.sql.query<{ id: string }>(
      'SELECT id FROM operation WHERE device_id = $1 AND ended_at IS NULL ORDER BY id',
      [row.device],
    );
    for (const operation of open) await operations.cancel(row.device, operation.id, GATEWAY);
  }
}

function retagged(tags: readonly string[], from: string, to: string): readonly string[] {
  return [...new Set([...tags.filter((tag) => tag !== from), to])];
}

export const GATEWAY: Caller = { principal: 'gateway', name: 'gateway', admin: true };

export function callerOf(peer: Pick<Peer, 'name'>): Caller {
  return { principal: `peer:${encodeURIComponent(peer.name)}`, name: peer.name, admin: true };
}

const OK: Answer = { status: 200, text: 'taken' };

function refusal(status: number, text: string): Answer {
  return { status, text };
}
