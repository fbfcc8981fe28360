import type { Context, Effect } from '../../adapter';
import { nodeName } from '../addressing';
import { outcomeInAtomic, outcomeOf, STATUS } from '../status-codes';
import { conclude, takeNode, takeType } from './discovery';
import { finishShow } from './interaction';
import { type Job, JOB, type Machine, type OpenCommand } from './machine';
import { itemFor } from './results';
import { depthOf, treeOf, visit, WALK_LIMITS } from './walk';

/**
 * Statuses and Results → what became of the commands. A command settles as soon as its answer is there; what has none
 * when the client's package is complete stays unanswered. Source: dm1 sections 2.3, 5 and 21.7.
 */

/**
 * @param isComplete  the client's package is complete: nothing more answers the open commands
 * @param again       commands that are sent again and so are not settled
 */
export function settle(
  machine: Machine,
  isComplete: boolean,
  again: readonly OpenCommand[],
  context: Context,
): readonly Effect[] {
  const effects: Effect[] = [];
  const left: OpenCommand[] = [];
  const answered: OpenCommand[] = [];
  for (const open of machine.open) {
    if (again.includes(open)) continue;
    (isComplete || isAnswered(open) ? answered : left).push(open);
  }
  judgeAtomics(answered);
  machine.open = left;
  // Types before nodes: what lies below a root that this message reveals needs no question of its own.
  answered.sort((one, other) => Number(other.role === 'type') - Number(one.role === 'type'));
  for (const open of answered) effects.push(...apply(machine, open, context));
  for (const [key, job] of Object.entries(machine.jobs)) {
    const isUnderWay = left.some((open) => open.job === key) || again.some((open) => open.job === key);
    if (isUnderWay || !isFinished(job)) continue;
    if (job.kind === 'plain' && job.show !== undefined) effects.push(...finishShow(job, job.show, context));
    else effects.push(finish(job));
    delete machine.jobs[key];
  }
  const { discovery } = machine;
  if (discovery !== undefined && (isComplete || answered.some((open) => open.job === JOB.discovery))) {
    const inFlight = [...left, ...again].filter((open) => open.job === JOB.discovery).map((open) => open.uri);
    const concluded = conclude(discovery, inFlight);
    effects.push(...concluded.effects);
    if (concluded.done) {
      delete machine.discovery;
      machine.discovered = true;
    }
  }
  return effects;
}

/** Whether an answer is final before the package is: not where our credential may have been refused, nor in an Atomic. */
function isAnswered(open: OpenCommand): boolean {
  const { code } = open;
  if (code === undefined || isRefusal(code) || open.atomic !== undefined || open.job === JOB.atomic) return false;
  return open.carrier !== 'Get' || !isGood(code) || itemFor(open) !== undefined;
}

/** A code that may mean that the client wants our credential. Source: dm1 section 11.3. */
export function isRefusal(code: number | undefined): boolean {
  return code === STATUS.UNAUTHORIZED || code === STATUS.AUTHENTICATION_REQUIRED || code === STATUS.UNKNOWN;
}

export function isGood(code: number): boolean {
  return code >= 200 && code < 300 && outcomeOf(code) === 'OK';
}

/** Gives members of an Atomic without a Status the code that follows from its own. One without a Status is judged by its members. */
function judgeAtomics(answered: readonly OpenCommand[]): void {
  for (const container of answered) {
    if (container.job !== JOB.atomic || container.code === undefined) continue;
    for (const member of answered) {
      if (member.atomic !== container.cmd || member.msg !== container.msg || member.code !== undefined) continue;
      member.code = container.code === STATUS.ATOMIC_FAILED ? STATUS.ROLLED_BACK : container.code;
    }
  }
}

