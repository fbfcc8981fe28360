/** From the input of a generated mutation to the commands that `submitOperation` would take. */
import { describeAllowed, isAllowedValue, quoteValue } from '../ddf/check-value';
import { encodeName, namesOf } from '../ddf/library';
import type { AccessVerb } from '../ddf/model';
import { allowedIn } from './rules';
import { SELF_FIELD, VERBS, WITHOUT_ARGUMENT, reachable } from './input-types';
import type {
  CommandsResult,
  GeneratedCommand,
  InputValue,
  MoFamily,
  MoNode,
  MutationKind,
  NodeVariant,
} from './types';
import { toDevice } from './values';

/** Cap on the commands of one mutation. */
const MAX_COMMANDS = 1_000;

export interface CommandsOptions {
  /** Version of the MO that the device has; absent: unknown, then the newest spelling and any version's access count. */
  readonly version?: string;
}

type Refusal = Extract<CommandsResult, { readonly ok: false }>;

/** Thrown inside, never out of this file. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

function refuse(code: Refusal['code'], message: string, path: string): never {
  throw new Refused({ ok: false, code, message, path });
}

/**
 * Commands in the order of the tree: what is above comes first (for delete: last), entries of a list in the order given.
 *
 * @param input  the mutation's input as graphql-js coerced it; controls (`deviceId`, `wait` …) are not looked at
 *
 * Errors: BAD_USER_INPUT (nothing asked for, an empty nodeName), NOT_IN_DDF (the device's version lacks the node), ACCESS_TYPE (it
 * does not take this command in that version), BAD_FORMAT, OUT_OF_RANGE, LIMIT_COMMANDS.
 */
