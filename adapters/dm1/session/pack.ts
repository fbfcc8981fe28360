import type { Command, Context, Effect, Outcome, Work } from '../../adapter';
import type { BodyCommand, Encoding } from '../message';
import { mostGets } from '../quirks';
import { asked, beginDiscovery, questions } from './discovery';
import { getOf, type Plan, planOf } from './jobs';
import { type Job, JOB, type Machine, type OpenCommand, restoreBody, storeBody } from './machine';
import type { Reply } from './reply';
import { giveUp } from './server-refused';
import { newWalk } from './walk';

/**
 * Fills a message with commands up to MaxMsgSize: first what is sent again, then what running commands still need,
 * then callers' commands in their order, and the gateway's own questions in the room that is left.
 * Source: dm1 sections 2.3, 3 and 8; client-quirks 11 and 14.
 */
export class Packer {
  readonly effects: Effect[] = [];
  private gets = 0;
  private sent = 0;

  /**
   * @param best       octets that one command may have in the emptiest message
   * @param keepsBody  the client may still refuse our credential, so that commands are kept for a second sending
   */
  constructor(
    private readonly reply: Reply,
    private readonly machine: Machine,
    private readonly encoding: Encoding,
    private readonly msgId: string,
    private readonly best: number,
    private readonly keepsBody: boolean,
    private readonly context: Context,
  ) {}

  /** Something was to be sent, and not even the first of it found room. */
  isStuck = false;

  pack(work: Work, again: readonly OpenCommand[]): void {
    const discover = work.commands.find((command) => command.kind === 'discover');
    if (discover !== undefined && this.machine.discovery === undefined && !this.machine.discovered) {
      this.machine.discovery = beginDiscovery(discover, this.context);
    }
    this.sendAgain(again);
    const isDone = this.sendRest();
    const isAllSent = isDone && again.length === 0 && this.sendCommands(work.commands);
    this.sendQuestions();
    this.isStuck = this.sent === 0 && (!isAllSent || this.machine.discovery !== undefined);
    // A message without commands would end the session for the client while there is more to do.
    if (this.sent === 0 && (this.isStuck || work.more)) {
      this.send(getOf(KEEP_OPEN_URI), { job: JOB.keepOpen, uri: KEEP_OPEN_URI });
    }
  }

  get isEmpty(): boolean {
    return this.sent === 0;
  }

  /** The same commands with new CmdIDs. What has no room this time goes back. */
  private sendAgain(again: readonly OpenCommand[]): void {
    for (const open of again) {
      if (open.atomic !== undefined) continue;
      const members =
        open.job === JOB.atomic ? again.filter((member) => member.atomic === open.cmd && member.msg === open.msg) : [];
      const body = open.body === undefined ? getOf(open.uri) : restoreBody(open.body);
      const ofJob = { job: open.job, uri: open.uri, ...(open.role ? { role: open.role } : {}) };
      const isSent = open.job === JOB.atomic ? this.sendAtomic(body, members) : this.send(body, ofJob);
      if (isSent) continue;
      if (open.job === JOB.discovery) this.askLater(open);
      else this.effects.push(...giveUp(this.machine, members.length > 0 ? members : [open]));
    }
  }

  private askLater(open: OpenCommand): void {
    const { discovery } = this.machine;
    if (open.role === 'type') discovery?.types.push(open.uri.slice(0, open.uri.indexOf('?')));
    else discovery?.walk.queue.push(open.uri);
  }

  /** More of the commands under way: Gets of a walk, the rest of a tree. */
  private sendRest(): boolean {
    let isDone = true;
    for (const [key, job] of Object.entries(this.machine.jobs)) {
      if (job.kind === 'read') this.sendQueue(key, job);
      else this.sendTodo(key, job);
      if (job.kind === 'read' ? job.walk.queue.length > 0 || this.isOpen(key) : job.todo.length > 0) isDone = false;
    }
    return isDone;
  }

  private isOpen(key: string): boolean {
    return this.machine.open.some((open) => open.job === key);
  }

  private sendQueue(key: string, job: Job & { readonly kind: 'read' }): void {
    let count = 0;
    for (const uri of job.walk.queue) {
      if (!this.mayGet() || !this.send(getOf(uri), { job: key, uri })) break;
      count += 1;
    }
    job.walk.queue.splice(0, count);
  }

