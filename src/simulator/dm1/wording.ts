/**
 * A message as a real client words it: what its habits make of the one that the book prescribes. Pure; the octets follow in
 * `spelling-xml.ts` and `spelling-wbxml.ts`. Source: dm1 20; client-quirks 16.
 */
import type { BodyCommand, Item, Message, Meta, Results, SimpleCommand, Status } from '../../../adapters/dm1/message';
import type { Traits } from './traits';

/** @param echoes  the server's last message had the MsgID of the one that it answered */
export function wordMessage(message: Message, traits: Traits, echoes: boolean): Message {
  let body = message.body.flatMap((command): readonly BodyCommand[] => {
    switch (command.kind) {
      case 'Status':
        return wordStatus(command, traits, echoes);
      case 'Results':
        return [wordResults(command, traits)];
      case 'Replace':
        return wordDevInfo({ ...command, kind: 'Replace' }, traits, message.header.msgId);
      default:
        return [command];
    }
  });
  if (traits.noAtomicStatus === true) body = body.filter((command) => !isStatusOf(command, 'Atomic'));
  if (traits.membersFirst === true) body = atomicsLast(body);
  if (traits.bodyReversed === true) body.reverse();
  if (traits.sameCmdId === true)
    body = body.map((command) => (command.kind === 'Status' ? { ...command, cmdId: '1' } : command));
  if (traits.capitalFormats === true) body = body.map((command) => eachMeta(command, capital));
  return { ...message, body };
}

function isStatusOf(command: BodyCommand, cmd: string): command is Status {
  return command.kind === 'Status' && command.cmd === cmd;
}

function wordStatus(status: Status, traits: Traits, echoes: boolean): readonly Status[] {
  if (status.cmd === 'SyncHdr') {
    if (traits.hdrStatusWantsEcho === true && !echoes) return [];
    const { cmdRef, ...rest } = status;
    return [
      {
        ...rest,
        ...(traits.hdrStatusWithoutCmdRef === true || cmdRef === undefined ? {} : { cmdRef }),
        ...(traits.hdrStatusCode === undefined ? {} : { data: String(traits.hdrStatusCode) }),
      },
    ];
  }
  const deleted = status.cmd === 'Delete' && status.data === '200' && traits.deletedCode !== undefined;
  const worded: Status = {
    ...status,
    targetRefs: traits.encodesNames === true ? status.targetRefs.map(encodeNames) : status.targetRefs,
    ...(deleted ? { data: String(traits.deletedCode) } : {}),
  };
  return traits.statusTwice === true ? [worded, worded] : [worded];
}

function wordResults(results: Results, traits: Traits): Results {
  const { msgRef, ...rest } = results;
  const items = traits.encodesNames === true ? results.items.map(encodeItem) : results.items;
  return { ...rest, items, ...(traits.resultsWithoutMsgRef === true || msgRef === undefined ? {} : { msgRef }) };
}

/** Addresses, and the names of children in the Results of an interior node. */
function encodeItem(item: Item): Item {
  const names = item.meta?.format === 'node' && item.data?.kind === 'text' ? item.data.text : undefined;
  return {
    ...item,
    ...(names === undefined ? {} : { data: { kind: 'text', text: names.split('/').map(encodeName).join('/') } }),
  };
}

function encodeNames(uri: string): string {
  const [path = '', query] = uri.split('?', 2);
  const encoded = path
    .split('/')
    .map((name) => (name === '.' ? name : encodeName(name)))
    .join('/');
  return query === undefined ? encoded : `${encoded}?${query}`;
}

/** Every octet that is no letter, digit, `-`, `_` or `.`; what is encoded already stays. */
function encodeName(name: string): string {
  return encodeURIComponent(decodeURIComponent(name)).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function wordDevInfo(replace: SimpleCommand, traits: Traits, msgId: string): readonly BodyCommand[] {
  const { devInfo, addressesWithoutDot, metaOnCommand } = traits;
  let items = replace.items.map((item): Item => {
    const uri = item.source?.locUri ?? '';
    const name = uri.slice(uri.lastIndexOf('/') + 1);
    const named = devInfo?.names?.[name];
    const told = named === undefined ? uri : `${uri.slice(0, -name.length)}${named}`;
    const text = item.data?.kind === 'text' ? item.data.text : '';
    return {
      ...item,
      source: { locUri: addressesWithoutDot === true ? told.replace(/^\.\//, '') : told },
      ...(devInfo?.nul === true ? { data: { kind: 'text', text: `${text}\0` } } : {}),
    };
  });
  if (devInfo?.withRoot === true)
    items = [{ source: { locUri: './DevInfo' }, meta: { format: 'node' }, data: { kind: 'text', text: '' } }, ...items];
  const command: SimpleCommand =
    metaOnCommand === true && items[0]?.meta !== undefined
      ? { ...replace, meta: items[0].meta, items: items.map(({ meta: _, ...item }) => item) }
      : { ...replace, items };
  if (devInfo?.oneEach !== true) return [command];
  // CmdIDs of their own; the first keeps that of the whole.
  return command.items.map((item, at) => ({
    ...command,
    cmdId: at === 0 ? command.cmdId : `${command.cmdId}0${msgId}${at}`,
    items: [item],
  }));
}

/** The Status of an Atomic behind those of its members. */
function atomicsLast(body: readonly BodyCommand[]): BodyCommand[] {
  const last = body.filter((command) => isStatusOf(command, 'Atomic'));
  return [...body.filter((command) => !last.includes(command as Status)), ...last];
}

function capital(meta: Meta): Meta {
  const { format } = meta;
  return format === undefined ? meta : { ...meta, format: `${format.slice(0, 1).toUpperCase()}${format.slice(1)}` };
}

function eachMeta(command: BodyCommand, change: (meta: Meta) => Meta): BodyCommand {
  if (!('items' in command)) return command;
  const items = command.items.map((item) => (item.meta === undefined ? item : { ...item, meta: change(item.meta) }));
  return { ...command, items };
}
