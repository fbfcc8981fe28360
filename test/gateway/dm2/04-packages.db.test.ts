import { METER } from '../support/world';
import { by, describeDm2, uri } from '../support/spoken-dm2';

describeDm2('4 Packages', ({ device }) => {
  const miids = async (phone: Awaited<ReturnType<typeof device>>): Promise<readonly string[]> => {
    const { managementObjects } = await phone.shows<{ managementObjects: readonly { miid: string }[] }>(
      `managementObjects(moid: "${METER}") { miid }`,
    );
    return managementObjects.map(({ miid }) => miid).sort();
  };

  describe('Package#1', () => {
    test('tells the types and the instances of the device; those that it tells no more are gone', async () => {
      const phone = await device();
      await phone.begins({
        MOS: [
          { MOID: METER, MIID: ['a', 'b'], DDF: 'https://d/m.ddf' },
          { MOID: 'urn:oma:mo:oma-dcmo:1.0', MIID: [] },
        ],
      });
      expect(await miids(phone)).toEqual(['a', 'b']);
      expect(await phone.shows('supportedMos { moid ddf }')).toEqual({
        supportedMos: expect.arrayContaining([
          { moid: METER, ddf: 'https://d/m.ddf' },
          { moid: 'urn:oma:mo:oma-dcmo:1.0', ddf: null },
        ]) as unknown,
      });
      await phone.begins({ MOS: [{ MOID: METER, MIID: ['b'] }] });
      expect(await miids(phone)).toEqual(['b']);
    });

    test.each([
      ['nothing', {}],
      ['null for what is absent', { MOS: null, Alert: null }],
      ['members beyond the schema', { MgmtTree: [{ MOData: {} }], Vendor: 1 }],
      ['an object around its alerts', { Alert: { Alert: [{ AlertType: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt' }] } }],
    ])('with %s begins a session, and leaves what is known of the device', async (_, body) => {
      const phone = await device();
      await phone.begins();
      expect(await phone.begins(body)).toEqual([['END']]);
      expect(await miids(phone)).toEqual(['m1']);
    });

    test('an MIID that is null or missing is a type without instance', async () => {
      const phone = await device();
      await phone.begins({ MOS: [{ MOID: METER, MIID: null }, { MOID: 'urn:oma:mo:oma-dcmo:1.0' }] });
      expect(phone.cmd).toEqual([['END']]);
      expect(await miids(phone)).toEqual([]);
    });
  });

  describe('Package#2', () => {
    test('is an array of arrays of texts, CONT first', async () => {
      const phone = await device();
      await phone.isAsked([by.get('Unit'), by.get('Interval')]);
      await phone.begins();
      expect(phone.cmd).toEqual([
        ['CONT', expect.stringMatching(/^https:\/\/dm\.example\/dm\/2\/[\w-]{22}$/)],
        ['GET', uri('Unit')],
        ['GET', uri('Interval')],
      ]);
    });

    test('with nothing to do is END alone', async () => {
      const phone = await device();
      expect(await phone.begins()).toEqual([['END']]);
    });
  });

  describe('Package#3', () => {
    const forms: readonly (readonly [string, unknown])[] = [
      ['objects', [{ sc: 200 }, { sc: 404 }]],
      ['bare numbers', [200, 404]],
      ['numbers with a URI loose behind', [200, 404, uri('Unit')]],
      ['codes as text', [{ sc: '200' }, { sc: '404' }]],
    ];
    test.each(forms)('has its statuses as %s', async (_, Status) => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('Unit')]);
      await phone.begins();
      await phone.posts(JSON.stringify({ Status, Alert: null, Vendor: {} }));
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'NOT_FOUND', statusCode: 404 }] });
    });

    test.each([['{"Status":[{"sc":{}}]}'], ['{"Status":{}}'], ['{"Status":['], ['[]'], ['\u0000']])(
      '%j is none: HTTP 400, and what was sent is still waited for',
      async (body) => {
        const phone = await device();
        const operation = await phone.isAsked([by.get('Unit')]);
        await phone.begins();
        await phone.posts(body);
        expect(phone.answer?.status).toBe(400);
        expect(await operation.now()).toMatchObject({ commands: [{ state: 'SENT' }] });
        await phone.answers([200, 404]);
        expect(await operation.now()).toMatchObject({ state: 'FAILED' });
      },
    );
  });
});
