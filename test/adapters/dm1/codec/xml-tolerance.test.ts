import {
  decodeMessage,
  decodeTnds,
  DEFAULT_CODEC_LIMITS,
  elementToXml,
  encodeMessage,
  fitsXml,
} from '../../../../adapters/dm1/codec';
import type { Data, Item, Message } from '../../../../adapters/dm1/message';
import { messageOf } from './comparing';

const HEAD =
  '<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>' +
  '<Target><LocURI>https://dm.example/dm/1</LocURI></Target><Source><LocURI>IMEI:490154203237518</LocURI></Source></SyncHdr>';
const xml = (body: string, head = HEAD): string =>
  `<SyncML xmlns="SYNCML:SYNCML1.2">${head}<SyncBody>${body}<Final/></SyncBody></SyncML>`;
const withData = (data: string, meta = ''): string =>
  xml(
    `<Results><CmdID>1</CmdID><CmdRef>1</CmdRef><Item><Source><LocURI>./a</LocURI></Source>${meta}${data}</Item></Results>`,
  );
const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));
const itemOf = (document: string | Uint8Array): Item | undefined => {
  const [command] = messageOf(typeof document === 'string' ? octets(document) : document, 'xml').body;
  return command?.kind === 'Results' ? command.items[0] : undefined;
};
const dataOf = (document: string | Uint8Array): Data | undefined => itemOf(document)?.data;
const refusal = (document: string | Uint8Array, type = 'application/vnd.syncml.dm+xml'): string => {
  const decoded = decodeMessage(typeof document === 'string' ? octets(document) : document, type);
  return decoded.ok ? 'taken' : decoded.code;
};

