/**
 * Bootstrap by the CP profile: the account as a w7 APPLICATION of a WAP provisioning document.
 * Source: OMA-TS-DM_Bootstrap, "OMA Client Provisioning profile"; OMA-AC w7; dm1 section 17.1.
 */
import type { BootstrapRequest, Bytes, NoDocument, PushDocument } from '../adapter';
import { type BootstrapAccount, type BootstrapCredential, isText, no } from './bootstrap-account';
import { CP_METHODS, keyOf, macOf, typedPin } from './bootstrap-security';
import { encodeProvisioning, encodeProvisioningXml, type ProvisioningElement } from './codec';
import { smsUserData, withLength, wspPush, wspText } from '../wap/push';

export const CP_XML_TYPE = 'text/vnd.wap.connectivity-xml';
export const CP_WBXML_TYPE = 'application/vnd.wap.connectivity-wbxml';

/** Content types as short integers, and the parameters SEC and MAC. */
const WSP_XML = 0xb5;
const WSP_WBXML = 0xb6;
const WSP_SEC = 0x91;
const WSP_MAC = 0x92;
/** What the document itself says; an extra of that name would be a second one. */
const OWN_PARMS: ReadonlySet<string> = new Set(['APPID', 'PROVIDER-ID', 'NAME', 'TO-PROXY', 'TO-NAPID', 'INIT']);
const PARM_NAME = /^[A-Z][A-Z0-9-]{0,63}$/;
const NAP_ID = 'NAP1';

type Extras = NonNullable<BootstrapRequest['extras']>;

/** The document of an account. `apn`: an access point of that name comes along and is the account's. */
export function cpDocument(
  account: BootstrapAccount,
  more: { readonly init?: boolean; readonly extras?: Extras; readonly apn?: string } = {},
): ProvisioningElement {
  const { init = false, extras = [], apn } = more;
  const toNapId = account.toNapId ?? (apn === undefined ? undefined : NAP_ID);
  const application = characteristic('APPLICATION', [
    parm('APPID', 'w7'),
    parm('PROVIDER-ID', account.serverId),
    ...optional('NAME', account.name),
    ...optional('TO-PROXY', account.toProxy),
    ...optional('TO-NAPID', toNapId),
    ...(init ? [parm('INIT')] : []),
    ...extras.map(({ name, value }) => parm(name, value)),
    characteristic('APPADDR', [
      parm('ADDR', account.url),
      parm('ADDRTYPE', 'URI'),
      characteristic('PORT', [parm('PORTNBR', account.port)]),
    ]),
    ...credential('APPSRV', account.client),
    ...credential('CLIENT', account.server),
  ]);
  return {
    name: 'wap-provisioningdoc',
    attributes: { version: '1.1' },
    children: apn === undefined ? [application] : [accessPoint(toNapId ?? NAP_ID, apn), application],
  };
}

/** A GPRS access point. Source: OMA-WAP-ProvCont, "NAPDEF". */
function accessPoint(id: string, apn: string): ProvisioningElement {
  return characteristic('NAPDEF', [
    parm('NAPID', id),
    parm('BEARER', 'GSM-GPRS'),
    parm('NAME', apn),
    parm('NAP-ADDRESS', apn),
    parm('NAP-ADDRTYPE', 'APN'),
  ]);
}

function credential(level: string, known: BootstrapCredential | undefined): ProvisioningElement[] {
  if (known === undefined) return [];
  return [
    characteristic('APPAUTH', [
      parm('AAUTHLEVEL', level),
      parm('AAUTHTYPE', known.type),
      ...optional('AAUTHNAME', known.name),
      ...optional('AAUTHSECRET', known.secret),
      ...optional('AAUTHDATA', known.nonce),
    ]),
  ];
}

function characteristic(type: string, children: readonly ProvisioningElement[]): ProvisioningElement {
  return { name: 'characteristic', attributes: { type }, children };
}

function parm(name: string, value?: string): ProvisioningElement {
  return { name: 'parm', attributes: value === undefined ? { name } : { name, value }, children: [] };
}

function optional(name: string, value: string | undefined): ProvisioningElement[] {
  return value === undefined ? [] : [parm(name, value)];
}

/** The document in the form asked for, with its MAC, and as a push. */
export function cpBootstrap(
  account: BootstrapAccount,
  request: BootstrapRequest,
): { readonly ok: true; readonly document: PushDocument; readonly typed?: string } | NoDocument {
  const { form, security, init, extras = [], connectivity } = request;
  const apn = connectivity?.apn;
  if (apn !== undefined && !isText(apn)) return no('apn', 'is empty, too long, or has a control character');
  for (const { name, value } of extras) {
    if (!PARM_NAME.test(name) || OWN_PARMS.has(name)) return no('extras', `${name.slice(0, 64)} cannot be set`);
    if (value !== undefined && value !== '' && !isText(value))
      return no('extras', `the value of ${name} cannot be told`);
  }
  const root = cpDocument(account, {
    extras,
    ...(init === undefined ? {} : { init }),
    ...(apn === undefined ? {} : { apn }),
  });
  if (form === 'XML') {
    if (security !== undefined) return no('security', 'a MAC is made over the WBXML form');
    const octets = encodeProvisioningXml(root);
    return { ok: true, document: pushed(octets, CP_XML_TYPE, Uint8Array.of(WSP_XML)) };
  }
  const octets = encodeProvisioning(root);
  if (security === undefined) return { ok: true, document: pushed(octets, CP_WBXML_TYPE, Uint8Array.of(WSP_WBXML)) };
  const sec = CP_METHODS.indexOf(security.method);
  if (sec < 0) return no('security.method', `the CP profile has ${CP_METHODS.join(', ')}`);
  const made = keyOf(security.method, security);
  if (!made.ok) return no(`security.${made.field}`, made.message);
  if (security.method === 'USERPINMAC') {
    // The MAC goes by way of the user.
    const head = cpPushHead(sec);
    const document = pushed(octets, `${CP_WBXML_TYPE}; SEC=${sec}`, head);
    return { ok: true, document, typed: typedPin(security.pin ?? '', octets) };
  }
  const mac = macOf(made.key, octets);
  return { ok: true, document: pushed(octets, `${CP_WBXML_TYPE}; SEC=${sec}; MAC=${mac}`, cpPushHead(sec, mac)) };
}

/** Content type of the push with SEC and, unless the user has it, MAC. */
function cpPushHead(sec: number, mac?: string): Bytes {
  const parameters = [WSP_WBXML, WSP_SEC, 0x80 | sec, ...(mac === undefined ? [] : [WSP_MAC, ...wspText(mac)])];
  return withLength(Uint8Array.from(parameters));
}

function pushed(octets: Bytes, mediaType: string, head: Bytes): PushDocument {
  const wsp = wspPush(head, octets);
  return { octets, mediaType, wsp, sms: smsUserData(wsp) };
}
