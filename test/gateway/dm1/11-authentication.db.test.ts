import { encodeMessage } from '../../../adapters/dm1/codec';
import type { BodyCommand } from '../../../adapters/dm1/message';
import { answers } from '../../adapters/dm1/session/dialogue';
import { HMAC_HEADER, basicCred, chalOf, credOf, digestHeader, hmacHeader, md5Cred, nonceFor } from '../support/proofs';
import type { Name } from '../support/proofs';
import { alert, by, describeSection, devInfo } from '../support/spoken';
import type { Login, SpokenDevice } from '../support/spoken';
import { SERVER_ID, ask } from '../support/world';

const CLIENT: Name = { user: 'user', secret: 'secret of the client' };
const SERVER: Name = { user: SERVER_ID, secret: 'secret of the server' };
const EMPTY = new Uint8Array();
const login = (type: Login['type'], { user: username, secret }: Name = CLIENT): Login => ({ type, username, secret });
const octets = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => first + index);

const IN = ['212 SyncHdr', '200 Alert', '200 Replace', 'Final'];
const REFUSED = ['401 SyncHdr', '401 Alert', '401 Replace', 'Final'];
const LONE = ['401 SyncHdr', 'Final'];

/** Package 1 once more, as the next message of the session. */
function again(phone: SpokenDevice): BodyCommand[] {
  return [phone.accepts(407), alert('1', '1201'), devInfo('2', phone.deviceId)];
}

