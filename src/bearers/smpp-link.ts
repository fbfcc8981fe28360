/** One kept connection to a short message centre: bound, watched, and made anew after a loss. Source: SMPP 3.4. */
import { isIP } from 'node:net';

import { connect, type Fields, type Pdu, type Session } from 'smpp';

import { reasonOf, type BearerLog } from './bearer';

export interface SmppLinkSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  /** A transmitter hears of no receipts. */
  readonly mode: 'transceiver' | 'transmitter';
  /** How often is asked whether the other side is there. */
  readonly enquireLinkMs: number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** After a loss: the longest first wait, doubled with each that follows, at random between nothing and that. */
  readonly reconnectMs: number;
}

export interface SmppLinkDeps {
  readonly name: string;
  readonly settings: SmppLinkSettings;
  readonly log: BearerLog;
  readonly random: () => number;
  /** Of short messages that the centre delivers: receipts. */
  readonly delivered: (pdu: Pdu) => void;
}

/** An answer of the centre; undefined: the connection was lost, or nothing came in time. */
export type SmppAnswer = Pdu | undefined;

const LONGEST_WAIT_MS = 60_000;
const VERSION_3_4 = 0x34;

type State =
  | { readonly is: 'idle' }
  | { readonly is: 'binding'; readonly bound: Promise<string | undefined> }
  | { readonly is: 'bound'; readonly session: Session }
  /** After a loss, until the timer makes a new connection. */
  | { readonly is: 'waiting'; readonly reason: string };

export class SmppLink {
  #state: State = { is: 'idle' };
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Who waits for an answer hears of a loss. */
  readonly #lost = new Set<() => void>();

  constructor(private readonly deps: SmppLinkDeps) {}

  /** Resolves when there is a bound connection, or with the reason why there is none now. */
  async ready(): Promise<string | undefined> {
    if (this.#isClosed) return 'the gateway is being stopped';
    switch (this.#state.is) {
      case 'bound':
        return undefined;
      case 'waiting':
        return this.#state.reason;
      case 'binding':
        return this.#state.bound;
      case 'idle':
        return this.#connect();
    }
  }

  /** Sends a short message; only after `ready` gave nothing. */
  submit(fields: Fields): Promise<SmppAnswer> {
    const { deps } = this;
    const state = this.#state;
    if (state.is !== 'bound') return Promise.resolve(undefined);
    return this.#answered(deps.settings.timeoutMs, (answer) => state.session.submit_sm(fields, answer));
  }

  #connect(): Promise<string | undefined> {
    const { settings, name, log } = this.deps;
    const { host, port, tls } = settings;
    const session = connect({ host, port, ...(tls ? { tls, ...(isIP(host) === 0 ? { servername: host } : {}) } : {}) });
    const bound = new Promise<string | undefined>((resolve) => {
      const fail = (reason: string): void => {
        resolve(reason);
        this.#drop(session, reason);
      };
      const late = setTimeout(() => fail(`no bind within ${settings.timeoutMs} ms`), settings.timeoutMs);
      session.on('error', (error: unknown) => {
        clearTimeout(late);
        fail(reasonOf(error));
      });
      session.on('close', () => {
        clearTimeout(late);
        fail('the connection was closed');
      });
      session.on(tls ? 'secureConnect' : 'connect', () => {
        this.#bind(session, (pdu) => {
          clearTimeout(late);
          if (pdu.command_status !== 0) return fail(`the bind was refused with status ${hex(pdu.command_status)}`);
          if (this.#isClosed) return fail('the gateway is being stopped');
          this.#failures = 0;
          this.#state = { is: 'bound', session };
          this.#watch = setInterval(() => void this.#enquire(session), settings.enquireLinkMs);
          this.#watch.unref();
          log.debug({ bearer: name }, 'bound to the short message centre');
          resolve(undefined);
        });
      });
      session.on('pdu', (pdu: Pdu) => this.#heard(session, pdu));
    });
    this.#state = { is: 'binding', bound };
    return bound;
  }

  #bind(session: Session, answer: (pdu: Pdu) => void): void {
    const { systemId, password, systemType, mode } = this.deps.settings;
    const fields = { system_id: systemId, password, system_type: systemType, interface_version: VERSION_3_4 };
    if (mode === 'transceiver') session.bind_transceiver(fields, answer);
    else session.bind_transmitter(fields, answer);
  }

  #heard(session: Session, pdu: Pdu): void {
    switch (pdu.command) {
      case 'deliver_sm':
        session.send(pdu.response());
        this.deps.delivered(pdu);
        return;
      case 'enquire_link':
        session.send(pdu.response());
        return;
      case 'unbind':
        session.send(pdu.response());
        this.#drop(session, 'the short message centre ended the connection');
        return;
      default:
        if (!pdu.isResponse()) session.send(pdu.response());
    }
  }

  async #enquire(session: Session): Promise<void> {
    const { timeoutMs } = this.deps.settings;
    const answer = await this.#answered(timeoutMs, (told) => session.enquire_link(told));
    if (answer === undefined) this.#drop(session, `no answer to enquire_link within ${timeoutMs} ms`);
  }

  #answered(timeoutMs: number, send: (answer: (pdu: Pdu) => void) => boolean): Promise<SmppAnswer> {
    return new Promise((resolve) => {
      const end = (pdu: SmppAnswer): void => {
        clearTimeout(late);
        this.#lost.delete(lost);
        resolve(pdu);
      };
      const lost = (): void => end(undefined);
      const late = setTimeout(lost, timeoutMs);
      this.#lost.add(lost);
      if (!send(end)) lost();
    });
  }

  /** A connection that cannot be used any more; the next one is made after a while. */
  #drop(session: Session, reason: string): void {
    const state = this.#state;
    const isOurs = state.is === 'binding' || (state.is === 'bound' && state.session === session);
    session.removeAllListeners();
    // What a dying socket still says is nobody's business.
    session.on('error', () => undefined);
    session.destroy();
    if (!isOurs) return;
    clearInterval(this.#watch);
    for (const lost of [...this.#lost]) lost();
    if (this.#isClosed) {
      this.#state = { is: 'idle' };
      return;
    }
    const { settings, random, log, name } = this.deps;
    const waitMs = Math.round(random() * Math.min(LONGEST_WAIT_MS, settings.reconnectMs * 2 ** this.#failures));
    this.#failures = Math.min(this.#failures + 1, 20);
    this.#state = { is: 'waiting', reason };
    log.warn({ bearer: name, reason, againInMs: waitMs }, 'no connection to the short message centre');
    this.#retry = setTimeout(() => void this.#connect(), waitMs);
    this.#retry.unref();
  }

  /** Unbinds. What waits for an answer is told that there will be none. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const state = this.#state;
    if (state.is === 'binding') await state.bound;
    if (state.is !== 'bound') return;
    await this.#answered(Math.min(1000, this.deps.settings.timeoutMs), (told) => state.session.unbind(told));
    this.#drop(state.session, 'the gateway is being stopped');
  }
}

export function hex(status: number): string {
  return `0x${status.toString(16).toUpperCase().padStart(8, '0')}`;
}
