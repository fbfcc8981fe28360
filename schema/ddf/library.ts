/** What is known of MO types by their raw names: immutable look-ups over the definitions that were read. */
import { Branch, type KnownNode, NOWHERE } from './branch';
import { familyOf, versionOf, compareVersions, canonicalPlace, isPlace } from './identity';
import type { MoDefinition } from './model';
import { type SeenChild, ShapeIndex } from './shape';

export { Branch, type KnownNode, NOWHERE } from './branch';
export { familyOf, versionOf } from './identity';

/** Cap on the segments of a path that is looked up; deeper nodes are in no DDF. */
const MAX_SEGMENTS = 256;
/** MOIDs of which the root is kept; each message can tell new ones, such as of versions that nobody knows. */
const MAX_ROOTS = 4_096;

export class DdfLibrary {
  private readonly byFamily: ReadonlyMap<string, readonly MoDefinition[]>;
  private shapes: ShapeIndex | undefined;
  private named: readonly string[] | undefined;
  private readonly roots = new Map<string, Branch>();
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
    return this.at(moid, path).node;
  }

  /** The same node as a point from which those below it are reached by name. */
  at(moid: string, path: string): Branch {
    let branch = this.root(moid);
    if (path === '' || branch === NOWHERE) return branch;
    const names = namesOf(path);
    if (names === undefined) return NOWHERE;
    for (const name of names) branch = branch.below(name);
    return branch;
  }

  private root(moid: string): Branch {
    const known = this.roots.get(moid);
    if (known !== undefined) return known;
    const definitions = this.definitions(moid);
    if (definitions.length === 0) return NOWHERE;
    const root = new Branch(definitions.map((definition) => definition.root));
    if (this.roots.size >= MAX_ROOTS) this.roots.clear();
    this.roots.set(moid, root);
    return root;
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
