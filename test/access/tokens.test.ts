import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createCallers, type Callers } from '../../src/access/callers';
import { loadJose } from '../../src/access/jose';
import { callerOfClaims, encodeName } from '../../src/access/token-claims';
import { createTokens, isToken, type IssuerSettings, type Tokens } from '../../src/access/tokens';
import type { Caller } from '../../src/management/types';
import { refusalOf } from '../support/administration';

type Key = Awaited<ReturnType<Awaited<ReturnType<typeof loadJose>>['generateKeyPair']>>;

const AUDIENCE = 'moql';
let jose: Awaited<ReturnType<typeof loadJose>>;
let server: Server;
let issuer: string;
/** What the issuer answers for its keys. */
let published: readonly object[];
let isAway: boolean;
let asked: string[];
let first: Key;
let second: Key;
let tokens: Tokens;
let refusals: string[];
let seen: Caller[];

beforeAll(async () => {
  jose = await loadJose();
  first = await jose.generateKeyPair('RS256', { extractable: true });
  second = await jose.generateKeyPair('ES256', { extractable: true });
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (isAway) return void response.writeHead(503).end();
    const isDiscovery = request.url === '/.well-known/openid-configuration';
    const body = isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: published };
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(async () => {
  published = [await publicOf(first, 'one', 'RS256')];
  isAway = false;
  asked = [];
  tokens = checked();
});

function settings(more: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    issuer,
    audience: [AUDIENCE],
    algorithms: ['RS256', 'ES256'],
    prefix: '',
    nameClaim: 'sub',
    groupsClaim: 'groups',
    adminGroups: ['platform'],
    scopePrefix: 'moql:',
    clockToleranceMs: 1_000,
    timeoutMs: 2_000,
    cooldownMs: 0,
    keysKeptMs: 60_000,
    ...more,
  };
}

function checked(more: Partial<IssuerSettings> = {}, now?: () => number): Tokens {
  refusals = [];
  seen = [];
  return createTokens({
    issuers: [settings(more)],
    refused: (reason) => refusals.push(reason),
    seen: (caller) => Promise.resolve(void seen.push(caller)),
    now,
  });
}

async function publicOf(key: Key, kid: string, alg: string): Promise<object> {
  return { ...(await jose.exportJWK(key.publicKey)), kid, alg, use: 'sig' };
}

interface Wish {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: Parameters<InstanceType<typeof jose.SignJWT>['sign']>[0];
}

