/** Options of `moql simulate` about TLS: whom devices trust, and what they prove themselves with below HTTP. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { httpTransport, type HttpTransportOptions, type Transport } from '../simulator';
import { UsageError } from './command';

const text = { type: 'string' } as const;

/** For `parseArgs`. */
export const TLS_ARGUMENTS = {
  'tls-ca': text,
  'tls-cert': text,
  'tls-key': text,
  'psk-identity': text,
  'psk-key': text,
} as const;

export type TlsValues = { readonly [name in keyof typeof TLS_ARGUMENTS]?: string | undefined };

/** The part of `--help` about TLS. */
export const TLS_HELP = `TLS, where the address is https:
  --tls-ca FILE              authorities that they trust besides those of Node.js: certificates, PEM
  --tls-cert FILE, --tls-key FILE
                             their client certificate and its private key, PEM; with --auth none it is all that they show
  --psk-identity TEXT, --psk-key HEX
                             their pre-shared key (TLS-PSK) in place of certificates; by it they know the server too`;

/** How devices reach their server; undefined: as anybody does. Errors: UsageError. */
export function tlsTransport(values: TlsValues): (Transport & { readonly close: () => void }) | undefined {
  const { 'tls-ca': ca, 'tls-cert': cert, 'tls-key': key, 'psk-identity': identity, 'psk-key': hex } = values;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key go together');
  if ((identity === undefined) !== (hex === undefined))
    throw new UsageError('--psk-identity and --psk-key go together');
  if (identity !== undefined && (ca ?? cert) !== undefined)
    throw new UsageError('--psk-identity excludes --tls-ca and --tls-cert');
  if ((ca ?? cert ?? identity) === undefined) return undefined;
  const tls: HttpTransportOptions['tls'] = {
    ...(ca === undefined ? {} : { ca: pem('tls-ca', ca, (read) => new X509Certificate(read)) }),
    ...(cert === undefined ? {} : { cert: pem('tls-cert', cert, (read) => new X509Certificate(read)) }),
    ...(key === undefined ? {} : { key: pem('tls-key', key, (read) => createPrivateKey(read)) }),
    ...(identity === undefined ? {} : { psk: { identity, key: octets(hex ?? '') } }),
  };
  return httpTransport({ tls });
}

/** The file, which `check` must be able to read. */
function pem(name: keyof typeof TLS_ARGUMENTS, path: string, check: (read: string) => unknown): string {
  try {
    const read = readFileSync(path, 'utf8');
    check(read);
    return read;
  } catch (error) {
    throw new UsageError(`--${name} ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function octets(hex: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2}){1,64}$/i.test(hex))
    throw new UsageError('--psk-key: 1 to 64 octets, two hexadecimal digits each');
  return Buffer.from(hex, 'hex');
}
