/**
 * Formats and MIME types of a result's leaves, as they are stored beside it: where the children of a node are alike, they
 * are told once. Told by path they would be three times what the result itself is.
 */
import type { Json } from '../../adapters/adapter';
import { encodeName } from '../../schema/ddf/library';
import { setOwn } from './tree';

export interface LeafShape {
  readonly format: string;
  readonly type: string | undefined;
}
export interface InteriorShape {
  readonly format?: undefined;
  /** Of the result's children that are not in `own`. */
  readonly others: Shape;
  readonly own: ReadonlyMap<string, Shape>;
}
/** null: there is nothing to tell of a node and what is below it. */
export type Shape = LeafShape | InteriorShape | null;

/** By path below the root of a result ('' = the root). */
export type MetaByPath = Record<string, { format: string; type?: string }>;

/** `["SHAPE"]`. A leaf's shape is its format, or format and type with a blank between; an interior node's as below. */
export type StoredMeta = readonly [StoredShape];
type StoredShape =
  null | string | { readonly others?: StoredShape; readonly own?: Readonly<Record<string, StoredShape>> };

/** Gathers the shapes of an interior node's children. */
export class ShapeOfChildren {
  readonly #like: InteriorShape | undefined;
  #others: Shape | undefined;
  #own: Map<string, Shape> | undefined;
  #isEmpty = true;

  /** @param like shape that the node probably has: what equals it becomes the very same, which is how alikes are found */
  constructor(like: Shape | undefined) {
    if (like == null || like.format !== undefined) return;
    this.#like = like;
    this.#others = like.others;
  }

  /** What a child probably is. */
  expected(name: string): Shape | undefined {
    return this.#like?.own.get(name) ?? this.#others;
  }

  /** `isAbsent`: the child is not in the result, and told all the same. */
  add(name: string, shape: Shape, isAbsent: boolean): void {
    this.#isEmpty = false;
    if (this.#others === undefined) this.#others = shape;
    if (shape !== this.#others || isAbsent) (this.#own ??= new Map<string, Shape>()).set(name, shape);
    else this.#own?.delete(name);
  }

  whole(): Shape {
    const others = this.#others ?? null;
    const own = this.#own ?? NO_OWN;
    if (this.#isEmpty || (others === null && own.size === 0)) return null;
    const like = this.#like;
    if (like?.others === others && like.own.size === own.size && isSame(like.own, own)) return like;
    return { others, own };
  }
}

const NO_OWN: ReadonlyMap<string, Shape> = new Map();

function isSame(one: ReadonlyMap<string, Shape>, other: ReadonlyMap<string, Shape>): boolean {
  for (const [name, shape] of one) if (other.get(name) !== shape) return false;
  return true;
}

/** What is stored of a shape. */
export function storeShape(shape: Shape): StoredMeta {
  return [stored(shape)];
}

function stored(shape: Shape): StoredShape {
  if (shape === null) return null;
  if (shape.format !== undefined) return shape.type === undefined ? shape.format : `${shape.format} ${shape.type}`;
  const own: Record<string, StoredShape> = {};
  for (const [name, one] of shape.own) setOwn(own, name, stored(one));
  return {
    ...(shape.others === null ? {} : { others: stored(shape.others) }),
    ...(shape.own.size === 0 ? {} : { own }),
  };
}

/**
 * Formats and MIME types by path, as callers see them.
 *
 * @param meta as it is stored: of a shape, or by path already
 * @param result what stands beside it
 */
export function metaByPath(meta: unknown, result: Json | undefined): unknown {
  if (!Array.isArray(meta)) return meta;
  const told: MetaByPath = {};
  tell(told, (meta as unknown as StoredMeta)[0], result, '');
  return told;
}

function tell(told: MetaByPath, shape: StoredShape | undefined, result: Json | undefined, path: string): void {
  if (shape == null) return;
  if (typeof shape === 'string') {
    const blank = shape.indexOf(' ');
    const leaf = blank < 0 ? { format: shape } : { format: shape.slice(0, blank), type: shape.slice(blank + 1) };
    setOwn(told, path, leaf);
    return;
  }
  const { others, own = {} } = shape;
  const below = (name: string): string => (path === '' ? encodeName(name) : `${path}/${encodeName(name)}`);
  const children = isObject(result) ? result : {};
  for (const [name, one] of Object.entries(own))
    tell(told, one, Object.hasOwn(children, name) ? children[name] : undefined, below(name));
  if (others == null) return;
  for (const [name, child] of Object.entries(children))
    if (!Object.hasOwn(own, name)) tell(told, others, child, below(name));
}

function isObject(json: Json | undefined): json is { readonly [name: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
