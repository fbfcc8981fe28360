/** The documentation as its tests see it: fenced examples, links, headings, command lines. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '..', '..');

export interface Fence {
  readonly language: string;
  readonly text: string;
  /** What a comment right above it says: `<!-- example: schema only -->`. */
  readonly mark?: string;
  /** Line of its first row of backticks, from 1. */
  readonly line: number;
}

export interface Document {
  /** Relative to the root of the project. */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

/** README.md first, then docs/, then the rest; a page whose examples run comes after README.md. */
export function readDocuments(): readonly Document[] {
  const docs = readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`);
  return ['README.md', ...docs, 'ARCHITECTURE.md', 'CHANGELOG.md'].map((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return { path, text, fences: fencesOf(text) };
  });
}

export function fencesOf(text: string): readonly Fence[] {
  const fences: Fence[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const language = /^```(\S*)(?: .*)?$/.exec(lines[at] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`the fence of line ${at + 1} is never closed`);
    const mark = /^<!-- example: (.+) -->$/.exec(lines[at - 1] ?? '')?.[1];
    fences.push({
      language,
      text: lines.slice(at + 1, end).join('\n'),
      line: at + 1,
      ...(mark === undefined ? {} : { mark }),
    });
    at = end;
  }
  return fences;
}

/** A GraphQL example and, where the next fence is JSON, the answer that it claims. */
export interface Example {
  readonly query: string;
  readonly answer?: unknown;
  /** Needs data that a test does not have; checked against the schema alone. */
  readonly schemaOnly: boolean;
  /** Such as `docs/api.md:52`. */
  readonly place: string;
}

export function examplesOf({ path, fences }: Document): readonly Example[] {
  return fences.flatMap((fence, index): readonly Example[] => {
    if (fence.language !== 'graphql') return [];
    const next = fences[index + 1];
    return [
      {
        query: fence.text,
        schemaOnly: fence.mark === 'schema only',
        place: `${path}:${fence.line}`,
        ...(next?.language === 'json' ? { answer: JSON.parse(next.text) as unknown } : {}),
      },
    ];
  });
}

/** Link targets, without those to other sites and without what stands in fences. */
export function linksOf(text: string): readonly string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? '').filter((link) => !/^\w+:/.test(link));
}

/** Fragment of a heading, as GitHub makes it. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replace(/^```[^]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)];
  return new Set(
    headings.map((match) =>
      (match[1] ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/ /g, '-'),
    ),
  );
}

/** Command lines of `moql` in shell fences and in inline code, as words; continued lines joined, comments left out. */
export function commandLines(document: Document): readonly (readonly string[])[] {
  const shell = document.fences.filter(({ language }) => language === 'sh').map(({ text }) => text);
  const inline = [...document.text.replace(/^```[^]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? '');
  const lines = [...shell.join('\n').replace(/\\\n/g, ' ').split('\n'), ...inline];
  return lines
    .map((line) => /^(?:npx )?moql(?: (.*))?$/.exec(line.replace(/ +#.*$/, '').trim())?.[1])
    .filter((rest) => rest !== undefined)
    .map((rest) => rest.match(/"[^"]*"|\S+/g) ?? []);
}

/** Names of `npm run NAME` and `npm NAME` in the text. */
export function npmScripts(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm run ([\w:]+)/g)].map((match) => match[1] ?? '');
}
