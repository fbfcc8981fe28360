/** What the connection proves of who is at its other end. */
import type { TLSSocket } from 'node:tls';

import type { FastifyRequest } from 'fastify';

import type { Inbound } from '../../adapters/adapter';

/** Headers by which a proxy says whom it speaks for. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via'];

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
  if (!('encrypted' in socket)) return peer;
  const { certSha256, certUris } = certificateOf(socket as TLSSocket);
  return {
    ...peer,
    ...(certSha256 === undefined ? {} : { certSha256 }),
    ...(certUris === undefined ? {} : { certUris }),
  };
}

export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}

/** The certificate's hash proves the key behind it whoever signed it; what is written in it counts only when a known CA signed. */
function certificateOf(socket: TLSSocket): { readonly certSha256?: string; readonly certUris?: readonly string[] } {
  const certificate = socket.getPeerCertificate() as Partial<ReturnType<TLSSocket['getPeerCertificate']>> | undefined;
  if (!certificate?.fingerprint256) return {};
  const certSha256 = certificate.fingerprint256.replace(/:/g, '').toLowerCase();
  if (!socket.authorized) return { certSha256 };
  const certUris = (certificate.subjectaltname ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice('URI:'.length));
  return { certSha256, certUris };
}
