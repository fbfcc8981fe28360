import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { moql } from '../cli/moql';
import { ROOT, anchorsOf, commandLines, linksOf, npmScripts, readDocuments } from './markdown';

const documents = readDocuments();
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

describe.each(documents.map((document) => [document.path, document] as const))('%s', (path, document) => {
  test('links to files and headings that exist', () => {
    const broken = linksOf(document.text).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(join(ROOT, target), 'utf8')).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    expect(npmScripts(document.text).filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('gives command lines with commands, actions and options that --help tells', async () => {
    const unknown: string[] = [];
    for (const words of commandLines(document)) {
      const [name = '--help', ...rest] = words;
      const { code, out } = await moql(name.startsWith('-') ? [name] : [name, '--help']);
      const told = code === 0 ? out : '';
      if (told === '') unknown.push(name);
      for (const option of rest.filter((word) => word.startsWith('--'))) {
        const isTold = option === '--help' || new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(told);
        if (!isTold) unknown.push(`${name} ${option}`);
      }
      const [action] = rest;
      const takesAction = new RegExp(`moql ${name} [a-z]`).test(told);
      if (takesAction && action !== undefined && !action.startsWith('-') && !told.includes(`moql ${name} ${action}`))
        unknown.push(`${name} ${action}`);
    }
    expect(unknown).toEqual([]);
  });
});

test('examples use hosts that belong to nobody', () => {
  for (const { path, text } of documents) {
    const hosts = [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map((match) => match[1] ?? '');
    // The last is the name of an XML namespace.
    const known = /(?:^|\.)example$|^127\.0\.0\.1$|^(?:keepachangelog\.com|semver\.org)$|^schemas\.microsoft\.com$/;
    expect([path, hosts.filter((host) => !known.test(host))]).toEqual([path, []]);
  }
});
