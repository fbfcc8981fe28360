'use strict';

/**
 * Makes pictures of docs/images anew from the playground of the demo, in chromium:
 *
 *   playground.png       the first query of README.md beside its answer
 *   docs-policy.png      what the documentation says of a Microsoft policy, whose DDF is added for it
 *   docs-fumo.png        the same of FUMO, which is in the catalogue
 *
 * Needs `npm run build` before it, chromium, and for the policy its DDF.
 *
 *   node scripts/playground-picture.js [--policy DDF] [NAME.png…]
 *
 * Without names all are made, the policy's only with --policy. Exit status: 0 made, 1 failed.
 */

const { spawn, spawnSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { parseArgs } = require('node:util');

const { chromium } = require('playwright-core');

const ROOT = resolve(__dirname, '..');
const SIZE = { width: 1280, height: 960 };
const DOCS_SIZE = { width: 1600, height: 420 };
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

/** @param take  given a page with the key in place; what it resolves to is the picture */
async function inBrowser({ key }, size, take) {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    const context = await browser.newContext({ viewport: size, colorScheme: 'light' });
    const page = await context.newPage();
    page.setDefaultTimeout(LONGEST_MS);
    await page.addInitScript({ content: `localStorage.setItem('moql:key', ${JSON.stringify(key)})` });
    return await take(page);
  } finally {
    await browser.close();
  }
}

function queryPicture(demo) {
  return inBrowser(demo, SIZE, async (page) => {
    await page.goto(`${demo.page}?query=${encodeURIComponent(firstQuery())}`);
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
    return page.screenshot();
  });
}

/** The page of a field in the documentation, reached from its type, which the search finds. */
function docsPicture(demo, type, field, text) {
  return inBrowser(demo, DOCS_SIZE, async (page) => {
    await page.goto(demo.page);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const docs = page.locator('.graphiql-doc-explorer');
    await docs.getByText('root types', { exact: false }).first().waitFor();
    await docs.getByRole('combobox').fill(type);
    await page.getByRole('option', { name: type, exact: true }).first().click();
    await docs.getByRole('link', { name: field, exact: true }).first().click();
    await docs.getByText(text).first().waitFor();
    await page.mouse.move(0, DOCS_SIZE.height - 1);
    return page.locator('.graphiql-plugin').screenshot();
  });
}

async function addDdf({ page, key }, file) {
  const query = 'mutation ($source: String!) { addDdf(input: { source: $source }) { id } }';
  const answer = await fetch(page, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables: { source: readFileSync(file, 'utf8') } }),
  });
  const { errors } = await answer.json();
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
}

const PICTURES = {
  'playground.png': queryPicture,
  'docs-policy.png': (demo) =>
    docsPicture(demo, 'MsftPolicyConfigCamera', 'allowCamera', 'Disables or enables the camera'),
  'docs-fumo.png': (demo) =>
    docsPicture(demo, 'Fumo', 'downloadAndUpdate', 'the device fetches the package and installs it'),
};

async function main(argv) {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { policy: { type: 'string' } },
    allowPositionals: true,
  });
  const possible = Object.keys(PICTURES).filter((name) => name !== 'docs-policy.png' || values.policy !== undefined);
  const demo = await startDemo();
  try {
    if (values.policy !== undefined) await addDdf(demo, values.policy);
    for (const name of positionals.length > 0 ? positionals : possible)
      writeFileSync(join(ROOT, 'docs', 'images', name), await PICTURES[name](demo));
  } finally {
    demo.end();
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
