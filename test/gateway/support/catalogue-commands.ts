import type { AccessVerb, DdfNode } from '../../../schema/ddf/model';
import type { CatalogueObject, Spot } from './catalogue';
import { jsonOf } from './catalogue';
import { isUrl, nameBelow } from './plant-of';

/** A command to submit, and what must become of it on every device, unless its kind is an exec that ends later. */
export interface Asked {
  /** Says what is asked, such as `replace Interval`. */
  readonly name: string;
  readonly command: object;
  readonly outcome: 'OK' | 'NOT_FOUND' | 'ALREADY_EXISTS';
}

/** All that can be asked of one instance, in an order in which each command finds what it needs. */
export function commandsOf(object: CatalogueObject): readonly Asked[] {
  return [
    ...reads(object),
    ...replaces(object),
    ...treeReplaces(object),
    ...copies(object),
    ...leafChanges(object),
    ...listChanges(object),
    ...instanceChanges(object),
    ...execs(object),
    ...(object.mo.root.access.includes('Get') ? [read(object, '')] : []),
  ];
}

const may = ({ node }: Spot, ...verbs: readonly AccessVerb[]): boolean =>
  verbs.every((verb) => node.access.includes(verb));
const isLeaf = ({ node }: Spot): boolean => node.format !== 'node';

function addressOf({ mo, miid }: CatalogueObject, path: string, other = miid): object {
  return { moid: mo.moid, miid: other, path };
}

function read(object: CatalogueObject, path: string, outcome: Asked['outcome'] = 'OK', miid?: string): Asked {
  return { name: `get "${path}"`, command: { get: { address: addressOf(object, path, miid) } }, outcome };
}

function write(
  kind: 'add' | 'replace',
  object: CatalogueObject,
  path: string,
  value: object | undefined,
  outcome: Asked['outcome'] = 'OK',
  miid?: string,
): Asked {
  const target = { address: addressOf(object, path, miid), ...(value === undefined ? {} : { value }) };
  return { name: `${kind} "${path}"`, command: { [kind]: target }, outcome };
}

function remove(object: CatalogueObject, path: string, outcome: Asked['outcome'] = 'OK', miid?: string): Asked {
  return { name: `delete "${path}"`, command: { delete: { address: addressOf(object, path, miid) } }, outcome };
}

/** The whole, its parts, the first leaf of each format; the upper levels as deep as is asked for. */
function reads(object: CatalogueObject): readonly Asked[] {
  const spots = object.spots.filter((spot) => may(spot, 'Get'));
  const upper = spots.filter((spot) => !isLeaf(spot) && !spot.path.includes('/'));
  const deep = upper.flatMap(({ path }) =>
    [0, 1].map((depth): Asked => ({
      name: `get "${path}" to depth ${depth}`,
      command: { get: { address: addressOf(object, path), depth } },
      outcome: 'OK',
    })),
  );
  return [...[...upper, ...firstOfEachFormat(spots)].map(({ path }) => read(object, path)), ...deep];
}

function firstOfEachFormat(spots: readonly Spot[]): readonly Spot[] {
  const leaves = spots.filter(isLeaf);
  const formats = new Set(leaves.map(({ node }) => node.format));
  return [...formats].map((format) => leaves.find(({ node }) => node.format === format) as Spot);
}

function replaces(object: CatalogueObject): readonly Asked[] {
  const spots = object.spots.filter((spot) => isLeaf(spot) && may(spot, 'Replace'));
  return spots.map(({ path, node }) => write('replace', object, path, newValue(node)));
}

/** Interior nodes that take Replace are given some of their leaves by one tree. */
function treeReplaces(object: CatalogueObject): readonly Asked[] {
  return object.spots.flatMap((spot) => {
    if (isLeaf(spot) || !may(spot, 'Replace')) return [];
    const leaves = spot.node.children.filter(({ format, access }) => format !== 'node' && access.includes('Replace'));
    const json = Object.fromEntries(leaves.map((leaf) => [leaf.name, jsonOf(leaf, leaf.name)]));
    return [write('replace', object, spot.path, { json }), read(object, spot.path)];
  });
}

/** A leaf over another one, and to where none is. */
function copies(object: CatalogueObject): readonly Asked[] {
  const sources = object.spots.filter((spot) => isLeaf(spot) && may(spot, 'Get'));
  // An address that a later exec needs stays.
  const targets = sources.filter(
    (spot) => may(spot, 'Replace') && spot.node.allowed === undefined && !isUrl(spot.node),
  );
  const pairs = targets.flatMap((to) => {
    const from = sources.find(({ node, path }) => path !== to.path && node.format === to.node.format);
    return from === undefined ? [] : [{ from, to }];
  });
  const [over] = pairs;
  const fresh = pairs.find(({ to }) => may(to, 'Add', 'Delete'));
  const copy = (pair: (typeof pairs)[number]): Asked => ({
    name: `copy "${pair.from.path}" to "${pair.to.path}"`,
    command: { copy: { from: addressOf(object, pair.from.path), to: addressOf(object, pair.to.path) } },
    outcome: 'OK',
  });
  return [
    ...(over === undefined ? [] : [copy(over)]),
    ...(fresh === undefined ? [] : [remove(object, fresh.to.path), copy(fresh)]),
    ...[over, fresh].flatMap((pair) => (pair === undefined ? [] : [read(object, pair.to.path)])),
  ];
}

