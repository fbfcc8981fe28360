import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadJose } from '../../src/access/jose';
import { AUDIT, addAudit } from '../../src/store/audit';
import { movePartitions } from '../../src/store/partitions';
import { startTestGateway, type GraphqlAnswer, type TestGateway } from '../support/gateway';
import { byEvents, byWebSocket } from '../support/subscriber';

let gateway: TestGateway;
let folder: string;
let issuer: Server;
let issuerUrl: string;
let privateKey: CryptoKey;
let clock = 0;
const now = (): number => Date.now() + clock;

beforeAll(async () => {
  const jose = await loadJose();
  const pair = await jose.generateKeyPair('ES256', { extractable: true });
  privateKey = pair.privateKey as CryptoKey;
  const keys = [{ ...(await jose.exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }];
  issuer = createServer((_request, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'moql-audit-'));
  const settings = {
    callers: {
      oidc: [{ issuer: issuerUrl, audience: 'moql', jwksUri: `${issuerUrl}/keys`, adminGroups: ['platform'] }],
      anonymous: { groups: ['readers'] },
    },
  };
  writeFileSync(join(folder, 'moql.json'), JSON.stringify(settings));
  gateway = await startTestGateway({ env: { MOQL_CONFIG: join(folder, 'moql.json') }, now });
});
afterAll(async () => {
  await gateway.close();
  issuer.close();
  rmSync(folder, { recursive: true });
});

async function token(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { SignJWT } = await loadJose();
  const at = Math.floor(now() / 1000);
  return new SignJWT({ iss: issuerUrl, aud: 'moql', sub: 'ada', exp: at + 300, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .sign(privateKey);
}

interface Told {
  readonly principal: string;
  readonly name: string;
  readonly action: string;
  readonly subjects: readonly string[];
  readonly arguments: unknown;
  readonly outcome: string;
  readonly remote: string | null;
  readonly times: number;
}

const AUDIT_QUERY = `query ($where: AuditFilter, $first: Int, $after: String) { audit(where: $where, first: $first, after: $after) {
  nodes { at principal name action subjects arguments outcome remote times } pageInfo { hasNextPage endCursor } } }`;

async function audit(where: Readonly<Record<string, unknown>> = {}): Promise<readonly Told[]> {
  return (await gateway.graphql(AUDIT_QUERY, { where })).data.audit.nodes;
}

const codeOf = (answer: GraphqlAnswer): unknown => answer.errors?.[0]?.extensions['code'];
const CREATE = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }';
const GRANT = 'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }';

describe('the audit log', () => {
  test('tells who did what, to what, from where, and how it ended, and no secret', async () => {
    const input = {
      serverId: 'audited.example',
      clientAuth: { type: 'BASIC', username: 'hidden user', secret: 'hidden secret' },
    };
    const { data } = await gateway.graphql(CREATE, { input });
    expect(await audit({ action: 'createAccount' })).toEqual([
      {
        at: expect.any(String) as string,
        principal: 'key:admin',
        name: 'administrator',
        action: 'createAccount',
        subjects: [data.createAccount.id],
        arguments: {
          input: {
            serverId: 'audited.example',
            clientAuth: { type: 'BASIC', username: '…', secret: '…' },
            autoRegister: false,
          },
        },
        outcome: 'OK',
        remote: '127.0.0.1',
        times: 1,
      },
    ]);
    const [row] = await gateway.db.sql.query<{ all: string }>(`SELECT string_agg(a::text, ' ') AS all FROM audit a`);
    expect(row?.all).not.toContain('hidden');
  });

  test('tells of what was refused, too', async () => {
    const input = { deviceId: 'urn:uuid:none', commands: [{ get: { address: { moid: 'urn:x', path: 'a' } } }] };
    const submit = 'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }';
    expect(codeOf(await gateway.graphql(submit, { input }))).toBe('NOT_FOUND');
    expect(codeOf(await gateway.graphql(CREATE, { input: { serverId: 'x' } }, await token()))).toBe('FORBIDDEN');
    expect(await audit({ subject: 'urn:uuid:none' })).toMatchObject([
      {
        action: 'submitOperation',
        outcome: 'NOT_FOUND',
        arguments: { input: { commands: [{ get: { address: { path: 'a' } } }] } },
      },
    ]);
    expect(await audit({ principal: 'user:ada' })).toMatchObject([{ action: 'createAccount', outcome: 'FORBIDDEN' }]);
  });

  test('costs a mutation one statement', async () => {
    const statements: string[] = [];
    const stop = gateway.db.onStatement((text) => void statements.push(text));
    await gateway.graphql('mutation { revokeApiKey(id: "x") { id } }');
    stop();
    expect(statements.filter((text) => /audit/.test(text))).toHaveLength(1);
  });

  test('is for who has READ_AUDIT, and lists the latest first, in pages', async () => {
    const made = await gateway.graphql(
      'mutation { createApiKey(input: { name: "auditor" }) { key apiKey { principal } } }',
    );
    const { key, apiKey } = made.data.createApiKey;
    expect(codeOf(await gateway.graphql(AUDIT_QUERY, {}, key))).toBe('FORBIDDEN');
    await gateway.graphql(GRANT, { input: { principal: apiKey.principal, right: 'READ_AUDIT' } });
    const first = (await gateway.graphql(AUDIT_QUERY, { first: 1 }, key)).data.audit;
    expect(first.nodes).toMatchObject([
      { action: 'createGrant', arguments: { input: { principal: apiKey.principal } } },
    ]);
    const second = (await gateway.graphql(AUDIT_QUERY, { first: 1, after: first.pageInfo.endCursor }, key)).data.audit;
    expect(second.nodes).toMatchObject([{ action: 'createApiKey', subjects: [expect.any(String)] }]);
  });

  test('counts refused credentials by address, once a minute', async () => {
    for (let time = 0; time < 5; time += 1)
      expect((await gateway.graphql('{ __typename }', {}, 'wrong')).status).toBe(401);
    expect(await audit({ action: 'refusedCredential' })).toEqual([]);
    clock += 61_000;
    await gateway.timers.runOnce();
    expect(await audit({ action: 'refusedCredential' })).toMatchObject([
      { principal: 'nobody', outcome: 'UNAUTHENTICATED', remote: '127.0.0.1', times: 5 },
    ]);
  });

  test('is not changed by anybody, and goes by whole days', async () => {
    const { sql } = gateway.db;
    for (const statement of [
      "UPDATE audit SET outcome = 'OK'",
      'DELETE FROM audit',
      'TRUNCATE audit',
      'DELETE FROM audit_rest',
      "UPDATE audit_rest SET name = 'x'",
    ]) {
      // A row beside the partitions as well.
      await addAudit(sql, [{ ...ROW, at: new Date('2001-02-03T04:05:06Z') }]);
      await expect(sql.query(statement)).rejects.toThrow('never changed');
    }
    const before = (await audit()).length;
    const kept = { now: new Date(now()), keepFrom: new Date('2001-02-04T00:00:00Z') };
    await movePartitions(sql, AUDIT, { ...kept, keepFrom: new Date(now() - 86_400_000) });
    expect((await audit({ before: '2002-01-01T00:00:00Z' })).length).toBe(0);
    expect((await audit()).length).toBeGreaterThan(before - 6);
  });
});

const ROW = {
  principal: 'key:1',
  name: 'x',
  action: 'x',
  subjects: [],
  arguments: {},
  outcome: 'OK',
  remote: null,
  times: 1,
};

describe('a token', () => {
  test('comes in by every entrance, and its end ends what it listens to', async () => {
    const short = await token({ sub: 'grace', exp: Math.floor(now() / 1000) + 5, groups: ['platform'] });
    expect((await gateway.graphql('{ apiKeys { nodes { name } } }', {}, short)).errors).toBeUndefined();
    const { id: after } = (await gateway.graphql('{ events(first: 1) { nodes { id } } }')).data.events.nodes[0];
    const listening = 'subscription ($after: ID) { events(after: $after) { type } }';
    const subscribers = await Promise.all(
      [byWebSocket, byEvents].map((by) => by({ url: gateway.url, key: short }, listening, { after })),
    );
    for (const subscriber of subscribers) await subscriber.next();
    clock += 60_000;
    const late = await gateway.graphql('{ __typename }', {}, short);
    expect([late.status, codeOf(late)]).toEqual([401, 'UNAUTHENTICATED']);
    // That some key changed has everybody looked at again, as the clock does.
    const { apiKey } = (await gateway.graphql('mutation { createApiKey(input: { name: "x" }) { apiKey { id } } }')).data
      .createApiKey;
    await gateway.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: apiKey.id });
    for (const subscriber of subscribers)
      expect((await subscriber.rest()).at(-1)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  test('has the grants of its groups, and so has what the gateway does in its name', async () => {
    const field = '{ accounts { nodes { serverId } } }';
    const ops = await token({ groups: ['ops'] });
    expect(codeOf(await gateway.graphql(field, {}, ops))).toBe('FORBIDDEN');
    await gateway.graphql(GRANT, { input: { principal: 'group:ops', right: 'MANAGE_ACCOUNTS' } });
    expect((await gateway.graphql(field, {}, ops)).errors).toBeUndefined();
    expect(await gateway.db.prisma.knownUser.findUnique({ where: { principal: 'user:ada' } })).toMatchObject({
      groups: ['group:ops'],
      admin: false,
    });
  });
});

test('whoever shows nothing has what is granted to their groups, and nothing else', async () => {
  const devices = await gateway.graphql('{ devices { nodes { deviceId } } accounts { nodes { id } } }', {}, null);
  expect([devices.status, codeOf(devices)]).toEqual([200, 'FORBIDDEN']);
});
