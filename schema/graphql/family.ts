/** All versions of one MO merged into one tree of named nodes: what the types, inputs and look-ups of a family are made from. */
import { compareVersions } from '../ddf/identity';
import type { AccessVerb, DdfNode, MoDefinition } from '../ddf/model';
import { enumValuesOf } from './enums';
import { typeSeparatorOf } from './family-names';
import {
  CONTROL_FIELDS,
  FILTER_FIELDS,
  camelCase,
  fieldNameOf,
  namesAround,
  pascalCase,
  segmentOf,
  suffixOf,
  typeNameOf,
} from './names';
import { SHAPES, SHAPE_WORDS, byShape, shapeOf, type Shape } from './shapes';
import type { MoFamily, MoNode, NodeRule, NodeVariant, Steps } from './types';
import { notesOf } from './vendor-notes';

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
  readonly filterName: string;
  readonly hasType: boolean;
  /** The path below the root as a part of type names; few leaves need it. */
  readonly words: () => string;
  readonly depth: number;
  readonly hasTwin: boolean;
}

/** How many nodes are merged in one step: a millisecond or two. */
const NODES_PER_STEP = 100;
/** What the list of a root's or an element's type takes in names of types: `ScomoDownloadItem`. */
const ELEMENT_WORD = 'Item';
/** What the enum of an element that is a leaf takes: its object type has the plain name. */
const VALUE_WORD = 'Value';

/**
 * @param definitions  all of one family, sorted from old to new; at least one
 * @param name         PascalCase name of the family
 *
 * A name follows from the nodes alone. Where siblings meet, the one that the oldest version has keeps the plain name and
 * the others get a suffix of their own raw name; spellings that never occur in one version (`DevId`, `DevID`) are one node.
 */
