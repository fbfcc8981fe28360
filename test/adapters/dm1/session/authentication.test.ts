import { md5Credential, digestOf, basicCredential } from '../../../../adapters/dm1/credential';
import type { Cred, Message } from '../../../../adapters/dm1/message';
import {
  answers,
  command,
  credential,
  Dialogue,
  type Given,
  message,
  octets,
  package1,
  serverCredential,
  status,
  TOKEN,
} from './dialogue';

function md5(nonce: Uint8Array, secret = 's3cret-Client'): Cred {
  return {
    meta: { format: 'b64', type: 'syncml:auth-md5' },
    data: { kind: 'text', text: md5Credential(digestOf('dev-0001', secret), nonce) },
  };
}

function basic(text = basicCredential('dev-0001', 's3cret-Client')): Cred {
  return { meta: { format: 'b64', type: 'syncml:auth-basic' }, data: { kind: 'text', text } };
}

const codes = (reply: Message): string[] => reply.body.map((item) => (item.kind === 'Status' ? item.data : item.kind));
const kinds = (device: Dialogue): string[] => device.turn.map((effect) => effect.kind);

describe.each(['xml', 'wbxml'] as const)('Authentication (%s)', (form) => {
  const given = (more: Given = {}): Dialogue =>
    new Dialogue({ form, clientAuth: credential('DIGEST_MD5', { nonce: octets(1) }), ...more });

  test('a right credential with the stored nonce costs one message, and gets the nonce of the next session', () => {
    const device = given();
    device.sends(package1(1, { cred: md5(octets(1)) }));
    expect(codes(device.reply)).toEqual(['212', '200', '200']);
    expect(device.statuses[0]?.chal).toMatchObject({ type: 'syncml:auth-md5', nextNonce: { kind: 'text' } });
    expect(kinds(device).slice(0, 3)).toEqual(['authenticated', 'deviceBound', 'nonceChanged']);
  });

  test('the nonce before is accepted while the new one was not used', () => {
    const device = given({ clientAuth: credential('DIGEST_MD5', { nonce: octets(2), previousNonce: octets(1) }) });
    device.sends(package1(1, { cred: md5(octets(1)) }));
    expect(codes(device.reply)[0]).toBe('212');
  });

  test('a wrong credential is 401 for everything with a fresh nonce, and counts', () => {
    const device = given();
    device.sends(package1(1, { cred: md5(octets(1), 'guess') }));
    expect(codes(device.reply)).toEqual(['401', '401', '401']);
    expect(device.statuses[0]?.chal).toBeDefined();
    expect(device.turn).toMatchObject([
      { kind: 'refused', counted: true },
      { kind: 'nonceChanged', direction: 'CLIENT' },
    ]);
    expect(device.reply.header.source.locName).toBeUndefined();
  });

  test('two refusals with a challenge, then a lone 401 that ends the session', () => {
    const device = given();
    device.sends(package1(1));
    expect(codes(device.reply)).toEqual(['407', '407', '407']);
    const token = device.reply.header.respUri?.split('/').at(-1);
    device.sends(package1(2, { cred: md5(octets(9)) }), { token });
    expect(codes(device.reply)).toEqual(['401', '401', '401']);
    expect(device.reply.header.respUri?.split('/').at(-1)).toBe(token);
    device.sends(package1(3, { cred: md5(octets(9)) }), { token });
    expect(codes(device.reply)).toEqual(['401']);
    expect(device.statuses[0]?.chal).toBeUndefined();
    expect(device.session).toBeUndefined();
    expect(device.reply.final).toBe(true);
  });

  test('a locked account gets the lone 401 at once, whatever it sends', () => {
    const device = given({
      clientAuth: credential('DIGEST_MD5', { nonce: octets(1), lockedUntil: Number.MAX_SAFE_INTEGER }),
    });
    device.sends(package1(1, { cred: md5(octets(1)) }));
    expect(codes(device.reply)).toEqual(['401']);
    expect(device.turn).toMatchObject([{ kind: 'refused', counted: false }]);
  });

  test('a device that nobody knows is answered in the same way, and nothing is stored', () => {
    const device = given({ known: false });
    device.sends(package1(1));
    expect(codes(device.reply)).toEqual(['407', '407', '407']);
    expect(device.statuses[0]?.chal?.nextNonce).toMatchObject({ text: Buffer.from(octets(0xa0)).toString('base64') });
    device.sends(package1(2, { cred: md5(octets(0xa0)) }));
    expect(codes(device.reply)).toEqual(['401', '401', '401']);
    device.sends(package1(3, { cred: md5(octets(0xa0)) }));
    expect(codes(device.reply)).toEqual(['401']);
    expect(device.session).toBeUndefined();
    expect(device.effects.every((effect) => effect.kind === 'refused' && !effect.counted)).toBe(true);
  });

  test('an account that registers on first contact challenges by the derived nonce, and binds the device', () => {
    const device = given({ registered: false });
    device.sends(package1(1));
    expect(codes(device.reply)[0]).toBe('407');
    expect(device.session).toBeUndefined();
    device.sends(package1(2, { cred: md5(octets(0xa0)) }), { token: 'stranger-stranger-0000' });
    expect(codes(device.reply)).toEqual(['212', '200', '200']);
    expect(kinds(device).slice(0, 3)).toEqual(['authenticated', 'deviceBound', 'nonceChanged']);
  });

  test('Basic is taken over TLS or loopback alone', () => {
    const clear = given({ clientAuth: credential('BASIC'), secure: false });
    clear.sends(package1(1, { cred: basic() }));
    expect(codes(clear.reply)).toEqual(['401']);
    const secure = given({ clientAuth: credential('BASIC') });
    secure.sends(package1(1, { cred: basic() }));
    expect(codes(secure.reply)).toEqual(['212', '200', '200']);
  });

  test('a Basic credential with empty Data is refused and does not count', () => {
    const device = given({ clientAuth: credential('BASIC') });
    device.sends(package1(1, { cred: basic('') }));
    expect(codes(device.reply)).toEqual(['401', '401', '401']);
    expect(device.turn[0]).toMatchObject({ kind: 'refused', counted: false });
  });

  test('Basic in every message is taken; a wrong one in the middle is refused and leaves the session as it was', () => {
    const device = given({ clientAuth: credential('BASIC') });
    device.queue.push(command({ kind: 'get', at: { uri: './A' }, depth: 0, id: 'g' } as never));
    device.sends(package1(1, { cred: basic() }));
    const before = device.reply;
    device.sends(message(2, answers(before, { nodes: { './A': 'x' } }), { cred: basic('d3Jvbmc6d3Jvbmc=') }), {
      token: TOKEN,
    });
    expect(codes(device.reply)[0]).toBe('401');
    expect(device.session?.state.phase).toBe('awaiting');
    expect(device.session?.state.sent.map((sent) => sent.command)).toEqual(['g']);
    expect(device.all('commandAnswered')).toEqual([]);
  });

  test('a message without credential does not touch the session that runs', () => {
    const device = given();
    device.queue.push(command({ kind: 'get', at: { uri: './A' }, depth: 0, id: 'g' } as never));
    device.sends(package1(1, { cred: md5(octets(1)) }));
    const { reply } = device;
    device.sends(package1(1, { sessionId: 'EVIL' }));
    expect(codes(device.reply)).toEqual(['407', '407', '407']);
    device.sends(message(2, answers(reply, { nodes: { './A': 'x' } })), { token: TOKEN });
    expect(codes(device.reply)[0]).toBe('212');
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'g', outcome: 'OK' }]);
  });

  test('our credential goes once, over the nonce that the client gave last', () => {
    const device = given({ serverAuth: serverCredential(octets(0x80)) });
    device.queue.push(command({ kind: 'get', at: { uri: './A' }, depth: 0 } as never));
    device.sends(package1(1, { cred: md5(octets(1)) }));
    expect(device.reply.header.cred?.data).toEqual({
      kind: 'text',
      text: md5Credential(digestOf('mgmt.example.net', 's3cret-Server'), octets(0x80)),
    });
    device.sends(message(2, answers(device.reply, { nodes: { './A': 'x' } })), { token: TOKEN });
    expect(device.reply.header.cred).toBeUndefined();
  });

  test('status 0 to everything is a client that misses our credential: the commands go again, once', () => {
    const device = given({ serverAuth: serverCredential() });
    device.queue.push(
      command({ kind: 'replace', at: { uri: './A' }, value: { format: 'int', data: 5 }, id: 'r' } as never),
      command({ kind: 'delete', at: { uri: './B' }, id: 'd', atomic: 'x' } as never),
      command({ kind: 'delete', at: { uri: './C' }, id: 'e', atomic: 'x' } as never),
    );
    device.sends(package1(1, { cred: md5(octets(1)) }));
    const first = device.commands;
    const zeros = first
      .flatMap((item) => [item, ...(item.kind === 'Atomic' ? item.commands : [])])
      .map((item) => status(1, item.cmdId, item.kind, 0));
    device.sends(message(2, [status(1, '0', 'SyncHdr', 0), ...zeros]), { token: TOKEN });
    const bare = (items: typeof first): unknown =>
      JSON.parse(JSON.stringify(items, (key, value: unknown) => (key === 'cmdId' ? '' : value)));
    expect(bare(device.commands)).toEqual(bare(first));
    expect(device.reply.header.cred).toBeDefined();
    expect(device.all('commandSent')).toHaveLength(3);
    device.sends(
      message(3, [
        status(2, '0', 'SyncHdr', 212),
        ...device.commands
          .flatMap((item) => [item, ...(item.kind === 'Atomic' ? item.commands : [])])
          .map((item) => status(2, item.cmdId, item.kind, 200)),
      ]),
      { token: TOKEN },
    );
    expect(device.all('commandAnswered').map((effect) => [effect.command, effect.outcome])).toEqual([
      ['r', 'OK'],
      ['d', 'OK'],
      ['e', 'OK'],
    ]);
  });

  test('without a credential of our own a refused command was not executed, and the session ends', () => {
    const device = given();
    device.queue.push(command({ kind: 'get', at: { uri: './A' }, depth: 0, id: 'g' } as never));
    device.sends(package1(1, { cred: md5(octets(1)) }));
    device.sends(message(2, [status(1, '0', 'SyncHdr', 407), status(1, '4', 'Get', 407)]), { token: TOKEN });
    expect(device.turn.slice(1)).toEqual([
      { kind: 'commandNotExecuted', command: 'g' },
      { kind: 'sessionEnded', reason: 'SERVER_REFUSED' },
    ]);
  });

  test('a client certificate stands for the credential where the account says so', () => {
    const device = given({ clientAuth: credential('X509') });
    device.sends(package1(1));
    expect(codes(device.reply)).toEqual(['401']);
  });
});
