/**
 * Digests that a sender gives along with a body, and those of what came.
 * Source: RFC 9530 (Content-Digest, Repr-Digest), RFC 3230 (Digest), RFC 1864 (Content-MD5).
 */
import { createHash, type Hash } from 'node:crypto';

type Algorithm = 'sha256' | 'sha512' | 'md5';

const ALGORITHMS: Readonly<Record<string, Algorithm>> = { 'sha-256': 'sha256', 'sha-512': 'sha512', md5: 'md5' };
const LONGEST_HEADER = 1024;

export interface GivenDigest {
  readonly header: string;
  readonly algorithm: Algorithm;
  /** Base64. */
  readonly value: string;
}

/** Digests of algorithms that are known here; others say nothing. */
export function givenDigests(headers: Readonly<Record<string, string | undefined>>): readonly GivenDigest[] {
  const found: GivenDigest[] = [];
  const md5 = headers['content-md5'];
  if (md5 !== undefined) found.push({ header: 'Content-MD5', algorithm: 'md5', value: md5.trim() });
  for (const [name, header] of [
    ['digest', 'Digest'],
    ['content-digest', 'Content-Digest'],
    ['repr-digest', 'Repr-Digest'],
  ] as const) {
    for (const piece of (headers[name] ?? '').slice(0, LONGEST_HEADER).split(',')) {
      const [, label = '', value = ''] = /^\s*([A-Za-z0-9-]{1,16})=(.*?)\s*$/.exec(piece) ?? [];
      const algorithm = ALGORITHMS[label.toLowerCase()];
      if (algorithm !== undefined) found.push({ header, algorithm, value: value.replace(/^:(.*):$/, '$1') });
    }
  }
  return found;
}

/** Hashes a body as it comes: SHA-256, and whatever its sender gave a digest of. */
export class BodyDigests {
  readonly #hashes = new Map<Algorithm, Hash>();

  constructor(private readonly given: readonly GivenDigest[]) {
    for (const algorithm of new Set<Algorithm>(['sha256', ...given.map((one) => one.algorithm)]))
      this.#hashes.set(algorithm, createHash(algorithm));
  }

  update(piece: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(piece);
  }

  /** SHA-256 in hexadecimal, and the header whose digest is another than that of what came. */
  finish(): { readonly sha256: string; readonly wrong?: string } {
    const made = new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.digest()]));
    const sha256 = made.get('sha256')?.toString('hex') ?? '';
    const wrong = this.given.find(({ algorithm, value }) => made.get(algorithm)?.toString('base64') !== value);
    return wrong === undefined ? { sha256 } : { sha256, wrong: wrong.header };
  }
}
