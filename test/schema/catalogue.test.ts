import { isObjectType, validateSchema } from 'graphql';

import { loadCatalogue, loadDemoCatalogue } from '../../schema/catalogue/load';
import type { DdfNode } from '../../schema/ddf/model';
import { catalogueLibrary } from './catalogue-family';
import { compiled, documentOf } from './ddf-texts';

const MOIDS = [
  'urn:oma:mo:ext-acme-meter:1.0',
  'urn:oma:mo:oma-connmo-httpproxy:1.0',
  'urn:oma:mo:oma-connmo-nap:1.0',
  'urn:oma:mo:oma-dcmo:1.0',
  'urn:oma:mo:oma-diagmon:1.0',
  'urn:oma:mo:oma-dm-dacmo:1.0',
  'urn:oma:mo:oma-dm-devdetail:1.0',
  'urn:oma:mo:oma-dm-devdetail:1.1',
  'urn:oma:mo:oma-dm-devinfo:1.0',
  'urn:oma:mo:oma-dm-devinfo:1.2',
  'urn:oma:mo:oma-dm-dmacc:1.0',
  'urn:oma:mo:oma-dm-dmacc:1.1',
  'urn:oma:mo:oma-dm-dmacc:1.2',
  'urn:oma:mo:oma-dm-inbox:1.0',
  'urn:oma:mo:oma-fumo:1.0',
  'urn:oma:mo:oma-lawmo:1.0',
  'urn:oma:mo:oma-scomo:1.0',
  'urn:oma:mo:oma-scomo:1.1',
  'urn:oma:mo:oma-sessioninfomo:1.0',
];

/** A node and all below it, with their paths. */
function nodesOf(node: DdfNode, path = ''): readonly (readonly [string, DdfNode])[] {
  const below = (child: DdfNode): string => `${path === '' ? '' : `${path}/`}${child.name || '*'}`;
  return [[path, node], ...node.children.flatMap((child) => nodesOf(child, below(child)))];
}

function accessOf(moid: string): Readonly<Record<string, string>> {
  const root = catalogueLibrary().definition(moid)?.root;
  return Object.fromEntries(root ? nodesOf(root).map(([path, { access }]) => [path, access.join(' ')]) : []);
}

describe('The catalogue', () => {
  test('is read without a warning, and each file describes one object by its MOID', () => {
    for (const { name, text } of [...loadCatalogue(), ...loadDemoCatalogue()]) {
      const { mos, warnings } = documentOf(text);
      expect([name, mos.length, warnings]).toEqual([name, 1, []]);
      expect(mos[0]?.moid).toMatch(/^urn:oma:mo:[a-z-]+:[0-9]\.[0-9]$/);
    }
  });

  test('has the standard objects in the versions of both protocols', () => {
    const library = catalogueLibrary();
    expect(library.families().flatMap((family) => library.family(family).map(({ moid }) => moid))).toEqual(MOIDS);
  });

  test('tells people what each node is: a title and a description', () => {
    for (const { name, text } of loadCatalogue()) {
      for (const { root } of documentOf(text).mos) {
        const bare = nodesOf(root).filter(([, node]) => !node.title || !node.description);
        expect([name, bare.map(([path]) => path)]).toEqual([name, []]);
      }
    }
  });

  test('makes a valid schema in which secrets have no field', () => {
    const { schema, part } = compiled(catalogueLibrary());

    expect(validateSchema(schema)).toEqual([]);
    expect(part.refusals).toEqual([]);
    const hidden = ['aAuthSecret', 'authSecret', 'clientSecretKey', 'clientPubKey', 'serverPubKey'];
    for (const type of Object.values(schema.getTypeMap())) {
      if (isObjectType(type)) expect(Object.keys(type.getFields()).filter((name) => hidden.includes(name))).toEqual([]);
    }
  });

  test('gives the objects of OMA plain names', () => {
    expect(compiled(catalogueLibrary()).part.families.map(({ name }) => name)).toEqual([
      'AcmeMeter',
      'ConnMoHttpProxy',
      'ConnMoNap',
      'Dcmo',
      'DelegationAccessControl',
      'DevDetail',
      'DevInfo',
      'DiagMon',
      'DmAcc',
      'Fumo',
      'Inbox',
      'Lawmo',
      'Scomo',
      'SessionInfo',
    ]);
  });

  test('knows where the objects of a DM 1.x device stand', () => {
    expect(catalogueLibrary().places()).toEqual([
      { place: './DMAcc/*', moid: 'urn:oma:mo:oma-dm-dmacc:1.0' },
      { place: './DevDetail', moid: 'urn:oma:mo:oma-dm-devdetail:1.0' },
      { place: './DevInfo', moid: 'urn:oma:mo:oma-dm-devinfo:1.0' },
      { place: './Inbox', moid: 'urn:oma:mo:oma-dm-inbox:1.0' },
      { place: './Vendor/Acme/Meter', moid: 'urn:oma:mo:ext-acme-meter:1.0' },
    ]);
  });

  test('holds what devices do for certain, and no more', () => {
    expect(accessOf('urn:oma:mo:oma-dm-inbox:1.0')).toEqual({ '': 'Add' });
    expect(accessOf('urn:oma:mo:oma-lawmo:1.0')).toMatchObject({
      State: 'Get',
      'AvailableWipeList/*/ToBeWiped': 'Get Replace',
      'Operations/UnLock': 'Exec',
    });
    expect(accessOf('urn:oma:mo:oma-dcmo:1.0')).toMatchObject({ Enabled: 'Get', 'Operations/Disable': 'Exec' });
    expect(accessOf('urn:oma:mo:oma-connmo-nap:1.0')).toMatchObject({
      '': 'Add Delete Get',
      NAPID: 'Add Get Replace',
      'AuthInfo/AuthSecret': 'Add Delete Replace',
    });
    expect(accessOf('urn:oma:mo:oma-dm-dacmo:1.0')).toMatchObject({ '*/*/Permissions/*/AR': 'Get' });
  });
});
