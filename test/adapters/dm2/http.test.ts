import type { Inbound } from '../../../adapters/adapter';
import { createDm2Adapter } from '../../../adapters/dm2';
import {
  answerChallenge,
  basicAuthorization,
  digestChallenge,
  digestResponse,
  makeDigestNonce,
  parseAuthorization,
  verifyDigest,
} from '../../../adapters/http/auth';
import { describeShared } from '../../support/shared';
import { credential, DEVICE, given, inboundOf, only, type Reply } from './dialogue';
import { json, octets } from './vectors';

interface DigestCase {
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly response: string;
}
interface RequestCase {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly status: number;
}

const SECRET = { username: 'meter-01', secret: 'pump-secret' };
const END = [['END']];

describeShared('http-cases.json', () => {
  const cases = json<{
    basic: { username: string; password: string; authorization: string }[];
    digest: DigestCase[];
    challenge_example: string;
    requests: RequestCase[];
  }>('http-cases.json');

  test.each(cases.basic)('Basic of $username and $password', ({ username, password, authorization }) => {
    expect(basicAuthorization(username, password)).toBe(authorization);
    expect(parseAuthorization(authorization)).toEqual({ scheme: 'basic', username, password });
  });

  test.each(cases.digest)('Digest of $username at $uri', (entry) => {
    expect(digestResponse(entry)).toBe(entry.response);
  });

  test('the challenge has the form of the example', () => {
    expect(digestChallenge('dm.acme.test', 'MTc1MDAwMDAwMDpiMGYy')).toBe(cases.challenge_example);
  });

  for (const entry of cases.requests) {
    // Addresses beside those of the DM endpoint never reach the adapter.
    if (entry.name === 'unknown-address') continue;
    test(`${entry.name}: ${entry.status}`, () => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(entry.headers)) {
        const word = {
          '(good)': basicAuthorization('meter-01', 'pump-secret'),
          '(wrong)': basicAuthorization('meter-01', 'x'),
        }[value];
        headers[name.toLowerCase()] = word ?? value;
      }
      const foreign = headers['omadm-devid'] !== DEVICE;
      const device = given({ stranger: foreign, clientAuth: credential({ type: 'BASIC', ...SECRET }) });
      const token = /^\/dm\/2\/(.+)$/.exec(entry.path)?.[1];
      const inbound: Inbound = {
        method: entry.method,
        path: entry.path,
        ...(token === undefined ? {} : { token }),
        headers,
        body: entry.body === null ? new Uint8Array() : octets(entry.body),
        peer: { secure: true, loopback: false },
      };
      const reply = device.receives(inbound);
      if (entry.name === 'foreign-device') expect([401, 403]).toContain(reply.status);
      else expect(reply.status).toBe(entry.status);
      expect(reply.cmd).toEqual(END);
      expect(reply.headers['content-type']).toBe('application/vnd.oma.dm.request+json');
      if (reply.status === 415) expect(reply.headers['omadm-accept']).toContain('vnd.oma.dm.initiation+json');
      if (reply.status === 405) expect(reply.headers['allow']).toBe('POST');
      if (reply.status === 401) expect(reply.headers['www-authenticate']).toMatch(/^Digest realm=.*, Basic realm=/);
    });
  }
});

