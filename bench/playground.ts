/** `playground.…_ms`: a person opens the playground of a gateway that has all DDFs, in a browser without a cache. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { ADMIN_KEY } from './checkin/fleet';
import { databasePair } from './checkin/stage';
import { startChild } from './child';
import { sharedFiles } from './ddf-files';
import { figure, type Bench } from './figure';
import { folderOf } from './schema-live';

const DOCUMENTATION = 'playground.documentation_ms';
const TYPE = 'playground.type_ms';
const EXPLORER = 'playground.explorer_ms';
const ROUNDS = 5;
const GOAL = '<= 2000';
const LONGEST_MS = 120_000;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** What stands in the panes once they can be used. */
const ROOT_TYPES = '.graphiql-doc-explorer-root-type';
const FIELDS = '.graphiql-doc-explorer-item';
const EXPLORED = '.graphiql-explorer-root [data-field-name]';
const SEARCH = '.graphiql-doc-explorer [role="combobox"]';
/** In the page. As text, since this is compiled for a program without a browser's types. */
const WATCH = `window.shownAt = (selector) => new Promise((resolve) => {
  const look = () => (document.querySelector(selector) ? resolve(performance.now()) : requestAnimationFrame(look));
  look();
});`;
/** Of the catalogue, so it is there in a quick run, too. */
const GENERATED = 'ExecScomoInput';

export async function playgroundFigures(bench: Bench): Promise<void> {
  if (![DOCUMENTATION, TYPE, EXPLORER].some((name) => bench.wants(name))) return;
  const executablePath = findChromium();
  if (executablePath === undefined) return bench.note('playground: left out, there is no chromium');
  const shared = sharedFiles(bench.quick);
  if (shared === undefined) return bench.note('playground: left out, ../shared/ddf is not there');
  const databases = await databasePair(bench, 'embedded', undefined, 'playground_');
  const server = startChild('checkin/gateway-server', {
    ...databases.first,
    MOQL_DDF_DIR: folderOf(bench, shared, 'playground-ddf'),
  });
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const { url } = await server.ask<{ url: string }>({ do: 'start' });
    const documentation: number[] = [];
    const type: number[] = [];
    const explorer: number[] = [];
    for (let round = 0; round < (bench.quick ? 1 : ROUNDS); round++) {
      await visit(browser, url, 'Documentation Explorer', async (page) => {
        documentation.push(await shownAt(page, ROOT_TYPES));
        type.push(await lookUp(page));
      });
      await visit(browser, url, 'GraphiQL Explorer', async (page) => {
        explorer.push(await shownAt(page, EXPLORED));
      });
    }
    bench.tell(figure(DOCUMENTATION, 'ms', documentation, GOAL));
    bench.tell(figure(TYPE, 'ms', type));
    bench.tell(figure(EXPLORER, 'ms', explorer, GOAL));
  } finally {
    await browser.close();
    await server.stop();
    await databases.remove();
  }
}

function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

/** Opens the page as somebody who was here before: the key is kept, and one pane is open. */
async function visit(
  browser: Browser,
  url: string,
  pane: string,
  look: (page: Page) => Promise<unknown>,
): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(LONGEST_MS);
  await page.addInitScript(WATCH);
  await page.addInitScript(
    `localStorage.setItem('moql:key', ${JSON.stringify(ADMIN_KEY)}); localStorage.setItem('graphiql:visiblePlugin', ${JSON.stringify(pane)});`,
  );
  await page.goto(`${url}/graphql`, { waitUntil: 'commit' });
  await look(page);
  await context.close();
}

/** Milliseconds from the beginning of the navigation until the browser shows something, and its page has time again. */
async function shownAt(page: Page, selector: string): Promise<number> {
  return (await page.evaluate(`shownAt(${JSON.stringify(selector)})`)) as number;
}

/** Milliseconds from the name of a generated type, typed into the search, until its fields are shown. */
async function lookUp(page: Page): Promise<number> {
  const began = (await page.evaluate('performance.now()')) as number;
  await page.locator(SEARCH).fill(GENERATED);
  await page.getByRole('option', { name: GENERATED, exact: true }).first().click();
  return (await shownAt(page, FIELDS)) - began;
}
