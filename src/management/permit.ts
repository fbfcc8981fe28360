/**
 * What a caller may ask of one device, command by command. Addresses are mapped to (family, path) before they come here, so
 * the same node is judged alike by whatever address it is asked.
 */
import { familyOf } from '../../schema/ddf/library';
import type { Right, Rights, ScopedDevice, Spot } from '../access/rights';
import { findPlace, type PlacedMo } from './places';
import { ManagementError, type NorthboundKind } from './types';

/** The right that a kind of command needs at its address; a copy needs READ at its source besides. */
export const NEEDED: Readonly<Record<NorthboundKind, Right>> = {
  get: 'READ',
  add: 'WRITE',
  replace: 'WRITE',
  delete: 'WRITE',
  copy: 'WRITE',
  exec: 'EXECUTE',
  show: 'EXECUTE',
  getAcl: 'DELEGATE',
  setAcl: 'DELEGATE',
  getAccess: 'DELEGATE',
  setAccess: 'DELEGATE',
  default: 'WRITE',
  subscribe: 'READ',
  unsubscribe: 'READ',
};

export interface Permits {
  /**
   * Throws FORBIDDEN, or NOT_FOUND where the caller has no right at all: both whether or not the node exists.
   *
   * @param spot the node; undefined: something of no management object
   */
  check(right: Right, spot: Spot | undefined, where: string): void;
  /** A LocURI that lies in no management object needs RAW besides the command's own right on the whole device. */
  checkRaw(right: Right, where: string): void;
  /** Whether instances of a family may be told to the caller. */
  tellsOf(family: string): boolean;
}

export const ALL_PERMITTED: Permits = { check: () => undefined, checkRaw: () => undefined, tellsOf: () => true };

export function permitsOf(rights: Rights, device: ScopedDevice): Permits {
  if (rights.isAdmin) return ALL_PERMITTED;
  const check: Permits['check'] = (right, spot, where) => {
    const isHeld = spot === undefined ? rights.onDevice(right, device) : rights.at(right, device, spot);
    if (isHeld) return;
    if (spot !== undefined && !rights.touches(device, spot.family))
      throw new ManagementError('NOT_FOUND', `${where}: there is nothing here that you may use`);
    throw lacking(right, where);
  };
  return {
    check,
    checkRaw(right, where) {
      check(right, undefined, where);
      if (!rights.within('RAW', device)) throw lacking('RAW', where);
    },
    tellsOf: (family) => rights.readable(device, family).length > 0,
  };
}

function lacking(right: Right, where: string): ManagementError {
  return new ManagementError('FORBIDDEN', `${where}: the right ${right} is needed here`, { right });
}

/**
 * Spots of other management objects that a command on a node reaches as well: the object that the node belongs to where
 * they nest, and those that lie below it.
 */
export function nestedSpots(
  { moid, miid, path }: { readonly moid: string | null; readonly miid: string | null; readonly path: string },
  mos: readonly PlacedMo[],
): readonly Spot[] {
  if (moid === null) return [];
  const family = familyOf(moid);
  const own = mos.find((mo) => mo.family === family && mo.miid === miid);
  if (own?.place == null) return [];
  const place = path === '' ? own.place : `${own.place}/${path}`;
  const inner = findPlace(mos, place);
  const below = mos.filter(
    (mo) => mo !== own && mo.place !== null && findPlace([{ ...own, place }], mo.place) !== undefined,
  );
  return [
    ...(inner === undefined || inner.mo === own ? [] : [{ family: inner.mo.family, path: inner.path }]),
    ...below.map((mo) => ({ family: mo.family, path: '' })),
  ];
}
