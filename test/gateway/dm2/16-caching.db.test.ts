import { by, describeDm2, uri, type Brought } from '../support/spoken-dm2';

const TREE = {
  Serial: 'A-100',
  Unit: 'kWh',
  Interval: 15,
  Tariff: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`t${n}`, { Start: '0600', Rate: 0.31 }])),
  Ops: { Reset: null },
  Key: 'AAEC',
};
const whole = (cv?: string, data: object = TREE): Brought => ({
  uri: uri(''),
  data: { Meter: data },
  ...(cv === undefined ? {} : { cv }),
});

describeDm2('16 Caching', ({ device }) => {
  const known = async (cv?: string) => {
    const phone = await device();
    await phone.isAsked([by.get('')]);
    await phone.begins();
    await phone.brings([200, 200], { 1: whole(cv) });
    return phone;
  };
  const query = (phone: Awaited<ReturnType<typeof known>>): string => phone.cmd[1]?.[1] ?? '';

  test('the validator of an instance goes with its next read; "not modified" is answered from the store, in few octets', async () => {
    const phone = await known('k-17');
    const first = phone.sentOctets;
    const operation = await phone.isAsked([by.get('')]);
    await phone.begins();
    expect(query(phone)).toBe(`${uri('')}?cv=k-17`);
    expect(await phone.answers([200, 304])).toEqual([['END']]);
    const { state, commands } = await operation.now();
    expect([state, commands[0]]).toMatchObject(['SUCCEEDED', { outcome: 'OK', statusCode: 304, result: TREE }]);
    // What the second session took of the line, beside the first.
    expect((phone.sentOctets - first) / first).toBeLessThan(0.1);
    expect(await phone.features()).toMatchObject({ caching: true });
  });

  test('a part is asked with the validator of the whole, and its result is the same as if it had been read', async () => {
    const phone = await known('k-17');
    const operation = await phone.isAsked([
      by.get('Tariff/t7'),
      by.get('Interval'),
      by.get('Key'),
      by.get('Tariff', 0),
      by.get('', 1),
    ]);
    await phone.begins();
    expect(phone.cmd.slice(1).map(([, address]) => address)).toEqual([
      `${uri('Tariff/t7')}?cv=k-17`,
      `${uri('Interval')}?cv=k-17`,
      `${uri('Key')}?cv=k-17`,
      `${uri('Tariff')}?lv=1&cv=k-17`,
      `${uri('')}?lv=1&cv=k-17`,
    ]);
    await phone.answers([200, 304, 304, 304, 304, 304]);
    const { commands } = await operation.now();
    expect(commands.map(({ result }) => result)).toEqual([
      { Start: '0600', Rate: 0.31 },
      15,
      'AAEC',
      Object.keys(TREE.Tariff).sort(),
      { ...TREE, Tariff: {}, Ops: {} },
    ]);
    expect(commands[2]?.resultMeta).toEqual({ '': { format: 'bin', type: 'application/octet-stream' } });
  });

  test('what changed is read, with the validator that comes with it', async () => {
    const phone = await known('k-17');
    const operation = await phone.isAsked([by.get('')]);
    await phone.begins();
    await phone.brings([200, 200], { 1: whole('k-18', { ...TREE, Unit: 'MWh' }) });
    expect(await operation.now()).toMatchObject({ commands: [{ result: { Unit: 'MWh' } }] });
    await phone.isAsked([by.get('Unit')]);
    await phone.begins();
    expect(query(phone)).toBe(`${uri('Unit')}?cv=k-18`);
  });

  test('no validator is sent that is not known to stand for all that is stored', async () => {
    // A part that changed says that the rest may have changed as well.
    const phone = await known('k-17');
    await phone.isAsked([by.get('Unit')]);
    await phone.begins();
    await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'MWh' } });
    await phone.isAsked([by.get('')]);
    await phone.begins();
    expect(query(phone)).toBe(uri(''));
    // The whole without a validator: the device has stopped to give one.
    await phone.brings([200, 200], { 1: whole() });
    await phone.isAsked([by.get('')]);
    await phone.begins();
    expect(query(phone)).toBe(uri(''));
    // One that came with a level is none of the whole.
    await phone.brings([200, 200], { 1: whole() });
    await phone.isAsked([by.get('', 1)]);
    await phone.begins();
    await phone.brings([200, 200], { 1: whole('k-19') });
    await phone.isAsked([by.get('')]);
    await phone.begins();
    expect(query(phone)).toBe(uri(''));
  });

  test('a write of ours takes the validator away', async () => {
    const phone = await known('k-17');
    await phone.isAsked([by.delete('Tariff/t3')]);
    await phone.begins();
    await phone.answers([200, 200]);
    await phone.isAsked([by.get('Tariff')]);
    await phone.begins();
    expect(query(phone)).toBe(uri('Tariff'));
  });

  test('a device that refuses the query is asked without, and then always', async () => {
    const phone = await known('k-17');
    const operation = await phone.isAsked([by.get('Unit')]);
    await phone.begins();
    await phone.answers([200, 501]);
    expect(query(phone)).toBe(uri('Unit'));
    await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'kWh' } });
    expect(await operation.now()).toMatchObject({ commands: [{ result: 'kWh' }] });
    expect(await phone.features()).toMatchObject({ query: false });
  });

  test('304 for a read that had no validator is an error of the device', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('Unit')]);
    await phone.begins();
    await phone.answers([200, 304]);
    expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'DEVICE_ERROR' }] });
  });
});
