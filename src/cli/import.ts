/** `moql import`: accounts, devices and grants from lines of JSON, through the API of a running gateway. */
import { appendFileSync, createReadStream, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

import { CommandError, parse, UsageError, wholeNumber, type Command, type ExitCode, type Io } from './command';
import { gatewayClient, reasonOf } from './gateway-client';
import { Importer, type ImportFigures } from './importer';
import { readState, writeState } from './import-state';
import { linesOf } from './line-reader';
import { startProgress } from './progress';
import { isBad, readRecord, type BadLine } from './records';

export const importCommand: Command = {
  summary: 'import accounts, devices and grants',
  help: `Usage: moql import FILE [--from-line N] [--state FILE] [--errors FILE] [--allow-keys] [--progress]
                   [--url URL] [--key-from-env NAME]

Reads lines of JSON as "moql export" writes them from FILE, or from standard input where that is -, and makes or
changes what they name, through the API of a running gateway. Doing it again changes nothing. What cannot be imported
is told as "line N: CODE message" and does not stop the rest. A credential without "secret" keeps the one that is there.

  --from-line N        begin with this line
  --state FILE         keep there how far it is, and go on there when called again
  --errors FILE        write lines that were not imported there too: { "line", "code", "message" } each
  --allow-keys         take grants to "key:…": only where keys have the same numbers
  --progress           tell each second how far it is, also where standard error is no terminal
  --url URL            the gateway; HOST and PORT of the environment when left out
  --key-from-env NAME  variable that holds the key, MOQL_ADMIN_KEY when left out

Exit codes: 0 done, 1 failed, or some lines were not imported, 2 bad usage.`,
  run,
};

const MOST_LINES = 999_999_999;

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse({
    args: [...args],
    allowPositionals: true,
    options: {
      'from-line': { type: 'string' },
      state: { type: 'string' },
      errors: { type: 'string' },
      'allow-keys': { type: 'boolean', default: false },
      progress: { type: 'boolean', default: false },
      url: { type: 'string' },
      'key-from-env': { type: 'string' },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('name one file, or - for standard input');
  const asked = values['from-line'] === undefined ? 1 : wholeNumber('from-line', values['from-line'], 1, MOST_LINES);
  const client = gatewayClient(values, io);
  const { state, errors } = values;
  const kept = state === undefined ? undefined : readState(state, file);
  const from = Math.max(asked, (kept ?? 0) + 1);
  if (errors !== undefined && from === 1) writeFileSync(errors, '');

  const progress = startProgress(io, values.progress || process.stderr.isTTY);
  const importer = new Importer(
    client,
    {
      allowKeys: values['allow-keys'],
      bad: (bad) => tellBad(bad, io, errors),
      done: (line, records) => {
        progress.add(records, `line ${line}`);
        if (state !== undefined) writeState(state, { file, line });
      },
    },
    from,
  );
  const input = file === '-' ? process.stdin : createReadStream(file);
  let isStopped = false;
  void io.stopped().then(() => {
    isStopped = true;
    input.destroy();
  });
  try {
    await readAll(input, from, importer, () => isStopped);
  } catch (error) {
    const told = progress.end();
    io.err(`${told}; go on with --from-line ${importer.nextLine}`);
    throw error;
  }
  const told = progress.end();
  if (isStopped) {
    io.err(`${told}; stopped: go on with --from-line ${importer.nextLine}`);
    return 1;
  }
  io.err(`${told}: ${summaryOf(importer.figures)}`);
  return importer.figures.refused > 0 ? 1 : 0;
}

async function readAll(input: Readable, from: number, importer: Importer, isStopped: () => boolean): Promise<void> {
  try {
    for await (const { number, text } of linesOf(input)) {
      if (isStopped()) break;
      if (number < from) continue;
      const read = readRecord(number, text);
      if (read === null) importer.skip(number);
      else if (isBad(read)) importer.refuse(read);
      else await importer.add(read);
    }
  } catch (error) {
    if (!isStopped()) {
      await importer.settle();
      throw error instanceof CommandError ? error : new CommandError(reasonOf(error));
    }
  }
  // What is under way is waited for; what was only read is not begun.
  if (isStopped()) await importer.settle();
  else await importer.end();
}

function tellBad(bad: BadLine, io: Io, errors: string | undefined): void {
  io.err(`line ${bad.line}: ${bad.code} ${bad.message}`);
  if (errors !== undefined) appendFileSync(errors, `${JSON.stringify(bad)}\n`);
}

function summaryOf({ created, updated, unchanged, refused }: ImportFigures): string {
  return `${created} created, ${updated} updated, ${unchanged} unchanged, ${refused} not imported`;
}
