/** What is known of MO types by their raw names: immutable look-ups over the definitions that were read. */
import { familyOf, versionOf, compareVersions, canonicalPlace, isPlace } from './identity';
import type { AccessVerb, DdfFormat, DdfNode, MoDefinition } from './model';
import { type SeenChild, ShapeIndex } from './shape';

export { familyOf, versionOf } from './identity';

/** A node at a path: the union over the versions that were asked for. */
export interface KnownNode {
  /** Of the newest version. */
  readonly format: DdfFormat;
  readonly access: readonly AccessVerb[];
  readonly mime?: string;
  readonly permanent: boolean;
  /** The node as each version describes it, oldest first. */
  readonly nodes: readonly DdfNode[];
}

/** Cap on the segments of a path that is looked up; deeper nodes are in no DDF. */
const MAX_SEGMENTS = 256;
/** Nodes that were looked up and are kept, of paths up to a length; beyond it all are looked up anew. */
const MAX_FOUND = 16_384;
const MAX_FOUND_PATH = 256;

export class DdfLibrary {
  private readonly byFamily: ReadonlyMap<string, readonly MoDefinition[]>;
  private shapes: ShapeIndex | undefined;
  private named: readonly string[] | undefined;
  /** What {@link node} found, by MOID and path. */
  private readonly found = new Map<string, Map<string, KnownNode>>();
  private foundCount = 0;
  private readonly fixedPlaces: readonly { readonly place: string; readonly moid: string }[];

  /** The order of the definitions has no influence on anything that the library tells. */
  constructor(definitions: Iterable<MoDefinition> = []) {
    const byFamily = new Map<string, MoDefinition[]>();
    for (const definition of definitions) {
      const known = byFamily.get(definition.family);
      if (known) known.push(definition);
      else byFamily.set(definition.family, [definition]);
    }
    for (const known of byFamily.values()) known.sort(compareDefinitions);
    this.byFamily = new Map([...byFamily].sort(([a], [b]) => compareText(a, b)));
    this.fixedPlaces = placesOf(this.byFamily.values());
  }

  /** Families, sorted. */
  families(): readonly string[] {
    return [...this.byFamily.keys()];
  }

  /** All definitions of the family that a MOID (of any version) or a place belongs to, oldest first; empty when unknown. */
  family(moid: string): readonly MoDefinition[] {
    return this.byFamily.get(moid) ?? this.byFamily.get(familyOf(moid)) ?? [];
  }

  /** Definitions that hold for this very MOID: its version and those that tell none; when the version is unknown, all. */
  definitions(moid: string): readonly MoDefinition[] {
    const all = this.family(moid);
    const version = versionOf(moid);
    if (version === '' || !all.some((definition) => definition.version === version)) return all;
    return all.filter((definition) => definition.version === version || definition.version === '');
  }

  /** The newest definition that holds for a MOID. */
  definition(moid: string): MoDefinition | undefined {
    const found = this.definitions(moid);
    return found.find((definition) => definition.moid === moid) ?? found[found.length - 1];
  }

  isKnown(moid: string): boolean {
    return this.family(moid).length > 0;
  }

  /**
   * The node at a path below the MO's root; '' is the root, names are percent-encoded ('/' and '%'), unnamed nodes match
   * any name that no sibling bears.
   */
  node(moid: string, path: string): KnownNode | undefined {
    if (path.length > MAX_FOUND_PATH) return this.find(moid, path);
    // Every leaf that a device tells is looked up several times, and the next time again.
    let known = this.found.get(moid);
    if (known?.has(path) === true) return known.get(path);
    const node = this.find(moid, path);
    if (node === undefined) return undefined;
    if (this.foundCount >= MAX_FOUND) {
      this.found.clear();
      this.foundCount = 0;
      known = undefined;
    }
    if (known === undefined) this.found.set(moid, (known = new Map()));
    known.set(path, node);
    this.foundCount += 1;
    return node;
  }

  private find(moid: string, path: string): KnownNode | undefined {
    const names = namesOf(path);
    if (!names) return undefined;
    const nodes: DdfNode[] = [];
    for (const definition of this.definitions(moid)) {
      const node = descend(definition.root, names);
      if (node) nodes.push(node);
    }
    return nodes.length === 0 ? undefined : merge(nodes);
  }

