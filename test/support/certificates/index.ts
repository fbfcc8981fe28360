/**
 * Certificates of tests, good for a hundred years: of servers (RSA, ECDSA, and one to change to), of a device that is known
 * by its fingerprint, and of one whose URI an authority vouches for.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type CertificateName = 'server-rsa' | 'server-ec' | 'server-next' | 'device-pinned' | 'device-named';

/** DevID in the certificate `device-named`. */
export const NAMED_DEVICE = 'urn:uuid:00000000-0000-4000-8000-000000000017';

export const certificatePath = (name: CertificateName | 'ca', kind: 'pem' | 'key' = 'pem'): string =>
  join(__dirname, `${name}.${kind}`);

/** As options of TLS. */
export function certificate(name: CertificateName): { readonly cert: string; readonly key: string } {
  const read = (kind: 'pem' | 'key'): string => readFileSync(certificatePath(name, kind), 'utf8');
  return { cert: read('pem'), key: read('key') };
}

/** SHA-256, lower-case hexadecimal. */
export function fingerprintOf(name: CertificateName): string {
  return new X509Certificate(certificate(name).cert).fingerprint256.replace(/:/g, '').toLowerCase();
}
