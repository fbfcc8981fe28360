import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');
const rows = [...page.matchAll(/^\| (.*?) \| .*? \| `(test\/[^`]+)`(?:: (.*?))? \|$/gm)];

test('docs/security.md goes through the OWASP GraphQL cheat sheet', () => {
  const items = rows.map(([, item = '']) => item.split(':')[0]);
  expect(new Set(items)).toEqual(
    new Set([
      'Input validation',
      'Injection',
      'Process validation',
      'DoS',
      'Access control',
      'Batching',
      'Secure configuration',
      'Requests of other sites (CSRF)',
    ]),
  );
});

test.each(rows.map(([, item, file, words]) => [item, file, words] as const))(
  'the test that it names for "%s" is there',
  (_item, file, words) => {
    const path = join(ROOT, file ?? '');
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain(words ?? '');
  },
);
