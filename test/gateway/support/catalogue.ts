import { loadCatalogue, loadDemoCatalogue } from '../../../schema/catalogue/load';
import type { DdfNode, MoDefinition } from '../../../schema/ddf/model';
import { readDdf } from '../../../schema/ddf/read';
import type { Plant } from '../../../src/simulator';
import { nameBelow, plantOf, plantWithRoot, valueOf } from './plant-of';

/** An MO that the devices of a test hold one instance of. */
export interface CatalogueObject {
  /** Name of its file without suffix, such as `fumo-1.0`. */
  readonly name: string;
  /** Name of its instance: the same, except of one that its place alone tells. */
  readonly miid: string;
  readonly mo: MoDefinition;
  readonly plant: Plant;
  /** Nodes of the instance, parents first; the root has path ''. */
  readonly spots: readonly Spot[];
  /** All that can be read, as a get of the whole brings it. */
  readonly values: unknown;
}

/** A node that the instance has. */
export interface Spot {
  readonly path: string;
  readonly node: DdfNode;
}

/** An MO with a leaf of every format and of every kind of allowed values, which no file of the catalogue has all of. */
export const EVERY_FORMAT = everyFormat();

/** One for every MO that the gateway ships, and one of every format. */
export function catalogueObjects(): readonly CatalogueObject[] {
  return [...loadCatalogue(), ...loadDemoCatalogue(), EVERY_FORMAT].flatMap(({ name, text }) => {
    const read = readDdf(text);
    if (!read.ok) throw new Error(`${name}: ${read.refusal.code}`);
    return read.document.mos.map((mo) => objectOf(name.replace(/\.ddf\.xml$/, ''), mo));
  });
}

function objectOf(name: string, mo: MoDefinition): CatalogueObject {
  // A root that must not be read tells no Type: a DM 1.x device has it where its DDF says.
  const place = mo.root.access.includes('Get') ? undefined : mo.place;
  const miid = place === undefined ? name : mo.root.name;
  return {
    name,
    miid,
    mo,
    plant: place === undefined ? plantWithRoot(mo, `./Catalogue/${name}`, name) : plantOf(mo, place, mo.moid),
    spots: spotsOf(mo.root, '', name),
    values: jsonOf(mo.root, name),
  };
}

function spotsOf(node: DdfNode, path: string, name: string): readonly Spot[] {
  const below = node.children.flatMap((child) => {
    const called = nameBelow(name, child);
    return spotsOf(child, path === '' ? called : `${path}/${called}`, called);
  });
  return [{ path, node }, ...below];
}

export function jsonOf(node: DdfNode, name: string): unknown {
  if (node.format !== 'node') return jsonOfLeaf(node, name);
  const children = node.children.filter(({ access, format }) => {
    return access.includes('Get') || (format === 'null' && access.includes('Exec'));
  });
  return Object.fromEntries(
    children.map((child) => {
      const called = nameBelow(name, child);
      return [called, jsonOf(child, called)];
    }),
  );
}

function jsonOfLeaf(node: DdfNode, name: string): unknown {
  const value = valueOf(node, name);
  if (typeof value !== 'string') return Buffer.from(value).toString('base64');
  switch (node.format) {
    case 'int':
    case 'float':
      return Number(value);
    case 'bool':
      return value === 'true';
    case 'null':
      return null;
    default:
      return value;
  }
}

function everyFormat(): { readonly name: string; readonly text: string } {
  const node = (name: string, format: string, access: string, more = '', below = ''): string => `<Node>
    <NodeName>${name}</NodeName>
    <DFProperties>
      <AccessType>${access.replace(/\w+/g, '<$&/>')}</AccessType>
      <DFFormat><${format}/></DFFormat>
      <Occurrence><ZeroOrOne/></Occurrence>
      <Scope><Dynamic/></Scope>
      <DFType>${format === 'node' ? '<DDFName/>' : `<MIME>${format === 'bin' ? 'application/octet-stream' : 'text/plain'}</MIME>`}</DFType>
      ${more}
    </DFProperties>${below}
  </Node>`;
  const allowed = (type: string, content: string): string =>
    `<MSFT:AllowedValues ValueType="${type}">${content}</MSFT:AllowedValues>`;
  const listed = (...values: readonly string[]): string =>
    values.map((value) => `<MSFT:Enum><MSFT:Value>${value}</MSFT:Value></MSFT:Enum>`).join('');
  // Files of the catalogue have others that come and go.
  const dynamic = ['b64', 'bin', 'date', 'float', 'time', 'xml'];
  const leaves = [
    ...dynamic.map((format) => node(`Any_${format}`, format, 'Add Delete Get Replace')),
    ...['bool', 'chr', 'int'].map((format) => node(`Any_${format}`, format, 'Get Replace')),
    node('Nothing', 'null', 'Add Delete Get'),
    node('Port', 'int', 'Get Replace', allowed('Range', '<MSFT:Value>[1-65535]</MSFT:Value>')),
    node('Mode', 'chr', 'Get Replace', allowed('ENUM', listed('slow', 'fast'))),
    node('Level', 'int', 'Get Replace', allowed('ENUM', listed('1', '3', '5'))),
    node('Mask', 'int', 'Get Replace', allowed('Flag', listed('1', '2', '8'))),
  ];
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD>
  ${node('', 'node', 'Get', '', leaves.join('')).replace('<DDFName/>', '<DDFName>urn:oma:mo:ext-acme-formats:1.0</DDFName>')}
</MgmtTree>`;
  return { name: 'every-format', text };
}
