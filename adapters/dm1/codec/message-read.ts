/**
 * Elements → message, alike for XML and WBXML. Elements are known by their local names alone, in any order; what is
 * unknown is passed over. Ids, codes, URIs and Meta values lose the white space round them, Data of Items does not.
 * Of an element that may stand once the first counts.
 *
 * Source: OMA-TS-DM_RepPro, "Element type descriptions"; tolerances as in the project's protocol digest, section 21.
 */
import type {
  AlertCommand,
  BodyCommand,
  ContainerCommand,
  Cred,
  ExecCommand,
  ForeignCommand,
  Item,
  Location,
  Message,
  Meta,
  Results,
  SimpleCommand,
  Status,
  SyncHdr,
} from '../message';
import { readData, readSecret } from './data-read';
import { Refusal } from './errors';
import type { CodecLimits } from './limits';
import { type Markup, textOf } from './markup';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const trimmed = (element: Markup): string => (element.pieces ? textOf(element) : element.text).trim();

/**
 * Reads a message. What is missing in it reads as empty text or an empty list; judging that is the session's business.
 *
 * Refuses (throws {@link Refusal}): NOT_SYNCML, NO_HEADER.
 */
export function readMessage(root: Markup, limits: CodecLimits): Message {
  if (root.name !== 'SyncML') throw new Refusal('NOT_SYNCML', root.name.slice(0, 40));
  let header: SyncHdr | undefined;
  let final = false;
  const body: BodyCommand[] = [];
  for (const child of root.children) {
    if (child.name === 'SyncHdr') header ??= readHeader(child);
    if (child.name !== 'SyncBody') continue;
    for (const element of child.children) {
      if (element.name === 'Final') final = true;
      else addCommand(body, element, limits);
    }
  }
  if (!header) throw new Refusal('NO_HEADER');
  const message: Writable<Message> = { header, body, final };
  if (root.namespace !== undefined) message.namespace = root.namespace;
  return message;
}

function readHeader(element: Markup): SyncHdr {
  const header: Partial<Writable<SyncHdr>> = {};
  for (const child of element.children) {
    switch (child.name) {
      case 'VerDTD':
        header.verDtd ??= trimmed(child);
        break;
      case 'VerProto':
        header.verProto ??= trimmed(child);
        break;
      case 'SessionID':
        header.sessionId ??= trimmed(child);
        break;
      case 'MsgID':
        header.msgId ??= trimmed(child);
        break;
      case 'Target':
        header.target ??= readLocation(child);
        break;
      case 'Source':
        header.source ??= readLocation(child);
        break;
      case 'RespURI':
        header.respUri ??= trimmed(child);
        break;
      case 'Cred':
        header.cred ??= readCred(child);
        break;
      case 'Meta':
        header.meta ??= readMeta(child);
        break;
    }
  }
  const none: Location = { locUri: '' };
  return { verDtd: '', verProto: '', sessionId: '', msgId: '', target: none, source: none, ...header };
}

function readLocation(element: Markup): Location {
  const location: Partial<Writable<Location>> = {};
  for (const child of element.children) {
    if (child.name === 'LocURI') location.locUri ??= trimmed(child);
    else if (child.name === 'LocName') location.locName ??= trimmed(child);
  }
  return { locUri: '', ...location };
}

function readCred(element: Markup): Cred {
  const cred: Partial<Writable<Cred>> = {};
  for (const child of element.children) {
    if (child.name === 'Meta') cred.meta ??= readMeta(child);
    else if (child.name === 'Data') cred.data ??= readSecret(child);
  }
  return { data: { kind: 'text', text: '' }, ...cred };
}

/** Meta with its children directly in it or in a MetInf wrapper. */
function readMeta(element: Markup): Meta {
  const meta: Writable<Meta> = {};
  readMetaInto(meta, element);
  return meta;
}

function readMetaInto(meta: Writable<Meta>, element: Markup): void {
  for (const child of element.children) {
    switch (child.name) {
      case 'Format':
        meta.format ??= trimmed(child);
        break;
      case 'Type':
        meta.type ??= trimmed(child);
        break;
      case 'Mark':
        meta.mark ??= trimmed(child);
        break;
      case 'Size':
        meta.size ??= trimmed(child);
        break;
      case 'NextNonce':
        meta.nextNonce ??= readSecret(child);
        break;
      case 'MaxMsgSize':
        meta.maxMsgSize ??= trimmed(child);
        break;
      case 'MaxObjSize':
        meta.maxObjSize ??= trimmed(child);
        break;
      case 'EMI':
        ((meta.emi ??= []) as string[]).push(trimmed(child));
        break;
      case 'MetInf':
        readMetaInto(meta, child);
        break;
    }
  }
}

function readChal(element: Markup): Meta {
  const meta = element.children.find((child) => child.name === 'Meta');
  return meta ? readMeta(meta) : {};
}

/** `outer`: Meta of the command, the default for its Items. */
function readItem(element: Markup, outer: Meta | undefined, limits: CodecLimits): Item {
  const item: Writable<Item> = {};
  let data: Markup | undefined;
  for (const child of element.children) {
    switch (child.name) {
      case 'Target':
        item.target ??= readLocation(child);
        break;
      case 'Source':
        item.source ??= readLocation(child);
        break;
      case 'TargetParent':
        item.targetParent ??= readLocation(child);
        break;
      case 'SourceParent':
        item.sourceParent ??= readLocation(child);
        break;
      case 'Meta':
        item.meta ??= readMeta(child);
        break;
      case 'Data':
        data ??= child;
        break;
      case 'MoreData':
        item.moreData = true;
        break;
    }
  }
  if (!data) return item;
  const format = item.meta?.format ?? outer?.format;
  const type = item.meta?.type ?? outer?.type;
  item.data = readData(data, { format, type, partial: item.moreData }, limits);
  return item;
}

