/** A device with its account and what both sides present to each other, for work outside of sessions. */
import type { AccountKnowledge, DmProtocol } from '../../adapters/adapter';
import { notFound } from '../access/inputs';
import type { AdministrativeTransaction } from '../access/journal';
import type { Account, Device, DeviceCredential } from '../store/generated/client';
import type { Secrets } from '../store/secrets';
import type { CredentialRow } from '../store/turn-load';
import { effectiveCredential, type AccountCredential, type Direction } from './credentials';

export interface DeviceAccount {
  readonly device: Device;
  readonly account: Account;
  /** The device's own rows. */
  readonly client: DeviceCredential | null;
  readonly server: DeviceCredential | null;
}

/**
 * Loads a device under its lock, so that no turn of it runs until the transaction ends; what waits for the lock reads
 * anew. Errors: NOT_FOUND.
 */
export async function lockDeviceAccount(tx: AdministrativeTransaction, deviceId: string): Promise<DeviceAccount> {
  const locked = await tx.device.updateMany({ where: { deviceId }, data: { updatedAt: new Date() } });
  const row =
    locked.count === 0 ? null : await tx.device.findUnique({ where: { deviceId }, include: { account: true } });
  if (row === null) throw notFound('device');
  const { account, ...device } = row;
  const own = await tx.deviceCredential.findMany({ where: { deviceId: device.id } });
  const of = (direction: Direction): DeviceCredential | null => own.find((one) => one.direction === direction) ?? null;
  return { device, account, client: of('CLIENT'), server: of('SERVER') };
}

/** What all devices of an account share, in clear text. */
export function accountKnowledge(secrets: Secrets, account: Account): AccountKnowledge {
  return knowledgeOf(secrets, { account, client: null, server: null });
}

/** Credentials that count, in clear text. */
export function knowledgeOf(
  secrets: Secrets,
  { account, client, server }: Pick<DeviceAccount, 'account' | 'client' | 'server'>,
): AccountKnowledge {
  const { serverId } = account;
  const effective = (direction: Direction, own: DeviceCredential | null): AccountKnowledge['clientAuth'] =>
    effectiveCredential(secrets, direction, ofAccount(account, direction), own && rowOf(own), serverId);
  return {
    serverId,
    autoRegister: account.autoRegister,
    clientAuth: effective('CLIENT', client),
    serverAuth: effective('SERVER', server),
  };
}

export function ofAccount(account: Account, direction: Direction): AccountCredential {
  return direction === 'CLIENT'
    ? { type: account.clientAuthType, username: account.clientUsername, secret: account.clientSecret }
    : { type: account.serverAuthType, username: account.serverUsername, secret: account.serverSecret };
}

export function protocolOf({ protocol }: Device): DmProtocol | undefined {
  return (protocol ?? undefined) as DmProtocol | undefined;
}

function rowOf(row: DeviceCredential): CredentialRow {
  const base64 = (octets: Uint8Array | null): string | null =>
    octets === null ? null : Buffer.from(octets).toString('base64');
  return {
    type: row.type,
    username: row.username,
    secret: row.secret,
    fingerprint: row.fingerprint,
    nonce: base64(row.nonce),
    previousNonce: base64(row.previousNonce),
    failures: row.failures,
    lockedUntil: row.lockedUntil?.toISOString() ?? null,
    refusals: row.refusals,
    resyncAt: row.resyncAt?.toISOString() ?? null,
    notifiedAt: row.notifiedAt?.toISOString() ?? null,
    notifiedSession: row.notifiedSession,
    notifiedBefore: row.notifiedBefore as CredentialRow['notifiedBefore'],
  };
}