describe('HTTP Digest', () => {
  const key = Buffer.alloc(32, 1);
  const now = 1_750_000_000_000;
  const answer = (
    nonce: string,
    over: Partial<Parameters<typeof answerChallenge>[1]> = {},
  ): ReturnType<typeof parseAuthorization> =>
    parseAuthorization(
      answerChallenge(`${digestChallenge('dm.acme.test', nonce)}, Basic realm="dm.acme.test"`, {
        username: 'IMEI:1',
        password: 'pä:ss',
        method: 'POST',
        uri: '/dm/2',
        cnonce: 'f00d',
        count: 2,
        ...over,
      }),
    );
  const verify = (presented: ReturnType<typeof parseAuthorization>, at = now, uris = ['/dm/2']): string => {
    if (presented?.scheme !== 'digest') throw new Error('not a Digest');
    return verifyDigest(presented, {
      method: 'POST',
      uris,
      realms: ['dm.acme.test'],
      username: 'IMEI:1',
      secret: 'pä:ss',
      key,
      now: at,
    });
  };

  test('a client prefers Digest to Basic, and the server takes its answer', () => {
    expect(verify(answer(makeDigestNonce(key, now)))).toBe('OK');
  });

  test('Basic is answered where nothing else is offered, and nothing to unknown schemes', () => {
    const ask = { username: 'a', password: 'b', method: 'POST', uri: '/', cnonce: 'c', count: 1 };
    expect(answerChallenge('Basic realm="x, Digest"', ask)).toBe(basicAuthorization('a', 'b'));
    expect(answerChallenge('Negotiate, Bearer realm="x"', ask)).toBeUndefined();
    expect(answerChallenge('Digest realm="x", nonce="n", algorithm=SHA-256, qop="auth"', ask)).toBeUndefined();
  });

  test('an old nonce, or that of another key, is stale when the secret is right', () => {
    expect(verify(answer(makeDigestNonce(key, now)), now + 301_000)).toBe('STALE');
    expect(verify(answer(makeDigestNonce(Buffer.alloc(32, 2), now)))).toBe('STALE');
    expect(verify(answer('nonsense'))).toBe('STALE');
  });

  test('a wrong secret, user, address or method is wrong, whatever the nonce', () => {
    const nonce = makeDigestNonce(key, now);
    expect(verify(answer(nonce, { password: 'x' }))).toBe('WRONG');
    expect(verify(answer(nonce, { username: 'IMEI:2' }))).toBe('WRONG');
    expect(verify(answer(nonce, { method: 'GET' }))).toBe('WRONG');
    expect(verify(answer(nonce), now, ['/dm/2/T'])).toBe('WRONG');
    expect(verify(answer('nonsense', { password: 'x' }))).toBe('WRONG');
  });

  test.each(['Digest', 'Digest username', 'Basic', 'Basic !!', 'Basic YQ==', `Digest ${'x'.repeat(9000)}`, ''])(
    'the header %j is no credential',
    (header) => {
      expect(parseAuthorization(header)).toBeUndefined();
    },
  );
});

