/** WAP provisioning document → WBXML octets. Source: OMA-WAP-ProvCont, "WBXML encoding"; dm1 section 13.7. */
import type { Bytes } from '../../adapter';
import { type ProvisioningElement, STARTS, TAGS, VALUES } from './provisioning-tokens';
import { END, STR_I, SWITCH_PAGE } from './wbxml-cursor';

/** WBXML 1.2, public id "-//WAPFORUM//DTD PROV 1.0//EN", UTF-8, no string table. */
const HEADER = [0x02, 0x0b, 0x6a, 0x00];
const HAS_CONTENT = 0x40;
const HAS_ATTRIBUTES = 0x80;

/** A token and its page. */
type Token = readonly [page: number, token: number];

/** Tokens by attribute and the text that they stand for; of two pages the first counts, as other codecs have it. */
const START_TOKENS = new Map<string, Token>();
STARTS.forEach((starts, page) => {
  for (const [token, [attribute, text]] of starts) {
    const key = `${attribute} ${text}`;
    if (!START_TOKENS.has(key)) START_TOKENS.set(key, [page, token]);
  }
});

const VALUE_TOKENS = new Map<string, Token>();
VALUES.forEach((values, page) => {
  for (const [token, text] of Object.entries(values)) {
    if (!VALUE_TOKENS.has(text)) VALUE_TOKENS.set(text, [page, Number(token)]);
  }
});

const TAG_TOKENS = new Map(Object.entries(TAGS).map(([token, name]) => [name, Number(token)]));

/**
 * Encodes a document. Attributes are named by token and valued by token where one stands for the whole value, else by
 * inline text. Those that have no token (`name`, `value`, `type` and `version` have one) are left out.
 *
 * Throws RangeError for a value with a NUL, which no document can hold.
 */
export function encodeProvisioning(root: ProvisioningElement): Bytes {
  const octets: number[] = [...HEADER];
  const at = { page: 0 };
  writeElement(root, octets, at);
  return Uint8Array.from(octets);
}

function writeElement(element: ProvisioningElement, out: number[], at: { page: number }): void {
  const { name, attributes, children } = element;
  const entries = Object.entries(attributes).filter(([attribute]) => START_TOKENS.has(`${attribute} `));
  const flags = (entries.length > 0 ? HAS_ATTRIBUTES : 0) | (children.length > 0 ? HAS_CONTENT : 0);
  out.push((TAG_TOKENS.get(name) ?? 0) | flags);
  for (const [attribute, value] of entries) writeAttribute(attribute, value, out, at);
  if (entries.length > 0) out.push(END);
  for (const child of children) writeElement(child, out, at);
  if (children.length > 0) out.push(END);
}

function writeAttribute(attribute: string, value: string, out: number[], at: { page: number }): void {
  const whole = value === '' ? undefined : START_TOKENS.get(`${attribute} ${value}`);
  if (whole !== undefined) return writeToken(whole, out, at);
  const open = START_TOKENS.get(`${attribute} `);
  if (open === undefined) return;
  writeToken(open, out, at);
  if (value === '') return;
  const token = VALUE_TOKENS.get(value);
  if (token !== undefined) return writeToken(token, out, at);
  if (value.includes('\0')) throw new RangeError(`the value of ${attribute} has a NUL`);
  out.push(STR_I, ...Buffer.from(value, 'utf8'), 0);
}

/** The page of attributes holds until its next switch, across elements. */
function writeToken([page, token]: Token, out: number[], at: { page: number }): void {
  // Tokens that both pages have alike, such as `value=`, are written on the first one.
  if (page !== at.page) out.push(SWITCH_PAGE, page);
  at.page = page;
  out.push(token);
}
