import type { Command, Context, Outcome } from '../../adapter';
import type { BodyCommand, ContainerCommand, Encoding } from '../message';
import { askedOf } from './interaction';
import { getOf, type Plan, planOf, targetOf } from './jobs';
import type { Job } from './machine';
import { newWalk } from './walk';

/**
 * Commands of one operation that travel as one Atomic (all or none) or one Sequence (strictly in order).
 * Source: OMA-TS-DM_RepPro, "Atomic", "Sequence"; dm1 sections 2.5 and 5.
 */
export interface PlannedGroup {
  /** Absent when nothing of it can be sent. */
  readonly container?: ContainerCommand;
  /** In the order of the container's commands; a command of a tree has several. */
  readonly members: readonly { readonly command: Command; readonly job: Job; readonly uris: readonly string[] }[];
  /** Commands that end unsent. */
  readonly ended: readonly { readonly command: Command; readonly outcome: Outcome; readonly message: string }[];
  /** A value of it was not loaded: it is longer than any message, and chunks cannot stand in a container. */
  readonly isUnloaded: boolean;
}

export function planGroup(group: readonly Command[], encoding: Encoding, context: Context): PlannedGroup {
  const plans = group.map((command) => ({ command, plan: planOf(command, encoding, context) }));
  return group[0]?.atomic === undefined ? planSequence(plans) : planAtomic(plans);
}

interface Planned {
  readonly command: Command;
  readonly plan: Plan;
}

/** One that cannot be sent keeps all from being sent. */
function planAtomic(plans: readonly Planned[]): PlannedGroup {
  const bad = plans.find(
    ({ plan }) => plan.kind !== 'write' || plan.bodies.length === 0 || plan.bodies.some((body) => body.kind === 'Exec'),
  );
  if (bad === undefined) return grouped('Atomic', plans, []);
  const { plan } = bad;
  const [outcome, message] =
    plan.kind === 'refused'
      ? [plan.outcome, plan.message]
      : ['UNSUPPORTED' as const, 'an Atomic cannot hold Get, Exec, whole trees or what goes to the Inbox'];
  const ended = plans.map(({ command }) => ({
    command,
    outcome: command === bad.command ? outcome : ('ROLLED_BACK' as const),
    message,
  }));
  return { members: [], ended, isUnloaded: false };
}

/** One that cannot be sent stops no other: so it is with what fails on the device. */
function planSequence(planned: readonly Planned[]): PlannedGroup {
  const plans = planned.map(({ command, plan }) => ({ command, plan: withoutInbox(plan) }));
  const ended = plans.flatMap(({ command, plan }) =>
    plan.kind === 'refused' ? [{ command, outcome: plan.outcome, message: plan.message }] : [],
  );
  const sent = plans.filter(({ plan }) => plan.kind !== 'refused');
  return sent.length === 0 ? { members: [], ended, isUnloaded: false } : grouped('Sequence', sent, ended);
}

/** What can only be one document, as what goes to the Inbox, travels alone. */
function withoutInbox(plan: Plan): Plan {
  if (plan.kind !== 'write' || plan.bodies.length > 0) return plan;
  const message = 'a Sequence cannot hold whole trees or what goes to the Inbox';
  return { kind: 'refused', outcome: 'UNSUPPORTED', message };
}

function grouped(kind: 'Atomic' | 'Sequence', plans: readonly Planned[], ended: PlannedGroup['ended']): PlannedGroup {
  const members = plans.map(({ command, plan }) => {
    const bodies = bodiesOf(plan);
    return { command, bodies, job: jobOf(command, plan, bodies.length), uris: bodies.map(targetOf) };
  });
  const commands = members.flatMap(({ bodies }) => bodies);
  const isUnloaded = plans.some(({ plan }) => plan.kind === 'write' && plan.stored !== undefined);
  return { container: { kind, cmdId: '', commands }, members, ended, isUnloaded };
}

function bodiesOf(plan: Plan): readonly BodyCommand[] {
  switch (plan.kind) {
    case 'write':
      return plan.bodies;
    case 'read':
      return [getOf(plan.prop === undefined ? plan.uri : `${plan.uri}?prop=${plan.prop}`)];
    case 'refused':
      return [];
  }
}

/** What lies below a node that is read comes in later messages, after the Sequence. */
function jobOf(command: Command, plan: Plan, count: number): Job {
  if (plan.kind !== 'read')
    return { kind: 'plain', command: command.id, what: command.kind, todo: [], waiting: count, ...askedOf(command) };
  const { uri, depth, prop, props } = plan;
  const walk = { ...newWalk(uri), queue: [] };
  return { kind: 'read', command: command.id, uri, walk, ...defined({ depth, prop, props }) };
}

function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}
