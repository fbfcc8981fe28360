/** Whether the commands of a server message are ones that a server may send, each with what it needs. Source: dm1 4.1, 4.3, 5, 8, 9. */
import type { AlertCommand, BodyCommand, Item } from '../../../adapters/dm1/message';
import type { ProtocolViolation } from '../report';
import { readLocUri } from './address';
import { dataLength } from './data';
import { violation, type Dm1Rule } from './rules';

type Note = (rule: Dm1Rule, detail: string) => void;

const SERVER_ALERTS = ['1100', '1101', '1102', '1103', '1104', '1222', '1223', '1225'];

export interface CommandLimits {
  /** MaxObjSize that the device announced. */
  readonly maxObjSize?: number;
  /** Target of the object of which chunks are still to come. */
  readonly openObject?: string;
}

export function checkCommands(commands: readonly BodyCommand[], limits: CommandLimits): readonly ProtocolViolation[] {
  const found: ProtocolViolation[] = [];
  const note: Note = (rule, detail) => void found.push(violation(rule, detail));
  commands.forEach((command, at) => {
    checkCommand(command, 'SyncBody', limits, note);
    if ('items' in command && command.items.some((item) => item.moreData === true) && at < commands.length - 1) {
      note('MORE_DATA', `${command.kind} ${command.cmdId} is not the last of its message`);
    }
  });
  return found;
}

function checkCommand(
  command: BodyCommand,
  inside: 'SyncBody' | 'Atomic' | 'Sequence',
  limits: CommandLimits,
  note: Note,
): void {
  switch (command.kind) {
    case 'Status':
      return;
    case 'Results':
    case 'Foreign':
      return note('NOT_FOR_CLIENT', command.kind === 'Foreign' ? command.name : command.kind);
    case 'Atomic':
    case 'Sequence':
      if (inside === 'Atomic' && command.kind === 'Atomic') note('ATOMIC_CONTENT', 'Atomic');
      if (command.commands.length === 0) note('CONTAINER_EMPTY', `${command.kind} ${command.cmdId}`);
      for (const member of command.commands) checkCommand(member, command.kind, limits, note);
      return;
    case 'Alert':
      return checkAlert(command, note);
    case 'Get':
    case 'Exec':
      if (inside === 'Atomic') note('ATOMIC_CONTENT', command.kind);
      return checkItems(command.kind, command.cmdId, command.items, limits, note);
    case 'Add':
    case 'Replace':
    case 'Delete':
    case 'Copy':
      return checkItems(command.kind, command.cmdId, command.items, limits, note);
  }
}

function checkAlert(alert: AlertCommand, note: Note): void {
  const code = (alert.data ?? '').trim();
  if (!SERVER_ALERTS.includes(code)) note('ALERT_CODE', code === '' ? 'none' : code);
  if (code.startsWith('110') && alert.items.length < 2)
    note('UI_ALERT_ITEMS', `Alert ${code} with ${alert.items.length} Items`);
  if (alert.correlator !== undefined) note('CORRELATOR', `in Alert ${code}`);
}

function checkItems(kind: string, cmdId: string, items: readonly Item[], limits: CommandLimits, note: Note): void {
  const name = `${kind} ${cmdId}`;
  if (items.length === 0) note('ITEM_MISSING', name);
  for (const item of items) {
    const target = item.target?.locUri;
    if (target === undefined) note('ITEM_TARGET', name);
    else if (!readLocUri(target).ok) note('LOC_URI', `${name}: ${target}`);
    const writes = kind === 'Add' || kind === 'Replace';
    const argued = kind === 'Exec' && item.data !== undefined;
    if ((writes || argued) && item.meta?.format === undefined) note('ITEM_FORMAT', `${name} ${target ?? ''}`);
    if (writes && item.data === undefined) note('ITEM_DATA', `${name} ${target ?? ''}`);
    if (kind === 'Copy' && item.source === undefined) note('ITEM_TARGET', `${name} without Source`);
    checkSize(name, item, limits, note);
  }
}

function checkSize(name: string, item: Item, limits: CommandLimits, note: Note): void {
  const size = item.meta?.size === undefined ? undefined : Number(item.meta.size);
  const length = dataLength(item.data);
  if (limits.maxObjSize !== undefined && Math.max(size ?? 0, length) > limits.maxObjSize) {
    note('OBJECT_TOO_LARGE', `${name}: ${Math.max(size ?? 0, length)} octets over ${limits.maxObjSize}`);
  }
  const first = limits.openObject === undefined;
  if (item.moreData === true && first && (size === undefined || !Number.isInteger(size) || size <= 0))
    note('MORE_DATA', `${name}: no Size`);
}
