/**
 * `application/dmmo+json`: serialized MO data between octets and trees.
 * Source: OMA-TS-DM_Protocol-V2_0, 7.2.1.4. Strict on the way out; on the way in a single object stands for an array of
 * one, a missing ClientURI for the address that was asked, and a leaf that does not fit its format spoils only itself.
 */
import type { Bytes, DdfBranch, DmFormat, NodeKnowledge, Tree, Value } from '../adapter';
import { parseClientUri, pathOfNames, plainAddressOf, printClientUri, type PlainAddress } from './client-uri';
import { jsonFromValue, valueFromJson } from './leaf-value';
import { isObject, parseJson } from './package-codec';
import { failed, ok, type Result } from './result';
import { isStorable, storable } from './storable-text';

export type MoJsonError = 'NOT_JSON' | 'BAD_SHAPE' | 'BAD_CLIENT_URI' | 'TOO_DEEP' | 'NO_DATA';

/** What is known of the node at a path of an MO type ('' = its root). */
export type FormatLookup = (moid: string, path: string) => { format?: DmFormat; mime?: string } | undefined;

const MAX_DEPTH = 64;
/** Characters of a path; beyond it nothing is read, so that long names cannot multiply. */
const MAX_PATH = 2048;
/** Paths that are told of what does not fit; what is beyond is left out as well, in silence. */
const MAX_BAD = 256;

/** One entry as it came. */
export interface MoEntry {
  readonly at: PlainAddress;
  /** Named as the member of MOData: for an instance's root the root node's own name. */
  readonly tree: Tree;
  /** Validator of the instance; only at its root. */
  readonly validator?: string;
  readonly ddf?: string;
  /** Paths below the MO's root of values that do not fit, 256 at most; they stand in the tree as chr, or without value. */
  readonly bad: readonly string[];
}

export interface DecodeOptions {
  readonly look: FormatLookup;
  /** The same by steps from node to node, where that can be had: for large documents. */
  readonly branch?: (moid: string, path: string) => DdfBranch | undefined;
  /** The address that was asked, for entries without ClientURI. */
  readonly asked?: PlainAddress;
  /** `lv` of the request: at this depth `{}` means "children not transferred". */
  readonly level?: number;
}

/** Reads MO data. One bad entry refuses the whole body; a bad value only itself. */
export function decodeMoJson(body: Bytes, options: DecodeOptions): Result<readonly MoEntry[], MoJsonError> {
  const json = parseJson(body);
  if (!json.ok) return json;
  const listed: readonly unknown[] = Array.isArray(json.value) ? json.value : [json.value];
  const entries: MoEntry[] = [];
  for (const [index, item] of listed.entries()) {
    const entry = readEntry(item, options);
    if (!entry.ok) return failed(entry.code, `entry ${index}: ${entry.message}`);
    entries.push(entry.value);
  }
  return ok(entries);
}

function readEntry(item: unknown, options: DecodeOptions): Result<MoEntry, MoJsonError> {
  if (!isObject(item)) return failed('BAD_SHAPE', 'it is no object');
  const at = entryAddress(item['ClientURI'], options.asked);
  if (at === undefined) return failed('BAD_CLIENT_URI', 'its ClientURI is missing or names no single node');
  const data = item['MOData'];
  const members = isObject(data) ? Object.entries(data) : [];
  const [label, content] = members[0] ?? [];
  if (members.length !== 1 || label === undefined) return failed('BAD_SHAPE', 'MOData has not exactly one member');

  const path = pathOfNames(at.path);
  const branch = options.branch?.(at.moid, path) ?? new LookedUp(options.look, at.moid, path);
  const reader = new TreeReader(path, options.level);
  const tree = reader.read(storable(label), content, branch, path.length, 0);
  if (tree === undefined) return failed('TOO_DEEP', `nested more than ${MAX_DEPTH} levels deep`);
  const validator = at.path.length === 0 && typeof item['CV'] === 'string' ? storable(item['CV']) : undefined;
  const ddf = typeof item['DDF'] === 'string' ? storable(item['DDF']) : undefined;
  return ok({
    at,
    tree,
    bad: reader.bad,
    ...(validator === undefined ? {} : { validator }),
    ...(ddf === undefined ? {} : { ddf }),
  });
}

function entryAddress(text: unknown, asked: PlainAddress | undefined): PlainAddress | undefined {
  if (text === undefined || text === null) return asked;
  if (typeof text !== 'string') return undefined;
  const uri = parseClientUri(text);
  return uri.ok ? plainAddressOf(uri.value) : undefined;
}

/** What a {@link FormatLookup} knows, as a branch. */
class LookedUp {
  constructor(
    private readonly look: FormatLookup,
    private readonly moid: string,
    private readonly path: string,
  ) {}

  get node(): NodeKnowledge | undefined {
    const known = this.look(this.moid, this.path);
    return known === undefined ? undefined : { access: [], permanent: false, ...known };
  }