export function commandsOf(
  kind: MutationKind,
  family: MoFamily,
  input: Readonly<Record<string, unknown>>,
  options: CommandsOptions = {},
): CommandsResult {
  const version =
    options.version !== undefined && family.versions.includes(options.version) ? options.version : undefined;
  const walk = new Walk(kind, version);
  try {
    walk.node(family.root, '', input, true);
    if (kind === 'exec') walk.withoutArgument(family.root, input[WITHOUT_ARGUMENT]);
    if (walk.commands.length === 0) refuse('BAD_USER_INPUT', `the input names no node to ${kind}`, '');
    return { ok: true, commands: kind === 'delete' ? [...walk.commands].reverse() : walk.commands };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

class Walk {
  readonly commands: GeneratedCommand[] = [];

  constructor(
    private readonly kind: MutationKind,
    private readonly version: string | undefined,
  ) {}

  /** An object of the input that stands for a node. */
  node(node: MoNode, path: string, input: Readonly<Record<string, unknown>>, isRoot = false): void {
    if (node.kind === 'leaf') {
      if ('value' in input && input['value'] !== null && input['value'] !== undefined)
        this.leaf(node, path, input['value']);
      else if (!isRoot || input[SELF_FIELD] === true) this.add(node, path);
      return;
    }
    const children = reachable(this.kind, node);
    const isSelf = this.asksForItself(node, input, children.length > 0, isRoot);
    if (isSelf) this.add(node, path);
    // What is deleted takes everything below it along.
    if (isSelf && this.kind === 'delete') return;
    for (const child of this.kind === 'delete' ? [...children].reverse() : children) {
      const value = input[isRoot ? child.inputName : child.fieldName];
      if (value !== undefined && value !== null) this.child(child, path, value);
    }
  }

  /** Nodes by their paths, as they stand in addresses. */
  withoutArgument(root: MoNode, paths: unknown): void {
    if (!Array.isArray(paths)) return;
    for (const path of paths as readonly unknown[]) {
      if (typeof path !== 'string') continue;
      const names = namesOf(path);
      const node = names?.reduce<MoNode | undefined>((above, name) => childOf(above, name), root);
      if (names === undefined || node === undefined || !node.access.includes(VERBS.exec))
        refuse('NOT_IN_DDF', `withoutArgument: no node ${quoteValue(path)} can be executed`, path);
      this.push(node, names.map(encodeName).join('/'), undefined);
    }
  }

  private asksForItself(
    node: MoNode,
    input: Readonly<Record<string, unknown>>,
    hasChildren: boolean,
    isRoot: boolean,
  ): boolean {
    if (!node.access.includes(VERBS[this.kind])) return false;
    const self = input[SELF_FIELD];
    if (self !== undefined && self !== null) return self === true;
    return !isRoot && (!hasChildren || this.kind === 'add');
  }

  private child(child: MoNode, parentPath: string, value: unknown): void {
    const variant = this.variantOf(child, join(parentPath, child.variants[0]?.name || '*'));
    if (child.isList) {
      const entries = Array.isArray(value) ? (value as readonly unknown[]) : [value];
      for (const entry of this.kind === 'delete' ? [...entries].reverse() : entries) {
        if (!isRecord(entry)) continue;
        const name = nodeNameOf(entry, parentPath);
        // What a DDF allows for an interior node can only be its name.
        if (this.kind === 'add' && child.kind === 'interior') this.check(child, name, join(parentPath, name));
        this.node(child, join(parentPath, name), entry);
      }
      return;
    }
    const path = join(parentPath, variant.name);
    if (isRecord(value) && child.kind === 'interior') {
      this.node(child, path, value);
      return;
    }
    if (child.kind === 'interior' || child.scalar === 'Presence' || this.kind === 'delete') {
      if (value === true) this.add(child, path);
      return;
    }
    this.leaf(child, path, value);
  }

  private leaf(leaf: MoNode, path: string, value: unknown): void {
    const { format } = this.variantOf(leaf, path);
    const converted = toDevice(format, value);
    if (!converted.ok) refuse('BAD_FORMAT', `${path || 'the MO'} has the format ${format}: ${converted.message}`, path);
    this.check(leaf, converted.data, path);
    this.push(leaf, path, { format, ...mimeOf(leaf), data: converted.data });
  }

  /** Against what the device's version of the DDF allows; an error states what that is. */
  private check(node: MoNode, value: unknown, path: string): void {
    const allowed = allowedIn(node, this.version);
    if (allowed.length === 0 || allowed.some((rule) => isAllowedValue(rule, value))) return;
    const takes = [...new Set(allowed.map(describeAllowed))].join('; or ');
    refuse('OUT_OF_RANGE', `${path || 'the MO'} takes ${takes}, not ${quoteValue(value)}`, path);
  }

  /** A node without a value of its own: an interior one, or a flag. */
  private add(node: MoNode, path: string): void {
    const isFlag = node.scalar === 'Presence' && (this.kind === 'add' || this.kind === 'replace');
    this.push(node, path, isFlag ? { format: 'null', data: null } : undefined);
  }

  private push(node: MoNode, path: string, value: InputValue | undefined): void {
    const variant = this.variantOf(node, path);
    if (!variant.access.includes(VERBS[this.kind])) {
      refuse(
        'ACCESS_TYPE',
        `${path || 'the MO'} does not take ${VERBS[this.kind]}${this.version === undefined ? '' : ` in version ${this.version}`}`,
        path,
      );
    }
    if (this.commands.length >= MAX_COMMANDS)
      refuse('LIMIT_COMMANDS', `more than ${MAX_COMMANDS} commands in one mutation`, path);
    this.commands.push(value === undefined ? { kind: this.kind, path } : { kind: this.kind, path, value });
  }

  /** How the device's version spells and describes a node. Several versions without a number: what they say together. */
  private variantOf(node: MoNode, path: string): NodeVariant {
    const { version } = this;
    const newest = node.variants[0];
    if (!newest) return refuse('NOT_IN_DDF', `${path} is in no version`, path);
    if (version === undefined) return { ...newest, access: node.access };
    const fitting = node.variants.filter((variant) => variant.unversioned || variant.versions.includes(version));
    const exact = fitting.find((variant) => variant.versions.includes(version)) ?? fitting[0];
    if (!exact) return refuse('NOT_IN_DDF', `${path} is not in version ${version}`, path);
    return { ...exact, access: fitting.flatMap((variant) => accessIn(variant, version)) };
  }
}

/** The child that a raw name means: the one of that name, else one whose name the device gives. */
function childOf(node: MoNode | undefined, name: string): MoNode | undefined {
  return (
    node?.children.find((child) => !child.isList && child.variants.some((variant) => variant.name === name)) ??
    node?.children.find((child) => child.isList)
  );
}

/** Of a version, and of DDFs that tell none. */
function accessIn({ access, accessIn: byVersion }: NodeVariant, version: string): readonly AccessVerb[] {
  return byVersion ? [...(byVersion.get(version) ?? []), ...(byVersion.get('') ?? [])] : access;
}

function nodeNameOf(entry: Readonly<Record<string, unknown>>, parentPath: string): string {
  const name = entry['nodeName'];
  if (typeof name !== 'string' || name === '')
    return refuse('BAD_USER_INPUT', `an entry of ${parentPath || 'the MO'} has an empty nodeName`, parentPath);
  if (name === '.' || name === '..')
    return refuse('BAD_USER_INPUT', `an entry of ${parentPath || 'the MO'} cannot have the name ${name}`, parentPath);
  return name;
}

function mimeOf(leaf: MoNode): { readonly mime?: string } {
  const mime = leaf.mimeTypes[0];
  return mime === undefined ? {} : { mime };
}

function join(path: string, name: string): string {
  return path === '' ? encodeName(name) : `${path}/${encodeName(name)}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Date)
  );
}
