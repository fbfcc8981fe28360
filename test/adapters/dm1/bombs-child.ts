import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createDeflate, createGzip, type Deflate, type Gzip } from 'node:zlib';

import { decodeMessage } from '../../../adapters/dm1/codec';
import { DEVICE_LIMITS } from '../../../src/http/device-routes';
import { decodeContent } from '../../../src/http/content-coding';

/** The largest message that is taken. */
const SIZE = DEVICE_LIMITS.messageOctets;

function filled(head: string, piece: string, tail: string): string {
  return head + piece.repeat(Math.floor((SIZE - head.length - tail.length) / piece.length)) + tail;
}

/** Of a WBXML SyncML document: no public id in octets, UTF-8, and a string table. */
function wbxml(table: Uint8Array, body: Uint8Array): Uint8Array {
  const length = [(table.length >> 14) | 0x80, ((table.length >> 7) & 0x7f) | 0x80, table.length & 0x7f];
  return Buffer.concat([Buffer.from([0x02, 0xa4, 0x01, 0x6a, ...length]), table, Buffer.from([0x6d]), body]);
}

const NONE = new Uint8Array();

/** Made in pieces: what is measured is to be the memory of the one who takes it. */
async function zeros(mebibytes: number, packer: Gzip | Deflate): Promise<Uint8Array> {
  const piece = Buffer.alloc(1024 * 1024);
  const packed = Readable.from(Array.from({ length: mebibytes }, () => piece)).pipe(packer);
  return Buffer.concat(await packed.toArray());
}

interface Bomb {
  readonly body: Uint8Array;
  readonly coding?: string;
}

const text = (body: string): Bomb => ({ body: Buffer.from(body) });

const BOMBS: Readonly<Record<string, () => Bomb | Promise<Bomb>>> = {
  'XML: elements inside one another': () => text(filled('<SyncML>', '<a>', '')),
  'XML: elements side by side': () => text(filled('<SyncML><SyncHdr/>', '<a/>', '</SyncML>')),
  'XML: attributes': () => text(filled('<SyncML', ' a="b"', '/>')),
  'XML: entities': () =>
    text(
      `<!DOCTYPE SyncML [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'b'.repeat(i + 1)} "${`&${'b'.repeat(i) || 'a'};`.repeat(10)}">`).join('')}]><SyncML>&bbbbbbbbb;</SyncML>`,
    ),
  'XML: references': () => text(filled('<SyncML><SyncHdr><VerDTD>', '&#65;', '</VerDTD></SyncHdr></SyncML>')),
  'XML: never ends': () => text(filled('<SyncML><SyncHdr><VerDTD>', 'x', '')),
  'WBXML: elements inside one another': () => ({ body: wbxml(NONE, Buffer.alloc(SIZE - 16, 0x54)) }),
  'WBXML: elements side by side': () => ({ body: wbxml(NONE, Buffer.alloc(SIZE - 16, 0x14)) }),
  'WBXML: one text named again and again': () => ({
    body: wbxml(Buffer.from(`${'x'.repeat(60_000)}\0`), Buffer.alloc(SIZE - 70_000, Buffer.from([0x83, 0x00]))),
  }),
  'WBXML: a string table': () => ({ body: wbxml(Buffer.alloc(SIZE - 32, 0x78), Buffer.from([0x01])) }),
  'WBXML: opaque data longer than all': () => ({
    body: wbxml(NONE, Buffer.from([0xc3, 0x8f, 0xff, 0xff, 0xff, 0x7f, 0x00])),
  }),
  'gzip: a GiB of zeros': async () => ({ body: await zeros(1024, createGzip({ level: 9 })), coding: 'gzip' }),
  'deflate: a GiB of zeros': async () => ({ body: await zeros(1024, createDeflate({ level: 9 })), coding: 'deflate' }),
  'gzip: no larger than a message, from a few octets': async () => ({
    body: await zeros(SIZE / 1024 / 1024, createGzip({ level: 9 })),
    coding: 'gzip',
  }),
};

async function take({ body, coding }: Bomb): Promise<string> {
  const bounds = { octets: SIZE, inflation: DEVICE_LIMITS.inflation };
  const decoded = await decodeContent(body, coding, bounds, true);
  if (!decoded.ok) return String(decoded.status);
  const result = decodeMessage(decoded.body, 'application/vnd.syncml.dm+xml');
  return result.ok ? 'ok' : result.code;
}

/** What one document leaves behind is not the next one's. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Of the codecs themselves, and of whatever made JavaScript of them. */
const AT_FIRST = process.resourceUsage().maxRSS;

/** Takes each and says what came of it, how long it took, and by how much the most memory that was ever used has grown. */
async function main(): Promise<void> {
  for (const [what, make] of Object.entries(BOMBS)) {
    const bomb = await make();
    collect();
    const started = performance.now();
    const code = await take(bomb);
    const ms = Math.round(performance.now() - started);
    const megabytes = Math.round((process.resourceUsage().maxRSS - AT_FIRST) / 1024);
    process.stdout.write(`${JSON.stringify({ what, code, ms, megabytes })}\n`);
  }
  process.stdout.write('end\n');
}

void main();
