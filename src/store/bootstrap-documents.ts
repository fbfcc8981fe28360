/** Bootstrap documents at rest: sealed for their device, and found by the hash of their address alone. */
import { createHash } from 'node:crypto';

import type { Secrets } from './secrets';

/** The key under which a document is kept. */
export function bootstrapKey(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function sealBootstrap(secrets: Secrets, deviceKey: bigint, octets: Uint8Array): string {
  return secrets.encrypt(Buffer.from(octets).toString('base64'), bootstrapContext(deviceKey));
}

/** Undefined when another key sealed it, or for another device. */
export function openBootstrap(secrets: Secrets, deviceKey: bigint, sealed: string): Uint8Array | undefined {
  const base64 = secrets.decrypt(sealed, bootstrapContext(deviceKey));
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/** Where a document is kept, for {@link Secrets.encrypt}. */
export function bootstrapContext(deviceKey: bigint | string): string {
  return `bootstrap/${deviceKey}`;
}
