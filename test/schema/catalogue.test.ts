import { validateSchema } from 'graphql';

import { loadCatalogue, loadDemoCatalogue } from '../../schema/catalogue/load';
import { compiled, documentOf } from './ddf-texts';
import { catalogueLibrary } from './catalogue-family';

describe('The catalogue', () => {
  test('is read without a warning, and each file describes one object by its MOID', () => {
    for (const { name, text } of [...loadCatalogue(), ...loadDemoCatalogue()]) {
      const { mos, warnings } = documentOf(text);
      expect([name, mos.length, warnings]).toEqual([name, 1, []]);
      expect(mos[0]?.moid).toMatch(/^urn:oma:mo:[a-z-]+:[0-9]\.[0-9]$/);
    }
  });

  test('has the standard objects in the versions of both protocols', () => {
    expect(
      catalogueLibrary()
        .families()
        .flatMap((family) =>
          catalogueLibrary()
            .family(family)
            .map(({ moid }) => moid),
        ),
    ).toEqual([
      'urn:oma:mo:ext-acme-meter:1.0',
      'urn:oma:mo:oma-dm-devdetail:1.0',
      'urn:oma:mo:oma-dm-devdetail:1.1',
      'urn:oma:mo:oma-dm-devinfo:1.0',
      'urn:oma:mo:oma-dm-devinfo:1.2',
      'urn:oma:mo:oma-dm-dmacc:1.0',
      'urn:oma:mo:oma-dm-dmacc:1.1',
      'urn:oma:mo:oma-dm-dmacc:1.2',
      'urn:oma:mo:oma-fumo:1.0',
      'urn:oma:mo:oma-scomo:1.0',
      'urn:oma:mo:oma-scomo:1.1',
      'urn:oma:mo:oma-sessioninfomo:1.0',
    ]);
  });

  test('makes a valid schema in which secrets have no field', () => {
    const { schema, part } = compiled(catalogueLibrary());

    expect(validateSchema(schema)).toEqual([]);
    expect(part.refusals).toEqual([]);
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('DmAcc') && 'getFields' in type)
        expect(Object.keys(type.getFields())).not.toContain('aAuthSecret');
    }
  });

  test('knows where the objects of a DM 1.x device stand', () => {
    expect(catalogueLibrary().places()).toEqual([
      { place: './DMAcc/*', moid: 'urn:oma:mo:oma-dm-dmacc:1.0' },
      { place: './DevDetail', moid: 'urn:oma:mo:oma-dm-devdetail:1.0' },
      { place: './DevInfo', moid: 'urn:oma:mo:oma-dm-devinfo:1.0' },
      { place: './Vendor/Acme/Meter', moid: 'urn:oma:mo:ext-acme-meter:1.0' },
    ]);
  });
});
