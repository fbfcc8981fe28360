import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

import { ADMIN_KEY, device, givenWorld, lampDdf, libraryOf, mo, serve } from '../graphql/support/world';
import type { Gateway } from '../graphql/support/world';
import { describeWith, requireTool } from '../support/shared';

/** A busy machine takes its time to lay out nine megabytes of editor. */
const LONGEST_MS = 180_000;

/** A node with words of its own. */
const SHADE =
  '<Node><NodeName>Shade</NodeName><DFProperties><AccessType><Get/></AccessType><Description>How much light the shade lets through.</Description><DFFormat><int/></DFFormat></DFProperties></Node>';

let gateway: Gateway;

beforeAll(async () => {
  const library = libraryOf(lampDdf(SHADE));
  const objects = [mo('1', 'Lamp', { Colour: 'vermilion' })];
  gateway = await serve(givenWorld({ devices: [device('1')], objects, library }));
});
afterAll(() => gateway.close());

describe('The page at /graphql', () => {
  test('needs no key, is one document, packed where that is understood, and is not sent twice', async () => {
    const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html,*/*' } });
    expect([page.status, page.headers.get('content-type'), page.headers.get('content-encoding')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'gzip',
    ]);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    // The bundle is one in which what makes it quick has found its place.
    const html = await page.text();
    for (const change of ['fetcher: moqlFetcher', 'introspectionJSONString:moqlIntrospection()', 'of moqlBestFirst('])
      expect(html.split(change).length).toBe(2);
    const again = await fetch(`${gateway.url}/graphql`, {
      headers: { accept: 'text/html', 'if-none-match': page.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  test('can be switched off', async () => {
    const other = await serve(givenWorld(), { playground: false });
    expect((await fetch(`${other.url}/graphql`, { headers: { accept: 'text/html' } })).status).toBe(401);
    await other.close();
  });
});

describeWith('chromium', 'The playground in a browser without internet', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: requireTool('chromium'),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  });
  afterAll(() => browser.close());

  /** Opens the page; requests to anywhere but the gateway are listed and refused. */
  async function open(
    path = '/graphql',
  ): Promise<{ readonly page: Page; readonly strangers: string[]; readonly errors: string[] }> {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(LONGEST_MS / 2);
    const strangers: string[] = [];
    const errors: string[] = [];
    await context.route(/^(?!data:|blob:)/, (route) => {
      if (route.request().url().startsWith(gateway.url)) return route.continue();
      strangers.push(route.request().url());
      return route.abort();
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) errors.push(message.text());
    });
    await page.goto(`${gateway.url}${path}`);
    return { page, strangers, errors };
  }

  test(
    'asks for a key, keeps it, and shows the answer to the query that was typed',
    async () => {
      const { page, strangers, errors } = await open();
      await page.getByLabel('API key').fill(ADMIN_KEY);
      const editor = page.locator('.graphiql-query-editor .monaco-editor').first();
      await editor.getByText('lastContactAt').waitFor();
      const introspected = page.waitForResponse(
        (response) => response.request().method() === 'POST' && response.status() === 200,
      );
      await page.getByRole('button', { name: 'Use this key' }).click();
      await page.getByText('Queries are sent with the key').waitFor();
      await introspected;
      await editor.click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText('query Typed { device(deviceId: "IMEI:1") { acmeLamp { colour } } }');
      // The tab is named after the query once GraphiQL has taken it in.
      await page.getByRole('tab', { name: 'Typed' }).waitFor();
      await page.getByRole('button', { name: /^Execute query/ }).click();
      await page.locator('.graphiql-response').getByText('vermilion').waitFor();
      expect(strangers).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    },
    LONGEST_MS,
  );

  test(
    'shows what a DDF says of a node in its documentation',
    async () => {
      const { page } = await open();
      await page.getByLabel('API key').fill(ADMIN_KEY);
      await page.getByRole('button', { name: 'Use this key' }).click();
      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      const docs = page.locator('.graphiql-doc-explorer');
      await docs.getByText('root types', { exact: false }).first().waitFor();
      await docs.getByRole('combobox').fill('AcmeLamp');
      await page.getByRole('option', { name: 'AcmeLamp', exact: true }).first().click();
      await docs.getByRole('link', { name: 'shade', exact: true }).first().click();
      await docs.getByText('How much light the shade lets through.').first().waitFor();
      await page.context().close();
    },
    LONGEST_MS,
  );

  test(
    'opens with example queries, and says so when the key is not known',
    async () => {
      const { page, strangers } = await open();
      await page.getByRole('tab', { name: 'Devices' }).waitFor();
      await page.getByRole('tab', { name: 'ReadNow' }).waitFor();
      await page.getByLabel('API key').fill('wrong');
      await page.getByRole('button', { name: 'Use this key' }).click();
      await page.getByText('The gateway does not know this key').waitFor();
      expect(strangers).toEqual([]);
      await page.context().close();
    },
    LONGEST_MS,
  );
});
