/**
 * Nodes that an administrator marked as searchable. Each gets an index of its own, made while devices and callers go on. Any
 * process makes it, one at a time under a lease; what a process left behind half made is found and made again. An index
 * stays when the DDF goes, as the values do.
 */
import type { DdfFormat } from '../../schema/ddf/model';
import { familyOf } from '../../schema/ddf/identity';
import { badInput } from '../access/inputs';
import { administer, recordChange } from '../access/journal';
import type { Database } from '../store/database';
import {
  createIndexText,
  INDEX_PREFIX,
  indexName,
  type IndexedNode,
  type IndexedNodes,
  type IndexKind,
} from './device-filter/indexed-nodes';
import { isStorable } from './tree';
import { ManagementError, type Caller, type Ddfs } from './types';

export type IndexState = 'BUILDING' | 'READY' | 'FAILED';

export interface IndexedNodeView extends IndexedNode {
  readonly moid: string;
  readonly state: IndexState;
  /** Why it failed. */
  readonly error: string | null;
  /** Octets on disk; null while it is not made. */
  readonly size: bigint | null;
  readonly createdAt: Date;
}

export interface NodeAddress {
  readonly moid: string;
  readonly path: string;
}

export interface NodeIndexes {
  /** In order of their marking. */
  list(): Promise<readonly IndexedNodeView[]>;
  /** Marks a node; its index is made afterwards. One that is marked is given as it is, and tried again where it failed. */
  add(address: NodeAddress, caller: Caller): Promise<IndexedNodeView>;
  remove(address: NodeAddress, caller: Caller): Promise<IndexedNodeView>;
  /** Those that are ready, as far as this process knows. */
  ready(): IndexedNodes;
  /** The node of an address, whether or not it is indexed. Errors: NO_SUCH_MO, NOT_IN_DDF, BAD_USER_INPUT. */
  nodeAt(address: NodeAddress): IndexedNode;
}

/** Until `stop` it looks after what is marked. */
export interface RunningNodeIndexes extends NodeIndexes {
  start(): Promise<void>;
  /** What is being made is broken off, and made again by whoever comes next. */
  stop(): Promise<void>;
  /** For the timers: makes what is to be made, now and then. */
  tick(): Promise<void>;
  /** Resolves when this process has made what there was to make. */
  settled(): Promise<void>;
}

export interface NodeIndexesDeps {
  readonly db: Database;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly log: { error(detail: object, message: string): void };
}

/** Each costs every change of an instance of its family. */
export const MOST_INDEXED_NODES = 16;
const CHANNEL = 'indexed_nodes';
const LEASE_S = 60;
const RENEW_EVERY_MS = 20_000;
/** How often a process looks whether something is left to be made, without being told. */
const LOOK_EVERY_MS = 30_000;

const KINDS: Readonly<Partial<Record<DdfFormat, IndexKind>>> = {
  int: 'NUMBER',
  float: 'NUMBER',
  bool: 'BOOLEAN',
  chr: 'TEXT',
  date: 'TEXT',
  time: 'TEXT',
};

interface Row {
  readonly id: string;
  readonly family: string;
  readonly path: string;
  readonly moid: string;
  readonly kind: IndexKind;
  readonly state: IndexState;
  readonly error: string | null;
  readonly created_at: Date;
  readonly size: string | null;
}

class StoredNodeIndexes implements RunningNodeIndexes {
  /** Beginning of the statement that makes one at this moment. */
  private current: string | undefined;
  private known: ReadonlyMap<string, IndexedNode> = new Map();
  private unlisten: (() => void) | undefined;
  private building: Promise<void> = Promise.resolve();
  private isStopped = false;
  private lookedAt = 0;

  constructor(private readonly deps: NodeIndexesDeps) {}

