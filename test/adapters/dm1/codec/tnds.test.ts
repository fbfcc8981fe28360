import { readFileSync } from 'node:fs';

import type { Tree } from '../../../../adapters/adapter';
import {
  decodeTnds,
  encodeMessage,
  encodeTnds,
  elementToXml,
  placeTnds,
  type TndsDocument,
} from '../../../../adapters/dm1/codec';
import type { Data, Message } from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';
import { messageOf } from './comparing';

const treeOf = (data: Data): TndsDocument => {
  const decoded = decodeTnds(data);
  if (!decoded.ok) throw new Error(`${decoded.code}: ${decoded.message}`);
  return decoded.value;
};
const document = (nodes: string): TndsDocument =>
  treeOf({ kind: 'text', text: `<MgmtTree><VerDTD>1.2</VerDTD>${nodes}</MgmtTree>` });
const node = (name: string, inside = ''): string => `<Node><NodeName>${name}</NodeName>${inside}</Node>`;
const typed = (format: string, value: string): string =>
  `<RTProperties><Format><${format}/></Format></RTProperties>${value}`;
const valueOf = (inside: string): unknown => document(node('a', inside)).nodes[0]?.tree.value;

describeShared('TNDS in the reference messages', () => {
  const dataIn = (file: string): Data => {
    const message: Message = messageOf(
      readFileSync(sharedPath('vectors', 'dm1', file)),
      file.endsWith('.wbxml') ? 'wbxml' : 'xml',
    );
    for (const command of message.body) {
      if (command.kind === 'Results' || command.kind === 'Add')
        return command.items[0]?.data ?? { kind: 'text', text: '' };
    }
    throw new Error('no command with a tree');
  };

  const acme: Tree = {
    name: 'Acme',
    moid: 'urn:oma:mo:ext-acme:1.0',
    children: [
      {
        name: 'Level',
        props: { ACL: 'Get=*&Replace=mgmt.example.net', Size: '1', VerNo: '3' },
        value: { format: 'int', mime: 'text/plain', data: 7 },
      },
      { name: 'On', value: { format: 'bool', mime: 'text/plain', data: true } },
      { name: 'Blob', value: { format: 'b64', mime: 'application/octet-stream', data: 'AAECAwQF' } },
      { name: 'Sub', children: [] },
    ],
  };

  test('the tree is the same as inline elements, in CDATA and as an embedded WBXML document', () => {
    for (const file of ['16-pkg3-tnds-inline.xml', '16-pkg3-tnds-inline.wbxml']) {
      const read = treeOf(dataIn(file));
      expect(read).toMatchObject({
        verDtd: '1.2',
        manufacturer: 'Acme',
        model: 'Widget 9',
        nodes: [{ path: './Vendor' }],
      });
      expect(read.nodes[0]?.tree).toEqual(acme);
      expect(placeTnds(read, './Vendor/Acme?list=TNDS')).toEqual(acme);
    }
  });

  test.each([
    '15-pkg3-tnds-cdata',
    '17-pkg2-add-tnds',
    '18-pkg3-tnds-escaped',
    '65-bootstrap-dm-profile',
    '67-pkg2-add-tnds-inline',
  ])('%s has the same tree in XML and in WBXML', (name) => {
    const read = treeOf(dataIn(`${name}.xml`));
    expect(read.nodes.length).toBeGreaterThan(0);
    expect(treeOf(dataIn(`${name}.wbxml`))).toEqual(read);
  });

  test.each([
    '15-pkg3-tnds-cdata',
    '16-pkg3-tnds-inline',
    '17-pkg2-add-tnds',
    '18-pkg3-tnds-escaped',
    '65-bootstrap-dm-profile',
  ])('%s written again is the same tree, in every form that Data has', (name) => {
    const read = treeOf(dataIn(`${name}.xml`));
    const element = encodeTnds(read);
    expect(treeOf({ kind: 'element', element })).toEqual(read);
    expect(treeOf({ kind: 'text', text: elementToXml(element) })).toEqual(read);
    const header = messageOf(readFileSync(sharedPath('vectors', 'dm1', '01-pkg1-nocred.xml')), 'xml');
    const message: Message = {
      ...header,
      body: [{ kind: 'Add', cmdId: '1', items: [{ data: { kind: 'element', element } }] }],
    };
    const [add] = messageOf(encodeMessage(message, { form: 'wbxml' }), 'wbxml').body;
    expect(add?.kind === 'Add' && add.items[0]?.data && treeOf(add.items[0].data)).toEqual(read);
  });
});

