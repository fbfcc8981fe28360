'use strict';

/**
 * Makes docs/images/playground.png anew: starts the demo, opens its playground in chromium with the first query of
 * README.md, and takes a picture of the query beside its answer. Needs `npm run build` before it, and chromium.
 *
 *   node scripts/playground-picture.js [FILE.png]
 *
 * Exit status: 0 made, 1 failed.
 */

const { spawn, spawnSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const { chromium } = require('playwright-core');

const ROOT = resolve(__dirname, '..');
const SIZE = { width: 1280, height: 960 };
/** A busy machine takes its time to lay out nine megabytes of editor. */
const LONGEST_MS = 180_000;

/** The demo once its tour is over: where it is, the key, and how to end it. */
function startDemo() {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'cli', 'main.js'), 'demo'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const page = /playground\s+(\S+)/.exec(output)?.[1];
      const key = /API key\s+(\S+)\n/.exec(output)?.[1];
      if (page !== undefined && key !== undefined) done({ page, key, end: () => child.kill('SIGTERM') });
    });
    child.once('exit', () => failed(new Error(`the demo ended:\n${output}`)));
  });
}

function firstQuery() {
  const query = /```graphql\n([^]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  if (query === undefined) throw new Error('README.md has no query');
  return query;
}

function findChromium() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' });
    if (found.status === 0) return found.stdout.trim();
  }
  throw new Error('chromium is not on this machine');
}

async function takePicture({ page: url, key }) {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    const context = await browser.newContext({ viewport: SIZE, colorScheme: 'light' });
    const page = await context.newPage();
    page.setDefaultTimeout(LONGEST_MS);
    await page.addInitScript({ content: `localStorage.setItem('moql:key', ${JSON.stringify(key)})` });
    await page.goto(`${url}?query=${encodeURIComponent(firstQuery())}`);
    const editor = page.locator('.graphiql-query-editor .monaco-editor').first();
    await editor.getByText('acmeMeter').first().waitFor();
    await page.getByRole('button', { name: 'Hide editor tools' }).click();
    // A change makes the tab take the query's name.
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('\n');
    await page.getByRole('tab', { name: 'Fleet' }).waitFor();
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('DM_2_0').first().waitFor();
    // The pointer would leave a tooltip in the picture.
    await page.mouse.move(0, SIZE.height - 1);
    return await page.screenshot();
  } finally {
    await browser.close();
  }
}

async function main([file = join(ROOT, 'docs', 'images', 'playground.png')]) {
  const demo = await startDemo();
  try {
    writeFileSync(file, await takePicture(demo));
  } finally {
    demo.end();
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
