/** The management object of the tortured devices: leaves to write, a folder to add to, and nodes that are executed once. */
import { folder, leaf } from '../../src/simulator';
import type { Plant } from '../../src/simulator';

export const MOID = 'urn:oma:mo:ext-acme-rack:1.0';
export const PLACE = ['Vendor', 'Acme', 'Rack'] as const;
export const CELLS = 4;
/** Executed by a campaign. */
export const OF_CAMPAIGN = 'Campaign';

const TEXT = '<DFFormat><chr/></DFFormat>';
const NODE = '<DFFormat><node/></DFFormat>';

function nodeXml(name: string, access: readonly string[], format: string, occurrence: string, below = ''): string {
  const rights = access.map((right) => `<${right}/>`).join('');
  const scope = access.includes('Add') || name === '' ? '<Dynamic/>' : '<Permanent/>';
  const type = format === NODE ? '<DDFName/>' : '<MIME>text/plain</MIME>';
  return `<Node><NodeName>${name}</NodeName><DFProperties><AccessType>${rights}</AccessType>${format}
    <Occurrence><${occurrence}/></Occurrence><Scope>${scope}</Scope><DFType>${type}</DFType></DFProperties>${below}</Node>`;
}

/** Its DDF. */
export const DDF = `<?xml version="1.0" encoding="UTF-8"?>
<MgmtTree><VerDTD>1.2</VerDTD>
  <Node><NodeName>Rack</NodeName><Path>./Vendor/Acme</Path>
    <DFProperties><AccessType><Get/></AccessType>${NODE}<Occurrence><One/></Occurrence><Scope><Dynamic/></Scope>
      <DFType><DDFName>${MOID}</DDFName></DFType></DFProperties>
    ${Array.from({ length: CELLS }, (_, n) => nodeXml(`Cell${n}`, ['Get', 'Replace'], TEXT, 'One')).join('')}
    ${nodeXml('Told', ['Get'], TEXT, 'One')}
    ${nodeXml('Box', ['Get'], NODE, 'One', nodeXml('', ['Add', 'Delete', 'Get', 'Replace'], TEXT, 'ZeroOrMore'))}
    ${nodeXml('Ops', ['Get'], NODE, 'One', nodeXml('', ['Exec'], '<DFFormat><null/></DFFormat>', 'ZeroOrMore'))}
  </Node>
</MgmtTree>`;

/** What a device has of it. `ops`: names of the nodes that can be executed. */
export function rack(ops: readonly string[]): Plant {
  const cells = Array.from({ length: CELLS }, (_, n) =>
    leaf(`Cell${n}`, 'chr', 'as made', { access: ['Get', 'Replace'] }),
  );
  const boxed = { ...leaf('', 'chr', undefined, { access: ['Add', 'Delete', 'Get', 'Replace'] }), permanent: false };
  const executed = { ...leaf('', 'null', '', { access: ['Exec'] }), permanent: false };
  const present = [...ops, OF_CAMPAIGN].map((name) => ({ name }));
  return {
    place: `./${PLACE.join('/')}`,
    root: folder(
      'Rack',
      [...cells, leaf('Told', 'chr', 'as made'), folder('Box', [boxed]), folder('Ops', [{ ...executed, present }])],
      { moid: MOID },
    ),
  };
}
