/**
 * Whether a server message keeps the rules of its header, its Status elements and its place in the flow.
 * Source: dm1 2, 3, 10, 11.
 */
import { nonceOctets } from '../../../adapters/dm1/credential';
import type { BodyCommand, Message, Meta, Status } from '../../../adapters/dm1/message';
import type { ProtocolViolation } from '../report';
import type { Shown } from './presentation';
import { violation, type Dm1Rule } from './rules';

/** What the device knows when a message comes in. */
export interface Expectation {
  /** The message that is answered. */
  readonly sent: Message;
  readonly namespace: string;
  readonly deviceId: string;
  /** MsgID of the server's message before; 0: none. */
  readonly serverMsgId: number;
  readonly respUri?: string;
  /** The sent message was signed with a credential. */
  readonly carriedCred: Shown;
  /** The server has taken the device's credential, or wants none, in this session. */
  readonly authenticated: boolean;
  /** The server is in the middle of a chunked object, and the sent message asked for more of it. */
  readonly askedForChunk: boolean;
  /** Octets of the largest message that the device takes. */
  readonly maxMsgSize: number;
}

export interface MessageReading {
  readonly violations: readonly ProtocolViolation[];
  /** Status of our SyncHdr. */
  readonly hdrStatus?: Status;
  /** Codes of our commands by CmdID, the first Status of each. */
  readonly codes: ReadonlyMap<string, string>;
  readonly statuses: readonly Status[];
  readonly commands: readonly Exclude<BodyCommand, Status>[];
  /** Our SyncHdr was answered with 401 or 407. */
  readonly refused: boolean;
}

export function isRefusal(code: string | undefined): boolean {
  return code === '401' || code === '407';
}

/** Alert 1223. */
export function isAbort(command: BodyCommand): boolean {
  return command.kind === 'Alert' && command.data?.trim() === '1223';
}

export function readServerMessage(message: Message, expected: Expectation): MessageReading {
  const found: ProtocolViolation[] = [];
  const note = (rule: Dm1Rule, detail: string): void => void found.push(violation(rule, detail));
  checkHeader(message, expected, note);
  checkCmdIds(message.body, note);
  const statuses = message.body.filter((command): command is Status => command.kind === 'Status');
  const commands = message.body.filter((command): command is Exclude<BodyCommand, Status> => command.kind !== 'Status');
  const lastStatus = message.body.findLastIndex((command) => command.kind === 'Status');
  if (lastStatus >= statuses.length) note('STATUS_ORDER', 'a Status stands after a command');
  const hdrStatus = statuses.find(
    (status) => status.cmdRef === '0' || (status.cmdRef === undefined && status.cmd === 'SyncHdr'),
  );
  const codes = checkStatuses(statuses, expected, note);
  const refused = isRefusal(hdrStatus?.data.trim());
  // A refused message need not be answered command by command when it is refused for good.
  const lone = refused && statuses.length === 1 && hdrStatus?.chal === undefined;
  if (!lone) checkDue(codes, expected.sent, commands.some(isAbort), note);
  if (refused) checkRefusal(message, hdrStatus, codes, expected, lone, note);
  else checkFlow(message, commands, expected, note);
  for (const status of statuses) if (status.chal !== undefined) checkChallenge(status.chal, note);
  checkAcceptance(hdrStatus, expected, note);
  return { violations: found, ...(hdrStatus === undefined ? {} : { hdrStatus }), codes, statuses, commands, refused };
}

/** How the credential of the sent message was taken. */
function checkAcceptance(hdrStatus: Status | undefined, expected: Expectation, note: Note): void {
  const accepted = hdrStatus?.data.trim() === '212' || hdrStatus?.data.trim() === '200';
  const perMessage = expected.carriedCred === 'hmac';
  const nonceDue = perMessage || (expected.carriedCred === 'md5' && !expected.authenticated);
  if (accepted && perMessage !== (hdrStatus?.data.trim() === '200'))
    note('AUTHENTICATED_CODE', `${hdrStatus?.data ?? ''} for a message ${perMessage ? 'under HMAC' : 'without HMAC'}`);
  if (accepted && nonceDue && hdrStatus?.chal?.nextNonce === undefined) {
    note('NEXT_NONCE_MISSING', `the SyncHdr was answered with ${hdrStatus?.data ?? ''} and no Chal`);
  }
}

type Note = (rule: Dm1Rule, detail: string) => void;

