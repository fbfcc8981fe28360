/** Wake-up by short messages through SMPP 3.4: binary, with the ports of WAP push in their user data header. */
import type { Pdu } from 'smpp';

import {
  failed,
  refused,
  type Bearer,
  type BearerLog,
  type BearerOutcome,
  type DeliveryReport,
  type Push,
  type Recipient,
} from './bearer';
import { hex, SmppLink, type SmppLinkSettings } from './smpp-link';

export interface SmppSettings extends SmppLinkSettings {
  /** What the messages come from; empty: the centre decides. */
  readonly source: string;
  readonly sourceTon: number;
  readonly sourceNpi: number;
  /** Of 8-bit data. */
  readonly dataCoding: number;
  /** Messages without an answer at a time. */
  readonly window: number;
  /** Whether receipts are asked for. */
  readonly receipts: boolean;
}

export interface SmppDeps {
  readonly log: BearerLog;
  readonly random?: () => number;
  readonly reported?: (report: DeliveryReport) => void;
}

/** esm_class: the user data begins with a header. */
const UDHI = 0x40;
/** esm_class of what is delivered: bits that tell a receipt. */
const KIND_BITS = 0x3c;
const RECEIPT = 0x04;
const TON_INTERNATIONAL = 1;
const NPI_ISDN = 1;
/** Queue full, system error, throttled, temporary error of the receiver. */
const LATER: ReadonlySet<number> = new Set([0x14, 0x08, 0x58, 0x64]);
const DELIVERED_STATE = 2;
/** ENROUTE, ACCEPTED, SCHEDULED: not yet the end. */
const NO_END: ReadonlySet<string> = new Set(['ENROUTE', 'ACCEPTD', 'SCHEDULED', '0', '1', '6']);

export class SmppBearer implements Bearer {
  readonly kind = 'smpp';
  readonly #link: SmppLink;
  readonly #waiting: (() => void)[] = [];
  #underway = 0;

  constructor(
    readonly name: string,
    private readonly settings: SmppSettings,
    deps: SmppDeps,
  ) {
    const { log, random = Math.random, reported } = deps;
    this.#link = new SmppLink({
      name,
      settings,
      log,
      random,
      delivered: (pdu) => {
        const report = readReceipt(pdu);
        if (report !== undefined) reported?.({ bearer: name, ...report });
      },
    });
  }

  async send(push: Push, { msisdn }: Recipient, signal: AbortSignal): Promise<BearerOutcome> {
    if (msisdn === undefined) return refused('the device has no msisdn');
    const trouble = await this.#link.ready();
    if (trouble !== undefined) return failed(trouble);
    let messageId: string | undefined;
    // One part after the other: one that is refused spares the rest.
    for (const part of push.sms) {
      if (signal.aborted) return failed('the gateway is being stopped');
      const answer = await this.#inWindow(() => this.#link.submit(this.#fields(msisdn, part)));
      if (answer === undefined) return failed('no answer of the short message centre');
      const { command_status: status } = answer;
      if (status !== 0) return LATER.has(status) ? failed(`SMPP ${hex(status)}`) : refused(`SMPP ${hex(status)}`);
      messageId = textOf(answer['message_id']) ?? messageId;
    }
    return { outcome: 'ACCEPTED', ...(messageId === undefined ? {} : { messageId }) };
  }

  #fields(msisdn: string, part: Uint8Array): Readonly<Record<string, unknown>> {
    const { source, sourceTon, sourceNpi, dataCoding, receipts } = this.settings;
    return {
      ...(source === '' ? {} : { source_addr: source, source_addr_ton: sourceTon, source_addr_npi: sourceNpi }),
      destination_addr: msisdn.replace('+', ''),
      dest_addr_ton: TON_INTERNATIONAL,
      dest_addr_npi: NPI_ISDN,
      esm_class: UDHI,
      data_coding: dataCoding,
      registered_delivery: receipts ? 1 : 0,
      short_message: Buffer.from(part),
    };
  }

  async #inWindow<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underway >= this.settings.window) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underway += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line, or becomes free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underway -= 1;
      else next();
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

/** A receipt that tells an end: by its options, or by the text that centres write (SMPP 3.4, appendix B). */
export function readReceipt(pdu: Pdu): Omit<DeliveryReport, 'bearer'> | undefined {
  if ((Number(pdu['esm_class']) & KIND_BITS) !== RECEIPT) return undefined;
  const text = messageText(pdu['short_message']);
  const messageId = textOf(pdu['receipted_message_id']) ?? /\bid:(\S{1,65})/.exec(text)?.[1];
  const told = pdu['message_state'];
  const state = typeof told === 'number' ? String(told) : /\bstat:(\w{1,16})/.exec(text)?.[1];
  if (messageId === undefined || state === undefined || NO_END.has(state)) return undefined;
  return { messageId, isDelivered: state === 'DELIVRD' || told === DELIVERED_STATE, state };
}

function messageText(value: unknown): string {
  const message = (value as { message?: unknown } | null | undefined)?.message ?? value;
  return Buffer.isBuffer(message) ? message.toString('latin1') : typeof message === 'string' ? message : '';
}

/** Identifiers come as text, or as octets with a NUL behind them. */
function textOf(value: unknown): string | undefined {
  const text = Buffer.isBuffer(value) ? value.toString('latin1').replace(/\0+$/, '') : value;
  return typeof text === 'string' && text !== '' ? text.slice(0, 65) : undefined;
}
