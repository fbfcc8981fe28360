import { encodeMessage } from '../../../adapters/dm1/codec';
import { results } from '../../adapters/dm1/session/dialogue';
import { alert, by, describeSection, devInfo } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';

/** The texts of DTDs: children of each element in the order in which they have to stand. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  SyncHdr: ['VerDTD', 'VerProto', 'SessionID', 'MsgID', 'Target', 'Source', 'RespURI', 'Cred', 'Meta'],
  Status: ['CmdID', 'MsgRef', 'CmdRef', 'Cmd', 'TargetRef', 'SourceRef', 'Chal', 'Data', 'Item'],
  Item: ['Target', 'Source', 'Meta', 'Data', 'MoreData'],
  Replace: ['CmdID', 'Meta', 'Item'],
  Exec: ['CmdID', 'Meta', 'Correlator', 'Item'],
};

/** Names of the children of each element of a name, from XML text without attributes that matter. */
function childrenOf(xml: string, name: string): string[][] {
  const found: string[][] = [];
  const stack: { name: string; children: string[] }[] = [];
  for (const [, closing, tag, , selfClosing] of xml.matchAll(/<(\/?)([A-Za-z]+)([^>]*?)(\/?)>/g)) {
    if (closing) {
      const ended = stack.pop();
      if (ended?.name === name) found.push(ended.children);
      continue;
    }
    stack.at(-1)?.children.push(tag ?? '');
    if (!selfClosing) stack.push({ name: tag ?? '', children: [] });
  }
  return found;
}

