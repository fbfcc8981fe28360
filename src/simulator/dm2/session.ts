/** One DM 2.0 session as a client runs it: Package#1, then what each Package#2 asks for. Source: dm2 1, 2, 4, 11. */
import { encodePackage1, encodePackage3 } from '../../../adapters/dm2/package-codec';
import {
  MEDIA_TYPES,
  type AlertItem,
  type DataPart,
  type StatusEntry,
  type SupportedMo,
} from '../../../adapters/dm2/package';
import { complete, type PendingOperation } from '../behaviour';
import type { SessionTrigger } from '../device';
import type { SessionRecord } from '../report';
import type { WireRequest, WireResponse } from '../transport';
import { readPackage2, type CheckedCommand } from './check-package';
import { executeCommand, type CommandHost } from './commands';
import { clientUriOf } from './forest';
import { violation } from './rules';

/** What sessions change in the device, besides its tree, defaults and subscriptions. */
export interface Dm2State {
  /** Accepted executions whose end was not reported. */
  pending: readonly PendingOperation[];
  /** Alerts of the device's own that no server took yet. */
  alerts: readonly AlertItem[];
}

export interface Dm2Host extends Omit<CommandHost, 'transcript' | 'serverAccepts'> {
  readonly record: SessionRecord;
  readonly state: Dm2State;
}

const INITIATED = {
  client: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt',
  server: 'urn:oma:at:dm:2.0:ServerInitiatedMgmt',
  bootstrap: 'urn:oma:at:dm:2.0:BootstrapComplete',
} as const;

export class Dm2Session {
  private url: string;
  private next: { readonly contentType: string; readonly body: Uint8Array };
  private readonly conts = new Set<string>();
  /** Alerts of the package that is on its way. */
  private inFlight: readonly (PendingOperation | AlertItem)[] = [];

  constructor(
    private readonly host: Dm2Host,
    trigger: SessionTrigger,
  ) {
    // The end of an EXEC with a ServerURI goes there, in a session of its own (5).
    const elsewhere = host.state.pending.find(({ reportTo }) => reportTo !== undefined)?.reportTo;
    this.url = elsewhere ?? host.options.url;
    const due = host.state.pending.filter(({ reportTo }) => reportTo === elsewhere);
    for (const operation of due) complete(host.tree, operation);
    const own = elsewhere === undefined ? host.state.alerts : [];
    this.inFlight = [...due, ...own];
    const alerts = [
      ...(elsewhere === undefined ? [initiation(trigger)] : []),
      ...due.map((one) => this.completionAlert(one)),
      ...own,
    ];
    const wanted = host.options.mos ?? 'always';
    const isTold = wanted === 'always' || (wanted === 'asked' && trigger.requestsMos === true);
    const mos = isTold ? { mos: this.supported() } : {};
    this.next = { contentType: MEDIA_TYPES.initiation, body: encodePackage1({ ...mos, alerts }) };
  }

  get over(): boolean {
    return this.host.record.ended !== undefined;
  }

  /** Sends the next package and executes what comes back. */
  async step(): Promise<void> {
    const { record, options, exchange } = this.host;
    const request: WireRequest = {
      method: 'POST',
      url: this.url,
      body: this.next.body,
      headers: { 'content-type': this.next.contentType, accept: MEDIA_TYPES.request, 'omadm-devid': options.deviceId },
    };
    record.messages.push({
      direction: 'out',
      url: this.url,
      method: 'POST',
      contentType: this.next.contentType,
      body: this.next.body,
    });
    let response: WireResponse;
    try {
      response = await exchange.send(request);
    } catch (error) {
      return this.end('error', error instanceof Error ? error.message : String(error));
    }
    const type = response.headers['content-type'] ?? '';
    record.messages.push({
      direction: 'in',
      url: this.url,
      method: 'POST',
      status: response.status,
      contentType: type,
      body: response.body,
    });
    if (response.status === 401 || response.status === 403)
      return this.end('server', `refused with HTTP ${response.status}`);
    await this.take(response);
  }

