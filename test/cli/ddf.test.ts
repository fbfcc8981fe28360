import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildSchema } from 'graphql';

import { ddfSource } from '../support/ddf-sources';
import { moql } from './moql';

const directory = mkdtempSync(join(tmpdir(), 'moql-ddf-'));
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const good = write('good.xml', ddfSource('Pump'));
const odd = write(
  'odd.xml',
  '<MgmtTree>\n<VerDTD>9</VerDTD>\n<Node><NodeName> A </NodeName><DFProperties><AccessType/><DFFormat><chr/></DFFormat></DFProperties></Node></MgmtTree>',
);
const bad = write('bad.xml', '<MgmtTree>\n  <Node></MgmtTree>');
const none = join(directory, 'none.xml');

describe('moql ddf check', () => {
  test('tells what each file is, and ends with 0', async () => {
    expect(await moql(['ddf', 'check', good])).toEqual({
      code: 0,
      err: '',
      out: `${good}: ok: urn:oma:mo:ext-example-pump:1.0; 2 nodes, 0 warnings`,
    });
  });

  test('tells each oddity that was tolerated with file, line, column and code, and ends with 0', async () => {
    const { code, out } = await moql(['ddf', 'check', odd]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `${odd}:1:1: warning VERSION: VerDTD is none of 1.1.2, 1.2 and 1.3: 9`,
      `${odd}:3:7: warning NAME_TRIMMED: white space around a NodeName was removed: A`,
      `${odd}: ok: ./A; 1 node, 2 warnings`,
    ]);
  });

  test('ends with 1 when a file is refused or cannot be read, tells why and where, and looks at all files', async () => {
    const { code, out } = await moql(['ddf', 'check', bad, none, good]);
    expect(code).toBe(1);
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/bad\.xml:2:\d+: error NOT_XML: /);
    expect(lines[1]).toMatch(/none\.xml: error UNREADABLE: /);
    expect(lines[2]).toContain('good.xml: ok: ');
    expect(lines[3]).toBe('3 files: 2 refused, 2 nodes, 0 warnings');
  });

  test('--json gives an object a file, one a line', async () => {
    const { code, out } = await moql(['ddf', 'check', '--json', good, bad, odd, none]);
    expect(code).toBe(1);
    const [one, two, three, four] = out.split('\n').map((line) => JSON.parse(line) as unknown);
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
    expect(two).toMatchObject({ file: bad, ok: false, error: { code: 'NOT_XML', line: 2 } });
    expect(three).toMatchObject({
      ok: true,
      warnings: [{ code: 'VERSION' }, { code: 'NAME_TRIMMED', line: 3, column: 7, count: 1 }],
    });
    expect(four).toMatchObject({ ok: false, error: { code: 'UNREADABLE', line: 0 } });
  });

  test('sends no control character of a file to the terminal', async () => {
    const hostile = write('hostile.xml', ddfSource('Pump').replace('1.2</VerDTD>', '\u009b31m</VerDTD>'));
    const { out } = await moql(['ddf', 'check', hostile]);
    expect(out).toContain('VERSION');
    expect(out).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('What is no DDF file', () => {
  /** What `check` says of one file, without the folder. */
  async function checked(path: string): Promise<string> {
    const { code, out } = await moql(['ddf', 'check', path]);
    expect(code).toBe(1);
    return out.replace(`${directory}/`, '');
  }

  test('is refused with the reason: nothing there, a directory, nothing in it, octets, another document', async () => {
    const octets = join(directory, 'photo.jpg');
    writeFileSync(octets, Buffer.from('ffd8ffe000104a46494600010100', 'hex'));

    expect(await checked(none)).toBe('none.xml: error UNREADABLE: there is no such file');
    expect(await checked(directory)).toMatch(/: error UNREADABLE: it is a directory; name the files in it$/);
    expect(await checked(write('empty.xml', ''))).toMatch(/^empty\.xml:1:1: error NOT_XML: /);
    expect(await checked(octets)).toMatch(/^photo\.jpg:1:5: error NOT_XML: /);
    expect(await checked(write('page.xml', '\n<html/>'))).toMatch(
      /^page\.xml:2:1: error NOT_A_DDF: .* html, not MgmtTree$/,
    );
  });

  test('is not read to its end when it has none that is near', async () => {
    const long = write('long.xml', '');
    truncateSync(long, 3 * 1024 ** 3);

    expect(await checked(long)).toBe('long.xml:1:1: error TOO_LARGE: more than 16777216 octets: no DDF is that large');
  });

  test('is bad usage when no file is named, for each action', async () => {
    for (const action of ['check', 'print', 'tree']) {
      const { code, out, err } = await moql(['ddf', action]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/no file is named\n.*--help/);
    }
    expect((await moql(['ddf'])).code).toBe(2);
    expect((await moql(['ddf', 'show', good])).err).toMatch(/check, print and tree, not "show"/);
  });
});

describe('moql ddf print', () => {
  test('gives SDL that can be read again', async () => {
    const { code, out } = await moql(['ddf', 'print', write('two.xml', ddfSource('Pump', ['Level', 'FlowRate']))]);
    expect(code).toBe(0);
    expect(out).toMatch(/ flowRate: String @node\(path: "FlowRate"/);
    expect(buildSchema(out).getType('ExamplePump')).toBeDefined();
  });

  test('prints the same for any order of files', async () => {
    const other = write('other.xml', ddfSource('Valve'));
    expect((await moql(['ddf', 'print', other, good])).out).toBe((await moql(['ddf', 'print', good, other])).out);
  });

  test('fails when two objects need one name', async () => {
    const twin = write('twin.xml', ddfSource('Pump').replace('urn:oma:mo:ext-example-pump', 'com.example/Pump'));
    const { code, out, err } = await moql(['ddf', 'print', good, twin]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/NAME_CLASH/);
  });
});

describe('moql ddf tree', () => {
  test('shows names with how often they occur, formats, access types, titles, values and defaults in columns', async () => {
    const file = write(
      'tree.xml',
      `<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD>
        <Node><NodeName>Pump</NodeName><Path>./Vendor/Example</Path><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat></DFProperties>
          <Node><NodeName>Mode</NodeName><DFProperties><AccessType><Get/><Replace/></AccessType><DefaultValue>1</DefaultValue><DFFormat><int/></DFFormat>
            <Occurrence><ZeroOrOne/></Occurrence><DFTitle>What it does</DFTitle>
            <MSFT:AllowedValues ValueType="Range"><MSFT:Value>[0-3]</MSFT:Value></MSFT:AllowedValues></DFProperties></Node>
          <Node><NodeName>Valve</NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat></DFProperties>
            <Node><NodeName/><DFProperties><AccessType><Add/><Delete/><Get/></AccessType><DFFormat><node/></DFFormat><Occurrence><ZeroOrMore/></Occurrence></DFProperties>
              <Node><NodeName>Secret</NodeName><DFProperties><AccessType/><DFFormat><bin/></DFFormat><MSFT:Deprecated OsBuildDeprecated="7"/></DFProperties></Node>
            </Node></Node></Node></MgmtTree>`,
    );
    const { code, out } = await moql(['ddf', 'tree', file]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      './Vendor/Example/Pump  at ./Vendor/Example/Pump',
      'Pump             node  Get',
      '├─ Mode?         int   Get Replace     What it does; 0..3; default 1',
      '└─ Valve         node  Get',
      '   └─ <x>*       node  Add Delete Get',
      '      └─ Secret  bin   -               deprecated since 7',
    ]);
  });

  test('fails when a file is refused', async () => {
    const { code, out, err } = await moql(['ddf', 'tree', write('bad2.xml', 'x')]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/bad2\.xml:1:\d+: error NOT_XML/);
  });
});