  private sendTodo(key: string, job: Job & { readonly kind: 'plain' }): void {
    let count = 0;
    for (const stored of job.todo) {
      const body = restoreBody(stored);
      if (!this.send(body, { job: key, uri: targetOf(body) })) break;
      job.waiting += 1;
      count += 1;
    }
    job.todo.splice(0, count);
  }

  /** @returns whether all of them were sent or ended */
  private sendCommands(commands: readonly Command[]): boolean {
    let reading = false;
    for (let index = 0; index < commands.length;) {
      const first = commands[index] as Command;
      if (first.kind === 'discover') {
        index += 1;
        continue;
      }
      const group = groupAt(commands, index);
      index += group.length;
      // A read that walks goes on in later messages: what changes the device must not overtake it.
      if (reading && group.some((command) => command.kind !== 'get')) return false;
      if (!(group.length > 1 ? this.sendGroup(group) : this.sendCommand(first))) return false;
      reading ||= group.some((command) => command.kind === 'get' && this.mayWalk(command));
    }
    return true;
  }

  private mayWalk(command: Command): boolean {
    const plan = planOf(command, this.encoding, this.context);
    return plan.kind === 'read' && plan.mayWalk;
  }

  /** @returns false when the command has to wait for a later message */
  private sendCommand(command: Command): boolean {
    const plan = planOf(command, this.encoding, this.context);
    switch (plan.kind) {
      case 'refused':
        this.end(command, plan.outcome, plan.message);
        return true;
      case 'read':
        return this.sendRead(command, plan);
      case 'write':
        return this.sendWrite(command, plan.bodies);
    }
  }

  private sendRead(command: Command, plan: Plan & { readonly kind: 'read' }): boolean {
    const uri = plan.prop === undefined ? plan.uri : `${plan.uri}?prop=${plan.prop}`;
    const body = getOf(uri);
    if (this.reply.sizeOf(body) > this.best) return this.endTooLarge(command);
    if (!this.mayGet() || !this.reply.fits(body)) return false;
    const { depth, prop } = plan;
    const walk = { ...newWalk(plan.uri), queue: [] };
    const key = this.newJob({
      kind: 'read',
      command: command.id,
      uri: plan.uri,
      walk,
      ...(depth === undefined ? {} : { depth }),
      ...(prop === undefined ? {} : { prop }),
    });
    this.send(body, { job: key, uri });
    this.effects.push({ kind: 'commandSent', command: command.id, carrier: 'Get' });
    return true;
  }

  private sendWrite(command: Command, bodies: readonly BodyCommand[]): boolean {
    if (bodies.some((body) => this.reply.sizeOf(body) > this.best)) return this.endTooLarge(command);
    const [first] = bodies;
    if (first === undefined || !this.reply.fits(first)) return false;
    const job = {
      kind: 'plain' as const,
      command: command.id,
      what: command.kind,
      todo: bodies.map(storeBody),
      waiting: 0,
    };
    this.sendTodo(this.newJob(job), job);
    this.effects.push({ kind: 'commandSent', command: command.id, carrier: first.kind });
    return job.todo.length === 0;
  }

  /** Commands of one atomic operation as one Atomic. It stands in one message or is not sent at all. */
  private sendGroup(group: readonly Command[]): boolean {
    const plans = group.map((command) => planOf(command, this.encoding, this.context));
    const bad = plans.findIndex((plan) => plan.kind !== 'write' || plan.bodies.some((body) => body.kind === 'Exec'));
    if (bad >= 0) {
      const plan = plans[bad] as Plan;
      const [outcome, message] =
        plan.kind === 'refused'
          ? [plan.outcome, plan.message]
          : ['UNSUPPORTED' as const, 'an Atomic cannot hold Get or Exec'];
      group.forEach((command, index) => this.end(command, index === bad ? outcome : 'ROLLED_BACK', message));
      return true;
    }
    const bodies = plans.map((plan) => (plan.kind === 'write' ? plan.bodies : []));
    const atomic: BodyCommand = { kind: 'Atomic', cmdId: '', commands: bodies.flat() };
    if (this.reply.sizeOf(atomic) > this.best) {
      for (const command of group) this.endTooLarge(command);
      return true;
    }
    if (!this.reply.fits(atomic)) return false;
    const members = group.flatMap((command, index) => {
      const own = bodies[index] ?? [];
      const key = this.newJob({
        kind: 'plain',
        command: command.id,
        what: command.kind,
        todo: [],
        waiting: own.length,
      });
      return own.map((body) => ({ job: key, uri: targetOf(body) }));
    });
    this.sendAtomic(atomic, members);
    for (const command of group) this.effects.push({ kind: 'commandSent', command: command.id, carrier: 'Atomic' });
    return true;
  }