describe('Who a package is from', () => {
  const digest = credential({ type: 'HTTP_DIGEST', ...SECRET });
  const first = { Alert: [{ AlertType: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt' }] };
  const answered = (reply: Reply, password = 'pump-secret'): Record<string, string> => ({
    authorization:
      answerChallenge(reply.headers['www-authenticate'] ?? '', {
        username: 'meter-01',
        password,
        method: 'POST',
        uri: '/dm/2',
        cnonce: 'f00d',
        count: 1,
      }) ?? '',
  });

  test('Digest: challenged once, then taken; the same body again is no repeat of the refused one', () => {
    const device = given({ clientAuth: digest, commands: [{ kind: 'get', at: { moid: 'm:1', path: '' } }] });
    const challenge = device.posts(first);
    expect(challenge.status).toBe(401);
    expect(only(challenge.effects, 'refused')).toEqual([{ kind: 'refused', reason: 'no credentials', counted: false }]);

    const reply = device.posts(first, { headers: answered(challenge) });
    expect(reply.status).toBe(200);
    expect(reply.effects[0]).toEqual({ kind: 'authenticated', by: 'HTTP_DIGEST' });
    expect(reply.effects[1]).toEqual({ kind: 'deviceBound', deviceId: DEVICE, protocol: 'DM_2_0' });
    expect(reply.cmd.map(([name]) => name)).toEqual(['CONT', 'GET']);
  });

  test('a stale nonce is told so and does not count', () => {
    const device = given({ clientAuth: digest });
    const headers = answered(device.posts(first));
    device.wait(400_000);
    const reply = device.posts(first, { headers });
    expect(reply.headers['www-authenticate']).toContain('stale=true');
    expect(only(reply.effects, 'refused')[0]?.counted).toBe(false);
  });

  test('a wrong secret counts towards lock-out; a locked credential is not looked at', () => {
    const device = given({ clientAuth: digest });
    const reply = device.posts(first, { headers: answered(device.posts(first), 'wrong') });
    expect(only(reply.effects, 'refused')).toEqual([{ kind: 'refused', reason: 'wrong credentials', counted: true }]);

    const locked = given({ clientAuth: { ...digest, lockedUntil: 1_760_000_000_000 } });
    const refused = locked.posts(first, { headers: answered(locked.posts(first)) });
    expect(refused.status).toBe(401);
    expect(only(refused.effects, 'refused')[0]?.counted).toBe(false);
  });

  test('a refused package leaves the open session as it was', () => {
    const device = given({
      clientAuth: credential({ type: 'BASIC', ...SECRET }),
      commands: [{ kind: 'get', at: { moid: 'm:1', path: '' } }],
    });
    const good = { headers: { authorization: basicAuthorization('meter-01', 'pump-secret') } };
    device.posts(first, good);
    const before = device.stored?.state;
    expect(device.posts({}).status).toBe(401);
    expect(device.answers({ Status: [{ sc: 200 }, { sc: 404 }] }).status).toBe(401);
    expect(device.stored?.state).toEqual(before);
    expect(device.answers({ Status: [{ sc: 200 }, { sc: 404 }] }, good).cmd).toEqual(END);
  });

  test('strangers get the answer that known devices get with wrong credentials, and nothing is kept', () => {
    const body = { ...first, MOS: [{ MOID: 'm:1', MIID: ['i'] }] };
    const stranger = given({ stranger: true }).posts(body);
    const known = given({ clientAuth: digest }).posts(body);
    const shape = (reply: Reply): unknown => [
      reply.status,
      reply.cmd,
      Object.keys(reply.headers),
      reply.headers['www-authenticate']?.replace(/realm="[^"]*"/g, 'realm').replace(/nonce="[^"]*"/, 'nonce'),
    ];
    expect(shape(stranger)).toEqual(shape(known));
    expect(stranger.stateless).toBe(true);
    expect(stranger.effects.map((effect) => effect.kind)).toEqual(['refused']);
  });

  test('a device nobody knows registers with the credentials of an account that allows it', () => {
    const device = given({ stranger: true, autoRegister: true, clientAuth: digest });
    const challenge = device.posts(first);
    expect(challenge.stateless).toBe(true);
    expect(device.registered).toBe(false);
    const reply = device.posts(first, { headers: answered(challenge) });
    expect(reply.status).toBe(200);
    expect(device.registered).toBe(true);
  });

  test('Basic without TLS is taken on loopback only', () => {
    const options = { clientAuth: credential({ type: 'BASIC', ...SECRET }) };
    const headers = { authorization: basicAuthorization('meter-01', 'pump-secret') };
    expect(given(options).posts(first, { headers, peer: { secure: false, loopback: true } }).status).toBe(200);
    const refused = given(options).posts(first, { headers, peer: { secure: false, loopback: false } });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).not.toContain('Basic');
  });

  test('an account with Digest takes no Basic, an account with Basic takes Digest', () => {
    const headers = { authorization: basicAuthorization('meter-01', 'pump-secret') };
    expect(given({ clientAuth: digest }).posts(first, { headers }).status).toBe(401);
    const device = given({ clientAuth: credential({ type: 'BASIC', ...SECRET }) });
    expect(device.posts(first, { headers: answered(device.posts(first)) }).status).toBe(200);
  });

  test('a certificate is taken by its fingerprint, or by a URI that equals the DevID; another one is 403', () => {
    const clientAuth = credential({ type: 'X509' });
    const peer = (certSha256: string, certUris: readonly string[] = []): { peer: Inbound['peer'] } => ({
      peer: { secure: true, loopback: false, certSha256, certUris },
    });
    expect(given({ clientAuth, certSha256: 'AB' }).posts(first, peer('ab')).status).toBe(200);
    expect(given({ clientAuth, certSha256: 'ab' }).posts(first, peer('cd', [DEVICE])).status).toBe(403);
    expect(given({ clientAuth }).posts(first, peer('cd', [DEVICE])).status).toBe(200);
    expect(given({ clientAuth }).posts(first, peer('cd', ['IMEI:1'])).status).toBe(403);
    expect(given({ clientAuth }).posts(first).status).toBe(401);
  });

  test('a pre-shared key is taken by its identity', () => {
    const clientAuth = credential({ type: 'PSK', username: 'psk-1' });
    const peer = (pskIdentity: string): { peer: Inbound['peer'] } => ({
      peer: { secure: true, loopback: false, pskIdentity },
    });
    expect(given({ clientAuth }).posts(first, peer('psk-1')).status).toBe(200);
    expect(given({ clientAuth }).posts(first, peer('psk-2')).status).toBe(403);
  });

  test('overload is answered by END, never by a status that makes the client give up', () => {
    const wire = createDm2Adapter().busy(inboundOf({}));
    expect(wire.status).toBe(200);
    expect(JSON.parse(Buffer.from(wire.body).toString('utf8'))).toEqual({ CMD: END });
  });

  test.each([
    ['an alert, which nobody would know of after an END', 'urn:oma:at:lawmo:1.0:OperationComplete', 503],
    ['an alert that says how the session began', 'urn:oma:at:dm:2.0:ClientInitiatedMgmt', 200],
  ])('overload: a package with %s', (_what, type, status) => {
    const body = Buffer.from(JSON.stringify({ Alert: [{ AlertType: type }] }));
    const headers = { 'content-type': 'application/vnd.oma.dm.initiation+json' };
    const wire = createDm2Adapter().busy(inboundOf({ headers, body }));
    expect(wire.status).toBe(status);
    expect(JSON.parse(Buffer.from(wire.body).toString('utf8'))).toEqual({ CMD: END });
  });
});
