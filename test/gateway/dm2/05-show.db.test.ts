import type { Dm2Device, PersonReply, Shown } from '../../../src/simulator';
import { createLog } from '../../../src/cli/log';
import { startSharedWorld, type SharedWorld } from '../support/shared-world';
import { contact, findOperation, submit, type OperationAnswer } from '../support/world';

// Dialogues of SHOW: dm2 section 5. What the prompt may be, and what DM 1.x makes of it, is in show.db.test.ts.
const INFO = 'urn:oma:mo:oma-dm-devinfo';
const CONFIRM = { type: 'CONFIRM', text: 'Restart now?' };
const LEAVE: PersonReply = 'timeout';

let lines = '';
let world: SharedWorld;

beforeAll(async () => {
  world = await startSharedWorld({ log: createLog('trace', { write: (line) => (lines += line) }) });
});
afterAll(() => world.close());

interface Given {
  readonly device: Dm2Device;
  readonly seen: readonly Shown[];
  readonly id: string;
  /** Addresses of the pages, in order. */
  pages(): Promise<readonly string[]>;
}

let deviceNo = 0;

/** A device that was sent the pages of these commands. */
async function shown(
  replies: readonly PersonReply[],
  commands: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
  options: object = {},
): Promise<Given> {
  const seen: Shown[] = [];
  deviceNo += 1;
  const person = (prompt: Shown): PersonReply => replies[seen.push(prompt) - 1] ?? 'yes';
  const device = (await world.device('dm2', `urn:uuid:page-${deviceNo}`, { person, ...options } as never)) as Dm2Device;
  await contact(device);
  const { id } = await submit(world.gateway, device.deviceId, commands, more);
  const pages: string[] = [];
  const report = await contact(device);
  for (const { direction, body } of report.messages) {
    if (direction !== 'in') continue;
    pages.push(
      ...[
        ...Buffer.from(body)
          .toString('utf8')
          .matchAll(/\["SHOW","([^"]+)"\]/g),
      ].map(([, url = '']) => url),
    );
  }
  return { device, seen, id, pages: () => Promise.resolve(pages) };
}

const statesOf = (operation: OperationAnswer): unknown[] =>
  operation.commands.map(({ kind, state, outcome }) => [kind, state, outcome]);
const show = (prompt: object): object => ({ show: prompt });
const visit = (url: string, init?: RequestInit): Promise<Response> => fetch(world.reach(url), init);
const post = (url: string, form: Readonly<Record<string, string>>): Promise<Response> =>
  visit(url, { method: 'POST', body: new URLSearchParams(form) });
const operationOf = ({ id }: Given): Promise<OperationAnswer> => findOperation(world.gateway, id);

