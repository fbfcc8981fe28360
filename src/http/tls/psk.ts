/**
 * TLS with pre-shared keys: which key belongs to an identity, and whether a connection has proved its own.
 * Source: RFC 4279; OMA-TS-DM_Protocol-V2_0, 9; dm2 section 17.
 */
import type { Server, TLSSocket, TlsOptions } from 'node:tls';

/** Key of an identity; undefined: nobody has it. It is asked in the middle of a handshake and cannot wait. */
export type PskLookup = (identity: string) => Uint8Array | undefined;

const LONGEST_IDENTITY = 255;

/** Identities that clients named; nothing is proved by that. */
const named = new WeakMap<TLSSocket, string>();
const proved = new WeakMap<TLSSocket, string>();

export function pskOptions(lookup: PskLookup): Pick<TlsOptions, 'pskCallback'> {
  return {
    pskCallback(socket, identity) {
      const key = identity.length > LONGEST_IDENTITY ? undefined : lookup(identity);
      if (key === undefined) return null;
      named.set(socket, identity);
      return key;
    },
  };
}

/**
 * Notes what each handshake proved, once and for as long as the connection lasts. A client may name an identity and then
 * take a suite without pre-shared keys: its handshake succeeds and proves nothing.
 */
export function watchIdentities(server: Server): void {
  server.on('secureConnection', (socket) => {
    const identity = named.get(socket);
    if (identity !== undefined && isByKey(socket)) proved.set(socket, identity);
  });
}

/** TLS 1.2 tells by its suite; TLS 1.3 by reuse, for there are no tickets here that could be reused besides. */
function isByKey(socket: TLSSocket): boolean {
  return socket.getProtocol() === 'TLSv1.3' ? socket.isSessionReused() : /(?:^|-)PSK-/.test(socket.getCipher().name);
}

/** The identity whose key the connection's handshake proved. */
export function pskIdentityOf(socket: TLSSocket): string | undefined {
  return proved.get(socket);
}
