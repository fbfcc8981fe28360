/**
 * One DM 1.x management session as a client runs it: what it sends next, and what it makes of each answer.
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
import { isAbort, isRefusal, nonceOf, readServerMessage, type MessageReading } from './check-message';
import { checkXml } from './check-xml';
import type { DeviceChaos } from './chaos';
import { devDetailAlert } from './devdetail-alert';
import { alertOf, statusOf, type Draft } from './drafts';
import { executeCommand, refuseCommands, type Execution } from './execute';
import { deathBy, deathByOwnMessage } from './frailty';
import type { DeviceAlert } from './memory';
import { continues, takeChunk, withoutMoreData, type OpenObject, type ServerCommand } from './open-object';
import type { Dm1DeviceOptions } from './options';
import { packMessage } from './pack';
import { obligingPerson } from './person';
import { alertDraft, devInfoDraft } from './package-one';
import { Presentation, type Shown } from './presentation';
import { violation } from './rules';
import { ServerProof } from './server-proof';
import { spell } from './spelling';
import type { Traits } from './traits';
import { wordMessage } from './wording';

/** What sessions change in the device, besides its tree. */
export interface Dm1State {
  clientNonce?: Uint8Array;
  serverNonce?: Uint8Array;
  /** Accepted executions whose end was not reported. */
  pending: readonly PendingOperation[];
  /** Alerts that no server took yet. */
  alerts: readonly DeviceAlert[];
  /** FUMO was executed in the last session. */
  fumoExecuted?: boolean;
}

/** What the session takes from the device. */
export interface Dm1Host {
  readonly options: Dm1DeviceOptions;
  readonly tree: DeviceTree;
  readonly record: SessionRecord;
  readonly random: (count: number) => Uint8Array;
  readonly state: Dm1State;
  /** Habits of the client that it plays. */
  readonly traits: Traits;
  readonly chaos?: DeviceChaos | undefined;
}

export interface SessionStart {
  readonly sessionId: string;
  readonly initiatedBy: 'client' | 'server';
}

const MAX_REFUSALS = 4;
const ASSUMED_LIMIT = 16_384;
const SMALLEST_LIMIT = 512;
const DEFAULT_MAX_MSG = 16_384;
/** Package 1 in a row after which a client that waits for 212 is taken to go on for ever. */
const MOST_REPEATS = 5;
const ALL_UI_ALERTS = [1100, 1101, 1102, 1103, 1104];

export class Dm1Session {
  private readonly encoding: Encoding;
  private readonly namespace: string;
  private readonly mediaType: string;
  private readonly presentation: Presentation;
  private readonly proof: ServerProof;
  private msgId = 0;
  private serverMsgId = 0;
  private respUri: string | undefined;
  private limit = ASSUMED_LIMIT;
  private queue: readonly Draft[] = [];
  private head: readonly Draft[] = [];
  private sent: Message | undefined;
  private shown: Shown = false;
  private authenticated = false;
  private repeats = 0;
  /** Nonce of a Chal whose sender has not proved itself (11.3). */
  private offeredNonce: Uint8Array | undefined;
  private open: OpenObject | undefined;
  /** Drafts of the last message by CmdID. */
  private carried = new Map<string, Draft>();
  private readonly draftAlerts = new Map<Draft, PendingOperation | DeviceAlert>();

  constructor(
    private readonly host: Dm1Host,
    private readonly start: SessionStart,
  ) {
    const { options, traits, state, chaos } = host;
    this.encoding =
      options.wbxml === true
        ? { form: 'wbxml', publicId: options.wbxmlPublicIdAsText === true ? 'text' : 'number' }
        : { form: 'xml' };
    this.namespace = `SYNCML:SYNCML${options.version === '1.1' ? '1.1' : '1.2'}`;
    this.mediaType = `application/vnd.syncml${traits.mediaType === 'plain' ? '' : '.dm'}+${this.encoding.form}`;
    const { clientNonce } = state;
    const nonce = clientNonce === undefined || chaos === undefined ? clientNonce : chaos.nonce(clientNonce);
    const isEmpty = traits.emptyCredAfterFumo === true && state.fumoExecuted === true;
    this.presentation = new Presentation(options, traits, nonce, isEmpty);
    this.proof = new ServerProof(options, traits, state, host.random);
    if (traits.serverLimit === 'ignored') this.limit = Number.MAX_SAFE_INTEGER;
    state.fumoExecuted = false;
    for (const operation of state.pending) complete(host.tree, operation);
    this.queue = this.packageOne();
  }

