import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildSchema } from 'graphql';

import { createLog } from '../../src/cli/log';
import { ddfSource } from '../support/ddf-sources';
import { moql } from './moql';

const directory = mkdtempSync(join(tmpdir(), 'moql-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const COMMANDS = ['serve', 'simulate', 'ddf', 'key', 'migrate'];

describe('help', () => {
  test.each(COMMANDS)('moql %s --help tells how it is used and what its exit codes mean', async (command) => {
    const { code, out } = await moql([command, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: moql ${command}`));
    expect(out).toContain('Exit codes: 0');
  });

  test('moql --help lists every command', async () => {
    const { code, out } = await moql(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command} +\\w`, 'm'));
  });
});

describe('bad usage ends with exit code 2 and a word of what is wrong', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['no command', [], /Usage/],
    ['an unknown command', ['srve'], /no command "srve"/],
    ['a name that every object has', ['toString'], /no command "toString"/],
    ['an unknown option', ['serve', '--port', '1'], /--port/],
    ['a word too much', ['migrate', 'now'], /now/],
    ['no action', ['ddf'], /actions are/],
    ['an unknown action', ['ddf', 'eat', 'x'], /"eat"/],
    ['no file', ['ddf', 'check'], /no file/],
    ['--json where it says nothing', ['ddf', 'print', '--json', 'x'], /--json/],
    ['a key without name', ['key', 'create'], /--name/],
    ['a key that is eaten', ['key', 'eat', '--name', 'x'], /create/],
    ['a duration that is none', ['key', 'create', '--name', 'x', '--expires-in', '90 days'], /90 days/],
    ['no protocol', ['simulate', '--url', 'http://x', '--device-id', 'd'], /--protocol/],
    ['an unknown protocol', ['simulate', '--protocol', 'dm3', '--url', 'http://x', '--device-id', 'd'], /dm1 or dm2/],
    ['an address that is none', ['simulate', '--protocol', 'dm1', '--url', 'x', '--device-id', 'd'], /--url/],
    [
      'an authentication of the other protocol',
      ['simulate', '--protocol', 'dm2', '--url', 'http://x', '--device-id', 'd', '--auth', 'md5'],
      /--auth/,
    ],
    [
      'an authentication without secret',
      ['simulate', '--protocol', 'dm1', '--url', 'http://x', '--device-id', 'd', '--auth', 'md5'],
      /--secret/,
    ],
    [
      'a count that is none',
      ['simulate', '--protocol', 'dm1', '--url', 'http://x', '--device-id', 'd', '--count', '0'],
      /--count/,
    ],
    [
      'WBXML on DM 2.0',
      ['simulate', '--protocol', 'dm2', '--url', 'http://x', '--device-id', 'd', '--wbxml'],
      /--wbxml/,
    ],
    [
      'once and for ever',
      ['simulate', '--protocol', 'dm1', '--url', 'http://x', '--device-id', 'd', '--once', '--poll', '1'],
      /exclude/,
    ],
  ])('%s', async (_what, args, message) => {
    const { code, err } = await moql(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('moql ddf', () => {
  test('check tells what each file is, and fails when one is refused, with its place', async () => {
    const good = write('good.xml', ddfSource('Pump'));
    const bad = write('bad.xml', '<MgmtTree>\n  <Node></MgmtTree>');

    expect(await moql(['ddf', 'check', good])).toEqual({
      code: 0,
      err: '',
      out: `${good}: ok: urn:oma:mo:ext-example-pump:1.0; 2 nodes, 0 warnings`,
    });

    const { code, out } = await moql(['ddf', 'check', good, bad, join(directory, 'none.xml')]);
    expect(code).toBe(1);
    const lines = out.split('\n');
    expect(lines[1]).toMatch(/bad\.xml:2:\d+: error NOT_XML: /);
    expect(lines[2]).toMatch(/none\.xml: error UNREADABLE: /);
  });

  test('check --json gives an object a file', async () => {
    const good = write('good.xml', ddfSource('Pump'));
    const { code, out } = await moql(['ddf', 'check', '--json', good, write('bad.xml', 'x')]);
    expect(code).toBe(1);
    const [one, two] = out.split('\n').map((line) => JSON.parse(line) as unknown);
    expect(one).toEqual({
      file: good,
      ok: true,
      warnings: [],
      mos: [
        {
          moid: 'urn:oma:mo:ext-example-pump:1.0',
          family: 'urn:oma:mo:ext-example-pump',
          version: '1.0',
          place: './Vendor/Example/Pump',
          nodes: 2,
        },
      ],
    });
    expect(two).toMatchObject({ ok: false, error: { code: 'NOT_XML', line: 1 } });
  });

  test('print gives SDL that can be read again', async () => {
    const { code, out } = await moql(['ddf', 'print', write('good.xml', ddfSource('Pump', ['Level', 'FlowRate']))]);
    expect(code).toBe(0);
    expect(out).toContain('flowRate: String @node(path: "FlowRate"');
    expect(buildSchema(out).getType('ExamplePump')).toBeDefined();
  });

  test('tree shows names, formats and access types', async () => {
    const { code, out } = await moql(['ddf', 'tree', write('good.xml', ddfSource('Pump', ['Level', 'Rate']))]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'urn:oma:mo:ext-example-pump:1.0  at ./Vendor/Example/Pump',
      'Pump  node [Get]',
      '├─ Level  chr [Get]',
      '└─ Rate  chr [Get]',
    ]);
  });

  test('print and tree fail when a file is refused', async () => {
    const { code, out, err } = await moql(['ddf', 'tree', write('bad.xml', 'x')]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/bad\.xml:1:\d+: error NOT_XML/);
  });
});

test('a bad environment ends with exit code 1 and names every variable that is wrong', async () => {
  const { code, err } = await moql(['serve'], { MOQL_PRT: '1', PORT: 'x' });
  expect(code).toBe(1);
  expect(err).toMatch(/MOQL_PRT: no such variable[^]*PORT: must be a port/);
});

test('a simulated device that finds no server ends with exit code 1', async () => {
  const { code, out } = await moql([
    'simulate',
    '--protocol',
    'dm1',
    '--url',
    'http://127.0.0.1:1/dm/1',
    '--device-id',
    'IMEI:493005100592800',
    '--once',
  ]);
  expect(code).toBe(1);
  expect(out).toMatch(/^IMEI:493005100592800 dm1: 1 messages, broken off/);
});

test('the log leaves out what proves who somebody is', () => {
  let written = '';
  const log = createLog('info', { write: (line) => (written += line) });
  log.info(
    {
      secret: 'S1',
      credential: { nonce: 'S2', username: 'shown' },
      req: { headers: { authorization: 'S3' } },
      header: { Cred: 'S4' },
    },
    'x',
  );
  expect(written).toContain('shown');
  expect(written).not.toMatch(/S[1-4]/);
});