function apply(machine: Machine, open: OpenCommand, context: Context): readonly Effect[] {
  if (open.job === JOB.discovery) return applyDiscovery(machine, open, context);
  const job = machine.jobs[open.job];
  if (job === undefined) return [];
  const code = open.code === STATUS.UNKNOWN ? undefined : open.code;
  if (job.kind === 'read') return applyRead(job, open, code);
  job.waiting -= 1;
  if (open.answers !== undefined) job.answers = open.answers;
  if (code === undefined) job.silent = true;
  else if (isGood(code)) job.good = code;
  else if (job.bad === undefined || isBystander(job.bad)) {
    job.bad = code;
    job.inAtomic = open.atomic !== undefined;
  }
  if (job.bad !== undefined || job.silent) job.todo = [];
  return [];
}

/** Codes of a member of an Atomic that failed elsewhere: another member's own code says more. */
function isBystander(code: number): boolean {
  return code === STATUS.NOT_EXECUTED || code === STATUS.ROLLED_BACK || code === STATUS.ATOMIC_FAILED;
}

function applyDiscovery(machine: Machine, open: OpenCommand, context: Context): readonly Effect[] {
  const { discovery } = machine;
  if (discovery === undefined) return [];
  const item = open.code !== undefined && isGood(open.code) ? itemFor(open) : undefined;
  return open.role === 'type' ? takeType(discovery, open, item, context) : takeNode(discovery, open, item, context);
}

type ReadJob = Job & { readonly kind: 'read' };

function applyRead(job: ReadJob, open: OpenCommand, code: number | undefined): readonly Effect[] {
  if (code === undefined) {
    job.silent = true;
    job.walk.queue = [];
    return [];
  }
  const isRoot = open.uri === job.uri || job.prop !== undefined;
  const item = isGood(code) ? itemFor(open) : undefined;
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
  visit(job.walk, open.uri, item, job.depth === undefined || level < job.depth, WALK_LIMITS);
  if (job.walk.cut) job.walk.queue = [];
  return item?.misfit === undefined ? [] : [{ kind: 'noted', what: `${item.uri}: ${item.misfit}` }];
}

function isFinished(job: Job): boolean {
  return job.kind === 'read' ? job.walk.queue.length === 0 : job.waiting <= 0 && job.todo.length === 0;
}

function finish(job: Job): Effect {
  const { command } = job;
  if (job.kind === 'read') return finishRead(job);
  if (job.bad !== undefined) {
    const outcome = job.inAtomic ? outcomeInAtomic(job.bad) : outcomeOf(job.bad);
    return { kind: 'commandAnswered', command, outcome, code: job.bad };
  }
  if (job.silent) return { kind: 'commandUnanswered', command, message: 'the device gave no Status' };
  if (job.what === 'exec' && job.good === STATUS.ACCEPTED) return { kind: 'commandAccepted', command, code: job.good };
  return { kind: 'commandAnswered', command, outcome: 'OK', ...(job.good === undefined ? {} : { code: job.good }) };
}

function finishRead(job: ReadJob): Effect {
  const { command, ended } = job;
  if (job.silent) return { kind: 'commandUnanswered', command, message: 'the device gave no Status' };
  if (ended?.property !== undefined && job.prop !== undefined) {
    const tree = { name: nodeName(job.uri), props: { [job.prop]: ended.property } };
    return { kind: 'commandAnswered', command, outcome: 'OK', code: ended.code, tree, data: ended.property };
  }
  if (ended !== undefined) {
    const noResults = isGood(ended.code);
    return {
      kind: 'commandAnswered',
      command,
      outcome: noResults ? 'DEVICE_ERROR' : outcomeOf(ended.code),
      code: ended.code,
      ...(noResults ? { message: 'the device sent no Results' } : {}),
    };
  }
  if (job.walk.cut) {
    return {
      kind: 'commandAnswered',
      command,
      outcome: 'TOO_LARGE',
      message: `below ${job.uri} there is more than one read takes`,
    };
  }
  return {
    kind: 'commandAnswered',
    command,
    outcome: 'OK',
    code: STATUS.OK,
    tree: treeOf(job.walk.nodes, job.uri, job.depth),
  };
}
