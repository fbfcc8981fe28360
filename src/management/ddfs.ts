/** The store's DDFs, and the library made of them: the store alone decides what MO types are known. */
import { AsyncResource } from 'node:async_hooks';
import { createHash } from 'node:crypto';

import { DdfLibrary } from '../../schema/ddf/library';
import type { DdfDocument } from '../../schema/ddf/model';
import { readDdf } from '../../schema/ddf/read';
import { afterKey, badInput, findDatabaseKey, getDatabaseKey, notFound, pageOf } from '../access/inputs';
import { administer, isUniqueViolation, recordChange } from '../access/journal';
import type { Database } from '../store/database';
import type { Ddf } from '../store/generated/client';
import { ManagementError, type Caller, type Ddfs, type DdfView } from './types';

/** A DDF as a file gives it: `name` for messages, such as the file's. */
export interface DdfFile {
  readonly name: string;
  readonly text: string;
}

export interface DdfsDeps {
  readonly db: Database;
  readonly log: { warn(detail: object, message: string): void };
}

export interface RunningDdfs extends Ddfs {
  /**
   * Brings the store in line with what is shipped and adds what a directory holds, then begins to hear of changes by other
   * processes. Shipped files that were replaced by newer ones go; files of a directory stay when they vanish from it.
   */
  start(files: { readonly catalogue: readonly DdfFile[]; readonly directory: readonly DdfFile[] }): Promise<void>;
  stop(): void;
}

type Guard = Parameters<Ddfs['setGuard']>[0];
type Origin = DdfView['origin'];
type Input = Parameters<Ddfs['add']>[0];

/** A stored DDF without its source, and what its source says. */
interface Entry {
  readonly id: bigint;
  readonly sha256: string;
  readonly name: string | null;
  readonly document: DdfDocument;
}

/** Told after the store's DDFs changed; the payload is empty. */
const DDF_CHANNEL = 'moql_ddf';
/** Readers look again in case a notification was lost. */
const LOOK_AGAIN_MS = 30_000;
const TYPE_NAME = /^[A-Z][A-Za-z0-9]{0,63}$/;

export function createDdfs(deps: DdfsDeps): RunningDdfs {
  return new StoredDdfs(deps);
}