describeSection('11 Authentication', ({ form, device, gateway, db, passes }) => {
  describe('11.1 Values', () => {
    test('the formulas of these dialogues are those that are published', () => {
      const published = { user: 'Bruce2', secret: 'OhBehave' };
      expect(basicCred(published).data).toMatchObject({ text: 'QnJ1Y2UyOk9oQmVoYXZl' });
      expect(md5Cred(published, Buffer.from('Nonce')).data).toMatchObject({ text: 'Zz6EivR3yeaaENcRN6lpAQ==' });
    });

    test('Basic is taken over loopback, with whatever stands in the password', async () => {
      const name = { user: 'jörg', secret: 'pä:ss wörd' };
      const phone = await device({ clientAuth: login('BASIC', name) });
      await phone.begins({ cred: basicCred(name) });
      expect(phone.heard).toEqual(IN);
      expect(phone.statuses[0]?.chal).toBeUndefined();
    });
  });

  describe('11.2 Challenge', () => {
    test.each([
      ['BASIC', 'syncml:auth-basic', undefined],
      ['DIGEST_MD5', 'syncml:auth-md5', 16],
      ['HMAC', 'syncml:auth-MAC', 16],
    ] as const)(
      '%s is asked for as %s with %s octets of nonce, in the Status of SyncHdr',
      async (type, name, length) => {
        const phone = await device({ clientAuth: login(type) });
        await phone.begins();
        expect(phone.heard[0]).toBe('407 SyncHdr');
        expect(phone.statuses[0]?.chal).toMatchObject({ format: 'b64', type: name });
        if (length === undefined) expect(phone.statuses[0]?.chal?.nextNonce).toBeUndefined();
        else expect(nonceFor(phone)).toHaveLength(length);
      },
    );
  });

  describe('11.3 Rules: the client', () => {
    test('MD5: challenged once; then each session brings the nonce of the next, and a check-in is one message', async () => {
      const phone = await device({ clientAuth: login('DIGEST_MD5') });
      await phone.begins({ user: CLIENT.user });
      const nonces = [nonceFor(phone)];
      await phone.says(again(phone), { cred: md5Cred(CLIENT, nonceFor(phone)) });
      expect([phone.heard, phone.reply.header.sessionId, phone.reply.header.msgId]).toEqual([IN, 'A1', '2']);
      for (const sessionId of ['A2', 'A3', 'A4']) {
        nonces.push(nonceFor(phone));
        phone.sessionId = sessionId;
        await phone.begins({ cred: md5Cred(CLIENT, nonceFor(phone)) });
        expect(phone.heard).toEqual(IN);
      }
      expect(new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex'))).size).toBe(nonces.length);
    });

    test('MD5: later messages need no credential, and the next nonce is not told again', async () => {
      const phone = await device({ clientAuth: login('DIGEST_MD5') });
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      await phone.says(again(phone), { cred: md5Cred(CLIENT, nonceFor(phone)) });
      await phone.answers({ './Vendor/A': '1' });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(phone.statuses[0]?.chal).toBeUndefined();
    });

    test('the previous nonce is taken until the new one was used, for the answer may be lost; not after', async () => {
      const phone = await device({ clientAuth: login('DIGEST_MD5') });
      await phone.begins();
      const first = nonceFor(phone);
      const heard = async (sessionId: string, nonce: Uint8Array): Promise<unknown> => {
        phone.sessionId = sessionId;
        await phone.begins({ cred: md5Cred(CLIENT, nonce) });
        return phone.heard;
      };
      expect(await heard('A2', first)).toEqual(IN);
      expect(await heard('A3', first)).toEqual(IN);
      expect(await heard('A4', nonceFor(phone))).toEqual(IN);
      expect(await heard('A5', first)).toEqual(REFUSED);
    });

    test('wrong is 401 for everything, with a fresh nonce, for the old one may be stale; the right one is then taken', async () => {
      const phone = await device({ clientAuth: login('DIGEST_MD5') });
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins({ cred: md5Cred(CLIENT, octets(1)) });
      expect(phone.heard).toEqual(REFUSED);
      expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
      await phone.says(again(phone), { cred: md5Cred(CLIENT, nonceFor(phone)) });
      expect(phone.heard).toEqual([...IN.slice(0, 3), 'Get ./Vendor/A', 'Final']);
    });

    test.each([
      ['DIGEST_MD5', basicCred(CLIENT), 'syncml:auth-md5'],
      ['BASIC', md5Cred(CLIENT, EMPTY), 'syncml:auth-basic'],
      ['HMAC', basicCred(CLIENT), 'syncml:auth-MAC'],
    ] as const)(
      '%s: a right credential of another type is refused, and the wanted one asked for',
      async (type, cred, name) => {
        const phone = await device({ clientAuth: login(type) });
        await phone.begins({ cred });
        expect(phone.heard).toEqual(REFUSED);
        expect(phone.statuses[0]?.chal?.type).toBe(name);
      },
    );

    test('HMAC: each message is signed both ways, over a nonce of its own, and answered 200', async () => {
      const phone = await device({ clientAuth: login('HMAC'), serverAuth: login('HMAC', SERVER) });
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      const signs = (body: readonly BodyCommand[], nonce: Uint8Array): Promise<unknown> => {
        const message = encodeMessage(phone.message(body), { form });
        return phone.sends(message, { http: { [HMAC_HEADER]: hmacHeader(CLIENT, nonce, message) } });
      };
      const signature = (nonce: Uint8Array): readonly unknown[] => [
        phone.answer?.headers.get(HMAC_HEADER),
        hmacHeader(SERVER, nonce, phone.answer?.body ?? EMPTY),
      ];
      await phone.begins();
      expect(phone.heard[0]).toBe('407 SyncHdr');
      await signs(again(phone), nonceFor(phone));
      expect(phone.heard).toEqual(['200 SyncHdr', '200 Alert', '200 Replace', 'Get ./Vendor/A', 'Final']);
      const [told, right] = signature(EMPTY);
      expect(told).toBe(right);

      const nonce = nonceFor(phone);
      const [, ...rest] = answers(phone.reply, { nodes: { './Vendor/A': '1' } });
      const accepted = { ...phone.accepts(200), chal: chalOf('syncml:auth-MAC', octets(0x90)) };
      await signs([accepted, ...rest], nonce);
      expect(phone.heard).toEqual(['200 SyncHdr', 'Final']);
      expect(nonceFor(phone)).not.toEqual(nonce);
      const [last, over] = signature(octets(0x90));
      expect(last).toBe(over);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('HMAC: a later message without header is 407, one with the header of another message 401; the session goes on', async () => {
      const phone = await device({ clientAuth: login('HMAC') });
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      const first = encodeMessage(phone.message(again(phone)), { form });
      await phone.sends(first, { http: { [HMAC_HEADER]: hmacHeader(CLIENT, nonceFor(phone), first) } });
      const body = answers(phone.reply, { nodes: { './Vendor/A': '1' } });
      await phone.says(body);
      expect(phone.heard).toEqual(['407 SyncHdr', '407 Results', 'Final']);
      const message = encodeMessage(phone.message(body, { msgId: String(phone.msgId) }), { form });
      await phone.sends(message, { http: { [HMAC_HEADER]: hmacHeader(CLIENT, nonceFor(phone), first) } });
      expect(phone.heard[0]).toBe('401 SyncHdr');
      expect(await operation.now()).toMatchObject({ state: 'RUNNING' });
      await phone.sends(message, { http: { [HMAC_HEADER]: hmacHeader(CLIENT, nonceFor(phone), message) } });
      expect(phone.heard).toEqual(['200 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('HTTP Digest: each message has its own answer to the challenge of HTTP; one without is HTTP 401', async () => {
      const phone = await device({ clientAuth: login('HTTP_DIGEST') });
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      const digest = (uri: string, count: number): { readonly http: Record<string, string> } => {
        const challenge = phone.answer?.headers.get('www-authenticate') ?? '';
        return { http: { authorization: digestHeader(challenge, CLIENT, uri, count) } };
      };
      await phone.begins();
      expect([phone.answer?.status, phone.answer?.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(new RegExp(`^Digest realm="${SERVER_ID}", nonce="[^"]+", algorithm=MD5, qop="auth"$`)),
      ]);
      const first = digest('/dm/1', 1);
      await phone.begins(first);
      expect(phone.heard).toEqual([...IN.slice(0, 3), 'Get ./Vendor/A', 'Final']);
      const body = answers(phone.reply, { nodes: { './Vendor/A': '1' } });
      const { pathname } = new URL(phone.reply.header.respUri ?? '');
      await phone.says(body);
      expect(phone.answer?.status).toBe(401);
      expect(await operation.now()).toMatchObject({ state: 'RUNNING' });
      await phone.says(body, { msgId: String(phone.msgId), ...digest(pathname, 2) });
      expect([phone.answer?.status, phone.heard]).toEqual([200, ['212 SyncHdr', 'Final']]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });
  });

  describe('11.3 Rules: lock-out', () => {
    test('five wrong credentials lock for half a minute, the next for a whole one; the right one is refused meanwhile', async () => {
      const phone = await device({ clientAuth: login('BASIC') });
      const tries = async (secret: string): Promise<unknown> => {
        await phone.begins({ cred: basicCred({ ...CLIENT, secret }) });
        return phone.heard;
      };
      for (let n = 0; n < 5; n += 1) expect(await tries('guess')).toEqual(REFUSED);
      expect(await tries(CLIENT.secret)).toEqual(LONE);
      await passes(29_000);
      expect(await tries(CLIENT.secret)).toEqual(LONE);
      await passes(2_000);
      expect(await tries('guess')).toEqual(REFUSED);
      await passes(31_000);
      expect(await tries(CLIENT.secret)).toEqual(LONE);
      await passes(30_000);
      expect(await tries(CLIENT.secret)).toEqual(IN);
    });

    test('a Basic credential with empty Data is refused, and is no guess', async () => {
      const phone = await device({ clientAuth: login('BASIC') });
      for (let n = 0; n < 6; n += 1) {
        await phone.begins({ cred: credOf('syncml:auth-basic', '') });
        expect(phone.heard).toEqual(REFUSED);
      }
      await phone.begins({ cred: basicCred(CLIENT) });
      expect(phone.heard).toEqual(IN);
    });
  });

  describe('11.3 Rules: the server', () => {
    const both = { clientAuth: login('BASIC'), serverAuth: login('DIGEST_MD5', SERVER) };
    const cred = basicCred(CLIENT);

    test('it names and proves itself in the first package 2 to a client that proved itself, over the empty nonce, once', async () => {
      const phone = await device(both);
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      expect([phone.reply.header.cred, phone.reply.header.source.locName]).toEqual([undefined, undefined]);
      await phone.says(again(phone), { cred });
      expect(phone.reply.header.cred?.data).toEqual(md5Cred(SERVER, EMPTY).data);
      expect(phone.reply.header.source.locName).toBe(SERVER_ID);
      await phone.answers({ './Vendor/A': '1' });
      expect(phone.reply.header.cred).toBeUndefined();
    });

    test.each([407, 401, 0])(
      'a client that says %i to everything gets the commands once more, with proof over its newest nonce',
      async (code) => {
        const phone = await device(both);
        const operation = await phone.isAsked([by.replace('./Vendor/A', 'x'), by.get('./Vendor/B', 0)]);
        await phone.begins({ cred });
        const commands = phone.heard.slice(3);
        const chal = code === 0 ? {} : { chal: chalOf('syncml:auth-md5', octets(0x90)) };
        await phone.says([{ ...phone.accepts(code), ...chal }, phone.judges(0, code), phone.judges(1, code)]);
        expect(phone.heard.slice(1)).toEqual(commands);
        expect(phone.reply.header.cred?.data).toEqual(md5Cred(SERVER, code === 0 ? EMPTY : octets(0x90)).data);
        await phone.answers({ './Vendor/B': '1' });
        expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
        expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
      },
    );

    test('refused again, the session ends and nothing was executed; the nonce of the refusal serves the next session', async () => {
      const phone = await device(both);
      const operation = await phone.isAsked([by.exec('./Vendor/A')]);
      await phone.begins({ cred });
      for (const nonce of [octets(0x90), octets(0xa0)]) {
        const chal = chalOf('syncml:auth-md5', nonce);
        await phone.says([{ ...phone.accepts(401), chal }, phone.judges(0, 401)]);
      }
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
      phone.sessionId = 'A2';
      await phone.begins({ cred });
      expect(phone.heard).toContain('Exec ./Vendor/A');
      expect(phone.reply.header.cred?.data).toEqual(md5Cred(SERVER, octets(0xa0)).data);
    });
  });

  test('11.4 a device that nobody knows hears what a known one does, message for message, and leaves no row', async () => {
    const seen: unknown[] = [];
    for (const registered of [true, false]) {
      const phone = await device({ clientAuth: login('DIGEST_MD5'), registered });
      const told: unknown[] = [];
      const note = (): void => {
        const { header } = phone.reply;
        told.push([
          phone.heard,
          phone.statuses[0]?.chal === undefined ? undefined : nonceFor(phone).length,
          [header.respUri?.length, header.msgId, header.source, header.cred, header.meta],
          [phone.answer?.status, phone.answer?.headers.get('content-type')],
        ]);
      };
      await phone.begins({ user: CLIENT.user });
      note();
      for (let n = 0; n < 2; n += 1) {
        await phone.says(again(phone), { cred: md5Cred({ ...CLIENT, secret: 'guess' }, octets(1)) });
        note();
      }
      seen.push(told);
      const rows = await db().sql.query('SELECT 1 FROM device WHERE device_id = $1', [phone.deviceId]);
      expect(rows).toHaveLength(registered ? 1 : 0);
    }
    expect(seen[1]).toEqual(seen[0]);
    const [first, ...later] = (seen[0] as unknown[][]).map(([heard]) => heard);
    expect(first).toEqual(['407 SyncHdr', '407 Alert', '407 Replace', 'Final']);
    expect(later).toEqual([REFUSED, LONE]);
  });

  test('16.5 the nonce 0x00000000 is good right after a notification for resynchronisation, both ways, and once', async () => {
    const phone = await device({ clientAuth: login('DIGEST_MD5'), serverAuth: login('DIGEST_MD5', SERVER) });
    const zero = md5Cred(CLIENT, new Uint8Array(4));
    await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins({ cred: zero });
    expect(phone.heard).toEqual(REFUSED);
    await ask(
      gateway(),
      'mutation ($input: PrepareNotificationInput!) { prepareNotification(input: $input) { sessionId } }',
      { input: { deviceId: phone.deviceId, resync: 'OCTETS' } },
    );
    phone.sessionId = 'A2';
    await phone.begins({ cred: zero });
    expect(phone.heard[0]).toBe('212 SyncHdr');
    expect(phone.reply.header.cred?.data).toEqual(md5Cred(SERVER, new Uint8Array(4)).data);
    const next = nonceFor(phone);
    phone.sessionId = 'A3';
    await phone.begins({ cred: zero });
    expect(phone.heard).toEqual(REFUSED);
    phone.sessionId = 'A4';
    await phone.begins({ cred: md5Cred(CLIENT, next) });
    expect(phone.heard[0]).toBe('212 SyncHdr');
  });
});
