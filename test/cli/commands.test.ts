import { createLog } from '../../src/cli/log';
import { moql } from './moql';

const DM1 = ['simulate', '--protocol', 'dm1', '--url', 'http://x', '--device-id', 'd'];
const COMMANDS = ['serve', 'simulate', 'ddf', 'key', 'import', 'export', 'migrate'];

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
    ['an import of nothing', ['import'], /one file/],
    ['a line that is none', ['import', 'x', '--from-line', '0'], /--from-line/],
    ['an export of what there is not', ['export', '--what', 'keys'], /--what/],
    ['a cursor of another list', ['export', '--after', 'QWxlcnQ6MQ'], /--after/],
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
      'a PIN for a bootstrap document of DM 2.0',
      ['simulate', '--protocol', 'dm2', '--bootstrap', 'x', '--device-id', 'd', '--pin', '1'],
      /--pin belongs to dm1/,
    ],
    [
      'an account beside a bootstrap document',
      ['simulate', '--protocol', 'dm1', '--bootstrap', 'x', '--device-id', 'd', '--user', 'u'],
      /--user/,
    ],
    [
      'a bootstrap document that is not there',
      ['simulate', '--protocol', 'dm1', '--bootstrap', '/nowhere/at/all', '--device-id', 'd'],
      /--bootstrap cannot be read/,
    ],
    [
      'once and for ever',
      ['simulate', '--protocol', 'dm1', '--url', 'http://x', '--device-id', 'd', '--once', '--poll', '1'],
      /exclude/,
    ],
    ['a client that nobody plays', [...DM1, '--client', 'nokia'], /--client is nokia; it must be windows, libdmclient/],
    ['a form that the client does not speak', [...DM1, '--client', 'hs20', '--wbxml'], /hs20 speaks xml only/],
    ['two forms', [...DM1, '--wbxml', '--xml'], /exclude/],
    ['a version that is none', [...DM1, '--version', '1.4'], /1\.1\.2 or 1\.2 or 1\.3/],
    ['a generic alert on DM 1.1.2', [...DM1, '--version', '1.1.2', '--alert', 'x'], /no generic alert/],
    ['an alert without type', [...DM1, '--alert', '=x'], /TYPE=DATA/],
    ['a size that is none', [...DM1, '--max-msg-size', '16k'], /--max-msg-size/],
    ['an object that is too large', [...DM1, '--large-object', '999999999'], /--large-object/],
    ['an interruption before the first message', [...DM1, '--interrupt', '0'], /--interrupt/],
    ['a seed that is too large', [...DM1, '--chaos', '12345678901'], /--chaos/],
    ['sessions and once', [...DM1, '--sessions', '2', '--once'], /excludes/],
    [
      'what belongs to DM 1.x on DM 2.0',
      ['simulate', '--protocol', 'dm2', '--url', 'http://x', '--device-id', 'd', '--chaos'],
      /--chaos belongs to dm1/,
    ],
  ])('%s', async (_what, args, message) => {
    const { code, err } = await moql(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
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
