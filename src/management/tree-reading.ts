/** One walk over a tree that a device told, for all that is made of it: its JSON, formats and MIME types, what no DDF says. */
import type { DmFormat, Json, Tree, Value } from '../../adapters/adapter';
import { type Branch, encodeName, type KnownNode } from '../../schema/ddf/library';
import { type Shape, ShapeOfChildren } from './meta-shape';
import { isStorable, scalarOf, setOwn, storableText } from './tree';

export interface ReadingOptions {
  /** Levels below the node to give; absent: all. Interior nodes that are cut off are `{}`. */
  readonly depth?: number;
  /** Of a leaf without MIME type, that of its DDF or else of its format is told. */
  readonly describes?: boolean;
  /** The JSON is merged into what is stored: nodes of which nothing is known are left out, for they take no value away. */
  readonly merges?: boolean;
  /** Path of the node below the MO's root. */
  readonly path?: string;
  /** Is told each node that is not left out, with its path below the first one. */
  readonly each?: (path: string, node: Tree) => void;
}

/** A leaf whose format or MIME type is not what its DDF says. */
export interface Undescribed {
  readonly path: string;
  readonly format: DmFormat;
  readonly mime?: string;
}

export interface TreeReading {
  /**
   * Keyed by raw node names: a leaf is its scalar, an interior node an object. Nodes whose name or value cannot be stored
   * are left out, and of nodes of which only the name came those that are not shown, and leaves, except of null format:
   * their value is null. Undefined where that leaves nothing of the node itself.
   */
  readonly json: Json | undefined;
  /** Formats and MIME types of its leaves. */
  readonly shape: Shape;
  readonly undescribed: readonly Undescribed[];
  /** Whether properties of some node came with it. */
  readonly hasProperties: boolean;
}

/** @param branch of the node in its MO type */
export function readTree(tree: Tree, branch: Branch, options: ReadingOptions = {}): TreeReading {
  const reader = new Reader(options);
  const json = reader.read(tree, branch, options.depth ?? Number.POSITIVE_INFINITY, undefined);
  const { shape, undescribed, hasProperties } = reader;
  return { json, shape, undescribed, hasProperties };
}

/** Whether a leaf's format and MIME type are what the DDFs say; no MIME type fits all. */
export function isAsDescribed(known: KnownNode | undefined, format: DmFormat, mime: string | undefined): boolean {
  return known?.format === format && (mime === undefined || known.mime === undefined || known.mime === mime);
}

/** Whether a node is shown at all: one that can be read, or executed without value; of others a device may keep silent. */
export function isShown(known: KnownNode | undefined): boolean {
  if (known === undefined) return true;
  return known.access.includes('Get') || (known.format === 'null' && known.access.includes('Exec'));
}

class Reader {
  /** Of the node that was read last. */
  shape: Shape = null;
  readonly undescribed: Undescribed[] = [];
  hasProperties = false;
  readonly #describes: boolean;
  readonly #merges: boolean;
  readonly #path: string;
  readonly #each: ReadingOptions['each'];
  readonly #names: string[] = [];

  constructor({ describes = false, merges = false, path = '', each }: ReadingOptions) {
    this.#each = each;
    this.#describes = describes;
    this.#merges = merges;
    this.#path = path;
  }

  /** @param like shape that the node probably has, as its siblings do */
  read(tree: Tree, branch: Branch, levels: number, like: Shape | undefined): Json | undefined {
    const { value, children } = tree;
    if (tree.props !== undefined || tree.moid !== undefined) this.hasProperties = true;
    if (value === undefined && children === undefined) {
      const json = this.#bare(branch, like);
      if (json !== undefined) this.#each?.(this.#below(), tree);
      return json;
    }
    this.#each?.(this.#below(), tree);
    return value === undefined ? this.#interior(children ?? [], branch, levels, like) : this.#leaf(value, branch, like);
  }

  #leaf(value: Value, branch: Branch, like: Shape | undefined): Json | undefined {
    const known = branch.node;
    const { format, mime } = value;
    if (!isAsDescribed(known, format, mime))
      this.undescribed.push({ path: this.#here(), format, mime: mime === undefined ? undefined : storableText(mime) });
    const type = mime ?? (this.#describes ? (known?.mime ?? defaultMime(format)) : undefined);
    this.#leafShape(format, type, like);
    return scalarOf(value);
  }

  #leafShape(format: DmFormat, type: string | undefined, like: Shape | undefined): void {
    const isLike = like?.format === format && like.type === type;
    this.shape = isLike ? like : { format, type: type === undefined ? undefined : storableText(type) };
  }

  /** It exists, and no more came. */
  #bare(branch: Branch, like: Shape | undefined): Json | undefined {
    const known = branch.node;
    const format = known?.format;
    this.shape = null;
    if (format === 'null') {
      if (this.#describes) this.#leafShape('null', undefined, like);
      return null;
    }
    if (format === undefined) return this.#merges ? undefined : {};
    const isRoot = this.#path === '' && this.#names.length === 0;
    return format === 'node' && (isRoot || isShown(known)) ? {} : undefined;
  }

  #interior(
    children: readonly Tree[],
    branch: Branch,
    levels: number,
    like: Shape | undefined,
  ): { readonly [name: string]: Json } {
    const object = objectFor(children.length);
    const shape = new ShapeOfChildren(like);
    if (levels > 0) {
      for (const child of children) {
        const { name } = child;
        if (!isStorable(name)) continue;
        this.#names.push(name);
        const json = this.read(child, branch.below(name), levels - 1, shape.expected(name));
        this.#names.pop();
        if (json !== undefined) setOwn(object, name, json);
        if (json !== undefined || this.shape !== null) shape.add(name, this.shape, json === undefined);
      }
    }
    this.shape = shape.whole();
    return object;
  }

  /** Path of the node that is read, below the first one. */
  #below(): string {
    return this.#names.map(encodeName).join('/');
  }

  /** The same below the MO's root. */
  #here(): string {
    const below = this.#below();
    return this.#path === '' || below === '' ? this.#path + below : `${this.#path}/${below}`;
  }
}

/** From here on an object is made as the table that it would become anyway, member by member, at twenty times the cost. */
const MANY_MEMBERS = 64;

function objectFor(members: number): Record<string, Json> {
  if (members < MANY_MEMBERS) return {};
  return Object.setPrototypeOf(Object.create(null), Object.prototype) as Record<string, Json>;
}

function defaultMime(format: DmFormat): string | undefined {
  if (format === 'null' || format === 'node') return undefined;
  return format === 'bin' ? 'application/octet-stream' : 'text/plain';
}
