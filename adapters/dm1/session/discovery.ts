import type { Command, Context, Effect, RecognisedBy } from '../../adapter';
import { STATUS } from '../status-codes';
import { absolute, canonical } from '../addressing';
import type { Discovery, OpenCommand, StoredItem, Walk, WalkNode } from './machine';
import { isWithin, newWalk, treeOf, visit, WALK_LIMITS } from './walk';

/**
 * Finding a device's MOs by walking its tree breadth first. The Type property of an interior node tells the MOID where
 * the client has it; else a place that a DDF fixes. Below a root the walk goes on, so that first values are stored.
 * Its statuses are the gateway's own and reach no caller. Source: dm1 sections 6.2, 6.3; OMA-TS-DM_TND, "Type".
 */

/** Feature under which it is remembered whether interior nodes tell their Type. */
export const FEATURE_TYPE = 'dm1.typeProperty';

export function beginDiscovery(command: Command & { readonly kind: 'discover' }, context: Context): Discovery {
  const told = context.device?.features[FEATURE_TYPE];
  return {
    walk: newWalk('.'),
    types: [],
    ...(typeof told === 'boolean' ? { tellsTypes: told } : {}),
    messages: command.budget.messages,
    nodes: command.budget.nodes,
    roots: [],
  };
}

/** LocURIs that discovery would ask for now; `type`: the node's Type property, not the node. */
export function questions(discovery: Discovery): readonly { readonly uri: string; readonly type: boolean }[] {
  return [
    ...discovery.types.map((uri) => ({ uri, type: true })),
    ...discovery.walk.queue.map((uri) => ({ uri, type: false })),
  ];
}

/** Takes the questions that a message carries from the list. */
export function asked(discovery: Discovery, uris: readonly { readonly uri: string; readonly type: boolean }[]): void {
  const types = new Set(uris.filter((question) => question.type).map((question) => question.uri));
  const nodes = new Set(uris.filter((question) => !question.type).map((question) => question.uri));
  discovery.types = discovery.types.filter((uri) => !types.has(uri));
  discovery.walk.queue = discovery.walk.queue.filter((uri) => !nodes.has(uri));
  if (uris.length > 0) discovery.messages -= 1;
}

/** Takes the answer to a question for a Type property. Answers of one message come before those for nodes. */
export function takeType(
  discovery: Discovery,
  open: OpenCommand,
  item: StoredItem | undefined,
  context: Context,
): readonly Effect[] {
  const uri = open.uri.slice(0, open.uri.indexOf('?'));
  const node = discovery.walk.nodes.find((known) => known.uri === uri);
  const code = open.code ?? STATUS.UNKNOWN;
  if (node === undefined) return [];
  if (code >= 200 && code < 300) {
    const type = item?.text.trim() ?? '';
    const says = isMoid(type);
    node.type = says ? type : null;
    const effects: Effect[] = [];
    if (discovery.tellsTypes !== true && says) effects.push(learn(discovery, true, `${open.uri} is ${type}`));
    return [...effects, ...decide(discovery, node, context)];
  }
  node.type = null;
  const effects = [...decide(discovery, node, context)];
  if (code === STATUS.UNSUPPORTED || code === STATUS.NOT_FOUND || code === STATUS.NOT_IMPLEMENTED) {
    // 404 for one node may be the node's own; where no node ever told a Type it is the client's way.
    if (discovery.tellsTypes === undefined) {
      effects.push(learn(discovery, false, `${open.uri} is answered ${code}`));
      for (const waiting of discovery.types.splice(0)) {
        const other = discovery.walk.nodes.find((known) => known.uri === waiting);
        if (other === undefined) continue;
        other.type = null;
        effects.push(...decide(discovery, other, context));
      }
    }
  }
  return effects;
}

/** Takes the answer to a Get of a node. */
export function takeNode(
  discovery: Discovery,
  open: OpenCommand,
  item: StoredItem | undefined,
  context: Context,
): readonly Effect[] {
  const { walk } = discovery;
  if (open.code === STATUS.NOT_FOUND && open.uri !== '.') return [];
  const limits = { ...WALK_LIMITS, nodes: Math.min(WALK_LIMITS.nodes, discovery.nodes) };
  const node = visit(walk, open.uri, item, true, limits);
  if (walk.octets > limits.octets) discovery.messages = 0;
  if (node.uri === '.' && node.kind !== 'node') {
    // A client that does not list its root may still know the places that the standard objects have.
    walk.queue.push(...new Set(context.ddf.places().map((known) => absolute(known.place))));
    walk.cut = true;
    return [];
  }
  if (node.kind !== 'node' || node.uri === '.' || rootAbove(discovery, node.uri) !== undefined) return [];
  if (discovery.tellsTypes === false) {
    node.type = null;
    return decide(discovery, node, context);
  }
  discovery.types.push(node.uri);
  return [];
}

