import { gzipSync } from 'node:zlib';

import { by, describeDm2, TYPES, uri } from '../support/spoken-dm2';

describeDm2('2 HTTP', ({ device }) => {
  test('a package is answered 200, as request+json that is not to be cached', async () => {
    const phone = await device();
    await phone.begins();
    const { status, headers } = phone.answer ?? {};
    expect([status, headers?.get('content-type'), headers?.get('cache-control')]).toEqual([
      200,
      TYPES.request,
      'no-store',
    ]);
  });

  test.each([
    ['another method', 'PUT', {}, '{}', 405],
    ['another Content-Type', 'POST', { 'content-type': 'application/json' }, '{}', 415],
    ['an Accept that forbids Package#2', 'POST', { accept: 'text/html' }, '{}', 406],
    ['no OMADM-DevID', 'POST', { 'omadm-devid': '' }, '{}', 400],
    ['a body that is no JSON', 'POST', {}, '{"MOS":', 400],
    ['a body that is no package', 'POST', {}, '[]', 400],
  ] as const)(
    '%s is refused, with a body that ends the session all the same',
    async (_, method, headers, body, status) => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('Unit')]);
      const sent = { 'content-type': TYPES.first, accept: TYPES.request, 'omadm-devid': phone.deviceId, ...headers };
      const answer = await phone.requests(method, 'https://dm.example/dm/2', body, sent);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body.toString())).toEqual({ CMD: [['END']] });
      if (status === 415) expect(answer.headers.get('omadm-accept')).toContain(TYPES.first);
      expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
    },
  );

  test('parameters of media types and their case do not matter', async () => {
    const phone = await device();
    await phone.begins(
      {},
      { type: 'Application/VND.oma.dm.initiation+JSON;charset=utf-8', headers: { accept: '*/*' } },
    );
    expect(phone.cmd).toEqual([['END']]);
  });

  test('a packed body is taken, and a packed answer given to who takes it', async () => {
    const phone = await device();
    await phone.posts(gzipSync(Buffer.from('{}')), { type: TYPES.first, headers: { 'content-encoding': 'gzip' } });
    expect(phone.cmd).toEqual([['END']]);
  });

  describe('credentials', () => {
    test('who has none is challenged with END; wrong ones and a stranger look alike', async () => {
      const phone = await device({ clientAuth: { type: 'HTTP_DIGEST', username: 'u', secret: 's' } });
      await phone.begins();
      const known = [phone.answer?.status, phone.answer?.headers.get('www-authenticate')?.replace(/nonce="[^"]*"/, '')];
      const stranger = await device({ registered: false });
      await stranger.begins();
      expect([
        stranger.answer?.status,
        stranger.answer?.headers.get('www-authenticate')?.replace(/nonce="[^"]*"/, ''),
      ]).toEqual(known);
      expect(known[0]).toBe(401);
      expect(JSON.parse(phone.answer?.body.toString() ?? '')).toEqual({ CMD: [['END']] });
    });
  });

  describe('the repository', () => {
    test('serves MO data, or the bare value to who asks for that', async () => {
      const phone = await device();
      await phone.isAsked([by.add('Note', { text: 'é' })]);
      await phone.begins();
      await phone.answers([200, 404]);
      const bare = await phone.fetches(1, 'text/plain');
      expect([bare.headers.get('content-type'), bare.body.toString()]).toEqual([
        expect.stringContaining('text/plain'),
        'é',
      ]);
      const data = await phone.fetches(1, `${TYPES.moJson}, text/plain;q=0.5`);
      expect(JSON.parse(data.body.toString())).toEqual([{ ClientURI: uri('Note'), MOData: { Note: 'é' } }]);
      expect((await phone.fetches(1, 'image/png')).status).toBe(406);
    });
  });
});
