import { describeDm2, type SpokenDm2 } from '../support/spoken-dm2';
import { ask, codesOf, createKey, METER, register } from '../support/world';

const SUBMIT = 'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }';
const DAY_MS = 86_400_000;

/** A wish as callers write it. */
const wish = (values: unknown, more: object = {}): object => ({ default: { moid: METER, values, ...more } });

// dm2 section 5, DEFAULT: values that stand ready for an object that the device has not.
describeDm2('5 DEFAULT', ({ device, gateway, accountId, passes }) => {
  /** The device is told of a document, and answers; its address. */
  const told = async (phone: SpokenDm2, values: object, answer = 200): Promise<string> => {
    await phone.isAsked([wish(values)]);
    await phone.begins();
    const [, address = ''] = phone.cmd[1] ?? [];
    await phone.answers([200, answer]);
    return address;
  };
  const fetched = async (phone: SpokenDm2, address: string): Promise<unknown> => {
    const { status, body } = await phone.requests('GET', address);
    return status === 200 ? (JSON.parse(body.toString()) as unknown) : status;
  };
  const document = (values: object, name = 'ext-acme-meter'): readonly object[] => [
    { ClientURI: `${METER}//`, MOData: { [name]: values } },
  ];

  test('the device is told an address, and finds the values there as often and as late as it needs them', async () => {
    const phone = await device();
    const values = { Unit: 'kWh', Tariff: { day: { Rate: 0.3 } } };
    const operation = await phone.isAsked([wish(values, { miid: 'spare' })]);
    await phone.begins();
    const [, address = ''] = phone.cmd[1] ?? [];
    expect(phone.cmd[1]).toEqual(['DEFAULT', expect.any(String), METER]);
    expect(address).toMatch(/^https:\/\/dm\.example\/repository\/[\w-]{22}$/);
    expect(await phone.answers([200, 200])).toEqual([['END']]);
    const command = { kind: 'DEFAULT', outcome: 'OK', statusCode: 200, carrier: 'DEFAULT', result: null };
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [command] });
    for (const wait of [0, 400 * DAY_MS, 400 * DAY_MS]) {
      await passes(wait);
      expect(await fetched(phone, address)).toEqual(document(values, 'spare'));
    }
  });

  test('the next one takes its place once the device has taken it, and not before', async () => {
    const phone = await device();
    const old = await told(phone, { Unit: 'kWh' });
    const refused = await told(phone, { Unit: 'MWh' }, 404);
    expect([await fetched(phone, old), await fetched(phone, refused)]).toEqual([document({ Unit: 'kWh' }), 404]);
    const next = await told(phone, { Unit: 'GWh' });
    expect([await fetched(phone, old), await fetched(phone, next)]).toEqual([404, document({ Unit: 'GWh' })]);
  });

  test('where the answer was lost the same address is named again', async () => {
    const phone = await device();
    const operation = await phone.isAsked([wish({ Unit: 'kWh' })]);
    await phone.begins();
    const lost = phone.cmd[1];
    await phone.begins();
    expect(phone.cmd[1]).toEqual(lost);
    await phone.answers([200, 200]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('it goes with its device', async () => {
    const phone = await device();
    const address = await told(phone, { Unit: 'kWh' });
    await ask(gateway(), 'mutation ($id: ID!) { deleteDevice(deviceId: $id) { deviceId } }', { id: phone.deviceId });
    expect(await fetched(phone, address)).toBe(404);
  });

  test('501: UNSUPPORTED, kept as a feature, and not sent to the device any more', async () => {
    const phone = await device();
    const first = await phone.isAsked([wish({ Unit: 'kWh' })]);
    await phone.begins();
    await phone.answers([200, 501]);
    const second = await phone.isAsked([wish({ Unit: 'kWh' })]);
    expect(await phone.begins()).toEqual([['END']]);
    expect([await first.now(), await second.now()]).toMatchObject([
      { commands: [{ outcome: 'UNSUPPORTED', statusCode: 501, carrier: 'DEFAULT' }] },
      { commands: [{ outcome: 'UNSUPPORTED', error: { message: 'the device has no DEFAULT' } }] },
    ]);
    expect(await phone.features()).toMatchObject({ DEFAULT: false });
  });

  describe('is judged when it is submitted', () => {
    const answered = async (deviceId: string, command: object, key?: string): Promise<readonly unknown[]> =>
      codesOf(await gateway().graphql(SUBMIT, { input: { deviceId, commands: [command] } }, key));

    test('by the DDF', async () => {
      const { deviceId } = await device();
      expect(await answered(deviceId, wish({ Colour: 'red' }))).toEqual(['NOT_IN_DDF']);
      expect(await answered(deviceId, wish({ Interval: 'often' }))).toEqual(['BAD_FORMAT']);
      expect(await answered(deviceId, wish('kWh'))).toEqual(['BAD_FORMAT']);
      expect(await answered(deviceId, wish({}, { moid: 'urn:oma:mo:oma-dm-dacmo:1.0' }))).toEqual(['ACCESS_TYPE']);
      expect(await answered(deviceId, wish({}, { moid: '' }))).toEqual(['BAD_USER_INPUT']);
      expect(await answered(deviceId, wish({ any: { thing: 1 } }, { moid: 'urn:example:mo:unknown:1.0' }))).toEqual([]);
    });

    test('by the right to write objects of the type', async () => {
      const { deviceId } = await device();
      const moid = METER;
      const reader = await createKey(gateway(), deviceId, { right: 'READ', moid });
      const writer = await createKey(gateway(), deviceId, { right: 'WRITE', moid });
      expect(await answered(deviceId, wish({ Unit: 'kWh' }), reader)).toEqual(['FORBIDDEN']);
      expect(await answered(deviceId, wish({ Unit: 'kWh' }), writer)).toEqual([]);
    });

    test('and refused for a DM 1.x device', async () => {
      const deviceId = 'urn:uuid:without-default';
      await register(gateway(), { deviceId, accountId: accountId(), protocol: 'DM_1_2' });
      expect(await answered(deviceId, wish({ Unit: 'kWh' }))).toEqual(['NOT_SUPPORTED_BY_DEVICE']);
    });
  });
});