  /** Fixed places of MO roots on DM 1.x devices; an unnamed root stands as `*`, such as `./DMAcc/*`. */
  places(): readonly { readonly place: string; readonly moid: string }[] {
    return this.fixedPlaces;
  }

  /** MOID of the one MO type whose root has such children. See {@link ShapeIndex}; made when it is first asked for. */
  shape(children: readonly SeenChild[]): string | undefined {
    this.shapes ??= new ShapeIndex([...this.byFamily.values()].flat());
    return this.shapes.recognise(children);
  }

  /** The newest MOID of each family that has one, sorted. */
  moids(): readonly string[] {
    return (this.named ??= [...this.byFamily.values()].flatMap(
      (known) => known.filter(({ moid }) => !isPlace(moid)).at(-1)?.moid ?? [],
    ));
  }
}

/** Newest version last; definitions of one version in an order that depends on what they say alone. */
export function compareDefinitions(a: MoDefinition, b: MoDefinition): number {
  return (
    compareVersions(a.version, b.version) ||
    compareText(a.moid, b.moid) ||
    compareText(a.place ?? '', b.place ?? '') ||
    compareText(fingerprint(a), fingerprint(b))
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const fingerprints = new WeakMap<MoDefinition, string>();

/** All that a definition says, as text, without where in its file it says so. */
function fingerprint(definition: MoDefinition): string {
  const known = fingerprints.get(definition);
  if (known !== undefined) return known;
  const text = JSON.stringify(definition.root, (key, value: unknown) =>
    key === 'at' ? undefined : typeof value === 'bigint' ? value.toString() : value,
  );
  fingerprints.set(definition, text);
  return text;
}

/** Raw names of a path; absent when it is no path. */
export function namesOf(path: string): readonly string[] | undefined {
  if (path === '') return [];
  const segments = path.split('/', MAX_SEGMENTS + 1);
  if (segments.length > MAX_SEGMENTS) return undefined;
  const names: string[] = [];
  for (const segment of segments) {
    if (segment === '') return undefined;
    names.push(decodeName(segment));
  }
  return names;
}

/** A raw name as it stands in a path: '/' and '%' percent-encoded. */
export function encodeName(name: string): string {
  return /[%/]/.test(name) ? name.replace(/%/g, '%25').replace(/\//g, '%2F') : name;
}

export function decodeName(segment: string): string {
  return segment.includes('%') ? segment.replace(/%2[Ff]/g, '/').replace(/%25/g, '%') : segment;
}

const indexes = new WeakMap<DdfNode, ReadonlyMap<string, DdfNode>>();

function childrenByName(node: DdfNode): ReadonlyMap<string, DdfNode> {
  const known = indexes.get(node);
  if (known) return known;
  const index = new Map(node.children.map((child) => [child.name, child]));
  indexes.set(node, index);
  return index;
}

function descend(root: DdfNode, names: readonly string[]): DdfNode | undefined {
  let node: DdfNode | undefined = root;
  for (const name of names) {
    const children: ReadonlyMap<string, DdfNode> = childrenByName(node);
    node = children.get(name) ?? children.get('');
    if (!node) return undefined;
  }
  return node;
}

function merge(nodes: readonly DdfNode[]): KnownNode {
  const newest = nodes[nodes.length - 1] as DdfNode;
  const access = nodes.length === 1 ? newest.access : [...new Set(nodes.flatMap((node) => node.access))].sort();
  const mime = newest.mimeTypes[0];
  return {
    format: newest.format,
    access,
    ...(mime !== undefined && newest.format !== 'node' ? { mime } : {}),
    permanent: nodes.every((node) => node.permanent),
    nodes,
  };
}

function placesOf(
  families: Iterable<readonly MoDefinition[]>,
): readonly { readonly place: string; readonly moid: string }[] {
  const places = new Map<string, { readonly place: string; readonly moid: string }>();
  for (const definitions of families) {
    for (const { place, root, moid } of definitions) {
      if (place === undefined) continue;
      const whole = root.name === '' ? `${place}/*` : canonicalPlace(place);
      // The oldest version with a MOID speaks for a place: a device that tells none there is an old one.
      const key = `${whole}\n${familyOf(moid, place)}`;
      const known = places.get(key);
      if (!known || (isPlace(known.moid) && !isPlace(moid))) places.set(key, { place: whole, moid });
    }
  }
  return [...places.values()].sort((a, b) => compareText(a.place, b.place) || compareText(a.moid, b.moid));
}
