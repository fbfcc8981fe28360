/** Which waiting exec a device's alert ends, and what its result code means. Source: FUMO, SCOMO, LAWMO, DCMO "result codes". */
import type { Outcome } from '../../adapters/adapter';
import { commandId, type LiveCommand, type LiveOperation } from './command-state';

interface Waiting {
  readonly operation: LiveOperation;
  readonly command: LiveCommand;
}

/**
 * By correlator where the alert carries one; else by its source: the executed node, or the MO instance when the alert's type
 * names the exec (FUMO) or nothing else waits there.
 */
export function findWaitingExec(
  operations: Iterable<LiveOperation>,
  alertType: string,
  correlator: string | undefined,
  source: { readonly family: string; readonly miid: string; readonly path: string } | undefined,
): Waiting | undefined {
  const waiting: Waiting[] = [];
  for (const operation of operations) {
    for (const command of operation.commands) {
      if (command.kind === 'exec' && command.state === 'ACCEPTED') waiting.push({ operation, command });
    }
  }
  const correlated =
    correlator === undefined
      ? undefined
      : waiting.find((w) => commandId(w.operation.id, w.command.position) === correlator);
  if (correlated !== undefined || correlator !== undefined) return correlated;
  if (source === undefined) return undefined;
  const there = waiting.filter(
    (w) => w.command.family === source.family && (w.command.miid === null || w.command.miid === source.miid),
  );
  const exact = there.find((w) => w.command.path === source.path);
  if (exact !== undefined) return exact;
  if (!isCompletion(alertType)) return undefined;
  const named = there.filter((w) => nameOf(w.command).toLowerCase() === lastWord(alertType).toLowerCase());
  if (named.length > 0) return named[0];
  const isFumo = /firmwareupdate/i.test(alertType);
  const below = there.filter((w) => source.path === '' || w.command.path.startsWith(`${source.path}/`));
  return !isFumo && below.length === 1 ? below[0] : undefined;
}

/** 2xx and 12xx are success, 401 and 1401 the user's refusal; all others failed. */
export function outcomeOfResult(code: number): Outcome {
  if ((code >= 200 && code < 300) || (code >= 1200 && code < 1300)) return 'OK';
  if (code === 401 || code === 1401) return 'USER_REFUSED';
  if (code === 407) return 'TIMED_OUT';
  if (code === 408 || code === 1411) return 'UNSUPPORTED';
  return 'DEVICE_ERROR';
}

function isCompletion(alertType: string): boolean {
  return /OperationComplete$|firmwareupdate\.(download|update|downloadandupdate)$/i.test(alertType);
}
function nameOf(command: LiveCommand): string {
  return command.path.split('/').at(-1) ?? '';
}
function lastWord(alertType: string): string {
  return alertType.split(/[.:]/).at(-1) ?? '';
}
