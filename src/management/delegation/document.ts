/**
 * The document by which one gateway delegates management to another. DM 1.3 names its media type and what it carries
 * (server, device, manufacturer, model, delegated sub-trees, kind, session id), the schema is not public: this is our own
 * form with that meaning, docs/dm1.md describes it. Pure.
 */
import { parseXml, type XmlElement } from '../../../schema/ddf/xml';

export const DELEGATION_MEDIA_TYPE = 'application/vnd.dm.delegation+xml';
export const DELEGATION_NAMESPACE = 'urn:moql:dm-delegation:1.0';
/** Octets of a document. */
export const MAX_DELEGATION = 65_536;
const MAX_OBJECTS = 64;
const LIMITS = { maxElements: 1_000, maxDepth: 8 };

export interface DelegatedObject {
  readonly moid: string;
  /** LocURI of its root on the device. */
  readonly locUri: string;
}

export interface Login {
  readonly name: string;
  readonly secret: string;
}

export type DelegationDocument =
  | {
      readonly kind: 'Delegate';
      readonly sessionId: string;
      /** Who delegates, and to whom: server identifiers. */
      readonly from: string;
      readonly to: string;
      readonly device: {
        readonly id: string;
        readonly protocol: string;
        readonly manufacturer: string;
        readonly model: string;
      };
      readonly objects: readonly DelegatedObject[];
      /** ISO 8601; null: permanent. */
      readonly until: string | null;
      /** What the device presents to the server, and the server to it: MD5 digests. */
      readonly client: Login;
      readonly server: Login;
    }
  | { readonly kind: 'End'; readonly sessionId: string };

export function writeDelegation(document: DelegationDocument): string {
  const body =
    document.kind === 'End'
      ? ''
      : [
          leaf('From', document.from),
          leaf('To', document.to),
          `<Device>${leaf('DevID', document.device.id)}${leaf('Protocol', document.device.protocol)}${leaf('Man', document.device.manufacturer)}${leaf('Mod', document.device.model)}</Device>`,
          ...document.objects.map(
            ({ moid, locUri }) => `<Object>${leaf('MOID', moid)}${leaf('LocURI', locUri)}</Object>`,
          ),
          document.until === null ? '<Permanent/>' : `<Temporary>${leaf('Until', document.until)}</Temporary>`,
          `<Client>${login(document.client)}</Client>`,
          `<Server>${login(document.server)}</Server>`,
        ].join('');
  const root = document.kind;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${DELEGATION_NAMESPACE}">${leaf('SessionID', document.sessionId)}${body}</${root}>\n`;
}

/** Undefined for what is no such document. */
export function readDelegation(text: string): DelegationDocument | undefined {
  const parsed = parseXml(text, LIMITS);
  if (!parsed.ok || parsed.root.namespace !== DELEGATION_NAMESPACE) return undefined;
  const { root } = parsed;
  const sessionId = textOf(root, 'SessionID');
  if (sessionId === undefined || !/^[\w-]{1,64}$/.test(sessionId)) return undefined;
  if (root.name === 'End') return { kind: 'End', sessionId };
  if (root.name !== 'Delegate') return undefined;
  const device = child(root, 'Device');
  const from = textOf(root, 'From');
  const to = textOf(root, 'To');
  const id = device && textOf(device, 'DevID');
  const protocol = device && textOf(device, 'Protocol');
  const objects = root.children.filter(({ name }) => name === 'Object').map(objectOf);
  const until = untilOf(root);
  const client = loginOf(child(root, 'Client'));
  const server = loginOf(child(root, 'Server'));
  if (
    from === undefined ||
    to === undefined ||
    id === undefined ||
    protocol === undefined ||
    until === undefined ||
    client === undefined ||
    server === undefined
  )
    return undefined;
  const known = objects.filter((object) => object !== undefined);
  if (known.length === 0 || known.length < objects.length || known.length > MAX_OBJECTS) return undefined;
  const [manufacturer = '', model = ''] = ['Man', 'Mod'].map((name) => device && textOf(device, name));
  return {
    kind: 'Delegate',
    sessionId,
    from,
    to,
    device: { id, protocol, manufacturer, model },
    objects: known,
    until,
    client,
    server,
  };
}

function leaf(name: string, text: string): string {
  const escaped = text.replace(/[&<>]/g, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : '&gt;'));
  return `<${name}>${escaped}</${name}>`;
}

function login({ name, secret }: Login): string {
  return leaf('AAuthType', 'DIGEST') + leaf('AAuthName', name) + leaf('AAuthSecret', secret);
}

function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((one) => one.name === name);
}

/** Trimmed; undefined where it is missing or empty. */
function textOf(element: XmlElement, name: string): string | undefined {
  const text = child(element, name)?.text.trim();
  return text === '' || text === undefined || text.length > 1_024 ? undefined : text;
}

function objectOf(element: XmlElement): DelegatedObject | undefined {
  const moid = textOf(element, 'MOID');
  const locUri = textOf(element, 'LocURI');
  return moid === undefined || locUri === undefined ? undefined : { moid, locUri };
}

/** Undefined where neither kind is said. */
function untilOf(root: XmlElement): string | null | undefined {
  if (child(root, 'Permanent') !== undefined) return null;
  const temporary = child(root, 'Temporary');
  const until = temporary && textOf(temporary, 'Until');
  return until !== undefined && /^\d{4}-\d\d-\d\dT[\d:.]{5,12}Z$/.test(until) && !Number.isNaN(Date.parse(until))
    ? until
    : undefined;
}

function loginOf(element: XmlElement | undefined): Login | undefined {
  if (element === undefined || textOf(element, 'AAuthType') !== 'DIGEST') return undefined;
  const name = textOf(element, 'AAuthName');
  const secret = textOf(element, 'AAuthSecret');
  return name === undefined || secret === undefined ? undefined : { name, secret };
}
