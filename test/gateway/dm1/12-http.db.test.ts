import { gunzipSync, gzipSync } from 'node:zlib';

import { decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import { alert, by, describeSection, devInfo } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';

describeSection('12 HTTP', ({ form, device }) => {
  const first = (phone: SpokenDevice): Uint8Array =>
    encodeMessage(phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]), { form });

  test('the answer is 200 with the type of the request, a length, and is not to be cached', async () => {
    const phone = await device();
    const { status, headers, body } = await phone.posts(first(phone));
    expect([
      status,
      headers.get('content-type'),
      headers.get('content-length'),
      headers.get('transfer-encoding'),
    ]).toEqual([200, `application/vnd.syncml.dm+${form}`, String(body.length), null]);
    expect(headers.get('cache-control')).toMatch(/private|no-store/);
  });

  test('a refused credential is 200 as well: it stands in Status', async () => {
    const phone = await device({ clientAuth: { type: 'DIGEST_MD5', username: 'user', secret: 'secret' } });
    expect((await phone.posts(first(phone))).status).toBe(200);
  });

  test.each([`application/vnd.syncml+${form}`, `application/vnd.syncml.dm+${form}; charset=utf-8; verproto="DM/1.2"`])(
    '%s is taken, and answered in the same type',
    async (type) => {
      const phone = await device();
      await phone.sends(first(phone), { http: { 'content-type': type } });
      expect(phone.heard[0]).toBe('212 SyncHdr');
      expect(phone.answer?.headers.get('content-type')).toBe(type.split(';')[0]);
    },
  );

  test.each([
    ['another type', { 'content-type': 'text/html' }, 415],
    ['an unknown coding', { 'content-encoding': 'br' }, 415],
    ['a body that is not in its coding', { 'content-encoding': 'gzip' }, 400],
  ] as const)('%s is refused on the HTTP level, and changes nothing', async (_what, http, status) => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    expect((await phone.posts(first(phone), http)).status).toBe(status);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
  });

  test.each(['', ' ', '<SyncML>', '\u0002\u00a4\u0001', 'null'])(
    'the body %j is no message: HTTP 400',
    async (text) => {
      const phone = await device();
      expect((await phone.posts(Buffer.from(text, 'latin1'))).status).toBe(400);
    },
  );

  test('a stray Content-Encoding UTF-8 is ignored', async () => {
    const phone = await device();
    await phone.sends(first(phone), { http: { 'content-encoding': 'UTF-8' } });
    expect(phone.heard[0]).toBe('212 SyncHdr');
  });

  test('gzip is taken, and given to who takes it', async () => {
    const phone = await device();
    const answer = await phone.posts(gzipSync(first(phone)), { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' });
    // `fetch` undoes the coding, and leaves the header.
    const isPacked = answer.headers.get('content-encoding') === 'gzip';
    const octets = isPacked && answer.body[0] === 0x1f ? gunzipSync(answer.body) : answer.body;
    const decoded = decodeMessage(octets, answer.headers.get('content-type') ?? '');
    expect(decoded.ok && decoded.value.message.body[0]).toMatchObject({ data: '212' });
    expect(isPacked).toBe(octets.length >= 512);
  });

  test('the session does not depend on the connection', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins({ http: { connection: 'close' } });
    await phone.answers({ './Vendor/A': '1' }, { http: { connection: 'close' } });
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });
});
