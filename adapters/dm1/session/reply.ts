import type { Context, CredentialKnowledge, Envelope } from '../../adapter';
import { ALERT } from '../alert-codes';
import { encodedSize, measure } from '../codec';
import { AUTH_BASIC, AUTH_MD5, basicCredential, digestOf, md5Credential } from '../credential';
import { openedOf } from '../http';
import type { AlertCommand, BodyCommand, Cred, Encoding, Message, Meta, Status, SyncHdr } from '../message';
import { type DueStatus, type Machine, octetsOf, type Turn } from './machine';

/**
 * A message in the making: SyncHdr and Status elements first, then commands up to MaxMsgSize. Sizes are counted as
 * encoded, so that what {@link Reply.fits} says holds to the octet. Source: dm1 sections 2.4 and 3.
 */
export class Reply {
  private readonly body: BodyCommand[] = [];
  private octets: number;
  private cmdId = 1;

  /** @param limit  octets of the largest message that the client takes */
  constructor(
    private readonly header: SyncHdr,
    private readonly namespace: string,
    private final: boolean,
    private readonly encoding: Encoding,
    readonly limit: number,
  ) {
    this.octets = measure(this.message(), encoding);
  }

  /** The package goes on in the next message. Gives back the octets of Final. */
  leaveFinalOut(): void {
    this.octets -= this.finalOctets;
    this.final = false;
  }

  /** Octets of Final, where it stands in the message. */
  get finalOctets(): number {
    if (!this.final) return 0;
    const empty = { namespace: this.namespace, header: this.header, body: [] };
    return measure({ ...empty, final: true }, this.encoding) - measure({ ...empty, final: false }, this.encoding);
  }

  /** Octets that are left. */
  get room(): number {
    return this.limit - this.octets;
  }

  /** Whether a command can still be added. CmdIDs are counted as they will be. */
  fits(command: BodyCommand): boolean {
    return this.sizeOf(command) <= this.room;
  }

  /** Octets of a command at this place in the message. */
  sizeOf(command: BodyCommand): number {
    return encodedSize(numbered(command, this.cmdId).command, this.encoding);
  }

  /** Adds a command and gives it back with its CmdID; members of an Atomic get theirs as well. */
  add(command: BodyCommand): BodyCommand {
    const { command: added, next } = numbered(command, this.cmdId);
    this.octets += encodedSize(added, this.encoding);
    this.cmdId = next;
    this.body.push(added);
    return added;
  }

  message(): Message {
    return { namespace: this.namespace, header: this.header, body: this.body, final: this.final };
  }
}

function numbered(command: BodyCommand, first: number): { readonly command: BodyCommand; readonly next: number } {
  if (command.kind !== 'Atomic' && command.kind !== 'Sequence') {
    return { command: { ...command, cmdId: String(first) }, next: first + 1 };
  }
  let next = first + 1;
  const commands = command.commands.map((member) => {
    const inner = numbered(member, next);
    next = inner.next;
    return inner.command;
  });
  return { command: { ...command, cmdId: String(first), commands }, next };
}

export interface Begun {
  readonly reply: Reply;
  /** Statuses that found no room. */
  readonly left: number;
}

/**
 * What a reply leaves out where room is scarce, each with all before it: nothing; our MaxMsgSize and MaxObjSize; the
 * references of the SyncHdr Status and of Alert 1222 and the client's name, which clients expect and the DTD does not ask for; the XML
 * declaration; our credential and name, without which some clients go on and the others refuse, as they would the rest.
 */
export const OMISSIONS = ['nothing', 'sizes', 'references', 'declaration', 'credential'] as const;
export type Omission = (typeof OMISSIONS)[number];

function leavesOut(omits: Omission, what: Omission): boolean {
  return OMISSIONS.indexOf(omits) >= OMISSIONS.indexOf(what);
}

/** The form of a reply: that of the message which it answers. */
export function replyEncoding(envelope: Envelope, omits: Omission): Encoding {
  const { encoding } = openedOf(envelope);
  return leavesOut(omits, 'declaration') ? { ...encoding, bare: true } : encoding;
}

/** The reply with its header and every Status that is due. Where they find no room the last are missing. */
export function beginReply(envelope: Envelope, turn: Turn, machine: Machine, context: Context, omits: Omission): Begun {
  const encoding = replyEncoding(envelope, omits);
  const alerts = turn.alerts.map((alert) => alertOf(alert.code, alert.uri, envelope, context, omits));
  const reserved = alerts.reduce((sum, alert) => sum + encodedSize(alert, encoding) + CMD_ID_OCTETS, 0);
  const header = headerOf(envelope, turn, machine, context, omits);
  const reply = new Reply(header, namespaceOf(envelope), turn.final, encoding, machine.maxMsgSize);
  reply.add(headerStatus(envelope, turn, omits));
  let left = 0;
  for (const due of turn.statuses) {
    const status = statusOf(due, envelope);
    if (reply.sizeOf(status) + reserved <= reply.room) reply.add(status);
    else left += 1;
  }
  for (const alert of alerts) reply.add(alert);
  return { reply, left };
}

/** What a CmdID of up to seven digits adds to an empty one, in either form. */
const CMD_ID_OCTETS = 16;

/** Octets that a command may have in a message that holds no more than it must. */
export function roomForOne(envelope: Envelope, turn: Turn, machine: Machine, context: Context): number {
  const lean: Turn = { ...turn, chal: undefined, statuses: [], alerts: [], final: true };
  const settled: Machine = { ...machine, credDue: false, announced: true };
  return beginReply(envelope, lean, settled, context, 'declaration').reply.room;
}

