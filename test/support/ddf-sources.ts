/** A small DDF of a made-up vendor's object, with the leaves that a test asks for. */
export function ddfSource(name: string, leaves: readonly string[] = ['Level'], version = '1.0'): string {
  const nodes = leaves.map(
    (
      leaf,
    ) => `<Node><NodeName>${leaf}</NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><chr/></DFFormat>
      <DFType><MIME>text/plain</MIME></DFType></DFProperties></Node>`,
  );
  return `<?xml version="1.0"?>
<MgmtTree><VerDTD>1.2</VerDTD>
  <Node><NodeName>${name}</NodeName><Path>./Vendor/Example</Path>
    <DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat><Occurrence><One/></Occurrence>
      <DFType><DDFName>urn:oma:mo:ext-example-${name.toLowerCase()}:${version}</DDFName></DFType></DFProperties>
    ${nodes.join('\n')}
  </Node>
</MgmtTree>`;
}
