import type { AccountKnowledge, Effect } from '../../adapter';
import { canProve } from './authenticate';
import { isContainer, JOB, type Job, type Machine, type OpenCommand } from './machine';
import { isRefusal } from './settle';

/**
 * The client does not accept who we are: 407 or 401 for our SyncHdr, or status 0 for everything (one client's way).
 * The commands that it refused are sent again once, with a credential over its newest nonce; refused again, the
 * session ends and nothing was executed. Source: dm1 section 11.3.
 */
export interface ServerRefused {
  /** Commands to send again; they stay under way meanwhile. */
  readonly again?: readonly OpenCommand[];
  readonly isOver?: boolean;
  readonly effects: readonly Effect[];
}

/** Judged when the client's package is complete. Undefined: the client accepted us. */
export function judgeServerRefusal(machine: Machine, account: AccountKnowledge): ServerRefused | undefined {
  const { headerCode } = machine;
  if (!isRefusal(headerCode)) return undefined;
  const refused = machine.open.filter((open) => open.code === undefined || isRefusal(open.code));
  if (headerCode === 0 && refused.length < machine.open.length) return undefined;
  if (canProve(account.serverAuth.type) && !machine.resent) {
    machine.resent = true;
    machine.credDue = true;
    const effects = giveUp(
      machine,
      refused.filter((open) => !isKept(open)),
    );
    return { again: refused.filter((open) => isKept(open) && machine.open.includes(open)), effects };
  }
  return { isOver: true, effects: giveUp(machine, refused) };
}

/** Whether the command can be made again: a Get from its LocURI, others from what was kept; members follow their Atomic. */
function isKept(open: OpenCommand): boolean {
  return open.carrier === 'Get' || open.body !== undefined || open.atomic !== undefined || open.sequence !== undefined;
}

/** Callers' commands that were surely not executed go back; one that was executed in part has no outcome. */
export function giveUp(machine: Machine, refused: readonly OpenCommand[]): readonly Effect[] {
  const keys = new Set(refused.map((open) => open.job));
  const effects: Effect[] = [];
  for (const key of keys) {
    if (isContainer(key) || key === JOB.keepOpen || key === JOB.discovery) continue;
    const job = machine.jobs[key];
    if (job === undefined) continue;
    effects.push(endedUnsent(job));
    delete machine.jobs[key];
  }
  machine.open = machine.open.filter(
    (open) => !refused.includes(open) && !(keys.has(open.job) && machine.jobs[open.job] === undefined && isOfJob(open)),
  );
  return effects;
}

function isOfJob(open: OpenCommand): boolean {
  return !isContainer(open.job) && open.job !== JOB.keepOpen && open.job !== JOB.discovery;
}

function endedUnsent(job: Job): Effect {
  const { command } = job;
  const wasPartlyDone = job.kind === 'plain' && (job.good !== undefined || job.bad !== undefined);
  if (wasPartlyDone)
    return { kind: 'commandUnanswered', command, message: 'the device refused the server after a part of it' };
  return { kind: 'commandNotExecuted', command };
}