function sign({ claims = {}, header = {}, key = first.privateKey }: Wish = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new jose.SignJWT({ iss: issuer, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 300, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .sign(key);
}

describe('a token that its issuer signed', () => {
  test('tells the user, its groups, and whether it is an administrator', async () => {
    const token = await sign({ claims: { groups: ['ops', 'field team'] } });
    const ada = { principal: 'user:ada', name: 'ada', admin: false, groups: ['group:field%20team', 'group:ops'] };
    expect(await tokens.authenticate(token)).toEqual(ada);
    expect(seen).toEqual([ada]);
    expect(await tokens.authenticate(await sign({ claims: { groups: ['platform'] } }))).toMatchObject({ admin: true });
  });

  test('is believed for a while, and its issuer asked once', async () => {
    const token = await sign();
    for (let time = 0; time < 3; time += 1) expect(await tokens.authenticate(token)).not.toBeNull();
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    expect(seen).toHaveLength(1);
  });

  test('is good with a key that was published after the others were fetched, and no longer with one that was taken away', async () => {
    expect(await tokens.authenticate(await sign())).not.toBeNull();
    published = [await publicOf(second, 'two', 'ES256')];
    const rotated = await sign({ header: { alg: 'ES256', kid: 'two' }, key: second.privateKey });
    expect(await tokens.authenticate(rotated)).not.toBeNull();
    expect(await tokens.authenticate(await sign({ claims: { sub: 'eve' } }))).toBeNull();
  });

  test('limits its caller to the rights of its scope, to none where it has none', async () => {
    tokens = checked({ scopeClaim: 'scope' });
    const withScope = await sign({ claims: { scope: 'openid moql:READ moql:EXECUTE moql:EVERYTHING' } });
    expect(await tokens.authenticate(withScope)).toMatchObject({ only: ['READ', 'EXECUTE'] });
    expect(await tokens.authenticate(await sign())).toMatchObject({ only: [] });
  });

  test('ends by the clock, also while it is believed', async () => {
    let now = Date.now();
    tokens = checked({ clockToleranceMs: 0 }, () => now);
    const token = await sign({ claims: { exp: Math.floor(now / 1000) + 10 } });
    expect(await tokens.authenticate(token)).not.toBeNull();
    now += 11_000;
    expect(await tokens.authenticate(token)).toBeNull();
    expect(refusals).toEqual(['ERR_JWT_EXPIRED exp']);
  });
});

describe('nobody comes in with', () => {
  const now = Math.floor(Date.now() / 1000);
  const cases: readonly (readonly [string, Wish, string])[] = [
    ['a token for another audience', { claims: { aud: 'billing' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['one without an audience', { claims: { aud: undefined } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['one of an issuer that is not known', { claims: { iss: 'https://evil.example' } }, 'UNKNOWN_ISSUER'],
    ['one that is over', { claims: { exp: now - 3600 } }, 'ERR_JWT_EXPIRED exp'],
    ['one without an end', { claims: { exp: undefined } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    ['one that is not good yet', { claims: { nbf: now + 3600 } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf'],
    ['one that names nobody', { claims: { sub: undefined } }, 'NO_NAME'],
    ['one whose name is not text', { claims: { sub: { a: 1 } } }, 'BAD_NAME'],
    ['one that takes the name of whoever shows nothing', { claims: { sub: 'anonymous' } }, 'BAD_NAME'],
    ['one whose groups are no list of texts', { claims: { groups: [{ a: 1 }] } }, 'BAD_GROUPS'],
    [
      'one in a thousand groups',
      { claims: { groups: Array.from({ length: 501 }, (_, at) => `g${at}`) } },
      'TOO_MANY_GROUPS',
    ],
  ];
  test.each(cases)('%s', async (_name, wish, reason) => {
    expect(await tokens.authenticate(await sign(wish))).toBeNull();
    expect(refusals.join()).toContain(reason);
  });

  test('a token that another key signed', async () => {
    const other = await jose.generateKeyPair('RS256');
    expect(await tokens.authenticate(await sign({ key: other.privateKey }))).toBeNull();
    expect(refusals).toEqual(['ERR_JWS_SIGNATURE_VERIFICATION_FAILED']);
  });

  test('an unsigned one', async () => {
    const [, payload = ''] = (await sign()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    expect(await tokens.authenticate(`${header}.${payload}.`)).toBeNull();
    expect(asked).toEqual([]);
  });

  test('one that the public key signed as if it were a secret', async () => {
    const pem = await jose.exportSPKI(first.publicKey);
    const confused = await sign({ header: { alg: 'HS256' }, key: new TextEncoder().encode(pem) });
    expect(await tokens.authenticate(confused)).toBeNull();
    expect(refusals).toEqual(['ERR_JOSE_ALG_NOT_ALLOWED']);
  });

  test('one that brings its own key, or says where to fetch it', async () => {
    const own = await jose.generateKeyPair('RS256', { extractable: true });
    const jwk = await jose.exportJWK(own.publicKey);
    for (const header of [{ jwk }, { jku: `${issuer}/evil`, kid: 'evil' }, { x5u: `${issuer}/evil` }])
      expect(await tokens.authenticate(await sign({ header, key: own.privateKey }))).toBeNull();
    expect(asked).not.toContain('/evil');
  });

  test('a monstrous one, or one that is none', async () => {
    expect(await tokens.authenticate(await sign({ claims: { more: 'x'.repeat(20_000) } }))).toBeNull();
    for (const text of ['a.b.c', '..', 'e30.e30.', `${'a'.repeat(300)}.b.c`])
      expect(await tokens.authenticate(text)).toBeNull();
    expect(asked).toEqual([]);
  });
});

describe('an issuer that is away', () => {
  test('is a refusal with a code, and not asked at each token again', async () => {
    isAway = true;
    tokens = checked({ cooldownMs: 60_000 });
    for (let time = 0; time < 3; time += 1)
      expect((await refusalOf(tokens.authenticate(await sign()))).code).toBe('ISSUER_AWAY');
    expect(asked).toEqual(['/.well-known/openid-configuration']);
  });

  test('leaves tokens of keys that are known as good as they are', async () => {
    expect(await tokens.authenticate(await sign())).not.toBeNull();
    isAway = true;
    expect((await refusalOf(tokens.authenticate(await sign({ header: { kid: 'new' } })))).code).toBe('ISSUER_AWAY');
    expect(await tokens.authenticate(await sign({ claims: { sub: 'grace' } }))).not.toBeNull();
  });

  test('must name itself in its own configuration', async () => {
    tokens = checked({ issuer: `${issuer}/` });
    expect((await refusalOf(tokens.authenticate(await sign({ claims: { iss: `${issuer}/` } })))).code).toBe(
      'ISSUER_AWAY',
    );
  });
});

describe('names', () => {
  const rules = { prefix: '', nameClaim: 'sub', groupsClaim: ['realm', 'roles'], adminGroups: [], scopePrefix: '' };

  test('of two users, or of two issuers, are never one principal', () => {
    expect(new Set(['a b', 'a%20b', 'a:b', 'a%3Ab', 'a\tb', 'a\0b'].map(encodeName)).size).toBe(6);
    for (const name of ['a b', 'x:y', 'ü', '%', '\u2028', 'https://x/y'])
      expect(`user:${encodeName(name)}`).toMatch(/^user:[^\s:]+$/);
    const prefixed = callerOfClaims({ sub: 'ada' }, { ...rules, prefix: 'corp/' });
    expect(prefixed).toMatchObject({ caller: { principal: 'user:corp/ada' } });
  });

  test('of groups may lie deeper, where a list leads to them', () => {
    const claimed = callerOfClaims({ sub: 'ada', realm: { roles: ['ops', 'ops'] } }, rules);
    expect(claimed).toMatchObject({ caller: { groups: ['group:ops'] } });
    expect(callerOfClaims({ sub: 'ada', realm: 'none' }, rules)).toMatchObject({ caller: { groups: [] } });
  });
});

describe('whoever calls', () => {
  const ofKey: Caller = { principal: 'key:7', name: 'billing', admin: false };
  const keys = {
    authenticate: (bearer: string) => Promise.resolve(bearer === 'moql_good' ? ofKey : null),
    callerOf: () => Promise.resolve(null),
  };
  const certificate = { sha256: 'ab'.repeat(32), subject: 'CN=ops, O=Example' };
  let refused: number;
  const callers = (more: Partial<Parameters<typeof createCallers>[0]> = {}): Callers => {
    refused = 0;
    return createCallers({ keys, refused: () => (refused += 1), ...more });
  };

  test('shows a key, a token, or nothing, which is refused where it is not configured', async () => {
    const all = callers({ tokens });
    expect(await all.authenticate({ authorization: 'Bearer moql_good' })).toBe(ofKey);
    expect(await all.authenticate({ authorization: `bearer ${await sign()}` })).toMatchObject({
      principal: 'user:ada',
    });
    expect(await all.authenticate({ authorization: undefined })).toBeNull();
    expect(refused).toBe(0);
    for (const authorization of ['', 'Bearer', 'Bearer moql_bad', 'Basic moql_good', 'Bearer a b'])
      expect(await all.authenticate({ authorization })).toBeNull();
    expect(refused).toBe(5);
  });

  test('keeps its key while the issuer of others is away', async () => {
    isAway = true;
    expect(await callers({ tokens: checked() }).authenticate({ authorization: 'Bearer moql_good' })).toBe(ofKey);
  });

  test('is anonymous where that is configured, never an administrator, and not with a bad key', async () => {
    const open = callers({ anonymous: { groups: ['readers'] } });
    const nobody = { principal: 'user:anonymous', name: 'anonymous', admin: false, groups: ['group:readers'] };
    expect(await open.authenticate({ authorization: undefined })).toEqual(nobody);
    expect(await open.authenticate({ authorization: 'Bearer moql_bad' })).toBeNull();
    expect(await open.callerOf('user:anonymous')).toEqual(nobody);
  });

  test('is known by a certificate, by its hash or by the subject that an authority vouches for', async () => {
    const rule = { groups: ['ops'], admin: false };
    const byHash = callers({ certificates: [{ ...rule, sha256: certificate.sha256, user: 'robot' }] });
    const shown = { authorization: undefined, certificate };
    expect(await byHash.authenticate(shown)).toMatchObject({ principal: 'user:robot', groups: ['group:ops'] });
    expect(await byHash.callerOf('user:robot')).toMatchObject({ principal: 'user:robot' });
    expect(await byHash.authenticate({ ...shown, authorization: 'Bearer moql_good' })).toBe(ofKey);
    const bySubject = callers({ certificates: [{ ...rule, subject: certificate.subject, user: 'robot' }] });
    expect(await bySubject.authenticate(shown)).not.toBeNull();
    expect(await bySubject.authenticate({ ...shown, certificate: { sha256: certificate.sha256 } })).toBeNull();
  });

  test('has a key that does not look like a token', () => {
    expect(isToken('moql_abc')).toBe(false);
    expect(isToken('a.b.c')).toBe(true);
  });
});
