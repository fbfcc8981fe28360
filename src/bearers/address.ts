/** Where a datagram may go: addresses of devices, held against the networks that the configuration allows. */
import { BlockList, isIP } from 'node:net';

export interface UdpTarget {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Absent: the bearer's. */
  readonly port?: number;
}

const WITH_PORT = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):([1-9][0-9]{0,4})$/;

/**
 * Reads `192.0.2.1`, `192.0.2.1:2948`, `2001:db8::1` or `[2001:db8::1]:2948`. Undefined for anything else: names, zones, IPv4
 * written in other ways or inside IPv6.
 */
export function readUdpAddress(text: string): UdpTarget | undefined {
  const [, v6, v4, portText] = WITH_PORT.exec(text) ?? [];
  const address = v6 ?? v4 ?? text;
  const port = portText === undefined ? undefined : Number(portText);
  const version = isIP(address);
  const isOther = version === 0 || address.includes('%') || (version === 6 && address.includes('.'));
  if (isOther || (v6 !== undefined && version !== 6) || (port !== undefined && port > 65_535)) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  // Addresses that stand for IPv4 ones: what they reach lies in networks of IPv4.
  if (family === 'ipv6' && MAPPED.check(address, 'ipv6')) return undefined;
  return { address, family, ...(port === undefined ? {} : { port }) };
}

const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');
MAPPED.addSubnet('64:ff9b::', 96, 'ipv6');
MAPPED.addSubnet('2002::', 16, 'ipv6');

/** Networks such as `10.0.0.0/8`, or single addresses. They were checked with the configuration. */
export class Networks {
  readonly #allowed = new BlockList();

  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#allowed.addAddress(address, family);
      else this.#allowed.addSubnet(address, Number(bits), family);
    }
  }

  has({ address, family }: UdpTarget): boolean {
    return this.#allowed.check(address, family);
  }
}
