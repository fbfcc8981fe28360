/**
 * Which waiting exec a device's alert ends, and how. Source: OMA-TS-DM_Protocol, "Generic Alert"; FUMO, SCOMO, LAWMO, DCMO
 * and DiagMon, "Generic Alert"; dm1 sections 9.3 and 18.
 */
import type { Json, Outcome } from '../../adapters/adapter';
import { commandId, type LiveCommand, type LiveOperation } from './command-state';
import { normaliseUri } from './places';
import { isResultCode, outcomeOfResult, resultMoOf, type ResultMo } from './result-codes';

interface Waiting {
  readonly operation: LiveOperation;
  readonly command: LiveCommand;
}

/** What an alert tells of an exec. */
export interface Report {
  readonly type: string;
  readonly correlator?: string;
  /** Token of the address that it was told at, where that is an exec's own. */
  readonly reportedAt?: string;
  /** The node or object that it comes from, where it is known. */
  readonly source?: { readonly family: string; readonly miid: string; readonly path: string };
  /** LocURI that it comes from, where it is none of a known object. */
  readonly sourceUri?: string;
  /** Result codes of all its Items. */
  readonly codes: readonly number[];
  readonly data: Json;
}

export interface Ended extends Waiting {
  readonly outcome: Outcome;
  readonly code?: number;
  readonly result: Json;
  readonly error?: string;
}

/**
 * The exec that an alert ends. By correlator where the alert carries one; else by its source, the executed node or the
 * instance; where it has none, by its type, if that leaves one exec alone. What only tells of progress ends nothing.
 */
export function endOfExec(operations: Iterable<LiveOperation>, report: Report): Ended | undefined {
  const waiting: Waiting[] = [];
  for (const operation of operations) {
    for (const command of operation.commands) {
      if (command.kind === 'exec' && command.state === 'ACCEPTED') waiting.push({ operation, command });
    }
  }
  const found = findReported(waiting, report) ?? findAmong(waiting, report);
  return found === undefined || !isEnd(found.command, report) ? undefined : ended(found, report);
}

/** The exec that the device was told to report at this very address. */
function findReported(waiting: readonly Waiting[], { reportedAt }: Report): Waiting | undefined {
  if (reportedAt === undefined) return undefined;
  return waiting.find(({ command }) => command.request['report'] === reportedAt);
}

/** Elsewhere an exec with an address of its own is only meant where no other is. */
function findAmong(waiting: readonly Waiting[], report: Report): Waiting | undefined {
  const others = waiting.filter(({ command }) => command.request['report'] === undefined);
  return findWaiting(others, report) ?? findWaiting(waiting, report);
}

function findWaiting(waiting: readonly Waiting[], report: Report): Waiting | undefined {
  const { correlator, source, sourceUri } = report;
  if (correlator !== undefined)
    return waiting.find(({ operation, command }) => commandId(operation.id, command.position) === correlator);
  if (sourceUri !== undefined)
    return waiting.find(({ command }) => command.uri !== null && normaliseUri(command.uri) === normaliseUri(sourceUri));
  const completion = completionOf(report.type);
  if (source === undefined) {
    const ofType =
      completion === undefined ? [] : waiting.filter(({ command }) => resultMoOf(command.family) === completion.mo);
    return pick(ofType, report, completion);
  }
  const there = waiting.filter(
    ({ command }) => command.family === source.family && (command.miid === null || command.miid === source.miid),
  );
  const exact = there.find(({ command }) => command.path === source.path);
  if (exact !== undefined) return exact;
  if (completion === undefined) return undefined;
  const below = there.filter(({ command }) => source.path === '' || command.path.startsWith(`${source.path}/`));
  return pick(completion.mo === 'FUMO' ? there : below, report, completion);
}