  below(name: string): LookedUp {
    return new LookedUp(this.look, this.moid, pathBelow(this.path, name));
  }
}

function pathBelow(path: string, name: string): string {
  const step = pathOfNames([name]);
  return path === '' ? step : `${path}/${step}`;
}

/** Reads one entry's content; collects the paths of what does not fit. */
class TreeReader {
  readonly bad: string[] = [];
  /** Names from the addressed node down to the one that is read. */
  private readonly names: string[] = [];

  /** @param root path of the addressed node below the MO's root */
  constructor(
    private readonly root: string,
    private readonly level: number | undefined,
  ) {}

  /**
   * @param length characters of the node's path below the MO's root: the path itself is only made where it is told
   * @param depth  levels below the addressed node
   */
  read(name: string, content: unknown, branch: DdfBranch, length: number, depth: number): Tree | undefined {
    if (depth > MAX_DEPTH) return undefined;
    const known = branch.node;
    if (isObject(content) && (known?.format === undefined || known.format === 'node')) {
      return this.readInterior(name, content, branch, length, depth);
    }

    const value = Array.isArray(content) ? undefined : valueFromJson(content, known?.format);
    if (value !== undefined) return { name, value: withMime(value, known?.mime) };
    this.tell();
    // What a device sent in a wrong format is still shown as the text it was; structures and unstorable text are not.
    if (typeof content !== 'string' || !isStorable(content)) return { name };
    return { name, value: { format: 'chr', data: content } };
  }

  private readInterior(
    name: string,
    content: Readonly<Record<string, unknown>>,
    branch: DdfBranch,
    length: number,
    depth: number,
  ): Tree | undefined {
    const children: Tree[] = [];
    for (const childName of Object.keys(content)) {
      const lengthBelow = length + (length === 0 ? 0 : 1) + lengthInPath(childName);
      if (childName === '' || lengthBelow > MAX_PATH || !isStorable(childName)) {
        this.tell(childName);
        continue;
      }
      this.names.push(childName);
      const tree = this.read(childName, content[childName], branch.below(childName), lengthBelow, depth + 1);
      this.names.pop();
      if (tree === undefined) return undefined;
      children.push(tree);
    }
    const cut = this.level !== undefined && depth >= this.level;
    return cut ? { name, children } : { name, children, childrenComplete: true };
  }

  /** The node that is read does not fit, or its child of that name. */
  private tell(child?: string): void {
    if (this.bad.length >= MAX_BAD) return;
    const below = pathOfNames(this.names);
    const path = this.root === '' || below === '' ? this.root + below : `${this.root}/${below}`;
    this.bad.push(child === undefined ? path : storable(pathBelow(path, child).slice(0, MAX_PATH)));
  }
}

/** Characters of a name in a path, where `/` and `%` take three. */
function lengthInPath(name: string): number {
  let length = name.length;
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (code === 0x25 || code === 0x2f) length += 2;
  }
  return length;
}

function withMime(value: Value, mime: string | undefined): Value {
  return mime === undefined || value.mime !== undefined ? value : { format: value.format, mime, data: value.data };
}

export interface OutgoingEntry {
  readonly at: PlainAddress;
  /** Its name is the label; `children` for an interior node, `value` for a leaf, neither for an empty interior node. */
  readonly tree: Tree;
  readonly validator?: string;
  readonly ddf?: string;
}

/** Writes MO data. Errors: NO_DATA when a value's octets stand elsewhere; TOO_DEEP beyond 64 levels. */
export function encodeMoJson(entries: readonly OutgoingEntry[]): Result<Bytes, MoJsonError> {
  const document: Record<string, unknown>[] = [];
  for (const entry of entries) {
    const content = contentOf(entry.tree, 0);
    if (!content.ok) return content;
    document.push({
      DDF: entry.ddf,
      ClientURI: printClientUri(entry.at),
      CV: entry.at.path.length === 0 ? entry.validator : undefined,
      MOData: Object.fromEntries([[entry.tree.name, content.value]]),
    });
  }
  return ok(Buffer.from(JSON.stringify(document), 'utf8'));
}

function contentOf(tree: Tree, depth: number): Result<unknown, MoJsonError> {
  if (depth > MAX_DEPTH) return failed('TOO_DEEP', `nested more than ${MAX_DEPTH} levels deep`);
  if (tree.value !== undefined && tree.value.format !== 'node') {
    const json = jsonFromValue(tree.value);
    return json === undefined ? failed('NO_DATA', `the octets of ${tree.name} are not at hand`) : ok(json);
  }
  const members: [string, unknown][] = [];
  for (const child of tree.children ?? []) {
    const content = contentOf(child, depth + 1);
    if (!content.ok) return content;
    members.push([child.name, content.value]);
  }
  return ok(Object.fromEntries(members));
}