function checkHeader(message: Message, expected: Expectation, note: Note): void {
  const { header } = message;
  const { header: own } = expected.sent;
  if (message.namespace !== expected.namespace)
    note('NAMESPACE', `${message.namespace ?? 'none'} in answer to ${expected.namespace}`);
  if (header.verDtd !== own.verDtd || header.verProto !== own.verProto) {
    note('VERSION', `${header.verDtd} ${header.verProto} in answer to ${own.verDtd} ${own.verProto}`);
  }
  if (header.sessionId !== own.sessionId) note('SESSION_ID', `${header.sessionId} in session ${own.sessionId}`);
  if (header.msgId !== String(expected.serverMsgId + 1))
    note('MSG_ID', `${header.msgId} where ${expected.serverMsgId + 1} is next`);
  if (header.target.locUri !== expected.deviceId) note('HEADER_TARGET', header.target.locUri);
  if (header.source.locUri.trim() === '') note('HEADER_SOURCE', 'empty');
  const { respUri } = header;
  if (respUri === undefined || !/^https?:\/\/[^\s/&]+[^\s&]*$/.test(respUri)) note('RESP_URI', respUri ?? 'none');
  else if (expected.respUri !== undefined && respUri !== expected.respUri)
    note('RESP_URI', `${respUri} after ${expected.respUri}`);
}

function checkCmdIds(body: readonly BodyCommand[], note: Note): void {
  const seen = new Set<string>();
  const walk = (commands: readonly BodyCommand[]): void => {
    for (const command of commands) {
      const { cmdId } = command;
      if (cmdId === '0' || cmdId === '' || seen.has(cmdId))
        note('CMD_ID', `${command.kind} with CmdID ${cmdId === '' ? 'missing' : cmdId}`);
      seen.add(cmdId);
      if (command.kind === 'Status' && command.cred !== undefined) note('CRED_IN_COMMAND', 'Cred in Status');
      if (command.kind === 'Atomic' || command.kind === 'Sequence') walk(command.commands);
    }
  };
  walk(body);
}

function nameOf(command: BodyCommand | undefined): string | undefined {
  return command?.kind === 'Foreign' ? command.name : command?.kind;
}

/** Positions of what a message holds: 0 is its SyncHdr. */
function checkStatuses(statuses: readonly Status[], expected: Expectation, note: Note): Map<string, string> {
  const { sent } = expected;
  const codes = new Map<string, string>();
  const positions = new Map(sent.body.map((command, at) => [command.cmdId, at + 1]));
  let last = -1;
  for (const status of statuses) {
    const ref = status.cmdRef ?? '';
    if (!/^\d{1,4}$/.test(status.data.trim())) note('STATUS_CODE', status.data);
    if (status.msgRef !== sent.header.msgId) {
      note('STATUS_MSG_REF', `${status.msgRef ?? 'none'} in answer to message ${sent.header.msgId}`);
      continue;
    }
    const command = sent.body.find(({ cmdId }) => cmdId === ref);
    const position = ref === '0' ? 0 : positions.get(ref);
    if (position === undefined) {
      note('STATUS_CMD_REF', `${ref === '' ? 'none' : ref}, which message ${sent.header.msgId} does not hold`);
      continue;
    }
    const name = ref === '0' ? 'SyncHdr' : nameOf(command);
    if (status.cmd !== name) note('STATUS_CMD', `${status.cmd} for CmdRef ${ref}, which is ${name ?? ''}`);
    if (command?.kind === 'Status' || (command?.kind === 'Results' && status.data.trim() === '200')) {
      note('STATUS_NOT_DUE', `${status.data} for ${command.kind} ${ref}`);
    }
    checkRefs(status, expected, command, note);
    if (position < last)
      note('STATUS_ORDER', `the Status of ${name ?? ''} ${ref} stands after that of a later command`);
    if (codes.has(ref) && (status.targetRefs.length + status.sourceRefs.length === 0 || ref === '0'))
      note('STATUS_TWICE', `${name ?? ''} ${ref}`);
    last = Math.max(last, position);
    if (!codes.has(ref)) codes.set(ref, status.data.trim());
  }
  return codes;
}

/** Where a message can hold little, references may be missing: the DTD does not ask for them. */
const CRAMPED_OCTETS = 1024;