/** Of several: the one that the type names (FUMO), else the only one. */
function pick(candidates: readonly Waiting[], report: Report, completion: Completion | undefined): Waiting | undefined {
  if (completion?.exec === undefined) return candidates.length === 1 ? candidates[0] : undefined;
  const named = candidates.filter(({ command }) => nameOf(command) === completion.exec);
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  // A part of DownloadAndUpdate that ended it.
  const whole = candidates.filter(({ command }) => nameOf(command) === 'downloadandupdate');
  return whole.length === 1 && whole[0] !== undefined && isEnd(whole[0].command, report) ? whole[0] : undefined;
}

interface Completion {
  readonly mo: ResultMo;
  /** FUMO: the executed node, in lower case. */
  readonly exec?: string;
}

const FUMO_END = /^org\.openmobilealliance\.dm\.firmwareupdate\.(download|update|downloadandupdate)$/i;
const OTHER_ENDS: readonly (readonly [RegExp, ResultMo])[] = [
  [/^urn:oma:at:scomo:[\d.]+:Operation(?:Complete|Report)$/i, 'SCOMO'],
  [/^org\.openmobilealliance\.dm\.softwarecomponent\.OperationComplete$/i, 'SCOMO'],
  [/^urn:oma:at:lawmo:[\d.]+:Operation(?:Complete|Report)$/i, 'LAWMO'],
  [/^urn:oma:at:dcmo:[\d.]+:Operation(?:Complete|Report)$/i, 'DCMO'],
  [/^urn:oma:at:diag(?:mon)?(?::[a-z-]+)?:[\d.]+:Operation(?:Complete|Report)$/i, 'DIAGMON'],
];

/** The object whose exec an alert of this type ends; undefined for types that no object defines for that. */
export function completionOf(type: string): Completion | undefined {
  const fumo = FUMO_END.exec(type);
  if (fumo !== null) return { mo: 'FUMO', exec: (fumo[1] ?? '').toLowerCase() };
  const mo = OTHER_ENDS.find(([pattern]) => pattern.test(type))?.[1];
  return mo === undefined ? undefined : { mo };
}

/** Last words of a vendor's type that tell of something going on. */
const GOING_ON = /(?:progress|progressing|started|running|pending)$/i;

/**
 * Whether an alert about an exec tells its end. An object's own execs end by its own types alone; those of other objects
 * by any alert that does not call itself progress.
 */
function isEnd(command: LiveCommand, report: Report): boolean {
  const mo = resultMoOf(command.family);
  const completion = completionOf(report.type);
  if (completion === undefined) return mo === undefined && !GOING_ON.test(report.type);
  if (mo !== undefined && completion.mo !== mo) return false;
  // A download that worked is the first half of DownloadAndUpdate; one that failed is its end.
  const isHalf = completion.exec === 'download' && nameOf(command) === 'downloadandupdate';
  return !isHalf || report.codes.some((code) => outcomeOfResult('FUMO', code) !== 'OK');
}

function ended(found: Waiting, report: Report): Ended {
  const mo = completionOf(report.type)?.mo ?? resultMoOf(found.command.family);
  const codes = mo === undefined ? report.codes.filter(isResultCode) : report.codes;
  // Of several components the first that failed counts.
  const code = codes.find((one) => outcomeOfResult(mo, one) !== 'OK') ?? codes[0];
  if (code === undefined) {
    const isTold = mo === undefined;
    return {
      ...found,
      outcome: isTold ? 'OK' : 'DEVICE_ERROR',
      result: report.data,
      ...(isTold ? {} : { error: `the device reported the end by ${report.type}, without a result` }),
    };
  }
  const outcome = outcomeOfResult(mo, code);
  return {
    ...found,
    outcome,
    code,
    // The code itself where the alert's object defines one: how a protocol wraps it is not the caller's business.
    result: code,
    ...(outcome === 'OK' ? {} : { error: `the device reported result ${code} by ${report.type}` }),
  };
}

function nameOf(command: LiveCommand): string {
  return (command.path.split('/').at(-1) ?? '').toLowerCase();
}
