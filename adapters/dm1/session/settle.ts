import type { Context, Effect } from '../../adapter';
import { canonical } from '../addressing';
import { outcomeInAtomic, outcomeOf, STATUS } from '../status-codes';
import { conclude, takeList, takeNode, takeType } from './discovery';
import { finishShow } from './interaction';
import { listKindOf } from './lists';
import { type Job, JOB, type Machine, type OpenCommand } from './machine';
import { overtaken } from './overtaken';
import { applyRead, finishRead } from './read';
import { itemFor } from './results';
import { applyDocument } from './tnds-write';
import { learnFromValues, learnVersions } from './versions';

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
  // Types before nodes: what lies below a root that this message reveals needs no question of its own. Lists before
  // nodes: what they show of the device decides how the children of a node are asked for.
  answered.sort((one, other) => rankOf(one) - rankOf(other));
  for (const open of answered) effects.push(...apply(machine, open, context));
  for (const [key, job] of Object.entries(machine.jobs)) {
    const isUnderWay = left.some((open) => open.job === key) || again.some((open) => open.job === key);
    if (isUnderWay || !isFinished(job)) continue;
    if (job.kind === 'plain' && job.show !== undefined) effects.push(...finishShow(job, job.show, context));
    else effects.push(...finish(job, machine, context));
    delete machine.jobs[key];
  }
  const { discovery } = machine;
  if (discovery !== undefined) for (const open of answered) if (open.job !== JOB.discovery) overtaken(discovery, open);
  if (discovery !== undefined && (isComplete || answered.some((open) => open.job === JOB.discovery))) {
    const inFlight = [...left, ...again].filter((open) => open.job === JOB.discovery).map((open) => open.uri);
    const concluded = conclude(discovery, inFlight);
    effects.push(...concluded.effects, ...learnFromValues(concluded.effects, machine, context));
    if (concluded.done) {
      delete machine.discovery;
      machine.discovered = true;
    }
  }
  return effects;
}

function rankOf(open: OpenCommand): number {
  return open.role === 'type' ? 0 : listKindOf(open.uri) === undefined ? 2 : 1;
}

/** Whether an answer is final before the package is: not where our credential may have been refused, nor in an Atomic. */
function isAnswered(open: OpenCommand): boolean {
  const { code } = open;
  if (code === undefined || isRefusal(code) || open.atomic !== undefined || open.job === JOB.atomic) return false;
  if (open.carrier !== 'Get' || !isGood(code)) return true;
  // The Items of a list may be spread over messages, and nothing tells which is the last.
  return listKindOf(open.uri) === undefined && itemFor(open) !== undefined;
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
    // 200 for a Sequence says that it began; what keeps it from beginning keeps its members from it.
    if (container.job === JOB.sequence && container.code !== undefined && !isGood(container.code)) {
      for (const member of answered)
        if (member.sequence === container.cmd && member.msg === container.msg) member.code ??= container.code;
    }
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
  if (job.kind === 'read') return applyRead(job, open, code, code !== undefined && isGood(code), machine, context);
  if (open.role === 'tnds') return applyDocument(job, open, code, code !== undefined && isGood(code), machine, context);
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
  if (open.role === 'type') return takeType(discovery, open, item, context);
  return listKindOf(open.uri) === undefined
    ? takeNode(discovery, open, item, machine, context)
    : takeList(discovery, open, machine, context);
}

function isFinished(job: Job): boolean {
  return job.kind === 'read' ? job.walk.queue.length === 0 : job.waiting <= 0 && job.todo.length === 0;
}

function finish(job: Job, machine: Machine, context: Context): readonly Effect[] {
  if (job.kind !== 'read') return job.inbox === undefined ? [finishPlain(job)] : finishInbox(job, machine);
  const { effect, tree } = finishRead(job);
  return tree === undefined ? [effect] : [effect, ...learnVersions(job.uri, tree, machine, context)];
}

function finishPlain(job: Job & { readonly kind: 'plain' }): Effect {
  const { command } = job;
  if (job.bad !== undefined) {
    const outcome = job.inAtomic ? outcomeInAtomic(job.bad) : outcomeOf(job.bad);
    return { kind: 'commandAnswered', command, outcome, code: job.bad };
  }
  if (job.silent) return { kind: 'commandUnanswered', command, message: 'the device gave no Status' };
  if (job.what === 'exec' && job.good === STATUS.ACCEPTED) return { kind: 'commandAccepted', command, code: job.good };
  return { kind: 'commandAnswered', command, outcome: 'OK', ...(job.good === undefined ? {} : { code: job.good }) };
}

/** What went to the Inbox is where the TargetRef of its Status says; else it is to be looked for. Source: dm1 section 15. */
function finishInbox(job: Job & { readonly kind: 'plain' }, machine: Machine): readonly Effect[] {
  const effect = finishPlain(job);
  if (effect.kind !== 'commandAnswered' || effect.outcome !== 'OK') return [effect];
  const { told, inbox } = job;
  const isElsewhere = told !== undefined && canonical(told) !== './Inbox';
  if (!isElsewhere) {
    machine.discovered = false;
    return [effect, { kind: 'discoveryDue', why: 'an object was put into the Inbox' }];
  }
  const created = inbox ? { moid: inbox, path: '', place: told } : { uri: told };
  return [{ ...effect, created: [created] }];
}
