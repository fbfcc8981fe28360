/** The DDFs that are measured: the catalogue, all files beside the checkout, and one that is made up. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { decodeXml } from '../schema/ddf/encoding';
import type { MoDefinition } from '../schema/ddf/model';
import { readDdf } from '../schema/ddf/read';

export interface DdfText {
  readonly name: string;
  readonly text: string;
}

/** Files beside the checkout in the order of their paths, every eighth when time is short; undefined when there are none. */
export function sharedFiles(isQuick: boolean): readonly DdfText[] | undefined {
  const folder = resolve(checkout(), '..', 'shared', 'ddf');
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:xml|ddf)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .filter((_, index) => !isQuick || index % 8 === 0)
    .map((path) => ({ name: path.slice(folder.length + 1), text: decodeXml(readFileSync(path)).text }));
}

/** What the files describe; those that are refused describe nothing. */
export function definitionsOf(texts: readonly string[]): readonly MoDefinition[] {
  return texts.flatMap((text) => {
    const result = readDdf(text);
    return result.ok ? result.document.mos : [];
  });
}

/** The folder above this one, compiled or not, that has the package's name card. */
function checkout(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Interior nodes of the made-up DDF: each gives an object type, a filter, an input, an enum and the filter of that. */
const GROUPS = 99;
const LEAVES = 14;
const FORMATS = [
  ['chr', 'text/plain'],
  ['int', 'text/plain'],
  ['bool', 'text/plain'],
  ['b64', 'application/octet-stream'],
] as const;

/** A DDF of about 500 types, which is another one for each `edition`. */
export function syntheticDdf(edition: number): string {
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const leaves = Array.from({ length: LEAVES }, (_, i) => leaf(`Setting${i}`, i));
    return interior(
      `Group${index}`,
      '<DDFName/>',
      `Settings of group ${index}, edition ${edition}.`,
      [...leaves, CHOICE].join('\n'),
    );
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD>
${interior('Plant', '<DDFName>urn:oma:mo:ext-bench-plant:1.0</DDFName>', 'A made-up object.', groups.join('\n'), '<Path>./Vendor/Bench</Path>')}
</MgmtTree>
`;
}

function interior(name: string, type: string, description: string, children: string, path = ''): string {
  return `<Node><NodeName>${name}</NodeName>${path}<DFProperties><AccessType><Get/></AccessType><Description>${description}</Description>
<DFFormat><node/></DFFormat><Occurrence><One/></Occurrence><DFType>${type}</DFType></DFProperties>
${children}</Node>`;
}

function leaf(name: string, index: number): string {
  const [format, mime] = FORMATS[index % FORMATS.length] ?? FORMATS[0];
  return `<Node><NodeName>${name}</NodeName><DFProperties><AccessType><Get/><Replace/></AccessType>
<Description>Setting ${index} of a made-up object, described in a sentence or two as real files do. It takes effect after a restart.</Description>
<DFFormat><${format}/></DFFormat><Occurrence><One/></Occurrence><DFType><MIME>${mime}</MIME></DFType></DFProperties></Node>`;
}

const CHOICE = `<Node><NodeName>Mode</NodeName><DFProperties><AccessType><Get/><Replace/></AccessType><Description>How it works.</Description>
<DFFormat><int/></DFFormat><Occurrence><One/></Occurrence><DFType><MIME>text/plain</MIME></DFType>
<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value>0</MSFT:Value><MSFT:ValueDescription>Off</MSFT:ValueDescription></MSFT:Enum>
<MSFT:Enum><MSFT:Value>1</MSFT:Value><MSFT:ValueDescription>On</MSFT:ValueDescription></MSFT:Enum></MSFT:AllowedValues></DFProperties></Node>`;
