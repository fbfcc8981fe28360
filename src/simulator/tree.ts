/**
 * The tree of a simulated device: what is in it and what can be done to it, in words that both protocols map to their codes.
 * It obeys the device's own definition (access types, formats, permanent nodes) and the nodes' ACLs.
 * Source: dm1 5, 6.3, 6.5, 7; dm2 10.1.
 */
import {
  allows,
  creatorsAcl,
  effectiveAcl,
  judgeAclChange,
  parseAcl,
  printAcl,
  type Acl,
  type AclRules,
} from '../../adapters/dm1/acl';
import { definitionOfChild, type NodeDefinition, type Stored, type Verb } from './definition';
import { canonical, sizeOf } from './lexical';

export type TreeError =
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'NOT_ALLOWED'
  | 'PERMANENT'
  | 'DENIED'
  | 'WRONG_FORMAT'
  | 'FULL'
  | 'FORBIDDEN'
  | 'TOO_LONG'
  | 'UNSUPPORTED';

export type TreeResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: TreeError };

/** Names from the root; empty: the root. */
export type Path = readonly string[];

export interface TreeNode {
  readonly name: string;
  readonly definition: NodeDefinition;
  readonly value?: Stored;
  readonly acl: string;
  readonly children?: ReadonlyMap<string, TreeNode>;
}

interface Live {
  name: string;
  definition: NodeDefinition;
  value?: Stored;
  acl: string;
  children?: Map<string, Live>;
}

/** A node as JSON; octets as `{ b64 }`. */
export interface NodeState {
  readonly name: string;
  readonly value?: string | { readonly b64: string };
  readonly acl?: string;
  readonly children?: readonly NodeState[];
}

/** Who acts: a server's identifier, `undefined` for the device itself (no access check at all). */
export type Actor = string | undefined;

export interface TreeLimits {
  /** Octets of all values together. */
  readonly capacity: number;
  readonly maxNodes: number;
  readonly maxDepth: number;
  readonly maxSegment: number;
}

export const TREE_LIMITS: TreeLimits = { capacity: 4_194_304, maxNodes: 20_000, maxDepth: 24, maxSegment: 128 };

