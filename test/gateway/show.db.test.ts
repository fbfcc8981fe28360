import type { PersonReply, Shown } from '../../src/simulator';
import { codesOf, contact, findOperation, startWorld, submit, type OperationAnswer, type World } from './support/world';

const INFO = 'urn:oma:mo:oma-dm-devinfo';
const METER = 'urn:oma:mo:ext-acme-meter';
const CONFIRM = { type: 'CONFIRM', text: 'Restart now?' };

let now = Date.now();
let world: World;

beforeAll(async () => {
  world = await startWorld({ now: () => now });
});
afterAll(() => world.close());

/** What the person saw, and the operation as it ended. */
async function shown(
  name: string,
  replies: readonly PersonReply[],
  commands: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ seen: readonly Shown[]; operation: OperationAnswer }> {
  const seen: Shown[] = [];
  const device = await world.device('dm1', `urn:uuid:show-${name}`, {
    person: (prompt: Shown) => replies[seen.push(prompt) - 1] ?? 'yes',
  } as never);
  await contact(device);
  const { id } = await submit(world.gateway, device.deviceId, commands, more);
  await contact(device);
  return { seen, operation: await findOperation(world.gateway, id) };
}

const write = { replace: { address: { moid: METER, path: 'Interval' }, value: { int: 7 } } };
const read = { get: { address: { moid: INFO, path: 'Man' } } };
const statesOf = (operation: OperationAnswer): unknown[] =>
  operation.commands.map(({ kind, state, outcome }) => [kind, state, outcome]);