describe('SHOW, 5', () => {
  test('every kind comes before the person as it was asked, and the answer is the result, as on DM 1.x', async () => {
    const given = await shown(
      ['yes', 'yes', { text: 'Ada & "Co"' }, { choose: [2] }, { choose: [3, 1] }],
      [
        show({ type: 'DISPLAY', text: 'Good <day> & welcome', minDisplay: 'PT5S' }),
        show({ ...CONFIRM, defaultAccept: false, timeout: 'PT1M' }),
        show({ type: 'TEXT', text: 'Your name', defaultText: 'a+b & "c"', maxLength: 20 }),
        show({ type: 'SINGLE_CHOICE', text: 'Tone', choices: ['Bell', 'Buzz'], defaultSelected: [0] }),
        show({ type: 'MULTIPLE_CHOICE', text: 'Services', choices: ['Mail', 'Web', 'Chat'] }),
      ],
      { onFailure: 'CONTINUE' },
    );
    // A prompt that waits for its answer keeps the next one back no longer than the session.
    for (let n = 0; n < 4; n += 1) await contact(given.device);
    expect(given.seen).toEqual([
      { code: 1100, options: {}, text: 'Good <day> & welcome', choices: [] },
      { code: 1101, options: { DR: '0' }, text: 'Restart now?', choices: [] },
      { code: 1102, options: { DR: 'a+b & "c"', MAXLEN: '20', ET: 'T' }, text: 'Your name', choices: [] },
      { code: 1103, options: { DR: '1' }, text: 'Tone', choices: ['Bell', 'Buzz'] },
      { code: 1104, options: {}, text: 'Services', choices: ['Mail', 'Web', 'Chat'] },
    ]);
    const operation = await operationOf(given);
    expect(operation.state).toBe('SUCCEEDED');
    expect(operation.commands.map(({ result, statusCode }) => [statusCode, result])).toEqual([
      [200, { answer: 'ACCEPTED', text: null, selected: [] }],
      [200, { answer: 'ACCEPTED', text: null, selected: [] }],
      [200, { answer: 'ACCEPTED', text: 'Ada & "Co"', selected: [] }],
      [200, { answer: 'ACCEPTED', text: null, selected: [1] }],
      [200, { answer: 'ACCEPTED', text: null, selected: [0, 2] }],
    ]);
  });

  test('what follows waits for the answer; a refusal skips it', async () => {
    const read = { get: { address: { moid: INFO, path: 'Man' } } };
    const given = await shown([LEAVE], [show(CONFIRM), read]);
    expect(statesOf(await operationOf(given))).toEqual([
      ['SHOW', 'ACCEPTED', null],
      ['GET', 'QUEUED', null],
    ]);
    await contact(given.device);
    const [page = ''] = await given.pages();
    expect((await post(page, { no: 'No' })).status).toBe(200);
    const operation = await operationOf(given);
    expect([operation.state, ...statesOf(operation)]).toEqual([
      'FAILED',
      ['SHOW', 'ANSWERED', 'USER_REFUSED'],
      ['GET', 'SKIPPED', null],
    ]);
    expect(operation.commands[0]?.result).toEqual({ answer: 'REFUSED', text: null, selected: [] });
  });

  test('a caller that waits is woken by the answer', async () => {
    const device = (await world.device('dm2', 'urn:uuid:page-wait')) as Dm2Device;
    await contact(device);
    const key = { idempotencyKey: 'asked once' };
    await submit(world.gateway, device.deviceId, [show(CONFIRM)], key);
    const waiting = submit(world.gateway, device.deviceId, [show(CONFIRM)], { ...key, wait: 'PT1M' });
    await contact(device);
    expect((await waiting).state).toBe('SUCCEEDED');
  });

  test('an answer that does not fit is asked for again with what was typed; it is escaped', async () => {
    const given = await shown([LEAVE], [show({ type: 'TEXT', text: 'Number?', inputType: 'NUMBER', maxLength: 40 })]);
    const [page = ''] = await given.pages();
    const again = await post(page, { text: '12"><script>x</script>', yes: 'Send' });
    expect(again.status).toBe(422);
    const text = await again.text();
    expect(text).toContain('value="12&quot;&gt;&lt;script&gt;x&lt;/script&gt;"');
    expect(text).toContain('digits only');
    expect(text).not.toContain('<script');
    expect(statesOf(await operationOf(given))).toEqual([['SHOW', 'ACCEPTED', null]]);
    await post(page, { text: ' 42 ', yes: 'Send' });
    expect((await operationOf(given)).commands[0]?.result).toMatchObject({ answer: 'ACCEPTED', text: '42' });
  });

  test('the same form sent twice, also at once, is one answer; the page then asks nothing', async () => {
    const given = await shown([LEAVE], [show({ type: 'TEXT', text: 'Name?' })]);
    const [page = ''] = await given.pages();
    const statuses = await Promise.all(['one', 'two', 'three'].map((text) => post(page, { text, yes: 'Send' })));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { commands, endedAt } = await operationOf(given);
    expect((await post(page, { no: 'Cancel' })).status).toBe(200);
    expect(await operationOf(given)).toMatchObject({ commands, endedAt });
    expect((await visit(page)).status).toBe(404);
    const [row] = await world.gateway.db.sql.query<{ n: string }>(
      `SELECT count(*) AS n FROM event e JOIN device d ON d.id = e.device_id WHERE d.device_id = $1 AND e.type = 'operationEnded'`,
      [given.device.deviceId],
    );
    expect(Number(row?.n)).toBe(1);
  });

  test('unknown, foreign, ended and expired addresses have one page, for GET and POST', async () => {
    const over = await shown([LEAVE], [show({ ...CONFIRM, timeout: 'PT30S' })]);
    const done = await shown(['yes'], [show(CONFIRM)]);
    const open = await shown([LEAVE], [show(CONFIRM)]);
    await world.passes(91_000, false);
    const [expired = ''] = await over.pages();
    const [answered = ''] = await done.pages();
    const [waiting = ''] = await open.pages();
    const base = new URL('.', waiting).href;
    const token = waiting.slice(base.length);
    const strange = [
      'A'.repeat(22),
      'x',
      `${token.slice(0, -1)}${token.endsWith('A') ? 'Q' : 'A'}`,
      '%00',
      'é'.repeat(9),
    ];
    const pages = await Promise.all(
      [expired, answered, ...strange.map((word) => base + word)].map((url) => visit(url)),
    );
    const texts = new Set(await Promise.all(pages.map((page) => page.text())));
    expect(pages.map(({ status }) => status)).toEqual(pages.map(() => 404));
    expect(texts.size).toBe(1);
    const refused = await post(expired, { yes: 'Yes' });
    expect([refused.status, await refused.text()]).toEqual([404, [...texts][0]]);
    expect((await visit(waiting)).status).toBe(200);
    await world.passes(0);
    expect(statesOf(await operationOf(over))).toEqual([['SHOW', 'ANSWERED', 'TIMED_OUT']]);
    expect((await operationOf(over)).commands[0]?.result).toEqual({ answer: 'TIMED_OUT', text: null, selected: [] });
    expect(statesOf(await operationOf(open))).toEqual([['SHOW', 'ACCEPTED', null]]);
  });

  test.each([
    [{ ...CONFIRM, defaultAccept: true }, 'OK', { answer: 'ACCEPTED', text: null, selected: [] }],
    [{ ...CONFIRM, defaultAccept: false }, 'USER_REFUSED', { answer: 'REFUSED', text: null, selected: [] }],
    [{ type: 'TEXT', text: 'x', defaultText: 'as ever' }, 'OK', { answer: 'ACCEPTED', text: 'as ever', selected: [] }],
    [
      { type: 'MULTIPLE_CHOICE', text: 'x', choices: ['a', 'b', 'c'], defaultSelected: [2, 0] },
      'OK',
      { answer: 'ACCEPTED', text: null, selected: [0, 2] },
    ],
  ])('time that runs out with a default is that answer: %j', async (prompt, outcome, result) => {
    const given = await shown([LEAVE], [show({ ...prompt, timeout: 'PT5S' })]);
    await world.passes(66_000);
    expect((await operationOf(given)).commands[0]).toMatchObject({ outcome, result });
  });

  test('a device without browser answers 501: UNSUPPORTED, remembered with the evidence, and not asked again', async () => {
    const given = await shown([], [show(CONFIRM)], {}, { features: { show: false } });
    expect((await operationOf(given)).commands[0]).toMatchObject({ outcome: 'UNSUPPORTED', statusCode: 501 });
    const answer = await world.gateway.graphql(
      `{ device(deviceId: "${given.device.deviceId}") { features { name value evidence } } }`,
    );
    expect(answer.data?.device.features).toContainEqual({ name: 'SHOW', value: false, evidence: 'SHOW answered 501' });
    const { id } = await submit(world.gateway, given.device.deviceId, [show(CONFIRM)]);
    const report = await contact(given.device);
    expect(report.messages.map(({ body }) => Buffer.from(body).toString('utf8')).join()).not.toContain('"SHOW"');
    expect((await findOperation(world.gateway, id)).commands[0]).toMatchObject({
      outcome: 'UNSUPPORTED',
      statusCode: null,
    });
  });

  test('a password is hidden, never written back, sealed in the store, and gone after an hour', async () => {
    const prompt = { type: 'TEXT', text: 'Password', password: true, inputType: 'NUMBER' };
    const given = await shown([LEAVE], [show(prompt)]);
    const [page = ''] = await given.pages();
    expect(await (await visit(page)).text()).toContain('type="password"');
    expect(await (await post(page, { text: 'mistyped-secret', yes: 'Send' })).text()).not.toContain('mistyped-secret');
    await post(page, { text: '4711471147114711', yes: 'Send' });
    const stored = async (): Promise<string> => {
      const rows = await world.gateway.db.sql.query<{ t: string }>(
        'SELECT c::text AS t FROM command c UNION ALL SELECT e::text FROM event e',
      );
      return rows.map(({ t }) => t).join('\n');
    };
    expect((await operationOf(given)).commands[0]).toMatchObject({
      outcome: 'OK',
      result: { answer: 'ACCEPTED', text: '4711471147114711', selected: [] },
      resultMeta: { text: { secret: true } },
    });
    expect(await stored()).not.toContain('4711471147114711');
    await world.passes(3_600_001);
    expect((await operationOf(given)).commands[0]?.result).toEqual({ answer: 'ACCEPTED', text: null, selected: [] });
  });

  test('odd requests are refused, and neither they nor their addresses reach the log', async () => {
    const given = await shown([LEAVE], [show(CONFIRM)]);
    const [page = ''] = await given.pages();
    const send = async (init: RequestInit): Promise<number> => (await visit(page, init)).status;
    expect(await send({ method: 'PUT', body: 'x' })).toBe(405);
    expect(await send({ method: 'POST', body: '{"yes":1}', headers: { 'content-type': 'application/json' } })).toBe(
      400,
    );
    expect(await send({ method: 'POST', body: new URLSearchParams({ other: 'x' }) })).toBe(422);
    expect(await send({ method: 'POST', body: new URLSearchParams({ yes: 'x'.repeat(40_000) }) })).toBe(413);
    expect(await send({ method: 'HEAD' })).toBe(200);
    expect(statesOf(await operationOf(given))).toEqual([['SHOW', 'ACCEPTED', null]]);
    const head = await visit(page);
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^;]+'; form-action 'self'/,
      ) as string,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(lines).not.toContain(page.slice(-22));
    expect(lines).not.toContain('/ui/');
  });
});