class StoredDdfs implements RunningDdfs {
  readonly #db: Database;
  readonly #log: DdfsDeps['log'];
  readonly #listeners = new Set<() => void>();
  #entries: readonly Entry[] = [];
  #library = new DdfLibrary();
  #names: Readonly<Record<string, string>> = {};
  #guard: Guard | undefined;
  /** One change or look at the store after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #unlisten: (() => void) | undefined;
  #tick: NodeJS.Timeout | undefined;

  constructor(deps: DdfsDeps) {
    this.#db = deps.db;
    this.#log = deps.log;
  }

  async start(files: Parameters<RunningDdfs['start']>[0]): Promise<void> {
    // Bound to the context of the start: a notification may be delivered while some transaction runs.
    const lookAgain = AsyncResource.bind((): void => {
      this.#inTurn(() => this.#reload()).catch((err: unknown) =>
        this.#log.warn({ err }, 'the DDFs could not be read again'),
      );
    });
    this.#unlisten = await this.#db.listen(DDF_CHANNEL, lookAgain);
    await this.#inTurn(async () => {
      const changed = [
        await this.#storeCatalogue(files.catalogue),
        await this.#storeFiles(files.directory, 'DIRECTORY'),
      ];
      await this.#reload();
      if (changed.includes(true)) this.#db.notify(DDF_CHANNEL, '');
    });
    this.#tick = setInterval(lookAgain, LOOK_AGAIN_MS);
    this.#tick.unref();
  }

  stop(): void {
    this.#unlisten?.();
    clearInterval(this.#tick);
  }

  library(): DdfLibrary {
    return this.#library;
  }

  names(): Readonly<Record<string, string>> {
    return this.#names;
  }

  /** Errors: DDF_REFUSED with `line`, `column` and `reason`; BAD_USER_INPUT (name); what the guard refuses. */
  async add(input: Input, caller: Caller): Promise<DdfView> {
    const document = read(input.source);
    const name = checkTypeName(input.name);
    const sha256 = hashOf(input.source);
    return this.#inTurn(async () => {
      const known = await this.#db.prisma.ddf.findUnique({ where: { sha256 } });
      if (known !== null) return viewOf(known, document);
      this.#check([...this.#entries, { id: 0n, sha256, name, document }]);
      if (input.dryRun === true) return draftView(input.source, sha256, name, document);
      return this.#changing(async () => {
        const row = await administer(this.#db, async (tx) => {
          const made = await tx.ddf.create({
            data: { ...columnsOf(input.source, sha256, document), name, origin: 'API', addedBy: caller.principal },
          });
          await recordChange(tx, { type: 'ddfAdded', caller, data: { ddf: String(made.id), moids: made.moids } });
          return made;
        });
        return viewOf(row, document);
      });
    });
  }

  /** The same DDF with another source: its id stays, its origin is API from then on. Errors: as for add, NOT_FOUND, ALREADY_EXISTS. */
  async replace(id: string, input: Input, caller: Caller): Promise<DdfView> {
    const key = getDatabaseKey('DDF', id);
    const document = read(input.source);
    const asked = checkTypeName(input.name);
    const sha256 = hashOf(input.source);
    return this.#inTurn(async () => {
      const before = await this.#getRow(key);
      const twin = await this.#db.prisma.ddf.findUnique({ where: { sha256 }, select: { id: true } });
      if (twin !== null && twin.id !== key)
        throw new ManagementError('ALREADY_EXISTS', 'another DDF has this very source', { ddf: String(twin.id) });
      const name = asked ?? before.name;
      this.#check([...this.#entries.filter((entry) => entry.id !== key), { id: key, sha256, name, document }]);
      if (input.dryRun === true) return draftView(input.source, sha256, name, document);
      return this.#changing(async () => {
        const row = await administer(this.#db, async (tx) => {
          const data = {
            ...columnsOf(input.source, sha256, document),
            name,
            origin: 'API',
            addedBy: caller.principal,
            addedAt: new Date(),
          };
          const after = await tx.ddf.update({ where: { id: key }, data });
          await recordChange(tx, { type: 'ddfReplaced', caller, data: { ddf: id, moids: after.moids } });
          return after;
        });
        return viewOf(row, document);
      });
    });
  }

  /** Types go, data stay. One that is shipped comes back at the next start. */
  async remove(id: string, caller: Caller): Promise<DdfView> {
    const key = getDatabaseKey('DDF', id);
    return this.#inTurn(async () => {
      const row = await this.#getRow(key);
      this.#check(this.#entries.filter((entry) => entry.id !== key));
      return this.#changing(async () => {
        await administer(this.#db, async (tx) => {
          await tx.ddf.deleteMany({ where: { id: key } });
          await recordChange(tx, { type: 'ddfRemoved', caller, data: { ddf: id, moids: row.moids } });
        });
        return this.#viewOf(row);
      });
    });
  }

  async get(id: string): Promise<DdfView | null> {
    const key = findDatabaseKey(id);
    const row = key === undefined ? null : await this.#db.prisma.ddf.findUnique({ where: { id: key } });
    return row === null ? null : this.#viewOf(row);
  }

  async list(first: number, after?: string): ReturnType<Ddfs['list']> {
    const rows = await this.#db.prisma.ddf.findMany({
      where: { id: afterKey(after) },
      orderBy: { id: 'asc' },
      take: first + 1,
    });
    return pageOf(rows, first, (row) => this.#viewOf(row));
  }

  onChange(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  setGuard(guard: Guard): void {
    this.#guard = guard;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #check(entries: readonly Entry[]): void {
    this.#guard?.(libraryOf(entries), namesOf(entries));
  }

  /** Changes the store, makes the library anew and tells the other processes. */
  async #changing(work: () => Promise<DdfView>): Promise<DdfView> {
    try {
      const view = await work();
      await this.#reload();
      this.#db.notify(DDF_CHANNEL, '');
      return view;
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ManagementError('ALREADY_EXISTS', 'another process stored this very source meanwhile');
      throw error;
    }
  }

  async #getRow(key: bigint): Promise<Ddf> {
    const row = await this.#db.prisma.ddf.findUnique({ where: { id: key } });
    if (row === null) throw notFound('DDF');
    return row;
  }

  async #storeCatalogue(files: readonly DdfFile[]): Promise<boolean> {
    const shipped = files.map((file) => hashOf(file.text));
    const { count } = await this.#db.prisma.ddf.deleteMany({
      where: { origin: 'CATALOGUE', sha256: { notIn: shipped } },
    });
    return (await this.#storeFiles(files, 'CATALOGUE')) || count > 0;
  }

  /** A file that cannot be read is told in the log and left out: one bad file must not keep the gateway from starting. */
  async #storeFiles(files: readonly DdfFile[], origin: Origin): Promise<boolean> {
    const known = await this.#db.prisma.ddf.findMany({
      where: { sha256: { in: files.map((file) => hashOf(file.text)) } },
      select: { sha256: true },
    });
    const hashes = new Set(known.map((row) => row.sha256));
    const data = files.flatMap((file) => {
      const sha256 = hashOf(file.text);
      if (hashes.has(sha256)) return [];
      hashes.add(sha256);
      const result = readDdf(file.text);
      if (result.ok) return [{ ...columnsOf(file.text, sha256, result.document), origin }];
      this.#log.warn({ file: file.name, ...result.refusal }, 'a DDF was refused');
      return [];
    });
    // Other processes may store the same at this moment.
    return data.length > 0 && (await this.#db.prisma.ddf.createMany({ data, skipDuplicates: true })).count > 0;
  }

  /** Reads what the store has now; sources are read and parsed once for each hash. */
  async #reload(): Promise<void> {
    const rows = await this.#db.prisma.ddf.findMany({
      select: { id: true, sha256: true, name: true },
      orderBy: { id: 'asc' },
    });
    const stamp = (entries: readonly Omit<Entry, 'document'>[]): string =>
      entries.map(({ id, sha256, name }) => `${id} ${sha256} ${name ?? ''}`).join('\n');
    if (stamp(rows) === stamp(this.#entries)) return;
    const documents = new Map(this.#entries.map((entry) => [entry.sha256, entry.document]));
    const missing = rows.filter((row) => !documents.has(row.sha256)).map((row) => row.id);
    for (const { sha256, source } of await this.#db.prisma.ddf.findMany({
      where: { id: { in: missing } },
      select: { sha256: true, source: true },
    })) {
      const result = readDdf(source);
      if (result.ok) documents.set(sha256, result.document);
      else this.#log.warn({ ddf: sha256, ...result.refusal }, 'a stored DDF cannot be read any more');
    }
    this.#entries = rows.flatMap((row) => {
      const document = documents.get(row.sha256);
      return document === undefined ? [] : [{ ...row, document }];
    });
    this.#library = libraryOf(this.#entries);
    this.#names = namesOf(this.#entries);
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (err) {
        this.#log.warn({ err }, 'a listener to changes of the DDFs failed');
      }
    }
  }

  #viewOf(row: Ddf): DdfView {
    const known = this.#entries.find((entry) => entry.sha256 === row.sha256)?.document;
    if (known !== undefined) return viewOf(row, known);
    const result = readDdf(row.source);
    return viewOf(row, result.ok ? result.document : undefined);
  }
}