describe('TNDS documents', () => {
  test('values are read by their format', () => {
    expect(valueOf(typed('int', '<Value> +007 </Value>'))).toEqual({ format: 'int', data: 7 });
    expect(valueOf(typed('int', '<Value>9223372036854775807</Value>'))).toEqual({
      format: 'int',
      data: 9223372036854775807n,
    });
    expect(valueOf(typed('bool', '<Value>TRUE</Value>'))).toEqual({ format: 'bool', data: true });
    expect(valueOf(typed('float', '<Value>3.25E1</Value>'))).toEqual({ format: 'float', data: 32.5 });
    expect(valueOf(typed('null', ''))).toEqual({ format: 'null', data: null });
    expect(valueOf(typed('bin', '<Value>AAE=</Value>'))).toEqual({ format: 'bin', data: new Uint8Array([0, 1]) });
    expect(valueOf(typed('chr', '<Value> a </Value>'))).toEqual({ format: 'chr', data: ' a ' });
    expect(valueOf(typed('xml', '<Value><x xmlns="urn:x">1</x></Value>'))).toEqual({
      format: 'xml',
      data: '<x xmlns="urn:x">1</x>',
    });
    expect(valueOf('<Value>a</Value>')).toEqual({ format: 'chr', data: 'a' });
  });

  test('a value that its format cannot hold stays text, and the format is told', () => {
    const tree = document(node('a', typed('int', '<Value>many</Value>'))).nodes[0]?.tree;
    expect(tree).toEqual({ name: 'a', props: { Format: 'int' }, value: { format: 'chr', data: 'many' } });
  });

  test('a leaf without Value is a leaf whose value is not known', () => {
    expect(document(node('a', typed('int', ''))).nodes[0]?.tree).toEqual({ name: 'a', props: { Format: 'int' } });
  });

  test('a Path counts from the root or from the target; a Node without one is the target or its child', () => {
    const leaf = typed('int', '<Value>1</Value>');
    const wanted = { name: 'B', children: [{ name: 'C', value: { format: 'int', data: 1 } }] };
    const at = (nodes: string): unknown => placeTnds(document(nodes), './A/B?list=TNDS');
    expect(at(node('C', leaf))).toEqual(wanted);
    expect(at(node('C', `<Path>./A/B</Path>${leaf}`))).toEqual(wanted);
    expect(at(node('B', node('C', leaf)))).toEqual(wanted);
    expect(at(node('', node('C', leaf)))).toEqual(wanted);
    expect(at(node('B', `<Path>A</Path>${node('C', leaf)}`))).toEqual(wanted);
    expect(at(node('D', `<Path>C</Path>${leaf}`))).toEqual({
      name: 'B',
      children: [{ name: 'C', children: [{ name: 'D', value: { format: 'int', data: 1 } }] }],
    });
  });

  test('a Node may be continued further down with a Path', () => {
    const nodes =
      node('B', typed('node', node('C', typed('node', '')))) +
      node('D', `<Path>./A/B/C</Path>${typed('int', '<Value>1</Value>')}`);
    expect(placeTnds(document(nodes), 'A/B')).toEqual({
      name: 'B',
      children: [{ name: 'C', children: [{ name: 'D', value: { format: 'int', data: 1 } }] }],
    });
  });

  test('a document that says nothing has no tree, and an endless Path leads nowhere', () => {
    expect(placeTnds(document(''), './A')).toBeUndefined();
    expect(placeTnds(document(node('a', `<Path>${'a/'.repeat(100_000)}</Path>`)), './A')).toBeUndefined();
  });

  test('what is no MgmtTree is refused with a code', () => {
    const code = (data: Data): string => {
      const decoded = decodeTnds(data);
      return decoded.ok ? 'taken' : decoded.code;
    };
    expect(code({ kind: 'text', text: '' })).toBe('EMPTY');
    expect(code({ kind: 'text', text: 'no tree' })).toBe('XML_MALFORMED');
    expect(code({ kind: 'text', text: '<a/>' })).toBe('NOT_TNDS');
    expect(code({ kind: 'octets', octets: new Uint8Array([2, 0, 0]) })).toBe('WBXML_TRUNCATED');
    expect(code({ kind: 'octets', octets: new Uint8Array(Buffer.from('<MgmtTree/>')) })).toBe('taken');
    expect(code({ kind: 'text', text: Buffer.from('<MgmtTree/>').toString('base64') })).toBe('taken');
  });
});
