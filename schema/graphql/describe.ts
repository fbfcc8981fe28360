/** What a node's DDF says to people, as descriptions and deprecations; and what `extensions.moql` says to programs. */
import type { AllowedValues } from '../ddf/model';
import type { MoFamily, MoNode, MoqlExtension, MutationKind } from './types';

/** Longer descriptions are cut: the longest in the field has 4,856 characters. */
const MAX_DESCRIPTION = 5_000;
/** Longer lists of values are left to the DDF. */
const MAX_LISTED_VALUES = 40;

/** Title, text, default and allowed values; absent when the DDF says none of them. Markdown, with nothing of it escaped. */
export function descriptionOf(node: MoNode): string | undefined {
  const parts: string[] = [];
  const description = tidy(node.description);
  const title = tidy(node.title);
  if (title !== '' && title !== description) parts.push(title);
  if (description !== '')
    parts.push(description.length > MAX_DESCRIPTION ? `${description.slice(0, MAX_DESCRIPTION)} …` : description);
  if (node.defaultValue !== undefined) parts.push(`Default: ${code(node.defaultValue)}`);
  const allowed = node.allowed && valuesText(node.allowed);
  if (allowed) parts.push(allowed);
  return parts.length === 0 ? undefined : parts.join('\n\n');
}

export function deprecationOf(node: MoNode): string | undefined {
  if (!node.deprecated) return undefined;
  return node.deprecated.since === undefined ? 'Deprecated by its DDF.' : `Deprecated since ${node.deprecated.since}.`;
}

export function extensionOf(
  kind: Exclude<MoqlExtension['kind'], 'mutation' | 'input' | 'inputNode'>,
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

function tidy(text: string | undefined): string {
  return (text ?? '')
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\t\n]/gu, ' ')
    .trim();
}

function valuesText(allowed: AllowedValues): string | undefined {
  switch (allowed.kind) {
    case 'range':
      return `Range: ${code(allowed.text)}`;
    case 'pattern':
      return `Pattern: ${code(allowed.pattern)}`;
    case 'enum':
    case 'flags': {
      if (allowed.values.length > MAX_LISTED_VALUES) return undefined;
      const lines = allowed.values.map(
        ({ value, description }) => `- ${code(value)}${description ? `: ${tidy(description)}` : ''}`,
      );
      return `${allowed.kind === 'flags' ? 'Sum of' : 'One of'}:\n${lines.join('\n')}`;
    }
    case 'other':
      return undefined;
  }
}

function code(text: string): string {
  const short = tidy(text).slice(0, 300);
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``;
}
