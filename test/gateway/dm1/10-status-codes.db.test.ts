import { by, describeSection } from '../support/spoken';

describeSection('10 Status codes', ({ device }) => {
  test.each([
    [200, 'OK'],
    [401, 'PERMISSION_DENIED'],
    [403, 'NOT_ALLOWED'],
    [404, 'NOT_FOUND'],
    [405, 'NOT_ALLOWED'],
    [406, 'UNSUPPORTED'],
    [413, 'TOO_LARGE'],
    [414, 'TOO_LARGE'],
    [415, 'BAD_VALUE'],
    [418, 'ALREADY_EXISTS'],
    [420, 'DEVICE_FULL'],
    [424, 'DEVICE_ERROR'],
    [425, 'PERMISSION_DENIED'],
    [500, 'DEVICE_ERROR'],
    [501, 'UNSUPPORTED'],
    [510, 'DEVICE_ERROR'],
    [518, 'DEVICE_ERROR'],
    [450, 'DEVICE_ERROR'],
  ])('%i comes to the outcome %s, and the code itself stays visible', async (code, outcome) => {
    const phone = await device();
    const operation = await phone.isAsked([by.add('./Vendor/A', 'x')]);
    await phone.begins();
    // Another command that is answered well shows that the client means the one alone.
    await phone.says([phone.accepts(), phone.judges(0, code)]);
    expect(await operation.now()).toMatchObject({ commands: [{ outcome, statusCode: code }] });
  });

  test('0 is no code: the outcome is unknown, and an add is not sent twice', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.add('./Vendor/A', 'x')]);
    await phone.begins();
    await phone.says([phone.accepts(), phone.judges(0, 0)]);
    expect(phone.heard).toEqual(['212 SyncHdr', 'Get ./Vendor/A', 'Final']);
    await phone.says([phone.accepts(), phone.judges(0, 404)]);
    expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
    expect(await operation.now()).toMatchObject({ state: 'IN_DOUBT' });
  });
});
