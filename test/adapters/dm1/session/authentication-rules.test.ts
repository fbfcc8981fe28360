import type { AccountKnowledge, Context, CredentialKnowledge, CredentialType } from '../../../../adapters/adapter';
import {
  basicCredential,
  digestOf,
  HMAC_HEADER,
  hmacOf,
  md5Credential,
  readHmacHeader,
  verifyHmac,
  writeHmacHeader,
} from '../../../../adapters/dm1/credential';
import { encodeMessage } from '../../../../adapters/dm1/codec';
import type { Cred, Message } from '../../../../adapters/dm1/message';
import { answerChallenge } from '../../../../adapters/http/auth';
import {
  answers,
  BASE_URL,
  command,
  credential,
  DEVICE,
  Dialogue,
  type Given,
  type inbound,
  message,
  octets,
  package1,
  serverCredential,
  status,
  TOKEN,
} from './dialogue';

const SECRET = 's3cret-Client';
const ZERO_OCTETS = new Uint8Array(4);
const ZERO_TEXT = Buffer.from('0x00000000', 'ascii');

const md5 = (nonce: Uint8Array, secret = SECRET): Cred => ({
  meta: { format: 'b64', type: 'syncml:auth-md5' },
  data: { kind: 'text', text: md5Credential(digestOf('dev-0001', secret), nonce) },
});
const basic = (secret = SECRET): Cred => ({
  meta: { format: 'b64', type: 'syncml:auth-basic' },
  data: { kind: 'text', text: basicCredential('dev-0001', secret) },
});
const codes = (reply: Message): string[] => reply.body.map((item) => (item.kind === 'Status' ? item.data : item.kind));
const get = (id: string): never => command({ kind: 'get', at: { uri: './A' }, depth: 0, id } as never) as never;
const textOf = (nonce: unknown): string => (nonce as { text: string }).text;

/** A dialogue whose context has more than the usual. */
class Knowing extends Dialogue {
  peer: { certSha256?: string; certUris?: string[]; loopback?: boolean; secure?: boolean } = {};
  account: Partial<AccountKnowledge> = {};
  more: Partial<Context> = {};
  bound: string | undefined;

  override context(): Context {
    const context = super.context();
    return {
      ...context,
      ...(context.account ? { account: { ...context.account, ...this.account } } : {}),
      ...(context.device && this.bound ? { device: { ...context.device, certSha256: this.bound } } : {}),
      ...this.more,
    };
  }

  override answer(request: ReturnType<typeof inbound>): ReturnType<Dialogue['answer']> {
    return super.answer({ ...request, peer: { ...request.peer, ...this.peer } });
  }
}

