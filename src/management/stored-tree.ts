/** A part of a stored MO document as the tree that a device would have sent: what a get gives whose answer is "not modified". */
import type { DmFormat, Json, Tree, Value } from '../../adapters/adapter';
import { encodeName, namesOf, type DdfLibrary } from '../../schema/ddf/library';
import type { StoredDocument } from '../store/turn-load';

/** Undefined where nothing is stored at the path. */
export function treeInDocument(document: StoredDocument, path: string, library: DdfLibrary): Tree | undefined {
  const names = namesOf(path);
  if (names === undefined) return undefined;
  let json = document.values as Json;
  for (const name of names) {
    if (!isInterior(json) || !Object.hasOwn(json, name)) return undefined;
    json = json[name] ?? null;
  }
  return treeOf(json, names.at(-1) ?? '', names.map(encodeName).join('/'), document, library);
}

function treeOf(json: Json, name: string, path: string, document: StoredDocument, library: DdfLibrary): Tree {
  if (!isInterior(json)) return { name, value: valueOf(json, path, document, library) };
  const children = Object.entries(json).map(([child, below]) => {
    const at = encodeName(child);
    return treeOf(below, child, path === '' ? at : `${path}/${at}`, document, library);
  });
  return { name, children, childrenComplete: true };
}

function valueOf(json: Json, path: string, document: StoredDocument, library: DdfLibrary): Value {
  const own = Object.hasOwn(document.meta, path) ? document.meta[path] : undefined;
  const [ownFormat, ownMime] = Array.isArray(own) ? (own as readonly unknown[]) : [];
  const described = library.node(document.moid, path);
  const format = typeof ownFormat === 'string' ? (ownFormat as DmFormat) : (described?.format ?? formatOf(json));
  const mime = typeof ownMime === 'string' ? ownMime : described?.mime;
  return { format, ...(mime === undefined ? {} : { mime }), data: dataOf(json, format) };
}

/** A scalar of a document as the data of a value of the format. */
export function dataOf(json: Json, format: DmFormat): Value['data'] {
  if (typeof json !== 'string') return typeof json === 'object' ? null : json;
  if (format === 'bin') return Buffer.from(json, 'base64');
  if (format === 'int' && /^-?\d{1,40}$/.test(json)) return BigInt(json);
  if (format === 'float') return Number(json);
  return json;
}

/** Where nothing else tells it. */
function formatOf(json: Json): DmFormat {
  if (json === null) return 'null';
  if (typeof json === 'boolean') return 'bool';
  if (typeof json === 'number') return Number.isInteger(json) ? 'int' : 'float';
  return 'chr';
}

function isInterior(json: Json): json is { readonly [name: string]: Json } {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}
