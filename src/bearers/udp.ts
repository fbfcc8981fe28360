/** Wake-up by a datagram: the connectionless WSP push itself. Source: dm1 16, dm2 3.5 (port 2948). */
import { createSocket, type Socket } from 'node:dgram';

import { Networks, readUdpAddress, type UdpTarget } from './address';
import {
  failed,
  reasonOf,
  refused,
  type Bearer,
  type BearerLog,
  type BearerOutcome,
  type Push,
  type Recipient,
} from './bearer';

export interface UdpSettings {
  /** Where datagrams may go. */
  readonly networks: readonly string[];
  readonly port: number;
  /** Whether a device may have a port of its own. */
  readonly devicePorts: boolean;
}

export class UdpBearer implements Bearer {
  readonly kind = 'udp';
  readonly #networks: Networks;
  readonly #sockets = new Map<UdpTarget['family'], Socket>();

  constructor(
    readonly name: string,
    private readonly settings: UdpSettings,
    private readonly log: BearerLog,
  ) {
    this.#networks = new Networks(settings.networks);
  }

  /** What speaks against a device's address; undefined: nothing. */
  objectionTo(text: string): string | undefined {
    const target = readUdpAddress(text);
    if (target === undefined) return 'is no address such as 192.0.2.1, 192.0.2.1:2948 or [2001:db8::1]:2948';
    if (!this.#networks.has(target)) return `lies outside of the networks of the bearer ${this.name}`;
    const { port = this.settings.port } = target;
    if (port !== this.settings.port && !this.settings.devicePorts)
      return `has port ${port}, and the bearer ${this.name} sends to port ${this.settings.port} alone`;
    return undefined;
  }

  async send(push: Push, { udpAddress }: Recipient, signal: AbortSignal): Promise<BearerOutcome> {
    if (udpAddress === undefined) return refused('the device has no udpAddress');
    // The networks may be others than when the address was stored.
    const objection = this.objectionTo(udpAddress);
    const target = readUdpAddress(udpAddress);
    if (objection !== undefined || target === undefined) return refused(`its udpAddress ${objection ?? ''}`);
    if (signal.aborted) return failed('the gateway is being stopped');
    try {
      await this.#datagram(target, push.wsp);
      return { outcome: 'ACCEPTED' };
    } catch (error) {
      return failed(reasonOf(error));
    }
  }

  #datagram({ address, family, port = this.settings.port }: UdpTarget, octets: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket(family).send(octets, port, address, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  #socket(family: UdpTarget['family']): Socket {
    const open = this.#sockets.get(family);
    if (open !== undefined) return open;
    const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
    socket.unref();
    // The next datagram gets a new one.
    socket.on('error', (error) => {
      this.log.warn({ bearer: this.name, reason: reasonOf(error) }, 'a UDP socket broke');
      if (this.#sockets.get(family) === socket) this.#sockets.delete(family);
      socket.close();
    });
    this.#sockets.set(family, socket);
    return socket;
  }

  async close(): Promise<void> {
    const open = [...this.#sockets.values()];
    this.#sockets.clear();
    await Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
  }
}
