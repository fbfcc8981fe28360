import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

import { certificatePath, fingerprintOf, type CertificateName } from '../support/certificates';
import { moql, startMoql, type Running } from './moql';

const dataDir = mkdtempSync(join(tmpdir(), 'moql-serve-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const ENV = { MOQL_DATA_DIR: dataDir, PORT: '0' };

interface Served {
  readonly process: Running;
  readonly url: string;
  readonly port: string;
}

async function serve(env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const process = startMoql(['serve'], { ...ENV, ...env });
  const [, url = ''] = await process.says(/"url":"([^"]+)"[^\n]*moql listens/);
  return { process, url, port: new URL(url).port };
}

async function ask(url: string, key: string, query: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return (await answer.json()) as unknown;
}

test('moql serves until it is asked to end, and one process at a time has its data', async () => {
  const first = await serve();
  const [, key = ''] = await first.process.says(/shown this once: (\S+)/);
  expect(await ask(first.url, key, '{ accounts { nodes { id } } }')).toEqual({ data: { accounts: { nodes: [] } } });

  // A second gateway, and a command that needs the database.
  const second = await startMoql(['serve'], ENV).ended;
  expect(second.code).toBe(1);
  expect(second.err).toContain(`process ${first.process.pid}`);
  expect(await moql(['migrate'], ENV)).toMatchObject({
    code: 1,
    err: expect.stringContaining(`process ${first.process.pid}`),
  });

  // A key comes through the gateway, when it is told how to ask.
  const untold = await moql(['key', 'create', '--name', 'billing'], ENV);
  expect(untold).toMatchObject({ code: 1, err: expect.stringMatching(/MOQL_ADMIN_KEY.*PORT/) });
  const wrong = await moql(['key', 'create', '--name', 'billing'], {
    ...ENV,
    PORT: first.port,
    MOQL_ADMIN_KEY: 'wrong',
  });
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('refused') });
  const told = await moql(['key', 'create', '--name', 'billing', '--admin', '--expires-in', 'P1D'], {
    ...ENV,
    PORT: first.port,
    MOQL_ADMIN_KEY: key,
  });
  expect(told).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^moql_[\w-]{43}$/) });
  expect(await ask(first.url, told.out, '{ apiKeys { nodes { name admin } } }')).toMatchObject({
    data: { apiKeys: { nodes: [{ admin: true }, { name: 'billing', admin: true }] } },
  });

  // It ends in good order, and what was stored is there again; no second first key is made.
  first.process.signal('SIGTERM');
  expect(await first.process.ended).toMatchObject({ code: 0, err: '' });
  const offline = await moql(['key', 'create', '--name', 'night'], ENV);
  expect(offline.out).toMatch(/^moql_/);
  expect(await moql(['migrate'], ENV)).toEqual({ code: 0, out: 'nothing to apply', err: '' });

  const third = await serve();
  expect(await ask(third.url, key, '{ apiKeys { nodes { name } } }')).toMatchObject({
    data: { apiKeys: { nodes: [{}, { name: 'billing' }, { name: 'night' }] } },
  });
  third.process.signal('SIGINT');
  const ended = await third.process.ended;
  expect(ended.code).toBe(0);
  expect(ended.out).not.toContain('shown this once');
}, 120_000);

test('exit codes reach the shell', async () => {
  expect(await startMoql(['--help']).ended).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: moql/) });
  expect(await startMoql(['key', 'create']).ended).toMatchObject({ code: 2 });
  expect(await startMoql(['ddf', 'check', 'nowhere.xml']).ended).toMatchObject({ code: 1 });
});

test('SIGHUP makes it show new certificates', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moql-hup-'));
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'cert.key')];
  const use = (name: CertificateName): void => {
    copyFileSync(certificatePath(name, 'key'), key);
    copyFileSync(certificatePath(name), cert);
  };
  const config = join(directory, 'config.json');
  // Only the signal is to do it.
  writeFileSync(config, JSON.stringify({ tls: { watchMs: 3_600_000 } }));
  use('server-ec');
  const { process, port } = await serve({
    MOQL_DATA_DIR: join(directory, 'data'),
    MOQL_TLS_CERT: cert,
    MOQL_TLS_KEY: key,
    MOQL_CONFIG: config,
  });
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256.replace(/:/g, '').toLowerCase());
        socket.destroy();
      });
      socket.on('error', reject);
    });
  expect(await shown()).toBe(fingerprintOf('server-ec'));
  use('server-next');
  expect(await shown()).toBe(fingerprintOf('server-ec'));
  process.signal('SIGHUP');
  await process.says(/certificates were read again/);
  expect(await shown()).toBe(fingerprintOf('server-next'));
  process.signal('SIGTERM');
  expect((await process.ended).code).toBe(0);
  rmSync(directory, { recursive: true });
}, 120_000);
