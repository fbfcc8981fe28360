/**
 * One DM 1.2 management session as a client runs it: what it sends next, and what it makes of each answer.
 * No I/O: messages go out of {@link Dm1Session.next} and come into {@link Dm1Session.receive}.
 * Source: dm1 2 (flow), 8 (chunks), 11 (authentication).
 */
import { decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import type { Encoding, Message, Meta, Status, SyncHdr } from '../../../adapters/dm1/message';
import { complete, type PendingOperation } from '../behaviour';
import type { ProtocolViolation, SessionRecord } from '../report';
import type { DeviceTree } from '../tree';
import type { WireRequest, WireResponse } from '../transport';
import { checkCommands } from './check-commands';
import { checkHttp } from './check-http';
import { isAbort, nonceOf, readServerMessage, type MessageReading } from './check-message';
import { checkXml } from './check-xml';
import { alertOf, statusOf, type Draft } from './drafts';
import { executeCommand, refuseCommands } from './execute';
import type { DeviceAlert } from './memory';
import { continues, takeChunk, type OpenObject, type ServerCommand } from './open-object';
import type { Dm1DeviceOptions } from './options';
import { packMessage } from './pack';
import { alertDraft, devInfoDraft } from './package-one';
import { violation } from './rules';
import { AUTH_BASIC, credOf, judgeCred, md5Challenge, type Login } from './security';

/** What sessions change in the device, besides its tree. */
export interface Dm1State {
  clientNonce?: Uint8Array;
  serverNonce?: Uint8Array;
  /** Accepted executions whose end was not reported. */
  pending: readonly PendingOperation[];
  /** Alerts that no server took yet. */
  alerts: readonly DeviceAlert[];
}

/** What the session takes from the device. */
export interface Dm1Host {
  readonly options: Dm1DeviceOptions;
  readonly tree: DeviceTree;
  readonly record: SessionRecord;
  readonly random: (count: number) => Uint8Array;
  readonly state: Dm1State;
}

export interface SessionStart {
  readonly sessionId: string;
  readonly initiatedBy: 'client' | 'server';
}

const MAX_REFUSALS = 4;
const ASSUMED_LIMIT = 16_384;
const SMALLEST_LIMIT = 512;
const DEFAULT_MAX_MSG = 16_384;

/** DM 1.3 kept the namespace and the DTD of 1.2 (dm1 1). */
function markupVersion(version: Dm1DeviceOptions['version'] = '1.2'): string {
  return version === '1.3' ? '1.2' : version;
}

export class Dm1Session {
  private readonly encoding: Encoding;
  private readonly namespace: string;
  private readonly contentType: string;
  private readonly login: Login | undefined;
  private msgId = 0;
  private serverMsgId = 0;
  private respUri: string | undefined;
  private limit = ASSUMED_LIMIT;
  private queue: readonly Draft[] = [];
  private head: readonly Draft[] = [];
  private sent: Message | undefined;
  private carriedCred: false | 'basic' | 'md5' = false;
  /** Credential for the next message. */
  private present: { readonly type: 'basic' | 'md5'; readonly nonce: Uint8Array } | undefined;
  private authenticated = false;
  private refusals = 0;
  private serverProven: boolean;
  private serverRefusals = 0;
  /** Nonce of a Chal whose sender has not proved itself (11.3). */
  private offeredNonce: Uint8Array | undefined;
  private open: OpenObject | undefined;
  /** Alerts of the last message by CmdID. */
  private inFlight = new Map<string, PendingOperation | DeviceAlert>();
  private readonly draftAlerts = new Map<Draft, PendingOperation | DeviceAlert>();

  constructor(
    private readonly host: Dm1Host,
    private readonly start: SessionStart,
  ) {
    const { options } = host;
    this.encoding =
      options.wbxml === true
        ? { form: 'wbxml', publicId: options.wbxmlPublicIdAsText === true ? 'text' : 'number' }
        : { form: 'xml' };
    this.namespace = `SYNCML:SYNCML${markupVersion(options.version)}`;
    this.contentType = `application/vnd.syncml.dm+${this.encoding.form}`;
    this.login =
      options.user === undefined || options.secret === undefined
        ? undefined
        : { user: options.user, secret: options.secret };
    this.serverProven = options.serverSecret === undefined;
    const auth = options.auth ?? (this.login === undefined ? 'none' : 'md5');
    if (this.login !== undefined && auth === 'basic') this.present = { type: 'basic', nonce: new Uint8Array() };
    if (this.login !== undefined && auth === 'md5' && host.state.clientNonce !== undefined)
      this.present = { type: 'md5', nonce: host.state.clientNonce };
    for (const operation of host.state.pending) complete(host.tree, operation);
    this.queue = this.packageOne();
  }

  get over(): boolean {
    return this.host.record.ended !== undefined;
  }

  /** The next message to post. */
  next(): WireRequest {
    this.msgId += 1;
    const header = this.header();
    const { message, rest } = packMessage(
      {
        namespace: this.namespace,
        header,
        encoding: this.encoding,
        limit: this.limit,
        mayEnd: this.open === undefined,
      },
      this.head,
      this.queue,
    );
    this.carriedCred = this.present === undefined ? false : this.present.type;
    this.present = undefined;
    this.noteAlerts(message, this.queue);
    this.queue = rest;
    this.head = [];
    this.sent = message;
    const body = encodeMessage(message, this.encoding);
    const url = this.respUri ?? this.host.options.url;
    this.host.record.messages.push({ direction: 'out', url, method: 'POST', contentType: this.contentType, body });
    for (const command of message.body) {
      if (command.kind === 'Status')
        this.host.record.statusesSeen.push({
          by: 'device',
          command: command.cmd,
          ...(command.targetRefs[0] === undefined ? {} : { target: command.targetRefs[0] }),
          code: command.data,
        });
    }
    const accept = 'application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml';
    return {
      method: 'POST',
      url,
      headers: { 'content-type': this.contentType, accept, 'accept-charset': 'utf-8', 'cache-control': 'no-store' },
      body,
    };
  }

  /** The answer to the last message. Sets `record.ended` when nothing is left to send. */
  receive(response: WireResponse): void {
    const { record, options } = this.host;
    const type = response.headers['content-type'] ?? '';
    record.messages.push({
      direction: 'in',
      url: this.respUri ?? options.url,
      method: 'POST',
      status: response.status,
      contentType: type,
      body: response.body,
    });
    const early = [...checkHttp(response, this.contentType)];
    const announced = options.maxMsgSize ?? DEFAULT_MAX_MSG;
    if (response.body.length > announced)
      early.push(violation('MESSAGE_TOO_LARGE', `${response.body.length} octets over ${announced}`));
    const decoded = decodeMessage(response.body, type === '' ? this.contentType : type);
    if (!decoded.ok) early.push(violation('UNREADABLE', `${decoded.code}: ${decoded.message}`));
    else if (this.encoding.form === 'xml') early.push(...checkXml(response.body));
    if (this.objects(early) || !decoded.ok || response.status !== 200)
      return this.end('error', 'the answer is not acceptable');
    this.take(decoded.value.message);
  }

  /** No answer came. */
  lost(reason: string): void {
    this.end('error', reason);
  }

  private take(message: Message): void {
    const { options, record } = this.host;
    const sent = this.sent as Message;
    const reading = readServerMessage(message, {
      sent,
      namespace: this.namespace,
      deviceId: options.deviceId,
      serverMsgId: this.serverMsgId,
      carriedCred: this.carriedCred,
      authenticated: this.authenticated,
      askedForChunk: this.open !== undefined,
      ...(this.respUri === undefined ? {} : { respUri: this.respUri }),
    });
    for (const status of reading.statuses)
      record.statusesSeen.push({ by: 'server', command: status.cmd, code: status.data.trim() });
    const found = [
      ...reading.violations,
      ...checkCommands(reading.commands, {
        ...(options.maxObjSize === undefined ? {} : { maxObjSize: options.maxObjSize }),
        ...(this.open === undefined ? {} : { openObject: this.open.target }),
      }),
    ];
    if (this.objects(found)) return this.end('error', 'the server broke a rule');
    this.serverMsgId = Number(message.header.msgId) || this.serverMsgId + 1;
    this.respUri = message.header.respUri ?? this.respUri;
    this.learnLimit(message.header.meta);
    if (reading.refused) return this.refused(message, reading);
    this.accepted(reading);
    this.obey(message, reading);
  }

  /** 401 or 407: package 1 again with the credential that is asked for, or the end. */
  private refused(message: Message, reading: MessageReading): void {
    const chal = reading.hdrStatus?.chal;
    this.refusals += 1;
    if (chal === undefined) return this.end('server', `refused for good with ${reading.hdrStatus?.data ?? ''}`);
    if (this.login === undefined) return this.end('client', 'the server wants credentials and there are none');
    if (this.refusals >= MAX_REFUSALS) return this.end('client', `refused ${this.refusals} times`);
    const nonce = nonceOf(chal);
    this.present =
      chal.type?.trim() === AUTH_BASIC
        ? { type: 'basic', nonce: new Uint8Array() }
        : { type: 'md5', nonce: nonce ?? new Uint8Array() };
    this.authenticated = false;
    this.head = [this.hdrStatus(message, 200)];
    this.queue = this.packageOne();
  }

  private accepted(reading: MessageReading): void {
    const code = reading.hdrStatus?.data.trim();
    this.authenticated = code === '212' || code === '200';
    this.host.record.authenticated = this.authenticated;
    // 200: for this message only, so the credential goes into the next one as well.
    const nonce = reading.hdrStatus?.chal === undefined ? undefined : nonceOf(reading.hdrStatus.chal);
    if (code === '200' && this.carriedCred !== false)
      this.present = { type: this.carriedCred, nonce: nonce ?? new Uint8Array() };
    if (nonce !== undefined) {
      if (this.serverProven) this.host.state.clientNonce = nonce;
      else this.offeredNonce = nonce;
    }
    for (const [cmdId, alert] of this.inFlight) {
      const answer = Number(reading.codes.get(cmdId) ?? 0);
      if (answer < 200 || answer >= 300) continue;
      this.host.state.pending = this.host.state.pending.filter((one) => one !== alert);
      this.host.state.alerts = this.host.state.alerts.filter((one) => one !== alert);
    }
    this.inFlight.clear();
  }

  private obey(message: Message, reading: MessageReading): void {
    const { commands } = reading;
    const code = Number(reading.hdrStatus?.data ?? 200);
    if (commands.some(isAbort)) return this.end('server', 'aborted by the server');
    if (commands.length === 0 && this.queue.length === 0 && this.open === undefined) {
      return this.end('server', code >= 300 ? `refused with ${code}` : 'nothing left to do');
    }
    const proof = this.proveServer(message, commands);
    this.head = [proof.status];
    if (proof.refuse !== undefined) {
      this.queue = [...this.queue, ...refuseCommands(commands, message.header.msgId, proof.refuse)];
      return;
    }
    if (commands.length === 0 && !message.final && this.queue.length === 0) this.queue = [alertOf(1222)];
    this.run(message, commands);
  }

  /** Our Status for the server's SyncHdr, and whether its commands are refused. */
  private proveServer(
    message: Message,
    commands: readonly ServerCommand[],
  ): { readonly status: Status; readonly refuse?: number } {
    const { options } = this.host;
    if (options.serverSecret === undefined) return { status: this.hdrStatus(message, 200) };
    if (this.serverProven) return { status: this.hdrStatus(message, 212) };
    const login = { user: options.serverUser ?? '', secret: options.serverSecret };
    const judged = judgeCred(message.header.cred, login, this.host.state.serverNonce ?? new Uint8Array());
    const nonce = this.host.random(16);
    if (judged === 'good') {
      this.serverProven = true;
      if (this.offeredNonce !== undefined) this.host.state.clientNonce = this.offeredNonce;
      const md5 = message.header.cred?.meta?.type?.trim() !== AUTH_BASIC;
      if (md5) this.host.state.serverNonce = nonce;
      return { status: this.hdrStatus(message, 212, md5 ? md5Challenge(nonce) : undefined) };
    }
    // Without commands or challenge there is nothing to protect (11.3, loop guard).
    if (commands.length === 0) return { status: this.hdrStatus(message, 200) };
    this.serverRefusals += 1;
    if (this.serverRefusals > 1)
      this.objects(
        [
          violation(
            'SERVER_CREDENTIAL',
            judged === 'none' ? 'no Cred after a challenge' : 'a wrong Cred after a challenge',
          ),
        ],
        true,
      );
    this.host.state.serverNonce = nonce;
    const refuse = judged === 'none' ? 407 : 401;
    return { status: this.hdrStatus(message, refuse, md5Challenge(nonce)), refuse };
  }

  private run(message: Message, commands: readonly ServerCommand[]): void {
    const { options, tree } = this.host;
    const acceptedNow: PendingOperation[] = [];
    const execution = {
      tree,
      msgRef: message.header.msgId,
      actor: options.serverUser ?? 'server',
      wbxml: this.encoding.form === 'wbxml',
      copy: options.features?.copy ?? false,
      atomic: options.features?.atomic ?? true,
      ui: options.features?.ui ?? true,
      ...(options.execResult === undefined ? {} : { execResult: options.execResult }),
      accepted: acceptedNow,
    };
    const rest = this.dropInterrupted(commands);
    const answers: Draft[] = [];
    for (const command of rest) {
      const answered = { msgRef: message.header.msgId, cmdRef: command.cmdId, cmd: command.kind };
      const step = takeChunk(this.open, command, options.maxObjSize);
      if (step.kind !== 'command') this.open = step.kind === 'buffered' ? step.object : undefined;
      if (step.kind === 'buffered') answers.push(statusOf(answered, 213));
      else if (step.kind === 'refused') answers.push(statusOf(answered, step.code));
      else answers.push(...executeCommand(execution, step.kind === 'complete' ? step.command : command));
    }
    const steering = answers.filter(
      (draft) => draft.kind === 'Status' && draft.cmd === 'Alert' && this.queue.length > 0,
    );
    this.head = [...this.head, ...steering];
    this.queue = [...this.queue, ...answers.filter((draft) => !steering.includes(draft))];
    if (this.open !== undefined) this.queue = [...this.queue, alertOf(1222)];
    this.host.state.pending = [...this.host.state.pending, ...acceptedNow];
    if (options.alertInSession === true) {
      for (const operation of acceptedNow) {
        complete(tree, operation);
        this.queue = [...this.queue, this.draftOf(operation)];
      }
    }
  }

  /** The chunks of an object did not come to their end: it is dropped and the server told. */
  private dropInterrupted(commands: readonly ServerCommand[]): readonly ServerCommand[] {
    const { open } = this;
    const first = commands[0];
    if (open === undefined || first === undefined || continues(open, first)) return commands;
    this.open = undefined;
    this.objects([violation('MORE_DATA', `${first.kind} ${first.cmdId} where a chunk of ${open.target} is due`)], true);
    this.queue = [...this.queue, alertOf(1225, [{ target: { locUri: open.target } }])];
    return commands;
  }

  private packageOne(): readonly Draft[] {
    this.draftAlerts.clear();
    const { pending, alerts } = this.host.state;
    const initiation = alertOf(this.start.initiatedBy === 'server' ? 1200 : 1201);
    return [initiation, ...[...pending, ...alerts].map((alert) => this.draftOf(alert)), devInfoDraft(this.host.tree)];
  }

  private draftOf(alert: PendingOperation | DeviceAlert): Draft {
    const draft = alertDraft(alert);
    this.draftAlerts.set(draft, alert);
    return draft;
  }

  /** Which alerts the message carries, so that they are forgotten only when the server took them. */
  private noteAlerts(message: Message, drafts: readonly Draft[]): void {
    this.inFlight.clear();
    for (const [at, command] of message.body.slice(this.head.length).entries()) {
      const alert = this.draftAlerts.get(drafts[at] as Draft);
      if (alert !== undefined) this.inFlight.set(command.cmdId, alert);
    }
  }

  private header(): SyncHdr {
    const { options } = this.host;
    const cred =
      this.present === undefined || this.login === undefined
        ? undefined
        : credOf(this.present.type, this.login, this.present.nonce);
    const version = options.version ?? '1.2';
    const follow = options.targetFollowsRespUri ?? true;
    const maxObj = options.maxObjSize === undefined ? {} : { maxObjSize: String(options.maxObjSize) };
    return {
      verDtd: markupVersion(version),
      verProto: `DM/${version}`,
      sessionId: this.start.sessionId,
      msgId: String(this.msgId),
      target: { locUri: follow ? (this.respUri ?? options.url) : options.url },
      source: { locUri: options.deviceId, ...(this.login === undefined ? {} : { locName: this.login.user }) },
      ...(cred === undefined ? {} : { cred }),
      meta: { maxMsgSize: String(options.maxMsgSize ?? DEFAULT_MAX_MSG), ...maxObj },
    };
  }

  private hdrStatus(message: Message, code: number, chal?: Meta): Status {
    const { header } = message;
    return statusOf({ msgRef: header.msgId, cmdRef: '0', cmd: 'SyncHdr' }, code, {
      target: header.target.locUri,
      source: header.source.locUri,
      ...(chal === undefined ? {} : { chal }),
    });
  }

  private learnLimit(meta: Meta | undefined): void {
    const size = Number(meta?.maxMsgSize?.trim() ?? Number.NaN);
    if (Number.isInteger(size) && size > 0) this.limit = Math.max(size, SMALLEST_LIMIT);
  }

  /** Notes violations; true when the session must not go on. */
  private objects(found: readonly ProtocolViolation[], goOn = false): boolean {
    this.host.record.violations.push(...found);
    return found.length > 0 && !goOn && this.host.options.onViolation !== 'note';
  }

  private end(ended: 'server' | 'client' | 'error', reason: string): void {
    this.host.record.ended = ended;
    this.host.record.log.push(reason);
  }
}
