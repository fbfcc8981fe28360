import { by, describeDm2, uri } from '../support/spoken-dm2';

describeDm2('10 MO data', ({ device }) => {
  const VALUES: readonly (readonly [string, string, unknown, unknown])[] = [
    ['text', 'Unit', 'k "é" \u{1f600}', 'k "é" \u{1f600}'],
    ['a number where text is due', 'Unit', 5, '5'],
    ['an integer', 'Interval', -15, -15],
    ['an integer as text', 'Interval', '15', 15],
    ['a truth', 'Enabled', false, false],
    ['a truth as text', 'Enabled', 'TRUE', true],
    ['a float', 'Tariff/day/Rate', 0.31, 0.31],
    ['an infinite float', 'Tariff/day/Rate', 'INF', 'Infinity'],
    ['octets', 'Key', 'AAEC/w==', 'AAEC/w=='],
    ['a date', 'Since', '2026-01-31', '2026-01-31'],
  ];
  test.each(VALUES)('reads %s', async (_, path, json, result) => {
    const phone = await device();
    const operation = await phone.isAsked([by.get(path)]);
    await phone.begins();
    await phone.brings([200, 200], { 1: { uri: uri(path), data: { [path.split('/').at(-1) ?? '']: json } } });
    expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'OK', result }] });
  });

  test('a whole instance: any root label, unnamed nodes by their names, nodes to execute as null', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('')]);
    await phone.begins();
    const tree = { Unit: 'kWh', Tariff: { 1: { Start: '0600' }, __proto: { Start: '1' } }, Ops: { Reset: null } };
    await phone.brings([200, 200], { 1: { uri: uri(''), data: { AnyLabel: tree } } });
    expect(await operation.now()).toMatchObject({ commands: [{ result: tree }] });
    expect(await phone.shows('acmeMeter { unit tariff { items { nodeName start } } }')).toEqual({
      acmeMeter: {
        unit: 'kWh',
        tariff: {
          items: [
            { nodeName: '1', start: '0600' },
            { nodeName: '__proto', start: '1' },
          ],
        },
      },
    });
  });

  test('a value that does not fit its format spoils itself alone', async () => {
    const phone = await device();
    await phone.isAsked([by.get('')]);
    await phone.begins();
    await phone.brings([200, 200], {
      1: { uri: uri(''), data: { M: { Unit: 'kWh', Interval: 'soon', Enabled: [] } } },
    });
    expect(
      await phone.shows('acmeMeter { unit interval } managementObjects(moid: "urn:oma:mo:ext-acme-meter") { values }'),
    ).toEqual({
      acmeMeter: { unit: 'kWh', interval: null },
      managementObjects: [{ values: { Unit: 'kWh', Interval: 'soon' } }],
    });
  });

  test.each([
    ['Unit', { text: 'MWh "é"' }, 'MWh "é"', 'MWh "é"'],
    ['Interval', { int: 30 }, 30, '30'],
    ['Enabled', { bool: true }, true, 'true'],
    ['Tariff/day/Rate', { float: 0.5 }, 0.5, '0.5'],
  ] as const)('writes %s in its form, and as a bare value', async (path, value, json, text) => {
    const phone = await device();
    await phone.isAsked([by.replace(path, value)]);
    await phone.begins();
    if (phone.heard[0]?.startsWith('GET') === true)
      await phone.brings([200, 200], { 1: { type: 'text/plain', text: '' } });
    const { body } = await phone.fetches(1);
    const name = path.split('/').at(-1) ?? '';
    expect(JSON.parse(body.toString())).toEqual([{ ClientURI: uri(path), MOData: { [name]: json } }]);
    expect((await phone.fetches(1, 'text/plain')).body.toString()).toBe(text);
  });

  test('writes a sub-tree whole', async () => {
    const phone = await device();
    await phone.isAsked([by.add('Tariff/peak', { json: { Start: '1700', Rate: 0.62 } })]);
    await phone.begins();
    await phone.answers([200, 404]);
    const { body } = await phone.fetches(1);
    expect(JSON.parse(body.toString())).toEqual([
      { ClientURI: uri('Tariff/peak'), MOData: { peak: { Start: '1700', Rate: 0.62 } } },
    ]);
  });
});
