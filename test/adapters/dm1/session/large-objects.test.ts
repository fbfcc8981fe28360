import type { Command, Value } from '../../../../adapters/adapter';
import { measure } from '../../../../adapters/dm1/codec';
import type { BodyCommand, Item, Message, SimpleCommand } from '../../../../adapters/dm1/message';
import {
  command,
  credential,
  Dialogue,
  type Given,
  message,
  package1,
  serverCredential,
  status,
  TOKEN,
} from './dialogue';

const codes = (reply: Message): string[] =>
  reply.body.map((item) => (item.kind === 'Status' || item.kind === 'Alert' ? `${item.kind} ${item.data}` : item.kind));
const at = { token: TOKEN };
const item = (body: BodyCommand | undefined): Item =>
  ('items' in (body ?? {}) ? (body as SimpleCommand).items[0] : {}) ?? {};
const octetsIn = (one: Item): Buffer =>
  one.data?.kind === 'octets'
    ? Buffer.from(one.data.octets)
    : Buffer.from(one.data?.kind === 'text' ? one.data.text : '');

/** Text with characters of one to four octets and with what XML escapes. */
const text = (characters: number): string =>
  Array.from({ length: characters }, (_, index) => ['a', 'é', '<', '語', '😀', '&'][index % 6]).join('');

