/** What a DM 2.0 device makes of a Package#0 that reached it. Source: dm2 3. */
import { readPackage0, verifyPackage0 } from '../../../adapters/dm2/notification';
import type { PreferredConnection } from '../../../adapters/adapter';
import type { SessionTrigger } from '../device';
import type { Dm2Device } from '../dm2-device';

export type Dm2WakeUp =
  | { readonly ok: true; readonly trigger: SessionTrigger; readonly connections: readonly PreferredConnection[] }
  /** The device stays silent. */
  | { readonly ok: false; readonly reason: string };

/** How old a notification may be, seconds. */
const OLDEST_SECONDS = 7 * 24 * 3600;

/**
 * Judges a notification by the device's account, and remembers its NOTIFICATION-ID, so that the next one like it is
 * dropped as a duplicate.
 *
 * @param now milliseconds since 1970
 */
export function wakeUpOfPackage0(device: Dm2Device, octets: Uint8Array, now = Date.now()): Dm2WakeUp {
  const read = readPackage0(octets);
  if (!read.ok) return { ok: false, reason: read.message };
  const { serverId, notificationId, timestamp, connections = [], requestsMos, isSigned } = read.value;
  const { options } = device;
  if (serverId !== undefined && serverId !== options.serverId)
    return { ok: false, reason: `${serverId} is no server of mine` };
  const auth = options.notification;
  // Whoever has no secret of the server cannot tell whose a signed notification is.
  if (isSigned && (auth === undefined || !verifyPackage0(octets, auth)))
    return { ok: false, reason: 'the digest does not fit' };
  if (timestamp !== undefined && now / 1000 - timestamp > OLDEST_SECONDS) return { ok: false, reason: 'it is too old' };
  if (notificationId !== undefined && device.isNotified(notificationId))
    return { ok: false, reason: `it came already as ${notificationId}` };
  return {
    ok: true,
    connections,
    trigger: { initiatedBy: 'server', requestsMos, ...(notificationId === undefined ? {} : { notificationId }) },
  };
}
