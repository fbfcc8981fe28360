import { buildSchema, parse, validate, type GraphQLSchema } from 'graphql';
import { chromium, type Browser } from 'playwright-core';

import { EXAMPLES } from '../../src/http/playground-examples';
import { describeWith, requireTool } from '../support/shared';
import { byEvents } from '../support/subscriber';
import { ONE, startDemo, type Demo } from './demo';
import { examplesOf, readDocuments, type Example } from './markdown';

/** A busy machine takes its time to lay out nine megabytes of editor. */
const LONGEST_MS = 180_000;

let demo: Demo;
let schema: GraphQLSchema;

beforeAll(async () => {
  demo = await startDemo();
  schema = buildSchema(demo.sdl);
});

afterAll(() => demo.stop());

/** The examples of docs/ddf.md are of DDFs of its own: test/cli/ddf-docs.test.ts runs them. */
const examples = readDocuments()
  .filter(({ path }) => path !== 'docs/ddf.md')
  .flatMap(examplesOf);

/** One after the other, from README.md on: each finds the devices as those before it left them. */
describe('An example of the documentation', () => {
  test.each(examples.map((example) => [example.place, example] as const))('%s fits the schema', (_place, example) => {
    expect(validate(schema, parse(example.query)).map(({ message }) => message)).toEqual([]);
  });

  test.each(examples.filter(({ schemaOnly }) => !schemaOnly).map((example) => [example.place, example] as const))(
    '%s is answered as it says',
    async (_place, example) => {
      const { status, data, errors } = await demo.gateway.graphql(example.query);
      expect(status).toBe(200);
      if (example.answer === undefined) expect(errors).toBeUndefined();
      else expect({ data: data as unknown, ...(errors && { errors }) }).toEqual(claimed(example));
    },
  );
});

/** After those: they may leave the devices as they like. */
describe('A tab of the playground at the first visit', () => {
  const tabs = EXAMPLES.map(
    ({ query, variables = '{}' }) =>
      [/^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1] ?? query, query, variables] as const,
  );
  const isSubscription = (query: string): boolean => /^subscription /m.test(query);

  test.each(tabs.filter(([, query]) => !isSubscription(query)))('%s works', async (_name, query, variables) => {
    const { gateway } = demo;
    const { data, errors } = await gateway.graphql(query, JSON.parse(variables) as Record<string, unknown>);
    expect(errors).toBeUndefined();
    const text = JSON.stringify(data);
    expect(text).not.toMatch(/"device":null|"nodes":\[\]|"fumo":null|"devInfo":null|"managementObjects":\[\]/);
    const { state } = Object.values(data as Record<string, { state?: string }>)[0] ?? {};
    expect([undefined, 'SUCCEEDED']).toContain(state);
  });

  test.each(tabs.filter(([, query]) => isSubscription(query)))('%s tells what another does', async (_name, query) => {
    const { gateway } = demo;
    const stream = await byEvents({ url: gateway.url, key: gateway.adminKey }, query);
    const [, write, variables] = tabs.find(([name]) => name === 'Write') ?? [];
    await gateway.graphql(write ?? '', JSON.parse(variables ?? '') as Record<string, unknown>);
    const { events } = await stream.next<{ events: Record<string, unknown> }>();
    expect(events).toMatchObject({ type: 'operationAccepted', device: { deviceId: expect.any(String) as unknown } });
    await stream.stop();
  });
});

describeWith('chromium', 'A subscription in the playground', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: requireTool('chromium'),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  });
  afterAll(() => browser.close());

  test(
    'shows each event as it happens, with the key of the page, until it is stopped',
    async () => {
      const { url, adminKey, graphql } = demo.gateway;
      const page = await browser.newPage();
      page.setDefaultTimeout(LONGEST_MS / 2);
      await page.addInitScript((key) => localStorage.setItem('moql:key', key), adminKey);
      await page.goto(`${url}/graphql`);
      await page.getByRole('button', { name: 'Events', exact: true }).click();
      await page.locator('.graphiql-query-editor').getByText('subscription').waitFor();
      const opened = page.waitForResponse((answer) =>
        (answer.headers()['content-type'] ?? '').startsWith('text/event-stream'),
      );
      await page.getByRole('button', { name: /^Execute query/ }).click();
      await opened;
      const write = `mutation { replaceAcmeMeter(input: { deviceId: "${ONE}", interval: 30, wait: "PT20S" }) { state } }`;
      expect((await graphql(write)).data).toEqual({ replaceAcmeMeter: { state: 'SUCCEEDED' } });
      await page.locator('.graphiql-response').getByText('operationEnded').waitFor();
      await page.getByRole('button', { name: /^Stop query/ }).click();
      await page.getByRole('button', { name: /^Execute query/ }).waitFor();
    },
    LONGEST_MS,
  );
});

/** The claimed answer; `"…"` stands for any text, and an error may have more members than are shown. */
function claimed({ answer }: Example): unknown {
  const { data, errors } = answer as { readonly data: unknown; readonly errors?: readonly unknown[] };
  return {
    data: withWildcards(data),
    ...(errors === undefined
      ? {}
      : { errors: errors.map((error): unknown => expect.objectContaining(withExtensions(error as ErrorShown))) }),
  };
}

interface ErrorShown {
  readonly extensions: Readonly<Record<string, unknown>>;
}

function withExtensions(error: ErrorShown): Record<string, unknown> {
  return { ...error, extensions: expect.objectContaining(error.extensions) as unknown };
}

function withWildcards(json: unknown): unknown {
  if (json === '…') return expect.any(String);
  if (Array.isArray(json)) return json.map(withWildcards);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, member]) => [name, withWildcards(member)]));
}