  /** The server took the last message for one of an authenticated session. */
  get isAuthenticated(): boolean {
    return this.authenticated;
  }

  get over(): boolean {
    return this.host.record.ended !== undefined;
  }

  /** The next message to post. */
  next(): WireRequest {
    const { host } = this;
    const { traits, chaos } = host;
    this.msgId += 1;
    if (this.msgId > 1 && chaos?.skips() === true) {
      this.msgId += 1;
      this.serverMsgId = this.msgId - 1;
    }
    if (this.authenticated && chaos?.aborts() === true) this.queue = [...this.queue, alertOf(1223)];
    const packed = packMessage(
      {
        namespace: this.namespace,
        header: this.header(),
        encoding: this.encoding,
        limit: this.limit,
        mayEnd: this.open === undefined || traits.alwaysFinal === true,
        ...(traits.firstCmdId === undefined ? {} : { firstCmdId: traits.firstCmdId }),
      },
      this.head,
      this.queue,
    );
    this.noteDrafts(packed.message, this.queue);
    this.queue = packed.rest;
    this.head = [];
    const worded = wordMessage(packed.message, traits, this.serverMsgId === this.msgId - 1);
    const message = chaos?.spoil(worded) ?? worded;
    this.sent = message;
    const body = spell(encodeMessage(message, this.encoding), this.encoding, this.namespace, traits);
    const death = deathByOwnMessage(traits, body);
    if (death !== undefined) this.die(death);
    const signed = this.presentation.sign(body);
    this.shown = signed.shown;
    const url = this.addressOf(this.respUri ?? host.options.url);
    const contentType = `${this.mediaType}${traits.namesCharset === true ? '; charset=utf-8' : ''}`;
    host.record.messages.push({ direction: 'out', url, method: 'POST', contentType, body });
    this.noteStatuses(message);
    const accept = 'application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml';
    return {
      method: 'POST',
      url,
      headers: {
        'content-type': contentType,
        accept,
        'accept-charset': 'utf-8',
        'cache-control': 'no-store',
        ...(traits.chunkedBody === true ? { 'transfer-encoding': 'chunked' } : {}),
        ...traits.headers,
        ...signed.headers,
      },
      body,
    };
  }

