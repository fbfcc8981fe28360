import type { Address, Command, Context, Outcome, Tree, Value } from '../../adapter';
import { absolute, childUri, locUriOf, pathSegment } from '../addressing';
import type { BodyCommand, Encoding, Item } from '../message';
import { valueItem } from '../values';
import { alertOf } from './interaction';

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
      readonly mayWalk: boolean;
    }
  | { readonly kind: 'write'; readonly bodies: readonly BodyCommand[] }
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly message: string };

export function planOf(command: Command, encoding: Encoding, context: Context): Plan {
  switch (command.kind) {
    case 'get':
      return planGet(command.at, command.depth, command.prop, context);
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

export function getOf(uri: string): BodyCommand {
  return { kind: 'Get', cmdId: '', items: [{ target: { locUri: uri } }] };
}

function planGet(address: Address, depth: number | undefined, prop: string | undefined, context: Context): Plan {
  return at(address, (uri) => {
    if (prop !== undefined) return { kind: 'read', uri, prop, mayWalk: false };
    const format = 'moid' in address ? context.ddf.node(address.moid, address.path)?.format : undefined;
    const isLeaf = (format !== undefined && format !== 'node') || uri.includes('?');
    return { kind: 'read', uri, ...(depth === undefined ? {} : { depth }), mayWalk: !isLeaf && depth !== 0 };
  });
}

function planWrite(command: Command & { readonly kind: 'add' | 'replace' }, encoding: Encoding): Plan {
  const carrier = command.kind === 'add' ? 'Add' : 'Replace';
  return at(command.at, (uri) => {
    if (command.prop !== undefined)
      return write([{ kind: 'Replace', cmdId: '', items: [propertyItem(uri, command.prop, command.value)] }]);
    const nodes = command.tree === undefined ? [{ uri, value: command.value }] : nodesOf(command.tree, uri, carrier);
    const bodies: BodyCommand[] = [];
    for (const node of nodes) {
      const written = valueItem(node.uri, node.value, encoding, node.moid);
      if ('refused' in written) return refused(written.refused, written.message);
      bodies.push({ kind: carrier, cmdId: '', items: [written.item] });
    }
    return bodies.length === 0 ? refused('BAD_VALUE', 'the tree has no value to write') : write(bodies);
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
  const exec = (item: Item): Plan =>
    write([{ kind: 'Exec', cmdId: '', ...(correlator === undefined ? {} : { correlator }), items: [item] }]);
  if (argument === undefined) return exec({ target: { locUri: uri } });
  const written = valueItem(uri, argument, encoding);
  return 'refused' in written ? refused(written.refused, written.message) : exec(written.item);
}

function at(address: Address, plan: (uri: string) => Plan): Plan {
  const uri = locUriOf(address);
  return uri === undefined
    ? refused('NOT_FOUND', 'no place of the object on this device is known')
    : plan(absolute(uri));
}

function write(bodies: readonly BodyCommand[]): Plan {
  return { kind: 'write', bodies };
}

function refused(outcome: Outcome, message: string): Plan {
  return { kind: 'refused', outcome, message };
}
