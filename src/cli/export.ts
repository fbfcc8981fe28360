/** `moql export`: accounts, devices and grants as lines of JSON, through the API of a running gateway. */
import { parse, UsageError, type Command, type ExitCode, type Io } from './command';
import { exportPage, type ExportPage } from './export-pages';
import { gatewayClient } from './gateway-client';
import { startProgress } from './progress';
import { KINDS, type Kind } from './records';

export const exportCommand: Command = {
  summary: 'export accounts, devices and grants',
  help: `Usage: moql export [--what accounts,devices,grants] [--after CURSOR] [--progress]
                   [--url URL] [--key-from-env NAME]

Writes accounts, devices and grants of a running gateway to standard output, one JSON object a line, in the order in
which they were made; "moql import" reads them. Secrets are never among them.

  --what LIST          which of them; all when left out
  --after CURSOR       go on after this: a cursor that an export that was broken off told
  --progress           tell each second how far it is, also where standard error is no terminal
  --url URL            the gateway; HOST and PORT of the environment when left out
  --key-from-env NAME  variable that holds the key, MOQL_ADMIN_KEY when left out

Exit codes: 0 done, 1 failed or broken off, 2 bad usage.`,
  run,
};

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parse({
    args: [...args],
    options: {
      what: { type: 'string' },
      after: { type: 'string' },
      progress: { type: 'boolean', default: false },
      url: { type: 'string' },
      'key-from-env': { type: 'string' },
    },
  });
  const wanted = kindsOf(values.what);
  const start = values.after === undefined ? undefined : kindOfCursor(values.after, wanted);
  const client = gatewayClient(values, io);
  const progress = startProgress(io, values.progress || process.stderr.isTTY);
  let isStopped = false;
  void io.stopped().then(() => (isStopped = true));
  let cursor = values.after;
  let isIncomplete = false;
  try {
    for (const kind of wanted.slice(start === undefined ? 0 : wanted.indexOf(start))) {
      let after = kind === start ? values.after : undefined;
      for (let isMore = true; isMore && !isStopped;) {
        const page: ExportPage = await exportPage(client, kind, after);
        for (const line of page.lines) io.out(line);
        for (const warning of page.warnings) io.err(warning);
        isIncomplete ||= page.warnings.length > 0;
        await io.drained?.();
        after = page.cursor;
        cursor = after ?? cursor;
        isMore = page.isMore;
        progress.add(page.lines.length, cursor === undefined ? '' : `--after ${cursor}`);
      }
      if (isStopped) break;
    }
  } catch (error) {
    io.err(`${progress.end()}; ${goOn(cursor)}`);
    throw error;
  }
  io.err(isStopped ? `${progress.end()}; stopped: ${goOn(cursor)}` : progress.end());
  return isStopped || isIncomplete ? 1 : 0;
}

function goOn(cursor: string | undefined): string {
  return cursor === undefined ? 'begin anew' : `go on with --after ${cursor}`;
}

function kindsOf(what: string | undefined): readonly Kind[] {
  if (what === undefined) return KINDS;
  const words = what.split(',');
  const wrong = words.find((word) => !KINDS.some((kind) => word === `${kind}s`));
  if (wrong !== undefined) throw new UsageError(`--what is ${what}; it must be a list of accounts, devices and grants`);
  return KINDS.filter((kind) => words.includes(`${kind}s`));
}

/** Cursors tell of which list they are. */
function kindOfCursor(cursor: string, wanted: readonly Kind[]): Kind {
  const [type = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(':');
  const kind = KINDS.find((one) => one === type.toLowerCase());
  if (kind === undefined) throw new UsageError('--after is no cursor of an export');
  if (!wanted.includes(kind)) throw new UsageError(`--after is a cursor of ${kind}s, which --what leaves out`);
  return kind;
}
