/** Pages of `show` commands by their tokens: found, answered once, and ended when their time is over. */
import type { ShowAnswer, ShowPrompt, Token } from '../../adapters/adapter';
import type { Database } from '../store/database';
import { loadOperation } from '../store/operations';
import type { Secrets } from '../store/secrets';
import type { Sql } from '../store/sql';
import { lockDevice } from '../store/turn-load';
import { LiveOperation, type LiveCommand } from './command-state';
import { settleOperation } from './settle';
import { storedPrompt } from './show';
import { answerAtTimeout, outcomeOfAnswer, pageKey, type StoredPage } from './show-page';
import { SECRET_META, sealAnswer } from './show-secret';
import { OPERATION_CHANNEL, type TurnLog } from './turn';

export type { ShowAnswer, ShowInputType, ShowPrompt } from '../../adapters/adapter';

export interface ShowPagesDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly log: TurnLog;
  readonly now?: () => number;
}

/** OPEN: it waits for an answer. ANSWERED: somebody answered it. GONE: expired, ended otherwise, or never there. */
export type PageState =
  { readonly state: 'OPEN'; readonly prompt: ShowPrompt } | { readonly state: 'ANSWERED' } | { readonly state: 'GONE' };

export interface ShowPages {
  find(token: Token): Promise<PageState>;
  /** Ends the command by the person's answer. `ANSWERED`: it had been, and nothing changed. */
  answer(token: Token, answer: ShowAnswer): Promise<'DONE' | 'ANSWERED' | 'GONE'>;
  /** Ends those whose time is over; called by the timer. */
  expire(): Promise<void>;
}

interface PageRow {
  readonly operation: string;
  readonly position: number;
  readonly state: string;
  readonly outcome: string | null;
  readonly request: Readonly<Record<string, unknown>>;
}

/** Through the index command_page. */
const FIND = `SELECT operation_id AS operation, position, state, outcome, request FROM command
  WHERE device_id = $1 AND request ? 'page' AND (request -> 'page' ->> 'sha256') = $2`;
/** Through the index command_page_due. */
const DUE = `SELECT device_id AS device, operation_id AS operation, position FROM command
  WHERE request ? 'page' AND state IN ('SENT', 'ACCEPTED') AND (request -> 'page' ->> 'until')::bigint <= $1
  ORDER BY (request -> 'page' ->> 'until')::bigint LIMIT 100`;

const OPEN: readonly string[] = ['SENT', 'ACCEPTED'];

export function createShowPages({ db, secrets, log, now = Date.now }: ShowPagesDeps): ShowPages {
  async function look(sql: Sql, token: Token): Promise<{ device: string; row: PageRow } | undefined> {
    const opened = secrets.openToken(token);
    if (opened === undefined) return undefined;
    const device = opened.deviceKey.toString();
    const [row] = await sql.query<PageRow>(FIND, [device, pageKey(token)]);
    return row === undefined ? undefined : { device, row };
  }

  function stateOf(row: PageRow): PageState {
    const prompt = storedPrompt(row.request);
    const page = row.request['page'] as StoredPage;
    if (OPEN.includes(row.state) && prompt !== undefined && page.until > now()) return { state: 'OPEN', prompt };
    const isAnswered = row.state === 'ANSWERED' && (row.request['page'] as { readonly by?: string }).by === 'PERSON';
    return { state: isAnswered ? 'ANSWERED' : 'GONE' };
  }

  /** `settle` tells what the command comes to; undefined: it stays. */
  async function end(
    tx: Sql,
    device: string,
    at: { readonly operation: string; readonly position: number },
    settle: (command: LiveCommand, prompt: ShowPrompt) => ShowAnswer | undefined,
    by: 'PERSON' | 'TIME',
  ): Promise<boolean> {
    const row = await loadOperation(tx, device, at.operation);
    if (row === null || row.endedAt !== null) return false;
    const live = new LiveOperation({
      ...row,
      cancelRequested: row.cancelRequestedAt !== null,
      expiresAt: row.expiresAt.toISOString(),
    });
    const command = live.command(at.position);
    const prompt = command && storedPrompt(command.request);
    if (command === undefined || prompt === undefined || !OPEN.includes(command.state)) return false;
    const answer = settle(command, prompt);
    if (answer === undefined) return false;
    const isSecret = prompt.kind === 'TEXT' && prompt.isSecret && answer.text !== null;
    const stored = row.commands.find((one) => one.position === at.position);
    command.request = { ...command.request, page: { ...(command.request['page'] as StoredPage), by } };
    live.answered(command, {
      outcome: outcomeOfAnswer(answer),
      ...(stored?.statusCode == null ? {} : { code: stored.statusCode }),
      result: isSecret ? sealAnswer(answer, secrets) : answer,
      ...(isSecret ? { meta: SECRET_META } : {}),
      withRequest: true,
    });
    return settleOperation(tx, device, live, new Date(now()));
  }

  return {
    async find(token) {
      const found = await look(db.sql, token);
      return found === undefined ? { state: 'GONE' } : stateOf(found.row);
    },

    async answer(token, answer) {
      const first = await look(db.sql, token);
      if (first === undefined) return 'GONE';
      const { device } = first;
      const result = await db.sql.transaction(async (tx) => {
        // Two that answer at once, or one and the clock, follow one another here.
        await lockDevice(tx, device);
        const found = await look(tx, token);
        const state = found === undefined ? 'GONE' : stateOf(found.row).state;
        if (found === undefined || state !== 'OPEN') return state === 'ANSWERED' ? 'ANSWERED' : 'GONE';
        return (await end(tx, device, found.row, () => answer, 'PERSON')) ? 'DONE' : 'GONE';
      });
      if (result === 'DONE') db.notify(OPERATION_CHANNEL, `${device}.${first.row.operation}`);
      return result;
    },

    async expire() {
      const due = await db.sql.query<{ device: string; operation: string; position: number }>(DUE, [now()]);
      for (const at of due) {
        try {
          const isChanged = await db.sql.transaction(async (tx) => {
            await lockDevice(tx, at.device);
            const isOver = (command: LiveCommand): boolean => (command.request['page'] as StoredPage).until <= now();
            return end(
              tx,
              at.device,
              at,
              (command, prompt) => (isOver(command) ? answerAtTimeout(prompt) : undefined),
              'TIME',
            );
          });
          if (isChanged) db.notify(OPERATION_CHANNEL, `${at.device}.${at.operation}`);
        } catch (error) {
          // What fails for one device does not keep the others waiting; it is tried again at the next tick.
          log.error({ err: error, operation: at.operation }, 'a page whose time is over could not be ended');
        }
      }
    },
  };
}