describe('Robust parsing of XML', () => {
  test('children come in any order', () => {
    const message = messageOf(
      octets(
        '<SyncML><SyncBody><Final/><Alert><Data>1201</Data><CmdID>1</CmdID></Alert></SyncBody>' + HEAD + '</SyncML>',
      ),
      'xml',
    );
    expect(message).toMatchObject({
      final: true,
      header: { sessionId: '1' },
      body: [{ kind: 'Alert', cmdId: '1', data: '1201' }],
    });
  });

  test('unknown elements, attributes, comments and processing instructions are passed over', () => {
    const plain = messageOf(octets(xml('<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>')), 'xml');
    const odd = xml(
      '<?pi x?><v:New xmlns:v="urn:v"><CmdID>9</CmdID></v:New><Alert a="1" msft:originalerror="0x0"><!-- c --><CmdID>1</CmdID><Data>12<!-- c -->01</Data><Lang>en</Lang></Alert>',
    );
    expect(messageOf(octets(odd), 'xml')).toEqual(plain);
  });

  test('prefixes, missing and wrong namespaces do not matter', () => {
    const plain = messageOf(octets(xml('')), 'xml');
    expect(
      messageOf(
        octets(
          xml('')
            .replace(/<(\/?)/g, '<$1s:')
            .replace('xmlns=', 'xmlns:s='),
        ),
        'xml',
      ),
    ).toEqual(plain);
    expect(
      messageOf(
        octets(
          xml('')
            .replace(/<(\/?)/g, '<$1undeclared:')
            .replace(/ xmlns="[^"]*"/, ''),
        ),
        'xml',
      ),
    ).toEqual({ ...plain, namespace: undefined });
    expect(messageOf(octets(xml('').replace('SYNCML1.2', 'OTHER')), 'xml')).toEqual({
      ...plain,
      namespace: 'SYNCML:OTHER',
    });
  });

  test('Meta is read with or without its namespace and the MetInf wrapper', () => {
    for (const meta of [
      '<Type>a/b</Type><Format>int</Format>',
      '<MetInf xmlns="syncml:metinf"><Format>int</Format><Type>a/b</Type></MetInf>',
      '<Format xmlns="syncml:metinf"> int </Format><Type>a/b</Type>',
    ]) {
      expect(itemOf(withData('<Data>1</Data>', `<Meta>${meta}</Meta>`))?.meta).toEqual({ format: 'int', type: 'a/b' });
    }
  });

  test('white space goes from ids, codes, URIs and Meta, and stays in Data', () => {
    const item = itemOf(withData('<Data> \n keep \t</Data>').replace('./a', '\n  ./a  '));
    expect(item).toEqual({ source: { locUri: './a' }, data: { kind: 'text', text: ' \n keep \t' } });
  });

  test('empty Data is there, absent Data is not', () => {
    expect(dataOf(withData('<Data/>'))).toEqual({ kind: 'text', text: '' });
    expect(dataOf(withData('<Data></Data>'))).toEqual({ kind: 'text', text: '' });
    expect(dataOf(withData(''))).toBeUndefined();
  });

  test('the five entities and numeric references are read, and no others', () => {
    expect(dataOf(withData('<Data>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#x1F600;</Data>'))).toEqual({
      kind: 'text',
      text: '<&>"\'AB😀',
    });
    expect(refusal(withData('<Data>&nbsp;</Data>'))).toBe('XML_ENTITY');
    expect(refusal(withData('<Data>&a</Data>'))).not.toBe('taken');
  });

  test('CDATA and text make one text', () => {
    expect(dataOf(withData('<Data>a<![CDATA[<b>]]>c<![CDATA[]]]]><![CDATA[>]]></Data>'))).toEqual({
      kind: 'text',
      text: 'a<b>c]]>',
    });
  });

  test('a DOCTYPE is skipped, one with an internal subset refused', () => {
    const doctype = '<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "http://dtd.example/SyncML.dtd">';
    expect(refusal(doctype + xml(''))).toBe('taken');
    expect(refusal(`<!DOCTYPE SyncML [<!ENTITY a "b">]>${xml('')}`)).toBe('XML_SUBSET');
    expect(refusal(`<!DOCTYPE SyncML SYSTEM "a" [ ]>${xml('')}`)).toBe('XML_SUBSET');
  });

  test('NUL octets in the text of a client are dropped', () => {
    const document = octets(withData('<Data>va#lue#</Data>').replaceAll('#', '\0') + '\0');
    expect(dataOf(document)).toEqual({ kind: 'text', text: 'value' });
  });

  test('a byte-order mark, white space or nothing may stand before the root', () => {
    for (const start of ['\ufeff', '\ufeff<?xml version="1.0"?>', '\r\n <?xml version="1.0"?>\r\n', ''])
      expect(refusal(start + xml(''))).toBe('taken');
  });

  test('ISO-8859-1 is read where HTTP or the declaration names it', () => {
    const latin = (declaration: string): Uint8Array =>
      new Uint8Array(Buffer.from(declaration + withData('<Data>café</Data>'), 'latin1'));
    const declared = latin('<?xml version="1.0" encoding="ISO-8859-1"?>');
    expect(dataOf(declared)).toEqual({ kind: 'text', text: 'café' });
    expect(refusal(latin(''), 'application/vnd.syncml.dm+xml; charset="iso-8859-1"')).toBe('taken');
    expect(refusal(declared, 'application/vnd.syncml.dm+xml;charset=utf-8')).toBe('CHARSET_MISMATCH');
    expect(refusal(latin(''))).toBe('CHARSET_MISMATCH');
    expect(refusal(octets('<?xml version="1.0" encoding="KOI8-R"?>' + xml('')))).toBe('CHARSET_UNSUPPORTED');
    expect(refusal(octets(xml('')), 'text/xml; charset=UTF-16')).toBe('CHARSET_UNSUPPORTED');
  });

  test('inline elements in Data are one element; several, or text beside them, are kept as a whole', () => {
    expect(dataOf(withData('<Data> <A xmlns="urn:a"><B>1</B></A> </Data>'))).toEqual({
      kind: 'element',
      element: {
        name: 'A',
        namespace: 'urn:a',
        text: '',
        children: [{ name: 'B', namespace: 'urn:a', text: '1', children: [] }],
      },
    });
    const whole = dataOf(withData('<Data><A>1</A><B>2</B></Data>'));
    expect(whole).toMatchObject({
      kind: 'element',
      element: { name: 'Data', children: [{ name: 'A' }, { name: 'B' }] },
    });
  });

  test('commands that DM does not use are kept by name, inside containers too', () => {
    const message = messageOf(
      octets(xml('<Put><CmdID>1</CmdID></Put><Atomic><CmdID>2</CmdID><Map><CmdID>3</CmdID></Map></Atomic>')),
      'xml',
    );
    expect(message.body).toEqual([
      { kind: 'Foreign', name: 'Put', cmdId: '1' },
      { kind: 'Atomic', cmdId: '2', commands: [{ kind: 'Foreign', name: 'Map', cmdId: '3' }] },
    ]);
  });

  test('what is no message is refused with a code', () => {
    expect(refusal('')).toBe('EMPTY');
    expect(refusal('hello')).toBe('XML_MALFORMED');
    expect(refusal('<SyncML>')).toBe('XML_MALFORMED');
    expect(refusal('<SyncML></SyncHdr>')).toBe('XML_MALFORMED');
    expect(refusal('<other/>')).toBe('NOT_SYNCML');
    expect(refusal('<SyncML/>')).toBe('NO_HEADER');
  });

  test('depth, elements, text and octets have limits', () => {
    const limited = (body: string, limits: object): string => {
      const decoded = decodeMessage(octets(xml(body)), '', { ...DEFAULT_CODEC_LIMITS, ...limits });
      return decoded.ok ? 'taken' : decoded.code;
    };
    expect(limited('<a>'.repeat(70) + '</a>'.repeat(70), {})).toBe('LIMIT_DEPTH');
    expect(limited('<a/>'.repeat(70), { maxElements: 60 })).toBe('LIMIT_ELEMENTS');
    expect(limited('a'.repeat(1000), { maxText: 900 })).toBe('LIMIT_TEXT');
    expect(limited('a'.repeat(1000), { maxOctets: 900 })).toBe('LIMIT_OCTETS');
  });

  test('many prefixes do not cost their number times the elements', () => {
    const prefixes = Array.from({ length: 20_000 }, (_, index) => ` xmlns:p${index}="u"`).join('');
    const document = xml(`<v${prefixes}>${'<a xmlns="b"/>'.repeat(20_000)}</v>`);
    const before = performance.now();
    expect(refusal(document)).toBe('taken');
    expect(performance.now() - before).toBeLessThan(5000);
  });
});

