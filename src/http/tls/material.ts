/** Certificates and keys of the listeners: PEM files, read at the start and again when they change. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

export interface TlsPaths {
  /** Chains, such as one of RSA and one of ECDSA, and the key of each in the same order. */
  readonly cert: readonly string[];
  readonly key: readonly string[];
  /** Authorities of client certificates. */
  readonly ca?: string;
}

export type TlsMaterial = Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>;

/** A file that cannot be read, or a key that is not its certificate's. The message begins with the variable's name. */
export class TlsMaterialError extends Error {
  override readonly name = 'TlsMaterialError';
}

/** Throws TlsMaterialError. */
export function readMaterial({ cert, key, ca }: TlsPaths): TlsMaterial {
  const material = {
    cert: cert.map((path) => read('MOQL_TLS_CERT', path)),
    key: key.map((path) => read('MOQL_TLS_KEY', path)),
    ...(ca === undefined ? {} : { ca: read('MOQL_TLS_CA', ca) }),
  };
  // Each pair by itself: a key that is another certificate's shows there.
  for (const [index, chain] of material.cert.entries()) {
    try {
      createSecureContext({ cert: chain, key: material.key[index] });
    } catch (error) {
      throw new TlsMaterialError(`MOQL_TLS_CERT, MOQL_TLS_KEY: ${cert[index] ?? ''}: ${reasonOf(error)}`);
    }
  }
  try {
    createSecureContext(material.ca === undefined ? {} : { ca: material.ca });
  } catch (error) {
    throw new TlsMaterialError(`MOQL_TLS_CA: ${reasonOf(error)}`);
  }
  return material;
}

function read(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TlsMaterialError(`${variable}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Calls back when one of the files is another one than before. It looks at them, for what replaces a file (a rename, a
 * link that is put elsewhere) is not told everywhere.
 *
 * @returns ends it
 */
export function watchMaterial({ cert, key, ca }: TlsPaths, everyMs: number, changed: () => void): () => void {
  const paths = [...cert, ...key, ...(ca === undefined ? [] : [ca])];
  const look = (): string => paths.map(stampOf).join('\n');
  let before = look();
  const timer = setInterval(() => {
    const now = look();
    if (now === before) return;
    before = now;
    changed();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function stampOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
}
