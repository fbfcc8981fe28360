/**
 * Versions and cipher suites of the listener for devices.
 * Source: OMA-TS-DM_Protocol-V2_0, 9.2 (suites); dm2 section 17.
 */
import { constants, getDiffieHellman } from 'node:crypto';
import type { SecureContextOptions, SecureVersion } from 'node:tls';

/** What the specification wants of a server, with certificates. All are of TLS 1.2. */
export const X509_SUITES = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'DHE-RSA-AES128-GCM-SHA256',
  'AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA256',
  'DHE-RSA-AES128-SHA256',
  'AES128-SHA256',
] as const;

/** The same with a pre-shared key. */
export const PSK_SUITES = [
  'DHE-PSK-AES128-GCM-SHA256',
  'RSA-PSK-AES128-GCM-SHA256',
  'PSK-AES128-GCM-SHA256',
  'ECDHE-PSK-AES128-CBC-SHA256',
  'DHE-PSK-AES128-CBC-SHA256',
  'RSA-PSK-AES128-CBC-SHA256',
  'PSK-AES128-CBC-SHA256',
] as const;

/** TLS 1.3: the first also carries a pre-shared key, whose hash is SHA-256. */
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const;
/** What other clients of today take first. */
const MODERN_SUITES = [
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const;
/** TLS 1.0 and 1.1 have none of the above; OpenSSL allows their signatures at level 0 alone. */
const OLD_SUITES = ['ECDHE-RSA-AES128-SHA', 'DHE-RSA-AES128-SHA', 'AES128-SHA', '@SECLEVEL=0'] as const;

export interface SuiteOptions {
  readonly minVersion: SecureVersion;
  readonly psk: boolean;
}

/** Options of a secure context; the order is the server's. */
export function suiteOptions({ minVersion, psk }: SuiteOptions): SecureContextOptions {
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1';
  return {
    minVersion,
    honorCipherOrder: true,
    ciphers: [
      ...TLS13_SUITES,
      X509_SUITES[0],
      ...MODERN_SUITES,
      ...X509_SUITES.slice(1),
      ...(psk ? PSK_SUITES : []),
      ...(isOld ? OLD_SUITES : []),
    ].join(':'),
    dhparam: dhParameters(),
    // Without tickets, a TLS 1.3 handshake that reuses a key has proved a pre-shared one; and who proved to be somebody
    // stays that for as long as the connection lasts.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

let made: string | undefined;

/** The 2048-bit group of RFC 3526 as a PEM of PKCS #3: OpenSSL's own choice for pre-shared keys is shorter. */
export function dhParameters(): string {
  if (made !== undefined) return made;
  const prime = Buffer.concat([Buffer.of(0), getDiffieHellman('modp14').getPrime()]);
  const sequence = der(0x30, Buffer.concat([der(0x02, prime), der(0x02, Buffer.of(2))]));
  const lines = sequence.toString('base64').replace(/.{64}/g, '$&\n');
  made = `-----BEGIN DH PARAMETERS-----\n${lines}\n-----END DH PARAMETERS-----\n`;
  return made;
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const told = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...told), content]);
}
