import { createHash } from 'node:crypto';

import type { Bytes, DmProtocol, Envelope, Inbound, Wire } from '../adapter';
import { opensSession, readAlertCode } from './alert-codes';
import { type CodecLimits, decodeMessage } from './codec';
import { DM_CODEC_ERRORS } from './codec/errors';
import { AUTH_BASIC, readBasic } from './credential';
import type { Encoding, Message } from './message';

/**
 * DM 1.x over HTTP: one message a POST, one message an answer, HTTP errors only for what is no message.
 * Source: OMA-TS-SyncML_HTTPBinding; dm1 section 12.
 */

/** What the session knows of a message, in {@link Envelope}'s `message`. */
export interface Opened {
  readonly message: Message;
  readonly encoding: Encoding;
  /** Content type of the answer: that of the request. */
  readonly mediaType: string;
}

/** Types that are read. The plain SyncML ones come from clients that confuse DM with data synchronisation. */
const MEDIA_TYPES: Readonly<Record<string, Encoding['form']>> = {
  'application/vnd.syncml.dm+xml': 'xml',
  'application/vnd.syncml.dm+wbxml': 'wbxml',
  'application/vnd.syncml+xml': 'xml',
  'application/vnd.syncml+wbxml': 'wbxml',
};

/** Codings that are none: one client names its charset there. */
const NO_CODING: ReadonlySet<string> = new Set(['', 'identity', 'utf-8', 'utf8']);

/** A DevId is a URN of some dozens of characters; every answer repeats it. */
const MAX_DEVICE_ID = 512;
/** SessionIDs have four characters by the specification, ten digits in the field. */
const MAX_ID = 32;

export type OpenedInbound = { readonly envelope: Envelope } | { readonly refusal: Wire; readonly reason: string };

/**
 * Reads an HTTP request as a message.
 *
 * Errors, as HTTP answers: 405 for another method than POST, 415 for a type or coding that is not read, 413 beyond
 * `limits.maxOctets`, 400 for a body that is no message or does not name its device.
 */
export function openInbound(inbound: Inbound, limits: CodecLimits): OpenedInbound {
  if (inbound.method.toUpperCase() !== 'POST') {
    return refuse(405, `the method is ${inbound.method}`, { allow: 'POST' });
  }
  const contentType = inbound.headers['content-type'] ?? '';
  const mediaType = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (MEDIA_TYPES[mediaType] === undefined) return refuse(415, `the content type is ${mediaType || 'missing'}`);
  const coding = (inbound.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (!NO_CODING.has(coding)) return refuse(415, `the content coding is ${coding}`);
  if (inbound.body.length > limits.maxOctets) {
    return refuse(413, `the message has ${inbound.body.length} octets, ${limits.maxOctets} are read`);
  }
  const decoded = decodeMessage(inbound.body, contentType, limits);
  if (!decoded.ok) return refuse(DM_CODEC_ERRORS[decoded.code].http, `${decoded.code}: ${decoded.message}`);
  const { message, encoding } = decoded.value;
  const { header } = message;
  if (header.source.locUri === '' || header.sessionId === '' || header.msgId === '') {
    return refuse(400, 'the SyncHdr lacks Source, SessionID or MsgID');
  }
  if (header.source.locUri.length > MAX_DEVICE_ID || header.sessionId.length > MAX_ID || header.msgId.length > MAX_ID) {
    return refuse(400, 'Source, SessionID or MsgID of the SyncHdr is too long to be echoed');
  }
  return { envelope: envelopeOf(inbound, { message, encoding, mediaType }) };
}

function envelopeOf(inbound: Inbound, opened: Opened): Envelope {
  const { header, body, final } = opened.message;
  const user = header.source.locName ?? basicUser(opened.message);
  return {
    device: header.source.locUri,
    ...(user === undefined ? {} : { user }),
    ...(inbound.token === undefined ? {} : { token: inbound.token }),
    key: header.sessionId,
    messageNo: readMessageNo(header.msgId),
    opens:
      readMessageNo(header.msgId) === 1 ||
      body.some((command) => command.kind === 'Alert' && opensSession(readAlertCode(command.data))),
    final,
    mayEndObject: body.some(
      (command) =>
        (command.kind === 'Results' || command.kind === 'Alert') && command.items.some((item) => !item.moreData),
    ),
    sha256: createHash('sha256').update(inbound.body).digest('hex'),
    protocol: protocolOf(header.verProto),
    message: opened,
    inbound,
  };
}

/** The adapter's own part of an envelope that {@link openInbound} made. */
export function openedOf(envelope: Envelope): Opened {
  return envelope.message as Opened;
}

/** MsgID as a number; what is none counts as 0, which follows no message. */
export function readMessageNo(msgId: string): number {
  return /^\d{1,9}$/.test(msgId) ? Number(msgId) : 0;
}

/** A SyncML answer. Always 200 and with a length: refusals stand in Status. */
export function syncmlWire(body: Bytes, mediaType: string): Wire {
  return {
    status: 200,
    headers: {
      'content-type': mediaType,
      'content-length': String(body.length),
      'cache-control': 'private, no-store',
    },
    body,
  };
}

/** For overload: the client tries again later. Source: dm1 section 12, "retry". */
export function busyWire(): Wire {
  return plainWire(503, 'busy, try again later', { 'retry-after': '30' });
}

function protocolOf(verProto: string): DmProtocol {
  if (verProto === 'DM/1.1') return 'DM_1_1_2';
  return verProto === 'DM/1.3' ? 'DM_1_3' : 'DM_1_2';
}

/** User name in a Basic credential, where the SyncHdr names none: by it a shared account is found. */
function basicUser(message: Message): string | undefined {
  const { cred } = message.header;
  return cred?.meta?.type === AUTH_BASIC ? readBasic(cred.data)?.user : undefined;
}

function refuse(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): OpenedInbound {
  return { refusal: plainWire(status, reason, headers), reason };
}

function plainWire(status: number, text: string, headers: Readonly<Record<string, string>>): Wire {
  const body = Buffer.from(`${text}\n`, 'utf8');
  return {
    status,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length) },
    body,
  };
}