  private async take(response: WireResponse): Promise<void> {
    const { record, options } = this.host;
    const reading = readPackage2(response);
    record.violations.push(...reading.violations);
    if (reading.fatal) return this.end('error', 'the answer is not acceptable');
    record.authenticated = true;
    this.host.state.pending = this.host.state.pending.filter((one) => !this.inFlight.includes(one));
    this.host.state.alerts = this.host.state.alerts.filter((one) => !this.inFlight.includes(one));
    this.inFlight = [];
    const ends = reading.commands.some(({ command }) => command[0] === 'END');
    if (!ends) this.checkCont(reading.commands);
    // A malformed command is answered by its status; without an answer to come the session is not.
    if (options.onViolation !== 'note' && reading.violations.some(({ rule }) => rule === 'HTTP_CONTENT_TYPE'))
      return this.end('error', 'the server broke a rule');
    if (reading.commands.length === 0) record.log.push('an empty Package#2');
    await this.run(reading.commands, response.headers['omadm-accept']);
    if (ends) this.end('server', 'END');
  }

  private async run(commands: readonly CheckedCommand[], serverAccepts: string | undefined): Promise<void> {
    const { record, options } = this.host;
    const host: CommandHost = {
      ...this.host,
      transcript: record.messages,
      ...(serverAccepts === undefined ? {} : { serverAccepts }),
    };
    const statuses: StatusEntry[] = [];
    const parts: DataPart[] = [];
    const accepted: PendingOperation[] = [];
    // Without a CONT Package#3 goes where the package before went.
    let { url } = this;
    for (const { command, sc } of commands) {
      if (command[0] === 'END' && sc === undefined) continue;
      const done = sc === undefined ? await executeCommand(host, command) : { status: { sc } };
      if (done.cont !== undefined) url = done.cont;
      if (done.data !== undefined) parts.push({ index: statuses.length, ...done.data });
      if (done.accepted !== undefined) accepted.push(done.accepted);
      if (done.violation !== undefined) record.violations.push(done.violation);
      statuses.push(done.status);
      record.statusesSeen.push({
        by: 'device',
        command: command[0],
        code: String(done.status.sc),
        ...(command.length > 1 ? { target: command.at(-1) ?? '' } : {}),
      });
    }
    this.host.state.pending = [...this.host.state.pending, ...accepted];
    const now = options.alertInSession === true ? accepted.filter(({ reportTo }) => reportTo === undefined) : [];
    for (const operation of now) complete(this.host.tree, operation);
    this.inFlight = now;
    this.url = url;
    this.next = encodePackage3({ statuses, alerts: now.map((one) => this.completionAlert(one)), parts });
  }

  private checkCont(commands: readonly CheckedCommand[]): void {
    const { record, options } = this.host;
    const address = commands.find(({ command }) => command[0] === 'CONT')?.command[1];
    if (options.wantsCont === true && options.features?.cont !== false) {
      if (commands[0]?.command[0] !== 'CONT')
        record.violations.push(violation('CONT_MISSING', commands[0]?.command[0] ?? 'no command'));
      if (address !== undefined && this.conts.has(address)) record.violations.push(violation('CONT_REUSED', address));
    }
    if (address !== undefined && options.features?.cont !== false) this.conts.add(address);
  }

  /** Every type that the account may manage with its instances, also those that have none now. */
  private supported(): readonly SupportedMo[] {
    const instances = this.host.tree.instances();
    const { perm } = this.host.options;
    const types = [...this.host.tree.types().keys()];
    const shown = perm === undefined || perm.includes('*') ? types : types.filter((moid) => perm.includes(moid));
    return shown.map((moid) => ({
      moid,
      miids: instances.filter((one) => one.moid === moid).map(({ miid }) => miid),
    }));
  }

  private completionAlert(operation: PendingOperation): AlertItem {
    const { tree } = this.host;
    const source = clientUriOf(tree, operation.source);
    const target = operation.target === undefined ? undefined : clientUriOf(tree, operation.target);
    const good = operation.resultCode < 300 || (operation.resultCode >= 1200 && operation.resultCode < 1300);
    return {
      type: operation.alertType,
      ...(source === undefined ? {} : { sourceUri: source }),
      ...(target === undefined ? {} : { targetUri: target }),
      mark: good ? 'informational' : 'warning',
      dataType: 'application/json',
      data: {
        ResultCode: operation.resultCode,
        ...(operation.identifier === undefined ? {} : { Identifier: operation.identifier }),
      },
    };
  }

  private end(ended: 'server' | 'client' | 'error', reason: string): void {
    this.host.record.ended = ended;
    this.host.record.log.push(reason);
  }
}

function initiation({ initiatedBy, notificationId }: SessionTrigger): AlertItem {
  if (initiatedBy !== 'server') return { type: INITIATED[initiatedBy ?? 'client'] };
  return {
    type: INITIATED.server,
    ...(notificationId === undefined
      ? {}
      : { dataType: 'application/json', data: { 'NOTIFICATION-ID': notificationId } }),
  };
}
