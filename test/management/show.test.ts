import { judgeShow } from '../../src/management/show';
import { openAnswer, sealAnswers, SECRET_ANSWER_LIFE_MS } from '../../src/management/show-secret';
import { ManagementError, type CommandView, type ShowRequest } from '../../src/management/types';
import { createSecrets } from '../../src/store/secrets';
import { NOW } from './given';

const WHERE = 'commands[2].show';

function refusal(request: ShowRequest): string {
  try {
    judgeShow(request, WHERE);
  } catch (error) {
    if (error instanceof ManagementError) {
      expect(error.code).toBe('BAD_USER_INPUT');
      expect(error.message.startsWith(String(error.details['field']))).toBe(true);
      return String(error.details['field']).slice(WHERE.length + 1);
    }
    throw error;
  }
  return 'nothing';
}

describe('What a caller wants shown', () => {
  test.each<[ShowRequest, object]>([
    [
      { type: 'DISPLAY', text: 'Hello\nthere 😀' },
      { kind: 'DISPLAY', text: 'Hello\nthere 😀' },
    ],
    [
      { type: 'DISPLAY', text: 'x', minDisplay: 10_000, timeout: 86_400_000 },
      { kind: 'DISPLAY', text: 'x', minSeconds: 10, timeoutSeconds: 86_400 },
    ],
    [
      { type: 'CONFIRM', text: 'Sure?', defaultAccept: false },
      { kind: 'CONFIRM', text: 'Sure?', preset: false },
    ],
    [
      { type: 'TEXT', text: 'Name' },
      { kind: 'TEXT', text: 'Name', input: 'ALPHANUMERIC', isSecret: false },
    ],
    [
      { type: 'TEXT', text: 'PIN', inputType: 'NUMBER', maxLength: 8, password: true },
      { kind: 'TEXT', text: 'PIN', input: 'NUMBER', maxLength: 8, isSecret: true },
    ],
    [
      { type: 'TEXT', text: 'Day', inputType: 'DATE', defaultText: '2026-01-31' },
      { kind: 'TEXT', text: 'Day', input: 'DATE', isSecret: false, preset: '2026-01-31' },
    ],
    [
      { type: 'SINGLE_CHOICE', text: 'Pick', choices: ['a', 'b'], defaultSelected: [1] },
      { kind: 'SINGLE_CHOICE', text: 'Pick', choices: ['a', 'b'], preset: [1] },
    ],
    [
      { type: 'MULTIPLE_CHOICE', text: 'Pick', choices: ['a', 'b', 'c'], defaultSelected: [2, 0] },
      { kind: 'MULTIPLE_CHOICE', text: 'Pick', choices: ['a', 'b', 'c'], preset: [2, 0] },
    ],
    // Left out and null are alike.
    [
      { type: 'CONFIRM', text: 'Sure?', choices: null, defaultText: null, timeout: null },
      { kind: 'CONFIRM', text: 'Sure?' },
    ],
  ])('%j is taken', (request, prompt) => {
    expect(judgeShow(request, WHERE)).toEqual(prompt);
  });

  const choices = (count: number): string[] => Array.from({ length: count }, (_, n) => `choice ${n}`);
  const one = (more: Partial<ShowRequest>): ShowRequest => ({
    type: 'SINGLE_CHOICE',
    text: 'Pick',
    choices: choices(3),
    ...more,
  });
  const typed = (more: Partial<ShowRequest>): ShowRequest => ({ type: 'TEXT', text: 'x', ...more });

  test.each<[string, ShowRequest]>([
    ['text', { type: 'DISPLAY', text: '' }],
    ['text', { type: 'DISPLAY', text: 'x'.repeat(4_097) }],
    ['text', { type: 'DISPLAY', text: 'a\0b' }],
    ['text', { type: 'DISPLAY', text: 'a\rb' }],
    ['text', { type: 'DISPLAY', text: 'a\ud800' }],
    ['choices', { type: 'DISPLAY', text: 'x', choices: ['a'] }],
    ['defaultAccept', { type: 'DISPLAY', text: 'x', defaultAccept: true }],
    ['password', { type: 'CONFIRM', text: 'x', password: true }],
    ['defaultText', one({ defaultText: 'a' })],
    ['choices', { type: 'SINGLE_CHOICE', text: 'x' }],
    ['choices', one({ choices: [] })],
    ['choices', one({ choices: choices(65) })],
    ['choices', one({ choices: ['a', ''] })],
    ['choices', one({ choices: ['a', 'x'.repeat(257)] })],
    ['defaultSelected', one({ defaultSelected: [3] })],
    ['defaultSelected', one({ defaultSelected: [-1] })],
    ['defaultSelected', one({ defaultSelected: [0.5] })],
    ['defaultSelected', one({ defaultSelected: [0, 1] })],
    ['defaultSelected', one({ type: 'MULTIPLE_CHOICE', defaultSelected: [1, 1] })],
    ['maxLength', typed({ maxLength: 0 })],
    ['maxLength', typed({ maxLength: 1_025 })],
    ['defaultText', typed({ password: true, defaultText: 'secret' })],
    ['defaultText', typed({ maxLength: 3, defaultText: 'four' })],
    ['defaultText', typed({ inputType: 'NUMBER', defaultText: 'ten' })],
    ['defaultText', typed({ inputType: 'DATE', defaultText: '31012026' })],
    ['defaultText', typed({ inputType: 'TIME', defaultText: '24:00:00' })],
    ['defaultText', typed({ inputType: 'PHONE', defaultText: '+49 171' })],
    ['defaultText', typed({ inputType: 'IPV4', defaultText: '192.0.2.256' })],
    ['defaultText', typed({ inputType: 'IPV4', defaultText: '192.0.2.' })],
    ['minDisplay', typed({ minDisplay: 500 })],
    ['minDisplay', typed({ minDisplay: 1_500 })],
    ['timeout', typed({ timeout: 0 })],
    ['timeout', typed({ timeout: 86_401_000 })],
    ['minDisplay', typed({ minDisplay: 11_000, timeout: 10_000 })],
  ])('is refused for its %s: %j', (field, request) => {
    expect(refusal(request)).toBe(field);
  });

  test.each(['192.0.2.1', '0.0.0.0', '255.255.255.255'])('%s is an IPv4 address', (defaultText) => {
    expect(refusal(typed({ inputType: 'IPV4', defaultText }))).toBe('nothing');
  });
});

