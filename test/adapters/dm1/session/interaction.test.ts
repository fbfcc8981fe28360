import { readFileSync } from 'node:fs';

import type { ShowPrompt } from '../../../../adapters/adapter';
import { decodeMessage } from '../../../../adapters/dm1/codec';
import type { AlertCommand, BodyCommand, Message, Status } from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';
import { command, Dialogue, type Given, message, package1, results, serverCredential, status, TOKEN } from './dialogue';

const text = (item: AlertCommand['items'][number] | undefined): string | undefined =>
  item?.data?.kind === 'text' ? item.data.text : undefined;
const textItem = (data: string): AlertCommand['items'][number] => ({ data: { kind: 'text', text: data } });

/** A DM 1.1.2 client's header. */
const OLD = { verDtd: '1.1', verProto: 'DM/1.1' } as const;

describe.each(['xml', 'wbxml'] as const)('User interaction, 9.2 (%s)', (form) => {
  function asked(
    prompt: ShowPrompt,
    more: Given & { header?: object } = {},
  ): { device: Dialogue; alert: AlertCommand } {
    const { header, ...given } = more;
    const device = new Dialogue({ form, ...given });
    device.queue.push(command({ kind: 'show', prompt, id: 's' } as never));
    device.sends(package1(1, header));
    const alert = device.reply.body.find((item): item is AlertCommand => item.kind === 'Alert');
    if (alert === undefined) throw new Error('no Alert came');
    return { device, alert };
  }

  /** The device answers the prompt. */
  function answers(prompt: ShowPrompt, code: number, texts: readonly string[] = [], more: Given = {}): Dialogue {
    const { device, alert } = asked(prompt, more);
    const reply = status(1, alert.cmdId, 'Alert', code, { items: texts.map(textItem) });
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212), reply]), { token: TOKEN });
    return device;
  }

  const CONFIRM: ShowPrompt = { kind: 'CONFIRM', text: 'Continue?' };
  const TEXT: ShowPrompt = { kind: 'TEXT', text: 'Name', input: 'ALPHANUMERIC', isSecret: false };
  const ONE: ShowPrompt = { kind: 'SINGLE_CHOICE', text: 'Pick', choices: ['Bell', 'Buzz', 'None'] };
  const MANY: ShowPrompt = { kind: 'MULTIPLE_CHOICE', text: 'Pick', choices: ['Mail', 'Web', 'Chat'] };

  test.each<[ShowPrompt, string, string | undefined, readonly string[]]>([
    [{ kind: 'DISPLAY', text: 'Soon', minSeconds: 10 }, '1100', 'MINDT=10', ['Soon']],
    [{ kind: 'DISPLAY', text: 'Soon' }, '1100', undefined, ['Soon']],
    [CONFIRM, '1101', undefined, ['Continue?']],
    [{ ...CONFIRM, preset: false, timeoutSeconds: 60 }, '1101', 'MAXDT=60&DR=0', ['Continue?']],
    [{ ...CONFIRM, preset: true }, '1101', 'DR=1', ['Continue?']],
    [
      { kind: 'TEXT', text: 'PIN', input: 'NUMBER', isSecret: true, maxLength: 8 },
      '1102',
      'MAXLEN=8&IT=N&ET=P',
      ['PIN'],
    ],
    [{ ...TEXT, preset: 'café & co=1+1' }, '1102', 'DR=caf%C3%A9%20%26%20co%3D1%2B1&IT=A&ET=T', ['Name']],
    [{ ...TEXT, input: 'DATE', preset: '2026-01-31' }, '1102', 'DR=31012026&IT=D&ET=T', ['Name']],
    [{ ...TEXT, input: 'TIME', preset: '12:30:05' }, '1102', 'DR=123005&IT=T&ET=T', ['Name']],
    [{ ...TEXT, input: 'PHONE', preset: '+491p2' }, '1102', 'DR=%2B491p2&IT=P&ET=T', ['Name']],
    [{ ...TEXT, input: 'IPV4' }, '1102', 'IT=I&ET=T', ['Name']],
    [{ ...ONE, preset: [1] }, '1103', 'DR=2', ['Pick', 'Bell', 'Buzz', 'None']],
    [{ ...MANY, preset: [1, 2] }, '1104', 'DR=2-3', ['Pick', 'Mail', 'Web', 'Chat']],
    [{ ...MANY, preset: [] }, '1104', undefined, ['Pick', 'Mail', 'Web', 'Chat']],
  ])('%j is Alert %s with options %s, then the text and the choices', (prompt, code, options, texts) => {
    const { device, alert } = asked(prompt);
    expect(alert.data).toBe(code);
    expect(alert.items.length).toBeGreaterThanOrEqual(2);
    expect(text(alert.items[0])).toBe(options);
    expect(alert.items.slice(1).map(text)).toEqual(texts);
    expect(device.reply.final).toBe(true);
    expect(device.turn).toContainEqual({ kind: 'commandSent', command: 's', carrier: 'Alert' });
  });

  test.each<[string, ShowPrompt, number, readonly string[], object]>([
    ['a text was seen', { kind: 'DISPLAY', text: 'Soon' }, 200, [], { text: null, selected: [] }],
    ['yes', CONFIRM, 200, [], { text: null, selected: [] }],
    ['a text', TEXT, 200, ['Ada & Bob'], { text: 'Ada & Bob', selected: [] }],
    ['an empty text', TEXT, 200, [''], { text: '', selected: [] }],
    ['a day', { ...TEXT, input: 'DATE' }, 200, ['31012026'], { text: '2026-01-31', selected: [] }],
    ['what is no day', { ...TEXT, input: 'DATE' }, 200, ['tomorrow'], { text: 'tomorrow', selected: [] }],
    ['a time', { ...TEXT, input: 'TIME' }, 200, ['123005'], { text: '12:30:05', selected: [] }],
    ['one choice', ONE, 200, ['2'], { text: null, selected: [1] }],
    ['two choices in any order', MANY, 200, ['3', '1'], { text: null, selected: [0, 2] }],
    ['no choice of several', MANY, 200, [], { text: null, selected: [] }],
  ])('200: %s', (_, prompt, code, texts, answer) => {
    expect(answers(prompt, code, texts).all('commandAnswered')).toEqual([
      { kind: 'commandAnswered', command: 's', outcome: 'OK', code: 200, data: { answer: 'ACCEPTED', ...answer } },
    ]);
  });

  test('several Statuses, one for each choice, are one answer', () => {
    const { device, alert } = asked(MANY);
    const one = (number: string): Status => status(1, alert.cmdId, 'Alert', 200, { items: [textItem(number)] });
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212), one('1'), one('3')]), { token: TOKEN });
    expect(device.all('commandAnswered')).toMatchObject([{ data: { answer: 'ACCEPTED', selected: [0, 2] } }]);
  });

  test.each([
    [304, 'USER_REFUSED', 'REFUSED'],
    [214, 'USER_REFUSED', 'REFUSED'],
    [215, 'USER_REFUSED', 'REFUSED'],
    [408, 'TIMED_OUT', 'TIMED_OUT'],
  ])('%i is %s, and the answer says %s', (code, outcome, answer) => {
    expect(answers(CONFIRM, code).all('commandAnswered')).toEqual([
      { kind: 'commandAnswered', command: 's', outcome, code, data: { answer, text: null, selected: [] } },
    ]);
  });

  test.each([
    [406, 'UNSUPPORTED'],
    [416, 'TOO_LARGE'],
    [412, 'BAD_VALUE'],
    [500, 'DEVICE_ERROR'],
  ])('%i is %s, without an answer', (code, outcome) => {
    const [effect] = answers(CONFIRM, code).all('commandAnswered');
    expect(effect).toMatchObject({ command: 's', outcome, code });
    expect(effect?.data).toBeUndefined();
  });

  test.each<[string, ShowPrompt, readonly string[]]>([
    ['no text', TEXT, []],
    ['no choice', ONE, []],
    ['two choices of one', ONE, ['1', '2']],
    ['a choice that was not offered', ONE, ['4']],
    ['choice 0', MANY, ['0']],
    ['what is no number', MANY, ['Mail']],
  ])('200 with %s is the failure of the device, not an answer', (_, prompt, texts) => {
    const [effect] = answers(prompt, 200, texts).all('commandAnswered');
    expect(effect).toMatchObject({ outcome: 'DEVICE_ERROR', code: 200, message: expect.any(String) as string });
    expect(effect?.data).toBeUndefined();
  });

  test('a password is marked as the secret that it is, and stands in no note and no state', () => {
    const secret: ShowPrompt = { ...TEXT, isSecret: true };
    const device = answers(secret, 200, ['s3cr3t-answer']);
    expect(device.all('commandAnswered')).toMatchObject([{ data: { text: 's3cr3t-answer' }, secret: true }]);
    expect(JSON.stringify(device.session)).not.toContain('s3cr3t-answer');
    expect(JSON.stringify(device.all('noted'))).not.toContain('s3cr3t-answer');
  });

  test('no Status at all leaves it unanswered; status 0 too', () => {
    const { device } = asked(CONFIRM);
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212)]), { token: TOKEN });
    expect(device.all('commandUnanswered')).toMatchObject([{ command: 's' }]);
    expect(answers(CONFIRM, 0).all('commandUnanswered')).toMatchObject([{ command: 's' }]);
  });

  test('the session waits for the person: MAXDT longer than for others, ten minutes where the caller gives no time', () => {
    const plain = new Dialogue({ form });
    plain.queue.push(command({ kind: 'get', at: { uri: './A' }, depth: 0 } as never));
    plain.sends(package1());
    const usual = plain.session?.state.expiresAt ?? 0;
    const { device } = asked({ ...CONFIRM, timeoutSeconds: 3_600 });
    expect(device.session?.state.expiresAt).toBe(usual + 3_600_000);
    expect(asked(CONFIRM).device.session?.state.expiresAt).toBe(usual + 600_000);
    expect(answers(CONFIRM, 200).session?.state.expiresAt).toBe(usual);
  });

  test('the gateway asks nothing of its own beside a prompt, for a cancel skips what stands in the same message', () => {
    const device = new Dialogue({ form });
    device.discover = { messages: 10, nodes: 100 };
    device.queue.push(command({ kind: 'show', prompt: CONFIRM, id: 's' } as never));
    device.sends(package1());
    expect(device.commands).toEqual([]);
    const alert = device.reply.body.find((item) => item.kind === 'Alert');
    const reply = status(1, alert?.cmdId ?? '', 'Alert', 214);
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212), reply]), { token: TOKEN });
    expect(device.commands.length).toBeGreaterThan(0);
    expect(device.commands.every((item) => item.kind === 'Get')).toBe(true);
  });

  test('a client of DM 1.1.2 is asked in the same way', () => {
    const { device, alert } = asked(CONFIRM, { header: OLD });
    expect(device.reply.header).toMatchObject(OLD);
    expect(alert.data).toBe('1101');
    const reply = status(1, alert.cmdId, 'Alert', 304);
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212), reply], OLD), { token: TOKEN });
    expect(device.all('commandAnswered')).toMatchObject([{ outcome: 'USER_REFUSED' }]);
  });

  test('11.3: a client that refuses our credential has shown nothing, and is asked once more', () => {
    const { device, alert } = asked(CONFIRM, { serverAuth: serverCredential() });
    const refusals = [status(1, '0', 'SyncHdr', 401), status(1, alert.cmdId, 'Alert', 401)];
    device.sends(message(2, refusals), { token: TOKEN });
    const again = device.reply.body.find((item): item is AlertCommand => item.kind === 'Alert');
    expect(again?.items).toEqual(alert.items);
    expect(device.all('commandAnswered')).toEqual([]);
    device.sends(message(3, [status(2, '0', 'SyncHdr', 212), status(2, again?.cmdId ?? '', 'Alert', 200)]), {
      token: TOKEN,
    });
    expect(device.all('commandAnswered')).toMatchObject([{ command: 's', outcome: 'OK' }]);
  });

  describe('in an Atomic', () => {
    function group(alertCode: number, others: readonly [number, number], atomicCode: number): Dialogue {
      const device = new Dialogue({ form });
      const write = (id: string): object => ({
        kind: 'replace',
        at: { uri: `./${id}` },
        value: { format: 'chr', data: 'x' },
      });
      device.queue.push(
        command({ ...write('A'), id: 'before', atomic: 'x' } as never),
        command({ kind: 'show', prompt: CONFIRM, id: 's', atomic: 'x' } as never),
        command({ ...write('B'), id: 'after', atomic: 'x' } as never),
      );
      device.sends(package1());
      const [atomic] = device.commands;
      if (atomic?.kind !== 'Atomic') throw new Error('no Atomic came');
      expect(atomic.commands.map(({ kind }) => kind)).toEqual(['Replace', 'Alert', 'Replace']);
      const codes = [others[0], alertCode, others[1]];
      const statuses = atomic.commands.map((member, index) =>
        status(1, member.cmdId, member.kind, codes[index] as number),
      );
      device.sends(
        message(2, [status(1, '0', 'SyncHdr', 212), status(1, atomic.cmdId, 'Atomic', atomicCode), ...statuses]),
        { token: TOKEN },
      );
      return device;
    }
    const outcomes = (device: Dialogue): unknown[] =>
      device.all('commandAnswered').map((effect) => [effect.command, effect.outcome]);

    test('a yes lets it go on', () => {
      const device = group(200, [200, 200], 200);
      expect(outcomes(device)).toEqual([
        ['before', 'OK'],
        ['s', 'OK'],
        ['after', 'OK'],
      ]);
      expect(device.all('commandAnswered')[1]?.data).toMatchObject({ answer: 'ACCEPTED' });
    });

    test('a no undoes what was done, and what follows is not executed', () => {
      const device = group(304, [216, 215], 507);
      expect(outcomes(device)).toEqual([
        ['before', 'ROLLED_BACK'],
        ['s', 'USER_REFUSED'],
        ['after', 'ROLLED_BACK'],
      ]);
      expect(device.all('commandAnswered')[1]?.data).toMatchObject({ answer: 'REFUSED' });
    });

    test('where another member failed first, nobody was asked', () => {
      const device = group(215, [404, 215], 507);
      expect(outcomes(device)).toEqual([
        ['before', 'NOT_FOUND'],
        ['s', 'ROLLED_BACK'],
        ['after', 'ROLLED_BACK'],
      ]);
      expect(device.all('commandAnswered')[1]?.data).toBeUndefined();
    });
  });

  describe('what a device can show', () => {
    test.each<[ShowPrompt, number, unknown[]]>([
      [CONFIRM, 406, [['dm1.show.confirm', false]]],
      [CONFIRM, 304, [['dm1.show.confirm', true]]],
      [ONE, 408, [['dm1.show.singleChoice', true]]],
      [CONFIRM, 416, []],
      [CONFIRM, 215, []],
      [CONFIRM, 500, []],
    ])('%j: %i tells %j', (prompt, code, told) => {
      const device = answers(prompt, code);
      const learned = device.all('featureLearned').filter(({ feature }) => feature.startsWith('dm1.show.'));
      expect(learned.map(({ feature, value }) => [feature, value])).toEqual(told);
      for (const { evidence } of learned)
        expect(evidence).toBe(`Status ${code} to Alert ${prompt === ONE ? 1103 : 1101}`);
    });

    test('what is known already is no news; what changed is', () => {
      const learned = (code: number): unknown[] =>
        answers(CONFIRM, code, [], { features: { 'dm1.show.confirm': false } })
          .all('featureLearned')
          .filter(({ feature }) => feature === 'dm1.show.confirm')
          .map(({ value }) => value);
      expect(learned(406)).toEqual([]);
      expect(learned(200)).toEqual([true]);
    });

    test('19: DevDetail of a 1.3 device tells it before anybody asked', () => {
      const device = new Dialogue({
        form,
        places: [{ place: './DevDetail', moid: 'urn:oma:mo:oma-dm-devdetail:1.1' }],
      });
      const leaves: Record<string, string> = { UserInput: 'false', Display: 'true', Confirm: 'true', Choice: 'false' };
      device.discover = { messages: 20, nodes: 100 };
      device.sends(package1());
      for (let turn = 2; device.commands.length > 0; turn += 1) {
        const body: BodyCommand[] = [status(turn - 1, '0', 'SyncHdr', 212)];
        for (const get of device.commands) {
          const uri = ('items' in get ? get.items[0]?.target?.locUri : undefined) ?? '';
          const name = uri.split('/').at(-1) ?? '';
          const children: Record<string, string> = {
            '.': 'DevDetail',
            './DevDetail': 'UserInteraction',
            './DevDetail/UserInteraction': Object.keys(leaves).join('/'),
          };
          const child = children[uri];
          const found = child ?? (uri.startsWith('./DevDetail/UserInteraction/') ? leaves[name] : undefined);
          body.push(status(turn - 1, get.cmdId, 'Get', found === undefined ? 404 : 200));
          if (found !== undefined)
            body.push(results(turn - 1, get.cmdId, uri, found, child === undefined ? 'bool' : 'node'));
        }
        device.sends(message(turn, body), { token: TOKEN });
      }
      const told = device.all('featureLearned').filter(({ feature }) => feature.startsWith('dm1.show.'));
      expect(Object.fromEntries(told.map(({ feature, value }) => [feature, value]))).toEqual({
        'dm1.show.text': false,
        'dm1.show.display': true,
        'dm1.show.confirm': true,
        'dm1.show.singleChoice': false,
        'dm1.show.multipleChoice': false,
      });
      expect(told[0]?.evidence).toMatch(/^\.\/DevDetail\/UserInteraction\/\w+ is (true|false)$/);
    });
  });
});

