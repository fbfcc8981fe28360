import type { Context, Effect, Tree } from '../../adapter';
import { nodeName } from '../addressing';
import { outcomeOf, STATUS } from '../status-codes';
import type { Plan } from './jobs';
import { bestKind, learnFromAnswer, listKindOf, listUri, readList, supports, withoutQuery } from './lists';
import type { Job, Machine, OpenCommand, WalkNode } from './machine';
import { itemFor } from './results';
import { depthOf, descend, takeListed, treeOf, visit, WALK_LIMITS } from './walk';

/**
 * A caller's get: by the best means that the device has (a list of the whole sub-tree), else node by node. A list that
 * the device refuses is asked for by the next means within the same session. Source: dm1 sections 6.2 and 6.4.
 */
export type ReadJob = Job & { readonly kind: 'read' };

/** Fewest levels below a node for which a whole sub-tree is worth a question. */
const LIST_DEPTH = 2;

/** LocURI of the first question. */
export function firstQuestion(plan: Plan & { readonly kind: 'read' }, machine: Machine, context: Context): string {
  const { uri, prop, depth } = plan;
  if (prop !== undefined) return `${uri}?prop=${prop}`;
  if (!plan.isInterior || !plan.mayWalk || !isDeep(depth)) return uri;
  const kind = bestKind(machine, context, [], mayTry(machine));
  return kind === undefined ? uri : listUri(uri, kind);
}

/** While discovery is under way it is the one that tries. */
function mayTry(machine: Machine): boolean {
  return machine.discovery === undefined;
}

function isDeep(depth: number | undefined): boolean {
  return depth === undefined || depth >= LIST_DEPTH;
}

/** Takes an answer. @param code  undefined: none came, or one that tells no outcome */
export function applyRead(
  job: ReadJob,
  open: OpenCommand,
  code: number | undefined,
  isGood: boolean,
  machine: Machine,
  context: Context,
): readonly Effect[] {
  if (listKindOf(open.uri) !== undefined) return applyList(job, open, code, isGood, machine, context);
  const asked = job.prop === undefined ? propertyOf(open.uri) : undefined;
  if (asked !== undefined) return applyProperty(job, open, asked, code, isGood);
  if (code === undefined) {
    job.silent = true;
    job.walk.queue = [];
    return [];
  }
  const isRoot = open.uri === job.uri || job.prop !== undefined;
  const item = isGood ? itemFor(open) : undefined;
  if (item === undefined && isRoot) {
    job.ended = { code };
    return [];
  }
  if (item === undefined && code === STATUS.NOT_FOUND) return [];
  if (job.prop !== undefined) {
    job.ended = { code, property: item?.text ?? '' };
    return [];
  }
  const level = depthOf(open.uri) - depthOf(job.uri);
  // A value that is read alone may be as large as an object can be.
  const limits = isRoot ? { ...WALK_LIMITS, octets: Number.MAX_SAFE_INTEGER } : WALK_LIMITS;
  const node = visit(job.walk, open.uri, item, false, limits);
  if (job.depth === undefined || level < job.depth) goDeeper(job, node, machine, context);
  askProperties(job, [node]);
  if (job.walk.cut) job.walk.queue = [];
  return item?.misfit === undefined ? [] : [{ kind: 'noted', what: `${item.uri}: ${item.misfit}` }];
}

/** What lies below a node that was read alone: by a list of a kind that the device has, else child by child. */
function goDeeper(job: ReadJob, node: WalkNode, machine: Machine, context: Context): void {
  const isWorthIt = node.uri === job.uri && (node.children?.length ?? 0) > 0 && isDeep(job.depth);
  const kind = isWorthIt ? bestKind(machine, context, job.tried ?? [], false) : undefined;
  if (kind === undefined) descend(job.walk, node, WALK_LIMITS);
  else job.walk.queue.push(listUri(node.uri, kind));
}