describe('The answer to a prompt for a password', () => {
  const secrets = createSecrets('a key');
  const effect = {
    kind: 'commandAnswered',
    command: '7.0',
    outcome: 'OK',
    secret: true,
    data: { answer: 'ACCEPTED', text: 'hunter2', selected: [] },
  } as const;
  const [sealed] = sealAnswers([effect], secrets) as [typeof effect];
  const view = { kind: 'show', result: sealed.data } as unknown as CommandView;
  const answeredAt = new Date(NOW).toISOString();

  test('is sealed before it is stored', () => {
    expect(sealed.data).toMatchObject({
      answer: 'ACCEPTED',
      text: null,
      sealed: expect.stringMatching(/^v1\./) as string,
    });
    expect(JSON.stringify(sealed)).not.toContain('hunter2');
  });

  test('is shown to callers for an hour, and then no more', () => {
    const at = (now: number): unknown => openAnswer({ ...view, answeredAt }, secrets, now).result;
    expect(at(NOW + SECRET_ANSWER_LIFE_MS - 1)).toEqual(effect.data);
    expect(at(NOW + SECRET_ANSWER_LIFE_MS)).toEqual({ ...effect.data, text: null });
  });

  test('is not shown by a gateway with another key', () => {
    expect(openAnswer({ ...view, answeredAt }, createSecrets('another'), NOW).result).toMatchObject({ text: null });
  });

  test('leaves other results and effects as they are', () => {
    const plain = { ...view, result: { answer: 'ACCEPTED', text: 'x', selected: [] } };
    expect(openAnswer({ ...plain, answeredAt }, secrets, NOW)).toEqual(plain);
    const get = { ...view, kind: 'get', result: { sealed: 'v1.x' } } as unknown as CommandView;
    expect(openAnswer({ ...get, answeredAt }, secrets, NOW)).toEqual(get);
    const effects = [{ ...effect, secret: false }];
    expect(sealAnswers(effects, secrets)).toBe(effects);
  });
});
