/** An object of a vendor whose one value is large, to rehearse large objects with. Source: dm1 8. */
import { folder, leaf } from './definition';
import type { Plant } from './standard-tree';

/** `./Vendor/Acme/Large/Data`, which can be read and written whole. */
export function largeObject(octets: number): Plant {
  const value = Uint8Array.from({ length: octets }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
  return {
    place: './Vendor/Acme/Large',
    root: folder('Large', [leaf('Data', 'bin', value, { access: ['Get', 'Replace'] })], {
      moid: 'urn:oma:mo:ext-acme-large:1.0',
    }),
  };
}
