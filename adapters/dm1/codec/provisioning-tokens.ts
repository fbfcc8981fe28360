/**
 * WAP provisioning documents: their elements, and the tokens of their WBXML form.
 * Source: OMA-WAP-ProvCont, "WBXML encoding"; dm1 section 13.7.
 */

/** An element of the document: a characteristic, or a parm, which has attributes alone. */
export interface ProvisioningElement {
  readonly name: 'wap-provisioningdoc' | 'characteristic' | 'parm';
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly ProvisioningElement[];
}

export const TAGS: Readonly<Record<number, ProvisioningElement['name']>> = {
  5: 'wap-provisioningdoc',
  6: 'characteristic',
  7: 'parm',
};

export type Start = readonly [attribute: string, prefix: string];

const names = (first: number, ...values: readonly string[]): [number, Start][] =>
  values.map((value, index) => [first + index, ['name', value]]);
const types = (first: number, ...values: readonly string[]): [number, Start][] =>
  values.map((value, index) => [first + index, ['type', value]]);

const COMMON_STARTS: readonly [number, Start][] = [
  [0x05, ['name', '']],
  [0x06, ['value', '']],
  ...names(0x07, 'NAME'),
  ...names(0x22, 'TO-NAPID', 'PORTNBR', 'SERVICE'),
  [0x50, ['type', '']],
  ...types(0x53, 'PORT'),
];

/** Attribute starts by attribute page and token. */
export const STARTS: readonly ReadonlyMap<number, Start>[] = [
  new Map([...COMMON_STARTS, [0x45, ['version', '']], [0x46, ['version', '1.0']]]),
  new Map([
    ...COMMON_STARTS,
    ...names(
      0x2e,
      'AACCEPT',
      'AAUTHDATA',
      'AAUTHLEVEL',
      'AAUTHNAME',
      'AAUTHSECRET',
      'AAUTHTYPE',
      'ADDR',
      'ADDRTYPE',
      'APPID',
      'APROTOCOL',
      'PROVIDER-ID',
      'TO-PROXY',
      'URI',
      'RULE',
    ),
    ...types(0x55, 'APPLICATION', 'APPADDR', 'APPAUTH', 'CLIENTIDENTITY', 'RESOURCE'),
  ]),
];

/** Value tokens by attribute page. */
export const VALUES: readonly Readonly<Record<number, string>>[] = [
  { 0x85: 'IPV4', 0x86: 'IPV6', 0x87: 'E164', 0x88: 'ALPHA', 0x89: 'APN', 0x9c: 'HTTP-BASIC', 0x9d: 'HTTP-DIGEST' },
  {
    0x86: 'IPV6',
    0x87: 'E164',
    0x88: 'ALPHA',
    0x8d: 'APPSRV',
    0x8e: 'OBEX',
    0x90: ',',
    0x91: 'HTTP-',
    0x92: 'BASIC',
    0x93: 'DIGEST',
  },
];
