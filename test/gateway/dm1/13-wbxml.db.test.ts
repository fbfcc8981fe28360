import { encodeMessage } from '../../../adapters/dm1/codec';
import { results } from '../../adapters/dm1/session/dialogue';
import { alert, by, describeSection, devInfo } from '../support/spoken';

describeSection('13 WBXML', ({ form, device, gateway }) => {
  if (form !== 'wbxml') {
    test('an XML client is answered in XML', async () => {
      const phone = await device();
      await phone.begins();
      expect(Buffer.from(phone.answer?.body ?? []).toString('utf8')).toMatch(/^(?:<\?xml[^>]*\?>\s*)?<SyncML /);
    });
    return;
  }

  test.each([
    ['number', '02a401'],
    ['text', '0200006a1d'],
  ] as const)('the public id is mirrored: a client that writes it as a %s gets it so', async (publicId, head) => {
    const phone = await device();
    const message = phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]);
    await phone.sends(encodeMessage(message, { form, publicId }));
    expect(phone.heard[0]).toBe('212 SyncHdr');
    expect(
      Buffer.from(phone.answer?.body ?? [])
        .toString('hex')
        .slice(0, head.length),
    ).toBe(head);
  });

  test('that a device speaks WBXML is a feature of it', async () => {
    const phone = await device();
    await phone.begins();
    const { data } = await gateway().graphql(`{ device(deviceId: "${phone.deviceId}") { features { name value } } }`);
    expect(data.device.features).toContainEqual({ name: 'dm1.wbxml', value: true });
  });

  test('octets are a value of format bin, and are given to callers as Base64', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    const get = phone.commands[0];
    const octets = new Uint8Array([0, 1, 2, 255]);
    await phone.says([
      phone.accepts(),
      phone.judges(0, 200),
      results(Number(phone.reply.header.msgId), get?.cmdId ?? '', './Vendor/A', '', 'bin', {
        data: { kind: 'octets', octets },
      }),
    ]);
    expect(await operation.now()).toMatchObject({ commands: [{ result: 'AAEC/w==' }] });
  });

  test('octets are written as octets', async () => {
    const phone = await device();
    await phone.isAsked([
      { replace: { address: { uri: './Vendor/A' }, value: { base64: 'AAEC/w==', format: 'BIN' } } },
    ]);
    await phone.begins();
    const [command] = phone.commands;
    const item = command !== undefined && 'items' in command ? command.items[0] : undefined;
    const octets =
      item?.data?.kind === 'octets'
        ? Buffer.from(item.data.octets)
        : Buffer.from(item?.data?.kind === 'text' ? item.data.text : '', 'base64');
    expect(octets.toString('hex')).toBe('000102ff');
  });
});