describe('XML as written', () => {
  const base = messageOf(octets(xml('')), 'xml');
  const carrying = (data: Data): Message => ({ ...base, body: [{ kind: 'Results', cmdId: '1', items: [{ data }] }] });
  const written = (data: Data): string => Buffer.from(encodeMessage(carrying(data), { form: 'xml' })).toString('utf8');

  test('uses the five named entities and no numeric references', () => {
    expect(written({ kind: 'text', text: `<a b="c">'&'</a>]]>é` })).toContain(
      '<Data>&lt;a b=&quot;c&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;]]&gt;é</Data>',
    );
  });

  test('what XML cannot hold is replaced, and can be asked for before', () => {
    for (const text of ['a\u0001b', 'a\ud800b', 'a\uffffb']) {
      expect(fitsXml(text)).toBe(false);
      expect(written({ kind: 'text', text })).toContain('<Data>a\ufffdb</Data>');
    }
    expect(fitsXml('a\rb')).toBe(false);
    expect(fitsXml('a\tb\n😀')).toBe(true);
  });

  test('octets are base64', () => {
    expect(written({ kind: 'octets', octets: new Uint8Array([0, 255]) })).toContain('<Data>AP8=</Data>');
  });

  test('several elements in Data are written as they were', () => {
    const data = dataOf(withData('<Data><A xmlns="urn:a">1</A><B xmlns="urn:b">2</B></Data>'));
    if (!data) throw new Error('no data');
    expect(written(data)).toContain('<Data><A xmlns="urn:a">1</A><B xmlns="urn:b">2</B></Data>');
    const wbxml = messageOf(encodeMessage(carrying(data), { form: 'wbxml' }), 'wbxml');
    expect(wbxml.body[0]).toMatchObject({
      items: [{ data: { kind: 'text', text: '<A xmlns="urn:a">1</A><B xmlns="urn:b">2</B>' } }],
    });
  });

  test('an element alone is written with its namespace', () => {
    const decoded = decodeTnds({ kind: 'text', text: '<MgmtTree/>' });
    expect(decoded).toMatchObject({ ok: true, value: { nodes: [] } });
    expect(elementToXml({ name: 'MgmtTree', namespace: 'syncml:dmddf1.2', text: '', children: [] })).toBe(
      '<MgmtTree xmlns="syncml:dmddf1.2"/>',
    );
  });
});