/**
 * Hands on the values of MO roots below which nothing is to be read any more, and ends the walk when nothing is left
 * to ask or its budget is used up.
 *
 * @param inFlight  LocURIs that were asked and not answered yet
 */
export function conclude(
  discovery: Discovery,
  inFlight: readonly string[],
): { readonly effects: readonly Effect[]; readonly done: boolean } {
  const { walk } = discovery;
  const isOver = inFlight.length === 0 && (discovery.messages <= 0 || questions(discovery).length === 0);
  const isCut = walk.cut === true || questions(discovery).length > 0;
  const effects: Effect[] = [];
  const waiting = [...inFlight.map(withoutQuery), ...walk.queue, ...discovery.types];
  const left: string[] = [];
  for (const root of discovery.roots) {
    const isRead = !waiting.some((uri) => isWithin(uri, root));
    if (!isRead && !isOver) {
      left.push(root);
      continue;
    }
    const nodes = walk.nodes.filter((node) => isWithin(node.uri, root));
    effects.push({
      kind: 'valuesObserved',
      at: { uri: root },
      tree: treeOf(nodes, root),
      complete: isRead && isWhole(nodes),
    });
    forget(walk, root);
  }
  discovery.roots = left;
  if (isOver) effects.push({ kind: 'discoveryComplete', complete: !isCut });
  return { effects, done: isOver };
}

/** Whether every child that a node names was visited. */
function isWhole(nodes: readonly WalkNode[]): boolean {
  const known = new Set(nodes.map((node) => canonical(node.uri)));
  return nodes.every((node) => node.children?.every((child) => known.has(canonical(child))) ?? true);
}

/** Nodes that were handed on are needed no more; the root stays, so that what comes late below it is not taken for new. */
function forget(walk: Walk, root: string): void {
  walk.nodes = walk.nodes
    .filter((node) => node.uri === root || !isWithin(node.uri, root))
    .map((node) => (node.uri === root ? { uri: node.uri, name: node.name, kind: node.kind, type: node.type } : node));
}

/** Announces a node whose Type is known, or known to be untold, when it is an MO's root. */
function decide(discovery: Discovery, node: WalkNode, context: Context): readonly Effect[] {
  if (rootAbove(discovery, node.uri) !== undefined) return [];
  const found = recognise(node, context);
  if (found === undefined) return [];
  discovery.roots.push(node.uri);
  discovery.types = discovery.types.filter((uri) => !isWithin(uri, node.uri));
  return [{ kind: 'moAnnounced', moid: found.moid, place: node.uri, recognisedBy: found.by }];
}

function recognise(node: WalkNode, context: Context): { readonly moid: string; readonly by: RecognisedBy } | undefined {
  if (node.type) return { moid: node.type, by: context.ddf.isKnown(node.type) ? 'MOID' : 'TYPE' };
  const uri = canonical(node.uri);
  const place = context.ddf.places().find((known) => canonical(known.place) === uri);
  return place === undefined ? undefined : { moid: place.moid, by: 'PLACE' };
}

/** The root found already that a node lies below. */
function rootAbove(discovery: Discovery, uri: string): string | undefined {
  const isRoot = (node: WalkNode): boolean => node.type !== undefined && node.type !== null;
  return (
    discovery.roots.find((root) => isWithin(uri, root)) ??
    discovery.walk.nodes.find((node) => isRoot(node) && isWithin(uri, node.uri) && node.uri !== uri)?.uri
  );
}

/** The Type of an interior node is empty, a MIME type, or the MOID of the object that it is the root of. */
function isMoid(type: string): boolean {
  return type !== '' && type.length <= 255 && type.toLowerCase() !== 'text/plain' && !/\s/.test(type);
}

function learn(discovery: Discovery, tells: boolean, evidence: string): Effect {
  discovery.tellsTypes = tells;
  return { kind: 'featureLearned', feature: FEATURE_TYPE, value: tells, evidence };
}

function withoutQuery(uri: string): string {
  const mark = uri.indexOf('?');
  return mark < 0 ? uri : uri.slice(0, mark);
}
