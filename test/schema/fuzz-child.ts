import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { readDdf } from '../../schema/ddf/read';

/** The largest file that is read. */
const SIZE = 16 * 1024 * 1024;

function filled(head: string, piece: string, tail: string): string {
  return head + piece.repeat(Math.floor((SIZE - head.length - tail.length) / piece.length)) + tail;
}

const node = (name: string, more = ''): string =>
  `<Node><NodeName>${name}</NodeName>${more}<DFProperties><AccessType/><DFFormat><node/></DFFormat></DFProperties>`;

const FILES: Readonly<Record<string, () => string | Uint8Array>> = {
  elements: () => filled('<MgmtTree>', '<a/>', '</MgmtTree>'),
  attributes: () => `<MgmtTree${Array.from({ length: 500_000 }, (_, i) => ` a${i}=""`).join('')}/>`,
  comments: () => filled('<MgmtTree><Node>', '<!--x-->', '</Node></MgmtTree>'),
  references: () => filled('<MgmtTree><Node><NodeName>', '&amp;', '</NodeName></Node></MgmtTree>'),
  prolog: () => filled('<!DOCTYPE MgmtTree [', '<?x y?>', ']><MgmtTree/>'),
  'octets of no encoding': () =>
    Buffer.concat([Buffer.from('<MgmtTree><!--'), Buffer.alloc(SIZE - 30, 0x92), Buffer.from('--></MgmtTree>')]),
  'siblings of one name': () => `<MgmtTree>${node('A')}${`${node('B')}</Node>`.repeat(60_000)}</Node></MgmtTree>`,
  'Paths of one place': () =>
    `<MgmtTree>${Array.from({ length: 40_000 }, (_, i) => `${node(`n${i}`, `<Path>./${'a/'.repeat(100)}</Path>`)}</Node>`).join('')}</MgmtTree>`,
  'a default without end': () =>
    filled(
      '<MgmtTree><Node><NodeName>A</NodeName><DFProperties><AccessType/><DefaultValue>',
      '1',
      'x</DefaultValue><DFFormat><float/></DFFormat></DFProperties></Node></MgmtTree>',
    ),
};

/** What one file leaves behind is not the next one's. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Of the reader itself, and of whatever made JavaScript of it. */
const AT_FIRST = process.resourceUsage().maxRSS;

/** Reads each and says what came of it, how long it took, and by how much the most memory that was ever used has grown. */
for (const [what, make] of Object.entries(FILES)) {
  collect();
  const source = make();
  const started = performance.now();
  const result = readDdf(source);
  const ms = Math.round(performance.now() - started);
  const megabytes = Math.round((process.resourceUsage().maxRSS - AT_FIRST) / 1024);
  process.stdout.write(`${JSON.stringify({ what, code: result.ok ? 'ok' : result.refusal.code, ms, megabytes })}\n`);
}
process.stdout.write('end\n');