/** Whether our credential travels in the SyncHdr of this reply. */
export function sendsCred(turn: Turn, machine: Machine, context: Context, omits: Omission): boolean {
  const type = context.account?.serverAuth.type;
  return (
    !leavesOut(omits, 'credential') && turn.trusted && machine.credDue && (type === 'BASIC' || type === 'DIGEST_MD5')
  );
}

function headerOf(envelope: Envelope, turn: Turn, machine: Machine, context: Context, omits: Omission): SyncHdr {
  const { header } = openedOf(envelope).message;
  const serverAuth = turn.trusted ? context.account?.serverAuth : undefined;
  const isNamed = serverAuth !== undefined && serverAuth.type !== 'NONE' && !leavesOut(omits, 'credential');
  const withCred = sendsCred(turn, machine, context, omits) && serverAuth !== undefined;
  const showsSizes = turn.trusted && !machine.announced && !leavesOut(omits, 'sizes');
  return {
    verDtd: KNOWN_DTDS.has(header.verDtd) ? header.verDtd : '1.2',
    verProto: KNOWN_PROTOCOLS.has(header.verProto) ? header.verProto : 'DM/1.2',
    sessionId: header.sessionId,
    msgId: header.msgId,
    target: {
      locUri: header.source.locUri,
      ...(withCred && machine.clientUser && !leavesOut(omits, 'references') ? { locName: machine.clientUser } : {}),
    },
    source: {
      locUri: serverUri(context),
      ...(isNamed ? { locName: serverAuth.username || context.account?.serverId } : {}),
    },
    respUri: `${serverUri(context)}/${turn.token}`,
    ...(withCred ? { cred: credOf(serverAuth, machine) } : {}),
    ...(showsSizes ? { meta: sizesOf(context) } : {}),
  };
}

/** Versions that are mirrored; others are refused with 505 and 513. Source: dm1 section 1. */
export const KNOWN_DTDS: ReadonlySet<string> = new Set(['1.1', '1.2', '1.3']);
export const KNOWN_PROTOCOLS: ReadonlySet<string> = new Set(['DM/1.1', 'DM/1.2', 'DM/1.3']);

function namespaceOf(envelope: Envelope): string {
  const { message } = openedOf(envelope);
  const named = message.namespace?.toUpperCase();
  if (named === 'SYNCML:SYNCML1.1' || named === 'SYNCML:SYNCML1.2') return named;
  return message.header.verDtd === '1.1' ? 'SYNCML:SYNCML1.1' : 'SYNCML:SYNCML1.2';
}

function serverUri(context: Context): string {
  return `${context.baseUrl}/dm/1`;
}

function sizesOf(context: Context): Meta {
  return { maxMsgSize: String(context.limits.maxMsgSize), maxObjSize: String(context.limits.maxObjSize) };
}

function credOf(known: CredentialKnowledge, machine: Machine): Cred {
  const nonce = machine.serverNonce === undefined ? known.nonce : octetsOf(machine.serverNonce);
  const isBasic = known.type === 'BASIC';
  const text = isBasic
    ? basicCredential(known.username, known.secret)
    : md5Credential(digestOf(known.username, known.secret), nonce);
  return { meta: { format: 'b64', type: isBasic ? AUTH_BASIC : AUTH_MD5 }, data: { kind: 'text', text } };
}

function headerStatus(envelope: Envelope, turn: Turn, omits: Omission): Status {
  const { header } = openedOf(envelope).message;
  const { chal } = turn;
  return {
    kind: 'Status',
    cmdId: '',
    msgRef: header.msgId,
    cmdRef: '0',
    cmd: 'SyncHdr',
    targetRefs: leavesOut(omits, 'references') ? [] : [header.target.locUri],
    sourceRefs: leavesOut(omits, 'references') ? [] : [header.source.locUri],
    ...(chal === undefined ? {} : { chal: chalOf(chal) }),
    data: String(turn.headerCode),
    items: [],
  };
}

function chalOf(chal: NonNullable<Turn['chal']>): Meta {
  const meta = { format: 'b64', type: chal.type };
  return chal.nonce === undefined ? meta : { ...meta, nextNonce: { kind: 'text', text: chal.nonce } };
}

function statusOf(due: DueStatus, envelope: Envelope): Status {
  return {
    kind: 'Status',
    cmdId: '',
    msgRef: openedOf(envelope).message.header.msgId,
    cmdRef: due.cmdRef,
    cmd: due.cmd,
    targetRefs: [],
    sourceRefs: due.sources ?? [],
    data: String(due.code),
    items: [],
  };
}

/** 1222 names the two parties, 1225 the object that was not finished, 1223 nothing. */
function alertOf(
  code: number,
  uri: string | undefined,
  envelope: Envelope,
  context: Context,
  omits: Omission,
): AlertCommand {
  const parties = { target: { locUri: envelope.device }, source: { locUri: serverUri(context) } };
  const items =
    code === ALERT.NEXT_MESSAGE && !leavesOut(omits, 'references')
      ? [parties]
      : code === ALERT.NO_END_OF_DATA && uri !== undefined
        ? [{ source: { locUri: uri } }]
        : [];
  return { kind: 'Alert', cmdId: '', data: String(code), items };
}
