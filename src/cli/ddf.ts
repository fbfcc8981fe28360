/** `moql ddf`: looks at DDF files without a gateway. */
import { closeSync, openSync, readSync } from 'node:fs';

import { DdfLibrary } from '../../schema/ddf/library';
import type { DdfDocument, DdfNode, DdfRefusal } from '../../schema/ddf/model';
import { MAX_SIZE, readDdf } from '../../schema/ddf/read';
import { buildSchema } from '../graphql/schema';
import { CommandError, UsageError, parse, type Command, type ExitCode, type Io } from './command';
import { plain, treeOf } from './ddf-tree';

export const ddfCommand: Command = {
  summary: 'check, print or show DDF files',
  help: `Usage: moql ddf check [--json] FILE…
       moql ddf print FILE…
       moql ddf tree FILE…

  check   tells warnings and errors with their places, as FILE:LINE:COLUMN; fails when a file is refused
          --json: one JSON object a file instead, a line each
  print   prints the GraphQL schema (SDL) that a gateway with these DDFs alone would serve
  tree    shows the nodes as a tree: name, format, access types, title, allowed values, default. Behind a name
          stands how often it may occur: ? never or once, * any number, + once or more; <x> is an unnamed node

docs/ddf.md tells how a DDF becomes a schema, and what each code means.

Exit codes: 0 done, 1 a file was refused or cannot be read, 2 bad usage.`,
  run,
};

const CHUNK = 1024 * 1024;
/** Objects that the line of one file names. */
const SHOWN_OBJECTS = 5;

type FileResult =
  | { readonly file: string; readonly ok: true; readonly document: DdfDocument }
  | { readonly file: string; readonly ok: false; readonly refusal: DdfRefusal };

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [action, ...files] = positionals;
  if (action !== 'check' && action !== 'print' && action !== 'tree')
    throw new UsageError(`the actions are check, print and tree, not "${action ?? ''}"`);
  if (values.json && action !== 'check') throw new UsageError('--json belongs to check');
  if (files.length === 0) throw new UsageError('no file is named');
  switch (action) {
    case 'check':
      return check(files, values.json, io);
    case 'print':
      io.out(printed(readAll(files, io)).trimEnd());
      return 0;
    case 'tree':
      io.out(
        readAll(files, io)
          .flatMap(({ document }) => document.mos.map(treeOf))
          .join('\n\n'),
      );
      return 0;
  }
}

function readFile(file: string): FileResult {
  let octets: Uint8Array;
  try {
    octets = readUpTo(file, MAX_SIZE + 1);
  } catch (error) {
    return { file, ok: false, refusal: { code: 'UNREADABLE', message: whyUnreadable(error), line: 0, column: 0 } };
  }
  if (octets.length > MAX_SIZE) {
    const message = `more than ${MAX_SIZE} octets: no DDF is that large`;
    return { file, ok: false, refusal: { code: 'TOO_LARGE', message, line: 1, column: 1 } };
  }
  const result = readDdf(octets);
  return result.ok ? { file, ok: true, document: result.document } : { file, ok: false, refusal: result.refusal };
}

/** Whatever the file is, and however long, no more than this is read of it. */
function readUpTo(file: string, limit: number): Uint8Array {
  const handle = openSync(file, 'r');
  try {
    const pieces: Uint8Array[] = [];
    let length = 0;
    while (length < limit) {
      const piece = new Uint8Array(Math.min(CHUNK, limit - length));
      const read = readSync(handle, piece);
      if (read === 0) break;
      pieces.push(piece.subarray(0, read));
      length += read;
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(handle);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a directory; name the files in it',
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
};

function whyUnreadable(error: unknown): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

function check(files: readonly string[], asJson: boolean, io: Io): ExitCode {
  let [refused, nodes, warnings] = [0, 0, 0];
  for (const file of files) {
    const result = readFile(file);
    if (asJson) io.out(JSON.stringify(summaryOf(result)));
    else for (const line of findingsOf(result)) io.out(line);
    if (!result.ok) {
      refused++;
      continue;
    }
    nodes += nodesOf(result.document);
    warnings += result.document.warnings.length;
  }
  if (!asJson && files.length > 1)
    io.out(`${files.length} files: ${refused} refused, ${nodes} nodes, ${counted(warnings, 'warning')}`);
  return refused > 0 ? 1 : 0;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function findingsOf(result: FileResult): readonly string[] {
  if (!result.ok) return [refusalLine(result.file, result.refusal)];
  const { file, document } = result;
  const warnings = document.warnings.map(
    ({ line, column, code, message }) => `${file}:${line}:${column}: warning ${code}: ${oneLine(message)}`,
  );
  const shown = document.mos.slice(0, SHOWN_OBJECTS).map((mo) => plain(mo.moid));
  const what = shown.join(', ') + (document.mos.length > SHOWN_OBJECTS ? ', …' : '');
  const nodes = counted(nodesOf(document), 'node');
  return [...warnings, `${file}: ok: ${what}; ${nodes}, ${counted(warnings.length, 'warning')}`];
}

function nodesOf(document: DdfDocument): number {
  return document.mos.reduce((sum, mo) => sum + countNodes(mo.root), 0);
}

/** A message may quote a file; a terminal obeys control characters. */
function oneLine(message: string): string {
  return message.replace(/\p{Cc}+/gu, ' ');
}

function summaryOf(result: FileResult): object {
  if (!result.ok) return { file: result.file, ok: false, error: result.refusal };
  const { mos, warnings } = result.document;
  return {
    file: result.file,
    ok: true,
    warnings,
    mos: mos.map(({ moid, family, version, place, root }) => ({
      moid,
      family,
      version,
      place: place ?? null,
      nodes: countNodes(root),
    })),
  };
}

function refusalLine(file: string, { line, column, code, message }: DdfRefusal): string {
  return `${file}${line > 0 ? `:${line}:${column}` : ''}: error ${code}: ${oneLine(message)}`;
}

/** All files, or an error that tells those that are refused. */
function readAll(files: readonly string[], io: Io): readonly Extract<FileResult, { ok: true }>[] {
  const results = files.map(readFile);
  const refused = results.flatMap((result) => (result.ok ? [] : [refusalLine(result.file, result.refusal)]));
  for (const line of refused) io.err(line);
  if (refused.length > 0) throw new CommandError(`${refused.length} of ${files.length} files cannot be used`);
  return results.filter((result) => result.ok);
}

function printed(results: readonly Extract<FileResult, { ok: true }>[]): string {
  const built = buildSchema(new DdfLibrary(results.flatMap(({ document }) => document.mos)));
  const [clash] = built.refusals;
  if (clash !== undefined) throw new CommandError(`${clash.code}: ${clash.message}`);
  return built.sdl();
}

function countNodes(root: DdfNode): number {
  let total = 0;
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    total++;
    pending.push(...node.children);
  }
  return total;
}