describe('show, 9.2', () => {
  test('every kind comes before the person as it was asked, and the answer is the result', async () => {
    const { seen, operation } = await shown(
      'kinds',
      ['yes', 'yes', { text: 'Ada' }, { choose: [2] }, { choose: [3, 1] }],
      [
        { show: { type: 'DISPLAY', text: 'Good <day> & welcome', minDisplay: 'PT5S' } },
        { show: { ...CONFIRM, defaultAccept: true, timeout: 'PT1M' } },
        { show: { type: 'TEXT', text: 'Your name', defaultText: 'a+b & c', maxLength: 20 } },
        { show: { type: 'SINGLE_CHOICE', text: 'Tone', choices: ['Bell', 'Buzz'], defaultSelected: [0] } },
        { show: { type: 'MULTIPLE_CHOICE', text: 'Services', choices: ['Mail', 'Web', 'Chat'] } },
      ],
    );
    expect(seen).toEqual([
      { code: 1100, options: { MINDT: '5' }, text: 'Good <day> & welcome', choices: [] },
      { code: 1101, options: { MAXDT: '60', DR: '1' }, text: 'Restart now?', choices: [] },
      { code: 1102, options: { DR: 'a+b & c', MAXLEN: '20', IT: 'A', ET: 'T' }, text: 'Your name', choices: [] },
      { code: 1103, options: { DR: '1' }, text: 'Tone', choices: ['Bell', 'Buzz'] },
      { code: 1104, options: {}, text: 'Services', choices: ['Mail', 'Web', 'Chat'] },
    ]);
    expect(operation.state).toBe('SUCCEEDED');
    expect(operation.commands.map(({ result }) => result)).toEqual([
      { answer: 'ACCEPTED', text: null, selected: [] },
      { answer: 'ACCEPTED', text: null, selected: [] },
      { answer: 'ACCEPTED', text: 'Ada', selected: [] },
      { answer: 'ACCEPTED', text: null, selected: [1] },
      { answer: 'ACCEPTED', text: null, selected: [0, 2] },
    ]);
  });

  test.each<[PersonReply, string]>([
    ['no', 'USER_REFUSED'],
    ['cancel', 'USER_REFUSED'],
    ['timeout', 'TIMED_OUT'],
  ])('%s: the result says so, and what follows is skipped', async (reply, outcome) => {
    const { operation } = await shown(`stop-${String(reply)}`, [reply], [{ show: CONFIRM }, write, read]);
    expect(operation.state).toBe('FAILED');
    expect(statesOf(operation)).toEqual([
      ['SHOW', 'ANSWERED', outcome],
      ['REPLACE', 'SKIPPED', null],
      ['GET', 'SKIPPED', null],
    ]);
    const answer = reply === 'timeout' ? 'TIMED_OUT' : 'REFUSED';
    expect(operation.commands[0]?.result).toEqual({ answer, text: null, selected: [] });
  });

  test('onFailure CONTINUE: what follows is done all the same', async () => {
    const { operation } = await shown('go-on', ['no'], [{ show: CONFIRM }, read], { onFailure: 'CONTINUE' });
    expect(statesOf(operation)).toEqual([
      ['SHOW', 'ANSWERED', 'USER_REFUSED'],
      ['GET', 'ANSWERED', 'OK'],
    ]);
  });

  test('a time-out with a default is that answer', async () => {
    const { operation } = await shown(
      'default',
      ['timeout', 'timeout'],
      [
        { show: { ...CONFIRM, defaultAccept: true, timeout: 'PT30S' } },
        { show: { type: 'SINGLE_CHOICE', text: 'Tone', choices: ['Bell', 'Buzz'], defaultSelected: [1] } },
      ],
    );
    expect(operation.commands.map(({ outcome, result }) => [outcome, result])).toEqual([
      ['OK', { answer: 'ACCEPTED', text: null, selected: [] }],
      ['OK', { answer: 'ACCEPTED', text: null, selected: [1] }],
    ]);
  });

  test.each<[PersonReply, number]>([
    ['yes', 7],
    ['no', 15],
  ])('in an atomic operation: %s leaves the meter at %i', async (reply, interval) => {
    const { operation } = await shown(`atomic-${String(reply)}`, [reply], [write, { show: CONFIRM }], { atomic: true });
    expect(statesOf(operation)).toEqual(
      reply === 'yes'
        ? [
            ['REPLACE', 'ANSWERED', 'OK'],
            ['SHOW', 'ANSWERED', 'OK'],
          ]
        : [
            ['REPLACE', 'ANSWERED', 'ROLLED_BACK'],
            ['SHOW', 'ANSWERED', 'USER_REFUSED'],
          ],
    );
    const answer = await world.gateway.graphql(
      `{ device(deviceId: "urn:uuid:show-atomic-${String(reply)}") { acmeMeter { interval } } }`,
    );
    expect(answer.data).toEqual({ device: { acmeMeter: { interval } } });
  });

  test('a device without such prompts answers 406: UNSUPPORTED, and it is remembered with the evidence', async () => {
    const { operation } = await shown(
      'lacking',
      [406, 'yes'],
      [{ show: CONFIRM }, { show: { type: 'DISPLAY', text: 'x' } }],
      {
        onFailure: 'CONTINUE',
      },
    );
    expect(operation.commands.map(({ outcome, result }) => [outcome, result])).toEqual([
      ['UNSUPPORTED', null],
      ['OK', { answer: 'ACCEPTED', text: null, selected: [] }],
    ]);
    const answer = await world.gateway.graphql(
      '{ device(deviceId: "urn:uuid:show-lacking") { features { name value evidence } } }',
    );
    expect(answer.data?.device.features).toEqual(
      expect.arrayContaining([
        { name: 'dm1.show.confirm', value: false, evidence: 'Status 406 to Alert 1101' },
        { name: 'dm1.show.display', value: true, evidence: 'Status 200 to Alert 1100' },
      ]),
    );
  });

  test('a password is marked, sealed in the store, and gone after an hour', async () => {
    const { seen, operation } = await shown(
      'password',
      [{ text: 'hunter2-answer' }],
      [{ show: { type: 'TEXT', text: 'Password', password: true } }],
    );
    expect(seen[0]?.options).toMatchObject({ ET: 'P' });
    expect(operation.commands[0]).toMatchObject({
      result: { answer: 'ACCEPTED', text: 'hunter2-answer', selected: [] },
      resultMeta: { text: { secret: true } },
    });
    const stored = async (): Promise<string> => {
      const tables = ['command', 'operation', 'session', 'event', 'alert', 'exchange', 'security_log'];
      const texts = await Promise.all(
        tables.map((table) => world.gateway.db.sql.query<{ t: string }>(`SELECT t::text FROM ${table} t`)),
      );
      return texts
        .flat()
        .map(({ t }) => t)
        .join('\n');
    };
    expect(await stored()).not.toContain('hunter2-answer');
    expect(await stored()).toContain('sealed');
    now += 3_600_001;
    await world.gateway.timers.runOnce();
    expect(await stored()).not.toContain('sealed');
    expect((await findOperation(world.gateway, operation.id)).commands[0]).toMatchObject({
      outcome: 'OK',
      result: { answer: 'ACCEPTED', text: null, selected: [] },
      resultMeta: { text: { secret: true } },
    });
  });

  test.each([
    [{ type: 'CONFIRM', text: '' }, 'commands[0].show.text'],
    [{ type: 'SINGLE_CHOICE', text: 'x' }, 'commands[0].show.choices'],
    [{ type: 'TEXT', text: 'x', timeout: 'P2D' }, 'commands[0].show.timeout'],
  ])('%j is refused before it is queued, and the field is named', async (show, field) => {
    const device = await world.device('dm1', `urn:uuid:show-refused-${field.replace(/\W/g, '')}`);
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
      { input: { deviceId: device.deviceId, commands: [{ show }] } },
    );
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toContain(field);
  });
});
