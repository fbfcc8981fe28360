import { encodeMessage } from '../../../adapters/dm1/codec';
import { alert, by, describeSection, devInfo, PUBLIC_URL } from '../support/spoken';

describeSection('3 Message fields and rules', ({ form, device }) => {
  test.each(['1', '0', 'A1', 'a1', '1234567890', 'FFFF'])(
    'SessionID %s is opaque: it is echoed as it came',
    async (sessionId) => {
      const phone = await device();
      phone.sessionId = sessionId;
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      expect(phone.reply.header.sessionId).toBe(sessionId);
      await phone.answers({ './Vendor/A': '1' });
      expect(phone.reply.header.sessionId).toBe(sessionId);
    },
  );

  test('a SessionID that differs by case alone is another session', async () => {
    const phone = await device();
    phone.sessionId = 'a1';
    await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    phone.sessionId = 'A1';
    await phone.answers({ './Vendor/A': '1' });
    expect(phone.heard).toContain('Alert 1223');
  });

  test("MsgID is the client's: the server echoes it", async () => {
    const phone = await device();
    await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    expect(phone.reply.header.msgId).toBe('1');
    await phone.answers({ './Vendor/A': '1' });
    expect(phone.reply.header.msgId).toBe('2');
    expect(phone.statuses[0]).toMatchObject({ msgRef: '2', cmdRef: '0', cmd: 'SyncHdr' });
  });

  test('CmdIDs are unique in a message and never 0', async () => {
    const phone = await device();
    await phone.isAsked([by.replace('./Vendor/A', 'x'), by.replace('./Vendor/B', 'y')], { atomic: true });
    await phone.begins();
    const ids = phone.reply.body.flatMap((command) => [
      command.cmdId,
      ...(command.kind === 'Atomic' ? command.commands.map(({ cmdId }) => cmdId) : []),
    ]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain('0');
  });

  test('Target and Source of the answer are swapped; TargetRef and SourceRef are those of the message', async () => {
    const phone = await device();
    await phone.begins();
    expect(phone.reply.header.target.locUri).toBe(phone.deviceId);
    expect(phone.reply.header.source.locUri).toBe(`${PUBLIC_URL}/dm/1`);
    expect(phone.statuses[0]).toMatchObject({
      targetRefs: [`${PUBLIC_URL}/dm/1`],
      sourceRefs: [phone.deviceId],
    });
  });

  test('RespURI is absolute, unguessable, without `&`, in every message, and the same for the session', async () => {
    const phone = await device();
    await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    const { respUri } = phone.reply.header;
    expect(respUri).toMatch(/^https:\/\/dm\.example\/dm\/1\/[\w-]{22}$/);
    await phone.answers({ './Vendor/A': '1' });
    expect(phone.reply.header.respUri).toBe(respUri);
    await phone.begins();
    expect(phone.reply.header.respUri).not.toBe(respUri);
  });

  test("a client may keep the account's address in place of RespURI", async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    await phone.answers({ './Vendor/A': '1' }, { atEndpoint: true });
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('a RespURI of the client is accepted and never called', async () => {
    const phone = await device();
    await phone.isAsked([by.get('./Vendor/A', 0)]);
    // A port at which nobody listens: a call would fail loudly.
    await phone.begins({ respUri: 'http://127.0.0.1:9/steal' });
    expect(phone.heard.at(-2)).toBe('Get ./Vendor/A');
  });

  describe('MaxMsgSize', () => {
    const texts = Array.from({ length: 12 }, (_, n) => by.replace(`./Vendor/Text${n}`, 'x'.repeat(60)));

    test.each([1000, 2000])('%i octets are obeyed in every message of the session', async (maxMsgSize) => {
      const phone = await device({ maxMsgSize });
      const operation = await phone.isAsked(texts);
      await phone.begins();
      for (let n = 0; n < 20 && phone.commands.length > 0; n += 1) {
        expect(phone.answer?.body.length).toBeLessThanOrEqual(maxMsgSize);
        const nodes = Object.fromEntries(texts.map((_, node) => [`./Vendor/Text${node}`, '']));
        await phone.answers(nodes, { meta: undefined });
      }
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test.each(['0', '-1', 'many', ''])('"%s" counts as absent: 16,384 is assumed', async (text) => {
      const phone = await device();
      await phone.isAsked(Array.from({ length: 40 }, (_, n) => by.replace(`./Vendor/Text${n}`, 'x'.repeat(1000))));
      await phone.begins({ meta: { maxMsgSize: text } });
      const { length } = phone.answer?.body ?? [];
      expect(length).toBeLessThanOrEqual(16_384);
      expect(length).toBeGreaterThan(14_000);
    });

    test('the gateway tells its own MaxMsgSize and MaxObjSize', async () => {
      const phone = await device();
      await phone.begins();
      expect(phone.reply.header.meta).toMatchObject({
        maxMsgSize: expect.stringMatching(/^\d+$/) as unknown,
        maxObjSize: expect.stringMatching(/^\d+$/) as unknown,
      });
    });
  });

  test('Correlator stands in Exec alone', async () => {
    const phone = await device();
    await phone.isAsked([by.exec('./Vendor/A')]);
    await phone.begins();
    expect(phone.commands[0]).toMatchObject({ kind: 'Exec', correlator: expect.stringMatching(/./) as unknown });
  });

  test.each(['SessionID', 'MsgID', 'Source'])('a SyncHdr without %s is no message: HTTP 400', async (name) => {
    const phone = await device();
    const message = phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]);
    const header = {
      ...message.header,
      ...(name === 'SessionID' ? { sessionId: '' } : name === 'MsgID' ? { msgId: '' } : { source: { locUri: '' } }),
    };
    const answer = await phone.posts(encodeMessage({ ...message, header }, { form }));
    expect(answer.status).toBe(400);
  });
});
