/** `dm1.decode.*`: a message with results, read from XML and from WBXML. */
import { SaxesParser } from 'saxes';

import { decodeMessage, encodeMessage } from '../adapters/dm1/codec';
import type { BodyCommand, Message } from '../adapters/dm1/message';
import { figure, ratios, type Bench } from './figure';
import { race } from './race';

const NAME = 'dm1.decode';
const OCTETS = 2400;

export function codecFigures(bench: Bench): void {
  if (!bench.wants(NAME)) return;
  const message = resultsMessage(OCTETS);
  const xml = encodeMessage(message, { form: 'xml' });
  const wbxml = encodeMessage(message, { form: 'wbxml', publicId: 'number' });
  const decode = (octets: Uint8Array, form: string) => (): void => {
    const decoded = decodeMessage(octets, `application/vnd.syncml.dm+${form}`);
    if (!decoded.ok || decoded.value.message.body.length !== message.body.length) throw new Error('decoded amiss');
  };
  const times = race(
    { xml: decode(xml, 'xml'), saxes: () => bareSaxes(xml), wbxml: decode(wbxml, 'wbxml') },
    { rounds: 9, milliseconds: bench.quick ? 200 : 600 },
  );
  bench.note(`a message of ${message.body.length} commands: ${xml.length} octets of XML, ${wbxml.length} of WBXML`);
  bench.tell(figure(`${NAME}.xml`, 'us', times.xml));
  bench.tell(figure(`${NAME}.saxes`, 'us', times.saxes));
  bench.tell(figure(`${NAME}.wbxml`, 'us', times.wbxml));
  bench.tell(figure(`${NAME}.xml_to_saxes`, 'ratio', ratios(times.xml, times.saxes), '<= 1.43'));
  bench.tell(figure(`${NAME}.wbxml_to_xml`, 'ratio', ratios(times.wbxml, times.xml), '<= 0.5'));
}

/** The same octets through the parser alone: handlers that do nothing, namespaces resolved. */
function bareSaxes(octets: Uint8Array): void {
  const parser = new SaxesParser({ xmlns: true });
  let seen = 0;
  const see = (): void => void seen++;
  parser.on('opentag', see);
  parser.on('closetag', see);
  parser.on('text', see);
  parser.on('cdata', see);
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('utf8')).close();
  if (seen === 0) throw new Error('nothing was seen');
}

/** A Status and its Results for each leaf that was asked for, until the XML has that many octets. */
function resultsMessage(octets: number): Message {
  const body: BodyCommand[] = [
    {
      kind: 'Status',
      cmdId: '1',
      msgRef: '1',
      cmdRef: '0',
      cmd: 'SyncHdr',
      targetRefs: ['IMEI:490154203237518'],
      sourceRefs: ['https://dm.example/dm/1'],
      data: '212',
      items: [],
    },
  ];
  const message: Message = {
    namespace: 'SYNCML:SYNCML1.2',
    header: {
      verDtd: '1.2',
      verProto: 'DM/1.2',
      sessionId: '1A',
      msgId: '2',
      target: { locUri: 'https://dm.example/dm/1' },
      source: { locUri: 'IMEI:490154203237518' },
    },
    body,
    final: true,
  };
  for (let number = 0; encodeMessage(message, { form: 'xml' }).length < octets; number++) {
    const locUri = `./DevDetail/Ext/Counters/Counter${number}`;
    const base = { msgRef: '1', cmdRef: String(4 + number) };
    body.push(
      {
        kind: 'Status',
        cmdId: String(body.length + 1),
        ...base,
        cmd: 'Get',
        targetRefs: [locUri],
        sourceRefs: [],
        data: '200',
        items: [],
      },
      {
        kind: 'Results',
        cmdId: String(body.length + 2),
        ...base,
        items: [
          {
            source: { locUri },
            meta: { format: 'int', type: 'text/plain' },
            data: { kind: 'text', text: String(1_000_000 + 7919 * number) },
          },
        ],
      },
    );
  }
  return message;
}
