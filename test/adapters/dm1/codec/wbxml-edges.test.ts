import { readFileSync } from 'node:fs';

import { decodeMessage, decodeTnds, encodeMessage } from '../../../../adapters/dm1/codec';
import type { Data, Message } from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';
import { messageOf } from './comparing';

interface EdgeCase {
  readonly name: string;
  readonly hex: string;
  readonly expect: 'accept' | 'reject' | 'either';
  readonly tree?: string;
}

const octetsOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/\s+/g, ''), 'hex'));

describeShared('WBXML documents at the edge', () => {
  const { cases } = JSON.parse(readFileSync(sharedPath('vectors', 'dm1', 'wbxml-edge-cases.json'), 'utf8')) as {
    cases: readonly EdgeCase[];
  };

  test('are 47', () => expect(cases).toHaveLength(47));

  test.each(cases.filter((edge) => edge.expect === 'accept').map((edge) => [edge.name, edge] as const))(
    '%s is taken',
    (_, edge) => {
      const message = messageOf(octetsOf(edge.hex), 'wbxml');
      expect(message.header).toMatchObject({ verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1', msgId: '1' });
      expect(message.final).toBe(true);
      if (edge.tree) expect(found(message, edge.tree)).toEqual(wanted(edge.tree));
    },
  );

  test.each(cases.filter((edge) => edge.expect === 'reject').map((edge) => [edge.name, edge] as const))(
    '%s is refused with a code',
    (_, edge) => {
      expect(decodeMessage(octetsOf(edge.hex), 'application/vnd.syncml.dm+wbxml')).toMatchObject({
        ok: false,
        code: expect.any(String) as string,
      });
    },
  );

  const choices: Readonly<Record<string, string>> = {
    'version-1.0-no-charset': 'taken',
    'version-unknown': 'WBXML_VERSION',
    'public-id-1.0': 'taken',
    'public-id-unknown-01': 'taken',
    'charset-latin1': 'taken',
    'xmlns-attribute': 'taken',
    'processing-instruction': 'taken',
    'extension-token': 'taken',
    'literal-tag': 'taken',
    'trailing-bytes': 'taken',
    'unknown-tag': 'taken',
    'unknown-page': 'taken',
    'extra-end': 'taken',
  };
  test.each(cases.filter((edge) => edge.expect === 'either').map((edge) => [edge.name, edge] as const))(
    '%s is treated as we chose',
    (_, edge) => {
      const decoded = decodeMessage(octetsOf(edge.hex), 'application/vnd.syncml.dm+wbxml');
      expect(decoded.ok ? 'taken' : decoded.code).toBe(choices[edge.name]);
    },
  );

  test('ISO-8859-1 text is read as such', () => {
    const edge = cases.find((one) => one.name === 'charset-latin1');
    expect(resultsData(messageOf(octetsOf(edge?.hex ?? ''), 'wbxml'))).toEqual({ kind: 'text', text: 'café' });
  });
});

function resultsData(message: Message): Data | undefined {
  const results = message.body.find((command) => command.kind === 'Results');
  return results?.kind === 'Results' ? results.items[0]?.data : undefined;
}

function found(message: Message, tree: string): unknown {
  if (!tree.startsWith('NextNonce')) return resultsData(message);
  const status = message.body.find((command) => command.kind === 'Status');
  return status?.kind === 'Status' ? status.chal?.nextNonce : undefined;
}

function wanted(tree: string): Data {
  const octets = /octets ([0-9a-f]+)$/.exec(tree)?.[1];
  if (octets) return { kind: 'octets', octets: octetsOf(octets) };
  const text = tree.slice(tree.indexOf('= ') + 2);
  return { kind: 'text', text: text === '(empty)' ? '' : text };
}

describe('WBXML content', () => {
  const inMessage = (body: string): Uint8Array =>
    octetsOf(
      `02a4016a00 6d6c 7103312e3200 01 7203444d2f312e3200 01 65033100 01 5b033100 01 6e57037300 0101 6757036400 0101 01 6b ${body} 0101`,
    );
  const results = (item: string): Uint8Array =>
    inMessage(`62 4b033100 01 4c033400 01 54 6757032e2f6100 0101 ${item} 01 01`);
  const meta = (format: string, type = ''): string =>
    `5a 0001 47 03${Buffer.from(format).toString('hex')}00 01 ${type && `53 03${Buffer.from(type).toString('hex')}00 01`} 01 0000`;

  test('opaque Data of format bin is octets even when it is text', () => {
    expect(resultsData(messageOf(results(`${meta('bin')} 4f c303616263 01`), 'wbxml'))).toEqual({
      kind: 'octets',
      octets: octetsOf('616263'),
    });
  });

  test('the format is found behind the Data too', () => {
    expect(resultsData(messageOf(results(`4f c303616263 01 ${meta('bin')}`), 'wbxml'))).toEqual({
      kind: 'octets',
      octets: octetsOf('616263'),
    });
  });

  test('opaque Data of format b64 that is no base64 text is octets', () => {
    expect(resultsData(messageOf(results(`${meta('b64')} 4f c303612d63 01`), 'wbxml'))).toEqual({
      kind: 'octets',
      octets: octetsOf('612d63'),
    });
    expect(resultsData(messageOf(results(`${meta('b64')} 4f c30459574a6a 01`), 'wbxml'))).toEqual({
      kind: 'text',
      text: 'YWJj',
    });
  });

  const embedded = '0200006a1b2d2f2f4f4d412f2f4454442d444d2d44444620312e322f2f454e00 0002 60 7703312e3200 01 01';
  const length = octetsOf(embedded).length.toString(16);

  test('a WBXML document in an opaque is that document, whatever its label says', () => {
    for (const label of ['', 'application/vnd.syncml.dmtnds+xml', 'application/vnd.syncml.dmtnds+wbxml']) {
      const data = resultsData(messageOf(results(`${meta('bin', label)} 4f c3${length}${embedded} 01`), 'wbxml'));
      expect(data).toMatchObject({
        kind: 'element',
        element: { name: 'MgmtTree', namespace: 'syncml:dmddf1.2', children: [{ name: 'VerDTD', text: '1.2' }] },
      });
    }
  });

  test('octets of another type are not taken for a document', () => {
    const data = resultsData(
      messageOf(results(`${meta('bin', 'application/octet-stream')} 4f c3${length}${embedded} 01`), 'wbxml'),
    );
    expect(data).toEqual({ kind: 'octets', octets: octetsOf(embedded) });
  });

  test('tags of page 2 directly inside Data are the document', () => {
    const data = resultsData(messageOf(results('4f 0002 60 7703312e3200 01 01 01 0000'), 'wbxml'));
    expect(data && decodeTnds(data)).toMatchObject({ ok: true, value: { verDtd: '1.2', nodes: [] } });
  });

  test('a string table entry that is named again and again is refused at the limit of text', () => {
    const table = '61'.repeat(8000);
    const references = '8300'.repeat(1000);
    const bomb = octetsOf(`02a4016a be40 ${table} 6d ${references} 01`);
    expect(decodeMessage(bomb, 'wbxml')).toMatchObject({ ok: false, code: 'LIMIT_TEXT' });
  });

  test('the header is written as most clients write it, or as the client that uses text', () => {
    const message = messageOf(inMessage(''), 'wbxml');
    const head = (octets: Uint8Array, length: number): string =>
      Buffer.from(octets).subarray(0, length).toString('latin1');
    expect(head(encodeMessage(message, { form: 'wbxml' }), 5)).toBe('\x02\xa4\x01\x6a\x00');
    expect(head(encodeMessage(message, { form: 'wbxml', publicId: 'text' }), 34)).toBe(
      '\x02\x00\x00\x6a\x1d-//SYNCML//DTD SyncML 1.2//EN',
    );
    const old = { ...message, namespace: 'SYNCML:SYNCML1.1' };
    expect(head(encodeMessage(old, { form: 'wbxml' }), 5)).toBe('\x02\x9f\x53\x6a\x00');
  });
});
