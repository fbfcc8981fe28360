import type { Address, Command, Context, Outcome, Tree, Value } from '../../adapter';
import { absolute, childUri, locUriOf, pathSegment } from '../addressing';
import type { BodyCommand, Encoding, Item } from '../message';
import { type StoredData, valueItem } from '../values';
import { alertOf } from './interaction';
import { documentBody, hasUnloaded, isInInbox, moidAdded } from './tnds-write';

/**
 * A caller's command as SyncML commands, one Item each: some clients answer only the first Item of several, and some
 * crash at a Sequence. CmdIDs are given when they are packed. Source: dm1 section 5; client-quirks 14.
 */
export type Plan =
  /** `mayWalk`: the node may be interior, so that more Gets follow. */
  | {
      readonly kind: 'read';
      readonly uri: string;
      readonly depth?: number;
      readonly prop?: string;
      readonly props?: readonly string[];
      readonly mayWalk: boolean;
      /** The DDFs say that it is interior, so that a list of what is below it can be asked for at once. */
      readonly isInterior: boolean;
    }
  /**
   * `stored`: where the Data of the only command stands that is too long to be loaded with it. `document`: all of it as one
   * TNDS document, for a device that takes such. `inbox`, or no bodies: there is no other way.
   */
  | {
      readonly kind: 'write';
      readonly bodies: readonly BodyCommand[];
      readonly stored?: StoredData;
      readonly document?: BodyCommand;
      readonly inbox?: { readonly moid: string | undefined };
    }
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly message: string };

export function planOf(command: Command, encoding: Encoding, context: Context): Plan {
  switch (command.kind) {
    case 'get':
      return planGet(command, context);
    case 'add':
    case 'replace':
      return planWrite(command, encoding);
    case 'delete':
      return at(command.at, (uri) => write([{ kind: 'Delete', cmdId: '', items: [{ target: { locUri: uri } }] }]));
    case 'copy':
      return at(command.from, (from) =>
        at(command.to, (to) =>
          write([{ kind: 'Copy', cmdId: '', items: [{ target: { locUri: to }, source: { locUri: from } }] }]),
        ),
      );
    case 'exec':
      // DM 1.1.2 has no Correlator.
      return at(command.at, (uri) =>
        planExec(
          uri,
          command.argument,
          context.device?.protocol === 'DM_1_1_2' ? undefined : command.correlator,
          encoding,
        ),
      );
    case 'show':
      return write([alertOf(command.prompt)]);
    case 'subscribe':
    case 'unsubscribe':
    case 'default':
      return refused('UNSUPPORTED', `DM 1.x has no ${command.kind}`);
    case 'discover':
      return refused('UNSUPPORTED', 'a discovery is under way');
  }
}

/** LocURI of a command's only Item. */
export function targetOf(body: BodyCommand): string {
  return 'items' in body ? (body.items[0]?.target?.locUri ?? '') : '';
}

/** @param moid  Data of the Item, which a question for an MO type's roots has */
export function getOf(uri: string, moid?: string): BodyCommand {
  const data = moid === undefined ? {} : { data: { kind: 'text' as const, text: moid } };
  return { kind: 'Get', cmdId: '', items: [{ target: { locUri: uri }, ...data }] };
}

function planGet(command: Command & { readonly kind: 'get' }, context: Context): Plan {
  const { at: address, depth, prop, props } = command;
  return at(address, (uri) => {
    if (prop !== undefined) return { kind: 'read', uri, prop, mayWalk: false, isInterior: false };
    const format = 'moid' in address ? context.ddf.node(address.moid, address.path)?.format : undefined;
    const isLeaf = (format !== undefined && format !== 'node') || uri.includes('?');
    return {
      kind: 'read',
      uri,
      ...(depth === undefined ? {} : { depth }),
      ...(props === undefined || props.length === 0 ? {} : { props }),
      mayWalk: (!isLeaf && depth !== 0) || (props?.length ?? 0) > 0,
      isInterior: format === 'node',
    };
  });
}

