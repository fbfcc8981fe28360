import { DocumentChanges, type Mo } from '../../src/management/documents';
import type { Tree, Value } from '../../adapters/adapter';
import { LIBRARY } from './given';

const INFO = 'urn:oma:mo:oma-dm-devinfo:1.0';
const chr = (name: string, data: string, mime?: string): Tree => ({
  name,
  value: { format: 'chr', data, ...(mime === undefined ? {} : { mime }) } as Value,
});
const told = (...children: Tree[]): Tree => ({ name: 'DevInfo', children });
const STORED = {
  values: { DevId: 'IMEI:1', Lang: 'en', Ext: { Acme: { Colour: 'red' } } },
  meta: { DevId: ['chr', null], Lang: ['chr', null], 'Ext/Acme/Colour': ['chr', null] },
  moid: INFO,
  place: './DevInfo',
  recognisedBy: 'PLACE',
};
const given = (): { readonly mo: Mo; readonly changes: DocumentChanges } => ({
  mo: { family: INFO.slice(0, -4), moid: INFO, miid: 'DevInfo', place: './DevInfo', validator: null, known: STORED },
  changes: new DocumentChanges(LIBRARY),
});

describe('What a device tells of a document that was loaded', () => {
  test('is no news when the document holds it already: only the time is', () => {
    const { mo, changes } = given();
    changes.touch(mo, 'PLACE');
    changes.observe(
      mo,
      '',
      told(chr('DevId', 'IMEI:1'), { name: 'Ext', children: [{ name: 'Acme', children: [chr('Colour', 'red')] }] }),
      false,
    );
    expect(changes.take()).toEqual({ documents: [], touched: [{ family: mo.family, miid: 'DevInfo' }] });
  });

  test.each<[string, (mo: Mo, changes: DocumentChanges) => void]>([
    ['another value', (mo, changes) => changes.observe(mo, '', told(chr('Lang', 'de')), false)],
    ['a further node', (mo, changes) => changes.observe(mo, '', told(chr('Mod', 'Widget')), false)],
    ['another MIME type', (mo, changes) => changes.observe(mo, '', told(chr('Lang', 'en', 'text/odd')), false)],
    ['a whole document', (mo, changes) => changes.observe(mo, '', told(chr('DevId', 'IMEI:1')), true)],
    ['another way of recognition', (mo, changes) => changes.touch(mo, 'MOID')],
    ['a node that is gone', (mo, changes) => changes.remove(mo, 'Lang')],
    ['another instance of the name', (mo, changes) => changes.begin(mo)],
    ['a value written', (mo, changes) => changes.write(mo, 'Lang', chr('Lang', 'en'))],
  ])('is news with %s', (_, change) => {
    const { mo, changes } = given();
    change(mo, changes);
    expect(changes.take().documents).toHaveLength(1);
  });

  test('is judged by what is stored then, and not by what was loaded, once it has changed', () => {
    const { mo, changes } = given();
    changes.observe(mo, '', told(chr('Lang', 'de')), false);
    expect(changes.take().documents).toHaveLength(1);
    changes.observe(mo, '', told(chr('Lang', 'en')), false);
    expect(changes.take().documents).toHaveLength(1);
  });
});
