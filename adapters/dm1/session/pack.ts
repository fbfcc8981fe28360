import { type Bytes, CHUNK_REF, type Command, type Context, type Effect, type Outcome, type Work } from '../../adapter';
import type { BodyCommand, Data, Encoding, Item } from '../message';
import { mostGets } from '../quirks';
import type { StoredData } from '../values';
import { asked, askLater, beginDiscovery, type Question, questions } from './discovery';
import { planGroup } from './groups';
import { askedOf } from './interaction';
import { getOf, type Plan, planOf, targetOf } from './jobs';
import { cutChunk, inlineSource, takesChunks } from './large-object-out';
import { listKindOf, noteAsked } from './lists';
import {
  isContainer,
  type Job,
  JOB,
  type Machine,
  nextObjectRef,
  type OpenCommand,
  type OutgoingObject,
  restoreBody,
  storeBody,
} from './machine';
import { firstQuestion } from './read';
import type { Reply } from './reply';
import { giveUp } from './server-refused';
import { noteTried, takesDocuments } from './tnds-write';
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
  /** A command with MoreData is the last of its message. */
  isClosed = false;

  pack(work: Work, again: readonly OpenCommand[]): void {
    const discover = work.commands.find((command) => command.kind === 'discover');
    if (discover !== undefined && this.machine.discovery === undefined && !this.machine.discovered) {
      this.machine.discovery = beginDiscovery(discover, this.machine, this.context);
    }
    this.sendAgain(again);
    const isWhole = this.sendNextChunk(work.slices[0]);
    const isDone = this.sendRest() && isWhole;
    const isAllSent = isDone && again.length === 0 && this.sendCommands(work.commands);
    // A person who cancels has the rest of the message skipped, and what was skipped tells nothing of the tree.
    if (!this.machine.open.some((open) => open.carrier === 'Alert')) this.sendQuestions();
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
      if (open.atomic !== undefined || open.sequence !== undefined) continue;
      const members = isContainer(open.job)
        ? again.filter((member) => (member.atomic ?? member.sequence) === open.cmd && member.msg === open.msg)
        : [];
      const body = open.body === undefined ? getOf(open.uri, open.moid) : restoreBody(open.body);
      const { job, uri, role, moid } = open;
      const ofJob = { job, uri, ...(role ? { role } : {}), ...(moid === undefined ? {} : { moid }) };
      const isSent = isContainer(open.job) ? this.sendContainer(body, members) : this.send(body, ofJob);
      if (isSent) continue;
      const { discovery } = this.machine;
      if (open.job !== JOB.discovery) this.effects.push(...giveUp(this.machine, members.length > 0 ? members : [open]));
      else if (discovery !== undefined) askLater(discovery, open);
    }
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
      const role = job.instead === undefined ? {} : { role: 'tnds' as const };
      const isSent = this.isTooLarge(body)
        ? this.sent === 0 && this.beginChunks(key, body, undefined)
        : this.send(body, { job: key, uri: targetOf(body), ...role });
      if (!isSent) break;
      job.waiting += 1;
      count += 1;
    }
    job.todo.splice(0, count);
  }

  // Large objects --------------------------------------------------------------------------------------------------

  /** Whether a command has room in no message of its own. */
  private isTooLarge(body: BodyCommand): boolean {
    return this.reply.sizeOf(body) > this.best;
  }

  /** Why a value cannot go, whole or in chunks; undefined when it can. */
  private objectionTo(body: BodyCommand, stored: StoredData | undefined): string | undefined {
    const size = stored?.size ?? inlineSource(dataOf(body))?.size ?? 0;
    const { maxObjSize } = this.machine;
    if (maxObjSize !== undefined && size > maxObjSize)
      return `the value has ${size} octets, the device takes objects of ${maxObjSize}`;
    if (stored === undefined && !this.isTooLarge(body)) return undefined;
    const tooLarge = `it fits into no message of ${this.reply.limit} octets, the most that the device takes`;
    if (size === 0) return tooLarge;
    if (!takesChunks(this.machine, this.context)) return `${tooLarge}, and the device takes no large objects`;
    // The smallest chunk must have room beside the header.
    return this.reply.sizeOf(withoutData(body, size)) + SMALLEST_CHUNK <= this.best ? undefined : tooLarge;
  }

  /** The first chunk of a value; it stands alone in its message. @returns false when it has no room this time */
  private beginChunks(job: string, body: BodyCommand, stored: StoredData | undefined): boolean {
    const item = itemOf(body);
    const source = stored ?? inlineSource(item?.data);
    if (item === undefined || source === undefined || this.sent > 0) return false;
    const octets = 'octets' in source ? (source.octets as Bytes) : (source.of.head ?? new Uint8Array(0));
    const isInline = stored === undefined;
    const ref = isInline ? nextObjectRef(this.machine, 'out') : '';
    const { head: _, ...of } = source.of;
    const { correlator } = body as { readonly correlator?: string };
    const object: OutgoingObject = {
      job,
      carrier: body.kind as OutgoingObject['carrier'],
      uri: item.target?.locUri ?? '',
      meta: item.meta ?? {},
      ...(correlator === undefined ? {} : { correlator }),
      of: isInline ? { ...of, blob: `${CHUNK_REF}${ref}` } : of,
      as: source.as,
      size: source.size,
      sent: 0,
    };
    if (!this.sendChunk(object, octets)) return false;
    // What came with the command goes into the store once, so that no message carries it along.
    if (isInline) this.effects.push({ kind: 'chunkKept', ref, position: 0, octets });
    return true;
  }

  /** @returns false when a chunk is due and was not sent, or is not the last */
  private sendNextChunk(slice: Bytes | undefined): boolean {
    const { outgoing } = this.machine;
    if (outgoing === undefined || this.machine.open.some((open) => open.chunk !== undefined)) return true;
    if (slice === undefined) return false;
    if (slice.length > 0) return this.sendChunk(outgoing, slice) && !this.isClosed;
    const command = this.machine.jobs[outgoing.job]?.command;
    const message = 'the rest of the value is not in the store any more';
    if (command !== undefined) {
      this.effects.push({ kind: 'commandAnswered', command, outcome: 'DEVICE_ERROR', message });
    }
    delete this.machine.jobs[outgoing.job];
    delete this.machine.outgoing;
    return true;
  }

  private sendChunk(object: OutgoingObject, slice: Bytes): boolean {
    const { reply } = this;
    const room = reply.room + (this.sent === 0 ? reply.finalOctets : 0);
    const cut = cutChunk(object, slice, (body, isLast) => reply.sizeOf(body) <= (isLast ? reply.room : room));
    if (cut === undefined) return false;
    if (!cut.isLast) reply.leaveFinalOut();
    const added = reply.add(cut.body);
    const chunk = cut.isLast ? ('last' as const) : ('more' as const);
    this.open({ cmd: added.cmdId, carrier: added.kind, uri: object.uri, job: object.job, chunk });
    this.machine.outgoing = { ...object, sent: object.sent + cut.taken };
    this.isClosed = !cut.isLast;
    return true;
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
        return this.sendWrite(command, plan);
    }
  }

  private sendRead(command: Command, plan: Plan & { readonly kind: 'read' }): boolean {
    const uri = firstQuestion(plan, this.machine, this.context);
    const body = getOf(uri);
    if (this.reply.sizeOf(body) > this.best) return this.endTooLarge(command);
    if (!this.mayGet() || !this.fits(body)) return false;
    const { depth, prop, props } = plan;
    const walk = { ...newWalk(plan.uri), queue: [] };
    const key = this.newJob({
      kind: 'read',
      command: command.id,
      uri: plan.uri,
      walk,
      ...(depth === undefined ? {} : { depth }),
      ...(prop === undefined ? {} : { prop }),
      ...(props === undefined ? {} : { props }),
    });
    this.send(body, { job: key, uri });
    this.effects.push({ kind: 'commandSent', command: command.id, carrier: 'Get' });
    return true;
  }

  private sendWrite(command: Command, plan: Plan & { readonly kind: 'write' }): boolean {
    const { stored } = plan;
    const document = this.documentOf(plan);
    const bodies = document === undefined ? plan.bodies : [document];
    for (const body of bodies) {
      const objection = this.objectionTo(body, stored);
      if (objection !== undefined) return this.end(command, 'TOO_LARGE', objection);
    }
    const [first] = bodies;
    if (first === undefined) {
      const isLong = plan.document !== undefined && this.reply.sizeOf(plan.document) > this.best;
      return isLong
        ? this.endTooLarge(command)
        : this.end(command, 'UNSUPPORTED', 'the device takes no TNDS documents');
    }
    const isLarge = stored !== undefined || this.isTooLarge(first);
    // A large object begins in a message of its own; of one that has to wait nothing may have been loaded.
    if (isLarge ? this.sent > 0 || (stored !== undefined && stored.of.head === undefined) : !this.fits(first))
      return false;
    const job: Job & { readonly kind: 'plain' } = {
      kind: 'plain',
      command: command.id,
      what: command.kind,
      todo: stored === undefined ? bodies.map(storeBody) : [],
      waiting: 0,
      ...(document === undefined ? {} : { instead: plan.bodies.map(storeBody) }),
      ...(plan.inbox === undefined ? {} : { inbox: plan.inbox.moid ?? '' }),
      ...askedOf(command),
    };
    const key = this.newJob(job);
    if (stored !== undefined && this.beginChunks(key, first, stored)) job.waiting = 1;
    else this.sendTodo(key, job);
    if (job.waiting === 0) {
      delete this.machine.jobs[key];
      return false;
    }
    if (document !== undefined) this.effects.push(...noteTried(targetOf(document), this.machine, this.context));
    this.effects.push({ kind: 'commandSent', command: command.id, carrier: first.kind });
    return job.todo.length === 0 && !this.isClosed;
  }

  /** The tree as one document, where the device takes such and it fits. */
  private documentOf(plan: Plan & { readonly kind: 'write' }): BodyCommand | undefined {
    const { document, inbox } = plan;
    if (document === undefined || inbox !== undefined) return document;
    if (this.reply.sizeOf(document) > this.best) return undefined;
    return takesDocuments(this.machine, this.context) ? document : undefined;
  }

  /** Commands of one operation as one Atomic or Sequence. It stands in one message or is not sent at all. */
  private sendGroup(group: readonly Command[]): boolean {
    const planned = planGroup(group, this.encoding, this.context);
    for (const { command, outcome, message } of planned.ended) this.end(command, outcome, message);
    const { container, members } = planned;
    if (container === undefined) return true;
    if (planned.isUnloaded || this.isTooLarge(container)) {
      for (const { command } of members) this.endTooLarge(command);
      return true;
    }
    if (!this.fits(container)) return false;
    const opened = members.flatMap(({ command, job, uris }) => {
      const key = this.newJob(job);
      this.effects.push({ kind: 'commandSent', command: command.id, carrier: container.kind });
      return uris.map((uri) => ({ job: key, uri }));
    });
    this.sendContainer(container, opened);
    return true;
  }

  private sendContainer(
    container: BodyCommand,
    members: readonly { readonly job: string; readonly uri: string }[],
  ): boolean {
    if (!this.fits(container)) return false;
    const added = this.reply.add(container);
    if (added.kind !== 'Atomic' && added.kind !== 'Sequence') return false;
    const body = this.keepsBody ? { body: storeBody(container) } : {};
    const isAtomic = added.kind === 'Atomic';
    const job = isAtomic ? JOB.atomic : JOB.sequence;
    this.open({ cmd: added.cmdId, carrier: added.kind, uri: '', job, ...body });
    added.commands.forEach((member, index) => {
      const { job: of, uri } = members[index] ?? { job: JOB.keepOpen, uri: '' };
      const inside = isAtomic ? { atomic: added.cmdId } : { sequence: added.cmdId };
      this.open({ cmd: member.cmdId, carrier: member.kind, job: of, uri, ...inside });
      if (member.kind === 'Get') this.gets += 1;
    });
    return true;
  }

  /** Discovery's questions, as far as the client can answer them in a message of its own. */
  private sendQuestions(): void {
    const { discovery } = this.machine;
    if (discovery === undefined || discovery.messages <= 0) return;
    const put: Question[] = [];
    for (const question of questions(discovery)) {
      const { type, moid } = question;
      const uri = type ? `${question.uri}?prop=Type` : question.uri;
      const of = { ...(type ? { role: 'type' as const } : {}), ...(moid === undefined ? {} : { moid }) };
      if (!this.mayGet() || !this.send(getOf(uri, moid), { job: JOB.discovery, uri, ...of })) break;
      put.push(question);
    }
    asked(discovery, put);
  }

  /** Adds one SyncML command. @returns false when it has no room */
  private send(body: BodyCommand, of: Pick<OpenCommand, 'job' | 'uri' | 'role' | 'moid'>): boolean {
    if (!this.fits(body)) return false;
    const added = this.reply.add(body);
    if (added.kind === 'Get') {
      this.gets += listKindOf(of.uri) === undefined ? 1 : LIST_WEIGHT;
      this.effects.push(...noteAsked(of.uri, this.machine, this.context));
    }
    const kept = this.keepsBody && added.kind !== 'Get' ? { body: storeBody(body) } : {};
    this.open({ cmd: added.cmdId, carrier: added.kind, ...of, ...kept });
    return true;
  }

  private fits(body: BodyCommand): boolean {
    return !this.isClosed && this.reply.fits(body);
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
/** Usual answers that a list may be as long as. */
const LIST_WEIGHT = 8;
/** Clients that announce a larger MaxMsgSize still answer from buffers of this size. */
const MOST_ANSWER_OCTETS = 16_384;

/** Octets of Data that a chunk should have room for: the cost of a message is to be worth it. */
const SMALLEST_CHUNK = 16;

/** The commands from here on that share one Atomic or Sequence; one alone where there is none. */
function groupAt(commands: readonly Command[], index: number): readonly Command[] {
  const { atomic, sequence } = commands[index] as Command;
  let end = index + 1;
  if (atomic !== undefined) while (commands[end]?.atomic === atomic) end += 1;
  else if (sequence !== undefined) while (commands[end]?.sequence === sequence) end += 1;
  return commands.slice(index, end);
}

function itemOf(body: BodyCommand): Item | undefined {
  return 'items' in body ? body.items[0] : undefined;
}

function dataOf(body: BodyCommand): Data | undefined {
  return itemOf(body)?.data;
}

/** The command as a chunk without any of its octets. */
function withoutData(body: BodyCommand, size: number): BodyCommand {
  const item = itemOf(body);
  const items = [
    { ...item, meta: { ...item?.meta, size: String(size) }, data: { kind: 'text' as const, text: '' }, moreData: true },
  ];
  return { ...body, items } as BodyCommand;
}