  private addressOf(url: string): string {
    const { urlQuery } = this.host.traits;
    return urlQuery === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${urlQuery}`;
  }

  private noteStatuses(message: Message): void {
    for (const command of message.body) {
      if (command.kind !== 'Status') continue;
      const target = command.targetRefs[0];
      this.host.record.statusesSeen.push({
        by: 'device',
        command: command.cmd,
        ...(target === undefined ? {} : { target }),
        code: command.data,
      });
    }
  }

  /** The answer to the last message. Sets `record.ended` when nothing is left to send. */
  receive(response: WireResponse): void {
    const { record, options, traits } = this.host;
    const type = response.headers['content-type'] ?? '';
    record.messages.push({
      direction: 'in',
      url: this.respUri ?? options.url,
      method: 'POST',
      status: response.status,
      contentType: type,
      body: response.body,
    });
    if (response.body.length === 0 && response.status === 200 && traits.emptyAnswerEnds === true)
      return this.end('server', 'an empty answer');
    const early = [...checkHttp(response, this.mediaType)];
    if (response.body.length > this.announced)
      early.push(violation('MESSAGE_TOO_LARGE', `${response.body.length} octets over ${this.announced}`));
    const decoded = decodeMessage(response.body, type === '' ? this.mediaType : type);
    if (!decoded.ok) early.push(violation('UNREADABLE', `${decoded.code}: ${decoded.message}`));
    else if (this.encoding.form === 'xml') early.push(...checkXml(response.body));
    const message = decoded.ok ? decoded.value.message : undefined;
    const death = deathBy(traits, {
      response,
      ...(message === undefined ? {} : { message }),
      sent: (this.sent as Message).header,
      knowsRespUri: this.respUri !== undefined,
      xml: this.encoding.form === 'xml',
    });
    const disordered = traits.needsDtdOrder === true && early.some(({ rule }) => rule === 'XML_ORDER');
    const objects = this.objects(early);
    if (death !== undefined || disordered)
      return this.die(death ?? 'children that do not stand in the order of the DTD');
    if (objects || message === undefined || response.status !== 200)
      return this.end('error', 'the answer is not acceptable');
    this.take(message, response);
  }

  /** No answer came. */
  lost(reason: string): void {
    this.end('error', reason);
  }

  /** The session is left without a word. */
  leave(): void {
    this.host.record.brokenOff = true;
    this.end('client', 'broken off');
  }

  private take(message: Message, response: WireResponse): void {
    const { options, record } = this.host;
    const sent = this.sent as Message;
    const reading = readServerMessage(message, {
      sent,
      namespace: this.namespace,
      deviceId: options.deviceId,
      serverMsgId: this.serverMsgId,
      carriedCred: this.shown,
      authenticated: this.authenticated,
      askedForChunk: this.open !== undefined,
      maxMsgSize: this.announced,
      // Who misbehaves may find himself in another session (dm1 2.7).
      ...(this.respUri === undefined || this.host.chaos !== undefined ? {} : { respUri: this.respUri }),
    });
    for (const status of reading.statuses)
      record.statusesSeen.push({ by: 'server', command: status.cmd, code: status.data.trim() });
    const found = [
      ...reading.violations,
      ...checkCommands(reading.commands, {
        ...(this.maxObjSize === undefined ? {} : { maxObjSize: this.maxObjSize }),
        ...(this.open === undefined ? {} : { openObject: this.open.target }),
      }),
    ];
    if (this.objects(found)) return this.end('error', 'the server broke a rule');
    this.serverMsgId = Number(message.header.msgId) || this.serverMsgId + 1;
    this.respUri = message.header.respUri ?? this.respUri;
    this.learnLimit(message.header.meta);
    if (reading.refused) return this.refused(message, reading);
    this.accepted(reading);
    this.obey(message, reading, response);
  }

  /** 401 or 407: package 1 again with the credential that is asked for, or the end. */
  private refused(message: Message, reading: MessageReading): void {
    const { presentation } = this;
    const { traits } = this.host;
    const chal = reading.hdrStatus?.chal;
    presentation.refusals += 1;
    if (chal === undefined) return this.end('server', `refused for good with ${reading.hdrStatus?.data ?? ''}`);
    if (traits.answersNoChallenge === true) return this.end('client', 'refused, and it answers no challenge');
    if (presentation.login === undefined) return this.end('client', 'the server wants credentials and there are none');
    if (presentation.refusals >= MAX_REFUSALS && traits.repeatsRefused !== true)
      return this.end('client', `refused ${presentation.refusals} times`);
    presentation.challenged(chal);
    this.authenticated = false;
    this.head = [this.hdrStatus(message, 200)];
    const repeated = [...this.carried]
      .filter(([cmdId]) => isRefusal(reading.codes.get(cmdId)))
      .map(([, draft]) => draft);
    this.queue = traits.repeatsRefused === true && this.msgId > 0 ? [...repeated, ...this.queue] : this.packageOne();
  }

  private accepted(reading: MessageReading): void {
    const { state } = this.host;
    const code = reading.hdrStatus?.data.trim();
    this.authenticated = code === '212' || code === '200';
    this.host.record.authenticated = this.authenticated;
    const nonce = reading.hdrStatus?.chal === undefined ? undefined : nonceOf(reading.hdrStatus.chal);
    if (code === '200') this.presentation.onceMore(this.shown, nonce);
    if (nonce !== undefined) {
      if (this.proof.proven) state.clientNonce = nonce;
      else this.offeredNonce = nonce;
    }
    for (const [cmdId, draft] of this.carried) {
      const alert = this.draftAlerts.get(draft);
      const answer = Number(reading.codes.get(cmdId) ?? 0);
      if (alert === undefined || answer < 200 || answer >= 300) continue;
      state.pending = state.pending.filter((one) => one !== alert);
      state.alerts = state.alerts.filter((one) => one !== alert);
    }
    this.carried.clear();
  }

  private obey(message: Message, reading: MessageReading, response: WireResponse): void {
    const { commands } = reading;
    const { traits } = this.host;
    const code = Number(reading.hdrStatus?.data ?? 200);
    if (commands.some(isAbort)) return this.end('server', 'aborted by the server');
    if (this.sent?.body.some(isAbort) === true) return this.end('client', 'aborted by the device');
    if (traits.repeatsUntil212 === true && code !== 212) return this.repeatPackageOne(code);
    if (
      commands.length === 0 &&
      this.queue.length === 0 &&
      this.open === undefined &&
      (message.final || traits.never1222 !== true)
    )
      return this.end('server', code >= 300 ? `refused with ${code}` : 'nothing left to do');
    const verdict = this.proof.judge(message, response, commands.length > 0);
    if (this.proof.proven && this.offeredNonce !== undefined) this.host.state.clientNonce = this.offeredNonce;
    if (verdict.objection !== undefined) this.objects([violation('SERVER_CREDENTIAL', verdict.objection)], true);
    this.head = [this.hdrStatus(message, verdict.code, verdict.chal)];
    if (verdict.refuse !== undefined) {
      this.queue = [...this.queue, ...refuseCommands(commands, message.header.msgId, verdict.refuse)];
      return;
    }
    if (commands.length === 0 && !message.final && this.queue.length === 0 && traits.never1222 !== true)
      this.queue = [alertOf(1222)];
    this.run(message, commands);
  }

  /** A client that wants to see 212 sends Package 1 until it does. */
  private repeatPackageOne(code: number): void {
    this.repeats += 1;
    if (this.repeats > MOST_REPEATS) return this.die(`the SyncHdr Status ${code}: it repeats Package 1 for ever`);
    this.queue = this.packageOne();
  }

  private execution(message: Message, accepted: PendingOperation[]): Execution {
    const { options, tree, traits } = this.host;
    const execResult = options.execResult ?? traits.execResult;
    const atomic =
      traits.atomic === 'noRollback' ? traits.atomic : (options.features?.atomic ?? traits.atomic === undefined);
    return {
      tree,
      msgRef: message.header.msgId,
      actor: options.serverUser ?? 'server',
      wbxml: this.encoding.form === 'wbxml',
      version: options.version ?? '1.2',
      copy: options.features?.copy ?? traits.copy ?? false,
      atomic,
      alerts: options.features?.ui === false ? [] : (traits.alerts ?? ALL_UI_ALERTS),
      person: options.person ?? obligingPerson,
      ...(traits.commands === undefined ? {} : { commands: traits.commands }),
      ...(traits.firstItemOnly === true ? { firstItemOnly: true } : {}),
      ...(options.features?.queries === undefined ? {} : { queries: options.features.queries }),
      ...(execResult === undefined ? {} : { execResult }),
      accepted,
    };
  }

  private run(message: Message, commands: readonly ServerCommand[]): void {
    const { options, tree, traits, state } = this.host;
    const acceptedNow: PendingOperation[] = [];
    const execution = this.execution(message, acceptedNow);
    const rest = this.dropInterrupted(commands);
    const answers: Draft[] = [];
    for (const given of rest) {
      const command = traits.truncatesObjects === true ? withoutMoreData(given) : given;
      const answered = { msgRef: message.header.msgId, cmdRef: command.cmdId, cmd: command.kind };
      const step = takeChunk(this.open, command, this.maxObjSize);
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
    if (this.open !== undefined && traits.never1222 !== true) this.queue = [...this.queue, alertOf(1222)];
    state.pending = [...state.pending, ...acceptedNow];
    state.fumoExecuted ||= acceptedNow.some(({ alertType }) => alertType.includes('firmwareupdate'));
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
    const { options, traits, tree, state } = this.host;
    const initiation = alertOf(this.start.initiatedBy === 'server' ? 1200 : 1201);
    const opening = [
      ...(traits.opening ?? []),
      ...(options.opening ?? []),
      ...(traits.tellsDevDetail === undefined ? [] : [devDetailAlert(tree, traits.tellsDevDetail)]),
    ];
    const alerts = [...opening, ...state.pending, ...state.alerts].map((alert) => this.draftOf(alert));
    return [initiation, ...alerts, devInfoDraft(tree)];
  }

  private draftOf(alert: PendingOperation | DeviceAlert): Draft {
    const draft = alertDraft(alert, this.host.traits);
    this.draftAlerts.set(draft, alert);
    return draft;
  }

  /** Which drafts the message carries: those that are refused are repeated, alerts that were taken forgotten. */
  private noteDrafts(message: Message, drafts: readonly Draft[]): void {
    this.carried.clear();
    for (const [at, command] of message.body.slice(this.head.length).entries()) {
      const draft = drafts[at];
      if (draft !== undefined) this.carried.set(command.cmdId, draft);
    }
  }

  /** MaxMsgSize that is announced, or what a server assumes. */
  private get announced(): number {
    return this.host.options.maxMsgSize ?? this.host.traits.maxMsgSize ?? DEFAULT_MAX_MSG;
  }

  private get maxObjSize(): number | undefined {
    return this.host.options.maxObjSize ?? this.host.traits.maxObjSize;
  }

  private header(): SyncHdr {
    const { options, traits } = this.host;
    const { cred, login } = this.presentation;
    const version = options.version ?? '1.2';
    const follow = options.targetFollowsRespUri ?? traits.targetFollowsRespUri ?? true;
    const isSilent = options.maxMsgSize === undefined && traits.maxMsgSize === null;
    const meta = {
      ...(isSilent ? {} : { maxMsgSize: String(this.announced) }),
      ...(this.maxObjSize === undefined ? {} : { maxObjSize: String(this.maxObjSize) }),
    };
    return {
      verDtd: version === '1.1' ? '1.1' : '1.2',
      verProto: `DM/${version}`,
      sessionId: this.start.sessionId,
      msgId: String(this.msgId),
      target: { locUri: follow ? (this.respUri ?? options.url) : options.url },
      source: { locUri: options.deviceId, ...(login === undefined ? {} : { locName: login.user }) },
      ...(cred === undefined ? {} : { cred }),
      ...(Object.keys(meta).length === 0 ? {} : { meta }),
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
    if (!Number.isInteger(size) || size <= 0) return;
    const { options, traits } = this.host;
    if (traits.serverLimit === 'ignored') return;
    const told = Math.max(size, SMALLEST_LIMIT);
    this.limit = traits.serverLimit === 'lowers' ? Math.min(told, options.maxMsgSize ?? DEFAULT_MAX_MSG) : told;
  }

  /** Notes violations; true when the session must not go on. */
  private objects(found: readonly ProtocolViolation[], goOn = false): boolean {
    this.host.record.violations.push(...found);
    return found.length > 0 && !goOn && this.host.options.onViolation !== 'note';
  }

  private die(at: string): void {
    this.host.record.died = `died at ${at}`;
    this.end('error', `died at ${at}`);
  }

  private end(ended: 'server' | 'client' | 'error', reason: string): void {
    this.host.record.ended = ended;
    this.host.record.log.push(reason);
  }
}