function planWrite(command: Command & { readonly kind: 'add' | 'replace' }, encoding: Encoding): Plan {
  const carrier = command.kind === 'add' ? 'Add' : 'Replace';
  return at(command.at, (uri) => {
    if (command.prop !== undefined)
      return write([{ kind: 'Replace', cmdId: '', items: [propertyItem(uri, command.prop, command.value)] }]);
    if (command.kind === 'add' && isInInbox(uri)) {
      const tree = command.tree ?? { name: '', ...(command.value ? { value: command.value } : { children: [] }) };
      if (hasUnloaded(tree)) return refused('TOO_LARGE', 'a value is larger than a message can carry');
      const moid = moidAdded(command);
      const document = documentBody('Add', uri, tree, moid, encoding);
      return { kind: 'write', bodies: [], document, inbox: { moid } };
    }
    if (command.whole === true && command.tree !== undefined) {
      if (hasUnloaded(command.tree)) return refused('TOO_LARGE', 'a value is larger than a message can carry');
      return { kind: 'write', bodies: [], document: documentBody('Replace', uri, command.tree, undefined, encoding) };
    }
    const nodes = command.tree === undefined ? [{ uri, value: command.value }] : nodesOf(command.tree, uri, carrier);
    const bodies: BodyCommand[] = [];
    let stored: StoredData | undefined;
    for (const node of nodes) {
      const written = valueItem(node.uri, node.value, encoding, node.moid);
      if ('refused' in written) return refused(written.refused, written.message);
      bodies.push({ kind: carrier, cmdId: '', items: [written.item] });
      stored = written.stored;
    }
    if (bodies.length === 0) return refused('BAD_VALUE', 'the tree has no value to write');
    if (command.tree === undefined || carrier === 'Replace' || bodies.length < 2 || hasUnloaded(command.tree))
      return write(bodies, stored);
    const document = documentBody('Add', uri, command.tree, moidAdded(command), encoding);
    return { kind: 'write', bodies, document };
  });
}

/** A property's value goes with Format `chr`, for one client crashes without Meta (our ruling). */
function propertyItem(uri: string, prop: string, value: Value | undefined): Item {
  const text = value === undefined || value.data === null ? '' : String(value.data);
  return { target: { locUri: `${uri}?prop=${prop}` }, meta: { format: 'chr' }, data: { kind: 'text', text } };
}

interface NodeToWrite {
  readonly uri: string;
  readonly value?: Value;
  readonly moid?: string;
}

/** Nodes of a tree, parents first. A Replace cannot make nodes, so it writes the leaves alone. */
function nodesOf(tree: Tree, uri: string, carrier: 'Add' | 'Replace'): readonly NodeToWrite[] {
  const nodes: NodeToWrite[] = [];
  const visit = (node: Tree, at: string): void => {
    if (node.value !== undefined) nodes.push({ uri: at, value: node.value });
    else if (carrier === 'Add') nodes.push({ uri: at, ...(node.moid ? { moid: node.moid } : {}) });
    for (const child of node.children ?? []) visit(child, childUri(at, pathSegment(child.name)));
  };
  visit(tree, uri);
  return nodes;
}

function planExec(uri: string, argument: Value | undefined, correlator: string | undefined, encoding: Encoding): Plan {
  const exec = (item: Item, stored?: StoredData): Plan =>
    write([{ kind: 'Exec', cmdId: '', ...(correlator === undefined ? {} : { correlator }), items: [item] }], stored);
  if (argument === undefined) return exec({ target: { locUri: uri } });
  const written = valueItem(uri, argument, encoding);
  return 'refused' in written ? refused(written.refused, written.message) : exec(written.item, written.stored);
}

function at(address: Address, plan: (uri: string) => Plan): Plan {
  const uri = locUriOf(address);
  return uri === undefined
    ? refused('NOT_FOUND', 'no place of the object on this device is known')
    : plan(absolute(uri));
}

function write(bodies: readonly BodyCommand[], stored?: StoredData): Plan {
  return { kind: 'write', bodies, ...(stored === undefined ? {} : { stored }) };
}

function refused(outcome: Outcome, message: string): Plan {
  return { kind: 'refused', outcome, message };
}
