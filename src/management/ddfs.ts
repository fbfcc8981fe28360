/** The store's DDFs, and the library made of them: the store alone decides what MO types are known. */
import { AsyncResource } from 'node:async_hooks';

import { DdfLibrary } from '../../schema/ddf/library';
import { readDdf } from '../../schema/ddf/read';
import { afterKey, findDatabaseKey, getDatabaseKey, notFound, pageOf } from '../access/inputs';
import { administer, isUniqueViolation, recordChange, type AdministrativeTransaction } from '../access/journal';
import type { Database } from '../store/database';
import {
  WITHOUT_TEXTS,
  columnsOf,
  contentOf,
  draftView,
  libraryOf,
  namesOf,
  readInput,
  stampOf,
  viewOf,
  type DdfRow,
  type Entry,
} from './ddf-entries';
import { DdfStore, type DdfFile, type DdfLog } from './ddf-store';
import { pause } from './steps';
import {
  ManagementError,
  type Caller,
  type DdfChangeOptions,
  type DdfGuard,
  type DdfInput,
  type Ddfs,
  type DdfView,
  type SchemaChange,
} from './types';

export type { DdfFile } from './ddf-store';

export interface DdfsDeps {
  readonly db: Database;
  readonly log: DdfLog;
}

export interface RunningDdfs extends Ddfs {
  /**
   * Brings the store in line with what is shipped and adds what a directory holds, then begins to hear of changes by other
   * processes. Shipped files that were replaced by newer ones go; files of a directory stay when they vanish from it.
   */
  start(files: { readonly catalogue: readonly DdfFile[]; readonly directory: readonly DdfFile[] }): Promise<void>;
  stop(): void;
}

/** What some entries give; kept as it is when they go live, so that what was made ready for it is found again. */
interface Judged {
  readonly content: string;
  readonly library: DdfLibrary;
  readonly names: Readonly<Record<string, string>>;
}

/** A change of the store that is judged before it is made. */
interface Plan {
  readonly after: readonly Entry[];
  /** Made in one transaction with its event. */
  readonly write: (tx: AdministrativeTransaction) => Promise<DdfRow>;
  /** What the answer tells when nothing is changed, or when the DDF is gone. */
  readonly draft: () => DdfView;
}

/** Told after the store's DDFs changed; the payload is empty. */
const DDF_CHANNEL = 'moql_ddf';
/** Readers look again in case a notification was lost. */
const LOOK_AGAIN_MS = 30_000;
/** How often a change is judged anew because another process was quicker. */
const ATTEMPTS = 10;
/** Changes that an error lists. */
const LISTED_CHANGES = 100;

export function createDdfs(deps: DdfsDeps): RunningDdfs {
  return new StoredDdfs(deps);
}

/** Another process changed the store after this one judged what it would become. */
class Outrun extends Error {}

