import { METER, ask } from '../support/world';
import { describeDm2, uri, type SpokenDm2 } from '../support/spoken-dm2';

describeDm2('10 MO data: a replace by a tree', ({ device, gateway }) => {
  const at = { moid: METER, path: 'Tariff/peak' };
  const replace = (whole: boolean, json: object = { Rate: 0.75 }): object => ({
    replace: { address: at, value: { json }, whole },
  });

  /** A device whose tariff is known to be `{ Start: '1700', Rate: 0.5 }`. */
  async function withTariff(): Promise<SpokenDm2> {
    const phone = await device();
    await phone.isAsked([{ get: { address: at } }]);
    await phone.begins();
    const told = [{ ClientURI: uri('Tariff/peak'), MOData: { peak: { Start: '1700', Rate: 0.5 } } }];
    await phone.brings([200, 200], { 1: { type: 'application/dmmo+json', text: JSON.stringify(told) } });
    return phone;
  }

  async function tariffOf(phone: SpokenDm2): Promise<unknown> {
    const { device: found } = await ask<{ device: { acmeMeter: { tariff: { items: readonly unknown[] } } } }>(
      gateway(),
      'query ($id: ID!) { device(deviceId: $id) { acmeMeter { tariff { items { start rate } } } } }',
      { id: phone.deviceId },
    );
    return found.acmeMeter.tariff.items[0];
  }

  /** Answers the question whether the node is there, and fetches what is to be written. */
  async function fetched(phone: SpokenDm2): Promise<unknown> {
    await phone.begins();
    await phone.brings([200, 200], { 1: { type: 'application/dmmo+json', text: '[]' } });
    return JSON.parse((await phone.fetches(1)).body.toString());
  }

  test('brings the leaves that it names, each with its place, so that the others stay', async () => {
    const phone = await withTariff();
    const operation = await phone.isAsked([replace(false, { Start: '1800', Rate: 0.75 })]);
    expect(await fetched(phone)).toEqual([
      { ClientURI: uri('Tariff/peak/Start'), MOData: { Start: '1800' } },
      { ClientURI: uri('Tariff/peak/Rate'), MOData: { Rate: 0.75 } },
    ]);
    expect(phone.cmd[1]).toHaveLength(2);
    await phone.answers([200, { sc: 200, URI: [uri('Tariff/peak/Start'), uri('Tariff/peak/Rate')] }]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    expect(await tariffOf(phone)).toEqual({ start: '1800', rate: 0.75 });
  });

  test('of one leaf names it in the command: there are clients that break where they are told no place', async () => {
    const phone = await withTariff();
    const operation = await phone.isAsked([replace(false)]);
    expect(await fetched(phone)).toEqual([{ ClientURI: uri('Tariff/peak/Rate'), MOData: { Rate: 0.75 } }]);
    expect(phone.heard).toEqual([`HGET ${uri('Tariff/peak/Rate')}`]);
    expect((await phone.fetches(1, 'text/plain')).body.toString()).toBe('0.75');
    await phone.answers([200, 200]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    expect(await tariffOf(phone)).toEqual({ start: '1700', rate: 0.75 });
  });

  test('whole: brings the node, and what it does not name is gone', async () => {
    const phone = await withTariff();
    const operation = await phone.isAsked([replace(true)]);
    expect(await fetched(phone)).toEqual([{ ClientURI: uri('Tariff/peak'), MOData: { peak: { Rate: 0.75 } } }]);
    expect(phone.heard).toEqual([`HGET ${uri('Tariff/peak')}`]);
    await phone.answers([200, 200]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    expect(await tariffOf(phone)).toEqual({ start: null, rate: 0.75 });
  });

  test('without a leaf writes nothing', async () => {
    const phone = await withTariff();
    const operation = await phone.isAsked([replace(false, {})]);
    await phone.begins();
    await phone.brings([200, 200], { 1: { type: 'application/dmmo+json', text: '[]' } });
    expect(phone.heard).toEqual(['END']);
    expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'BAD_VALUE' }] });
  });
});