/** What commands have in common; Items are read last, for Meta of the command may stand behind them. */
interface Parts {
  cmdId: string;
  msgRef?: string;
  cmdRef?: string;
  cmd?: string;
  meta?: Meta;
  data?: string;
  correlator?: string;
  cred?: Cred;
  chal?: Meta;
  targetRefs: string[];
  sourceRefs: string[];
  items: Item[];
}

function readParts(element: Markup, limits: CodecLimits): Parts {
  const parts: Partial<Parts> & Pick<Parts, 'targetRefs' | 'sourceRefs'> = { targetRefs: [], sourceRefs: [] };
  const items: Markup[] = [];
  for (const child of element.children) {
    switch (child.name) {
      case 'CmdID':
        parts.cmdId ??= trimmed(child);
        break;
      case 'MsgRef':
        parts.msgRef ??= trimmed(child);
        break;
      case 'CmdRef':
        parts.cmdRef ??= trimmed(child);
        break;
      case 'Cmd':
        parts.cmd ??= trimmed(child);
        break;
      case 'TargetRef':
        parts.targetRefs.push(trimmed(child));
        break;
      case 'SourceRef':
        parts.sourceRefs.push(trimmed(child));
        break;
      case 'Meta':
        parts.meta ??= readMeta(child);
        break;
      case 'Cred':
        parts.cred ??= readCred(child);
        break;
      case 'Chal':
        parts.chal ??= readChal(child);
        break;
      case 'Data':
        parts.data ??= trimmed(child);
        break;
      case 'Correlator':
        parts.correlator ??= trimmed(child);
        break;
      case 'Item':
        items.push(child);
        break;
    }
  }
  return { cmdId: '', ...parts, items: items.map((item) => readItem(item, parts.meta, limits)) };
}

/** Reads one child of SyncBody, Atomic or Sequence; one that is no command is passed over. */
function addCommand(commands: BodyCommand[], element: Markup, limits: CodecLimits): void {
  switch (element.name) {
    case 'Status':
      commands.push(readStatus(readParts(element, limits)));
      return;
    case 'Results':
      commands.push(readResults(readParts(element, limits)));
      return;
    case 'Alert': {
      const { cmdId, data, correlator, items } = readParts(element, limits);
      const alert: Writable<AlertCommand> = { kind: 'Alert', cmdId, items };
      if (data !== undefined) alert.data = data;
      if (correlator !== undefined) alert.correlator = correlator;
      commands.push(alert);
      return;
    }
    case 'Exec': {
      const { cmdId, meta, correlator, items } = readParts(element, limits);
      const exec: Writable<ExecCommand> = { kind: 'Exec', cmdId, items };
      if (meta) exec.meta = meta;
      if (correlator !== undefined) exec.correlator = correlator;
      commands.push(exec);
      return;
    }
    case 'Add':
    case 'Replace':
    case 'Delete':
    case 'Copy':
    case 'Get': {
      const { cmdId, meta, items } = readParts(element, limits);
      const simple: Writable<SimpleCommand> = { kind: element.name, cmdId, items };
      if (meta) simple.meta = meta;
      commands.push(simple);
      return;
    }
    case 'Atomic':
    case 'Sequence':
      commands.push(readContainer(element.name, element, limits));
      return;
    case 'Put':
    case 'Map':
    case 'Sync':
    case 'Search':
    case 'Move':
      commands.push(readForeign(element));
  }
}

function readStatus(parts: Parts): Status {
  const status: Writable<Status> = {
    kind: 'Status',
    cmdId: parts.cmdId,
    cmd: parts.cmd ?? '',
    targetRefs: parts.targetRefs,
    sourceRefs: parts.sourceRefs,
    data: parts.data ?? '',
    items: parts.items,
  };
  if (parts.msgRef !== undefined) status.msgRef = parts.msgRef;
  if (parts.cmdRef !== undefined) status.cmdRef = parts.cmdRef;
  if (parts.cred) status.cred = parts.cred;
  if (parts.chal) status.chal = parts.chal;
  return status;
}

function readResults(parts: Parts): Results {
  const results: Writable<Results> = { kind: 'Results', cmdId: parts.cmdId, items: parts.items };
  if (parts.msgRef !== undefined) results.msgRef = parts.msgRef;
  if (parts.cmdRef !== undefined) results.cmdRef = parts.cmdRef;
  if (parts.meta) results.meta = parts.meta;
  if (parts.targetRefs[0] !== undefined) results.targetRef = parts.targetRefs[0];
  if (parts.sourceRefs[0] !== undefined) results.sourceRef = parts.sourceRefs[0];
  return results;
}

function readContainer(kind: ContainerCommand['kind'], element: Markup, limits: CodecLimits): ContainerCommand {
  const commands: BodyCommand[] = [];
  const own: Markup[] = [];
  for (const child of element.children) {
    if (child.name === 'CmdID' || child.name === 'Meta') own.push(child);
    else addCommand(commands, child, limits);
  }
  const cmdId = own.find((child) => child.name === 'CmdID');
  const meta = own.find((child) => child.name === 'Meta');
  const container: Writable<ContainerCommand> = { kind, cmdId: cmdId ? trimmed(cmdId) : '', commands };
  if (meta) container.meta = readMeta(meta);
  return container;
}

function readForeign(element: Markup): ForeignCommand {
  const cmdId = element.children.find((child) => child.name === 'CmdID');
  return { kind: 'Foreign', name: element.name, cmdId: cmdId ? trimmed(cmdId) : '' };
}
