/**
 * Which MO a text names. A family is a MOID without its version; a description without MOID is known by its place.
 * Source: OMA-TS-DM_TND 1.3, "Management Object Identifier"; places: OMA-TS-DM_StdObj, fixed roots.
 */

/** Families that were known under other identifiers, and objects whose place is fixed by their specification. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['org.openmobilealliance/FirmwareUpdateManagementObject', 'urn:oma:mo:oma-fumo'],
  ['urn:oma:mo:oma-dm-fumo', 'urn:oma:mo:oma-fumo'],
  ['urn:oma:mo:oma-diag', 'urn:oma:mo:oma-diagmon'],
  ['urn:oma:mo:oma-devinfo', 'urn:oma:mo:oma-dm-devinfo'],
  ['urn:oma:mo:oma-devdetail', 'urn:oma:mo:oma-dm-devdetail'],
  ['./DevInfo', 'urn:oma:mo:oma-dm-devinfo'],
  ['./DevDetail', 'urn:oma:mo:oma-dm-devdetail'],
  ['./Inbox', 'urn:oma:mo:oma-dm-inbox'],
]);

const VERSION = /^[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}$/;
/** Microsoft's older releases carry this MOID, the newer ones none: the place is the same, so the family is. */
const MICROSOFT = /^com\.microsoft\/[0-9.]{1,20}\/(?:MDM|WindowsPhone)\/([^/]+)$/;

/**
 * The identity of all versions of an MO: `urn:oma:mo:oma-fumo:1.0` → `urn:oma:mo:oma-fumo`,
 * `com.vendor/1.0/Name` → `com.vendor/Name`, `./Device/Vendor/X` → `./Vendor/X`. Idempotent; takes any text.
 *
 * @param place canonical place of the root where the file tells one: it tells the `./User` twin of a Microsoft object
 */
export function familyOf(moid: string, place?: string): string {
  const text = moid.trim();
  if (isPlace(text)) {
    const canonical = canonicalPlace(text);
    return ALIASES.get(canonical) ?? canonical;
  }
  const microsoft = MICROSOFT.exec(text);
  if (microsoft) return `${place?.startsWith('./User/') ? './User' : '.'}/Vendor/MSFT/${microsoft[1] ?? ''}`;
  const bare = split(text).family;
  return ALIASES.get(bare) ?? bare;
}

/** The version in a MOID, '' where there is none: `urn:oma:mo:oma-fumo:1.0` → `1.0`. */
export function versionOf(moid: string): string {
  const text = moid.trim();
  return isPlace(text) ? '' : split(text).version;
}

/** Order of versions: by number, part by part; '' comes first. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return -1;
  if (b === '') return 1;
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return a < b ? -1 : 1;
}

export function isPlace(text: string): boolean {
  return text === '.' || text.startsWith('./');
}

/**
 * One spelling for a place: begins with `./`, has no trailing `/`, and no `./Device` before `Vendor`, which names the
 * same tree on a Microsoft device. `.` is the device's root.
 */
export function canonicalPlace(path: string): string {
  const segments = path
    .split('/')
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '' && segment !== '.');
  if (segments[0] === 'Device' && segments[1] === 'Vendor') segments.shift();
  return segments.length === 0 ? '.' : `./${segments.join('/')}`;
}

function split(moid: string): { readonly family: string; readonly version: string } {
  const colon = moid.lastIndexOf(':');
  if (colon > 0 && VERSION.test(moid.slice(colon + 1))) {
    // One client is known to put a blank before the last colon.
    return { family: moid.slice(0, colon).trimEnd(), version: moid.slice(colon + 1) };
  }
  const parts = moid.split('/');
  const at = parts.findIndex((part, i) => i > 0 && VERSION.test(part));
  if (at < 0) return { family: moid, version: '' };
  return { family: [...parts.slice(0, at), ...parts.slice(at + 1)].join('/'), version: parts[at] ?? '' };
}
