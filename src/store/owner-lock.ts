import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';

/**
 * Exclusive ownership of a data directory by one process.
 *
 * Each process that wants it listens on a Unix socket of its own in `<dataDir>/owner/`, named `<ticket>.<pid>.sock`, and
 * then connects to every other socket there. A socket whose process ended, however it ended, refuses at once; so nothing
 * stale can be taken for an owner, whatever process has its pid now, and nothing living for stale. Who is connected to says
 * `owner`, or `gone` when it gives way. Of two that still try, the one with the higher ticket gives way, and the lower
 * waits to hear it. Since each shows its socket before it looks, no two can miss each other.
 *
 * The directory must be on a disk of this machine: sockets do not reach over a network file system.
 */
export interface Ownership {
  readonly dataDir: string;
  /** May be called twice. */
  release(): Promise<void>;
}

export type OwnerLockErrorCode =
  /** Another process owns the directory. */
  | 'DATA_DIR_IN_USE'
  /** The directory cannot be written, or its file system has no sockets. */
  | 'DATA_DIR_UNUSABLE';

export class OwnerLockError extends Error {
  override readonly name = 'OwnerLockError';

  constructor(
    readonly code: OwnerLockErrorCode,
    message: string,
    /** The owner's process id, as it sees itself. */
    readonly ownerPid?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A process that accepts but says nothing for so long is alive and busy; it counts as the owner. */
const ANSWER_TIMEOUT_MS = 5_000;

/** Linux allows 107 octets in a socket's address, macOS 103. */
const SOCKET_PATH_MAX_OCTETS = 100;

const SOCKET_NAME = /^([0-9]{15}-[0-9a-f]{16})\.([0-9]{1,10})\.sock$/;

/**
 * Takes the ownership, or throws OwnerLockError. It ends with `release` or with the process.
 */
export async function acquireOwnership(dataDir: string): Promise<Ownership> {
  const directory = join(dataDir, 'owner');
  const ticket = `${String(Date.now()).padStart(15, '0')}-${randomBytes(8).toString('hex')}`;
  const name = `${ticket}.${process.pid}.sock`;
  let claim: Claim;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    claim = await Claim.show(directory, name);
  } catch (error) {
    throw new OwnerLockError('DATA_DIR_UNUSABLE', `${dataDir} cannot be used: ${String(error)}`, undefined, {
      cause: error,
    });
  }
  const rival = await findRival(directory, name, ticket);
  if (rival !== undefined) {
    await claim.withdraw();
    throw new OwnerLockError(
      'DATA_DIR_IN_USE',
      `${dataDir} is in use by process ${rival}; only one may use it at a time`,
      rival,
    );
  }
  claim.win();
  return { dataDir, release: () => claim.withdraw() };
}

/** The pid of a process that has the directory or will have it rather than we; removes what ended processes left. */
async function findRival(directory: string, ownName: string, ownTicket: string): Promise<number | undefined> {
  for (const name of readdirSync(directory)) {
    const [, ticket, pid] = SOCKET_NAME.exec(name) ?? [];
    if (ticket === undefined || name === ownName) continue;
    const answer = await ask(directory, name, ticket > ownTicket);
    if (answer === 'dead') rmSync(join(directory, name), { force: true });
    if (answer === 'owner' || answer === 'trying') return Number(pid);
  }
  return undefined;
}

type Answer = 'owner' | 'trying' | 'gone' | 'dead';

/** @param waits whether to wait until one that still tries has come to an end */
async function ask(directory: string, name: string, waits: boolean): Promise<Answer> {
  const address = addressOf(directory, name);
  try {
    return await new Promise<Answer>((resolve) => {
      const socket = createConnection(address.path);
      let text = '';
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(answer);
      };
      const timer = setTimeout(() => settle('owner'), ANSWER_TIMEOUT_MS);
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('owner')) settle('owner');
        else if (text.includes('gone')) settle('gone');
        else if (!waits && text.includes('trying')) settle('trying');
      });
      // Closed without a last word: it ended while we were connected.
      socket.on('close', () => settle('gone'));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') settle('dead');
        else if (error.code === 'ENOENT' || error.code === 'ECONNRESET' || error.code === 'EPIPE') settle('gone');
        else settle('owner'); // no right to connect, or a full queue: somebody is there
      });
    });
  } finally {
    address.close();
  }
}

/** This process' own socket, shown to the others. */
class Claim {
  private state: 'trying' | 'owner' | 'gone' = 'trying';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly path: string,
  ) {
    server.on('connection', (socket) => this.answer(socket));
  }

  /** Listens first and takes the name after, so that a socket that is seen and refuses is a dead one. */
  static async show(directory: string, name: string): Promise<Claim> {
    const draft = `${name}.new`;
    const server = createServer();
    const claim = new Claim(server, join(directory, name));
    const address = addressOf(directory, draft);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address.path, resolve);
      });
      renameSync(join(directory, draft), join(directory, name));
    } finally {
      address.close();
    }
    server.unref();
    return claim;
  }

  win(): void {
    this.state = 'owner';
    for (const socket of this.sockets) socket.end('owner\n');
  }

  async withdraw(): Promise<void> {
    if (this.state === 'gone') return;
    this.state = 'gone';
    rmSync(this.path, { force: true });
    for (const socket of this.sockets) {
      socket.write('gone\n');
      socket.destroySoon(); // not `end`: a rival that was stopped would keep us from closing
    }
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private answer(socket: Socket): void {
    this.sockets.add(socket);
    socket.unref();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    if (this.state === 'trying') socket.write('trying\n');
    else socket.end(`${this.state}\n`);
  }
}

/**
 * An address for a socket in `directory`. Where the path is too long for one, Linux offers the open directory as a short
 * path, good until `close`.
 */
function addressOf(directory: string, name: string): { readonly path: string; close(): void } {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= SOCKET_PATH_MAX_OCTETS || process.platform !== 'linux') {
    return { path, close: () => undefined };
  }
  const open = openSync(directory, 'r');
  return { path: `/proc/self/fd/${open}/${name}`, close: () => closeSync(open) };
}
