import type { Command, Context, Effect } from '../../adapter';
import { absolute, canonical } from '../addressing';
import { STATUS } from '../status-codes';
import {
  bestKind,
  learnFromAnswer,
  listKindOf,
  listUri,
  READING_KINDS,
  readList,
  supports,
  withoutQuery,
} from './lists';
import type { Discovery, Machine, OpenCommand, StoredItem, Walk, WalkNode } from './machine';
import { announce, decide, formatsOf, rootAbove } from './recognise';
import { isWithin, newWalk, takeListed, treeOf, visit, WALK_LIMITS, type WalkLimits } from './walk';

/**
 * Finding a device's MOs. Its first message asks what kinds of lists the device has, by DevInfo, which is small; then the
 * tree is gone through from the root, each branch by the best means that the device has: a list, or node by node. Below
 * an MO's root the walk goes on, so that first values are stored. Its statuses are the gateway's own and reach no caller.
 * Source: dm1 sections 6.2 to 6.4 and 19; OMA-TS-DM_TND, "Type".
 */

/** Feature under which it is remembered whether interior nodes tell their Type. */
export const FEATURE_TYPE = 'dm1.typeProperty';

const DEV_INFO = './DevInfo';
const DEV_INFO_MOID = 'urn:oma:mo:oma-dm-devinfo:1.0';
/** MO types whose roots are asked for by name. */
const MOST_MOIDS = 64;

export function beginDiscovery(
  command: Command & { readonly kind: 'discover' },
  machine: Machine,
  context: Context,
): Discovery {
  const told = context.device?.features[FEATURE_TYPE];
  const unknown = READING_KINDS.filter((kind) => supports(kind, machine, context) === undefined);
  const probes = unknown.map((kind) => listUri(DEV_INFO, kind));
  return {
    walk: { ...newWalk('.'), queue: [...probes, '.'] },
    types: [],
    ...(typeof told === 'boolean' ? { tellsTypes: told } : {}),
    messages: command.budget.messages,
    nodes: command.budget.nodes,
    roots: [],
    found: [],
    probes,
    moids: machine.isDm13 === true ? firstMoids(machine, context) : [],
  };
}

/** Where it is not known whether roots can be asked for by MOID, DevInfo is asked for: each device has one. */
function firstMoids(machine: Machine, context: Context): string[] {
  const known = supports('moroot', machine, context);
  return known === undefined ? [DEV_INFO_MOID] : known ? knownMoids(context) : [];
}

function knownMoids(context: Context): string[] {
  return (context.ddf.moids?.() ?? []).slice(0, MOST_MOIDS);
}

export interface Question {
  readonly uri: string;
  /** The node's Type property is asked for, not the node. */
  readonly type: boolean;
  /** MOID whose roots are asked for. */
  readonly moid?: string;
}

/** What discovery would ask now. */
export function questions(discovery: Discovery): readonly Question[] {
  return [
    ...discovery.types.map((uri) => ({ uri, type: true })),
    ...(discovery.moids ?? []).map((moid) => ({ uri: listUri('.', 'moroot'), type: false, moid })),
    ...discovery.walk.queue.map((uri) => ({ uri, type: false })),
  ];
}

/** Takes the questions that a message carries from the list. */
export function asked(discovery: Discovery, put: readonly Question[]): void {
  const types = new Set(put.filter((question) => question.type).map((question) => question.uri));
  const moids = new Set(put.flatMap((question) => question.moid ?? []));
  const nodes = new Set(
    put.filter((question) => !question.type && question.moid === undefined).map((question) => question.uri),
  );
  discovery.types = discovery.types.filter((uri) => !types.has(uri));
  discovery.walk.queue = discovery.walk.queue.filter((uri) => !nodes.has(uri));
  discovery.moids = discovery.moids?.filter((moid) => !moids.has(moid));
  if (put.length > 0) discovery.messages -= 1;
}

/** Puts a question back that found no room. */
export function askLater(discovery: Discovery, open: OpenCommand): void {
  if (open.role === 'type') discovery.types.push(withoutQuery(open.uri));
  else if (open.moid !== undefined) (discovery.moids ??= []).push(open.moid);
  else discovery.walk.queue.push(open.uri);
}