function applyList(
  job: ReadJob,
  open: OpenCommand,
  code: number | undefined,
  isGood: boolean,
  machine: Machine,
  context: Context,
): readonly Effect[] {
  const kind = listKindOf(open.uri);
  if (kind === undefined) return [];
  const uri = withoutQuery(open.uri);
  const items = open.items ?? [];
  const wasKnown = supports(kind, machine, context) === true;
  const listed = isGood ? readList(uri, kind, items, false) : undefined;
  const effects = learnFromAnswer(open.uri, code, listed === undefined, machine, context);
  const { walk } = job;
  if (listed !== undefined) {
    walk.nodes = walk.nodes.filter((node) => node.uri !== uri);
    const taken = takeListed(walk, listed, WALK_LIMITS);
    if (kind !== 'tnds') askProperties(job, taken);
    if (items.length >= WALK_LIMITS.nodes) walk.cut = true;
    if (walk.cut) walk.queue = [];
    return effects;
  }
  if (wasKnown && code !== undefined && ANSWERS_FOR_THE_NODE.has(code)) {
    job.ended = { code };
    return effects;
  }
  const tried = (job.tried ??= []);
  tried.push(kind);
  const next = bestKind(machine, context, tried, mayTry(machine));
  const visited = walk.nodes.find((node) => node.uri === uri);
  if (next !== undefined) walk.queue.push(listUri(uri, next));
  else if (visited === undefined) walk.queue.push(uri);
  else descend(walk, visited, WALK_LIMITS);
  return effects;
}

/** From a device that has the query, these speak of the node itself. */
const ANSWERS_FOR_THE_NODE: ReadonlySet<number> = new Set([STATUS.NOT_FOUND, STATUS.NOT_ALLOWED, 425]);

/** The property that a LocURI asks for. */
function propertyOf(uri: string): string | undefined {
  return /\?prop=(\w+)$/.exec(uri)?.[1];
}

/** Queues a question for each property of each node that the device is not known to lack. */
function askProperties(job: ReadJob, nodes: readonly WalkNode[]): void {
  const wanted = (job.props ?? []).filter((prop) => job.tried?.includes(prop) !== true);
  for (const node of nodes) {
    if (node.kind === 'hidden') continue;
    for (const prop of wanted) {
      if (prop === 'Size' && node.kind === 'node') continue;
      if (job.walk.queue.length >= WALK_LIMITS.nodes) return;
      job.walk.queue.push(`${node.uri}?prop=${prop}`);
    }
  }
}

/** A property that is not told is absent: the read is none the worse. */
function applyProperty(
  job: ReadJob,
  open: OpenCommand,
  prop: string,
  code: number | undefined,
  isGood: boolean,
): readonly Effect[] {
  const uri = withoutQuery(open.uri);
  if (!isGood) {
    if (code !== STATUS.UNSUPPORTED && code !== STATUS.NOT_IMPLEMENTED) return [];
    (job.tried ??= []).push(prop);
    job.walk.queue = job.walk.queue.filter((queued) => !queued.endsWith(`?prop=${prop}`));
    return [];
  }
  const node = job.walk.nodes.find((known) => known.uri === uri);
  if (node !== undefined) node.props = { ...node.props, [prop]: (itemFor(open)?.text ?? '').slice(0, MAX_PROPERTY) };
  return [];
}

/** A Title has at most 255 octets, the others less. */
const MAX_PROPERTY = 255;

/** What a read came to; `tree` beside it for those who learn from it. */
export function finishRead(job: ReadJob): { readonly effect: Effect; readonly tree?: Tree } {
  const { command, ended } = job;
  if (job.silent) return { effect: { kind: 'commandUnanswered', command, message: 'the device gave no Status' } };
  if (ended?.property !== undefined && job.prop !== undefined) {
    const tree = { name: nodeName(job.uri), props: { [job.prop]: ended.property } };
    return {
      effect: { kind: 'commandAnswered', command, outcome: 'OK', code: ended.code, tree, data: ended.property },
    };
  }
  if (ended !== undefined) {
    const noResults = ended.code >= 200 && outcomeOf(ended.code) === 'OK';
    const outcome = noResults ? 'DEVICE_ERROR' : outcomeOf(ended.code);
    const message = noResults ? { message: 'the device sent no Results' } : {};
    return { effect: { kind: 'commandAnswered', command, outcome, code: ended.code, ...message } };
  }
  if (job.walk.cut) {
    const message = `below ${job.uri} there is more than one read takes`;
    return { effect: { kind: 'commandAnswered', command, outcome: 'TOO_LARGE', message } };
  }
  const tree = treeOf(job.walk.nodes, job.uri, job.depth);
  return { effect: { kind: 'commandAnswered', command, outcome: 'OK', code: STATUS.OK, tree }, tree };
}
