import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

import { buildDeviceApp } from '../../src/http/app';
import type { PageState, ShowAnswer, ShowPages, ShowPrompt } from '../../src/management/show-pages';
import { createPortal } from '../../src/portal/pages';
import { describeWith, requireTool } from '../support/shared';

/** A busy machine takes its time. */
const LONGEST_MS = 120_000;
const TOKEN = 'abcdefghijklmnopqrstuv';

let prompt: ShowPrompt;
let answers: ShowAnswer[] = [];
/** One page that waits until it is answered. */
const pages: ShowPages = {
  find: (token): Promise<PageState> =>
    Promise.resolve(token !== TOKEN || answers.length > 0 ? { state: 'GONE' } : { state: 'OPEN', prompt }),
  answer: (_token, answer) => {
    answers.push(answer);
    return Promise.resolve('DONE');
  },
  expire: () => Promise.resolve(),
};
const app = buildDeviceApp({
  device: () => Promise.reject(new Error('no device speaks here')),
  repository: () => Promise.reject(new Error('no device speaks here')),
  bootstrap: () => Promise.reject(new Error('no device speaks here')),
  portal: createPortal(pages),
});
let base = '';

beforeAll(async () => {
  base = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => app.close());

const FRAME = { text: 'Line one\nand <b>two</b>' };

// The same page with scripts and without them, as on an old browser or where a person switched them off.
describeWith('chromium', 'The page of SHOW in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: requireTool('chromium'),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  }, LONGEST_MS);
  afterAll(() => browser.close());

  /** Opens it on a small screen; what it loads beside itself, and what its own policy forbids it, is listed. */
  async function open(shown: ShowPrompt, javaScriptEnabled: boolean): Promise<{ page: Page; loaded: string[] }> {
    prompt = shown;
    answers = [];
    const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 240, height: 320 } });
    const page = await context.newPage();
    const loaded: string[] = [];
    page.on('request', (request) => {
      const referer = request.headers()['referer'];
      if (referer !== undefined) loaded.push(`referer ${referer}`);
      if (!request.isNavigationRequest()) loaded.push(request.url());
    });
    page.on('console', (message) => loaded.push(message.text()));
    await page.goto(`${base}/ui/${TOKEN}`);
    return { page, loaded: loaded };
  }

  const thanked = async (page: Page): Promise<void> => {
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  };

  describe.each([
    ['with scripts', true],
    ['without', false],
  ])('%s', (_how, scripts) => {
    test(
      'shows a message as it was written, within a small screen, and loads nothing',
      async () => {
        const { page, loaded } = await open({ kind: 'DISPLAY', text: `${FRAME.text}\n${'w'.repeat(200)}` }, scripts);
        expect(await page.locator('.say').innerText()).toContain('Line one\nand <b>two</b>');
        const box = await page.locator('.say').boundingBox();
        expect((box?.x ?? 0) + (box?.width ?? Infinity)).toBeLessThanOrEqual(240);
        await page.getByRole('button', { name: 'OK' }).click();
        await thanked(page);
        expect(answers).toEqual([{ answer: 'ACCEPTED', text: null, selected: [] }]);
        expect(loaded).toEqual([]);
        await page.context().close();
      },
      LONGEST_MS,
    );

    test(
      'asks a question; the Enter key gives the answer that is offered',
      async () => {
        const { page } = await open({ kind: 'CONFIRM', ...FRAME, preset: false }, scripts);
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await thanked(page);
        expect(answers).toEqual([{ answer: 'REFUSED', text: null, selected: [] }]);
        await page.context().close();
      },
      LONGEST_MS,
    );

    test(
      'says what is wrong with a line, and takes it corrected',
      async () => {
        const { page } = await open({ kind: 'TEXT', ...FRAME, input: 'IPV4', isSecret: false }, scripts);
        await page.getByLabel('Line one').fill('300.1.1.1');
        await page.getByRole('button', { name: 'Send' }).click();
        expect(await page.getByRole('alert').innerText()).toContain('192.0.2.1');
        expect(await page.getByLabel('Line one').inputValue()).toBe('300.1.1.1');
        await page.getByLabel('Line one').fill('192.0.2.7');
        await page.getByRole('button', { name: 'Send' }).click();
        await thanked(page);
        expect(answers).toEqual([{ answer: 'ACCEPTED', text: '192.0.2.7', selected: [] }]);
        await page.context().close();
      },
      LONGEST_MS,
    );

    test(
      'lets one choice be taken, or several, or none',
      async () => {
        const choices = ['Mail', 'Web & more', 'Chat'];
        const one = await open({ kind: 'SINGLE_CHOICE', ...FRAME, choices, preset: [0] }, scripts);
        expect(await one.page.getByRole('radio', { name: 'Mail' }).isChecked()).toBe(true);
        await one.page.getByRole('radio', { name: 'Web & more' }).check();
        await one.page.getByRole('button', { name: 'Send' }).click();
        await thanked(one.page);
        expect(answers).toEqual([{ answer: 'ACCEPTED', text: null, selected: [1] }]);
        const many = await open({ kind: 'MULTIPLE_CHOICE', ...FRAME, choices, preset: [1] }, scripts);
        await many.page.getByRole('checkbox', { name: 'Chat' }).check();
        await many.page.getByRole('button', { name: 'Send' }).click();
        await thanked(many.page);
        expect(answers).toEqual([{ answer: 'ACCEPTED', text: null, selected: [1, 2] }]);
        const none = await open({ kind: 'SINGLE_CHOICE', ...FRAME, choices }, scripts);
        await none.page.getByRole('button', { name: 'Send' }).click();
        await none.page.getByRole('alert').getByText('Please choose one.').waitFor();
        await none.page.getByRole('button', { name: 'Cancel' }).click();
        await thanked(none.page);
        expect(answers).toEqual([{ answer: 'REFUSED', text: null, selected: [] }]);
        for (const { page } of [one, many, none]) await page.context().close();
      },
      LONGEST_MS,
    );
  });

  test.each([
    ['ALPHANUMERIC', false, 'é <i> & "', 'é <i> & "'],
    ['NUMBER', false, '-12', '-12'],
    ['DATE', false, '2026-01-31', '2026-01-31'],
    ['TIME', false, '12:30:00', '12:30:00'],
    ['PHONE', false, '+44123', '+44123'],
    ['IPV4', false, '192.0.2.1', '192.0.2.1'],
    ['ALPHANUMERIC', true, 'pass word', 'pass word'],
  ] as const)(
    'takes a line of %s (secret: %s)',
    async (input, isSecret, typed, text) => {
      const { page } = await open({ kind: 'TEXT', ...FRAME, input, isSecret, maxLength: 20 }, false);
      // Found by its label alone, as a screen reader finds it.
      const field = page.getByLabel('Line one');
      expect(await field.getAttribute('type')).toBe(
        isSecret ? 'password' : ({ DATE: 'date', TIME: 'time', PHONE: 'tel' }[input as string] ?? 'text'),
      );
      await field.fill(typed);
      await field.press('Enter');
      await thanked(page);
      expect(answers).toEqual([{ answer: 'ACCEPTED', text, selected: [] }]);
      await page.context().close();
    },
    LONGEST_MS,
  );

  test(
    'an address without a question says so, and no more',
    async () => {
      const { page } = await open({ kind: 'DISPLAY', ...FRAME }, false);
      await page.goto(`${base}/ui/${'z'.repeat(22)}`);
      await page.getByRole('heading', { name: 'Nothing to answer' }).waitFor();
      expect(await page.getByRole('button').count()).toBe(0);
      await page.context().close();
    },
    LONGEST_MS,
  );
});
