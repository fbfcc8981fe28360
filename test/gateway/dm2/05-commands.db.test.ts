import { FUMO } from '../support/world';
import { by, describeDm2, uri, type SpokenDm2 } from '../support/spoken-dm2';

/** No DDF describes it. */
const LAMP = 'urn:example:mo:lamp:1.0';
const DOWNLOADED = 'org.openmobilealliance.dm.firmwareupdate.download';

describeDm2('5 Commands', ({ device, passes }) => {
  const asked = async (...commands: readonly object[]) => {
    const phone = await device();
    const operation = await phone.isAsked(commands);
    await phone.begins();
    return { phone, operation };
  };

  describe('HGET', () => {
    test('a replace is asked first, then fetched from an address that nobody guesses; the carrier tells', async () => {
      const { phone, operation } = await asked(by.replace('Unit', { text: 'MWh' }));
      expect(phone.heard).toEqual([`GET ${uri('Unit')}`]);
      await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'kWh' } });
      expect(phone.heard).toEqual([`HGET ${uri('Unit')}`]);
      expect(phone.cmd[1]?.[1]).toMatch(/^https:\/\/dm\.example\/repository\/[\w-]{22}$/);
      const { status, headers, body } = await phone.fetches(1);
      expect([status, headers.get('content-type'), JSON.parse(body.toString()) as unknown]).toEqual([
        200,
        'application/dmmo+json',
        [{ ClientURI: uri('Unit'), MOData: { Unit: 'MWh' } }],
      ]);
      expect(await phone.answers([200, 200])).toEqual([['END']]);
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ outcome: 'OK', statusCode: 200, carrier: 'HGET', emulated: false }],
      });
    });

    test('an add onto a node that exists, and a replace of one that does not, end with the question', async () => {
      const { phone, operation } = await asked(by.add('Note', { text: 'x' }));
      await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'here' } });
      const other = await phone.isAsked([by.replace('Note', { text: 'x' })]);
      await phone.begins();
      await phone.answers([200, 404]);
      expect([await operation.now(), await other.now()]).toMatchObject([
        { commands: [{ outcome: 'ALREADY_EXISTS' }] },
        { commands: [{ outcome: 'NOT_FOUND' }] },
      ]);
    });

    test('a new instance has no ClientURI: the device names it, and callers find it by that name', async () => {
      const phone = await device();
      const tree = { Unit: 'kWh' };
      const operation = await phone.isAsked([
        { add: { address: { moid: LAMP, miid: 'attic', path: '' }, value: { json: tree } } },
      ]);
      await phone.begins();
      await phone.answers([200, 404]);
      expect(phone.cmd[1]).toHaveLength(2);
      const { body } = await phone.fetches(1);
      expect(JSON.parse(body.toString())).toEqual([{ ClientURI: `${LAMP}//`, MOData: { attic: tree } }]);
      await phone.answers([200, { sc: 200, URI: [`${LAMP}/m7/`] }]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
      const { managementObjects } = await phone.shows<{
        managementObjects: readonly { miid: string; values: unknown }[];
      }>(`managementObjects(moid: "${LAMP}") { miid values }`);
      expect(managementObjects).toContainEqual({ miid: 'm7', values: tree });
    });

    test('200 for a document that nobody fetched is in doubt, unless a read finds it there', async () => {
      const { phone, operation } = await asked(by.add('Tariff/night', { json: { Start: '2200' } }));
      await phone.answers([200, 404]);
      await phone.answers([200, 200]);
      expect(phone.heard).toEqual([`GET ${uri('Tariff/night')}`]);
      await phone.answers([200, 404]);
      expect(await operation.now()).toMatchObject({
        state: 'IN_DOUBT',
        commands: [{ error: { message: 'its answer was lost, and a get is answered 404' } }],
      });
    });
  });

  describe('HPUT and HPOST', () => {
    test.each([
      ['HPUT', []],
      ['HPOST', ['HPUT']],
    ] as const)(
      'a device without GET is read by %s, in no session afterwards by what it lacks',
      async (name, lacks) => {
        const { phone, operation } = await asked(by.get('Unit'));
        expect(phone.heard).toEqual([`GET ${uri('Unit')}`]);
        await phone.answers([200, 501]);
        for (const lacking of lacks) {
          expect(phone.heard).toEqual([`${lacking} ${uri('Unit')}`]);
          await phone.answers([200, 501]);
        }
        expect(phone.heard).toEqual([`${name} ${uri('Unit')}`]);
        expect(phone.answer?.headers.get('omadm-accept')).toContain('application/dmmo+json');
        expect((await phone.puts(1, { uri: uri('Unit'), data: { Unit: 'kWh' } })).status).toBeLessThan(300);
        await phone.answers([200, 200]);
        expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'OK', result: 'kWh', carrier: name }] });
        await phone.isAsked([by.get('Unit')]);
        await phone.begins();
        expect(phone.heard).toEqual([`${name} ${uri('Unit')}`]);
      },
    );

    test('what a package did not bring back is asked by HPUT in the next session', async () => {
      const { phone, operation } = await asked(by.get('Tariff'));
      expect(phone.heard).toEqual([`GET ${uri('Tariff')}`]);
      await phone.begins();
      expect(phone.heard).toEqual([`HPUT ${uri('Tariff')}`]);
      await phone.puts(1, { uri: uri('Tariff'), data: { Tariff: { day: { Start: '0600' } } } });
      await phone.answers([200, 200]);
      expect(await operation.now()).toMatchObject({
        commands: [{ outcome: 'OK', result: { day: { Start: '0600' } }, carrier: 'HPUT' }],
      });
    });
  });

  describe('an HPUT that comes late', () => {
    const late = async () => {
      const { phone, operation } = await asked(by.get('Tariff'));
      await phone.begins();
      expect(phone.heard).toEqual([`HPUT ${uri('Tariff')}`]);
      const [, address = ''] = phone.cmd[1] ?? [];
      await passes(3_600_000);
      expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
      return { phone, operation, address };
    };
    const put = async (phone: SpokenDm2, address: string, document: object): Promise<number> => {
      const headers = { 'content-type': 'application/dmmo+json' };
      return (await phone.requests('PUT', address, JSON.stringify([document]), headers)).status;
    };

    test('after its session is taken, and the next session does not ask again', async () => {
      const { phone, operation, address } = await late();
      const data = { Tariff: { day: { Start: '0600' } } };
      expect(await put(phone, address, { ClientURI: uri('Tariff'), MOData: data })).toBe(204);
      expect(await phone.begins()).toEqual([['END']]);
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ outcome: 'OK', result: { day: { Start: '0600' } }, carrier: 'HPUT' }],
      });
      expect(await put(phone, address, { ClientURI: uri('Tariff'), MOData: data })).toBe(404);
    });

    test('and is nothing that was asked for is asked for again, at the same address', async () => {
      const { phone, address } = await late();
      expect(await put(phone, address, { ClientURI: 'urn:other:mo//', MOData: { x: {} } })).toBe(204);
      await phone.begins();
      expect(phone.cmd[1]).toEqual(['HPUT', address, uri('Tariff')]);
    });
  });

  test('DELETE: what went is gone for callers too', async () => {
    const { phone, operation } = await asked(by.delete('Note'));
    expect(phone.heard).toEqual([`DELETE ${uri('Note')}`]);
    await phone.answers([200, 200]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ carrier: 'DELETE' }] });
  });

  describe('EXEC', () => {
    const fumo = { MOS: [{ MOID: FUMO, MIID: ['fw1'] }] };
    const exec = by.exec('Download', 'fw1', FUMO);
    const alert = (code: number): object => ({
      AlertType: DOWNLOADED,
      SourceURI: `${FUMO}/fw1/`,
      DataType: 'application/json',
      Data: { ResultCode: code },
    });

    test('one that ends at once', async () => {
      const { phone, operation } = await asked(by.exec('Ops/Reset'));
      expect(phone.cmd[1]).toEqual(['EXEC', uri('Ops/Reset')]);
      await phone.answers([200, 200]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ carrier: 'EXEC' }] });
    });

    test('202 waits for the alert of the object and the type, which comes with a later session', async () => {
      const phone = await device();
      await phone.begins(fumo);
      const operation = await phone.isAsked([exec]);
      await phone.begins(fumo);
      await phone.answers([200, 202]);
      expect(await operation.now()).toMatchObject({ state: 'RUNNING', commands: [{ state: 'ACCEPTED' }] });
      await phone.begins({ ...fumo, Alert: [alert(200)] });
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK', result: 200 }] });
    });

    test('of two that could be taken for one another the second reports at an address of its own, in a session of its own', async () => {
      const phone = await device();
      await phone.begins(fumo);
      const first = await phone.isAsked([exec]);
      const second = await phone.isAsked([exec]);
      await phone.begins(fumo);
      expect(phone.cmd[1]).toEqual(['EXEC', `${FUMO}/fw1/Download`]);
      await phone.answers([200, 202]);
      const [, report = ''] = phone.cmd[1]?.slice(1) ?? [];
      expect(report).toMatch(/^https:\/\/dm\.example\/dm\/2\/[\w-]{22}$/);
      await phone.answers([200, 202]);
      await phone.begins({ Alert: [alert(411)] }, { to: report });
      expect(phone.cmd).toEqual([['END']]);
      expect([await first.now(), await second.now()]).toMatchObject([
        { state: 'RUNNING' },
        { state: 'FAILED', commands: [{ error: { message: expect.stringContaining('411') as string } }] },
      ]);
      await phone.begins({ ...fumo, Alert: [alert(200)] });
      expect(await first.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('an argument, which EXEC has no place for, is refused when it is submitted', async () => {
      const phone = await device();
      await expect(
        phone.isAsked([{ exec: { address: { moid: FUMO, path: 'Download' }, value: { text: 'now' } } }]),
      ).rejects.toThrow(/NOT_SUPPORTED_BY_DEVICE/);
    });
  });

  describe('Copy, which DM 2.0 has not', () => {
    test('is a read and a write, and marked as emulated', async () => {
      const { phone, operation } = await asked(by.copy('Unit', 'Note'));
      expect(phone.heard).toEqual([`GET ${uri('Unit')}`]);
      await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'kWh' } });
      expect(phone.heard).toEqual([`HGET ${uri('Note')}`]);
      const { body } = await phone.fetches(1);
      expect(JSON.parse(body.toString())).toEqual([{ ClientURI: uri('Note'), MOData: { Note: 'kWh' } }]);
      await phone.answers([200, 200]);
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ kind: 'COPY', outcome: 'OK', result: null, emulated: true, carrier: 'HGET' }],
      });
      expect(await phone.shows('managementObjects(moid: "urn:oma:mo:ext-acme-meter:1.0") { values }')).toEqual({
        managementObjects: [{ values: { Unit: 'kWh', Note: 'kWh' } }],
      });
    });

    test('of what is not there is NOT_FOUND, and nothing is written', async () => {
      const { phone, operation } = await asked(by.copy('Unit', 'Note'));
      expect(await phone.answers([200, 404])).toEqual([['END']]);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'NOT_FOUND' }] });
    });

    test('a read that was lost is asked again; a write that was lost is looked for', async () => {
      const { phone, operation } = await asked(by.copy('Unit', 'Note'));
      await phone.begins();
      expect(phone.heard).toEqual([`HPUT ${uri('Unit')}`]);
      await phone.puts(1, { type: 'text/plain', text: 'kWh' });
      await phone.answers([200, 200]);
      expect(phone.heard).toEqual([`HGET ${uri('Note')}`]);
      await passes(3_600_000);
      await phone.begins();
      expect(phone.heard).toEqual([`GET ${uri('Note')}`]);
      await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'kWh' } });
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ carrier: 'GET' }] });
    });
  });

  test('a group that is to be kept whole is refused when it is submitted', async () => {
    const phone = await device();
    await expect(
      phone.isAsked([by.replace('Unit', { text: 'x' }), by.replace('Interval', { int: 1 })], { atomic: true }),
    ).rejects.toThrow(/NOT_SUPPORTED_BY_DEVICE/);
  });

  test('a failed command does not stop the device, so what stops at a failure waits for the answer before it', async () => {
    const { phone, operation } = await asked(by.delete('Note'), by.delete('Tariff/day'));
    expect(phone.heard).toEqual([`DELETE ${uri('Note')}`]);
    expect(await phone.answers([200, 404])).toEqual([['END']]);
    expect(await operation.now()).toMatchObject({
      state: 'FAILED',
      commands: [{ outcome: 'NOT_FOUND' }, { state: 'SKIPPED' }],
    });
  });
});