/** The first leaf of each format goes and comes again: commands of one kind together, for such travel together. */
function leafChanges(object: CatalogueObject): readonly Asked[] {
  const chosen = firstOfEachFormat(object.spots.filter((spot) => may(spot, 'Add', 'Delete')));
  const readable = chosen.filter((spot) => may(spot, 'Get'));
  const writable = chosen.filter((spot) => may(spot, 'Replace'));
  const [first] = readable;
  if (first === undefined) return [];
  return [
    ...chosen.map(({ path }) => remove(object, path)),
    ...readable.map(({ path }) => read(object, path, 'NOT_FOUND')),
    ...writable.map(({ path, node }) => write('replace', object, path, newValue(node), 'NOT_FOUND')),
    remove(object, first.path, 'NOT_FOUND'),
    ...chosen.map(({ path, node }) => write('add', object, path, newValue(node))),
    write('add', object, first.path, newValue(first.node), 'ALREADY_EXISTS'),
    ...readable.map(({ path }) => read(object, path)),
  ];
}

/** Elements of the first and the last list come, with what is below them, and go; the first optional part goes and comes again. */
function listChanges(object: CatalogueObject): readonly Asked[] {
  const spots = object.spots.filter((spot) => !isLeaf(spot) && spot.path !== '' && may(spot, 'Add', 'Delete', 'Get'));
  const name = 'another one';
  const lists = spots.filter(({ node }) => node.name === '');
  const elements = lists
    .filter((_, index) => index === 0 || index === lists.length - 1)
    .map(({ path, node }) => ({ node, at: `${path.split('/').slice(0, -1).join('/')}/${name}` }));
  const [first] = elements;
  const part = spots.find(({ node }) => node.name !== '');
  return [
    ...elements.map(({ at }) => read(object, at, 'NOT_FOUND')),
    ...elements.map(({ at, node }) => write('add', object, at, treeToAdd(node, name))),
    ...elements.map(({ at }) => read(object, at)),
    ...(first === undefined ? [] : [write('add', object, first.at, undefined, 'ALREADY_EXISTS')]),
    ...elements.map(({ at }) => remove(object, at)),
    ...(part === undefined
      ? []
      : [
          remove(object, part.path),
          read(object, part.path, 'NOT_FOUND'),
          write('add', object, part.path, treeToAdd(part.node, part.node.name)),
          read(object, part.path),
        ]),
  ];
}

/** A whole instance comes and goes. */
function instanceChanges(object: CatalogueObject): readonly Asked[] {
  const { root } = object.mo;
  if (root.access.includes('Add') && root.name !== '') return [write('add', object, '', undefined, 'ALREADY_EXISTS')];
  if (!['Add', 'Delete', 'Get'].every((verb) => root.access.includes(verb as AccessVerb))) return [];
  const miid = `${object.name}-second`;
  const named = (asked: Asked): Asked => ({ ...asked, name: `${asked.name} of a new instance` });
  return [
    write('add', object, '', treeToAdd(root, miid), 'OK', miid),
    read(object, '', 'OK', miid),
    write('add', object, '', undefined, 'ALREADY_EXISTS', miid),
    remove(object, '', 'OK', miid),
    read(object, '', 'NOT_FOUND', miid),
  ].map(named);
}

/** Last of all, for it may take away what it is executed on. */
function execs(object: CatalogueObject): readonly Asked[] {
  return object.spots
    .filter((spot) => may(spot, 'Exec'))
    .map(({ path }) => ({
      name: `exec "${path}"`,
      command: { exec: { address: addressOf(object, path) } },
      outcome: 'OK',
    }));
}

/** What of a node may be added with it; undefined: it is added alone. */
function treeToAdd(node: DdfNode, name: string): object | undefined {
  const json = jsonToAdd(node, name);
  return Object.keys(json).length === 0 ? undefined : { json };
}

function jsonToAdd(node: DdfNode, name: string): Record<string, unknown> {
  return Object.fromEntries(
    node.children.flatMap((child) => {
      if (!child.access.includes('Add')) return [];
      const called = nameBelow(name, child);
      return [[called, child.format === 'node' ? jsonToAdd(child, called) : jsonOf(child, called)]];
    }),
  );
}

/** Another value than the node has at first, as the node's own member of a ValueInput. */
export function newValue({ format, allowed, name }: DdfNode): object | undefined {
  if (allowed?.kind === 'enum' || allowed?.kind === 'flags') {
    const text = allowed.values.at(-1)?.value ?? '';
    return format === 'int' ? { int: Number(text) } : { text };
  }
  switch (format) {
    case 'int':
      return { int: 12 };
    case 'float':
      return { float: -1.25 };
    case 'bool':
      return { bool: false };
    case 'b64':
    case 'bin':
      return { base64: 'AQID/w==' };
    case 'date':
      return { text: '2027-02-28' };
    case 'time':
      return { text: '06:45:00Z' };
    case 'xml':
      return { text: '<value>&amp;</value>' };
    case 'null':
    case 'node':
      return undefined;
    case 'chr':
      return { text: isUrl({ name }) ? 'https://files.example/new?a=1&b=2' : `new ${name} <&> é ]]>` };
  }
}
