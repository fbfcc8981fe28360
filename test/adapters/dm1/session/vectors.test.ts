import { readFileSync } from 'node:fs';

import type { Command, Value } from '../../../../adapters/adapter';
import { decodeMessage } from '../../../../adapters/dm1/codec';
import { absolute } from '../../../../adapters/dm1/addressing';
import type { BodyCommand, Message, Status } from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';
import { command, credential, DEVICE, Dialogue, octets, serverCredential, targetOf } from './dialogue';

type Form = 'xml' | 'wbxml';

function vector(name: string, form: Form): { message: Message; octets: Uint8Array } {
  const body = readFileSync(sharedPath('vectors', 'dm1', `${name}.${form}`));
  const decoded = decodeMessage(body, `application/vnd.syncml.dm+${form}`);
  if (!decoded.ok) throw new Error(`${name}: ${decoded.code}`);
  return { message: decoded.value.message, octets: body };
}

/**
 * A server message as the vectors mean it: CmdIDs in order, one Item a command, references only where the digest asks
 * for them (SyncHdr and Results).
 */
function meaning(message: Message): unknown {
  const body = message.body.flatMap((item): BodyCommand[] => {
    if (item.kind === 'Status') {
      const keeps = item.cmd === 'SyncHdr' || item.cmd === 'Results';
      return [{ ...item, targetRefs: keeps ? item.targetRefs : [], sourceRefs: keeps ? item.sourceRefs : [] }];
    }
    return 'items' in item && item.items.length > 1 && item.kind !== 'Alert'
      ? item.items.map((one) => ({ ...item, items: [one] }))
      : [item];
  });
  const { meta: _sizes, ...header } = message.header;
  return { ...message, header, body: body.map((item) => ({ ...item, cmdId: '' })) };
}

function uriOf(uri: string): { at: { uri: string } } {
  return { at: { uri } };
}

const chr = (data: string): Value => ({ format: 'chr', data });

/** The commands of vector 04, asked for by callers. */
function commandsOf04(): Command[] {
  return [
    command({ kind: 'get', ...uriOf('./DevDetail/SwV'), depth: 0 } as never),
    command({ kind: 'get', ...uriOf('./DevDetail/LrgObj'), depth: 0 } as never),
    command({ kind: 'get', ...uriOf('./Vendor'), depth: 0 } as never),
    command({ kind: 'add', ...uriOf('./Vendor/Acme/Greeting'), value: chr('hello') } as never),
    command({ kind: 'add', ...uriOf('./Vendor/Acme/Group') } as never),
    command({ kind: 'replace', ...uriOf('./Vendor/Acme/Level'), value: { format: 'int', data: 7 } } as never),
    command({ kind: 'replace', ...uriOf('./Vendor/Acme/On'), value: { format: 'bool', data: true } } as never),
    command({ kind: 'exec', ...uriOf('./Vendor/Acme/Reboot'), argument: chr('now'), correlator: 'op-77' } as never),
    command({ kind: 'delete', ...uriOf('./Vendor/Acme/Old') } as never),
    command({ kind: 'copy', from: { uri: './Vendor/Acme/A' }, to: { uri: './Vendor/Acme/B' } } as never),
    command({ kind: 'replace', ...uriOf('./Vendor/Acme/Level'), prop: 'Name', value: chr('Depth') } as never),
    command({
      kind: 'replace',
      ...uriOf('./Vendor/Acme/Group'),
      prop: 'ACL',
      value: chr('Get=*&Replace=mgmt.example.net+other.example.org'),
    } as never),
  ];
}

/** Vector 05 with the CmdRefs of the message that it answers, found by their nodes. */
function answering(answer: Message, reply: Message): Message {
  const refOf = (uri: string): string =>
    reply.body.find((item) => item.kind !== 'Status' && targetOf(item) === uri)?.cmdId ?? '?';
  const body = answer.body.flatMap((item): BodyCommand[] => {
    if (item.kind === 'Results')
      return item.items.map((one) => ({ ...item, items: [one], cmdRef: refOf(one.source?.locUri ?? '') }));
    if (item.kind !== 'Status' || item.cmd === 'SyncHdr') return [item];
    return item.targetRefs.map((uri): Status => ({ ...item, targetRefs: [uri], cmdRef: refOf(uri) }));
  });
  return { ...answer, body };
}