const fail = (error: TreeError): { readonly ok: false; readonly error: TreeError } => ({ ok: false, error });
const done = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export class DeviceTree {
  private root: Live;
  private octets = 0;
  private nodes = 0;

  /** @param rules whose ACL rules it follows */
  constructor(
    private readonly definition: NodeDefinition,
    private readonly limits: TreeLimits = TREE_LIMITS,
    readonly rules: AclRules = '1.2',
  ) {
    this.root = this.grow(definition, definition.name, {}, '', true);
    this.account(this.root, 1);
  }

  /** The node at a path, whoever asks. */
  find(path: Path): TreeNode | undefined {
    return this.live(path);
  }

  /** Access by AccessType, then by ACL. */
  may(path: Path, verb: Verb, actor: Actor): TreeError | undefined {
    const node = this.live(path);
    if (node === undefined) return 'NOT_FOUND';
    if (actor === undefined) return undefined;
    if (!node.definition.access.includes(verb)) return 'NOT_ALLOWED';
    return this.aclAllows(path, verb, actor) ? undefined : 'DENIED';
  }

  get(path: Path, actor: Actor): TreeResult<TreeNode> {
    const refused = this.may(path, 'Get', actor);
    return refused === undefined ? done(this.live(path) as TreeNode) : fail(refused);
  }

  /** Adds a node. `format` absent: whatever the definition says. A leaf without value gets an empty one. */
  add(path: Path, given: { readonly format?: string; readonly value?: Stored }, actor: Actor): TreeResult<TreeNode> {
    const name = path.at(-1);
    if (name === undefined || this.live(path) !== undefined) return fail('EXISTS');
    if (path.length > this.limits.maxDepth || name.length > this.limits.maxSegment || name === '')
      return fail('TOO_LONG');
    const parent = this.live(path.slice(0, -1));
    if (parent === undefined) return fail('NOT_FOUND');
    if (parent.children === undefined) return fail('NOT_ALLOWED');
    const definition = definitionOfChild(parent.definition, name);
    if (definition === undefined) return fail('NOT_ALLOWED');
    if (actor !== undefined) {
      if (definition.permanent || !definition.access.includes('Add')) return fail('NOT_ALLOWED');
      if (!this.aclAllows(path.slice(0, -1), 'Add', actor)) return fail('DENIED');
    }
    const fits = this.fits(definition, given.format, given.value);
    if (fits === undefined) return fail('WRONG_FORMAT');
    if (this.nodes + 1 > this.limits.maxNodes || this.octets + sizeOf(fits.value) > this.limits.capacity)
      return fail('FULL');
    const node = this.grow(definition, name);
    if (fits.value !== undefined) node.value = fits.value;
    if (node.children !== undefined && actor !== undefined && !this.aclAllows(path.slice(0, -1), 'Replace', actor)) {
      node.acl = printAcl(creatorsAcl(actor, effectiveAcl(this.chain(path.slice(0, -1))), this.rules));
    }
    parent.children.set(name, node);
    this.account(node, 1);
    return done(node);
  }

  /** Overwrites the value of an existing leaf; never creates. */
  replace(
    path: Path,
    given: { readonly format?: string; readonly value?: Stored },
    actor: Actor,
  ): TreeResult<TreeNode> {
    const refused = this.may(path, 'Replace', actor);
    if (refused !== undefined) return fail(refused);
    const node = this.live(path) as Live;
    if (node.children !== undefined) return fail('NOT_ALLOWED');
    const fits = this.fits(node.definition, given.format, given.value ?? '');
    if (fits?.value === undefined) return fail('WRONG_FORMAT');
    const grown = sizeOf(fits.value) - sizeOf(node.value);
    if (this.octets + grown > this.limits.capacity) return fail('FULL');
    node.value = fits.value;
    this.octets += grown;
    return done(node);
  }

  /** Deletes a node with all below it. */
  delete(path: Path, actor: Actor): TreeResult<undefined> {
    const node = this.live(path);
    const name = path.at(-1);
    if (node === undefined) return fail('NOT_FOUND');
    if (name === undefined || node.definition.permanent) return fail('PERMANENT');
    const refused = this.may(path, 'Delete', actor);
    if (refused !== undefined) return fail(refused);
    this.live(path.slice(0, -1))?.children?.delete(name);
    this.account(node, -1);
    return done(undefined);
  }

  /** Whether a node can be executed; what execution does is not the tree's business. */
  mayExec(path: Path, actor: Actor): TreeResult<TreeNode> {
    const refused = this.may(path, 'Exec', actor);
    return refused === undefined ? done(this.live(path) as TreeNode) : fail(refused);
  }

  /** Leaf to leaf: the value of the source overwrites the target's, or makes it. */
  copy(from: Path, to: Path, actor: Actor): TreeResult<TreeNode> {
    const source = this.get(from, actor);
    if (!source.ok) return source;
    const target = this.live(to);
    if (source.value.children !== undefined || target?.children !== undefined) return fail('FORBIDDEN');
    const given = { format: source.value.definition.format, value: source.value.value ?? '' };
    return target === undefined ? this.add(to, given, actor) : this.replace(to, given, actor);
  }

  /** Errors: DENIED and NOT_ALLOWED by who may change it (dm1 7), WRONG_FORMAT for what is no list. */
  setAcl(path: Path, text: string, actor: Actor): TreeResult<TreeNode> {
    const node = this.live(path);
    if (node === undefined) return fail('NOT_FOUND');
    const isLeaf = node.children === undefined;
    const verdict = actor === undefined ? 200 : judgeAclChange(this.chain(path), isLeaf, actor, this.rules);
    if (verdict !== 200) return fail(verdict === 405 ? 'NOT_ALLOWED' : 'DENIED');
    const read = parseAcl(text);
    if (!read.ok) return fail('WRONG_FORMAT');
    if (path.length === 0 && read.acl.length === 0) return fail('NOT_ALLOWED');
    node.acl = printAcl(read.acl);
    return done(node);
  }

  /** The list that counts for a node, and whether it is an ancestor's. */
  aclOf(path: Path): { readonly text: string; readonly inherited: boolean } {
    const own = this.live(path)?.acl ?? '';
    return own === ''
      ? { text: printAcl(effectiveAcl(this.chain(path))), inherited: true }
      : { text: own, inherited: false };
  }

  rename(path: Path, name: string, actor: Actor): TreeResult<TreeNode> {
    const node = this.live(path);
    const parent = this.live(path.slice(0, -1));
    if (node === undefined || parent?.children === undefined) return fail('NOT_FOUND');
    if (path.length === 0 || node.definition.permanent || node.definition.name !== '') return fail('PERMANENT');
    const refused = this.may(path, 'Replace', actor);
    if (refused !== undefined) return fail(refused);
    if (name === '' || name.includes('/') || name.length > this.limits.maxSegment) return fail('WRONG_FORMAT');
    if (parent.children.has(name)) return fail('EXISTS');
    parent.children.delete(node.name);
    node.name = name;
    parent.children.set(name, node);
    return done(node);
  }

  /** Roots of MO instances, in the order of the tree. */
  instances(moid?: string): readonly { readonly moid: string; readonly miid: string; readonly path: Path }[] {
    const found: { moid: string; miid: string; path: Path }[] = [];
    const walk = (node: Live, path: Path): void => {
      const own = node.definition.moid;
      if (own !== undefined && (moid === undefined || moid === own))
        found.push({ moid: own, miid: node.definition.miid ?? node.name, path });
      for (const child of node.children?.values() ?? []) walk(child, [...path, child.name]);
    };
    walk(this.root, []);
    return found;
  }

  /** Definitions of MO roots by MOID: also of types that have no instance now. */
  types(): ReadonlyMap<string, NodeDefinition> {
    const found = new Map<string, NodeDefinition>();
    const walk = (definition: NodeDefinition): void => {
      if (definition.moid !== undefined) found.set(definition.moid, definition);
      for (const child of definition.children ?? []) walk(child);
    };
    walk(this.definition);
    return found;
  }

  /** Parent below which a new instance of an MO can be added. */
  homeOf(moid: string): Path | undefined {
    const look = (node: Live, path: Path): Path | undefined => {
      if (
        node.definition.children?.some(
          (child) => child.moid === moid && child.name === '' && child.access.includes('Add'),
        )
      )
        return path;
      for (const child of node.children?.values() ?? []) {
        const home = look(child, [...path, child.name]);
        if (home !== undefined) return home;
      }
      return undefined;
    };
    return look(this.root, []);
  }

  /** Everything as JSON, for {@link restore}. */
  snapshot(): NodeState {
    return stateOf(this.root);
  }

  /** Back to a snapshot. Nodes that the definition does not know are left out. */
  restore(state: NodeState): void {
    this.root = revive(this.definition, state);
    this.octets = 0;
    this.nodes = 0;
    this.account(this.root, 1);
  }

  private aclAllows(path: Path, verb: Verb, server: string): boolean {
    // Copy has no entry of its own: it is judged by the commands that it stands for.
    return verb !== 'Copy' && allows(effectiveAcl(this.chain(path)), verb, server);
  }

  /** Lists from the root to a node; of nodes that are not there, none. */
  private chain(path: Path): readonly Acl[] {
    const read = (text: string): Acl => {
      const parsed = parseAcl(text);
      return parsed.ok ? parsed.acl : [];
    };
    const chain = [read(this.root.acl)];
    let node: Live | undefined = this.root;
    for (const name of path) {
      node = node?.children?.get(name);
      chain.push(read(node?.acl ?? ''));
    }
    return chain;
  }

  private live(path: Path): Live | undefined {
    let node: Live | undefined = this.root;
    for (const name of path) node = node?.children?.get(name);
    return node;
  }

  private fits(
    definition: NodeDefinition,
    format: string | undefined,
    value: Stored | undefined,
  ): { readonly value?: Stored } | undefined {
    const told = format?.trim().toLowerCase();
    if (definition.format === 'node') return told === undefined || told === 'node' ? {} : undefined;
    // Over XML the octets of a `bin` node travel as b64 (dm1 5).
    const same = told === undefined || told === definition.format || (told === 'b64' && definition.format === 'bin');
    if (!same) return undefined;
    const kept = canonical(
      definition.format,
      value ?? (definition.format === 'bin' ? new Uint8Array() : (definition.initial ?? '')),
    );
    return kept === undefined ? undefined : { value: kept };
  }

  /** @param isStart  the device is new: what is present from the start appears too */
  private grow(
    definition: NodeDefinition,
    name: string,
    values: Readonly<Record<string, Stored>> = {},
    at = '',
    isStart = false,
  ): Live {
    const node: Live = { name, definition, acl: definition.acl ?? '' };
    if (definition.format !== 'node') {
      node.value = values[at] ?? definition.initial ?? (definition.format === 'bin' ? new Uint8Array() : '');
      return node;
    }
    const children = new Map<string, Live>();
    for (const child of definition.children ?? []) {
      const below = (called: string): string => (at === '' ? called : `${at}/${called}`);
      if (child.permanent && child.name !== '')
        children.set(child.name, this.grow(child, child.name, values, below(child.name), isStart));
      else if (child.name !== '' && values[below(child.name)] !== undefined)
        children.set(child.name, this.grow(child, child.name, values, below(child.name), isStart));
      for (const present of isStart ? (child.present ?? []) : [])
        children.set(present.name, this.grow(child, present.name, present.values ?? {}, '', true));
    }
    node.children = children;
    return node;
  }

  private account(node: Live, sign: 1 | -1): void {
    this.nodes += sign;
    this.octets += sign * sizeOf(node.value);
    for (const child of node.children?.values() ?? []) this.account(child, sign);
  }
}

function stateOf(node: Live): NodeState {
  const { value } = node;
  return {
    name: node.name,
    ...(value === undefined
      ? {}
      : { value: typeof value === 'string' ? value : { b64: Buffer.from(value).toString('base64') } }),
    ...(node.acl === '' ? {} : { acl: node.acl }),
    ...(node.children === undefined ? {} : { children: [...node.children.values()].map(stateOf) }),
  };
}

function revive(definition: NodeDefinition, state: NodeState): Live {
  const node: Live = { name: state.name, definition, acl: state.acl ?? '' };
  if (definition.format === 'node') {
    node.children = new Map();
    for (const child of state.children ?? []) {
      const kind = definitionOfChild(definition, child.name);
      if (kind !== undefined) node.children.set(child.name, revive(kind, child));
    }
    return node;
  }
  const { value } = state;
  node.value =
    value === undefined ? '' : typeof value === 'string' ? value : new Uint8Array(Buffer.from(value.b64, 'base64'));
  return node;
}
