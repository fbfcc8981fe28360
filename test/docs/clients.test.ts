/** The clients of docs/clients, run as docs/clients.md says, against the demo's devices. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import ts from 'typescript';

import { ONE, TWO, startDemo, type Demo } from './demo';
import { ROOT } from './markdown';

const CLIENTS = join(ROOT, 'docs', 'clients');
const run = promisify(execFile);

let demo: Demo;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  demo = await startDemo();
  env = { PATH: process.env['PATH'], MOQL_URL: demo.gateway.url, MOQL_KEY: demo.gateway.adminKey };
});
afterAll(() => demo.stop());

/** Standard output of a program that ends well. */
async function outputOf(program: string, ...args: readonly string[]): Promise<string> {
  return (await run(program, args, { env })).stdout;
}

function testWith(program: string, name: string, body: () => Promise<void>): void {
  const isThere = spawnSync(program, ['--version']).status === 0;
  if (isThere) test(name, body);
  else test.skip(`${name} (skipped: ${program} is missing)`, body);
}

testWith(
  'python3',
  'The client in Python pages, reads, writes, follows a subscription, and tells errors by code',
  async () => {
    const lines = (await outputOf('python3', join(CLIENTS, 'client.py'), ONE)).trim().split('\n');
    expect(lines).toEqual([
      `devices: ${ONE} ${TWO}`,
      'fumo: 90',
      'write: SUCCEEDED',
      ...lines.slice(3, -2),
      'changed: SUCCEEDED',
      'error: NOT_FOUND',
    ]);
  },
);

testWith(
  'curl',
  'The client in curl pages, reads, writes, follows a subscription, and tells errors by code',
  async () => {
    const output = await outputOf('sh', join(CLIENTS, 'client.sh'), ONE);
    const parts = output.split(/^# .*\n/m).slice(1);
    const [pages = '', read = '', write = '', followed = '', error] = parts;
    const answers = (part: string): unknown[] =>
      part
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => (JSON.parse(line) as { readonly data: unknown }).data);
    expect(answers(pages)).toMatchObject([
      { devices: { nodes: [{ deviceId: ONE }], pageInfo: { hasNextPage: true } } },
      { devices: { nodes: [{ deviceId: TWO }], pageInfo: { hasNextPage: false } } },
    ]);
    expect(answers(read)).toMatchObject([{ device: { fumo: { state: 90 } } }]);
    expect(answers(write)).toMatchObject([{ replaceAcmeMeter: { state: 'SUCCEEDED', commands: [{ outcome: 'OK' }] } }]);
    const states = answers(followed).map(
      (data) => (data as { operationChanged: { state: string } }).operationChanged.state,
    );
    // Those before depend on how fast the device is.
    expect(states.at(-1)).toBe('SUCCEEDED');
    expect(error?.trim()).toBe('NOT_FOUND');
  },
);

describe('The client in TypeScript', () => {
  let folder: string;
  beforeAll(async () => {
    mkdirSync(join(ROOT, '.tmp'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.tmp', 'client-'));
    await outputOf(process.execPath, join(CLIENTS, 'codegen.js'), join(folder, 'generated.ts'));
    copyFileSync(join(CLIENTS, 'client.ts'), join(folder, 'client.ts'));
    const client = readFileSync(join(folder, 'client.ts'), 'utf8');
    expect(client).toContain('device?.fumo?.state');
    writeFileSync(join(folder, 'wrong-field.ts'), client.replace('device?.fumo?.state', 'device?.fumo?.stat'));
    writeFileSync(
      join(folder, 'wrong-variable.ts'),
      client.replace("interval: 60, wait: 'PT20S'", "interval: 'often'"),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is typed: a wrong field or variable is an error of the compiler', () => {
    const files = ['client.ts', 'wrong-field.ts', 'wrong-variable.ts'].map((name) => join(folder, name));
    const options: ts.CompilerOptions = {
      strict: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      types: ['node'],
      skipLibCheck: true,
    };
    const program = ts.createProgram(files, options);
    const errors = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => [
        file?.fileName.slice(folder.length + 1),
        ts.flattenDiagnosticMessageText(messageText, ' '),
      ]);
    expect(errors).toEqual([
      ['wrong-field.ts', expect.stringContaining("Property 'stat' does not exist")],
      ['wrong-variable.ts', expect.stringContaining("'string' is not assignable to type 'number'")],
    ]);
    program.emit();
  });

  test('pages, reads, writes, follows a subscription, and tells errors by code', async () => {
    const lines = (await outputOf(process.execPath, join(folder, 'client.js'), ONE)).trim().split('\n');
    expect(lines).toEqual([
      `device: ${ONE}`,
      `device: ${TWO}`,
      'fumo: 90',
      'write: SUCCEEDED',
      ...lines.slice(4, -2),
      'changed: SUCCEEDED',
      'error: NOT_FOUND',
    ]);
  });
});