/** Takes the answer to a question for a Type property. Answers of one message come before those for nodes. */
export function takeType(
  discovery: Discovery,
  open: OpenCommand,
  item: StoredItem | undefined,
  context: Context,
): readonly Effect[] {
  const uri = withoutQuery(open.uri);
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
      const waiting = new Set(discovery.types.splice(0));
      const formats = formatsOf(discovery.walk.nodes);
      for (const other of discovery.walk.nodes.filter((known) => waiting.has(known.uri))) {
        other.type = null;
        effects.push(...decide(discovery, other, context, formats));
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
  machine: Machine,
  context: Context,
): readonly Effect[] {
  const { walk } = discovery;
  if (open.code === STATUS.NOT_FOUND && open.uri !== '.') return [];
  const limits = limitsOf(discovery);
  const before = walk.queue.length;
  const node = visit(walk, open.uri, item, true, limits);
  if (walk.octets > limits.octets) discovery.messages = 0;
  if (node.uri === '.' && node.kind !== 'node') {
    // A client that does not list its root may still know the places that the standard objects have.
    const places = context.ddf.places().map((known) => absolute(known.place.replace(/\/\*$/, '')));
    walk.queue.push(...new Set(places));
    walk.cut = true;
  }
  const isOutside = rootAbove(discovery, node.uri) === undefined;
  if (isOutside) preferLists(discovery, before, machine, context);
  if (node.uri === '.' || !isOutside) return [];
  // A root that takes no Get, such as the Inbox's, says so when it is there; then its place tells what it is.
  const isBarred = node.kind === 'hidden' && open.code === STATUS.NOT_ALLOWED;
  if (node.kind !== 'node' && !isBarred) return [];
  if (discovery.tellsTypes === false || isBarred) {
    node.type = null;
    return decide(discovery, node, context);
  }
  discovery.types.push(node.uri);
  return [];
}

/** Asks by lists for what was queued last, where the device has them. What a list told already is asked no more. */
function preferLists(discovery: Discovery, from: number, machine: Machine, context: Context): void {
  const { walk } = discovery;
  const kind = bestKind(machine, context, [], false);
  const known = new Set(walk.nodes.map((node) => node.uri));
  const fresh = walk.queue.splice(from).filter((uri) => !known.has(uri));
  walk.queue.push(...fresh.map((uri) => (kind === undefined ? uri : listUri(uri, kind))));
}

/** Takes the answer to a tree query. */
export function takeList(
  discovery: Discovery,
  open: OpenCommand,
  machine: Machine,
  context: Context,
): readonly Effect[] {
  const kind = listKindOf(open.uri);
  if (kind === undefined) return [];
  if (kind === 'moroot') return takeRoots(discovery, open, machine, context);
  const uri = withoutQuery(open.uri);
  const wasKnown = supports(kind, machine, context) === true;
  const code = open.code === STATUS.UNKNOWN ? undefined : open.code;
  const isGood = code !== undefined && code >= 200 && code < 300;
  const listed = isGood ? readList(uri, kind, open.items ?? [], wasKnown) : undefined;
  const effects = [...learnFromAnswer(open.uri, code, listed === undefined, machine, context)];
  const isProbe = discovery.probes?.includes(open.uri) === true;
  if (isProbe) discovery.probes = discovery.probes?.filter((probe) => probe !== open.uri);
  // Lists without values are no news beside the DevInfo that package 1 brought.
  if (isProbe && (listed === undefined || kind !== 'tnds')) return effects;
  if (listed === undefined) {
    if (!(wasKnown && code === STATUS.NOT_FOUND)) discovery.walk.queue.push(uri);
    return effects;
  }
  const { walk } = discovery;
  const taken = takeListed(walk, listed, limitsOf(discovery));
  if ((open.items?.length ?? 0) >= WALK_LIMITS.nodes) walk.cut = true;
  if (walk.octets > WALK_LIMITS.octets) discovery.messages = 0;
  return [...effects, ...judge(discovery, taken, kind === 'tnds', context)];
}

/** What the nodes of a list are the roots of, parents first. */
function judge(discovery: Discovery, taken: readonly WalkNode[], isTnds: boolean, context: Context): readonly Effect[] {
  const effects: Effect[] = [];
  const telling = taken.find((node) => node.type);
  if (telling !== undefined && discovery.tellsTypes !== true)
    effects.push(learn(discovery, true, `${telling.uri} is ${telling.type ?? ''}`));
  // A document tells Types where the device has them; other lists may leave them out.
  const isToAsk = isTnds ? discovery.tellsTypes === undefined : discovery.tellsTypes !== false;
  const formats = formatsOf(taken);
  for (const node of taken) {
    if (node.kind !== 'node' || node.uri === '.' || rootAbove(discovery, node.uri) !== undefined) continue;
    if (!node.type && isToAsk) {
      discovery.types.push(node.uri);
      continue;
    }
    node.type ??= null;
    effects.push(...decide(discovery, node, context, formats));
  }
  return effects;
}

/** Takes the roots of the MOs of one type. Source: OMA-TS-DM_TND 1.3, "MORoot". */
function takeRoots(discovery: Discovery, open: OpenCommand, machine: Machine, context: Context): readonly Effect[] {
  const { walk } = discovery;
  const wasKnown = supports('moroot', machine, context) === true;
  const code = open.code === STATUS.UNKNOWN ? undefined : open.code;
  const isGood = code !== undefined && code >= 200 && code < 300;
  const places = isGood ? (open.items ?? []).map((item) => absolute(withoutQuery(item.uri))) : [];
  const roots = places.filter((uri) => uri !== '.' && rootAbove(discovery, uri) === undefined);
  const isGarbled = isGood && places.every((uri) => uri === '.') && open.moid === DEV_INFO_MOID;
  const effects: Effect[] = wasKnown ? [] : [...learnFromAnswer(open.uri, code, isGarbled, machine, context)];
  for (const uri of roots) {
    effects.push(...announce(discovery, uri, { moid: open.moid ?? '', by: 'MOID' }));
    walk.queue = walk.queue.filter((queued) => !isWithin(withoutQuery(queued), uri));
    const from = walk.queue.push(uri) - 1;
    preferLists(discovery, from, machine, context);
  }
  if (!wasKnown && supports('moroot', machine, context) === true)
    discovery.moids = knownMoids(context).filter((moid) => moid !== open.moid);
  return effects;
}

function limitsOf(discovery: Discovery): WalkLimits {
  return { ...WALK_LIMITS, nodes: Math.min(WALK_LIMITS.nodes, discovery.nodes) };
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
  const waiting = [...inFlight, ...walk.queue].map(withoutQuery).concat(discovery.types);
  const left: string[] = [];
  for (const root of discovery.roots) {
    const isRead = !waiting.some((uri) => isWithin(uri, root));
    if (!isRead && !isOver) {
      left.push(root);
      continue;
    }
    const nodes = walk.nodes.filter((node) => isWithin(node.uri, root));
    // Of a root that takes no Get nothing was seen.
    if (nodes.some(({ kind }) => kind !== 'hidden'))
      effects.push({
        kind: 'valuesObserved',
        at: { uri: root },
        tree: treeOf(nodes, root),
        complete: isRead && isWhole(nodes),
      });
    forget(walk, root);
  }
  discovery.roots = left;
  if (discovery.types.length === 0 && inFlight.length === 0) forgetStrays(discovery);
  if (isOver) effects.push({ kind: 'discoveryComplete', complete: !isCut });
  return { effects, done: isOver };
}

/** Whether every child that a node names was visited. */
function isWhole(nodes: readonly WalkNode[]): boolean {
  const known = new Set(nodes.map((node) => canonical(node.uri)));
  return nodes.every((node) => node.children?.every((child) => known.has(canonical(child))) ?? true);
}

/** Nodes that were handed on are needed no more; the root stays, so that it is not asked for again. */
function forget(walk: Walk, root: string): void {
  walk.nodes = walk.nodes
    .filter((node) => node.uri === root || !isWithin(node.uri, root))
    .map((node) => (node.uri === root ? { uri: node.uri, name: node.name, kind: node.kind, type: node.type } : node));
}

/** Values of leaves that lie in no MO are nobody's. */
function forgetStrays(discovery: Discovery): void {
  const { walk } = discovery;
  walk.nodes = walk.nodes.filter((node) => node.kind !== 'leaf' || rootAbove(discovery, node.uri) !== undefined);
}

/** The Type of an interior node is empty, a MIME type, or the MOID of the object that it is the root of. */
function isMoid(type: string): boolean {
  return type !== '' && type.length <= 255 && type.toLowerCase() !== 'text/plain' && !/\s/.test(type);
}

function learn(discovery: Discovery, tells: boolean, evidence: string): Effect {
  discovery.tellsTypes = tells;
  return { kind: 'featureLearned', feature: FEATURE_TYPE, value: tells, evidence };
}