  private sendAtomic(atomic: BodyCommand, members: readonly { readonly job: string; readonly uri: string }[]): boolean {
    if (!this.reply.fits(atomic)) return false;
    const added = this.reply.add(atomic);
    if (added.kind !== 'Atomic') return false;
    const body = this.keepsBody ? { body: storeBody(atomic) } : {};
    this.open({ cmd: added.cmdId, carrier: 'Atomic', uri: '', job: JOB.atomic, ...body });
    added.commands.forEach((member, index) => {
      const { job, uri } = members[index] ?? { job: JOB.keepOpen, uri: '' };
      this.open({ cmd: member.cmdId, carrier: member.kind, uri, job, atomic: added.cmdId });
    });
    return true;
  }

  /** Discovery's questions, as far as the client can answer them in a message of its own. */
  private sendQuestions(): void {
    const { discovery } = this.machine;
    if (discovery === undefined || discovery.messages <= 0) return;
    const put: { uri: string; type: boolean }[] = [];
    for (const question of questions(discovery)) {
      const uri = question.type ? `${question.uri}?prop=Type` : question.uri;
      if (!this.mayGet()) break;
      if (!this.send(getOf(uri), { job: JOB.discovery, uri, ...(question.type ? { role: 'type' as const } : {}) }))
        break;
      put.push(question);
    }
    asked(discovery, put);
  }

  /** Adds one SyncML command. @returns false when it has no room */
  private send(body: BodyCommand, of: { readonly job: string; readonly uri: string; readonly role?: 'type' }): boolean {
    if (!this.reply.fits(body)) return false;
    const added = this.reply.add(body);
    if (added.kind === 'Get') this.gets += 1;
    const kept = this.keepsBody && added.kind !== 'Get' ? { body: storeBody(body) } : {};
    this.open({ cmd: added.cmdId, carrier: added.kind, ...of, ...kept });
    return true;
  }

  private open(open: Omit<OpenCommand, 'msg'>): void {
    this.machine.open.push({ msg: this.msgId, ...open });
    this.sent += 1;
  }

  /**
   * Whether one more Get may go: a client answers each with a Status and Results, and some die when asked for more
   * than they can answer in one message.
   */
  private mayGet(): boolean {
    const most = Math.floor(Math.min(this.reply.limit, MOST_ANSWER_OCTETS) / ANSWER_OCTETS[this.encoding.form]);
    return this.gets < Math.max(1, Math.min(most, mostGets(this.context.device) ?? most));
  }

  private newJob(job: Job): string {
    const key = `j${this.machine.jobNo}`;
    this.machine.jobNo += 1;
    this.machine.jobs[key] = job;
    return key;
  }

  private endTooLarge(command: Command): true {
    return this.end(
      command,
      'TOO_LARGE',
      `it fits into no message of ${this.reply.limit} octets, the most that the device takes`,
    );
  }

  private end(command: Command, outcome: Outcome, message: string): true {
    this.effects.push({ kind: 'commandAnswered', command: command.id, outcome, message });
    return true;
  }
}

/** A node that every client has and may tell. */
const KEEP_OPEN_URI = './DevInfo/DevId';
/** Octets of a Status and Results that answer a usual Get. */
const ANSWER_OCTETS = { xml: 480, wbxml: 230 } as const;
/** Clients that announce a larger MaxMsgSize still answer from buffers of this size. */
const MOST_ANSWER_OCTETS = 16_384;

/** The commands from here on that share one atomic operation; one alone where there is none. */
function groupAt(commands: readonly Command[], index: number): readonly Command[] {
  const { atomic } = commands[index] as Command;
  let end = index + 1;
  if (atomic !== undefined) while (commands[end]?.atomic === atomic) end += 1;
  return commands.slice(index, end);
}

function targetOf(body: BodyCommand): string {
  return 'items' in body ? (body.items[0]?.target?.locUri ?? '') : '';
}
