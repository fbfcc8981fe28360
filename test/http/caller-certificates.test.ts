/** Client certificates of callers, on a northbound listener with TLS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { httpTransport } from '../../src/simulator';
import { certificate, certificatePath, fingerprintOf, type CertificateName } from '../support/certificates';
import { startTestGateway, type TestGateway } from '../support/gateway';

let folder: string;
let gateway: TestGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moql-callers-'));
  const certificates = [
    { sha256: fingerprintOf('device-pinned').toUpperCase(), user: 'robot', admin: true },
    { subject: 'CN=named', user: 'named', admin: true, only: ['MANAGE_KEYS'] },
  ];
  writeFileSync(join(folder, 'moql.json'), JSON.stringify({ callers: { certificates } }));
  gateway = await startTestGateway({
    env: {
      MOQL_CONFIG: join(folder, 'moql.json'),
      MOQL_TLS_CERT: certificatePath('server-rsa'),
      MOQL_TLS_KEY: certificatePath('server-rsa', 'key'),
      MOQL_TLS_CA: certificatePath('ca'),
    },
  });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
}

/** Asks for accounts, which takes an administrator or MANAGE_ACCOUNTS. */
async function ask(
  name: CertificateName | undefined,
  headers: Readonly<Record<string, string>> = {},
  field = 'accounts',
): Promise<Answer> {
  const transport = httpTransport({ tls: { rejectUnauthorized: false, ...(name && certificate(name)) } });
  try {
    const { status, body } = await transport({
      method: 'POST',
      url: `${gateway.url}/graphql`,
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(JSON.stringify({ query: `{ ${field} { nodes { id } } }` })),
    });
    const { errors } = JSON.parse(Buffer.from(body).toString('utf8')) as {
      errors?: readonly { readonly extensions: { readonly code: string } }[];
    };
    return { status, code: errors?.[0]?.extensions.code };
  } finally {
    transport.close();
  }
}

test('one that the configuration names by its hash is as good as a key', async () => {
  expect(await ask('device-pinned')).toEqual({ status: 200, code: undefined });
});

test('one that it names by its subject counts where a known authority signed it, within its limit', async () => {
  expect(await ask('device-named')).toEqual({ status: 200, code: 'FORBIDDEN' });
  expect(await ask('device-named', {}, 'apiKeys')).toEqual({ status: 200, code: undefined });
});

test('none, another one, or one beside a key that is not good, is refused', async () => {
  for (const name of [undefined, 'server-ec'] as const)
    expect(await ask(name)).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  expect(await ask('device-pinned', { authorization: 'Bearer wrong' })).toMatchObject({ status: 401 });
  expect(await ask('server-ec', { authorization: `Bearer ${gateway.adminKey}` })).toMatchObject({ status: 200 });
});

test('a browser shows it in vain for the page of another site', async () => {
  const own = new URL(gateway.url).origin;
  expect(await ask('device-pinned', { origin: own })).toMatchObject({ status: 200 });
  for (const origin of ['https://evil.example', 'null'])
    expect(await ask('device-pinned', { origin })).toMatchObject({ status: 401 });
});
