/** What a campaign asks of each device: kept as its maker gave it, judged for one device at a time. */
import type { DdfLibrary } from '../../../schema/ddf/library';
import type { Rights } from '../../access/rights';
import type { TargetRow } from '../../store/operations';
import type { UsableItem } from '../item-value';
import { judge, type CommandRow } from '../judge';
import { checkAtomic, checkSequence, lastMoment } from '../operations';
import { permitsOf } from '../permit';
import type { RepositoryFileView } from '../repository-types';
import { ManagementError, type CommandInput } from '../types';

export interface Template {
  readonly commands: readonly CommandInput[];
  readonly atomic: boolean;
  readonly sequence: boolean;
  readonly expiresInMs: number;
}

export interface JudgingWith {
  readonly library: DdfLibrary;
  readonly valueOctets: number;
  readonly items: ReadonlyMap<string, UsableItem>;
  readonly now: number;
}

export type Judgement =
  | { readonly rows: readonly CommandRow[]; readonly expiresAt: Date }
  | { readonly refusal: { readonly code: string; readonly message: string } };

/** As JSON text. Whole numbers beyond 2^53−1 become decimal text, which values take as well. */
export function storeCommands(commands: readonly CommandInput[]): string {
  return JSON.stringify(commands, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

export function restoreCommands(stored: unknown): readonly CommandInput[] {
  return stored as readonly CommandInput[];
}

/** Keys of repository files that commands send. */
export function filesOf(commands: readonly CommandInput[]): readonly string[] {
  return [...new Set(commands.flatMap((command) => ('value' in command ? (command.value?.repositoryItem ?? []) : [])))];
}

/** Who made a file may send it, and who manages the repository may send all; to others there is none. */
export function usableItems(
  files: readonly (RepositoryFileView | null)[],
  principal: string,
  rights: Rights,
): ReadonlyMap<string, UsableItem> {
  const mayAll = rights.onGateway('MANAGE_REPOSITORY');
  return new Map(
    files
      .filter((file) => file !== null)
      .filter((file) => mayAll || file.createdBy === principal)
      .map((file) => [file.id, { ...file, length: file.length ?? 0, isReady: file.uploadedAt !== null }]),
  );
}

/** Whether the commands can be sent to one device by somebody with these rights, and as what. */
export function judgeFor(target: TargetRow, template: Template, rights: Rights, using: JudgingWith): Judgement {
  const { commands, atomic, sequence, expiresInMs } = template;
  try {
    if (!rights.sees(target)) throw new ManagementError('NOT_FOUND', 'the maker of the campaign may not know of it');
    const { deviceId, protocol, isDiscovered, mos } = target;
    const permits = permitsOf(rights, target);
    const rows = judge(commands, { deviceId, protocol, isDiscovered, mos }, using.library, using, permits);
    const isGroup = rows.length > 1;
    if (atomic && isGroup) checkAtomic(rows, protocol);
    if (sequence && isGroup) checkSequence(atomic, protocol);
    return { rows, expiresAt: new Date(Math.min(lastMoment(target, using.now), using.now + expiresInMs)) };
  } catch (error) {
    if (!(error instanceof ManagementError) || error.code === 'INTERNAL') throw error;
    return { refusal: { code: error.code, message: error.message } };
  }
}

/** What one device may refuse and another take. */
const OF_A_DEVICE: ReadonlySet<string> = new Set(['NO_SUCH_MO', 'MO_AMBIGUOUS', 'NO_PLACE', 'NOT_SUPPORTED_BY_DEVICE']);

/** Throws what is wrong with the commands whatever the device, as it is known before any device was asked. */
export function checkTemplate({ commands, atomic, sequence }: Template, using: JudgingWith): void {
  const anyDevice = { deviceId: 'a device', protocol: null, isDiscovered: false, mos: [] };
  if (atomic && sequence) checkSequence(true, null);
  for (const [index, command] of commands.entries()) {
    try {
      const rows = judge([command], anyDevice, using.library, using);
      if (atomic && commands.length > 1) checkAtomic(rows, null);
    } catch (error) {
      if (!(error instanceof ManagementError)) throw error;
      if (OF_A_DEVICE.has(error.code)) continue;
      const message = error.message.replace('commands[0]', `commands[${index}]`);
      throw new ManagementError(error.code, message, { ...error.details, command: index });
    }
  }
}