describe.each(['xml', 'wbxml'] as const)('Authentication of clients, section 11 (%s)', (form) => {
  const given = (clientAuth: CredentialKnowledge, more: Given = {}): Knowing =>
    new Knowing({ form, clientAuth, ...more });

  describe('11.2 challenges', () => {
    test.each<[CredentialType, string, number | undefined]>([
      ['BASIC', 'syncml:auth-basic', undefined],
      ['DIGEST_MD5', 'syncml:auth-md5', 16],
      ['HMAC', 'syncml:auth-MAC', 16],
    ])('%s is asked for as %s, with a nonce of %s octets', (type, name, length) => {
      const device = given(credential(type));
      device.sends(package1());
      const chal = device.statuses[0]?.chal;
      expect(chal).toMatchObject({ type: name, format: 'b64' });
      const nonce = chal?.nextNonce;
      expect(nonce === undefined ? undefined : Buffer.from(textOf(nonce), 'base64').length).toBe(length);
      expect(device.statuses.slice(1).every((item) => item.chal === undefined)).toBe(true);
    });

    test('each challenge has a nonce of its own', () => {
      const device = given(credential('DIGEST_MD5'));
      const told = [1, 2].map((msgId) => {
        device.sends(package1(msgId), msgId > 1 ? { token: TOKEN } : {});
        return textOf(device.statuses[0]?.chal?.nextNonce);
      });
      expect(new Set(told).size).toBe(2);
    });
  });

  describe('11.3 the nonce of the next session', () => {
    test('is told once, with the message that is accepted, and taken in the next session', () => {
      const device = given(credential('DIGEST_MD5', { nonce: octets(1) }));
      device.queue.push(get('g'));
      device.sends(package1(1, { cred: md5(octets(1)) }));
      const next = Buffer.from(textOf(device.statuses[0]?.chal?.nextNonce), 'base64');
      device.sends(message(2, answers(device.reply, { nodes: { './A': 'x' } })), { token: TOKEN });
      expect(device.statuses[0]).toMatchObject({ data: '212' });
      expect(device.statuses[0]?.chal).toBeUndefined();
      device.sends(package1(1, { cred: md5(next), sessionId: 'A2' }));
      expect(codes(device.reply)[0]).toBe('212');
    });

    test('the one before is taken while the new one was not used (the answer may be lost), and not after', () => {
      const device = given(credential('DIGEST_MD5', { nonce: octets(1) }));
      device.sends(package1(1, { cred: md5(octets(1)) }));
      device.sends(package1(1, { cred: md5(octets(1)), sessionId: 'A2' }));
      expect(codes(device.reply)[0]).toBe('212');
      const next = Buffer.from(textOf(device.statuses[0]?.chal?.nextNonce), 'base64');
      device.sends(package1(1, { cred: md5(next), sessionId: 'A3' }));
      expect(codes(device.reply)[0]).toBe('212');
      device.sends(package1(1, { cred: md5(octets(1)), sessionId: 'A4' }));
      expect(codes(device.reply)[0]).toBe('401');
    });
  });

  describe('11.3 the type asked for', () => {
    test.each<[CredentialType, Cred]>([
      ['DIGEST_MD5', basic()],
      ['BASIC', md5(octets(1))],
      ['HMAC', md5(octets(1))],
      ['HMAC', basic()],
    ])(
      '%s: a right credential of another type is 401, offered a challenge, and no guess at the secret',
      (type, cred) => {
        const device = given(credential(type, { nonce: octets(1) }));
        device.sends(package1(1, { cred }));
        expect(codes(device.reply)).toEqual(['401', '401', '401']);
        expect(device.statuses[0]?.chal).toBeDefined();
        expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: false });
      },
    );

    test('a Cred without Type is Basic', () => {
      const device = given(credential('BASIC'));
      device.sends(package1(1, { cred: { data: basic().data } }));
      expect(codes(device.reply)[0]).toBe('212');
    });
  });

  describe('11.1 Basic', () => {
    test.each([
      [{ secure: true }, {}, '212'],
      [{ secure: false, loopback: true }, {}, '212'],
      [{ secure: false, loopback: false }, { allowInsecureBasic: true }, '212'],
      [{ secure: false, loopback: false }, {}, '401'],
    ])('over %j with %j: %s', (peer, more, code) => {
      const device = given(credential('BASIC'));
      device.peer = peer;
      device.more = more;
      device.sends(package1(1, { cred: basic() }));
      expect(codes(device.reply)[0]).toBe(code);
      if (code === '401') expect(device.turn).toMatchObject([{ kind: 'refused', counted: false }]);
    });
  });

  describe('11.1 HMAC', () => {
    const sign = (
      body: Uint8Array,
      nonce: Uint8Array,
      secret = SECRET,
      username = 'dev-0001',
    ): Record<string, string> => ({
      [HMAC_HEADER]: writeHmacHeader({ username, mac: hmacOf(digestOf('dev-0001', secret), nonce, body) }),
    });
    function posts(device: Dialogue, one: Message, nonce: Uint8Array, token?: string): void {
      const body = encodeMessage(one, device.encoding);
      device.posts(body, { headers: sign(body, nonce), ...(token ? { token } : {}) });
    }
    const nextNonce = (device: Dialogue): Uint8Array =>
      Buffer.from(textOf(device.statuses[0]?.chal?.nextNonce), 'base64');

    test('each message has its own header and nonce, and is answered with 200 and the next nonce', () => {
      const device = given(credential('HMAC', { nonce: octets(1) }));
      device.queue.push(get('g'));
      posts(device, package1(), octets(1));
      expect(codes(device.reply)[0]).toBe('200');
      const second = nextNonce(device);
      posts(device, message(2, answers(device.reply, { nodes: { './A': 'x' } })), second, TOKEN);
      expect(codes(device.reply)[0]).toBe('200');
      expect(nextNonce(device)).not.toEqual(second);
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'g', outcome: 'OK' }]);
    });

    test('a later message without header is 407, one over a used nonce 401; the session stays as it was', () => {
      const device = given(credential('HMAC', { nonce: octets(1) }));
      device.queue.push(get('g'));
      posts(device, package1(), octets(1));
      const reply = device.reply;
      const nonce = nextNonce(device);
      const body = answers(reply, { nodes: { './A': 'x' } });
      device.sends(message(2, body), { token: TOKEN });
      expect(codes(device.reply)[0]).toBe('407');
      posts(device, message(2, body), octets(9), TOKEN);
      expect(codes(device.reply)[0]).toBe('401');
      expect(device.all('commandAnswered')).toEqual([]);
      expect(nonce).not.toEqual(nextNonce(device));
      posts(device, message(2, body), nextNonce(device), TOKEN);
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'g', outcome: 'OK' }]);
    });

    test('a changed body, another user name, and the header of another message are refused and counted', () => {
      const bodies = [encodeMessage(package1(), { form }), encodeMessage(package1(1, { sessionId: 'B' }), { form })];
      const [body, other] = bodies as [Uint8Array, Uint8Array];
      for (const headers of [
        sign(other, octets(1)),
        sign(body, octets(1), 'guess'),
        sign(body, octets(1), SECRET, 'somebody'),
        { [HMAC_HEADER]: 'algorithm=SHA1, username="dev-0001", mac=x' },
      ]) {
        const device = given(credential('HMAC', { nonce: octets(1) }));
        device.posts(body, { headers });
        expect(codes(device.reply)[0]).toBe('401');
        expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: true });
      }
    });

    test('each of our messages is signed over its octets and the newest nonce that the client gave', () => {
      const serverAuth = { ...serverCredential(octets(0x80)), type: 'HMAC' as const };
      const device = given(credential('NONE'), { serverAuth });
      device.queue.push(get('g'), get('h'));
      const isSigned = (nonce: Uint8Array): boolean => {
        const header = readHmacHeader(device.wire?.headers[HMAC_HEADER] ?? '');
        const digest = digestOf('mgmt.example.net', 's3cret-Server');
        return header !== undefined && verifyHmac(header, digest, [nonce], device.wire?.body ?? new Uint8Array());
      };
      device.sends(package1());
      expect(isSigned(octets(0x80))).toBe(true);
      const chal = (nonce: Uint8Array): object => ({
        chal: {
          type: 'syncml:auth-MAC',
          format: 'b64',
          nextNonce: { kind: 'text', text: Buffer.from(nonce).toString('base64') },
        },
      });
      const [, ...rest] = answers(device.reply, { nodes: { './A': 'x' } });
      device.sends(message(2, [status(1, '0', 'SyncHdr', 200, chal(octets(0x90))), ...rest]), { token: TOKEN });
      expect(isSigned(octets(0x90))).toBe(true);
    });

    test('11.3: a client that challenges us gets the same commands once more, signed over its nonce', () => {
      const serverAuth = { ...serverCredential(), type: 'HMAC' as const };
      const device = given(credential('NONE'), { serverAuth });
      const write = { kind: 'replace', at: { uri: './A' }, value: { format: 'chr', data: 'x' }, id: 'r' };
      device.queue.push(command(write as never));
      device.sends(package1());
      const first = device.commands;
      const nextNonce = { kind: 'text' as const, text: Buffer.from(octets(0x90)).toString('base64') };
      const chal = { type: 'syncml:auth-MAC', format: 'b64', nextNonce };
      const refused = first.map((item) => status(1, item.cmdId, item.kind, 401));
      device.sends(message(2, [status(1, '0', 'SyncHdr', 401, { chal }), ...refused]), { token: TOKEN });
      expect(device.commands.map((item) => ({ ...item, cmdId: '' }))).toEqual(
        first.map((item) => ({ ...item, cmdId: '' })),
      );
      const header = readHmacHeader(device.wire?.headers[HMAC_HEADER] ?? '');
      const digest = digestOf('mgmt.example.net', 's3cret-Server');
      expect(header && verifyHmac(header, digest, [octets(0x90)], device.wire?.body ?? new Uint8Array())).toBe(true);
      const again = device.commands.map((item) => status(2, item.cmdId, item.kind, 200));
      device.sends(message(3, [status(2, '0', 'SyncHdr', 200), ...again]), { token: TOKEN });
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'OK' }]);
    });
  });

  describe('11.3 X.509 by TLS', () => {
    const PRINT = 'ab'.repeat(32);
    test.each<[string, string | undefined, { certSha256?: string; certUris?: string[] }, string]>([
      ['the stored fingerprint', PRINT, { certSha256: PRINT.toUpperCase() }, '212'],
      ['another fingerprint, whatever its URI says', PRINT, { certSha256: 'cd'.repeat(32), certUris: [DEVICE] }, '401'],
      [
        'none stored, and a URI that is the DevId',
        undefined,
        { certSha256: PRINT, certUris: ['urn:x', DEVICE] },
        '212',
      ],
      ['none stored, and no such URI', undefined, { certSha256: PRINT, certUris: ['urn:x'] }, '401'],
      ['none stored, and no certificate', undefined, {}, '401'],
    ])('%s', (_, bound, peer, code) => {
      const device = given(credential('X509'));
      device.peer = peer;
      device.bound = bound;
      device.sends(package1());
      expect(codes(device.reply)[0]).toBe(code);
      expect(device.statuses[0]?.chal).toBeUndefined();
      if (code === '401') expect(codes(device.reply)).toEqual(['401']);
    });
  });

  describe('16.5 nonce resynchronisation', () => {
    const AGO = 60_000;
    function resynced(nonce: Uint8Array, sentAgo: number | undefined, more: Given = {}): Knowing {
      const device = given(credential('DIGEST_MD5', { nonce: octets(1) }), more);
      if (sentAgo !== undefined) device.account = { resyncSentAt: device.now - sentAgo };
      device.queue.push(get('g'));
      device.sends(package1(1, { cred: md5(nonce) }));
      return device;
    }

    test.each([
      ['four zero octets', ZERO_OCTETS],
      ['ten ASCII characters', ZERO_TEXT],
    ])(
      '%s are taken after our notification, and our credential is over the same; both sides go on with new ones',
      (_, nonce) => {
        const device = resynced(nonce, AGO, { serverAuth: serverCredential(octets(0x80)) });
        expect(codes(device.reply)[0]).toBe('212');
        expect(device.statuses[0]?.chal?.nextNonce).toBeDefined();
        expect(device.reply.header.cred?.data).toEqual({
          kind: 'text',
          text: md5Credential(digestOf('mgmt.example.net', 's3cret-Server'), nonce),
        });
      },
    );

    test('the stored nonce is taken all the same, and is what our credential goes by', () => {
      const device = resynced(octets(1), AGO, { serverAuth: serverCredential(octets(0x80)) });
      expect(codes(device.reply)[0]).toBe('212');
      expect(device.reply.header.cred?.data).toMatchObject({
        text: md5Credential(digestOf('mgmt.example.net', 's3cret-Server'), octets(0x80)),
      });
    });

    test.each<[string, number | undefined]>([
      ['no notification', undefined],
      ['one of eleven minutes ago', 660_000],
      ['one that is yet to come', -1],
    ])('after %s they are a replay, refused and counted', (_, sentAgo) => {
      for (const nonce of [ZERO_OCTETS, ZERO_TEXT]) {
        const device = resynced(nonce, sentAgo);
        expect(codes(device.reply)[0]).toBe('401');
        expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: true });
      }
    });

    test('the wrong secret is wrong over them as well', () => {
      const device = given(credential('DIGEST_MD5', { nonce: octets(1) }));
      device.account = { resyncSentAt: device.now };
      device.sends(package1(1, { cred: md5(ZERO_OCTETS, 'guess') }));
      expect(codes(device.reply)[0]).toBe('401');
    });
  });

  describe('12 HTTP Digest', () => {
    const answerTo = (device: Dialogue, path: string, password = SECRET, count = 1): Record<string, string> => ({
      authorization:
        answerChallenge(device.wire?.headers['www-authenticate'] ?? '', {
          username: 'dev-0001',
          password,
          method: 'POST',
          uri: path,
          cnonce: 'c0ffee',
          count,
        }) ?? '',
    });

    test('401 with a challenge whose realm is the server identifier; the same message with the answer is let in', () => {
      const device = given(credential('HTTP_DIGEST'));
      device.sends(package1());
      expect(device.wire?.status).toBe(401);
      expect(device.wire?.headers['www-authenticate']).toMatch(
        /^Digest realm="mgmt\.example\.net", nonce="[\w-]{32}", algorithm=MD5, qop="auth"$/,
      );
      expect(device.turn).toMatchObject([{ kind: 'refused', counted: false }]);
      expect(device.statuses[0]?.chal).toBeUndefined();
      device.sends(package1(), { headers: answerTo(device, '/dm/1') });
      expect(device.wire?.status).toBe(200);
      expect(codes(device.reply)[0]).toBe('212');
      expect(device.turn[0]).toEqual({ kind: 'authenticated', by: 'HTTP_DIGEST' });
    });

    test('every later message needs it too; one without leaves the session as it was', () => {
      const device = given(credential('HTTP_DIGEST'));
      device.queue.push(get('g'));
      device.sends(package1());
      device.sends(package1(), { headers: answerTo(device, `${BASE_URL}/dm/1`) });
      const body = answers(device.reply, { nodes: { './A': 'x' } });
      device.sends(message(2, body), { token: TOKEN });
      expect(device.wire?.status).toBe(401);
      expect(device.all('commandAnswered')).toEqual([]);
      device.sends(message(2, body), { token: TOKEN, headers: answerTo(device, `/dm/1/${TOKEN}`, SECRET, 2) });
      expect(device.wire?.status).toBe(200);
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'g', outcome: 'OK' }]);
    });

    test('a wrong password counts, an old nonce does not and says so', () => {
      const device = given(credential('HTTP_DIGEST'));
      device.sends(package1());
      const right = answerTo(device, '/dm/1');
      device.sends(package1(), { headers: answerTo(device, '/dm/1', 'guess') });
      expect(device.wire?.status).toBe(401);
      expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: true });
      device.now += 300_001;
      device.sends(package1(), { headers: right });
      expect(device.wire?.status).toBe(401);
      expect(device.wire?.headers['www-authenticate']).toContain('stale=true');
      expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: false });
    });

    test.each([
      ['another address', (): Record<string, string> => ({}), '/dm/2'],
      ['Basic', (): Record<string, string> => ({ authorization: `Basic ${basicCredential('dev-0001', SECRET)}` }), ''],
    ])('%s is refused', (_, headers, path) => {
      const device = given(credential('HTTP_DIGEST'));
      device.sends(package1());
      device.sends(package1(), { headers: path === '' ? headers() : answerTo(device, path) });
      expect(device.wire?.status).toBe(401);
    });
  });

  describe('2.6 and 11.4: a device that nobody knows is refused as a known one', () => {
    /** A reply without what is random. */
    function shape(device: Dialogue, id: string): unknown {
      const masked = (text: string): string =>
        text
          .replaceAll(id, 'D'.repeat(id.length))
          .replace(/(\/dm\/1\/)[\w-]{22}/g, '$1T')
          .replace(/nonce="[\w-]{32}"/, 'nonce');
      const { wire } = device;
      const hide = (key: string, value: unknown): unknown =>
        key === 'nextNonce' ? Buffer.from(textOf(value), 'base64').length : value;
      return [
        wire?.status,
        masked(JSON.stringify(wire?.headers)),
        wire?.body.length,
        masked(JSON.stringify(device.reply, hide)),
      ];
    }

    test.each<[CredentialType, Cred | undefined]>([
      ['DIGEST_MD5', undefined],
      ['DIGEST_MD5', md5(octets(7))],
      ['DIGEST_MD5', basic('guess')],
      ['BASIC', undefined],
      ['BASIC', basic('guess')],
      ['HMAC', undefined],
      ['HMAC', md5(octets(7))],
      ['HTTP_DIGEST', undefined],
      ['X509', undefined],
    ])('%s, %j: octet for octet but for what is random', (type, cred) => {
      const known = given(credential(type, { nonce: octets(1) }));
      const unknown = given(credential(type), { known: false });
      unknown.more = { strangerAuth: type };
      const shapes = [known, unknown].map((device) =>
        [1, 2, 3].map((msgId) => {
          const token = device.reply.header.respUri?.split('/').at(-1);
          device.sends(package1(msgId, cred === undefined ? {} : { cred }), token ? { token } : {});
          return shape(device, DEVICE);
        }),
      );
      expect(shapes[1]).toEqual(shapes[0]);
      expect(unknown.session).toBeUndefined();
    });

    test('not even the credential that the stranger is judged by lets anybody in', () => {
      for (const nonce of [octets(0xa0), new Uint8Array(), ZERO_OCTETS]) {
        const device = given(credential('DIGEST_MD5'), { known: false });
        device.sends(package1(1, { cred: md5(nonce, '') }));
        expect(codes(device.reply)[0]).toBe('401');
      }
    });

    test('where devices of the account prove nothing, a stranger is challenged for MD5', () => {
      const device = given(credential('NONE'), { known: false });
      device.more = { strangerAuth: 'NONE' };
      device.sends(package1());
      expect(device.statuses[0]?.chal?.type).toBe('syncml:auth-md5');
    });
  });
});
