/** What the connection proves of who is at its other end. */
import type { TLSSocket } from 'node:tls';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Inbound } from '../../adapters/adapter';
import { certificateOf, readForwarded, type ClientCertificate } from './tls/client-certificate';
import { pskIdentityOf } from './tls/psk';

/** Headers by which a proxy says whom it speaks for. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via'];

/** How a proxy that ends TLS hands on the certificate of a device. */
export interface ForwardedCertificates {
  /** Lower case. */
  readonly header: string;
  /** Whether the proxy passes on certificates of known authorities alone. */
  readonly isVerified: boolean;
  /** Whether an address is that of such a proxy. */
  readonly trusts: (address: string) => boolean;
}

const forwarding = new WeakMap<object, ForwardedCertificates>();

/** From now on certificates count that trusted proxies hand on to this listener. */
export function takeForwarded(app: FastifyInstance, certificates: ForwardedCertificates): void {
  forwarding.set(app.server, certificates);
}

/**
 * `secure` and the address behind it take a trusted proxy's word (MOQL_TRUST_PROXY). Loopback counts only when nothing
 * says that the request was forwarded: a proxy on this machine speaks for the whole world.
 */
export function peerOf(request: FastifyRequest): Inbound['peer'] {
  const { socket } = request.raw;
  const isForwarded = FORWARDING.some((name) => request.headers[name] !== undefined);
  const peer = {
    secure: request.protocol === 'https',
    loopback: !isForwarded && isLoopback(socket.remoteAddress ?? ''),
  };
  const proxy = forwarding.get(request.server.server);
  // What a proxy proves of itself says nothing of the device behind it.
  if (proxy?.trusts(socket.remoteAddress ?? '') === true) return { ...peer, ...forwardedBy(request, proxy) };
  if (!('encrypted' in socket)) return peer;
  const pskIdentity = pskIdentityOf(socket as TLSSocket);
  return {
    ...peer,
    ...certificateOf(socket as TLSSocket),
    ...(pskIdentity === undefined ? {} : { pskIdentity }),
  };
}

function forwardedBy(request: FastifyRequest, { header, isVerified }: ForwardedCertificates): ClientCertificate {
  const told = request.headers[header];
  return readForwarded(Array.isArray(told) ? told.join(', ') : told, isVerified);
}

export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}
