/** docs/ddf.md: each example is run, and each table says what the code says. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Kind, parse, print, type ASTNode, type DefinitionNode, type DirectiveNode } from 'graphql';

import { loadCatalogue } from '../../schema/catalogue/load';
import { familyOf } from '../../schema/ddf/identity';
import { DdfLibrary } from '../../schema/ddf/library';
import { readDdf } from '../../schema/ddf/read';
import { REFUSALS } from '../../schema/ddf/refusals';
import { WARNINGS } from '../../schema/ddf/warnings';
import { familyNameOf } from '../../schema/graphql/family-names';
import { buildSchema } from '../../src/graphql/schema';
import { moql } from './moql';

const page = readFileSync(resolve(__dirname, '../../docs/ddf.md'), 'utf8');

interface Block {
  readonly language: string;
  readonly file?: string;
  readonly text: string;
  readonly heading: string;
}

function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  for (const part of markdown.split(/^(?=#|```\w)/m)) {
    const title = /^#+ (.*)/.exec(part)?.[1];
    if (title !== undefined) heading = title;
    const fence = /^```(\w+)(?: file=(\S+))?\n([^]*?)^```$/m.exec(part);
    if (!fence) continue;
    const [, language = '', file, text = ''] = fence;
    blocks.push({ language, text, heading, ...(file === undefined ? {} : { file }) });
  }
  return blocks;
}

/** Nodes alone are children of the object that the page tells of. */
function whole(xml: string): string {
  if (xml.includes('<MgmtTree')) return xml;
  return (
    '<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD><Node><NodeName>Thing</NodeName>' +
    '<DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat>' +
    `<DFType><DDFName>urn:oma:mo:ext-acme-thing:1.0</DDFName></DFType></DFProperties>${xml}</Node></MgmtTree>`
  );
}

