import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startGateway, StartError } from '../../src/cli/gateway';
import { createLog } from '../../src/cli/log';
import { testDatabase } from '../support/database';
import { ddfSource } from '../support/ddf-sources';
import { startTestGateway, testConfiguration } from '../support/gateway';
import { moql } from './moql';

const log = createLog('silent');

test('a gateway answers GraphQL to who has a key, and to nobody else', async () => {
  const gateway = await startTestGateway();
  try {
    expect(await gateway.graphql('{ devices { nodes { deviceId } } }')).toEqual({
      status: 200,
      data: { devices: { nodes: [] } },
    });
    expect(await gateway.graphql('{ devices { nodes { deviceId } } }', {}, null)).toMatchObject({
      status: 401,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  } finally {
    await gateway.close();
  }
});

test('simulated devices of both protocols come, are authenticated and show their management objects', async () => {
  const gateway = await startTestGateway();
  try {
    const create = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }';
    for (const [serverId, type, username] of [
      ['one.example', 'DIGEST_MD5', 'fleet-1'],
      ['two.example', 'HTTP_DIGEST', 'fleet-2'],
    ]) {
      const answer = await gateway.graphql(create, {
        input: { serverId, autoRegister: true, clientAuth: { type, username, secret: 's3cret' } },
      });
      expect(answer.errors).toBeUndefined();
    }
    const common = ['--secret', 's3cret', '--once'];
    const dm1 = await moql([
      'simulate',
      '--protocol',
      'dm1',
      '--url',
      `${gateway.url}/dm/1`,
      '--device-id',
      'IMEI:493005100592800',
      '--wbxml',
      '--auth',
      'md5',
      '--user',
      'fleet-1',
      ...common,
    ]);
    expect(dm1).toMatchObject({ code: 0, out: expect.stringMatching(/ended by the server, authenticated$/) });
    const dm2 = await moql([
      'simulate',
      '--protocol',
      'dm2',
      '--url',
      `${gateway.url}/dm/2`,
      '--device-id',
      'IMEI:493005100592818',
      '--auth',
      'digest',
      '--user',
      'fleet-2',
      ...common,
    ]);
    expect(dm2).toMatchObject({ code: 0, out: expect.stringMatching(/ended by the server, authenticated$/) });

    const { data } = await gateway.graphql('{ devices { nodes { deviceId protocol managementObjects { moid } } } }');
    expect(data.devices.nodes).toMatchObject([
      {
        deviceId: 'IMEI:493005100592800',
        protocol: 'DM_1_2',
        managementObjects: expect.arrayContaining([{ moid: 'urn:oma:mo:oma-dm-devinfo:1.0' }]),
      },
      {
        deviceId: 'IMEI:493005100592818',
        protocol: 'DM_2_0',
        managementObjects: expect.arrayContaining([{ moid: 'urn:oma:mo:oma-dm-devinfo:1.2' }]),
      },
    ]);
  } finally {
    await gateway.close();
  }
});

test('devices may have a listener of their own', async () => {
  const gateway = await startTestGateway({ env: { MOQL_DEVICE_PORT: '0' } });
  try {
    expect(gateway.deviceUrl).not.toBe(gateway.url);
    const post = async (url: string): Promise<number> =>
      (await fetch(`${url}/dm/1`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })).status;
    expect([await post(gateway.url), await post(gateway.deviceUrl)]).toEqual([404, 415]);
    expect((await fetch(`${gateway.deviceUrl}/graphql`)).status).toBe(404);
  } finally {
    await gateway.close();
  }
});

test('devices are told the public address', async () => {
  const gateway = await startTestGateway({ env: { MOQL_PUBLIC_URL: 'https://dm.example/' } });
  expect(gateway.deviceUrl).toBe('https://dm.example');
  await gateway.close();
});

test('files of MOQL_DDF_DIR are in the schema', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moql-ddf-'));
  writeFileSync(join(directory, 'pump.xml'), ddfSource('Pump'));
  writeFileSync(join(directory, 'utf16.xml'), Buffer.from(`\ufeff${ddfSource('Valve')}`, 'utf16le'));
  writeFileSync(join(directory, 'notes.txt'), 'no DDF');
  const gateway = await startTestGateway({ env: { MOQL_DDF_DIR: directory }, log });
  try {
    const { data } = await gateway.graphql('{ __schema { types { name } } }');
    expect(data.__schema.types.map((type: { name: string }) => type.name)).toEqual(
      expect.arrayContaining(['ExamplePump', 'ExampleValve', 'DevInfo']),
    );
  } finally {
    await gateway.close();
    rmSync(directory, { recursive: true });
  }
});

test('files of MOQL_DDF_DIR go into the store by what they say; a start without the variable gives the same schema', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moql-ddf-'));
  const db = await testDatabase();
  /** The same database for one gateway after the other. */
  const kept = Object.create(db, { close: { value: () => Promise.resolve() } }) as typeof db;
  const served = async (env: Readonly<Record<string, string>>): Promise<{ sdl: string; files: readonly unknown[] }> => {
    const gateway = await startTestGateway({ env, log, db: kept });
    try {
      const headers = { authorization: `Bearer ${gateway.adminKey}` };
      const answer = await fetch(`${gateway.url}/schema.graphql`, { headers });
      const { data } = await gateway.graphql('{ ddfs { nodes { sha256 origin moids } } }');
      const files = data.ddfs.nodes.filter(({ origin }: { origin: string }) => origin === 'DIRECTORY');
      return { sdl: await answer.text(), files };
    } finally {
      await gateway.close();
    }
  };
  try {
    const pump = ddfSource('Pump');
    writeFileSync(join(directory, 'pump.xml'), pump);
    writeFileSync(join(directory, 'the-same-again.ddf'), pump);
    const first = await served({ MOQL_DDF_DIR: directory });
    expect(first.files).toEqual([
      {
        sha256: createHash('sha256').update(pump).digest('hex'),
        origin: 'DIRECTORY',
        moids: ['urn:oma:mo:ext-example-pump:1.0'],
      },
    ]);
    expect(first.sdl).toContain('type ExamplePump');
    expect(await served({})).toEqual(first);
  } finally {
    await db.close();
    rmSync(directory, { recursive: true });
  }
});

test('a start that cannot be says why and leaves nothing open', async () => {
  const rival = createServer().listen(0, '127.0.0.1');
  await new Promise<void>((resolve) => rival.once('listening', () => resolve()));
  const { port } = rival.address() as AddressInfo;
  const db = await testDatabase();
  await expect(
    startGateway(testConfiguration({ PORT: String(port), MOQL_ADMIN_KEY: 'k' }), { db, log }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(db.sql.query('SELECT 1')).rejects.toThrow();
  rival.close();

  // What the settings name and cannot be used is told before there is a database.
  const above = mkdtempSync(join(tmpdir(), 'moql-start-'));
  const MOQL_DATA_DIR = join(above, 'data');
  const unusable: readonly Record<string, string>[] = [
    { MOQL_TLS_CERT: '/nowhere', MOQL_TLS_KEY: '/nowhere' },
    { MOQL_DDF_DIR: '/nowhere' },
  ];
  for (const settings of unusable) {
    const start = startGateway(testConfiguration({ MOQL_DATA_DIR, ...settings }), { log });
    await expect(start).rejects.toThrow(StartError);
    await expect(start).rejects.toThrow(/^MOQL_(?:TLS_CERT|DDF_DIR): /);
  }
  expect(existsSync(MOQL_DATA_DIR)).toBe(false);
  rmSync(above, { recursive: true });
});