function checkRefs(status: Status, expected: Expectation, command: BodyCommand | undefined, note: Note): void {
  const { header } = expected.sent;
  if (command === undefined) {
    if (expected.maxMsgSize <= CRAMPED_OCTETS && status.targetRefs.length + status.sourceRefs.length === 0) return;
    if (status.targetRefs[0] !== header.target.locUri || status.sourceRefs[0] !== header.source.locUri) {
      note('STATUS_REFS', `SyncHdr: ${status.targetRefs[0] ?? 'none'} and ${status.sourceRefs[0] ?? 'none'}`);
    }
    return;
  }
  const items = 'items' in command ? command.items : [];
  const known = new Set(items.flatMap((item) => [item.target?.locUri, item.source?.locUri]));
  for (const ref of [...status.targetRefs, ...status.sourceRefs]) {
    if (!known.has(ref)) note('STATUS_REFS', `${status.cmd} ${command.cmdId} has no Item ${ref}`);
  }
}

/** A server that breaks the session off may leave out all but the Status of SyncHdr (dm1 2.7). */
function checkDue(codes: ReadonlyMap<string, string>, sent: Message, aborted: boolean, note: Note): void {
  if (!codes.has('0')) note('STATUS_SYNCHDR_MISSING', `message ${sent.header.msgId}`);
  if (aborted) return;
  for (const command of sent.body) {
    if (codes.has(command.cmdId)) continue;
    if (command.kind === 'Alert') note('STATUS_ALERT_MISSING', `Alert ${command.data ?? ''}, CmdID ${command.cmdId}`);
    if (command.kind === 'Replace') note('STATUS_REPLACE_MISSING', `CmdID ${command.cmdId}`);
  }
}

function checkRefusal(
  message: Message,
  hdr: Status | undefined,
  codes: ReadonlyMap<string, string>,
  expected: Expectation,
  lone: boolean,
  note: Note,
): void {
  const other = message.body.find((command) => command.kind !== 'Status');
  if (other !== undefined) note('REFUSAL_COMMANDS', other.kind);
  if (!message.final) note('FINAL_MISSING', 'a refusal ends its package');
  const wanted = expected.carriedCred === false ? '407' : '401';
  // The lone 401 is for good, whatever the message carried.
  if (!lone && hdr?.data.trim() !== wanted)
    note(
      'REFUSAL_CODE',
      `${hdr?.data ?? ''} for a message ${expected.carriedCred === false ? 'without' : 'with'} credential`,
    );
  for (const command of expected.sent.body) {
    const code = codes.get(command.cmdId);
    if (code !== undefined && !isRefusal(code))
      note('REFUSAL_INCOMPLETE', `${command.kind} ${command.cmdId} has ${code}`);
  }
}

function checkFlow(
  message: Message,
  commands: readonly Exclude<BodyCommand, Status>[],
  expected: Expectation,
  note: Note,
): void {
  // An abort ends the session whether or not its message has Final.
  if (expected.sent.final || expected.askedForChunk || expected.sent.body.some(isAbort)) {
    const last = message.body.at(-1);
    const chunk = last !== undefined && 'items' in last && last.items.some((item) => item.moreData === true);
    if (!message.final && !chunk) note('FINAL_MISSING', `message ${message.header.msgId}`);
    if (message.final && chunk) note('FINAL_UNEXPECTED', 'with MoreData');
    return;
  }
  const steering = commands.filter(
    (command) => command.kind === 'Alert' && ['1222', '1223', '1225'].includes((command.data ?? '').trim()),
  );
  const aborted = commands.some(isAbort);
  // A receiver that misses the end of a chunked object says so and drops it.
  if (commands.length > steering.length)
    note('COMMANDS_BEFORE_FINAL', commands.find((command) => !steering.includes(command))?.kind ?? '');
  if (steering.length === 0) note('NEXT_MESSAGE_MISSING', `in answer to message ${expected.sent.header.msgId}`);
  if (message.final && !aborted) note('FINAL_UNEXPECTED', 'in a next-message response');
  if (!message.final && aborted) note('FINAL_MISSING', 'an abort has Final');
}

function checkChallenge(chal: Meta, note: Note): void {
  const type = chal.type?.trim();
  const nonce = nonceOf(chal);
  if (type === undefined || type === '') note('CHALLENGE', 'no Type');
  else if (type === 'syncml:auth-basic' && nonce !== undefined) note('CHALLENGE', 'basic with NextNonce');
  else if (type !== 'syncml:auth-basic' && nonce?.length !== 16)
    note('CHALLENGE', `${type} with ${nonce === undefined ? 'no nonce' : `a nonce of ${nonce.length} octets`}`);
}

/** Octets of NextNonce. */
export function nonceOf(chal: Meta): Uint8Array | undefined {
  return chal.nextNonce === undefined ? undefined : nonceOctets(chal.nextNonce);
}
