/** What went over the wire, kept for people for a while: which messages, and how callers see them. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import type { Adapter, Envelope, SessionState, Wire } from '../../adapters/adapter';
import type { Database } from '../store/database';
import { loadExchanges, type ExchangeRow } from '../store/exchanges';
import type { ExchangeWrite } from '../store/turn-write';

/** NONE; those that carried or answered commands; or all of authenticated devices. */
export type Keeping = 'NONE' | 'COMMANDS' | 'ALL';

/** A third of the time of the usual level, for a little more room: it is done while the device is locked. */
const FAST = { level: 1 };
/** Longer messages are told by their length. */
const LONGEST = 256 * 1024;

/** Commands that a turn had to do with, as `OPERATION.POSITION`: those that changed, and those under way before and after it. */
export function commandsOf(
  changes: readonly { readonly operation: string; readonly position: number }[],
  ...states: readonly (SessionState | undefined)[]
): readonly string[] {
  const ids = new Set(changes.map(({ operation, position }) => `${operation}.${position}`));
  for (const state of states)
    for (const { command } of state?.sent ?? [])
      if (command !== undefined && /^\d+\.\d+$/.test(command)) ids.add(command);
  return [...ids];
}

/** A message and its reply, without secrets, as they are written; undefined where they are not kept. */
export function exchangeOf(
  adapter: Pick<Adapter, 'redact'>,
  { inbound, protocol, messageNo }: Envelope,
  reply: Wire,
  commands: readonly string[],
  keep: Keeping,
): ExchangeWrite | undefined {
  if (keep === 'NONE' || (keep === 'COMMANDS' && commands.length === 0)) return undefined;
  const request = redacted(adapter, inbound.body, inbound.headers['content-type'] ?? '');
  const answer = redacted(adapter, reply.body, reply.headers['content-type'] ?? '');
  return {
    protocol,
    messageNo: messageNo ?? null,
    status: reply.status,
    commands,
    requestType: request.mediaType,
    request: deflateRawSync(request.octets, FAST),
    replyType: answer.mediaType,
    reply: deflateRawSync(answer.octets, FAST),
  };
}

function redacted(
  adapter: Pick<Adapter, 'redact'>,
  octets: Uint8Array,
  mediaType: string,
): { readonly octets: Uint8Array; readonly mediaType: string } {
  if (octets.length > LONGEST) return { octets: Buffer.from(`*** ${octets.length} octets`), mediaType: 'text/plain' };
  const told = adapter.redact(octets, mediaType);
  // What the store cannot hold is no media type.
  return { octets: told.octets, mediaType: told.mediaType.replace(/[^\x20-\x7e]/g, '').slice(0, 256) };
}

export interface ExchangeView {
  readonly at: Date;
  readonly direction: 'REQUEST' | 'REPLY';
  readonly messageNo: number | null;
  /** HTTP status of a reply. */
  readonly status: number | null;
  readonly mediaType: string;
  /** Base64. */
  readonly octets: string;
  readonly text: string;
}

/** Which command's, and when it can have been on its way. */
export interface ExchangesOf {
  readonly device: string;
  /** `OPERATION.POSITION` */
  readonly command: string;
  readonly from: Date;
  /** Null: it is not ended. */
  readonly until: Date | null;
}

/** The same of an operation that is shown. */
export interface ExchangeSource {
  readonly device: string;
  readonly operation: string;
  readonly from: Date;
  readonly until: Date | null;
}

export interface Exchanges {
  /** Of each command in the order of time, the first hundred messages; by one statement. */
  ofCommands(of: readonly ExchangesOf[]): Promise<readonly (readonly ExchangeView[])[]>;
}

export function createExchanges(deps: {
  readonly db: Database;
  readonly adapterOf: (protocol: string) => Pick<Adapter, 'display'>;
}): Exchanges {
  return {
    async ofCommands(of) {
      const rows = await loadExchanges(deps.db.sql, of);
      const viewsOf = (row: ExchangeRow): readonly ExchangeView[] => {
        const view = (direction: ExchangeView['direction'], mediaType: string, stored: Uint8Array): ExchangeView => {
          const octets = inflateRawSync(stored, { maxOutputLength: 4 * LONGEST });
          const text = mediaType.startsWith('text/')
            ? octets.toString('utf8')
            : deps.adapterOf(row.protocol).display(octets, mediaType);
          const status = direction === 'REPLY' ? row.status : null;
          return {
            at: row.at,
            direction,
            messageNo: row.messageNo,
            status,
            mediaType,
            octets: octets.toString('base64'),
            text,
          };
        };
        return [view('REQUEST', row.requestType, row.request), view('REPLY', row.replyType, row.reply)];
      };
      return of.map((_, at) => rows.filter(({ no }) => Number(no) === at + 1).flatMap(viewsOf));
    },
  };
}
