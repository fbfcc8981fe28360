import type { Command } from '../../../../adapters/adapter';
import type { ContainerCommand } from '../../../../adapters/dm1/message';
import {
  command,
  credential,
  Dialogue,
  type Given,
  message,
  package1,
  results,
  serverCredential,
  status,
  targetOf,
  TOKEN,
} from './dialogue';

const at = { token: TOKEN };
const chr = (data: string): object => ({ format: 'chr', data });

describe.each(['xml', 'wbxml'] as const)('Sequence (%s, dm1 section 5)', (form) => {
  const given = (more: Given = {}): Dialogue => new Dialogue({ form, ...more });
  const member = (body: object, id: string): Command => command({ ...body, id, sequence: 's' } as never);
  const group = (): Command[] => [
    member({ kind: 'get', at: { uri: './A' }, depth: 0 }, 'before'),
    member({ kind: 'replace', at: { uri: './A' }, value: chr('x') }, 'write'),
    member({ kind: 'exec', at: { uri: './E' }, correlator: 'c' }, 'run'),
    member({ kind: 'get', at: { uri: './A' }, depth: 0 }, 'after'),
  ];
  const sequenceOf = (device: Dialogue): ContainerCommand => device.commands[0] as ContainerCommand;
  const outcomes = (device: Dialogue): unknown[] =>
    device.all('commandAnswered').map((effect) => [effect.command, effect.outcome, effect.tree?.value?.data]);

  test('holds all commands of the operation in order, gets among them, and nothing stands beside it', () => {
    const device = given();
    device.queue.push(...group());
    device.sends(package1());
    expect(device.commands.map((one) => one.kind)).toEqual(['Sequence']);
    expect(sequenceOf(device).commands.map((one) => [one.kind, targetOf(one)])).toEqual([
      ['Get', './A'],
      ['Replace', './A'],
      ['Exec', './E'],
      ['Get', './A'],
    ]);
    expect(new Set(sequenceOf(device).commands.map((one) => one.cmdId)).size).toBe(4);
    expect(device.all('commandSent').map((effect) => [effect.command, effect.carrier])).toEqual(
      ['before', 'write', 'run', 'after'].map((id) => [id, 'Sequence']),
    );
  });

  test('a failure stops nothing in it: each member has its own outcome (our ruling)', () => {
    const device = given();
    device.queue.push(...group());
    device.sends(package1());
    const [before, write, run, after] = sequenceOf(device).commands.map((one) => one.cmdId) as [
      string,
      string,
      string,
      string,
    ];
    device.sends(
      message(2, [
        status(1, sequenceOf(device).cmdId, 'Sequence', 200),
        status(1, before, 'Get', 200),
        status(1, write, 'Replace', 404),
        status(1, run, 'Exec', 202),
        status(1, after, 'Get', 200),
        results(1, before, './A', 'old'),
        results(1, after, './A', 'new'),
      ]),
      at,
    );
    expect(outcomes(device)).toEqual([
      ['before', 'OK', 'old'],
      ['write', 'NOT_FOUND', undefined],
      ['after', 'OK', 'new'],
    ]);
    expect(device.all('commandAccepted')).toMatchObject([{ command: 'run', code: 202 }]);
  });

  test('215: what follows a refusal of the user was not executed ([V23])', () => {
    const device = given();
    device.queue.push(...group());
    device.sends(package1());
    const ids = sequenceOf(device).commands.map((one) => one.cmdId);
    const codes = [200, 304, 215, 215];
    device.sends(
      message(2, [
        status(1, sequenceOf(device).cmdId, 'Sequence', 200),
        ...ids.map((id, index) => status(1, id, 'Get', codes[index] ?? 0)),
        results(1, ids[0] ?? '', './A', 'old'),
      ]),
      at,
    );
    expect(outcomes(device)).toEqual([
      ['before', 'OK', 'old'],
      ['write', 'USER_REFUSED', undefined],
      ['run', 'USER_REFUSED', undefined],
      ['after', 'USER_REFUSED', undefined],
    ]);
  });

  test('a client without Sequence says so once, for all of it', () => {
    const device = given();
    device.queue.push(...group());
    device.sends(package1());
    device.sends(message(2, [status(1, sequenceOf(device).cmdId, 'Sequence', 406)]), at);
    expect(device.all('commandAnswered').map((effect) => effect.outcome)).toEqual(new Array(4).fill('UNSUPPORTED'));
  });

  test('members without a Status are unanswered, whatever the Sequence got: 200 says that it began', () => {
    const device = given();
    device.queue.push(...group());
    device.sends(package1());
    device.sends(message(2, [status(1, sequenceOf(device).cmdId, 'Sequence', 200)]), at);
    expect(device.all('commandUnanswered')).toHaveLength(4);
  });

  test('what fits into no message is not sent, and never split', () => {
    const device = given();
    device.queue.push(...group(), member({ kind: 'replace', at: { uri: './B' }, value: chr('x'.repeat(3000)) }, 'big'));
    device.sends(package1(1, { meta: { maxMsgSize: '2500' } }));
    expect(device.all('commandAnswered').map((effect) => effect.outcome)).toEqual(new Array(5).fill('TOO_LARGE'));
    expect(device.commands).toEqual([]);
  });

  test('one that cannot be sent ends, and the others go', () => {
    const device = given();
    device.queue.push(...group(), member({ kind: 'subscribe', at: { uri: './B' } }, 'odd'));
    device.sends(package1());
    expect(device.all('commandAnswered')).toMatchObject([{ command: 'odd', outcome: 'UNSUPPORTED' }]);
    expect(sequenceOf(device).commands).toHaveLength(4);
  });

  test('is sent again as a whole to a client that refused our credential', () => {
    const device = given({ clientAuth: credential('NONE'), serverAuth: serverCredential() });
    device.queue.push(...group());
    device.sends(package1());
    const first = sequenceOf(device);
    const chal = {
      format: 'b64',
      type: 'syncml:auth-md5',
      nextNonce: { kind: 'text', text: 'EBESExQVFhcYGRobHB0eHw==' },
    } as const;
    const refused = first.commands.map((one) => status(1, one.cmdId, one.kind, 401));
    device.sends(
      message(2, [status(1, '0', 'SyncHdr', 401, { chal }), status(1, first.cmdId, 'Sequence', 401), ...refused]),
      at,
    );
    expect(device.reply.header.cred).toBeDefined();
    expect(sequenceOf(device).commands.map((one) => one.kind)).toEqual(first.commands.map((one) => one.kind));
    const ids = sequenceOf(device).commands.map((one) => one.cmdId);
    device.sends(message(3, [status(2, '0', 'SyncHdr', 212), ...ids.map((id) => status(2, id, 'Get', 404))]), at);
    expect(device.all('commandAnswered').map((effect) => effect.outcome)).toEqual(new Array(4).fill('NOT_FOUND'));
  });
});
