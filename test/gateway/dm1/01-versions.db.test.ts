import { by, describeSection } from '../support/spoken';

describeSection('1 Vocabulary and versions', ({ device, gateway }) => {
  test.each([
    ['1.1.2', 'SYNCML:SYNCML1.1', '1.1', 'DM/1.1', 'DM_1_1_2'],
    ['1.2', 'SYNCML:SYNCML1.2', '1.2', 'DM/1.2', 'DM_1_2'],
    ['1.3', 'SYNCML:SYNCML1.2', '1.2', 'DM/1.3', 'DM_1_3'],
  ] as const)(
    'a DM %s client is answered in its own namespace, VerDTD and VerProto, and is managed',
    async (version, namespace, verDtd, verProto, protocol) => {
      const phone = await device({ version });
      const operation = await phone.isAsked([by.get('./Vendor/A', 0), by.replace('./Vendor/B', 'x')]);
      await phone.begins();
      expect(phone.reply.namespace).toBe(namespace);
      expect(phone.reply.header).toMatchObject({ verDtd, verProto });
      expect(phone.heard.slice(-3)).toEqual(['Get ./Vendor/A', 'Replace ./Vendor/B', 'Final']);
      await phone.answers({ './Vendor/A': '1', './Vendor/B': '' });
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
      const { data } = await gateway().graphql(`{ device(deviceId: "${phone.deviceId}") { protocol } }`);
      expect(data).toEqual({ device: { protocol } });
    },
  );

  test('VerDTD 1.3 is taken from a DM 1.3 client, and mirrored', async () => {
    const phone = await device({ version: '1.3' });
    await phone.begins({ verDtd: '1.3' });
    expect(phone.heard[0]).toBe('212 SyncHdr');
    expect(phone.reply.header).toMatchObject({ verDtd: '1.3', verProto: 'DM/1.3' });
  });

  test('an unknown VerDTD is 505 for SyncHdr, and nothing else is executed', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins({ verDtd: '2.0' });
    expect(phone.heard).toEqual(['505 SyncHdr', 'Final']);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
  });

  test('an unknown VerProto is 513 for SyncHdr, and nothing else is executed', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins({ verProto: 'SyncML/1.2' });
    expect(phone.heard).toEqual(['513 SyncHdr', 'Final']);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
  });

  test("DmV is the maker's free text: the protocol does not follow from it", async () => {
    const phone = await device({ version: '1.2' });
    await phone.begins();
    const { data } = await gateway().graphql(`{ device(deviceId: "${phone.deviceId}") { protocol devInfo { dmV } } }`);
    expect(data).toEqual({ device: { protocol: 'DM_1_2', devInfo: { dmV: '1.2' } } });
  });
});
