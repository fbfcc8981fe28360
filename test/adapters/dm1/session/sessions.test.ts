import type { Command, Effect } from '../../../../adapters/adapter';
import { encodeMessage } from '../../../../adapters/dm1/codec';
import type { Message } from '../../../../adapters/dm1/message';
import {
  answers,
  command,
  credential,
  Dialogue,
  type Given,
  message,
  package1,
  status,
  targetOf,
  TOKEN,
} from './dialogue';

const codes = (reply: Message): string[] => reply.body.map((item) => (item.kind === 'Status' ? item.data : item.kind));
const get = (uri: string, id: string, more: Partial<Command> = {}): Command =>
  command({ kind: 'get', at: { uri }, id, depth: 0, ...more } as never);
const outcomes = (effects: readonly Effect[]): unknown[] =>
  effects.flatMap((effect) => (effect.kind === 'commandAnswered' ? [[effect.command, effect.outcome]] : []));

describe.each(['xml', 'wbxml'] as const)('Sessions and packages (%s)', (form) => {
  const given = (more: Given = {}): Dialogue => new Dialogue({ form, ...more });

  describe('check-in', () => {
    test('with nothing to do costs one POST', () => {
      const device = given();
      device.sends(package1());
      expect(codes(device.reply)).toEqual(['212', '200', '200']);
      expect(device.reply.final).toBe(true);
      expect(device.session?.state.phase).toBe('ended');
      expect(device.all('sessionEnded')).toEqual([{ kind: 'sessionEnded', reason: 'DONE' }]);
    });

    test('tells DevInfo as values at its place', () => {
      const device = given();
      device.sends(package1());
      expect(device.all('moAnnounced')).toEqual([
        { kind: 'moAnnounced', moid: 'urn:oma:mo:oma-dm-devinfo:1.0', place: './DevInfo', recognisedBy: 'PLACE' },
      ]);
      expect(device.all('valuesObserved')[0]).toMatchObject({
        at: { uri: './DevInfo' },
        complete: false,
        tree: { name: 'DevInfo' },
      });
      expect(device.all('valuesObserved')[0]?.tree.children?.map((child) => child.name)).toEqual([
        'DevId',
        'Man',
        'Mod',
        'DmV',
        'Lang',
      ]);
    });

    test("a misspelt DwV is DmV, and nodes elsewhere are not the client's to tell", () => {
      const device = given();
      device.sends(
        message(1, [
          {
            kind: 'Replace',
            cmdId: '1',
            meta: { format: 'chr' },
            items: [
              { source: { locUri: 'DevInfo/DwV' }, data: { kind: 'text', text: '1.2' } },
              { source: { locUri: './Vendor/X' }, data: { kind: 'text', text: '1' } },
              { source: { locUri: './DevInfo' }, meta: { format: 'node' } },
            ],
          },
        ]),
      );
      expect(device.all('valuesObserved').map((effect) => effect.tree)).toEqual([
        { name: 'DevInfo', children: [{ name: 'DmV', value: { format: 'chr', data: '1.2' } }] },
      ]);
    });

    test('commands that only servers may send, and those of data synchronisation, are 406', () => {
      const device = given();
      device.sends(
        message(1, [
          { kind: 'Get', cmdId: '1', items: [{ target: { locUri: './X' } }] },
          { kind: 'Foreign', name: 'Put', cmdId: '2' },
        ]),
      );
      expect(codes(device.reply)).toEqual(['212', '406', '406']);
    });
  });

  describe('every message', () => {
    test("echoes SessionID and MsgID, swaps Target and Source, and names the session's address", () => {
      const device = given();
      device.sends(package1(7, { sessionId: 'a1B' }));
      expect(device.reply.header).toMatchObject({
        sessionId: 'a1B',
        msgId: '7',
        target: { locUri: 'IMEI:490154203237518' },
        source: { locUri: 'https://dm.example.net/dm/1' },
        respUri: `https://dm.example.net/dm/1/${TOKEN}`,
      });
      expect(device.wire?.headers).toMatchObject({
        'content-type': `application/vnd.syncml.dm+${form}`,
        'content-length': String(device.wire?.body.length),
      });
    });

    test('goes on over several packages until nothing is left to do', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      device.sends(package1());
      device.queue.push(get('./B', 'b'));
      device.sends(message(2, answers(device.reply, { nodes: { './A': '1', './B': '2' } })), { token: TOKEN });
      expect(device.commands.map(targetOf)).toEqual(['./B']);
      device.sends(message(3, answers(device.reply, { nodes: { './A': '1', './B': '2' } })), { token: TOKEN });
      expect(device.commands).toEqual([]);
      expect(outcomes(device.effects)).toEqual([
        ['a', 'OK'],
        ['b', 'OK'],
      ]);
      expect(device.session?.state.phase).toBe('ended');
    });
  });

  describe('answers', () => {
    test('a command without Status when the package is complete is unanswered', () => {
      const device = given();
      device.queue.push(get('./A', 'a'), get('./B', 'b'));
      device.sends(package1());
      device.sends(
        message(2, [status(1, '0', 'SyncHdr', 212), status(1, device.commands[1]?.cmdId ?? '', 'Get', 404)]),
        { token: TOKEN },
      );
      expect(device.news.slice(0, 2)).toMatchObject([
        { kind: 'commandUnanswered', command: 'a' },
        { kind: 'commandAnswered', command: 'b', outcome: 'NOT_FOUND', code: 404 },
      ]);
    });

    test('status 0 for one command leaves its outcome unknown', () => {
      const device = given();
      device.queue.push(command({ kind: 'delete', at: { uri: './A' }, id: 'a' } as never));
      device.sends(package1());
      device.sends(message(2, [status(1, '0', 'SyncHdr', 200), status(1, '4', 'Delete', 0)]), { token: TOKEN });
      expect(device.news[0]).toMatchObject({ kind: 'commandUnanswered', command: 'a' });
    });

    test('a Status without MsgRef, and Results without, are taken for the last message', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      device.sends(package1(5));
      const body = answers(device.reply, { nodes: { './A': 'x' } }).map((item) =>
        'msgRef' in item ? { ...item, msgRef: undefined } : item,
      );
      device.sends(message(6, body), { token: TOKEN });
      expect(outcomes(device.turn)).toEqual([['a', 'OK']]);
    });

    test('a Status for a command that was never sent changes nothing', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      device.sends(package1());
      device.sends(message(2, [status(1, '77', 'Get', 200), ...answers(device.reply, { nodes: { './A': 'x' } })]), {
        token: TOKEN,
      });
      expect(outcomes(device.turn)).toEqual([['a', 'OK']]);
      expect(device.news[0]).toMatchObject({ kind: 'noted' });
    });

    test('an exec that is accepted waits for its alert, which tells the correlator', () => {
      const device = given();
      device.queue.push(command({ kind: 'exec', at: { uri: './F/Update' }, correlator: 'c-9', id: 'x' } as never));
      device.sends(package1());
      expect(device.commands[0]).toMatchObject({ kind: 'Exec', correlator: 'c-9' });
      device.sends(
        message(2, [
          status(1, '0', 'SyncHdr', 212),
          status(1, '4', 'Exec', 202),
          {
            kind: 'Alert',
            cmdId: '9',
            data: '1226',
            correlator: 'c-9',
            items: [
              {
                source: { locUri: './F' },
                meta: { type: 'Reversed-Domain-Name: org.example.done', format: 'Chr', mark: 'WARNING' },
                data: { kind: 'text', text: ' 1200 ' },
              },
            ],
          },
        ]),
        { token: TOKEN },
      );
      expect(device.news).toMatchObject([
        { kind: 'commandAccepted', command: 'x', code: 202 },
        {
          kind: 'alertRaised',
          type: 'org.example.done',
          mark: 'warning',
          correlator: 'c-9',
          format: 'chr',
          resultCode: 1200,
        },
        { kind: 'sessionEnded' },
      ]);
      expect(codes(device.reply)).toEqual(['212', '200']);
    });

    test('a generic alert without Type is incomplete and not raised', () => {
      const device = given();
      device.sends(
        package1(1, {}, [{ kind: 'Alert', cmdId: '1', data: '1226', items: [{ data: { kind: 'text', text: 'x' } }] }]),
      );
      expect(codes(device.reply)).toEqual(['212', '412', '200', '200']);
      expect(device.all('alertRaised')).toEqual([]);
    });
  });

  describe('repeated messages', () => {
    const twice = (device: Dialogue, body: Uint8Array): [Uint8Array | undefined, Uint8Array | undefined] => {
      device.posts(body);
      const first = device.wire?.body;
      device.posts(body);
      return [first, device.wire?.body];
    };

    test('get the stored answer octet for octet, and nothing is executed', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      const [first, second] = twice(device, encodeMessage(package1(), device.encoding));
      expect(second).toBe(first);
      expect(device.turn).toEqual([]);
    });

    test('are a new session where the last one ended and work is waiting', () => {
      const device = given();
      const body = encodeMessage(package1(), device.encoding);
      device.posts(body);
      device.queue.push(get('./A', 'a'));
      device.posts(body);
      expect(device.commands.map(targetOf)).toEqual(['./A']);
    });

    test('are no repeats any more after a minute', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      const body = encodeMessage(package1(), device.encoding);
      device.posts(body);
      device.now += 60_001;
      device.posts(body);
      expect(device.turn.map((effect) => effect.kind)).toContain('authenticated');
      expect(device.turn).toContainEqual({ kind: 'sessionEnded', reason: 'SUPERSEDED' });
    });
  });

  describe('restarts and strangers', () => {
    test('MsgID 1 opens a session, and what the old one had sent has no outcome any more', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      device.sends(package1());
      const late = answers(device.reply, { nodes: { './A': 'x' } });
      device.sends(package1(1, { sessionId: 'A1' }, late));
      expect(device.turn).toContainEqual(expect.objectContaining({ kind: 'commandUnanswered', command: 'a' }));
      expect(outcomes(device.effects)).toEqual([]);
    });

    test('Alert 1201 opens a session at any MsgID, which is echoed from then on', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      device.sends(package1(40));
      expect(device.reply.header.msgId).toBe('40');
      device.sends(message(41, answers(device.reply, { nodes: { './A': 'x' } })), { token: TOKEN });
      expect(outcomes(device.turn)).toEqual([['a', 'OK']]);
    });

    test.each([
      ['an unexpected MsgID', (reply: Message) => message(9, answers(reply, { nodes: {} })), TOKEN],
      ['a foreign token', (reply: Message) => message(2, answers(reply, { nodes: {} })), 'another-token-00000000'],
      [
        'another SessionID',
        (reply: Message) => message(2, answers(reply, { nodes: {} }), { sessionId: 'B2' }),
        undefined,
      ],
    ])('%s is a stranger: 407 for everything, and the session stays', (_name, make, token) => {
      const device = given({ clientAuth: credential('BASIC') });
      const cred = {
        meta: { type: 'syncml:auth-basic' },
        data: { kind: 'text' as const, text: 'ZGV2LTAwMDE6czNjcmV0LUNsaWVudA==' },
      };
      device.queue.push(get('./A', 'a'));
      device.sends(package1(1, { cred }));
      device.sends(make(device.reply), { token });
      expect(device.statuses[0]?.data).toBe('407');
      expect(device.statuses[0]?.chal).toBeDefined();
      expect(device.session?.state.sent.map((sent) => sent.command)).toEqual(['a']);
      expect(outcomes(device.effects)).toEqual([]);
    });

    test('an account without credentials tells a stranger to give up', () => {
      const device = given();
      device.sends(message(5, []));
      expect(device.reply.body.map((item) => (item.kind === 'Alert' ? item.data : item.kind))).toEqual([
        'Status',
        '1223',
      ]);
      expect(device.reply.final).toBe(true);
      expect(device.session).toBeUndefined();
    });

    test('a session that was silent too long is not gone on with, and what it sent is told when a new one begins', () => {
      const device = given({ clientAuth: credential('NONE') });
      device.queue.push(get('./A', 'a'));
      device.sends(package1());
      device.now += 300_001;
      device.sends(message(2, answers(device.reply, { nodes: { './A': 'x' } })), { token: TOKEN });
      expect(outcomes(device.effects)).toEqual([]);
      device.sends(package1());
      expect(device.turn).toContainEqual(expect.objectContaining({ kind: 'commandUnanswered', command: 'a' }));
    });

    test('an expired session tells what it had under way', () => {
      const device = given();
      device.queue.push(get('./A', 'a'));
      device.sends(package1());
      const state = device.session?.state;
      expect(state && device.adapter.expire(state)).toMatchObject([
        { kind: 'commandUnanswered', command: 'a' },
        { kind: 'sessionEnded', reason: 'EXPIRED' },
      ]);
    });
  });

  test('a package 1 of several messages is answered by statuses and 1222, and commands wait for its end', () => {
    const device = given();
    device.queue.push(get('./A', 'a'));
    device.sends(package1(1, { final: false }));
    expect(device.reply.body.map((item) => item.kind)).toEqual(['Status', 'Status', 'Status', 'Alert']);
    expect(device.reply.final).toBe(false);
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212), status(1, '4', 'Alert', 200)]), { token: TOKEN });
    expect(device.commands.map(targetOf)).toEqual(['./A']);
  });

  test('an unfinished large object is dropped with Alert 1225 when something else comes', () => {
    const device = given();
    device.queue.push(get('./A', 'a'), get('./B', 'b'));
    device.sends(package1());
    const [first, second] = device.commands.map((item) => item.cmdId);
    device.sends(
      message(
        2,
        [
          status(1, first ?? '', 'Get', 200),
          {
            kind: 'Results',
            cmdId: '5',
            msgRef: '1',
            cmdRef: first,
            items: [
              {
                source: { locUri: './A' },
                meta: { size: '10' },
                data: { kind: 'text', text: '12345' },
                moreData: true,
              },
            ],
          },
        ],
        { final: false },
      ),
      { token: TOKEN },
    );
    expect(codes(device.reply)).toEqual(['212', '213', 'Alert']);
    device.sends(
      message(3, [
        status(1, second ?? '', 'Get', 200),
        {
          kind: 'Results',
          cmdId: '5',
          msgRef: '1',
          cmdRef: second,
          items: [{ source: { locUri: './B' }, data: { kind: 'text', text: 'b' } }],
        },
      ]),
      { token: TOKEN },
    );
    expect(device.reply.body.find((item) => item.kind === 'Alert')).toMatchObject({
      data: '1225',
      items: [{ source: { locUri: './A' } }],
    });
    expect(outcomes(device.effects)).toContainEqual(['b', 'OK']);
  });

  test('a large object whose sum differs from its Size is 424, one beyond MaxObjSize 416', () => {
    for (const [size, limit, code] of [
      ['9', 100, '424'],
      ['10', 8, '416'],
    ] as const) {
      const device = given({ limits: { maxObjSize: limit } });
      device.queue.push(get('./A', 'a'));
      device.sends(package1());
      const chunk = (moreData: boolean, meta: object): Message['body'] => [
        {
          kind: 'Results',
          cmdId: '5',
          msgRef: '1',
          cmdRef: '4',
          items: [
            {
              source: { locUri: './A' },
              meta,
              data: { kind: 'text', text: '12345' },
              ...(moreData ? { moreData } : {}),
            },
          ],
        },
      ];
      device.sends(message(2, [status(1, '4', 'Get', 200), ...chunk(true, { size })], { final: false }), {
        token: TOKEN,
      });
      // What is announced too large is refused at once, and each time.
      expect(device.statuses.map((item) => item.data)).toEqual(['212', code === '416' ? '416' : '213']);
      device.sends(message(3, chunk(false, {})), { token: TOKEN });
      expect(device.statuses.map((item) => item.data)).toEqual(['212', code]);
      expect(device.all('commandAnswered')[0]?.outcome).toBe(code === '416' ? 'TOO_LARGE' : 'DEVICE_ERROR');
    }
  });
});
