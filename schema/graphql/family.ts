/** All versions of one MO merged into one tree of named nodes: what the types, inputs and look-ups of a family are made from. */
import { compareVersions } from '../ddf/identity';
import type { AccessVerb, AllowedValues, DdfNode, MoDefinition } from '../ddf/model';
import { typeSeparatorOf } from './family-names';
import { CONTROL_FIELDS, camelCase, fieldNameOf, pascalCase, segmentOf, shorten, suffixOf } from './names';
import type { LeafScalar, MoFamily, MoNode, NodeVariant } from './types';

type Shape = LeafScalar | 'Node';

/** A node in one definition. */
interface Member {
  readonly node: DdfNode;
  readonly version: string;
  readonly path: string;
}

/** Nodes of all versions that become one field. */
interface Group {
  readonly base: string;
  readonly shape: Shape;
  /** Newest version first. */
  readonly members: readonly Member[];
  readonly oldest: string;
  readonly rawName: string;
  readonly hasTwin: boolean;
}

/** Where a node stands in its family, and its names there. */
interface Position {
  readonly fieldName: string;
  readonly inputName: string;
  readonly typeName: string;
  /** The path below the root as a part of type names. */
  readonly words: string;
  readonly depth: number;
  readonly hasTwin: boolean;
}

/** Which of two shapes keeps the plain name when no version tells. */
const SHAPES: readonly Shape[] = [
  'Node',
  'String',
  'Int',
  'BigInt',
  'Boolean',
  'Float',
  'Base64',
  'Date',
  'Time',
  'Presence',
];
const SHAPE_WORDS: Readonly<Record<Shape, string>> = {
  Node: 'Node',
  String: 'Text',
  Int: 'Int',
  BigInt: 'Int',
  Boolean: 'Boolean',
  Float: 'Float',
  Base64: 'Binary',
  Date: 'Date',
  Time: 'Time',
  Presence: 'Presence',
};
/** What the list of a root's or an element's type takes in names of types: `ScomoDownloadItem`. */
const ELEMENT_WORD = 'Item';
const MAX_INT = 2_147_483_647n;
const MIN_INT = -2_147_483_648n;

/**
 * @param definitions  all of one family, sorted from old to new; at least one
 * @param name         PascalCase name of the family
 *
 * A name follows from the nodes alone. Where siblings meet, the one that the oldest version has keeps the plain name and
 * the others get a suffix of their own raw name; spellings that never occur in one version (`DevId`, `DevID`) are one node.
 */
export function mergeFamily(family: string, name: string, definitions: readonly MoDefinition[]): MoFamily {
  const members = definitions.map(({ root, version }) => ({ node: root, version, path: '' })).reverse();
  const builder = new Builder(name, typeSeparatorOf(family));
  const versions = [...new Set(definitions.map(({ version }) => version))]
    .filter((version) => version !== '')
    .sort(compareVersions);
  return {
    family,
    name,
    moids: [...new Set(definitions.map(({ moid }) => moid))].sort(),
    versions,
    root: builder.root(members),
  };
}

class Builder {
  private readonly typeNames = new Set<string>();

  constructor(
    private readonly familyName: string,
    private readonly separator: string,
  ) {
    this.typeNames.add(familyName);
  }

  root(members: readonly Member[]): MoNode {
    const shape: Shape = members.some(({ node }) => node.format === 'node') ? 'Node' : shapeOf(members);
    const fieldName = camelCase(this.familyName);
    return this.node(members, shape, {
      fieldName,
      inputName: fieldName,
      typeName: this.familyName,
      words: '',
      depth: 0,
      hasTwin: false,
    });
  }