export function* mergeFamily(family: string, name: string, definitions: readonly MoDefinition[]): Steps<MoFamily> {
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
    root: yield* builder.root(members),
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A type that waits for its name until all that could meet are known. */
interface Unnamed {
  readonly plain: string;
  readonly path: string;
  readonly depth: number;
  readonly give: (name: string) => void;
}

class Builder {
  private readonly unnamed: Unnamed[] = [];
  private merged = 0;

  constructor(
    private readonly familyName: string,
    private readonly separator: string,
  ) {}

  *root(members: readonly Member[]): Steps<MoNode> {
    const shape: Shape = members.some(({ node }) => node.format === 'node') ? 'Node' : shapeOf(members);
    const fieldName = camelCase(this.familyName);
    const root = yield* this.node(members, shape, {
      fieldName,
      inputName: fieldName,
      filterName: fieldName,
      hasType: true,
      words: () => '',
      depth: 0,
      hasTwin: false,
    });
    this.nameTypes();
    return root;
  }

  private *node(members: readonly Member[], shape: Shape, position: Position): Steps<MoNode> {
    if (++this.merged % NODES_PER_STEP === 0) yield undefined;
    const { fieldName, inputName, filterName, words, depth, hasTwin } = position;
    const newest = members[0] as Member;
    const isLeaf = shape !== 'Node';
    const first = <T>(pick: (node: DdfNode) => T | undefined): T | undefined => {
      for (const { node } of members) {
        const value = pick(node);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    const rules = rulesOf(members);
    const node: Writable<MoNode> = {
      fieldName,
      inputName,
      filterName,
      typeName: '',
      kind: isLeaf ? 'leaf' : 'interior',
      isList: depth > 0 && newest.node.name === '',
      scalar: isLeaf ? shape : undefined,
      variants: variantsOf(members),
      access: accessOf(members),
      title: first((member) => member.title),
      description: first((member) => member.description),
      defaultValue: first((member) => member.defaultValue),
      mimeTypes: first((member) => (member.mimeTypes.length > 0 ? member.mimeTypes : undefined)) ?? [],
      allowed: first((member) => member.allowed),
      rules,
      // Gone only when the newest version says so.
      deprecated: newest.node.deprecated,
      ...notesOf(members.map((member) => member.node)),
      isOpen: !isLeaf && members.some((member) => member.node.children.length === 0),
      hasTwin,
      children: isLeaf ? [] : yield* this.children(members, words(), depth),
    };
    if (position.hasType) this.wantType(words(), newest.path, depth, (name) => (node.typeName = name));
    const values = canBeEnum(shape) && rules.length > 0 ? enumValuesOf(rules, shape === 'String') : undefined;
    if (values) {
      const enumWords = words() + (position.hasType ? VALUE_WORD : '');
      this.wantType(enumWords, newest.path, depth, (typeName) => (node.enumeration = { typeName, values }));
    }
    return node;
  }

  private *children(parents: readonly Member[], words: string, depth: number): Steps<readonly MoNode[]> {
    const groups = groupsOf(parents);
    const named = nameGroups(groups);
    const taken = new Set(named.values());
    const nodes: MoNode[] = [];
    for (const group of groups) {
      const fieldName = named.get(group) as string;
      const position = {
        fieldName,
        inputName: depth === 0 ? freeName(fieldName, CONTROL_FIELDS, taken) : fieldName,
        filterName: freeName(fieldName, FILTER_FIELDS, taken),
        hasType: group.shape === 'Node' || group.rawName === '',
        words: () => words + typeWords(fieldName, group),
        depth: depth + 1,
        hasTwin: group.hasTwin,
      };
      nodes.push(yield* this.node(group.members, group.shape, position));
    }
    return nodes;
  }

  private wantType(words: string, path: string, depth: number, give: (name: string) => void): void {
    const plain = words === '' ? this.familyName : typeNameOf(this.familyName + this.separator + words, path);
    this.unnamed.push({ plain, path, depth, give });
  }

  /** Where two (or what is named after them) meet, the one nearer to the root keeps the plain name, whatever the order of the file. */
  private nameTypes(): void {
    const sorted = [...this.unnamed].sort((a, b) => a.depth - b.depth || compareText(a.path, b.path));
    const taken = new Set<string>();
    for (const { plain, path, give } of sorted) {
      let names = namesAround(plain);
      for (let i = 0; names.some((name) => taken.has(name)); i++)
        names = namesAround(`${plain}_${suffixOf(i === 0 ? path : `${path}\n${i}`)}`);
      for (const name of names) taken.add(name);
      give(names[0] as string);
    }
  }
}

function canBeEnum(shape: Shape): boolean {
  return shape === 'String' || shape === 'Int' || shape === 'BigInt';
}

/** Empty where no definition says anything of values. */
function rulesOf(members: readonly Member[]): readonly NodeRule[] {
  if (members.every(({ node }) => node.allowed === undefined)) return [];
  return members.map(({ version, node: { allowed } }) => (allowed ? { version, allowed } : { version }));
}

function typeWords(fieldName: string, group: Group): string {
  const plain = group.rawName === '' ? ELEMENT_WORD : pascalCase(group.rawName);
  // The list's field may have met another name, its elements' type has not.
  if (group.rawName === '' && !group.hasTwin) return plain;
  return fieldName === group.base ? plain : plain + fieldName.slice(group.base.length);
}

/** Words such as `wait` stand in the root of every input already, and `and` in every filter. */
function freeName(fieldName: string, reserved: ReadonlySet<string>, taken: ReadonlySet<string>): string {
  if (!reserved.has(fieldName)) return fieldName;
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
  const [first] = members as readonly [Member, ...Member[]];
  if (members.every(({ path, node }) => path === first.path && node.format === first.node.format))
    return [variantOf(members)];
  const byKey = new Map<string, Member[]>();
  for (const member of members) {
    const key = `${member.path}\n${member.node.format}`;
    const known = byKey.get(key);
    if (known) known.push(member);
    else byKey.set(key, [member]);
  }
  return [...byKey.values()].map(variantOf);
}

/** Of members with one path and format. */
function variantOf(members: readonly Member[]): NodeVariant {
  const { node, path } = members[0] as Member;
  const versions = members.map(({ version }) => version).filter((version) => version !== '');
  const access = accessOf(members);
  const isOne = members.every((member) => member.node.access.length === access.length);
  return {
    name: node.name,
    path,
    format: node.format,
    access,
    ...(isOne ? {} : { accessIn: accessByVersion(members) }),
    versions: versions.length < 2 ? versions : [...new Set(versions)].sort(compareVersions),
    unversioned: versions.length < members.length,
  };
}

function accessByVersion(members: readonly Member[]): ReadonlyMap<string, readonly AccessVerb[]> {
  const versions = new Set(members.map(({ version }) => version));
  return new Map(
    [...versions].map((version) => [version, accessOf(members.filter((member) => member.version === version))]),
  );
}

function accessOf(members: readonly Member[]): readonly AccessVerb[] {
  const [first, ...others] = members.map(({ node }) => node.access);
  if (!first) return [];
  // Mostly all versions agree; their verbs are sorted.
  const isOne = others.every(
    (access) => access.length === first.length && access.every((verb, i) => verb === first[i]),
  );
  return isOne ? first : [...new Set([first, ...others].flat())].sort();
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
