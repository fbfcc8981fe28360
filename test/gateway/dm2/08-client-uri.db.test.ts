import { METER } from '../support/world';
import { by, describeDm2, uri } from '../support/spoken-dm2';

const FUMO_1 = 'org.openmobilealliance/1.0/FirmwareUpdateManagementObject';

describeDm2('8 ClientURI', ({ device }) => {
  test('plain MIID paths are sent, the root with a slash behind; a level goes as lv', async () => {
    const phone = await device();
    await phone.isAsked([by.get('', 2), by.get('Tariff/day/Rate'), by.get('Tariff', 0)]);
    await phone.begins();
    expect(phone.cmd.slice(1).map(([, address]) => address)).toEqual([
      `${METER}/m1/?lv=2`,
      `${METER}/m1/Tariff/day/Rate`,
      `${METER}/m1/Tariff?lv=1`,
    ]);
  });

  test('names outside the grammar are percent-encoded, in instances, paths and types', async () => {
    const phone = await device();
    await phone.begins({
      MOS: [
        { MOID: METER, MIID: ['küche 1/2'] },
        { MOID: FUMO_1, MIID: ['f:1'] },
      ],
    });
    await phone.isAsked([
      { get: { address: { moid: METER, miid: 'küche 1/2', path: 'Tariff/50%25 (a)' } } },
      { get: { address: { moid: FUMO_1, miid: 'f:1', path: '' } } },
    ]);
    await phone.begins({});
    expect(phone.cmd.slice(1).map(([, address]) => address)).toEqual([
      `${METER}/k%C3%BCche%201%2F2/Tariff/50%25%20%28a%29`,
      'org.openmobilealliance%2F1.0%2FFirmwareUpdateManagementObject/f:1/',
    ]);
  });

  test('a caller who names no instance means the only one; the device is asked for it by name', async () => {
    const phone = await device();
    await phone.begins();
    await phone.isAsked([{ get: { address: { moid: METER, path: 'Unit' } } }]);
    await phone.begins();
    expect(phone.heard).toEqual([`GET ${uri('Unit')}`]);
  });

  test.each([
    ['with an empty instance, which is the only one', `${METER}//Unit`],
    ['with a slash behind the last step', `${METER}/m1/Unit/`],
    ['percent-encoded where it need not be', `${METER.replaceAll(':', '%3A')}/m1/%55nit`],
    ['with fields that nobody knows', `${METER}/m1/Unit?x-vendor=1`],
  ])('an address of the device %s is understood', async (_, address) => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('Unit')]);
    await phone.begins();
    await phone.brings([200, 200], { 1: { uri: address, data: { Unit: 'kWh' } } });
    expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'OK', result: 'kWh' }] });
  });

  test.each([['no/uri'], [`${METER}/m1`], [`${METER}/*/Unit`], [`${METER}/(a)/Unit?nv=(a)/x:y`], [`${METER}/m1/%zz`]])(
    'data whose address is %s, which names no one node, is an error of the device',
    async (address) => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('Unit')]);
      await phone.begins();
      await phone.brings([200, 200], { 1: { uri: address, data: { Unit: 'kWh' } } });
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'DEVICE_ERROR' }] });
    },
  );
});
