/** SDL with the directives that graphql-js' own printer leaves out: `@mo` and `@node` from `extensions.moql`. */
import {
  DEFAULT_DEPRECATION_REASON,
  astFromValue,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
  print,
  type GraphQLArgument,
  type GraphQLDirective,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

import { describeAllowed } from '../ddf/check-value';
import { moqlOf } from './describe';
import { isReadable } from './object-types';
import type { MoFamily, MoNode, MoqlExtension } from './types';

/** The whole schema, types sorted by name; the same schema gives the same text. Reads back with `buildSchema`. */
export function printAnnotatedSchema(schema: GraphQLSchema): string {
  return [...printInBlocks(schema)].join('');
}

/** The same in pieces, one for each definition. */
export function* printInBlocks(schema: GraphQLSchema): Generator<string, void, undefined> {
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isSpecifiedScalarType(type) && !isIntrospectionType(type))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  let isFirst = true;
  const separate = (block: string): string => {
    const text = `${isFirst ? '' : '\n'}${block}\n`;
    isFirst = false;
    return text;
  };
  const roots = rootsOf(schema);
  if (roots !== '') yield separate(roots);
  for (const directive of schema.getDirectives())
    if (!isSpecifiedDirective(directive)) yield separate(printDirective(directive));
  for (const type of types) {
    const block = printNamedType(type);
    if (block !== '') yield separate(block);
  }
}

function rootsOf(schema: GraphQLSchema): string {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  const usual: Readonly<Record<string, string>> = {
    query: 'Query',
    mutation: 'Mutation',
    subscription: 'Subscription',
  };
  if (!schema.description && roots.every(([name, type]) => !type || type.name === usual[name])) return '';
  const lines = roots.flatMap(([name, type]) => (type ? [`  ${name}: ${type.name}`] : []));
  return `${description(schema.description, '')}schema {\n${lines.join('\n')}\n}`;
}

function printNamedType(type: GraphQLNamedType): string {
  const head = description(type.description, '');
  if (isScalarType(type)) {
    return `${head}scalar ${type.name}${type.specifiedByURL ? ` @specifiedBy(url: ${quoted(type.specifiedByURL)})` : ''}`;
  }
  if (isObjectType(type) || isInterfaceType(type)) return head + printFielded(type);
  if (isUnionType(type))
    return `${head}union ${type.name} = ${type
      .getTypes()
      .map(({ name }) => name)
      .join(' | ')}`;
  if (isEnumType(type)) {
    const values = type
      .getValues()
      .map(
        (value) =>
          `${description(value.description, '  ')}  ${value.name}${deprecated(value.deprecationReason)}${valueDirective(moqlOf(value))}`,
      );
    return `${head}enum ${type.name} {\n${values.join('\n')}\n}`;
  }
  if (isInputObjectType(type)) return head + printInput(type);
  return head;
}

function printFielded(type: GraphQLObjectType | GraphQLInterfaceType): string {
  const interfaces = type.getInterfaces();
  const heading = `${isObjectType(type) ? 'type' : 'interface'} ${type.name}${interfaces.length > 0 ? ` implements ${interfaces.map(({ name }) => name).join(' & ')}` : ''}`;
  const fields = Object.values(type.getFields()).map(printField);
  return `${heading}${typeDirectives(moqlOf(type))} {\n${fields.join('\n')}\n}`;
}

function printField(field: GraphQLField<unknown, unknown>): string {
  return (
    `${description(field.description, '  ')}  ${field.name}${printArguments(field.args, '  ')}: ${field.type.toString()}` +
    deprecated(field.deprecationReason) +
    fieldDirectives(moqlOf(field))
  );
}

function printInput(type: GraphQLInputObjectType): string {
  const fields = Object.values(type.getFields()).map(
    (field) => `${description(field.description, '  ')}  ${printInputValue(field)}${inputDirectives(moqlOf(field))}`,
  );
  return `input ${type.name}${type.isOneOf ? ' @oneOf' : ''} {\n${fields.join('\n')}\n}`;
}

function printArguments(args: readonly GraphQLArgument[], indent: string): string {
  if (args.length === 0) return '';
  if (args.every((arg) => !arg.description)) return `(${args.map(printInputValue).join(', ')})`;
  const inner = `${indent}  `;
  return `(\n${args.map((arg) => `${description(arg.description, inner)}${inner}${printInputValue(arg)}`).join('\n')}\n${indent})`;
}

