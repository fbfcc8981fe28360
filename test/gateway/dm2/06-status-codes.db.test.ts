import { by, describeDm2 } from '../support/spoken-dm2';

describeDm2('6 Status codes', ({ device }) => {
  /** Commands that need no question first, and what their codes come to for callers. */
  const rows: readonly (readonly [string, object, Readonly<Record<number, string>>])[] = [
    [
      'GET',
      by.get('Unit'),
      {
        204: 'OK',
        400: 'NOT_FOUND',
        403: 'PERMISSION_DENIED',
        404: 'NOT_FOUND',
        500: 'DEVICE_ERROR',
        503: 'DEVICE_ERROR',
        507: 'USER_REFUSED',
      },
    ],
    [
      'DELETE',
      by.delete('Note'),
      { 200: 'OK', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 405: 'NOT_ALLOWED', 501: 'UNSUPPORTED' },
    ],
    [
      'EXEC',
      by.exec('Ops/Reset'),
      { 200: 'OK', 405: 'NOT_ALLOWED', 1200: 'OK', 1400: 'DEVICE_ERROR', 599: 'DEVICE_ERROR' },
    ],
  ];
  test.each(rows)('of %s', async (_, command, codes) => {
    const phone = await device();
    const seen: Record<number, unknown> = {};
    for (const code of Object.keys(codes).map(Number)) {
      const operation = await phone.isAsked([command]);
      await phone.begins();
      await phone.answers([200, code]);
      const { commands } = await operation.now();
      seen[code] = commands[0]?.outcome;
      expect(commands[0]?.statusCode).toBe(code);
    }
    expect(seen).toEqual(codes);
  });

  test.each([
    [403, 'PERMISSION_DENIED'],
    [415, 'BAD_VALUE'],
    [419, 'DEVICE_ERROR'],
    [506, 'DEVICE_FULL'],
    [400, 'BAD_VALUE'],
  ])('%i of an HGET is %s', async (code, outcome) => {
    const phone = await device();
    const operation = await phone.isAsked([by.add('Note', { text: 'x' })]);
    await phone.begins();
    await phone.answers([200, 404]);
    await phone.fetches(1);
    await phone.answers([200, code]);
    expect(await operation.now()).toMatchObject({ state: 'FAILED', commands: [{ outcome, statusCode: code }] });
  });

  test('what a client has not, 501, is learned and shown with its evidence', async () => {
    const phone = await device();
    await phone.isAsked([by.get('Unit')]);
    await phone.begins();
    await phone.answers([501, 501]);
    const { features } = await phone.shows<{ features: readonly object[] }>('features { name value evidence }');
    expect(features).toEqual(
      expect.arrayContaining([
        { name: 'CONT', value: false, evidence: 'CONT answered 501' },
        { name: 'GET', value: false, evidence: 'GET answered 501' },
      ]),
    );
  });
});