  private node(
    members: readonly Member[],
    shape: Shape,
    { fieldName, inputName, typeName, words, depth, hasTwin }: Position,
  ): MoNode {
    const newest = members[0] as Member;
    const isLeaf = shape !== 'Node';
    const first = <T>(pick: (node: DdfNode) => T | undefined): T | undefined => {
      for (const { node } of members) {
        const value = pick(node);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    const children = isLeaf ? [] : this.children(members, words, depth);
    const allowed = first((node) => node.allowed);
    return {
      fieldName,
      inputName,
      typeName,
      kind: isLeaf ? 'leaf' : 'interior',
      isList: depth > 0 && newest.node.name === '',
      ...(isLeaf ? { scalar: shape } : {}),
      variants: variantsOf(members),
      access: accessOf(members),
      title: first((node) => node.title),
      description: first((node) => node.description),
      defaultValue: first((node) => node.defaultValue),
      mimeTypes: first((node) => (node.mimeTypes.length > 0 ? node.mimeTypes : undefined)) ?? [],
      ...(allowed === undefined ? {} : { allowed: widest(members, allowed) }),
      // Gone only when the newest version says so.
      deprecated: newest.node.deprecated,
      isOpen: !isLeaf && members.some(({ node }) => node.children.length === 0),
      hasTwin,
      children,
    };
  }

  private children(parents: readonly Member[], words: string, depth: number): readonly MoNode[] {
    const groups = groupsOf(parents);
    const named = nameGroups(groups);
    const taken = new Set(named.values());
    // Names of types are given to all siblings before any of their children, so that shorter paths keep the plain ones.
    const typed = groups.map((group) => {
      const fieldName = named.get(group) as string;
      const ownWords = words + (group.rawName === '' ? ELEMENT_WORD : typeWords(fieldName, group));
      const needsType = group.shape === 'Node' || group.rawName === '';
      return {
        group,
        fieldName,
        ownWords,
        typeName: needsType ? this.typeName(ownWords, group.members[0]?.path ?? '') : '',
      };
    });
    return typed.map(({ group, fieldName, ownWords, typeName }) =>
      this.node(group.members, group.shape, {
        fieldName,
        inputName: depth === 0 ? inputNameOf(fieldName, taken) : fieldName,
        typeName,
        words: ownWords,
        depth: depth + 1,
        hasTwin: group.hasTwin,
      }),
    );
  }

  private typeName(words: string, path: string): string {
    const plain = shorten(this.familyName + this.separator + words, path);
    const name = this.typeNames.has(plain) ? `${plain}_${suffixOf(path)}` : plain;
    this.typeNames.add(name);
    return name;
  }
}

function typeWords(fieldName: string, group: Group): string {
  const plain = pascalCase(group.rawName);
  return fieldName === group.base ? plain : plain + fieldName.slice(group.base.length);
}

/** Words such as `wait` stand in the root of every input already. */
function inputNameOf(fieldName: string, taken: ReadonlySet<string>): string {
  if (!CONTROL_FIELDS.has(fieldName)) return fieldName;
  const name = `${fieldName}Node`;
  return taken.has(name) ? `${name}_${suffixOf(fieldName)}` : name;
}

/** In the order in which the newest version lists them, older versions' own nodes after it. */
function groupsOf(parents: readonly Member[]): readonly Group[] {
  const byRawName = new Map<string, Member[]>();
  for (const parent of parents) {
    const prefix = parent.path === '' ? '' : `${parent.path}/`;
    for (const node of parent.node.children) {
      const member = { node, version: parent.version, path: prefix + segmentOf(node.name) };
      const known = byRawName.get(node.name);
      if (known) known.push(member);
      else byRawName.set(node.name, [member]);
    }
  }
  const spellings = new Map<string, string[]>();
  for (const rawName of byRawName.keys()) {
    const base = fieldNameOf(rawName);
    const known = spellings.get(base);
    if (known) known.push(rawName);
    else spellings.set(base, [rawName]);
  }
  const groups: Group[] = [];
  for (const [base, rawNames] of spellings) {
    const together = rawNames.length > 1 && !rawNames.includes('') && !meetInOneDefinition(parents, rawNames);
    for (const names of together ? [rawNames] : rawNames.map((rawName) => [rawName])) {
      const members =
        names.length === 1
          ? (byRawName.get(names[0] as string) ?? [])
          : newestFirst(names.flatMap((rawName) => byRawName.get(rawName) ?? []));
      const shapes = byShape(members);
      for (const [shape, shaped] of shapes) groups.push(groupOf(base, shape, shaped, shapes.size > 1));
    }
  }
  return groups;
}

function groupOf(base: string, shape: Shape, members: readonly Member[], hasTwin: boolean): Group {
  const oldest = members.reduce(
    (least, { version }) => (compareVersions(version, least) < 0 ? version : least),
    members[0]?.version ?? '',
  );
  return { base, shape, members, oldest, rawName: members[0]?.node.name ?? '', hasTwin };
}

function newestFirst(members: readonly Member[]): readonly Member[] {
  return [...members].sort((a, b) => compareVersions(b.version, a.version));
}

function meetInOneDefinition(parents: readonly Member[], rawNames: readonly string[]): boolean {
  const names = new Set(rawNames);
  return parents.some(({ node }) => {
    let count = 0;
    for (const child of node.children) if (names.has(child.name)) count++;
    return count > 1;
  });
}

function byShape(members: readonly Member[]): ReadonlyMap<Shape, readonly Member[]> {
  const shapes = new Map<Shape, Member[]>();
  for (const member of members) {
    const shape = roughShape(member.node);
    const known = shapes.get(shape);
    if (known) known.push(member);
    else shapes.set(shape, [member]);
  }
  const ints = shapes.get('Int');
  if (ints?.some(({ node }) => isWide(node))) {
    return new Map([...shapes].map(([shape, found]) => [shape === 'Int' ? 'BigInt' : shape, found]));
  }
  return shapes;
}

function shapeOf(members: readonly Member[]): Shape {
  return [...byShape(members).keys()][0] ?? 'String';
}

function roughShape(node: DdfNode): Shape {
  switch (node.format) {
    case 'node':
      return 'Node';
    case 'chr':
    case 'xml':
      return 'String';
    case 'int':
      return 'Int';
    case 'bool':
      return 'Boolean';
    case 'float':
      return 'Float';
    case 'bin':
    case 'b64':
      return 'Base64';
    case 'date':
      return 'Date';
    case 'time':
      return 'Time';
    case 'null':
      return 'Presence';
  }
}

/** Whether an int node may hold what GraphQL's Int cannot. */
function isWide(node: DdfNode): boolean {
  const isBeyond = (value: bigint | undefined): boolean => value !== undefined && (value > MAX_INT || value < MIN_INT);
  const { allowed, defaultValue } = node;
  if (defaultValue !== undefined && /^-?[0-9]{1,30}$/.test(defaultValue) && isBeyond(BigInt(defaultValue))) return true;
  if (allowed?.kind === 'range') return allowed.ranges.some(({ min, max }) => isBeyond(min) || isBeyond(max));
  if (allowed?.kind !== 'enum' && allowed?.kind !== 'flags') return false;
  return allowed.values.some(
    ({ value }) => /^(?:-?[0-9]{1,30}|0x[0-9a-f]{1,16})$/i.test(value) && isBeyond(BigInt(value)),
  );
}

function nameGroups(groups: readonly Group[]): ReadonlyMap<Group, string> {
  const names = new Map<Group, string>();
  const taken = new Set<string>();
  // Plain names first, so that a suffixed name never takes a plain one away.
  const sorted = [...groups].sort(
    (a, b) =>
      compareText(a.base, b.base) ||
      Number(a.rawName === '') - Number(b.rawName === '') ||
      compareVersions(a.oldest, b.oldest) ||
      SHAPES.indexOf(a.shape) - SHAPES.indexOf(b.shape) ||
      compareText(a.rawName, b.rawName),
  );
  const rest: Group[] = [];
  const holders = new Map<string, Group>();
  for (const group of sorted) {
    if (taken.has(group.base)) {
      rest.push(group);
      continue;
    }
    taken.add(group.base);
    holders.set(group.base, group);
    names.set(group, group.base);
  }
  for (const group of rest) {
    const sameNode = holders.get(group.base)?.rawName === group.rawName;
    let name = sameNode ? `${group.base}As${SHAPE_WORDS[group.shape]}` : `${group.base}_${suffixOf(group.rawName)}`;
    if (taken.has(name)) name = `${group.base}_${suffixOf(`${group.rawName}\n${group.shape}`)}`;
    taken.add(name);
    names.set(group, name);
  }
  return names;
}

function variantsOf(members: readonly Member[]): readonly NodeVariant[] {
  const byKey = new Map<string, Member[]>();
  for (const member of members) {
    const key = `${member.path}\n${member.node.format}`;
    const known = byKey.get(key);
    if (known) known.push(member);
    else byKey.set(key, [member]);
  }
  return [...byKey.values()].map((same) => {
    const { node, path } = same[0] as Member;
    const versions = [...new Set(same.map(({ version }) => version))]
      .filter((version) => version !== '')
      .sort(compareVersions);
    return {
      name: node.name,
      path,
      format: node.format,
      access: accessOf(same),
      versions,
      unversioned: same.some(({ version }) => version === ''),
    };
  });
}

function accessOf(members: readonly Member[]): readonly AccessVerb[] {
  return members.length === 1
    ? (members[0] as Member).node.access
    : [...new Set(members.flatMap(({ node }) => node.access))].sort();
}

/** Values that some version allows; a version that restricts nothing lifts the restriction. */
function widest(members: readonly Member[], newest: AllowedValues): AllowedValues {
  const kinds = members.map(({ node }) => node.allowed);
  const isUnrestricted = kinds.some((allowed) => allowed === undefined);
  const ranges = kinds.flatMap((allowed) => (allowed?.kind === 'range' ? allowed.ranges : []));
  if (newest.kind === 'range' && !isUnrestricted && kinds.every((allowed) => allowed?.kind === 'range')) {
    return {
      kind: 'range',
      ranges,
      text: [...new Set(kinds.map((allowed) => (allowed?.kind === 'range' ? allowed.text : '')))].join(', '),
    };
  }
  if (members.length === 1) return newest;
  return newest.kind === 'range' ? { kind: 'other', type: 'Range', text: newest.text } : newest;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
