/** What an administrator says of nodes that the device does not explain: kept until it is taken back. DM 1.x. */
import { familyOf, versionOf } from '../../schema/ddf/library';
import { badInput, notFound } from '../access/inputs';
import { administer, type AdministrativeTransaction, recordChange } from '../access/journal';
import type { Database } from '../store/database';
import type { Device, Prisma } from '../store/generated/client';
import { nameInstance, normaliseUri } from './places';
import { isStorable } from './tree';
import { type Caller, ManagementError } from './types';

export interface Recognition {
  readonly deviceId: string;
  /** LocURI of the node. */
  readonly location: string;
  /** Null: what was said of it is forgotten. */
  readonly moid: string | null;
}

const MAX_LENGTH = 1_024;
const MAX_MOID = 256;
/** Said of one device at most. */
const MAX_RECOGNITIONS = 200;

/**
 * Says which MO a node is the root of. It counts at once for what is stored, and for each later discovery, for which
 * the device is due. Errors: BAD_USER_INPUT, NOT_FOUND, NOT_SUPPORTED_BY_DEVICE.
 */
export async function recognise(
  db: Database,
  { deviceId, location, moid }: Recognition,
  caller: Caller,
): Promise<void> {
  const place = checkPlace(location);
  if (moid !== null && !isMoid(moid)) throw badInput(`1 to ${MAX_MOID} characters without white space`, 'moid');
  await administer(db, async (tx) => {
    // The device's row first: a turn that waits for its lock notices.
    const device = await tx.device
      .update({ where: { deviceId }, data: { discoverRequested: true, updatedAt: new Date() } })
      .catch(() => {
        throw notFound('device');
      });
    if (device.protocol === 'DM_2_0')
      throw new ManagementError('NOT_SUPPORTED_BY_DEVICE', 'A DM 2.0 device has no LocURIs and tells its MOs itself.');
    const said = { ...(device.recognised as Record<string, string>) };
    Reflect.deleteProperty(said, place);
    if (moid !== null) said[place] = moid;
    if (Object.keys(said).length > MAX_RECOGNITIONS)
      throw badInput(`of one device at most ${MAX_RECOGNITIONS} are kept`, 'location');
    await tx.device.update({ where: { id: device.id }, data: { recognised: said } });
    if (moid !== null) await rename(tx, device, place, moid);
    await recordChange(tx, {
      type: 'managementObjectRecognised',
      caller,
      device: device.id,
      data: { deviceId, location: place, moid },
    });
  });
}

/** What is stored of the node becomes that of the other MO, with an instance identifier of its own. */
async function rename(tx: AdministrativeTransaction, device: Device, place: string, moid: string): Promise<void> {
  const stored = await tx.managementObject.findMany({ where: { deviceId: device.id, place } });
  const family = familyOf(moid);
  const [known] = stored;
  if (known === undefined) return;
  const head = { moid, version: versionOf(moid), recognisedBy: 'ADMINISTRATOR' };
  const same = stored.find((mo) => mo.family === family);
  const key = (mo: { family: string; miid: string }): Prisma.ManagementObjectWhereUniqueInput => ({
    deviceId_family_miid: { deviceId: device.id, family: mo.family, miid: mo.miid },
  });
  if (same !== undefined) await tx.managementObject.update({ where: key(same), data: head });
  else {
    const others = await tx.managementObject.findMany({
      where: { deviceId: device.id, family },
      select: { miid: true },
    });
    const miid = nameInstance(place, new Set(others.map((mo) => mo.miid)));
    await tx.managementObject.update({ where: key(known), data: { ...head, family, miid } });
  }
  for (const mo of stored) if (mo !== (same ?? known)) await tx.managementObject.delete({ where: key(mo) });
}

function isMoid(moid: string): boolean {
  return moid.length > 0 && moid.length <= MAX_MOID && isStorable(moid) && !/\s/.test(moid);
}

function checkPlace(location: string): string {
  const isFine =
    location.length <= MAX_LENGTH &&
    isStorable(location) &&
    !/[?\s]/.test(location) &&
    !/(^|\/)\.\.(\/|$)/.test(location) &&
    !location.startsWith('/');
  const place = isFine ? normaliseUri(location) : '.';
  if (place === '.') throw badInput('the LocURI of a node, such as ./Vendor/Acme/Meter', 'location');
  return place;
}
