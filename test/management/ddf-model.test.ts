import { readDdf } from '../../schema/ddf/read';
import type { DdfDocument } from '../../schema/ddf/model';
import { modelVersion, packModel, readModel, unpackModel, writeModel } from '../../src/management/ddf-model';

function documentOf(source: string): DdfDocument {
  const result = readDdf(source);
  if (!result.ok) throw new Error(result.refusal.message);
  return result.document;
}

const PUMP = `<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD>
<Node><NodeName>Pump</NodeName><Path>./Vendor/Example</Path><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat><DFType><DDFName>urn:oma:mo:ext-example-pump:1.0</DDFName></DFType></DFProperties>
<Node><NodeName>Level</NodeName><DFProperties><AccessType><Get/><Replace/></AccessType><DFFormat><int/></DFFormat><DFType><MIME>text/plain</MIME></DFType>
<MSFT:AllowedValues ValueType="Range"><MSFT:Value>[-9223372036854775808-9223372036854775807]</MSFT:Value></MSFT:AllowedValues></DFProperties></Node>
<Node><NodeName>Odd</NodeName><DFProperties><AccessType><Get/></AccessType><Description>tab\t, quote ", \u2028 and 💧</Description><DFFormat><chr/></DFFormat><MSFT:Deprecated OsBuildDeprecated="10.0.1"/></DFProperties></Node>
</Node></MgmtTree>`;

describe('The model of a DDF as text', () => {
  test('gives the very document back, bounds beyond 2^53 and the order of keys included', () => {
    const document = documentOf(PUMP);
    const range = document.mos[0]?.root.children[0]?.allowed;
    expect(range).toMatchObject({ kind: 'range', ranges: [{ min: -(2n ** 63n), max: 2n ** 63n - 1n }] });
    const again = readModel(writeModel(document));
    expect(again).toEqual(document);
    expect(again && writeModel(again)).toBe(writeModel(document));
  });

  test('is kept packed, and what is no packed model gives none', async () => {
    const document = documentOf(PUMP);
    const packed = await packModel(document);
    expect(await unpackModel(packed)).toEqual(document);
    for (const octets of [new Uint8Array(), packed.subarray(0, -1), Buffer.from(writeModel(document))])
      expect(await unpackModel(octets)).toBeUndefined();
  });

  test.each(['', '{', 'null', '{}', '{"mos":[{"root":{"allowed":{"kind":"range","ranges":[{"min":"x"}]}}}]}'])(
    'is nothing where it cannot be one: %s',
    (text) => {
      expect(readModel(text)).toBeUndefined();
    },
  );

  test('has a version that says its format and stays the same while the reader does', () => {
    expect(modelVersion()).toMatch(/^\d+-[0-9a-f]{16}$/);
    expect(modelVersion()).toBe(modelVersion());
  });
});