  async start(): Promise<void> {
    this.unlisten = await this.deps.db.listen(CHANNEL, () => void this.lookAgain());
    await this.refresh();
    this.kick();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.unlisten?.();
    const { current, deps } = this;
    if (current !== undefined && deps.db.kind === 'postgresql')
      await deps.db.sql
        .query(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND state = 'active' AND starts_with(query, $1::text)`,
          [current],
        )
        .catch(() => undefined);
    await this.building;
  }

  async tick(): Promise<void> {
    if (Date.now() - this.lookedAt < LOOK_EVERY_MS) return;
    await this.refresh();
    this.kick();
  }

  async settled(): Promise<void> {
    await this.building;
  }

  ready(): IndexedNodes {
    const { known } = this;
    return { find: (family, path) => known.get(keyOf(family, path)) };
  }

  async list(): Promise<readonly IndexedNodeView[]> {
    return (await this.rows()).map(viewOf);
  }

  nodeAt({ moid, path }: NodeAddress): IndexedNode {
    const library = this.deps.ddfs.library();
    if (!library.isKnown(moid)) throw new ManagementError('NO_SUCH_MO', `No DDF describes ${moid.slice(0, 200)}.`);
    const node = path.length <= LONGEST_PATH && isStorable(path) ? library.node(familyOf(moid), path) : undefined;
    if (node === undefined || path === '')
      throw new ManagementError('NOT_IN_DDF', `The DDF of ${moid} has no node "${path.slice(0, 200)}" below its root.`);
    const kinds = new Set(node.nodes.map(({ format }) => KINDS[format]));
    const [kind] = kinds;
    if (kinds.size !== 1 || kind === undefined)
      throw badInput(
        `"${path}" has the format ${node.format}; a text, number, boolean, date or time can be searched`,
        'path',
      );
    return { family: library.family(moid)[0]?.family ?? familyOf(moid), path, kind };
  }

  async add(address: NodeAddress, caller: Caller): Promise<IndexedNodeView> {
    const node = this.nodeAt(address);
    const { db } = this.deps;
    const { family, path, kind } = node;
    await administer(db, async (tx) => {
      // One after the other, so that the limit holds.
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('moql indexed nodes'))::text`;
      const before = await tx.indexedNode.findUnique({ where: { family_path: { family, path } } });
      if (before !== null) {
        if (before.state === 'FAILED' || before.kind !== kind)
          await tx.indexedNode.update({ where: { id: before.id }, data: { state: 'BUILDING', kind, error: null } });
        return;
      }
      if ((await tx.indexedNode.count()) >= MOST_INDEXED_NODES)
        throw new ManagementError('LIMIT_INDEXES', `At most ${MOST_INDEXED_NODES} nodes can be indexed.`, {
          limit: MOST_INDEXED_NODES,
        });
      await tx.indexedNode.create({ data: { family, path, kind, moid: address.moid, createdBy: caller.principal } });
      await recordChange(tx, { type: 'nodeIndexed', caller, data: { moid: address.moid, path } });
    });
    db.notify(CHANNEL, '');
    this.kick();
    return this.view(node);
  }

  async remove({ moid, path }: NodeAddress, caller: Caller): Promise<IndexedNodeView> {
    const { db } = this.deps;
    const family = this.familyOf(moid);
    const found = (await this.rows()).find((row) => row.family === family && row.path === path);
    if (found === undefined) throw new ManagementError('NOT_FOUND', 'This node is not indexed.');
    await administer(db, async (tx) => {
      await tx.indexedNode.deleteMany({ where: { id: BigInt(found.id) } });
      await recordChange(tx, { type: 'nodeUnindexed', caller, data: { moid, path } });
    });
    db.notify(CHANNEL, '');
    await this.refresh();
    this.kick();
    return viewOf(found);
  }

  /** The DDF may be gone. */
  private familyOf(moid: string): string {
    return this.deps.ddfs.library().family(moid)[0]?.family ?? familyOf(moid);
  }

  private async view({ family, path }: IndexedNode): Promise<IndexedNodeView> {
    const row = (await this.rows()).find((one) => one.family === family && one.path === path);
    if (row === undefined) throw new ManagementError('NOT_FOUND', 'This node is not indexed.');
    return viewOf(row);
  }

  private async rows(): Promise<readonly Row[]> {
    const rows = await this.deps.db.sql.query<Omit<Row, 'size'>>(
      'SELECT id, family, path, moid, kind, state, error, created_at FROM indexed_node ORDER BY id',
    );
    if (rows.length === 0) return [];
    const made = await this.made();
    return rows.map((row) => ({ ...row, size: made.get(indexName(row))?.size ?? null }));
  }

  /** Indexes of nodes that the database has, by name. */
  private async made(): Promise<ReadonlyMap<string, { readonly size: string; readonly isValid: boolean }>> {
    const rows = await this.deps.db.sql.query<{ name: string; valid: boolean; size: string }>(
      `SELECT c.relname AS name, x.indisvalid AS valid, pg_relation_size(c.oid) AS size
       FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
       WHERE x.indrelid = 'management_object'::regclass AND starts_with(c.relname, $1::text)`,
      [INDEX_PREFIX],
    );
    return new Map(rows.map(({ name, valid, size }) => [name, { size, isValid: valid }]));
  }

  private async lookAgain(): Promise<void> {
    await this.refresh().catch((error: unknown) =>
      this.deps.log.error({ err: error }, 'indexed nodes could not be read'),
    );
    this.kick();
  }

  private async refresh(): Promise<void> {
    this.lookedAt = Date.now();
    const rows = await this.deps.db.sql.query<Row>(`SELECT family, path, kind FROM indexed_node WHERE state = 'READY'`);
    this.known = new Map(rows.map(({ family, path, kind }) => [keyOf(family, path), { family, path, kind }]));
  }

  /** Makes in the background what is to be made. */
  private kick(): void {
    if (this.isStopped) return;
    this.building = this.building
      .then(() => this.build())
      .catch((error: unknown) => {
        if (!this.isStopped)
          this.deps.log.error({ err: error }, 'indexes of nodes could not be looked after; they are at the next tick');
      });
  }

  private async build(): Promise<void> {
    await this.findBroken();
    for (;;) {
      if (this.isStopped) return;
      const row = await this.lease();
      if (row === undefined) break;
      await this.make(row);
    }
    await this.dropOrphans();
  }

  /** An index that should be there and is not, or is not whole, is to be made again. */
  private async findBroken(): Promise<void> {
    const { sql } = this.deps.db;
    const ready = await sql.query<Row>(`SELECT id, family, path, kind FROM indexed_node WHERE state = 'READY'`);
    if (ready.length === 0) return;
    const made = await this.made();
    const broken = ready.filter((row) => made.get(indexName(row))?.isValid !== true).map(({ id }) => id);
    if (broken.length === 0) return;
    await sql.query(`UPDATE indexed_node SET state = 'BUILDING' WHERE id = ANY($1::bigint[]) AND state = 'READY'`, [
      broken,
    ]);
    this.deps.db.notify(CHANNEL, '');
    await this.refresh();
  }

  private async lease(): Promise<Row | undefined> {
    const [row] = await this.deps.db.sql.query<Row>(
      `UPDATE indexed_node SET leased_until = now() + interval '${LEASE_S} s' WHERE id =
         (SELECT id FROM indexed_node WHERE state = 'BUILDING' AND (leased_until IS NULL OR leased_until < now())
          ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, family, path, moid, kind, state, error, created_at`,
    );
    return row;
  }

  private async make(row: Row): Promise<void> {
    const { db } = this.deps;
    const isConcurrent = db.kind === 'postgresql';
    const renewing = setInterval(() => {
      db.sql
        .query(`UPDATE indexed_node SET leased_until = now() + interval '${LEASE_S} s' WHERE id = $1::bigint`, [row.id])
        .catch(() => undefined);
    }, RENEW_EVERY_MS);
    renewing.unref();
    const text = createIndexText(row, isConcurrent);
    // As far as pg_stat_activity shows it at least.
    this.current = text.slice(0, text.indexOf('\n'));
    let error: string | null = null;
    try {
      const made = (await this.made()).get(indexName(row));
      if (made?.isValid !== true) {
        await this.drop(indexName(row));
        await db.sql.exec(text);
      }
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
      this.deps.log.error({ err: thrown, family: row.family, path: row.path }, 'an index of a node could not be made');
    } finally {
      clearInterval(renewing);
      this.current = undefined;
    }
    // Broken off by the end of this process: whoever comes next makes it.
    const state = this.isStopped && error !== null ? 'BUILDING' : error === null ? 'READY' : 'FAILED';
    // It may have been marked as another kind meanwhile.
    await db.sql.query(
      `UPDATE indexed_node SET state = CASE WHEN kind = $4::text THEN $2::text ELSE 'BUILDING' END, error = $3::text, leased_until = NULL
       WHERE id = $1::bigint`,
      [row.id, state, state === 'FAILED' ? error : null, row.kind],
    );
    // A column of expressions has no statistics until then, and the planner no idea of it.
    if (state === 'READY') await db.sql.exec('ANALYZE management_object');
    db.notify(CHANNEL, '');
    await this.refresh();
  }

  /** Of nodes that are marked no more, or as another kind. */
  private async dropOrphans(): Promise<void> {
    const made = await this.made();
    if (made.size === 0) return;
    const rows = await this.deps.db.sql.query<Row>('SELECT family, path, kind FROM indexed_node');
    const wanted = new Set(rows.map(indexName));
    for (const name of made.keys()) if (!wanted.has(name)) await this.drop(name);
  }

  private async drop(name: string): Promise<void> {
    const { db } = this.deps;
    await db.sql.exec(`DROP INDEX ${db.kind === 'postgresql' ? 'CONCURRENTLY ' : ''}IF EXISTS "${name}"`);
  }
}

const LONGEST_PATH = 1_024;

function keyOf(family: string, path: string): string {
  return `${family}\n${path}`;
}

function viewOf({ family, path, moid, kind, state, error, created_at: createdAt, size }: Row): IndexedNodeView {
  return { family, path, moid, kind, state, error, createdAt, size: size === null ? null : BigInt(size) };
}

export function createNodeIndexes(deps: NodeIndexesDeps): RunningNodeIndexes {
  return new StoredNodeIndexes(deps);
}