function read(source: string): DdfDocument {
  // Neither can be stored as text.
  if (/\0|\p{Cs}/u.test(source))
    throw new ManagementError('DDF_REFUSED', 'the source has characters that no XML can have', {
      line: 1,
      column: 1,
      reason: 'NOT_XML',
    });
  const result = readDdf(source);
  if (result.ok) return result.document;
  const { code, message, line, column } = result.refusal;
  throw new ManagementError('DDF_REFUSED', `line ${line}, column ${column}: ${message}`, {
    line,
    column,
    reason: code,
  });
}

/** The name asked for, by which the type of the file's first MO is called. */
function checkTypeName(name: string | null | undefined): string | null {
  if (name == null) return null;
  if (!TYPE_NAME.test(name)) throw badInput('a capital letter, then letters and digits, at most 64 characters', 'name');
  return name;
}

function hashOf(source: string): string {
  return createHash('sha256').update(source).digest('hex');
}

function libraryOf(entries: readonly Entry[]): DdfLibrary {
  return new DdfLibrary(entries.flatMap((entry) => entry.document.mos));
}

/** By family; where several DDFs of one family ask for names, the one that was stored last decides. */
function namesOf(entries: readonly Entry[]): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  // A DDF that is being judged has no id yet and counts as the last.
  for (const { name, document } of [...entries].sort((a, b) => compareIds(a.id, b.id))) {
    const family = document.mos[0]?.family;
    if (name !== null && family !== undefined) names[family] = name;
  }
  return names;
}

function compareIds(a: bigint, b: bigint): number {
  if (a === b) return 0;
  if (a === 0n) return 1;
  if (b === 0n) return -1;
  return a < b ? -1 : 1;
}

function columnsOf(source: string, sha256: string, document: DdfDocument): Pick<Ddf, 'source' | 'sha256' | 'moids'> {
  return { source, sha256, moids: [...new Set(document.mos.map((mo) => mo.moid))] };
}

/** What `dryRun` answers: nothing was stored, so there is no id. */
function draftView(source: string, sha256: string, name: string | null, document: DdfDocument): DdfView {
  const { moids } = columnsOf(source, sha256, document);
  return { id: '', sha256, name, origin: 'API', moids, source, addedAt: new Date(), warnings: document.warnings };
}

function viewOf(row: Ddf, document: DdfDocument | undefined): DdfView {
  return {
    id: String(row.id),
    sha256: row.sha256,
    name: row.name,
    origin: row.origin as Origin,
    moids: row.moids,
    source: row.source,
    addedAt: row.addedAt,
    warnings: document?.warnings ?? [],
  };
}