describeSection('4 XML shape', ({ form, device }) => {
  const textOf = (phone: SpokenDevice): string => Buffer.from(phone.answer?.body ?? []).toString('utf8');

  if (form === 'xml') {
    test('children stand in the order of the DTD', async () => {
      const clientAuth = { type: 'DIGEST_MD5', username: 'user', secret: 'secret' } as const;
      const phone = await device({ serverAuth: { type: 'DIGEST_MD5', username: 'dm.example', secret: 'server' } });
      await phone.isAsked([by.exec('./Vendor/Run', 'argument')]);
      await phone.begins();
      const texts = [textOf(phone)];
      const other = await device({ clientAuth });
      await other.begins({ user: 'user' });
      texts.push(textOf(other));
      for (const text of texts) {
        for (const [name, order] of Object.entries(ORDER)) {
          for (const children of childrenOf(text, name)) {
            const places = children.map((child) => order.indexOf(child));
            expect(places).not.toContain(-1);
            expect(places).toEqual([...places].sort((a, b) => a - b));
          }
        }
      }
    });

    test('only the five named entities stand in what is sent', async () => {
      const phone = await device();
      await phone.isAsked([by.replace('./Vendor/A', `<a> & "b" 'c' ]]> é €`)]);
      await phone.begins();
      expect(textOf(phone)).not.toMatch(/&(?!(?:amp|lt|gt|quot|apos);)/);
      expect(phone.commands[0]).toMatchObject({
        items: [{ data: { kind: 'text', text: `<a> & "b" 'c' ]]> é €` } }],
      });
    });

    test.each([
      [
        'prefixes',
        (xml: string) =>
          xml
            .replace('<SyncML xmlns="', '<s:SyncML xmlns:s="')
            .replace(
              /<(\/?)(?!s:)(?=(?:Sync(?:Hdr|Body)|Alert|CmdID|Data|Replace|Item|Source|Target|LocURI|VerDTD|VerProto|SessionID|MsgID|Final)\b)/g,
              '<$1s:',
            )
            .replace('</SyncML>', '</s:SyncML>'),
      ],
      ['no namespace at all', (xml: string) => xml.replace(/ xmlns="[^"]*"/g, '')],
      ['xmlns in single quotes', (xml: string) => xml.replace(/xmlns="([^"]*)"/g, "xmlns='$1'")],
      ['no XML declaration', (xml: string) => xml.replace(/^<\?xml[^>]*\?>/, '')],
      [
        'a DOCTYPE without internal subset',
        (xml: string) =>
          `<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "http://127.0.0.1:9/x.dtd">${xml.replace(/^<\?xml[^>]*\?>/, '')}`,
      ],
      [
        'comments, processing instructions and white space',
        (xml: string) => xml.replace(/></g, '>\r\n  <!-- hi --><?pi x?>\r\n<').replace('<Final/>', '<Final></Final>'),
      ],
      ['CDATA', (xml: string) => xml.replace('>Acme<', '><![CDATA[Acme]]><')],
      ['numeric references', (xml: string) => xml.replace('>Acme<', '>&#65;cm&#x65;<')],
      [
        'unknown elements and attributes',
        (xml: string) => xml.replace('<SyncHdr>', '<SyncHdr a="1" xmlns:m="urn:m" m:b="2"><Unknown><Deep/></Unknown>'),
      ],
    ] as const)('a message with %s is read', async (_name, change) => {
      const phone = await device();
      const octets = encodeMessage(phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]), { form });
      const text = change(Buffer.from(octets).toString('utf8'));
      expect(text).not.toBe(Buffer.from(octets).toString('utf8'));
      await phone.sends(Buffer.from(text));
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Final']);
    });

    test.each([
      ['Latin-1 by the declaration', '<?xml version="1.0" encoding="ISO-8859-1"?>', {}],
      ['Latin-1 by HTTP', '', { 'content-type': 'application/vnd.syncml.dm+xml; charset=ISO-8859-1' }],
    ] as const)('%s is read', async (_name, declaration, http) => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      const { msgId } = phone.reply.header;
      const get = phone.commands[0];
      const message = phone.message([
        phone.accepts(),
        phone.judges(0, 200),
        results(Number(msgId), get?.cmdId ?? '', './Vendor/A', 'Zürich'),
      ]);
      const text = Buffer.from(encodeMessage(message, { form }))
        .toString('utf8')
        .replace(/^<\?xml[^>]*\?>/, '');
      await phone.sends(Buffer.from(`${declaration}${text}`, 'latin1'), { http });
      expect(await operation.now()).toMatchObject({ commands: [{ result: 'Zürich' }] });
    });

    test('a DOCTYPE with an internal subset is refused with HTTP 400, and changes nothing', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      const octets = encodeMessage(phone.message([alert('1', '1201'), devInfo('2', phone.deviceId)]), { form });
      const text = Buffer.from(octets)
        .toString('utf8')
        .replace(/^<\?xml[^>]*\?>/, '');
      const answer = await phone.posts(Buffer.from(`<!DOCTYPE SyncML [<!ENTITY a "b">]>${text}`));
      expect(answer.status).toBe(400);
      expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
    });
  }

  describe('4.3 Meta', () => {
    test('every Item of Add and Replace has Format inside the Item and Data, empty where there is no value', async () => {
      const phone = await device();
      await phone.isAsked([by.replace('./Vendor/A', ''), by.replace('./Vendor/B', 'x')]);
      await phone.begins();
      for (const command of phone.commands) {
        expect(command).not.toHaveProperty('meta');
        expect(command).toMatchObject({ items: [{ meta: { format: 'chr' }, data: { kind: 'text' } }] });
      }
    });

    test('an interior node is added with Format node and empty Data', async () => {
      const phone = await device();
      await phone.isAsked([{ add: { address: { uri: './Vendor/New' } } }]);
      await phone.begins();
      expect(phone.commands[0]).toMatchObject({
        kind: 'Add',
        items: [{ meta: { format: 'node' }, data: { kind: 'text', text: '' } }],
      });
    });

    test('Meta on the command is the default of its Items; Meta in the Item wins element by element', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0), by.get('./Vendor/B', 0)]);
      await phone.begins();
      const [a, b] = phone.commands;
      const msgRef = phone.reply.header.msgId;
      const item = (uri: string, text: string, format?: string): object => ({
        source: { locUri: uri },
        ...(format === undefined ? {} : { meta: { format } }),
        data: { kind: 'text', text },
      });
      await phone.says([
        phone.accepts(),
        phone.judges(0, 200),
        phone.judges(1, 200),
        {
          kind: 'Results',
          cmdId: '8',
          msgRef,
          cmdRef: a?.cmdId,
          meta: { format: 'int' },
          items: [item('./Vendor/A', '7')],
        },
        {
          kind: 'Results',
          cmdId: '9',
          msgRef,
          cmdRef: b?.cmdId,
          meta: { format: 'int' },
          items: [item('./Vendor/B', 'true', 'bool')],
        },
      ] as never);
      expect(await operation.now()).toMatchObject({ commands: [{ result: 7 }, { result: true }] });
    });
  });
});