describeShared('the vectors of user interaction', () => {
  const vector = (name: string, form: string): Message => {
    const decoded = decodeMessage(
      readFileSync(sharedPath('vectors', 'dm1', `${name}.${form}`)),
      `application/vnd.syncml.dm+${form}`,
    );
    if (!decoded.ok) throw new Error(decoded.code);
    return decoded.value.message;
  };
  const PROMPTS: readonly ShowPrompt[] = [
    { kind: 'DISPLAY', text: 'Maintenance starts', minSeconds: 10 },
    { kind: 'CONFIRM', text: 'Continue?' },
    { kind: 'TEXT', text: 'Enter the PIN', input: 'NUMBER', isSecret: true, maxLength: 8, preset: '1234' },
    { kind: 'SINGLE_CHOICE', text: 'Pick a ring tone', choices: ['Bell', 'Buzz', 'None'], minSeconds: 10, preset: [1] },
    { kind: 'MULTIPLE_CHOICE', text: 'Pick services', choices: ['Mail', 'Web', 'Chat'], preset: [1, 2] },
    { kind: 'TEXT', text: 'Name', input: 'ALPHANUMERIC', isSecret: false, preset: 'café & co' },
  ];

  /** Items with options as a set, for their order is free; ET=T is the default. */
  const meaning = (alert: AlertCommand): unknown => {
    const [options, ...rest] = alert.items;
    const told = Object.fromEntries(new URLSearchParams(text(options)));
    if (alert.data === '1102') told['ET'] ??= 'T';
    return [alert.data, told, rest.map(text)];
  };

  describe.each(['xml', 'wbxml'] as const)('%s', (form) => {
    function asked(): Dialogue {
      const device = new Dialogue({ form });
      PROMPTS.forEach((prompt, index) =>
        device.queue.push(command({ kind: 'show', prompt, id: `s${index}` } as never)),
      );
      device.sends(package1(1, { sessionId: 'F6' }));
      return device;
    }

    test('24: each prompt is the Alert of the vector', () => {
      const alerts = (reply: Message): unknown[] =>
        reply.body.filter((item): item is AlertCommand => item.kind === 'Alert').map(meaning);
      expect(alerts(asked().reply)).toEqual(alerts(vector('24-pkg2-ui-alerts', form)));
    });

    test.each([
      ['25-pkg3-ui-replies', ['OK', 'OK', 'OK', 'OK', 'OK', 'USER_REFUSED']],
      [
        '26-pkg3-ui-refusals',
        ['UNSUPPORTED', 'USER_REFUSED', 'BAD_VALUE', 'TIMED_OUT', 'USER_REFUSED', 'USER_REFUSED'],
      ],
    ])('%s: the answers are those of the vector', (name, outcomes) => {
      const device = asked();
      const alerts = device.reply.body.filter((item) => item.kind === 'Alert');
      const body = vector(name, form).body.map((item): BodyCommand =>
        item.kind === 'Status' && item.cmd === 'Alert'
          ? { ...item, msgRef: '1', cmdRef: alerts[Number(item.cmdRef) - 2]?.cmdId ?? '?' }
          : { ...item, ...(item.kind === 'Status' ? { msgRef: '1' } : {}) },
      );
      device.sends(message(2, body, { sessionId: 'F6' }), { token: TOKEN });
      expect(device.all('commandAnswered').map(({ outcome }) => outcome)).toEqual(outcomes);
      if (name.startsWith('26')) return;
      expect(device.all('commandAnswered').map(({ data }) => data)).toMatchObject([
        { text: null, selected: [] },
        { text: null, selected: [] },
        { text: '0042', selected: [] },
        { text: null, selected: [1] },
        { text: null, selected: [0, 2] },
        { answer: 'REFUSED' },
      ]);
    });
  });
});