describeShared('sessions of the vectors', () => {
  describe.each(['xml', 'wbxml'] as const)('%s', (form) => {
    test('01 to 06: an MD5 session from the challenge to the end', () => {
      const device = new Dialogue({
        form,
        clientAuth: credential('DIGEST_MD5'),
        serverAuth: serverCredential(octets(0x80)),
        nonces: [octets(0x10), octets(0x20)],
      });
      const token = 'H94F6-hepdl-GFDxcUJx_N';

      device.posts(vector('01-pkg1-nocred', form).octets);
      expect(meaning(device.reply)).toEqual(meaning(vector('02-pkg2-challenge-md5', form).message));
      expect(device.turn.map((effect) => effect.kind)).toEqual(['refused', 'nonceChanged']);
      expect(device.turn[0]).toMatchObject({ counted: false });

      device.queue.push(...commandsOf04());
      device.posts(vector('03-pkg1-md5-retry', form).octets, { token });
      expect(meaning(device.reply)).toEqual(meaning(vector('04-pkg2-commands', form).message));
      expect(device.reply.header.meta).toEqual({ maxMsgSize: '65536', maxObjSize: '4194304' });
      expect(device.turn.slice(0, 3)).toEqual([
        { kind: 'authenticated', by: 'DIGEST_MD5' },
        { kind: 'deviceBound', deviceId: DEVICE, protocol: 'DM_1_2' },
        { kind: 'nonceChanged', direction: 'CLIENT', nonce: octets(0x20) },
      ]);

      device.sends(answering(vector('05-pkg3-statuses-results', form).message, device.reply), { token });
      expect(meaning(device.reply)).toEqual(meaning(vector('06-pkg4-end', form).message));
      expect(device.news[0]).toEqual({ kind: 'nonceChanged', direction: 'SERVER', nonce: octets(0x90) });
      const outcomes = device.turn.flatMap((effect) =>
        effect.kind === 'commandAnswered'
          ? [[effect.command.replace(/-\d+$/, ''), effect.outcome, effect.code]]
          : effect.kind === 'commandAccepted'
            ? [[effect.command.replace(/-\d+$/, ''), 'ACCEPTED', effect.code]]
            : [],
      );
      expect(outcomes).toEqual([
        ['get', 'OK', 200],
        ['get', 'OK', 200],
        ['get', 'OK', 200],
        ['add', 'OK', 200],
        ['add', 'ALREADY_EXISTS', 418],
        ['replace', 'OK', 200],
        ['replace', 'NOT_FOUND', 404],
        ['exec', 'ACCEPTED', 202],
        ['delete', 'OK', 200],
        ['copy', 'UNSUPPORTED', 501],
        ['replace', 'OK', 200],
        ['replace', 'PERMISSION_DENIED', 425],
      ]);
      expect(
        device
          .all('commandAnswered')
          .slice(0, 3)
          .map((effect) => effect.tree),
      ).toEqual([
        { name: 'SwV', value: { format: 'chr', mime: 'text/plain', data: '4.2.1' } },
        { name: 'LrgObj', value: { format: 'bool', mime: 'text/plain', data: true } },
        { name: 'Vendor', children: [{ name: 'Acme' }, { name: 'Other' }], childrenComplete: true },
      ]);
      expect(device.turn.at(-1)).toEqual({ kind: 'sessionEnded', reason: 'DONE' });
    });

    test('07, 08: a right Basic credential is too weak where MD5 is wanted', () => {
      const device = new Dialogue({
        form,
        clientAuth: credential('DIGEST_MD5'),
        nonces: [Uint8Array.from(Buffer.from('0123456789:;<=>?'))],
        token: 'DRBceGiR0_-dq3iT7orRR9',
      });
      device.posts(vector('07-pkg1-basic-cred', form).octets);
      expect(meaning(device.reply)).toEqual(meaning(vector('08-pkg2-401', form).message));
      expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: false });
    });

    test('07: the same credential opens a session where Basic is wanted', () => {
      const device = new Dialogue({ form, clientAuth: credential('BASIC') });
      device.posts(vector('07-pkg1-basic-cred', form).octets);
      expect(device.statuses.map((item) => item.data)).toEqual(['212', '200', '200']);
      expect(device.statuses[0]?.chal).toBeUndefined();
    });

    test('09, 10: under HMAC every message is 200 with a new nonce', () => {
      const device = new Dialogue({
        form,
        clientAuth: credential('HMAC', { nonce: octets(0x10) }),
        serverAuth: { ...serverCredential(), type: 'HMAC', nonce: octets(0x80) },
      });
      const vectors = JSON.parse(readFileSync(sharedPath('vectors', 'dm1', 'auth-vectors.json'), 'utf8')) as {
        hmac: Record<string, unknown>[];
      };
      const entry = vectors.hmac.find((one) => JSON.stringify(one).includes(`09-hmac-pkg1.${form}`));
      expect(entry).toBeDefined();
      const header = String(entry?.['header'] ?? '').replace(/^x-syncml-hmac:\s*/i, '');
      const nonce = Buffer.from(String(entry?.['nonce_hex']), 'hex');
      const same = new Dialogue({
        form,
        clientAuth: credential('HMAC', {
          nonce,
          username: String(entry?.['username']),
          secret: String(entry?.['password']),
        }),
        serverAuth: { ...serverCredential(), type: 'HMAC', nonce: octets(0x80) },
      });
      same.posts(vector('09-hmac-pkg1', form).octets, { headers: { 'x-syncml-hmac': header } });
      expect(same.statuses.map((item) => item.data)).toEqual(['200', '200', '200']);
      expect(same.statuses[0]?.chal).toMatchObject({ type: 'syncml:auth-MAC' });
      expect(same.wire?.headers['x-syncml-hmac']).toMatch(/^algorithm=MD5, username="mgmt.example.net", mac=/);
      device.posts(vector('09-hmac-pkg1', form).octets);
      expect(device.statuses.map((item) => item.data)).toEqual(['407', '407', '407']);
    });

    test('12, 13, 59, 60, 64, 62: a foreign or odd message is answered, whatever is open', () => {
      for (const name of [
        '12-pkg3-interior-and-props',
        '59-order-tolerance',
        '60-desktop-style-pkg1',
        '62-multi-item-status',
        '64-map-unsupported',
      ]) {
        const device = new Dialogue({ form });
        device.posts(vector(name, form).octets);
        expect(device.statuses[0]?.cmd).toBe('SyncHdr');
      }
    });

    test('19 to 21: what an Atomic that failed tells of each member', () => {
      for (const [name, first] of [
        ['20-pkg3-atomic-failed', 'ROLLED_BACK'],
        ['21-pkg3-atomic-rollback-failed', 'DEVICE_ERROR'],
      ] as const) {
        const device = new Dialogue({ form, token: '5xTS4M65B8bVHcyEfBN3Yj' });
        device.queue.push(
          command({ kind: 'add', ...uriOf('./Vendor/Acme/X'), value: chr('1'), id: 'add', atomic: 'g' } as never),
          command({
            kind: 'replace',
            ...uriOf('./Vendor/Acme/Missing'),
            value: chr('2'),
            id: 'replace',
            atomic: 'g',
          } as never),
          command({ kind: 'delete', ...uriOf('./Vendor/Acme/Y'), id: 'delete', atomic: 'g' } as never),
        );
        const open = vector('01-pkg1-nocred', form).message;
        device.sends({ ...open, header: { ...open.header, sessionId: 'F6', meta: undefined } });
        const expected = vector('19-pkg2-atomic', form).message;
        expect(meaning(device.reply)).toEqual(meaning(expected));
        device.posts(vector(name, form).octets);
        expect(device.all('commandAnswered').map((effect) => [effect.command, effect.outcome])).toEqual([
          ['add', first],
          ['replace', 'NOT_FOUND'],
          ['delete', 'ROLLED_BACK'],
        ]);
      }
    });

    test('33: a chunk is answered 213, and the next message asked for; 34 completes the value', () => {
      const device = new Dialogue({ form, token: 'iDhn6XAEAZuUmLHKizajmE' });
      device.queue.push(command({ kind: 'get', ...uriOf('./Vendor/Acme/Image'), id: 'image' } as never));
      const open = vector('01-pkg1-nocred', form).message;
      device.sends({ ...open, header: { ...open.header, sessionId: '11', meta: undefined } });
      expect(device.commands[0]?.cmdId).toBe('4');
      device.posts(vector('32-lo-results-chunk1', form).octets);
      expect(meaning(device.reply)).toEqual(meaning(vector('33-server-alert-1222', form).message));
      expect(device.session?.state.phase).toBe('receiving');
      device.posts(vector('34-lo-results-last', form).octets);
      const [answered] = device.all('commandAnswered');
      expect(answered).toMatchObject({
        command: 'image',
        outcome: 'OK',
        tree: { value: { format: 'b64', mime: 'image/png' } },
      });
      expect(String(answered?.tree?.value?.data)).toHaveLength(120);
    });

    test('37 to 39: an unfinished package is answered by statuses and 1222, and no command', () => {
      const device = new Dialogue({ form, token: '2Xds40dyATPh22gNcpRA8Y' });
      device.queue.push(
        command({ kind: 'get', ...uriOf('./DevDetail/FwV'), id: 'fw' } as never),
        command({ kind: 'get', ...uriOf('./DevDetail/HwV'), id: 'hw' } as never),
      );
      const open = vector('01-pkg1-nocred', form).message;
      device.sends({ ...open, header: { ...open.header, sessionId: '12', meta: undefined } });
      device.queue.push(command({ kind: 'delete', ...uriOf('./X'), id: 'later' } as never));
      device.posts(vector('37-pkg3-part1-nofinal', form).octets);
      expect(meaning(device.reply)).toEqual(meaning(vector('38-server-next-message', form).message));
      expect(device.wants.commands).toBe(0);
      device.posts(vector('39-pkg3-part2-final', form).octets);
      expect(device.commands.map((item) => [item.kind, targetOf(item)])).toEqual([['Delete', './X']]);
      expect(device.all('commandAnswered').find((effect) => effect.command === 'hw')).toMatchObject({
        outcome: 'OK',
        tree: { name: 'HwV', value: { data: 'rev C' } },
      });
    });

    test('40, 73: an abort is answered by statuses, and the session is over', () => {
      const device = new Dialogue({ form, token: '2Xds40dyATPh22gNcpRA8Y' });
      device.queue.push(command({ kind: 'get', ...uriOf('./DevDetail/FwV'), id: 'fw' } as never));
      const open = vector('01-pkg1-nocred', form).message;
      device.sends({ ...open, header: { ...open.header, sessionId: '12', msgId: '2', meta: undefined } });
      device.posts(vector('40-client-abort', form).octets);
      expect(meaning(device.reply)).toEqual(meaning(vector('73-server-answers-abort', form).message));
      expect(device.news.map((effect) => effect.kind)).toEqual(['commandUnanswered', 'sessionEnded']);
      expect(device.session?.state.phase).toBe('ended');
    });

    test('42 to 46: alerts of the device are raised and answered, those of the session are not raised', () => {
      for (const name of ['44-alert-devicerequest', '45-alert-1224'] as const) {
        const device = new Dialogue({ form, token: 'tlFq3vRIW7p9S5Ez3hb2b0' });
        device.posts(vector(name, form).octets);
        expect(meaning(device.reply)).toEqual(meaning(vector('46-pkg2-alert-answers', form).message));
        expect(device.all('alertRaised')).toHaveLength(1);
      }
      const fumo = new Dialogue({ form });
      fumo.posts(vector('42-alert-fumo', form).octets);
      expect(fumo.all('alertRaised')).toEqual([
        {
          kind: 'alertRaised',
          type: 'org.openmobilealliance.dm.firmwareupdate.downloadandupdate',
          mark: 'informational',
          source: { uri: './FwUpdate/Pkg1' },
          correlator: 'op-77',
          format: 'chr',
          data: '200',
          resultCode: 200,
        },
      ]);
      const scomo = new Dialogue({ form });
      scomo.posts(vector('43-alert-scomo-two-items', form).octets);
      expect(scomo.all('alertRaised').map((effect) => [effect.resultCode, effect.mark, effect.target])).toEqual([
        [1200, 'warning', { uri: './SCM/Inventory/Deployed/C1' }],
        [1405, 'warning', { uri: './SCM/Inventory/Deployed/C2' }],
      ]);
    });

    test('47, 49, 50: the versions of the client are mirrored', () => {
      const old = new Dialogue({ form, clientAuth: credential('DIGEST_MD5') });
      old.posts(vector('47-dm112-pkg1', form).octets);
      expect(old.reply.header).toMatchObject({ verDtd: '1.1', verProto: 'DM/1.1' });
      expect(old.statuses.map((item) => item.data)).toEqual(
        vector('49-dm112-challenge', form).message.body.map((item) => (item as Status).data),
      );
      const recent = new Dialogue({ form });
      recent.posts(vector('50-dm13-pkg1', form).octets);
      expect(recent.reply.header.verProto).toBe('DM/1.3');
      expect(recent.all('deviceBound')[0]?.protocol).toBe('DM_1_3');
    });

    test('53: an unknown VerProto is refused with 513, and nothing is stored', () => {
      const device = new Dialogue({ form });
      const open = vector('01-pkg1-nocred', form).message;
      device.sends({ ...open, header: { ...open.header, sessionId: '9', verProto: 'DM/9.9', meta: undefined } });
      const expected = vector('53-version-refused', form).message;
      expect({ ...(meaning(device.reply) as Message), header: { ...device.reply.header, respUri: '' } }).toEqual({
        ...(meaning(expected) as Message),
        header: { ...expected.header, respUri: '' },
      });
      expect(device.session).toBeUndefined();
    });

    test('68, 69, 71: the server proves itself once, and gives up when refused again', () => {
      const device = new Dialogue({
        form,
        serverAuth: serverCredential(octets(0x80)),
        token: 'j7jW3PKtj6Yez4mPUMJUr1',
      });
      device.queue.push(
        command({ kind: 'get', ...uriOf('./DevDetail/FwV'), id: 'fw' } as never),
        command({ kind: 'get', ...uriOf('./DevDetail/HwV'), id: 'hw' } as never),
      );
      const open = vector('01-pkg1-nocred', form).message;
      device.sends({ ...open, header: { ...open.header, sessionId: '1D', meta: undefined } });
      device.posts(vector('68-pkg3-client-challenges-server', form).octets);
      expect(meaning(device.reply)).toEqual(meaning(vector('69-pkg4-server-proves-itself', form).message));
      expect(device.news).toEqual([{ kind: 'nonceChanged', direction: 'SERVER', nonce: octets(0x90) }]);
      expect(device.session?.state.sent.map((sent) => sent.command)).toEqual(['fw', 'hw']);

      device.posts(vector('71-pkg3-server-refused-401', form).octets);
      expect(device.news).toEqual([
        { kind: 'nonceChanged', direction: 'SERVER', nonce: octets(0x80) },
        { kind: 'commandNotExecuted', command: 'fw' },
        { kind: 'commandNotExecuted', command: 'hw' },
        { kind: 'sessionEnded', reason: 'SERVER_REFUSED' },
      ]);
      expect(device.commands).toEqual([]);
    });

    test('70: a challenge for Basic has no nonce', () => {
      const device = new Dialogue({ form, clientAuth: credential('BASIC'), token: 'r4AaNl_u1kekvRrzV0YaBG' });
      const open = vector('01-pkg1-nocred', form).message;
      device.sends({ ...open, header: { ...open.header, sessionId: '1E', meta: undefined } });
      expect(meaning(device.reply)).toEqual(meaning(vector('70-pkg2-challenge-basic', form).message));
    });
  });

  test('addresses of the vectors are written from the root', () => {
    expect(absolute('DevInfo/Man')).toBe('./DevInfo/Man');
  });
});