describe.each(['xml', 'wbxml'] as const)('Large objects to the server (%s, dm1 section 8)', (form) => {
  const begin = (more: Given = {}): Dialogue => {
    const device = new Dialogue({ form, ...more });
    device.queue.push(command({ kind: 'get', at: { uri: './A' }, id: 'a' } as never));
    device.sends(package1());
    return device;
  };
  const chunk = (data: string, more: Partial<Item> = {}, uri = './A'): BodyCommand => ({
    kind: 'Results',
    cmdId: '5',
    msgRef: '1',
    cmdRef: '4',
    items: [{ source: { locUri: uri }, data: { kind: 'text', text: data }, ...more }],
  });

  test('chunks are kept beside the state, which does not grow by them, and joined with the last', () => {
    const device = begin();
    const part = 'x'.repeat(10_000);
    const meta = { format: 'chr', size: '30003' };
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk(part, { meta, moreData: true })], { final: false }), at);
    expect(codes(device.reply)).toEqual(['Status 212', 'Status 213', 'Alert 1222']);
    expect(device.reply.final).toBe(false);
    expect(device.wants.commands).toBe(0);
    const size = JSON.stringify(device.session?.state).length;
    device.sends(message(3, [chunk(part, { moreData: true })], { final: false }), at);
    device.sends(message(4, [chunk(part, { moreData: true })], { final: false }), at);
    expect(JSON.stringify(device.session?.state).length).toBeLessThan(size + 10);
    expect(device.kept.get(device.session?.state.receiving ?? '')?.map((one) => one.length)).toEqual([
      10_000, 10_000, 10_000,
    ]);
    device.sends(message(5, [chunk('end')]), at);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome: 'OK' }]);
    expect(device.all('commandAnswered')[0]?.tree?.value?.data).toBe(`${part}${part}${part}end`);
    expect(device.kept.size).toBe(0);
    expect(device.session?.state.receiving).toBeUndefined();
  });

  test('a value that is read alone may have as many octets as MaxObjSize', () => {
    const device = begin();
    const part = 'x'.repeat(900_000);
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk(part, { moreData: true })], { final: false }), at);
    for (let no = 3; no < 6; no += 1)
      device.sends(message(no, [chunk(part, { moreData: true })], { final: false }), at);
    device.sends(message(6, [chunk('x')]), at);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome: 'OK' }]);
  });

  test("a client's Final counts for nothing while its object is not finished", () => {
    const device = begin();
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk('12', { moreData: true })]), at);
    expect(codes(device.reply)).toEqual(['Status 212', 'Status 213', 'Alert 1222']);
    device.sends(message(3, [chunk('34')]), at);
    expect(device.all('commandAnswered')[0]?.tree?.value?.data).toBe('1234');
  });

  test.each([
    ['beyond the announced Size is 424', { size: '3' }, 100, 424, 'DEVICE_ERROR'],
    ['beyond MaxObjSize is 416', {}, 3, 416, 'TOO_LARGE'],
  ] as const)('a sum %s at once, and nothing is kept', (_, meta, maxObjSize, code, outcome) => {
    const device = begin({ limits: { maxObjSize } });
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk('12', { meta, moreData: true })], { final: false }), at);
    device.sends(message(3, [chunk('34', { moreData: true })], { final: false }), at);
    expect(device.statuses.map((one) => one.data)).toEqual(['212', String(code)]);
    expect(device.kept.size).toBe(0);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome, code }]);
    device.sends(message(4, [chunk('56', { moreData: true })], { final: false }), at);
    expect(device.statuses.map((one) => one.data)).toEqual(['212', String(code)]);
    device.sends(message(5, []), at);
    expect(codes(device.reply)).toEqual(['Status 212']);
    expect(device.session?.state.phase).toBe('ended');
  });

  test('a message without the next chunk breaks the object off: Alert 1225 names it', () => {
    const device = begin();
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk('12', { moreData: true })], { final: false }), at);
    device.sends(message(3, []), at);
    expect(device.reply.body.find((one) => one.kind === 'Alert')).toMatchObject({
      data: '1225',
      items: [{ source: { locUri: './A' } }],
    });
    expect(device.kept.size).toBe(0);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'a', outcome: 'DEVICE_ERROR' }]);
  });

  test('the client drops its own object with Alert 1225', () => {
    const device = begin();
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk('12', { moreData: true })], { final: false }), at);
    device.sends(message(3, [{ kind: 'Alert', cmdId: '9', data: '1225', items: [] }]), at);
    expect(codes(device.reply)).toEqual(['Status 212', 'Status 200']);
    expect(device.kept.size).toBe(0);
  });

  test('octets that the store has lost are a sum that differs', () => {
    const device = begin();
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk('12', { moreData: true })], { final: false }), at);
    device.kept.clear();
    device.sends(message(3, [chunk('34')]), at);
    expect(device.statuses.map((one) => one.data)).toEqual(['212', '424']);
  });

  test.each(['1224', '1226'])('Alert %s with a large Item is raised once, when it is whole', (data) => {
    const device = new Dialogue({ form });
    const alert = (cmdId: string, more: Partial<Item>): BodyCommand => ({
      kind: 'Alert',
      cmdId,
      data,
      items: [{ source: { locUri: './Log' }, meta: { format: 'chr', type: 'org.example.log' }, ...more }],
    });
    const size = { format: 'chr', type: 'org.example.log', size: '7' };
    const open = package1(1, { final: false });
    const first = alert('5', { meta: size, data: { kind: 'text', text: 'abc' }, moreData: true });
    device.sends({ ...open, body: [...open.body, first] });
    expect(codes(device.reply)).toEqual(['Status 212', 'Status 200', 'Status 200', 'Status 213', 'Alert 1222']);
    expect(device.all('alertRaised')).toEqual([]);
    device.sends(message(2, [status(1, '5', 'Alert', 200), alert('6', { data: { kind: 'text', text: 'defg' } })]), at);
    expect(codes(device.reply)).toEqual(['Status 212', 'Status 200']);
    expect(device.all('alertRaised')).toMatchObject([{ type: 'org.example.log', data: 'abcdefg' }]);
    expect(device.kept.size).toBe(0);
  });

  test('a session that stalls in a large object has 30 minutes, else 5 (dm1 section 2.1)', () => {
    const device = begin();
    expect(device.session?.state.expiresAt).toBe(device.now + 300_000);
    device.sends(message(2, [status(1, '4', 'Get', 200), chunk('12', { moreData: true })], { final: false }), at);
    expect(device.session?.state.expiresAt).toBe(device.now + 1_800_000);
    device.now += 1_799_000;
    device.sends(message(3, [chunk('34')]), at);
    expect(device.all('commandAnswered')[0]?.tree?.value?.data).toBe('1234');
  });
});

