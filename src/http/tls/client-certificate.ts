/**
 * What a client certificate says: from the connection, or from a trusted proxy that ends TLS.
 * Source: RFC 9440 (Client-Cert); dm2 section 17.
 */
import { X509Certificate } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface ClientCertificate {
  /** SHA-256 of the certificate, lower-case hexadecimal: it proves the key behind it, whoever signed it. */
  readonly certSha256?: string;
  /** URIs in its subjectAltName; only where a known authority signed it. */
  readonly certUris?: readonly string[];
}

export function certificateOf(socket: TLSSocket): ClientCertificate {
  const certificate = socket.getPeerCertificate() as Partial<ReturnType<TLSSocket['getPeerCertificate']>> | undefined;
  if (!certificate?.fingerprint256) return {};
  const certSha256 = plainHex(certificate.fingerprint256);
  return socket.authorized ? { certSha256, certUris: urisOf(certificate.subjectaltname) } : { certSha256 };
}

/** What a caller's certificate says: its hash, and its subject where a known authority signed it. */
export interface SubjectCertificate {
  readonly sha256: string;
  /** As `CN=ops, O=Example`; special characters in a value stand behind a backslash. */
  readonly subject?: string;
}

export function subjectOf(socket: TLSSocket): SubjectCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : toldBy(certificate, socket.authorized);
}

/** The same of a header of a proxy, as `readForwarded` reads it. */
export function forwardedSubject(header: string | undefined, isVerified: boolean): SubjectCertificate | undefined {
  const certificate = header === undefined ? undefined : certificateIn(header);
  return certificate === undefined ? undefined : toldBy(certificate, isVerified);
}

function toldBy({ fingerprint256, subject }: X509Certificate, isVerified: boolean): SubjectCertificate {
  const sha256 = plainHex(fingerprint256);
  return isVerified ? { sha256, subject: subject.split('\n').join(', ') } : { sha256 };
}

function plainHex(fingerprint: string): string {
  return fingerprint.replace(/:/g, '').toLowerCase();
}

/** Names with special characters are JSON strings in it, so that none can pass for two. */
export function urisOf(subjectAltName: string | undefined): readonly string[] {
  const uris: string[] = [];
  for (const [, kind, quoted, plain = ''] of (subjectAltName ?? '').matchAll(
    /(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
  )) {
    if (kind === 'URI') uris.push(quoted === undefined ? plain : (JSON.parse(quoted) as string));
  }
  return uris;
}

const LONGEST_HEADER = 16_384;

/**
 * The certificate in a header of a proxy: `:BASE64:` of RFC 9440, or a percent-encoded PEM. Nothing for what is neither.
 *
 * @param isVerified whether the proxy passes on certificates of known authorities alone
 */
export function readForwarded(header: string | undefined, isVerified: boolean): ClientCertificate {
  const certificate = header === undefined ? undefined : certificateIn(header);
  if (certificate === undefined) return {};
  const certSha256 = plainHex(certificate.fingerprint256);
  return isVerified ? { certSha256, certUris: urisOf(certificate.subjectAltName) } : { certSha256 };
}

function certificateIn(header: string): X509Certificate | undefined {
  if (header === '' || header.length > LONGEST_HEADER) return undefined;
  try {
    const der = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(header.trim())?.[1];
    return new X509Certificate(der === undefined ? decodeURIComponent(header) : Buffer.from(der, 'base64'));
  } catch {
    return undefined;
  }
}

const NAMED_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Whether who is at the other end of a connection is one of the proxies of MOQL_TRUST_PROXY. */
export function trustOf(proxies: number | readonly string[] | undefined): (address: string) => boolean {
  if (proxies === undefined) return () => false;
  if (typeof proxies === 'number') return () => proxies > 0;
  const known = new BlockList();
  for (const network of proxies.flatMap((name) => NAMED_NETWORKS[name] ?? [name])) {
    const [address = '', bits] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    return known.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}
