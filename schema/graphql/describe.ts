/** What a node's DDF says to people, as descriptions and deprecations; and what `extensions.moql` says to programs. */
import { characterName } from '../ddf/check-value';
import type { AllowedValues } from '../ddf/model';
import { markdownCode, markdownOf } from './markdown';
import type { EnumValue, MoFamily, MoNode, MoqlExtension, MutationKind } from './types';
import { toGraphql } from './values';

/** Longer descriptions are cut: the longest in the field has 4,856 characters. */
const MAX_DESCRIPTION = 5_000;
const MAX_SUMMARY = 160;
/** Longer lists of values are left to the DDF. */
const MAX_LISTED_VALUES = 40;

const REBOOTS: Readonly<Record<NonNullable<MoNode['reboot']>, string>> = {
  automatic: 'The device restarts by itself when this is changed.',
  server: 'A change takes effect once the device is told to restart.',
};

const descriptions = new WeakMap<MoNode, { readonly text?: string }>();

/** Title, text, default and allowed values as Markdown; absent when the DDF says none of them. */
export function descriptionOf(node: MoNode): string | undefined {
  const known = descriptions.get(node);
  if (known) return known.text;
  const text = describe(node);
  descriptions.set(node, { text });
  return text;
}

function describe(node: MoNode): string | undefined {
  const parts: string[] = [];
  const description = markdownOf(cut(node.description ?? ''));
  const title = markdownOf(node.title ?? '');
  if (title !== '' && title !== description) parts.push(title);
  if (description !== '') parts.push(description);
  if (node.defaultValue !== undefined) parts.push(`Default: ${markdownCode(defaultOf(node, node.defaultValue))}`);
  const allowed = node.allowed && valuesText(node, node.allowed);
  if (allowed) parts.push(allowed);
  if (node.reboot) parts.push(REBOOTS[node.reboot]);
  if (node.isAtomic) parts.push('To be changed together with its siblings, in one atomic operation.');
  return parts.length === 0 ? undefined : parts.join('\n\n');
}

/** The title, or the beginning of the description: where the whole text stands elsewhere already. */
export function summaryOf(node: MoNode): string | undefined {
  const text = (node.title ?? node.description ?? '').trim().slice(0, MAX_SUMMARY + 1);
  if (text === '') return undefined;
  const sentence = /^.*?[.!?](?=\s)/s.exec(text)?.[0] ?? text;
  return markdownOf(sentence.length > MAX_SUMMARY ? `${sentence.slice(0, MAX_SUMMARY)} …` : sentence);
}

/** By its name where it has one; truths as GraphQL writes them. */
function defaultOf(node: MoNode, value: string): string {
  if (node.scalar === 'Boolean') {
    const truth = toGraphql('Boolean', value);
    return truth.ok ? String(truth.value) : value;
  }
  return node.enumeration?.values.find(({ raw }) => raw === value)?.name ?? value;
}

/** What the name of an unnamed node's entry is, where somebody reads it or gives it. */
export function nodeNameTextOf({ naming }: MoNode): string {
  const text = 'Name of the node on the device';
  switch (naming?.by) {
    case undefined:
      return `${text}.`;
    case 'server':
      return `${text}: a unique one that the server makes up.`;
    case 'device':
      return `${text}, which tells what it has.`;
    case 'rule':
      return `${text}.\n\n${markdownOf(cut(naming.text))}`;
  }
}

function cut(text: string): string {
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)} …` : text;
}

export function deprecationOf(node: MoNode): string | undefined {
  if (!node.deprecated) return undefined;
  return node.deprecated.since === undefined ? 'Deprecated by its DDF.' : `Deprecated since ${node.deprecated.since}.`;
}

export function extensionOf(
  kind: Exclude<MoqlExtension['kind'], 'mutation' | 'input' | 'inputNode' | 'enumValue'>,
  family: MoFamily,
  node: MoNode,
): { readonly moql: MoqlExtension } {
  return { moql: { kind, ...described(family, node) } };
}

export function inputExtensionOf(
  kind: 'mutation' | 'input' | 'inputNode',
  mutation: MutationKind,
  family: MoFamily,
  node: MoNode,
): { readonly moql: MoqlExtension } {
  return { moql: { kind, mutation, ...described(family, node) } };
}

export function enumExtensionOf(family: MoFamily, node: MoNode): { readonly moql: MoqlExtension } {
  return { moql: { kind: 'enum', ...described(family, node) } };
}

export function enumValueExtensionOf(
  family: MoFamily,
  node: MoNode,
  { raw }: EnumValue,
): { readonly moql: MoqlExtension } {
  return { moql: { kind: 'enumValue', raw, ...described(family, node) } };
}

/** What a type, field or input of the generated part stands for; absent for all others. */
export function moqlOf(element: { readonly extensions: Readonly<Record<string, unknown>> }): MoqlExtension | undefined {
  return element.extensions['moql'] as MoqlExtension | undefined;
}

function described(
  family: MoFamily,
  node: MoNode,
): Pick<MoqlExtension, 'family' | 'node' | 'path' | 'format' | 'access' | 'versions'> {
  const newest = node.variants[0];
  return {
    family,
    node,
    path: newest?.path ?? '',
    format: newest?.format ?? 'node',
    access: node.access,
    versions: newest?.versions ?? [],
  };
}

function valuesText(node: MoNode, allowed: AllowedValues): string | undefined {
  switch (allowed.kind) {
    case 'range':
      return `Range: ${markdownCode(allowed.text)}`;
    case 'pattern': {
      const pattern = markdownCode(allowed.pattern);
      const { delimiter } = allowed;
      return delimiter === undefined ? `Pattern: ${pattern}` : `${listText(delimiter)} of the pattern: ${pattern}`;
    }
    case 'enum':
    case 'flags': {
      // An enum tells its values itself.
      if (node.enumeration || allowed.values.length > MAX_LISTED_VALUES) return undefined;
      const lines = allowed.values.map(
        ({ value, description }) => `- ${markdownCode(value)}${description ? `: ${markdownOf(description)}` : ''}`,
      );
      return `${headOf(allowed)}:\n${lines.join('\n')}`;
    }
    case 'other':
      return allowed.type === 'ADMX'
        ? `ADMX policy: ${markdownCode(allowed.text)}`
        : `Values: by the ${markdownOf(allowed.type)} in its DDF.`;
  }
}

function headOf(allowed: Extract<AllowedValues, { readonly kind: 'enum' | 'flags' }>): string {
  if (allowed.kind === 'flags') return 'Sum of';
  return allowed.delimiter === undefined ? 'One of' : `${listText(allowed.delimiter)} of these`;
}

function listText(delimiter: string): string {
  return `A list, separated by ${markdownCode(characterName(delimiter))},`;
}
