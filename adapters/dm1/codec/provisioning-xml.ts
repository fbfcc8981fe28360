/** WAP provisioning documents as XML. Source: OMA-WAP-ProvCont, "DTD"; dm1 section 17.1. */
import { isUtf8 } from 'node:buffer';

import { SaxesParser } from 'saxes';

import type { Bytes } from '../../adapter';
import { attempt, Refusal, type Result } from './errors';
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
import { bufferOf } from './markup';
import type { ProvisioningElement } from './provisioning-tokens';
import { escaped } from './xml-encode';

const HEAD = `<?xml version="1.0"?>
<!DOCTYPE wap-provisioningdoc PUBLIC "-//WAPFORUM//DTD PROV 1.0//EN" "http://www.wapforum.org/DTD/prov.dtd">
`;
const NAMES: ReadonlySet<string> = new Set<ProvisioningElement['name']>([
  'wap-provisioningdoc',
  'characteristic',
  'parm',
]);

/** Writes a document, an element a line. What XML cannot hold becomes U+FFFD. */
export function encodeProvisioningXml(root: ProvisioningElement): Bytes {
  return new Uint8Array(Buffer.from(HEAD + textOf(root), 'utf8'));
}

function textOf({ name, attributes, children }: ProvisioningElement): string {
  const told = Object.entries(attributes).map(([attribute, value]) => ` ${attribute}="${escaped(value)}"`);
  const open = `<${name}${told.join('')}`;
  if (children.length === 0) return `${open}/>`;
  return `${open}>\n${children.map((child) => `${textOf(child)}\n`).join('')}</${name}>`;
}

/**
 * Reads a document in UTF-8. Other elements than its own are refused, text is passed over.
 *
 * Errors: NOT_PROVISIONING, EMPTY, XML_…, CHARSET_MISMATCH, LIMIT_….
 */
export function decodeProvisioningXml(
  octets: Bytes,
  limits: CodecLimits = DEFAULT_CODEC_LIMITS,
): Result<ProvisioningElement> {
  return attempt(() => {
    if (octets.length === 0) throw new Refusal('EMPTY');
    if (octets.length > limits.maxOctets)
      throw new Refusal('LIMIT_OCTETS', `${octets.length} octets, ${limits.maxOctets} allowed`);
    if (!isUtf8(octets)) throw new Refusal('CHARSET_MISMATCH', 'it is not UTF-8');
    return parse(bufferOf(octets).toString('utf8'), limits);
  });
}

type Building = ProvisioningElement & { readonly children: ProvisioningElement[] };

function parse(document: string, limits: CodecLimits): ProvisioningElement {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const stack: Building[] = [];
  let root: ProvisioningElement | undefined;
  let elements = 0;
  parser.on('error', (error) => {
    throw new Refusal(/entity/.test(error.message) ? 'XML_ENTITY' : 'XML_MALFORMED', error.message, parser.position);
  });
  parser.on('doctype', (doctype) => {
    if (doctype.includes('[')) throw new Refusal('XML_SUBSET', undefined, parser.position);
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (!NAMES.has(name) || (root === undefined) !== (name === 'wap-provisioningdoc'))
      throw new Refusal('NOT_PROVISIONING', name.slice(0, 40), parser.position);
    if (++elements > limits.maxElements)
      throw new Refusal('LIMIT_ELEMENTS', `${limits.maxElements} allowed`, parser.position);
    if (stack.length >= limits.maxDepth)
      throw new Refusal('LIMIT_DEPTH', `${limits.maxDepth} levels allowed`, parser.position);
    const element: Building = { name: name as Building['name'], attributes: { ...attributes }, children: [] };
    root ??= element;
    stack[stack.length - 1]?.children.push(element);
    stack.push(element);
  });
  parser.on('closetag', () => void stack.pop());
  parser.write(document.trimStart()).close();
  if (root === undefined) throw new Refusal('NOT_PROVISIONING');
  return root;
}
