/** A simulated device that hears wake-ups: pushes in datagrams, as on port 2948 of a device. Source: dm1 16, dm2 3.5. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { readDmPush } from '../../adapters/wap/push';
import type { SessionTrigger } from './device';
import { wakeUpOf } from './dm1/notification';
import type { Dm1Device } from './dm1-device';
import { wakeUpOfPackage0 } from './dm2/notification';
import type { Dm2Device } from './dm2-device';

export interface WakeUpListener {
  /** `ADDRESS:PORT`, as `udpAddress` of a device takes it. */
  readonly address: string;
  close(): Promise<void>;
}

/** What a device makes of a datagram. It stays silent on anything that it cannot believe. */
export type Woken =
  { readonly ok: true; readonly trigger: SessionTrigger } | { readonly ok: false; readonly reason: string };

/** Judges a datagram by the device's account: the push, then the notification and its digest. */
export function wokenBy(device: Dm1Device | Dm2Device, datagram: Uint8Array, now = Date.now()): Woken {
  const octets = readDmPush(datagram);
  if (octets === undefined) return { ok: false, reason: 'it is no push for device management' };
  return device.protocol === 'dm1' ? wakeUpOf(device, octets) : wakeUpOfPackage0(device, octets, now);
}

/**
 * Listens until it is closed.
 *
 * @param port 0: any
 * @param tell called with each datagram and what the device makes of it
 */
export async function listenForWakeUps(
  device: Dm1Device | Dm2Device,
  { host, port }: { readonly host: string; readonly port: number },
  tell: (woken: Woken) => void,
  now: () => number = Date.now,
): Promise<WakeUpListener> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (datagram) => tell(wokenBy(device, new Uint8Array(datagram), now())));
  socket.bind(port, host);
  await once(socket, 'listening');
  const bound = socket.address();
  return {
    address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}
