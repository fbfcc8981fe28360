import { encodeMessage } from '../../../adapters/dm1/codec';
import type { BodyCommand } from '../../../adapters/dm1/message';
import { results, status } from '../../adapters/dm1/session/dialogue';
import { alert, by, describeSection, devInfo } from '../support/spoken';

describeSection('2 Session and packages', ({ form, device, passes }) => {
  describe('2.1 Flow', () => {
    test('a check-in with nothing to do costs one POST, and is answered by Status elements and Final', async () => {
      const phone = await device();
      await phone.begins();
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Final']);
    });

    test('packages 3 and 4 repeat as often as the server wants', async () => {
      const phone = await device();
      const first = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Get ./Vendor/A', 'Final']);
      const second = await phone.isAsked([by.get('./Vendor/B', 0)]);
      await phone.answers({ './Vendor/A': '1', './Vendor/B': '2' });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Get ./Vendor/B', 'Final']);
      await phone.answers({ './Vendor/A': '1', './Vendor/B': '2' });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await first.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK', result: '1' }] });
      expect(await second.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK', result: '2' }] });
    });

    test.each([
      ['Get', { kind: 'Get', cmdId: '5', items: [{ target: { locUri: './DevInfo' } }] }],
      ['Add', { kind: 'Add', cmdId: '5', items: [{ target: { locUri: './X' } }] }],
      ['Exec', { kind: 'Exec', cmdId: '5', items: [{ target: { locUri: './X' } }] }],
      ['Put', { kind: 'Foreign', name: 'Put', cmdId: '5' }],
    ] as const)('%s is not for a client to send, and is answered 406', async (name, command) => {
      const phone = await device();
      await phone.begins({}, [command as BodyCommand]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', `406 ${name}`, '200 Replace', 'Final']);
    });

    test('a session that is silent for five minutes is over, and what it had sent has no outcome', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.exec('./Vendor/A')]);
      await phone.begins();
      await passes(299_000);
      expect(await operation.now()).toMatchObject({ state: 'RUNNING', commands: [{ state: 'SENT' }] });
      await passes(2_000);
      expect(await operation.now()).toMatchObject({ state: 'IN_DOUBT', commands: [{ state: 'IN_DOUBT' }] });
    });
  });

  describe('2.2 When the session goes on and when it ends', () => {
    test('the last package is answered as well, with Status elements alone', async () => {
      const phone = await device();
      await phone.isAsked([by.replace('./Vendor/A', 'x')]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
    });
  });

  describe('2.3 The three server states', () => {
    test('a package 1 of several messages is answered by every Status due and Alert 1222, and by no command', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins({ final: false });
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Alert 1222']);
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Get ./Vendor/A', 'Final']);
    });

    test('no new command is sent while the client has not finished its answer', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0), by.get('./Vendor/B', 0)]);
      await phone.begins();
      const { msgId } = phone.reply.header;
      const [a, b] = phone.commands.map((command) => ('cmdId' in command ? command.cmdId : ''));
      await phone.isAsked([by.get('./Vendor/C', 0)]);
      await phone.says(
        [
          phone.accepts(),
          status(Number(msgId), a ?? '', 'Get', 200),
          results(Number(msgId), a ?? '', './Vendor/A', '1'),
        ],
        { final: false },
      );
      expect(phone.heard).toEqual(['212 SyncHdr', 'Alert 1222']);
      await phone.says([
        phone.accepts(),
        status(Number(msgId), b ?? '', 'Get', 200),
        results(Number(msgId), b ?? '', './Vendor/B', '2'),
      ]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Get ./Vendor/C', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: '1' }, { result: '2' }] });
    });

    test('an Atomic stands in one message, whole', async () => {
      const phone = await device({ maxMsgSize: 4000 });
      await phone.isAsked([by.replace('./Vendor/A', 'x'), by.replace('./Vendor/B', 'y')], { atomic: true });
      await phone.begins();
      expect(phone.heard.at(3)).toBe('Atomic { Replace ./Vendor/A, Replace ./Vendor/B }');
    });
  });

  describe('2.4 What is answered by what', () => {
    test('Status elements stand first: of SyncHdr, then in the order of the commands', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      const event = alert('7', '1224', [
        { meta: { type: 'com.acme.event', format: 'chr' }, data: { kind: 'text', text: 'x' } },
      ]);
      await phone.begins({}, [event]);
      expect(phone.statuses.map(({ cmdRef }) => cmdRef)).toEqual(['0', '91', '7', '92']);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Alert', '200 Replace', 'Get ./Vendor/A', 'Final']);
    });

    test('neither a Status nor Results that are fine are answered', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      await phone.answers({ './Vendor/A': '1' });
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
    });

    test('a command with NoResp in a message gets its Status all the same', async () => {
      const phone = await device();
      const message = phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]);
      const octets =
        form === 'xml'
          ? Buffer.from(
              Buffer.from(encodeMessage(message, { form }))
                .toString('utf8')
                .replace('<CmdID>1</CmdID>', '<CmdID>1</CmdID><NoResp/>'),
            )
          : encodeMessage(message, { form });
      await phone.sends(octets);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Final']);
    });
  });

  describe('2.5 Ordering and execution', () => {
    test('nothing stops on failure by itself: a later command of the same package has its own outcome', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.replace('./Vendor/A', 'x'), by.replace('./Vendor/B', 'y')], {
        onFailure: 'CONTINUE',
      });
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 404), phone.judges(1, 200)]);
      expect(await operation.now()).toMatchObject({
        state: 'FAILED',
        commands: [
          { outcome: 'NOT_FOUND', statusCode: 404 },
          { outcome: 'OK', statusCode: 200 },
        ],
      });
    });

    test('where a failure has to stop the rest, an add waits for the answers to what stands before it', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.replace('./Vendor/A', 'x'), by.add('./Vendor/B', 'y')]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual(['Replace ./Vendor/A', 'Final']);
      await phone.says([phone.accepts(), phone.judges(0, 404)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({
        state: 'FAILED',
        commands: [{ outcome: 'NOT_FOUND' }, { state: 'SKIPPED' }],
      });
    });

    test('Results may come in a later message than the Status of their Get', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      const get = phone.commands[0];
      const cmdId = get !== undefined && 'cmdId' in get ? get.cmdId : '';
      const { msgId } = phone.reply.header;
      await phone.says([phone.accepts(), phone.judges(0, 200)], { final: false });
      await phone.says([phone.accepts(), results(Number(msgId), cmdId, './Vendor/A', 'late')]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: 'late' }] });
    });
  });

  describe('2.6 Authentication failure inside the flow', () => {
    const clientAuth = { type: 'DIGEST_MD5', username: 'user', secret: 'secret' } as const;

    test('a message without credential gets 407 for SyncHdr and every command, a Chal, and no command', async () => {
      const phone = await device({ clientAuth });
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins({ user: 'user' });
      expect(phone.heard).toEqual(['407 SyncHdr', '407 Alert', '407 Replace', 'Final']);
      expect(phone.statuses[0]?.chal).toMatchObject({ format: 'b64', type: 'syncml:auth-md5' });
      expect(phone.statuses.slice(1).map(({ chal }) => chal)).toEqual([undefined, undefined]);
      expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
    });

    test('two refusals with a Chal, then a lone 401 that ends the session', async () => {
      const phone = await device({ clientAuth });
      await phone.begins();
      await phone.says([phone.accepts(407), alert('1', '1201'), devInfo('2', phone.deviceId)]);
      expect(phone.heard).toEqual(['407 SyncHdr', '407 Alert', '407 Replace', 'Final']);
      await phone.says([phone.accepts(407), alert('1', '1201'), devInfo('2', phone.deviceId)]);
      expect(phone.heard).toEqual(['401 SyncHdr', 'Final']);
      expect(phone.statuses[0]?.chal).toBeUndefined();
    });
  });

  describe('2.7 Resends, restarts, strangers', () => {
    test('a message sent again gets the stored answer, octet for octet, and nothing is executed twice', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.exec('./Vendor/A')]);
      await phone.begins();
      await phone.isAsked([by.exec('./Vendor/B')]);
      const message = phone.message([phone.accepts(), phone.judges(0, 200)]);
      const octets = encodeMessage(message, { form });
      await phone.sends(octets);
      const answer = phone.answer?.body;
      expect(phone.heard).toEqual(['212 SyncHdr', 'Exec ./Vendor/B', 'Final']);
      await phone.sends(octets);
      expect(phone.answer?.body).toEqual(answer);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('after a minute it is no resend any more', async () => {
      const phone = await device();
      await phone.isAsked([by.exec('./Vendor/A')]);
      await phone.begins();
      const octets = encodeMessage(phone.message([phone.accepts(), phone.judges(0, 200)]), { form });
      await phone.sends(octets);
      await passes(61_000);
      await phone.sends(octets);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Alert 1223', 'Final']);
    });

    test('an identical first message of an ended session is a new session when work is waiting', async () => {
      const phone = await device();
      const octets = encodeMessage(phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]), { form });
      await phone.sends(octets, { atEndpoint: true });
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Final']);
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.sends(octets, { atEndpoint: true });
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Get ./Vendor/A', 'Final']);
    });

    test('MsgID 1 opens a session under a SessionID that is in use; an exec of the old one is in doubt', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.exec('./Vendor/A')]);
      await phone.begins();
      await phone.begins({}, [alert('8', '1222')]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Alert', '200 Replace', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'IN_DOUBT' });
    });

    test('Alert 1201 at any MsgID opens a session, which counts on from there', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.says([alert('1', '1201'), devInfo('2', phone.deviceId)], { msgId: '7' });
      expect(phone.reply.header.msgId).toBe('7');
      await phone.answers({ './Vendor/A': '1' });
      expect(phone.reply.header.msgId).toBe('8');
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
    });

    test.each(['dead', 'foreign', 'unknown', 'out of order'] as const)(
      'a message of a session that is %s gets 407 with a Chal for everything',
      async (which) => {
        const clientAuth = { type: 'BASIC', username: 'user', secret: 'secret' } as const;
        const cred = {
          meta: { format: 'b64', type: 'syncml:auth-basic' },
          data: { kind: 'text', text: Buffer.from('user:secret').toString('base64') },
        } as const;
        const phone = await device({ clientAuth });
        const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
        if (which !== 'unknown') await phone.begins({ cred, user: 'user' });
        const answer = which === 'unknown' ? [] : [phone.accepts(), phone.judges(0, 200)];
        if (which === 'dead') await passes(301_000);
        if (which === 'foreign') phone.sessionId = 'FF';
        await phone.says([...answer, alert('9', '1222')], { msgId: which === 'out of order' ? '9' : '2' });
        expect(phone.heard).toEqual(['407 SyncHdr', '407 Alert', 'Final']);
        expect(phone.statuses[0]?.chal).toMatchObject({ type: 'syncml:auth-basic' });
        expect((await operation.now()).state).not.toBe('SUCCEEDED');
      },
    );

    test('an account without DM credentials cannot challenge: it tells a stranger to give up by Alert 1223', async () => {
      const phone = await device();
      await phone.says([alert('1', '1222')], { msgId: '5' });
      expect(phone.heard.at(-2)).toBe('Alert 1223');
      expect(phone.heard.at(-1)).toBe('Final');
    });
  });
});