/** The schema of some files, which must be read without a warning. */
function sdlOf(files: readonly string[]): string {
  const documents = files.map((file) => {
    const result = readDdf(whole(file));
    if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.message}`);
    expect(result.document.warnings).toEqual([]);
    return result.document;
  });
  return buildSchema(new DdfLibrary(documents.flatMap(({ mos }) => mos))).sdl();
}

type Named = ASTNode & {
  readonly name?: { readonly value: string };
  readonly type?: ASTNode;
  readonly defaultValue?: ASTNode;
  readonly description?: { readonly value: string };
  readonly directives?: readonly DirectiveNode[];
  readonly fields?: readonly Named[];
  readonly values?: readonly Named[];
  readonly arguments?: readonly Named[];
};

/** What the first one says, the second one says as well. */
function expectWithin(part: Named, all: Named | undefined, where: string): void {
  if (!all) throw new Error(`${where} is not in the schema`);
  const texts = (node: Named): readonly string[] =>
    [node.type, node.defaultValue].map((value) => (value ? print(value) : ''));
  expect([where, part.kind, ...texts(part)]).toEqual([where, all.kind, ...texts(all)]);
  if (part.description) expect(all.description?.value).toBe(part.description.value);
  for (const directive of part.directives ?? []) expectDirective(directive, all.directives ?? [], where);
  for (const key of ['fields', 'values', 'arguments'] as const) {
    for (const child of part[key] ?? []) {
      const name = child.name?.value ?? '';
      const found = all[key]?.find((other) => other.name?.value === name);
      expectWithin(child, found, `${where}.${name}`);
    }
  }
}

function expectDirective(directive: DirectiveNode, all: readonly DirectiveNode[], where: string): void {
  const wanted = (directive.arguments ?? []).map((argument) => print(argument));
  const candidates = all
    .filter((other) => other.name.value === directive.name.value)
    .map((other) => (other.arguments ?? []).map((argument) => print(argument)));
  const isThere = candidates.some((known) => wanted.every((argument) => known.includes(argument)));
  expect([where, wanted, isThere ? [] : candidates]).toEqual([where, wanted, []]);
}

const nameOf = (node: DefinitionNode): string => ('name' in node ? (node.name?.value ?? '') : '');

describe('docs/ddf.md', () => {
  const blocks = blocksOf(page);
  const examples: { readonly heading: string; readonly files: readonly string[]; readonly graphql: string }[] = [];
  let files: string[] = [];
  for (const { language, text, heading } of blocks) {
    if (language === 'xml') files.push(text);
    if (language !== 'graphql') continue;
    examples.push({ heading, files, graphql: text });
    files = [];
  }

  test.each(examples)('$heading: the DDF gives what is shown', ({ files: sources, graphql }) => {
    const schema = parse(sdlOf(sources)).definitions;
    for (const definition of parse(graphql).definitions) {
      expect(definition.kind).not.toBe(Kind.OPERATION_DEFINITION);
      const name = nameOf(definition);
      const found = schema.find((other) => nameOf(other) === name);
      expectWithin(definition, found, name);
      const body = graphql.slice(definition.loc?.start, definition.loc?.end);
      for (const [, absent = ''] of body.matchAll(/# no field (\w+)/g)) {
        const fields = found && 'fields' in found ? (found.fields ?? []) : [];
        expect(fields.map((field) => field.name.value)).not.toContain(absent);
      }
    }
  });

  test('every rule has an example', () => {
    const rules = page.slice(page.indexOf('## The rules'), page.indexOf('## Writing a good DDF'));
    for (const [, heading = ''] of rules.matchAll(/^### (.*)$/gm))
      expect([heading, examples.some((example) => example.heading === heading)]).toEqual([heading, true]);
  });

  test('the commands print what is shown', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'moql-docs-'));
    for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(directory, file), text);
    for (const { text } of blocks.filter(({ language }) => language === 'console')) {
      for (const part of text.split(/^\$ npx moql /m).slice(1)) {
        const [command = '', ...shown] = part.trimEnd().split('\n');
        const words = command.split(' ').map((word) => (word.endsWith('.xml') ? join(directory, word) : word));
        const { out } = await moql(words);
        expect(out.replaceAll(`${directory}/`, '').split('\n')).toEqual(shown);
      }
    }
    rmSync(directory, { recursive: true });
  });

  test('the tables of warnings and refusals are those of the code', () => {
    const rows = (title: string): Readonly<Record<string, string>> => {
      const section = page.slice(page.indexOf(`\n### ${title}\n`)).split(/\n##+ /)[1] ?? '';
      const found = [...section.matchAll(/^\| `([A-Z_]+)` \| (.*) \|$/gm)];
      return Object.fromEntries(found.map(([, code = '', text = '']) => [code, text.replaceAll('\\<', '<')]));
    };
    expect(rows('Warnings')).toEqual(WARNINGS);
    expect(rows('Refusals')).toEqual(REFUSALS);
  });

  test('the table of type names is what families get', () => {
    const section = page.slice(page.indexOf('### Types and their names')).split('\nThe type of a node')[0] ?? '';
    const rows = [...section.matchAll(/^\| `([^`]+)`[^|]*\| `(\w+)`/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, family = '', name = ''] of rows)
      expect([family, familyNameOf(familyOf(family))]).toEqual([family, name]);
  });

  test('the table of the catalogue has every object and version', () => {
    const section = page.slice(page.indexOf('## The catalogue'));
    const listed = new Set<string>();
    for (const [, names = '', versions = ''] of section.matchAll(/^\| (`[^|]*`) \| ([0-9., ]+) \|/gm))
      for (const name of names.replaceAll('`', '').split(', '))
        for (const version of versions.trim().split(', ')) listed.add(`${name} ${version}`);
    const own = loadCatalogue().flatMap(({ text }) => {
      const result = readDdf(text);
      return result.ok ? result.document.mos.map((mo) => `${familyNameOf(mo.family)} ${mo.version}`) : [];
    });
    expect([...listed].sort()).toEqual(own.sort());
  });
});