describe.each(['xml', 'wbxml'] as const)('Large objects to the device (%s, dm1 section 8)', (form) => {
  const given = (more: Given = {}): Dialogue => new Dialogue({ form, ...more });
  const small = { meta: { maxMsgSize: '2000' } };

  /** The value in the store, as the middle hands it out. */
  const stored = (device: Dialogue, data: string | Uint8Array, format: Value['format']): Value => {
    const octets = Buffer.from(data as string);
    device.blobs.set('7', octets);
    return { format, data: { blob: '7', length: octets.length, isText: typeof data === 'string', isPlain: true } };
  };
  const replace = (value: Value, id = 'r', uri = './A'): Command =>
    command({ kind: 'replace', at: { uri }, value, id } as never);
  /** The client's answer to a chunk: its code, and Alert 1222. */
  const goesOn = (no: number, device: Dialogue, code = 213, final = false): Message =>
    message(
      no,
      [
        status(no - 1, '0', 'SyncHdr', 212),
        status(no - 1, device.commands[0]?.cmdId ?? '', device.commands[0]?.kind ?? '', code),
        { kind: 'Alert', cmdId: '77', data: '1222', items: [] },
      ],
      { final },
    );
  /** Takes all chunks; gives the messages that carried them. */
  const takeAll = (device: Dialogue, final = false): Message[] => {
    const messages = [device.reply];
    for (let no = 2; item(device.commands[0]).moreData === true; no += 1) {
      device.sends(goesOn(no, device, 213, final), at);
      messages.push(device.reply);
    }
    return messages;
  };

  test.each([
    ['chr', text(3000)],
    ['b64', Buffer.from(text(3000)).toString('base64')],
    ['bin', Buffer.from(Array.from({ length: 7001 }, (_, index) => index % 251))],
  ] as const)(
    'a stored value of format %s goes in chunks that fill their messages and sum to its Size',
    (format, data) => {
      const device = given();
      device.queue.push(replace(stored(device, data, format)));
      device.sends(package1(1, small));
      const messages = takeAll(device);
      expect(messages.length).toBeGreaterThan(3);
      const chunks = messages.map((one) => item(one.body.find((body) => body.kind === 'Replace')));
      const joined = Buffer.concat(chunks.map(octetsIn));
      const isBase64 = format === 'bin' && form === 'xml';
      expect(isBase64 ? Buffer.from(joined.toString(), 'base64') : joined).toEqual(Buffer.from(data as string));
      expect(chunks.map((one) => one.meta?.size)).toEqual([
        String(joined.length),
        ...chunks.slice(1).map(() => undefined),
      ]);
      expect(new Set(chunks.map((one) => one.meta?.format))).toEqual(new Set([isBase64 ? 'b64' : format]));
      expect(messages.map((one) => one.final)).toEqual([...chunks.slice(1).map(() => false), true]);
      // One more unit of data would not have had room: four characters of Base64, or one with its escape.
      const unit = format === 'b64' || isBase64 ? 4 : format === 'bin' ? 1 : 5;
      for (const one of messages.slice(0, -1)) {
        expect(measure(one, device.encoding)).toBeLessThanOrEqual(2000);
        expect(measure(one, device.encoding)).toBeGreaterThan(2000 - unit - 1);
      }
      if (format === 'b64' || isBase64) for (const one of chunks) expect(octetsIn(one).length % 4).toBe(0);
      for (const one of chunks) expect(octetsIn(one).includes(Buffer.from('�'))).toBe(false);
      device.sends(
        message(messages.length + 1, [status(messages.length, device.commands[0]?.cmdId ?? '', 'Replace', 200)]),
        at,
      );
      expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'OK', code: 200 }]);
      expect(device.all('commandSent')).toHaveLength(1);
      expect(device.session?.state.phase).toBe('ended');
    },
  );

  test('each turn loads no more than its message takes, and the state does not grow', () => {
    const device = given();
    device.queue.push(replace(stored(device, 'x'.repeat(100_000), 'chr')));
    device.sends(package1(1, small));
    for (let no = 2; item(device.commands[0]).moreData === true; no += 1) {
      expect(JSON.stringify(device.session?.state).length).toBeLessThan(2500);
      expect(device.session?.state.phase).toBe('sending');
      expect(device.session?.state.expiresAt).toBe(device.now + 1_800_000);
      device.sends(goesOn(no, device), at);
      expect(device.loaded).toBeLessThanOrEqual(2000);
    }
  });

  test('what came with the command, and fits into no message, is kept once and sent from there', () => {
    const device = given();
    device.queue.push(replace({ format: 'chr', data: text(2000) }));
    device.sends(package1(1, small));
    expect(device.all('chunkKept')).toHaveLength(1);
    const chunks = takeAll(device).map((one) => item(one.body.find((body) => body.kind === 'Replace')));
    expect(Buffer.concat(chunks.map(octetsIn)).toString()).toBe(text(2000));
    expect(JSON.stringify(device.session?.state).length).toBeLessThan(2500);
  });

  test('Add and Exec carry large objects too, and an Exec its Correlator in each chunk', () => {
    const device = given();
    device.queue.push(
      command({
        kind: 'exec',
        at: { uri: './E' },
        argument: stored(device, text(3000), 'chr'),
        correlator: 'c.1',
        id: 'e',
      } as never),
    );
    device.sends(package1(1, small));
    const chunks = takeAll(device).map((one) => one.body.find((body) => body.kind === 'Exec'));
    expect(chunks.length).toBeGreaterThan(3);
    for (const one of chunks) expect(one).toMatchObject({ correlator: 'c.1' });
    const no = chunks.length;
    device.sends(message(no + 1, [status(no, device.commands[0]?.cmdId ?? '', 'Exec', 202)]), at);
    expect(device.all('commandAccepted')).toMatchObject([{ command: 'e', code: 202 }]);
  });

  test('a tree whose leaves are large goes on after each of them', () => {
    const device = given();
    const leaf = (name: string, data: string): object => ({ name, value: { format: 'chr', data } });
    const tree = { name: 'T', children: [leaf('a', text(2000)), leaf('b', 'small'), leaf('c', text(1500))] };
    device.queue.push(command({ kind: 'add', at: { uri: './T' }, tree, id: 't' } as never));
    device.sends(package1(1, small));
    const seen: Record<string, string> = {};
    for (let no = 2; device.session?.state.phase !== 'ended'; no += 1) {
      for (const one of device.commands) {
        const { target } = item(one);
        seen[target?.locUri ?? ''] = (seen[target?.locUri ?? ''] ?? '') + octetsIn(item(one)).toString();
      }
      const answers = device.commands.map((one) => status(no - 1, one.cmdId, one.kind, item(one).moreData ? 213 : 200));
      device.sends(message(no, [status(no - 1, '0', 'SyncHdr', 212), ...answers], { final: device.reply.final }), at);
    }
    expect(seen).toEqual({ './T': '', './T/a': text(2000), './T/b': 'small', './T/c': text(1500) });
    expect(device.all('commandAnswered')).toMatchObject([{ command: 't', outcome: 'OK' }]);
  });

  test('an object begins in a message of its own, and more commands may follow its last chunk', () => {
    const device = given();
    device.queue.push(replace({ format: 'int', data: 1 }, 'before', './B'), replace(stored(device, text(3000), 'chr')));
    device.queue.push(replace({ format: 'int', data: 2 }, 'after', './C'));
    device.sends(package1(1, small));
    expect(device.commands.map((one) => item(one).target?.locUri)).toEqual(['./B']);
    device.sends(message(2, [status(1, device.commands[0]?.cmdId ?? '', 'Replace', 200)]), at);
    expect(device.commands.map((one) => [item(one).target?.locUri, item(one).moreData])).toEqual([['./A', true]]);
    expect(device.reply.body.at(-1)?.kind).toBe('Replace');
  });

  test("a client's Final is ignored while the object is not finished ([V72])", () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    const messages = takeAll(device, true);
    expect(messages.at(-1)?.final).toBe(true);
    expect(device.all('commandAnswered')).toEqual([]);
  });

  test('each message of the client is answered: SyncHdr, its Alert 1222, then the next chunk', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    device.sends(goesOn(2, device), at);
    expect(codes(device.reply)).toEqual(['Status 212', 'Status 200', 'Replace']);
  });

  test('a client that has not told yet what became of a chunk is asked for its next message', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    const cmd = device.commands[0]?.cmdId ?? '';
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212)], { final: false }), at);
    expect(codes(device.reply)).toEqual(['Status 212', 'Alert 1222']);
    expect(device.reply.final).toBe(false);
    device.sends(message(3, [status(1, cmd, 'Replace', 213)], { final: false }), at);
    expect(device.commands.map((one) => one.kind)).toEqual(['Replace']);
  });

  test('a repeated message gets the chunk again, octet for octet', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    const sent = goesOn(2, device);
    device.sends(sent, at);
    const { wire } = device;
    device.sends(sent, at);
    expect(device.wire?.body).toEqual(wire?.body);
  });

  test('424 for the sum begins anew, once', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(1500), 'chr')));
    device.sends(package1(1, small));
    const count = takeAll(device).length;
    device.sends(message(count + 1, [status(count, device.commands[0]?.cmdId ?? '', 'Replace', 424)]), at);
    expect(item(device.commands[0])).toMatchObject({
      meta: { size: String(Buffer.byteLength(text(1500))) },
      moreData: true,
    });
    expect(device.all('commandAnswered')).toEqual([]);
    let no = count + 1;
    while (item(device.commands[0]).moreData === true) {
      no += 1;
      device.sends(goesOn(no, device), at);
    }
    device.sends(message(no + 1, [status(no, device.commands[0]?.cmdId ?? '', 'Replace', 424)]), at);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'DEVICE_ERROR', code: 424 }]);
    expect(device.session?.state.phase).toBe('ended');
  });

  test('Alert 1225 of the client begins anew, once', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    const lost = (no: number): Message =>
      message(no, [status(no - 1, '0', 'SyncHdr', 212), { kind: 'Alert', cmdId: '8', data: '1225', items: [] }], {
        final: false,
      });
    device.sends(goesOn(2, device), at);
    device.sends(lost(3), at);
    expect(item(device.commands[0]).meta?.size).toBe(String(Buffer.byteLength(text(3000))));
    device.sends(lost(4), at);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'DEVICE_ERROR', code: 424 }]);
  });

  test.each([
    [413, 'TOO_LARGE'],
    [416, 'TOO_LARGE'],
    [420, 'DEVICE_FULL'],
    [406, 'UNSUPPORTED'],
    [500, 'DEVICE_ERROR'],
  ] as const)('%i to a chunk ends the command as %s, and the package goes on', (code, outcome) => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    device.queue.push(replace({ format: 'int', data: 2 }, 'after', './C'));
    device.sends(goesOn(2, device, code), at);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome, code }]);
    expect(device.commands.map((one) => item(one).target?.locUri)).toEqual(['./C']);
    expect(device.reply.final).toBe(true);
  });

  test('200 in place of 213: the value is truncated, the command failed, and no chunk goes to the device any more', () => {
    const device = given({ features: { 'dm1.largeObjects': true } });
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    device.queue.push(replace({ format: 'chr', data: text(3000) }, 'next', './C'));
    device.sends(goesOn(2, device, 200, true), at);
    expect(device.all('commandAnswered')).toMatchObject([
      { command: 'r', outcome: 'DEVICE_ERROR', code: 200 },
      { command: 'next', outcome: 'TOO_LARGE' },
    ]);
    expect(device.all('featureLearned').at(-1)).toMatchObject({ feature: 'dm1.truncatesLargeObjects', value: true });
    expect(device.reply.body.some((one) => 'items' in one && one.items.some((part) => part.moreData))).toBe(false);
    device.queue.push(replace(stored(device, text(3000), 'chr'), 'later'));
    device.sends(package1(1, small));
    expect(device.all('commandAnswered').at(-1)).toMatchObject({ command: 'later', outcome: 'TOO_LARGE' });
  });

  test('a device that says false in DevDetail/LrgObj gets no chunks', () => {
    const device = given();
    device.queue.push(command({ kind: 'get', at: { uri: './DevDetail/LrgObj' }, depth: 0, id: 'g' } as never));
    device.sends(package1(1, small));
    const cmdRef = device.commands[0]?.cmdId ?? '';
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(
      message(2, [
        status(1, cmdRef, 'Get', 200),
        {
          kind: 'Results',
          cmdId: '5',
          msgRef: '1',
          cmdRef,
          items: [
            {
              source: { locUri: './DevDetail/LrgObj' },
              meta: { format: 'bool' },
              data: { kind: 'text', text: 'false' },
            },
          ],
        },
      ]),
      at,
    );
    expect(device.all('featureLearned').at(-1)).toMatchObject({ feature: 'dm1.largeObjects', value: false });
    expect(device.all('commandAnswered').at(-1)).toMatchObject({ command: 'r', outcome: 'TOO_LARGE' });
    expect(device.all('commandSent').map((effect) => effect.command)).toEqual(['g']);
  });

  test("the client's MaxObjSize is obeyed, in one message and in many, and may change within a session", () => {
    const device = given();
    device.queue.push(
      replace(stored(device, text(3000), 'chr'), 'many'),
      replace({ format: 'chr', data: 'x'.repeat(501) }, 'one', './B'),
    );
    device.queue.push(replace({ format: 'chr', data: 'x'.repeat(500) }, 'fits', './C'));
    device.sends(package1(1, { meta: { maxMsgSize: '2000', maxObjSize: '500' } }));
    expect(device.all('commandAnswered')).toMatchObject([
      { command: 'many', outcome: 'TOO_LARGE' },
      { command: 'one', outcome: 'TOO_LARGE' },
    ]);
    expect(device.commands.map((one) => item(one).target?.locUri)).toEqual(['./C']);
    device.queue.push(replace({ format: 'chr', data: 'x'.repeat(500) }, 'again', './D'));
    const answer = message(2, [status(1, device.commands[0]?.cmdId ?? '', 'Replace', 200)], {
      meta: { maxObjSize: '499' },
    });
    device.sends(answer, at);
    expect(device.all('commandAnswered').at(-1)).toMatchObject({ command: 'again', outcome: 'TOO_LARGE' });
  });

  test('an Atomic is never sent in chunks', () => {
    const device = given();
    device.queue.push(
      { ...replace(stored(device, text(3000), 'chr')), atomic: 'g' },
      { ...replace({ format: 'int', data: 1 }, 's', './B'), atomic: 'g' },
    );
    device.sends(package1(1, small));
    expect(device.all('commandAnswered')).toMatchObject([{ outcome: 'TOO_LARGE' }, { outcome: 'TOO_LARGE' }]);
  });

  test('a client that refuses our credential gets the object from its beginning, with a credential over its nonce', () => {
    const device = given({ clientAuth: credential('NONE'), serverAuth: serverCredential() });
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    const refusal = status(1, '0', 'SyncHdr', 401, {
      chal: { format: 'b64', type: 'syncml:auth-md5', nextNonce: { kind: 'text', text: 'EBESExQVFhcYGRobHB0eHw==' } },
    });
    // It goes back into the queue, and is taken from there in the same turn.
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(
      message(2, [refusal, status(1, device.commands[0]?.cmdId ?? '', 'Replace', 401)], { final: false }),
      at,
    );
    expect(device.reply.header.cred).toBeDefined();
    expect(item(device.commands[0])).toMatchObject({
      meta: { size: String(Buffer.byteLength(text(3000))) },
      moreData: true,
    });
    expect(device.all('commandNotExecuted')).toMatchObject([{ command: 'r' }]);
    expect(device.all('commandAnswered')).toEqual([]);
  });

  test('a value that is not in the store any more ends its command and not the session', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    device.blobs.clear();
    device.sends(goesOn(2, device), at);
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'DEVICE_ERROR' }]);
    expect(device.session?.state.phase).toBe('ended');
  });

  test('a new session leaves the command without an outcome', () => {
    const device = given();
    device.queue.push(replace(stored(device, text(3000), 'chr')));
    device.sends(package1(1, small));
    device.now += 1000;
    device.sends(package1(1, { sessionId: 'B2', meta: { maxMsgSize: '2000' } }));
    expect(device.all('commandUnanswered')).toMatchObject([{ command: 'r' }]);
  });
});

test('text that XML would change is not sent over XML', () => {
  const device = new Dialogue();
  device.blobs.set('7', Buffer.from('a\rb'.repeat(9000)));
  const data = { blob: '7', length: 27_000, isText: true, isPlain: false };
  device.queue.push(command({ kind: 'replace', at: { uri: './A' }, value: { format: 'chr', data }, id: 'r' } as never));
  device.sends(package1());
  expect(device.all('commandAnswered')).toMatchObject([{ command: 'r', outcome: 'BAD_VALUE' }]);
});
