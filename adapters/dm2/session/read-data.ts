/** The data of a GET as a tree, whichever of its two forms it came in. */
import type { Bytes, Context, DdfBranch, Tree } from '../../adapter';
import { namesOfPath, type PlainAddress } from '../client-uri';
import { decodeBareValue } from '../leaf-value';
import { parseMediaType } from '../../http/media-type';
import { decodeMoJson, type FormatLookup, type MoEntry } from '../mo-json';
import { MEDIA_TYPES } from '../package';
import { failed, ok, type Result } from '../result';
import type { Place } from './machine';

export interface ReadData {
  readonly tree: Tree;
  /** Instance that the device named, where none was asked for. */
  readonly miid?: string;
  readonly validator?: string;
  /** Paths of values that did not fit their format. */
  readonly bad: readonly string[];
}

/** A part of a Package#3, or what was put into the repository. */
export interface Data {
  readonly body: Bytes;
  readonly mediaType?: string;
  readonly mime?: string;
}

export function readData(
  data: Data,
  at: Place,
  level: number | undefined,
  context: Pick<Context, 'ddf'>,
): Result<ReadData> {
  const look: FormatLookup = (moid, path) => context.ddf.node(moid, path);
  const asked: PlainAddress = { moid: at.moid, miid: at.miid, path: namesOfPath(at.path) };
  const mediaType = data.mediaType ?? data.mime ?? '';
  const type = parseMediaType(mediaType).type;
  if (type === MEDIA_TYPES.moJson || type === 'application/json') {
    const branch = (moid: string, path: string): DdfBranch | undefined => context.ddf.at?.(moid, path);
    const read = decodeMoJson(data.body, { look, branch, asked, ...(level === undefined ? {} : { level }) });
    const entry = read.ok ? read.value.find((one) => answers(one, asked)) : undefined;
    if (entry !== undefined) return ok(withInstance(entry, at));
    if (type === MEDIA_TYPES.moJson) {
      return failed('BAD_DATA', read.ok ? 'the data is of another address' : `the data is no MO data: ${read.message}`);
    }
  }

  const known = look(at.moid, at.path);
  if (known?.format === 'node') return failed('BAD_DATA', 'a bare value came for an interior node');
  const value = decodeBareValue(mediaType, data.body, known?.format);
  if (value === undefined) return failed('BAD_DATA', `the value does not fit the format ${known?.format ?? 'chr'}`);
  const mime = value.mime ?? known?.mime;
  const name = asked.path.at(-1) ?? at.miid ?? '';
  return ok({ tree: { name, value: mime === undefined ? value : { ...value, mime } }, bad: [] });
}

/** `MOID//path` and `MOID/miid/path` are one where there is one instance. */
function answers(entry: MoEntry, asked: PlainAddress): boolean {
  const { moid, miid, path } = entry.at;
  const sameInstance = isOnly(miid) || isOnly(asked.miid) || miid === asked.miid;
  return (
    moid === asked.moid &&
    sameInstance &&
    path.length === asked.path.length &&
    path.every((name, index) => name === asked.path[index])
  );
}

function isOnly(miid: string | undefined): boolean {
  return miid === undefined || miid === '';
}

function withInstance(entry: MoEntry, at: Place): ReadData {
  const told = isOnly(at.miid) && !isOnly(entry.at.miid) ? entry.at.miid : undefined;
  return {
    tree: entry.tree,
    bad: entry.bad,
    ...(told === undefined ? {} : { miid: told }),
    ...(entry.validator === undefined ? {} : { validator: entry.validator }),
  };
}

/**
 * What callers see at a depth, whatever the device sent: 0 gives the names of the children, n the values n levels down;
 * interior nodes at the last level are known to exist and no more.
 */
export function cutTree(tree: Tree, depth: number | undefined): Tree {
  if (depth === undefined || tree.children === undefined) return tree;
  if (depth === 0) return { ...tree, children: tree.children.map(({ name }) => ({ name })) };
  return { ...tree, children: tree.children.map((child) => cutLevels(child, depth - 1)) };
}

function cutLevels(tree: Tree, levels: number): Tree {
  if (tree.children === undefined) return tree;
  if (levels === 0) return { ...tree, children: [], childrenComplete: false };
  return { ...tree, children: tree.children.map((child) => cutLevels(child, levels - 1)) };
}

export function countNodes(tree: Tree): number {
  return (tree.children ?? []).reduce((sum, child) => sum + countNodes(child), 1);
}