function printInputValue(value: GraphQLArgument | GraphQLInputField): string {
  const ast = value.defaultValue === undefined ? undefined : astFromValue(value.defaultValue, value.type);
  return `${value.name}: ${value.type.toString()}${ast ? ` = ${print(ast)}` : ''}${deprecated(value.deprecationReason)}`;
}

function printDirective(directive: GraphQLDirective): string {
  return (
    `${description(directive.description, '')}directive @${directive.name}${printArguments(directive.args, '')}` +
    `${directive.isRepeatable ? ' repeatable' : ''} on ${directive.locations.join(' | ')}`
  );
}

function typeDirectives(moql: MoqlExtension | undefined): string {
  if (!moql) return '';
  return moql.kind === 'mo'
    ? ` ${moText(moql.family, moidsOf(moql.family))}${infoText(moql.node)}`
    : ` ${moText(moql.family)}${nodeTexts(moql.node)}`;
}

function fieldDirectives(moql: MoqlExtension | undefined): string {
  switch (moql?.kind) {
    case 'leaf':
    case 'interior':
    case 'list':
    case 'value':
      return nodeTexts(moql.node);
    default:
      return '';
  }
}

/** Nodes that no query shows have their directive here. */
function inputDirectives(moql: MoqlExtension | undefined): string {
  return moql?.kind === 'inputNode' && !isReadable(moql.node) ? nodeTexts(moql.node) : '';
}

function moText({ family, versions }: MoFamily, moids: readonly string[] = []): string {
  return `@mo(moid: ${quoted(family)}${list('versions', versions)}${list('moids', moids)})`;
}

/** Those that do not follow from the family and its versions. */
function moidsOf({ family, versions, moids }: MoFamily): readonly string[] {
  const usual = new Set([family, ...versions.map((version) => `${family}:${version}`)]);
  return moids.filter((moid) => !usual.has(moid));
}

function valueDirective(moql: MoqlExtension | undefined): string {
  if (moql?.kind !== 'enumValue') return '';
  return ` @node(path: ${quoted(moql.path)}, format: "${moql.format}", value: ${quoted(moql.raw)})`;
}

function infoText(node: MoNode): string {
  const { allowed, applicability, deprecated: mark } = node;
  const told = [
    text('title', node.title),
    text('default', node.defaultValue),
    list('mime', node.kind === 'leaf' ? node.mimeTypes : []),
    text('allowed', allowed && describeAllowed(allowed)),
    text('deprecatedSince', mark?.since),
    text('osBuild', applicability?.osBuild),
    text('csp', applicability?.csp),
    list('editions', applicability?.editions ?? []),
  ].join('');
  return told === '' ? '' : ` @nodeInfo(${told.slice(2)})`;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : `, ${name}: ${quoted(value)}`;
}

function nodeTexts(node: MoNode): string {
  const variants = node.variants
    .map(
      ({ path, format, access, versions }) =>
        ` @node(path: ${quoted(path)}, format: "${format}", access: [${access.map(quoted).join(', ')}]${list('versions', versions)})`,
    )
    .join('');
  return variants + infoText(node);
}

function list(name: string, texts: readonly string[]): string {
  return texts.length === 0 ? '' : `, ${name}: [${texts.map(quoted).join(', ')}]`;
}

function deprecated(reason: string | null | undefined): string {
  if (reason === null || reason === undefined) return '';
  return reason === DEFAULT_DEPRECATION_REASON ? ' @deprecated' : ` @deprecated(reason: ${quoted(reason)})`;
}

/** JSON's escapes are GraphQL's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A block string, or a quoted one where a block string would not give the very same text back. */
function description(text: string | null | undefined, indent: string): string {
  if (text === null || text === undefined || text === '') return '';
  const lines = text.split('\n');
  const isPlain = /^\S/.test(text) && /\S$/.test(text) && !/[^\P{Cc}\t\n]/u.test(text);
  if (!isPlain) return `${indent}${quoted(text)}\n`;
  const escaped = text.replace(/"""/g, '\\"""');
  if (lines.length === 1 && text.length < 90 && !/["\\]$/.test(text)) return `${indent}"""${escaped}"""\n`;
  return `${indent}"""\n${escaped
    .split('\n')
    .map((line) => (line === '' ? '' : indent + line))
    .join('\n')}\n${indent}"""\n`;
}
