/**
 * Message → elements in the order of the DTD, alike for XML and WBXML. Nothing optional is written that the message
 * does not have.
 *
 * Source: OMA SyncML RepPro 1.2, DTD; OMA-TS-DM_RepPro.
 */
import type { BodyCommand, Cred, Data, Item, Location, Message, Meta, SyncHdr } from '../message';
import { type CodePage, PAGE_METINF, PAGE_SYNCML } from './code-pages';

/** Where elements go. Text is raw; the writer escapes it. */
export interface MarkupWriter {
  open(page: CodePage, name: string): void;
  close(name: string): void;
  /** An element with nothing in it, such as Final. */
  empty(page: CodePage, name: string): void;
  text(page: CodePage, name: string, text: string): void;
  /** An element whose content may be octets or a document. */
  data(page: CodePage, name: string, data: Data): void;
}

/** Writes all of a message but the root element, which differs by form. */
export function writeMessage(writer: MarkupWriter, message: Message): void {
  writeHeader(writer, message.header);
  writer.open(PAGE_SYNCML, 'SyncBody');
  for (const command of message.body) writeCommand(writer, command);
  if (message.final) writer.empty(PAGE_SYNCML, 'Final');
  writer.close('SyncBody');
}

function writeText(writer: MarkupWriter, name: string, text: string | undefined): void {
  if (text !== undefined) writer.text(PAGE_SYNCML, name, text);
}

function writeHeader(writer: MarkupWriter, header: SyncHdr): void {
  writer.open(PAGE_SYNCML, 'SyncHdr');
  writeText(writer, 'VerDTD', header.verDtd);
  writeText(writer, 'VerProto', header.verProto);
  writeText(writer, 'SessionID', header.sessionId);
  writeText(writer, 'MsgID', header.msgId);
  writeLocation(writer, 'Target', header.target);
  writeLocation(writer, 'Source', header.source);
  writeText(writer, 'RespURI', header.respUri);
  writeCred(writer, header.cred);
  writeMeta(writer, header.meta);
  writer.close('SyncHdr');
}

function writeLocation(writer: MarkupWriter, name: string, location: Location | undefined): void {
  if (!location) return;
  writer.open(PAGE_SYNCML, name);
  writeText(writer, 'LocURI', location.locUri);
  writeText(writer, 'LocName', location.locName);
  writer.close(name);
}

function writeCred(writer: MarkupWriter, cred: Cred | undefined): void {
  if (!cred) return;
  writer.open(PAGE_SYNCML, 'Cred');
  writeMeta(writer, cred.meta);
  writer.data(PAGE_SYNCML, 'Data', cred.data);
  writer.close('Cred');
}

function writeMeta(writer: MarkupWriter, meta: Meta | undefined): void {
  if (!meta) return;
  const text = (name: string, value: string | undefined): void => {
    if (value !== undefined) writer.text(PAGE_METINF, name, value);
  };
  writer.open(PAGE_SYNCML, 'Meta');
  text('Format', meta.format);
  text('Type', meta.type);
  text('Mark', meta.mark);
  text('Size', meta.size);
  if (meta.nextNonce) writer.data(PAGE_METINF, 'NextNonce', meta.nextNonce);
  text('MaxMsgSize', meta.maxMsgSize);
  text('MaxObjSize', meta.maxObjSize);
  for (const emi of meta.emi ?? []) text('EMI', emi);
  writer.close('Meta');
}

function writeItem(writer: MarkupWriter, item: Item): void {
  writer.open(PAGE_SYNCML, 'Item');
  writeLocation(writer, 'Target', item.target);
  writeLocation(writer, 'Source', item.source);
  writeLocation(writer, 'SourceParent', item.sourceParent);
  writeLocation(writer, 'TargetParent', item.targetParent);
  writeMeta(writer, item.meta);
  if (item.data) writer.data(PAGE_SYNCML, 'Data', item.data);
  if (item.moreData) writer.empty(PAGE_SYNCML, 'MoreData');
  writer.close('Item');
}

function writeItems(writer: MarkupWriter, items: readonly Item[]): void {
  for (const item of items) writeItem(writer, item);
}

/** Writes one command, at the page that the command before it left. */
export function writeCommand(writer: MarkupWriter, command: BodyCommand): void {
  const name = command.kind === 'Foreign' ? command.name : command.kind;
  writer.open(PAGE_SYNCML, name);
  writeText(writer, 'CmdID', command.cmdId);
  writeCommandContent(writer, command);
  writer.close(name);
}

function writeCommandContent(writer: MarkupWriter, command: BodyCommand): void {
  switch (command.kind) {
    case 'Status':
      writeText(writer, 'MsgRef', command.msgRef);
      writeText(writer, 'CmdRef', command.cmdRef);
      writeText(writer, 'Cmd', command.cmd);
      for (const ref of command.targetRefs) writeText(writer, 'TargetRef', ref);
      for (const ref of command.sourceRefs) writeText(writer, 'SourceRef', ref);
      writeCred(writer, command.cred);
      if (command.chal) {
        writer.open(PAGE_SYNCML, 'Chal');
        writeMeta(writer, command.chal);
        writer.close('Chal');
      }
      writeText(writer, 'Data', command.data);
      return writeItems(writer, command.items);
    case 'Results':
      writeText(writer, 'MsgRef', command.msgRef);
      writeText(writer, 'CmdRef', command.cmdRef);
      writeMeta(writer, command.meta);
      writeText(writer, 'TargetRef', command.targetRef);
      writeText(writer, 'SourceRef', command.sourceRef);
      return writeItems(writer, command.items);
    case 'Alert':
      writeText(writer, 'Data', command.data);
      writeText(writer, 'Correlator', command.correlator);
      return writeItems(writer, command.items);
    case 'Exec':
      writeMeta(writer, command.meta);
      writeText(writer, 'Correlator', command.correlator);
      return writeItems(writer, command.items);
    case 'Atomic':
    case 'Sequence':
      writeMeta(writer, command.meta);
      for (const inner of command.commands) writeCommand(writer, inner);
      return;
    case 'Foreign':
      return;
    case 'Add':
    case 'Replace':
    case 'Delete':
    case 'Copy':
    case 'Get':
      writeMeta(writer, command.meta);
      return writeItems(writer, command.items);
  }
}
