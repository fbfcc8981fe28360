import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { serverAudits, type AuditResult } from 'graphql-http';

import { ADMIN_KEY, givenWorld, serve, type Gateway } from '../graphql/support/world';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await serve(givenWorld());
});
afterAll(() => gateway.close());

/** The audits know no key. */
const withKey: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${ADMIN_KEY}`);
  return fetch(input, { ...init, headers });
};

const LEVEL = /^(MUST|SHOULD|MAY)/;

describe('GraphQL over HTTP: the audits of the package graphql-http', () => {
  let results: readonly AuditResult[];
  beforeAll(async () => {
    const audits = serverAudits({ url: `${gateway.url}/graphql`, fetchFn: withKey });
    results = await Promise.all(audits.map(({ fn }) => fn()));
  });
  const failed = (level: string): readonly string[] =>
    results
      .filter(({ name, status }) => status !== 'ok' && LEVEL.exec(name)?.[1] === level)
      .map((result) => `${result.id} ${result.name}${'reason' in result ? `: ${result.reason}` : ''}`);

  test('nothing of what a server MUST or SHOULD do is left out', () => {
    expect(results.length).toBeGreaterThan(50);
    expect(results.every(({ name }) => LEVEL.test(name))).toBe(true);
    expect({ must: failed('MUST'), should: failed('SHOULD') }).toEqual({ must: [], should: [] });
  });

  test('docs/api.md lists what a server MAY do, and whether this one does', () => {
    const rows = [
      ...readFileSync(join(__dirname, '..', '..', 'docs', 'api.md'), 'utf8').matchAll(
        /^\| ([0-9A-Z]{4}) \| (MAY.*?) \| (yes|no) \|/gm,
      ),
    ];
    const found = results.filter(({ name }) => name.startsWith('MAY'));
    expect(rows.map(([, ...cells]) => cells.join(' '))).toEqual(
      found.map(({ id, name, status }) => `${id} ${name} ${status === 'ok' ? 'yes' : 'no'}`),
    );
  });
});
