import type { DdfKnowledge } from '../../adapters/adapter';
import { DdfLibrary } from '../../schema/ddf/library';
import { definitionsOf, ddf, libraryOf, node } from './ddf-texts';

const leaf = (name: string, access = 'Get'): string => node(name, { format: 'chr', access });
const v1 = ddf(
  node('Meter', {
    moid: 'urn:oma:mo:ext-acme-meter:1.0',
    path: './Vendor/Acme',
    children: [
      leaf('Serial'),
      node('Tariff', { children: [node('', { children: [leaf('Rate', 'Get Replace')] }), leaf('Default')] }),
    ],
  }),
);
const v2 = ddf(
  node('Meter', {
    moid: 'urn:oma:mo:ext-acme-meter:1.1',
    children: [leaf('Serial', 'Get Replace'), node('Clock', { format: 'time' })],
  }),
);

describe('DDF library', () => {
  const library = libraryOf(v1, v2);

  test('is what the adapters ask their knowledge of', () => {
    const knowledge: DdfKnowledge = library;

    expect(knowledge.isKnown('urn:oma:mo:ext-acme-meter:7.0')).toBe(true);
    expect(knowledge.isKnown('urn:oma:mo:ext-acme-pump:1.0')).toBe(false);
  });

  test('a version that is known answers for itself, an unknown one or the family for all', () => {
    expect(library.node('urn:oma:mo:ext-acme-meter:1.0', 'Serial')?.access).toEqual(['Get']);
    expect(library.node('urn:oma:mo:ext-acme-meter:1.0', 'Clock')).toBeUndefined();
    expect(library.node('urn:oma:mo:ext-acme-meter', 'Serial')?.access).toEqual(['Get', 'Replace']);
    expect(library.node('urn:oma:mo:ext-acme-meter:2.0', 'Clock')?.format).toBe('time');
  });

  test('unnamed nodes match any name but those of their siblings', () => {
    const format = (path: string): string | undefined => library.node('urn:oma:mo:ext-acme-meter', path)?.format;

    expect([
      format('Tariff/night'),
      format('Tariff/night/Rate'),
      format('Tariff/Default'),
      format('Tariff/a%2Fb/Rate'),
    ]).toEqual(['node', 'chr', 'chr', 'chr']);
    expect([format(''), format('Nowhere'), format('Tariff//Rate'), format('a/'.repeat(10_000))]).toEqual([
      'node',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a definition that tells no version holds for every version', () => {
    const both = new DdfLibrary([
      ...definitionsOf(
        ddf(node('DevInfo', { path: '.', moid: 'urn:oma:mo:oma-dm-devinfo:1.0', children: [leaf('DevId')] })),
      ),
      ...definitionsOf(ddf(node('DevInfo', { path: '.', children: [leaf('Extra')] }))),
    ]);

    expect(both.families()).toEqual(['urn:oma:mo:oma-dm-devinfo']);
    expect(both.node('urn:oma:mo:oma-dm-devinfo:1.0', 'Extra')?.format).toBe('chr');
    expect(both.places()).toEqual([{ place: './DevInfo', moid: 'urn:oma:mo:oma-dm-devinfo:1.0' }]);
    expect(both.definition('./DevInfo')?.root.children[0]?.name).toBe('Extra');
  });

  test('fixed places are told, of unnamed roots with *', () => {
    const account = ddf(node('', { path: './DMAcc', moid: 'urn:oma:mo:oma-dm-dmacc:1.0', children: [leaf('AppID')] }));

    expect(libraryOf(account, v1).places()).toEqual([
      { place: './DMAcc/*', moid: 'urn:oma:mo:oma-dm-dmacc:1.0' },
      { place: './Vendor/Acme/Meter', moid: 'urn:oma:mo:ext-acme-meter:1.0' },
    ]);
  });
});
