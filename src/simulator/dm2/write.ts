/** HGET: what was fetched goes into the tree, all of it or nothing. Source: dm2 5 (HGET), 6, 10. */
import type { Tree, Value } from '../../../adapters/adapter';
import { namesOfPath, printClientUri, type PlainAddress } from '../../../adapters/dm2/client-uri';
import { decodeBareValue } from '../../../adapters/dm2/leaf-value';
import { parseMediaType } from '../../../adapters/http/media-type';
import { decodeMoJson } from '../../../adapters/dm2/mo-json';
import { MEDIA_TYPES } from '../../../adapters/dm2/package';
import type { Actor, DeviceTree, Path, TreeError } from '../tree';
import { definitionAt, storedOf } from './forest';

export interface Document {
  readonly mediaType: string;
  readonly body: Uint8Array;
}

export type Written =
  | { readonly ok: true; /** ClientURIs where the data went. */ readonly uris: readonly string[] }
  | { readonly ok: false; readonly sc: number; /** The document itself is malformed. */ readonly malformed?: string };

const CODES: Readonly<Record<TreeError, number>> = {
  NOT_FOUND: 404,
  EXISTS: 403,
  NOT_ALLOWED: 403,
  PERMANENT: 403,
  DENIED: 403,
  WRONG_FORMAT: 415,
  FULL: 506,
  FORBIDDEN: 403,
  TOO_LONG: 400,
  UNSUPPORTED: 501,
};

/**
 * Stores a fetched document.
 *
 * @param target  the command's ClientURI; absent: the document tells the places
 */
export function writeDocument(
  tree: DeviceTree,
  actor: Actor,
  document: Document,
  target: PlainAddress | undefined,
): Written {
  const before = tree.snapshot();
  const written = write(tree, actor, document, target);
  if (!written.ok) tree.restore(before);
  return written;
}

function write(tree: DeviceTree, actor: Actor, document: Document, target: PlainAddress | undefined): Written {
  const types = tree.types();
  if (parseMediaType(document.mediaType).type !== MEDIA_TYPES.moJson) {
    const definition = target === undefined ? undefined : definitionAt(types.get(target.moid), target.path);
    if (target === undefined || definition === undefined) return { ok: false, sc: target === undefined ? 415 : 404 };
    const value =
      definition.format === 'node' ? undefined : decodeBareValue(document.mediaType, document.body, definition.format);
    if (value === undefined) return { ok: false, sc: 415 };
    return store(tree, actor, target, { name: target.path.at(-1) ?? '', value });
  }
  const read = decodeMoJson(document.body, {
    look: (moid, path) => {
      const definition = definitionAt(types.get(moid), namesOfPath(path));
      return definition === undefined ? undefined : { format: definition.format };
    },
    ...(target === undefined ? {} : { asked: target }),
  });
  if (!read.ok) return { ok: false, sc: 415, malformed: read.message };
  const uris: string[] = [];
  for (const entry of read.value) {
    if (entry.bad.length > 0) return { ok: false, sc: 415 };
    // The command's place wins over the document's (22.2).
    const done = store(tree, actor, target ?? entry.at, entry.tree);
    if (!done.ok) return done;
    uris.push(...done.uris);
  }
  return uris.length === 0 ? { ok: false, sc: 415, malformed: 'no entry' } : { ok: true, uris };
}

function store(tree: DeviceTree, actor: Actor, at: PlainAddress, content: Tree): Written {
  const creates = (at.miid ?? '') === '' && at.path.length === 0;
  const home = creates ? tree.homeOf(at.moid) : undefined;
  if (home !== undefined) return create(tree, actor, at.moid, home, content);
  const instances = tree.instances(at.moid).filter(({ miid }) => (at.miid ?? '') === '' || miid === at.miid);
  const [instance] = instances;
  if (instance === undefined || instances.length > 1) return { ok: false, sc: 404 };
  const error = put(tree, actor, [...instance.path, ...at.path], content, false);
  if (error !== undefined) return { ok: false, sc: CODES[error] };
  return { ok: true, uris: [printClientUri({ moid: at.moid, miid: instance.miid, path: at.path })] };
}

/** A new instance: the label is the wanted name, the device decides. */
function create(tree: DeviceTree, actor: Actor, moid: string, home: Path, content: Tree): Written {
  const taken = new Set(tree.instances(moid).map(({ miid }) => miid));
  let miid = /^[A-Za-z0-9\-._~]{1,64}$/.test(content.name) ? content.name : 'i1';
  for (let n = 1; taken.has(miid); n += 1) miid = `i${n}`;
  const error = put(tree, actor, [...home, miid], { ...content, name: miid }, false);
  return error === undefined
    ? { ok: true, uris: [printClientUri({ moid, miid, path: [] })] }
    : { ok: false, sc: CODES[error] };
}

/** `fresh`: the node appeared with its parent just now, so its first value is part of that. */
function put(tree: DeviceTree, actor: Actor, path: Path, content: Tree, fresh: boolean): TreeError | undefined {
  const node = tree.find(path);
  const leaf = content.value === undefined || content.value.format === 'node' ? undefined : content.value;
  if (leaf !== undefined) return putLeaf(tree, actor, path, leaf, node !== undefined, fresh);
  let isNew = fresh;
  if (node === undefined) {
    const added = tree.add(path, { format: 'node' }, actor);
    if (!added.ok) return added.error;
    isNew = true;
  } else if (node.children === undefined) return content.children === undefined ? undefined : 'WRONG_FORMAT';
  for (const child of content.children ?? []) {
    const at = [...path, child.name];
    const error = put(tree, actor, at, child, isNew && tree.find(at)?.definition.permanent === true);
    if (error !== undefined) return error;
  }
  if (!isNew && content.childrenComplete === true)
    dropOthers(tree, actor, path, new Set((content.children ?? []).map(({ name }) => name)));
  return undefined;
}

function putLeaf(
  tree: DeviceTree,
  actor: Actor,
  path: Path,
  value: Value,
  exists: boolean,
  fresh: boolean,
): TreeError | undefined {
  const given = { value: storedOf(value) };
  // A node without value, such as one to execute, has nothing that could be written.
  if (exists && value.format === 'null') return undefined;
  const done = exists ? tree.replace(path, given, fresh ? undefined : actor) : tree.add(path, given, actor);
  return done.ok ? undefined : done.error;
}

/** Whatever was there is replaced: dynamic children that the document does not have go, where the server may delete them. */
function dropOthers(tree: DeviceTree, actor: Actor, path: Path, kept: ReadonlySet<string>): void {
  for (const name of [...(tree.find(path)?.children?.keys() ?? [])])
    if (!kept.has(name)) tree.delete([...path, name], actor);
}
