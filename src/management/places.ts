/** Where management objects sit on a DM 1.x device: LocURI ⇄ (MO, path). Source: OMA-TS-DM_TND, "URIs". */
import { encodeName } from '../../schema/ddf/library';

export interface PlacedMo {
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly place: string | null;
}

/** `A/B` and `./A/B` are one node; no slash at the end; properties and queries are cut off. */
export function normaliseUri(uri: string): string {
  const query = uri.indexOf('?');
  const names = (query < 0 ? uri : uri.slice(0, query)).split('/').filter((name) => name !== '' && name !== '.');
  return names.length === 0 ? '.' : `./${names.join('/')}`;
}

/** The MO that a LocURI lies in, the innermost where they nest, with the path below its root. */
export function findPlace<T extends PlacedMo>(
  mos: readonly T[],
  uri: string,
): { readonly mo: T; readonly path: string } | undefined {
  const at = comparable(uri);
  let best: { mo: T; place: string } | undefined;
  for (const mo of mos) {
    if (mo.place === null) continue;
    const place = comparable(mo.place);
    if (at !== place && !at.startsWith(`${place}/`)) continue;
    if (best === undefined || place.length > best.place.length) best = { mo, place };
  }
  return best === undefined ? undefined : { mo: best.mo, path: at.slice(best.place.length + 1) };
}

/** A LocURI whose names are encoded as those of paths: two spellings of one node are then one text. */
function comparable(uri: string): string {
  const normal = normaliseUri(uri);
  if (!normal.includes('%')) return normal;
  return normal
    .split('/')
    .map((segment) => encodeName(rawName(segment)))
    .join('/');
}

/** A LocURI's segment without percent-encoding; left as it is where that is broken. */
export function rawName(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Instance identifier of a newly found MO: last segment of its place, `~2`, `~3` … where that is taken in its family. */
export function nameInstance(place: string, taken: ReadonlySet<string>): string {
  const name = rawName(normaliseUri(place).split('/').at(-1) ?? '.');
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}~${n}`)) return `${name}~${n}`;
}

/** LocURI of the interior node that holds a place. */
export function parentPlace(place: string): string {
  const normal = normaliseUri(place);
  const slash = normal.lastIndexOf('/');
  return slash <= 0 ? '.' : normal.slice(0, slash);
}

/** Where a DM 1.3 device takes objects whose place it chooses itself. Source: OMA-TS-DM_StdObj 1.3, "Inbox". */
export const INBOX = './Inbox';

/** Whether a place is below the Inbox: nothing stays there. */
export function isInInbox(place: string | undefined): boolean {
  return place !== undefined && normaliseUri(place).startsWith(`${INBOX}/`);
}

/**
 * Instances that moved: of a family that lost one and won one, or lost and won ones of the same last name.
 *
 * @param announced  keys (`family`, line end, `miid`) of all instances that the device was seen to have
 * @param found      keys of those of them that were not known before
 */
export function findMoves<T extends PlacedMo>(
  mos: readonly T[],
  announced: ReadonlySet<string>,
  found: ReadonlySet<string>,
): readonly { readonly gone: T; readonly found: T }[] {
  const keyOf = (mo: T): string => `${mo.family}\n${mo.miid}`;
  const placed = mos.filter((mo) => mo.place !== null);
  const lost = placed.filter((mo) => !announced.has(keyOf(mo)));
  const won = placed.filter((mo) => found.has(keyOf(mo)) && announced.has(keyOf(mo)));
  return lost.flatMap((gone) => {
    const ofFamily = won.filter((mo) => mo.family === gone.family);
    const isOnly = ofFamily.length === 1 && lost.filter((mo) => mo.family === gone.family).length === 1;
    const named = ofFamily.filter((mo) => lastName(mo) === lastName(gone));
    const match = isOnly ? ofFamily[0] : named.length === 1 ? named[0] : undefined;
    return match === undefined ? [] : [{ gone, found: match }];
  });
}

function lastName(mo: PlacedMo): string {
  return rawName(
    normaliseUri(mo.place ?? '.')
      .split('/')
      .at(-1) ?? '',
  );
}
