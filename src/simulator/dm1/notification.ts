/** What a device makes of a notification that reached it. Source: dm1 16. */
import { RESYNC_NONCE } from '../../../adapters/dm1/credential';
import { readNotification, sessionIdOf, verifyNotification } from '../../../adapters/dm1/notification';
import type { SessionTrigger } from '../device';
import type { Dm1Device } from '../dm1-device';

export type WakeUp =
  | { readonly ok: true; readonly trigger: SessionTrigger }
  /** The device stays silent, as on anything that it cannot verify. */
  | { readonly ok: false; readonly reason: string };

/**
 * Judges a notification by the device's account and gives how the session begins. One made with the nonce for
 * resynchronisation sets both nonces to it (16.5).
 */
export function wakeUpOf(device: Dm1Device, octets: Uint8Array): WakeUp {
  const read = readNotification(octets);
  if (!read.ok) return { ok: false, reason: read.message };
  const { serverUser, serverSecret } = device.options;
  const { serverId, sessionNo } = read.value;
  if (serverId !== serverUser || serverSecret === undefined)
    return { ok: false, reason: `${serverId} is no server of mine` };
  const memory = device.save();
  const nonce = Buffer.from(memory.serverNonce ?? '', 'base64');
  const fits = (tried: Uint8Array): boolean => verifyNotification(octets, serverId, serverSecret, [tried]);
  if (!fits(nonce)) {
    const special = Object.values(RESYNC_NONCE).find(fits);
    if (special === undefined) return { ok: false, reason: 'the digest does not fit' };
    const text = Buffer.from(special).toString('base64');
    device.load({ ...memory, clientNonce: text, serverNonce: text });
  }
  return { ok: true, trigger: { initiatedBy: 'server', sessionId: sessionIdOf(sessionNo) } };
}
