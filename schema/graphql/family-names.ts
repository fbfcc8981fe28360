/** Names of MO families. OMA's objects have plain names, all others begin with their organisation. */
import { isPlace } from '../ddf/identity';
import { pascalCase, shorten, wordsOf } from './names';

/** Objects whose identifiers are written without capitals. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['urn:oma:mo:oma-dm-devinfo', 'DevInfo'],
  ['urn:oma:mo:oma-dm-devdetail', 'DevDetail'],
  ['urn:oma:mo:oma-dm-dmacc', 'DmAcc'],
  ['urn:oma:mo:oma-dm-inbox', 'Inbox'],
  ['urn:oma:mo:oma-dm-dacmo', 'DelegationAccessControl'],
  ['urn:oma:mo:oma-fumo', 'Fumo'],
  ['urn:oma:mo:oma-scomo', 'Scomo'],
  ['urn:oma:mo:oma-lawmo', 'Lawmo'],
  ['urn:oma:mo:oma-dcmo', 'Dcmo'],
  ['urn:oma:mo:oma-diagmon', 'DiagMon'],
  ['urn:oma:mo:oma-sessioninfomo', 'SessionInfo'],
  ['urn:oma:mo:oma-connmo-nap', 'ConnMoNap'],
  ['urn:oma:mo:oma-connmo-httpproxy', 'ConnMoHttpProxy'],
  ['urn:oma:mo:oma-connmo-wapproxy', 'ConnMoWapProxy'],
  ['urn:oma:mo:oma-connmo-csbd', 'ConnMoCsBearer'],
  ['urn:oma:mo:oma-connmo-psbd', 'ConnMoPsBearer'],
  ['urn:oma:mo:oma-connmo-wlan', 'ConnMoWlan'],
  ['urn:wfa:mo:hotspot2dot0-perprovidersubscription', 'WfaPerProviderSubscription'],
  ['urn:wfa:mo-ext:hotspot2dot0-devdetail-ext', 'WfaDevDetailExt'],
]);

/** Organisations whose usual name is no good beginning of a GraphQL name. */
const ORGANISATIONS: ReadonlyMap<string, string> = new Map([
  ['3gpp', 'Tgpp'],
  ['3gpp2', 'Tgpp2'],
  ['microsoft', 'Msft'],
  ['MSFT', 'Msft'],
]);

/** First word of the name of an object that only its place identifies, outside any vendor's branch. */
const NO_ORGANISATION = 'Local';

/**
 * PascalCase name of a family: `urn:oma:mo:oma-fumo` → `Fumo`, `./Vendor/MSFT/BitLocker` → `MsftBitLocker`,
 * `./User/Vendor/MSFT/WiFi` → `MsftUserWiFi`, `urn:oma:mo:ext-acme-meter` → `AcmeMeter`, `com.vendor/Name` → `VendorName`,
 * `./DevCommand` → `LocalDevCommand`. Follows from the family alone; two families may get the same name.
 */
export function familyNameOf(family: string): string {
  const known = KNOWN.get(family);
  if (known !== undefined) return known;
  const name = isPlace(family) ? nameOfPlace(family) : nameOfMoid(family);
  return shorten(/^[0-9]/.test(name) ? `Mo${name}` : name, family);
}

/** Whether a text can be asked for as a family's name when a DDF is added. */
export function isFamilyName(text: string): boolean {
  return /^[A-Z][A-Za-z0-9]{0,99}$/.test(text);
}

/**
 * Between a family's name and the path below it in type names. Places nest (`./Vendor/MSFT/Policy` and
 * `./Vendor/MSFT/Policy/Config/Browser` are two objects), so their families need one to stay apart.
 */
export function typeSeparatorOf(family: string): string {
  return isPlace(family) ? '_' : '';
}

function nameOfPlace(place: string): string {
  const segments = place.split('/').slice(1);
  const isUser = segments[0] === 'User';
  const rest = isUser ? segments.slice(1) : segments;
  const user = isUser ? 'User' : '';
  if (rest[0] === 'Vendor' && rest[1] !== undefined)
    return organisation(rest[1]) + user + rest.slice(2).map(pascalCase).join('');
  return NO_ORGANISATION + user + rest.map((segment) => (segment === '*' ? '' : pascalCase(segment))).join('');
}

function nameOfMoid(family: string): string {
  if (!family.startsWith('urn:')) return nameOfReverseDomain(family);
  const [owner = '', , ...tail] = family.slice(4).split(':');
  const name = tail.join('-');
  if (owner !== 'oma') return organisation(owner) + pascalCase(name);
  const extension = /^ext-([^-]+)-(.+)$/s.exec(name);
  if (extension) return organisation(extension[1] ?? '') + pascalCase(extension[2] ?? '');
  return pascalCase(name.replace(/^oma-(?:dm-)?/, ''));
}

/** `com.vendor/Name`, `org.openmobilealliance/Name`: the organisation is the domain's own label. */
function nameOfReverseDomain(family: string): string {
  const [domain = '', ...rest] = family.split('/');
  const labels = domain.split('.');
  const name = (rest.length > 0 ? rest : labels.slice(2)).map(pascalCase).join('');
  const owner = labels[1] ?? labels[0] ?? '';
  return owner === 'openmobilealliance' ? name || 'Oma' : organisation(owner) + name;
}

function organisation(text: string): string {
  const known = ORGANISATIONS.get(text) ?? ORGANISATIONS.get(text.toLowerCase());
  if (known !== undefined) return known;
  return wordsOf(text).length === 0 ? NO_ORGANISATION : pascalCase(text);
}
