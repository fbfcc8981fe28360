/** What the store has of DDFs: files put into it at the start, and the documents of its rows. */
import type { DdfDocument } from '../../schema/ddf/model';
import { readDdfInSteps } from '../../schema/ddf/read';
import type { AdministrativeTransaction } from '../access/journal';
import type { Database } from '../store/database';
import type { Prisma } from '../store/generated/client';
import { modelVersion, unpackModel } from './ddf-model';
import { WITHOUT_MODEL, columnsOf, hashOf, modelColumnsOf, stampOf, type DdfRow, type Entry } from './ddf-entries';
import { inTurns, pause } from './steps';
import type { DdfView } from './types';

/** A DDF as a file gives it: `name` for messages, such as the file's. */
export interface DdfFile {
  readonly name: string;
  readonly text: string;
}

export interface DdfLog {
  warn(detail: object, message: string): void;
}

/** Rows that are fetched at once: a source may have some megabytes. */
const BATCH = 50;
/** For the changes of all processes on one database to follow one another. */
const CHANGE_LOCK = 7_267_514_401;

export class DdfStore {
  readonly #db: Database;
  readonly #log: DdfLog;

  constructor(db: Database, log: DdfLog) {
    this.#db = db;
    this.#log = log;
  }

  async find(id: bigint): Promise<DdfRow | null> {
    return this.#db.prisma.ddf.findUnique({ where: { id }, omit: WITHOUT_MODEL });
  }

  async findBySource(sha256: string): Promise<DdfRow | null> {
    return this.#db.prisma.ddf.findUnique({ where: { sha256 }, omit: WITHOUT_MODEL });
  }

  async list(take: number, after: { readonly gt: bigint } | undefined): Promise<readonly DdfRow[]> {
    return this.#db.prisma.ddf.findMany({ where: { id: after }, orderBy: { id: 'asc' }, take, omit: WITHOUT_MODEL });
  }

  /** What each row is known by, in the order of their ids. */
  async rows(db: AdministrativeTransaction = this.#db.prisma): Promise<readonly Omit<Entry, 'document'>[]> {
    return db.ddf.findMany({ select: { id: true, sha256: true, name: true }, orderBy: { id: 'asc' } });
  }

  /** Whether the rows are still those of `stamp`; from then on no other process changes them until the transaction ends. */
  async isUnchanged(tx: AdministrativeTransaction, stamp: string): Promise<boolean> {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${CHANGE_LOCK}::bigint)`;
    return stampOf(await this.rows(tx)) === stamp;
  }

  /** Shipped files that are not shipped any more go. Tells whether anything changed. */
  async storeCatalogue(files: readonly DdfFile[]): Promise<boolean> {
    const { count } = await this.#db.prisma.ddf.deleteMany({
      where: { origin: 'CATALOGUE', sha256: { notIn: files.map((file) => hashOf(file.text)) } },
    });
    return (await this.storeFiles(files, 'CATALOGUE')) || count > 0;
  }

  /** A file that cannot be read is told in the log and left out: one bad file must not keep the gateway from starting. */
  async storeFiles(files: readonly DdfFile[], origin: DdfView['origin']): Promise<boolean> {
    const known = await this.#db.prisma.ddf.findMany({
      where: { sha256: { in: files.map((file) => hashOf(file.text)) } },
      select: { sha256: true },
    });
    const hashes = new Set(known.map((row) => row.sha256));
    const data: Prisma.DdfCreateManyInput[] = [];
    for (const file of files) {
      const sha256 = hashOf(file.text);
      if (hashes.has(sha256)) continue;
      hashes.add(sha256);
      const result = await inTurns(readDdfInSteps(file.text));
      if (result.ok) {
        const { document } = result;
        data.push({ ...columnsOf(file.text, { sha256, document }), ...(await modelColumnsOf(document)), origin });
      } else this.#log.warn({ file: file.name, ...result.refusal }, 'a DDF was refused');
    }
    // Other processes may store the same at this moment.
    return data.length > 0 && (await this.#db.prisma.ddf.createMany({ data, skipDuplicates: true })).count > 0;
  }

  /** By SHA-256: models that this very reader made are taken as they are, other sources are read and their models kept. */
  async documents(ids: readonly bigint[]): Promise<ReadonlyMap<string, DdfDocument>> {
    const documents = new Map<string, DdfDocument>();
    for (let from = 0; from < ids.length; from += BATCH) {
      const id = { in: ids.slice(from, from + BATCH) };
      const unread: bigint[] = [];
      for (const row of await this.#db.prisma.ddf.findMany({
        where: { id },
        // Without the sources, which are as large again.
        select: { id: true, sha256: true, model: true, modelVersion: true },
      })) {
        const { model } = row;
        const isCurrent = model !== null && row.modelVersion === modelVersion();
        const document = isCurrent ? await unpackModel(model) : undefined;
        if (document === undefined) unread.push(row.id);
        else documents.set(row.sha256, document);
        await pause();
      }
      for (const { sha256, source } of await this.#db.prisma.ddf.findMany({
        where: { id: { in: unread } },
        select: { sha256: true, source: true },
      })) {
        const document = await this.#read(sha256, source);
        if (document !== undefined) documents.set(sha256, document);
      }
    }
    return documents;
  }

  /** A statement of its own: a row with its source is large enough. */
  async keepModel(sha256: string, document: DdfDocument): Promise<void> {
    await this.#db.prisma.ddf.updateMany({ where: { sha256 }, data: await modelColumnsOf(document) });
  }

  async #read(sha256: string, source: string): Promise<DdfDocument | undefined> {
    const result = await inTurns(readDdfInSteps(source));
    if (!result.ok) {
      this.#log.warn({ ddf: sha256, ...result.refusal }, 'a stored DDF cannot be read any more');
      return undefined;
    }
    await this.keepModel(sha256, result.document);
    return result.document;
  }
}
