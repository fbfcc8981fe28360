/** What a node's DDF says to people, as descriptions and deprecations; and what `extensions.moql` says to programs. */
import type { AllowedValues } from '../ddf/model';
import { markdownCode, markdownOf } from './markdown';
import type { EnumValue, MoFamily, MoNode, MoqlExtension, MutationKind } from './types';

/** Longer descriptions are cut: the longest in the field has 4,856 characters. */
const MAX_DESCRIPTION = 5_000;
const MAX_SUMMARY = 160;
/** Longer lists of values are left to the DDF. */
const MAX_LISTED_VALUES = 40;

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
  return parts.length === 0 ? undefined : parts.join('\n\n');
}

/** The title, or the beginning of the description: where the whole text stands elsewhere already. */
export function summaryOf(node: MoNode): string | undefined {
  const text = (node.title ?? node.description ?? '').trim().slice(0, MAX_SUMMARY + 1);
  if (text === '') return undefined;
  const sentence = /^.*?[.!?](?=\s)/s.exec(text)?.[0] ?? text;
  return markdownOf(sentence.length > MAX_SUMMARY ? `${sentence.slice(0, MAX_SUMMARY)} …` : sentence);
}

/** By its name where it has one. */
function defaultOf(node: MoNode, value: string): string {
  return node.enumeration?.values.find(({ raw }) => raw === value)?.name ?? value;
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
    case 'pattern':
      return `Pattern: ${markdownCode(allowed.pattern)}`;
    case 'enum':
    case 'flags': {
      // An enum tells its values itself.
      if (node.enumeration || allowed.values.length > MAX_LISTED_VALUES) return undefined;
      const lines = allowed.values.map(
        ({ value, description }) => `- ${markdownCode(value)}${description ? `: ${markdownOf(description)}` : ''}`,
      );
      return `${allowed.kind === 'flags' ? 'Sum of' : 'One of'}:\n${lines.join('\n')}`;
    }
    case 'other':
      return undefined;
  }
}