class StoredDdfs implements RunningDdfs {
  readonly #db: Database;
  readonly #store: DdfStore;
  readonly #log: DdfLog;
  readonly #listeners = new Set<() => void>();
  #entries: readonly Entry[] = [];
  /** Of the rows that were read last, those that cannot be read among them. */
  #stamp = '';
  #live: Judged = { content: contentOf([], {}), library: new DdfLibrary(), names: {} };
  #judged: Judged | undefined;
  #guard: DdfGuard | undefined;
  /** One change or look at the store after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #unlisten: (() => void) | undefined;
  #tick: NodeJS.Timeout | undefined;

  constructor({ db, log }: DdfsDeps) {
    this.#db = db;
    this.#log = log;
    this.#store = new DdfStore(db, log);
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
        await this.#store.storeCatalogue(files.catalogue),
        await this.#store.storeFiles(files.directory, 'DIRECTORY'),
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
    return this.#live.library;
  }

  names(): Readonly<Record<string, string>> {
    return this.#live.names;
  }

  /** Errors: DDF_REFUSED, BREAKING_CHANGE with `changes`, BAD_USER_INPUT (name). */
  async add(input: DdfInput, caller: Caller): Promise<DdfView> {
    const read = await readInput(input);
    const { sha256, document, name } = read;
    const entry: Entry = { id: 0n, sha256, name, document };
    return this.#inTurn(async () => {
      const change = async (): Promise<DdfView> => {
        const known = await this.#store.findBySource(sha256);
        if (known !== null) return { ...viewOf(known, document), changes: [] };
        return this.#change(input, {
          after: [...this.#entries, entry],
          draft: () => draftView(input.source, read),
          write: async (tx) => {
            const made = await tx.ddf.create({
              data: { ...columnsOf(input.source, read), name, origin: 'API', addedBy: caller.principal },
              omit: WITHOUT_TEXTS,
            });
            await recordChange(tx, { type: 'ddfAdded', caller, data: { ddf: String(made.id), moids: made.moids } });
            return { ...made, source: input.source };
          },
        });
      };
      return this.#insist(change);
    });
  }

  /** The same DDF with another source: its id stays, its origin is API from then on. Errors: as for add, NOT_FOUND, ALREADY_EXISTS. */
  async replace(id: string, input: DdfInput, caller: Caller): Promise<DdfView> {
    const key = getDatabaseKey('DDF', id);
    const { name: asked, ...read } = await readInput(input);
    const { sha256, document } = read;
    const change = async (): Promise<DdfView> => {
      const before = await this.#getRow(key);
      const twin = await this.#store.findBySource(sha256);
      if (twin !== null && twin.id !== key)
        throw new ManagementError('ALREADY_EXISTS', 'another DDF has this very source', { ddf: String(twin.id) });
      const name = asked ?? before.name;
      return this.#change(input, {
        after: [...this.#entries.filter((entry) => entry.id !== key), { id: key, sha256, name, document }],
        draft: () => draftView(input.source, { ...read, name }),
        write: async (tx) => {
          const by = { name, origin: 'API', addedBy: caller.principal, addedAt: new Date() };
          const data = { ...columnsOf(input.source, read), ...by, model: null, modelVersion: null };
          const after = await tx.ddf.update({ where: { id: key }, data, omit: WITHOUT_TEXTS });
          await recordChange(tx, { type: 'ddfReplaced', caller, data: { ddf: id, moids: after.moids } });
          return { ...after, source: input.source };
        },
      });
    };
    return this.#inTurn(() => this.#insist(change));
  }

  /** Types go, data stay. One that is shipped comes back at the next start. Errors: NOT_FOUND, BREAKING_CHANGE. */
  async remove(id: string, caller: Caller, options: DdfChangeOptions = {}): Promise<DdfView> {
    const key = getDatabaseKey('DDF', id);
    const change = async (): Promise<DdfView> => {
      const row = await this.#getRow(key);
      const view = this.#viewOf(row);
      const changed = await this.#change(options, {
        after: this.#entries.filter((entry) => entry.id !== key),
        draft: () => view,
        write: async (tx) => {
          await tx.ddf.deleteMany({ where: { id: key } });
          await recordChange(tx, { type: 'ddfRemoved', caller, data: { ddf: id, moids: row.moids } });
          return row;
        },
      });
      return { ...view, changes: changed.changes ?? [] };
    };
    return this.#inTurn(() => this.#insist(change));
  }

  async get(id: string): Promise<DdfView | null> {
    const key = findDatabaseKey(id);
    const row = key === undefined ? null : await this.#store.find(key);
    return row === null ? null : this.#viewOf(row);
  }

  async list(first: number, after?: string): ReturnType<Ddfs['list']> {
    return pageOf(await this.#store.list(first + 1, afterKey(after)), first, (row) => this.#viewOf(row));
  }

  async count(): Promise<number> {
    return this.#db.prisma.ddf.count();
  }

  onChange(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  setGuard(guard: DdfGuard): void {
    this.#guard = guard;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Judged by what the store has now; again where another process changed it meanwhile. */
  async #insist(change: () => Promise<DdfView>): Promise<DdfView> {
    for (let attempt = 1; ; attempt++) {
      await this.#reload();
      try {
        return await change();
      } catch (error) {
        if (!(error instanceof Outrun) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Judges, changes the store, lets it go live here and tells the other processes. */
  async #change({ dryRun, allowBreaking }: DdfChangeOptions, { after, write, draft }: Plan): Promise<DdfView> {
    const changes = await this.#judge(after);
    if (dryRun === true) return { ...draft(), changes };
    if (allowBreaking !== true) refuseBreaking(changes);
    const stamp = this.#stamp;
    try {
      // Between long statements, which an embedded database executes in this very thread, requests have their turn.
      await pause();
      const row = await administer(this.#db, async (tx) => {
        if (!(await this.#store.isUnchanged(tx, stamp))) throw new Outrun();
        return write(tx);
      });
      await pause();
      await this.#reload(after);
      await pause();
      const changed = after.find((entry) => entry.sha256 === row.sha256);
      // Before the others are told, so that they need not read the source.
      if (changed) await this.#keepModel(changed);
      await pause();
      this.#db.notify(DDF_CHANNEL, '');
      return { ...(changed ? viewOf(row, changed.document) : draft()), changes };
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ManagementError('ALREADY_EXISTS', 'another process stored this very source meanwhile');
      throw error;
    }
  }

  /** The change is made already: without its model the source is read again one day, no more. */
  async #keepModel({ sha256, document }: Entry): Promise<void> {
    try {
      await this.#store.keepModel(sha256, document);
    } catch (err) {
      this.#log.warn({ err, ddf: sha256 }, 'the model of a DDF could not be kept');
    }
  }

  async #judge(entries: readonly Entry[]): Promise<readonly SchemaChange[]> {
    const names = namesOf(entries);
    const judged: Judged = { content: contentOf(entries, names), library: libraryOf(entries), names };
    this.#judged = judged;
    return (await this.#guard?.(judged.library, names)) ?? [];
  }

  async #getRow(key: bigint): Promise<DdfRow> {
    const row = await this.#store.find(key);
    if (row === null) throw notFound('DDF');
    return row;
  }

  /** Takes over what the store has now; each source is read once, and never where its model is stored or it is among `read`. */
  async #reload(read: readonly Entry[] = this.#entries): Promise<void> {
    const rows = await this.#store.rows();
    const stamp = stampOf(rows);
    if (stamp === this.#stamp) return;
    const known = new Map([...this.#entries, ...read].map((entry) => [entry.sha256, entry.document]));
    const missing = await this.#store.documents(rows.filter((row) => !known.has(row.sha256)).map((row) => row.id));
    const entries = rows.flatMap((row) => {
      const document = known.get(row.sha256) ?? missing.get(row.sha256);
      return document === undefined ? [] : [{ ...row, document }];
    });
    const live = await this.#ready(entries);
    // From here on without a pause, so that library and schema change at the same moment.
    this.#entries = entries;
    this.#stamp = stamp;
    this.#live = live;
    this.#judged = undefined;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (err) {
        this.#log.warn({ err }, 'a listener to changes of the DDFs failed');
      }
    }
  }

  /** What was judged, if it is this; else it is made ready now, as another process has stored it. */
  async #ready(entries: readonly Entry[]): Promise<Judged> {
    const names = namesOf(entries);
    const content = contentOf(entries, names);
    if (this.#judged?.content === content) return this.#judged;
    try {
      await this.#judge(entries);
    } catch (err) {
      this.#log.warn({ err }, 'a part of the DDFs cannot go live');
    }
    return this.#judged?.content === content ? this.#judged : { content, library: libraryOf(entries), names };
  }

  #viewOf(row: DdfRow): DdfView {
    const known = this.#entries.find((entry) => entry.sha256 === row.sha256)?.document;
    if (known !== undefined) return viewOf(row, known);
    const result = readDdf(row.source);
    return viewOf(row, result.ok ? result.document : undefined);
  }
}

function refuseBreaking(changes: readonly SchemaChange[]): void {
  const breaking = changes.filter(({ severity }) => severity === 'BREAKING');
  if (breaking.length === 0) return;
  const [first] = breaking;
  throw new ManagementError(
    'BREAKING_CHANGE',
    `${first?.message ?? ''} ${breaking.length === 1 ? 'Callers' : `With ${breaking.length - 1} more changes it breaks queries; callers`} may use it: allowBreaking makes the change all the same.`,
    { changes: breaking.slice(0, LISTED_CHANGES).map((change) => ({ ...change })), count: breaking.length },
  );
}
