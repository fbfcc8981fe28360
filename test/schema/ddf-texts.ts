/** Small DDF texts for tests, and what is made from them. */
import {
  GraphQLEnumType,
  GraphQLID,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';

import { DdfLibrary } from '../../schema/ddf/library';
import type { DdfDocument, MoDefinition } from '../../schema/ddf/model';
import { readDdf } from '../../schema/ddf/read';
import { compileFamilies } from '../../schema/graphql/compile';
import type { CompiledSchemaPart, CompileOptions, MoFamily, OutsideTypes } from '../../schema/graphql/types';

export interface NodeText {
  readonly access?: string;
  readonly format?: string;
  readonly occurrence?: string;
  readonly path?: string;
  readonly moid?: string;
  readonly more?: string;
  readonly children?: readonly string[];
}

/** One Node element; interior when it has children or no format. */
export function node(
  name: string,
  { access = 'Get', format, occurrence, path, moid, more = '', children = [] }: NodeText = {},
): string {
  const verbs = access
    .split(' ')
    .filter((verb) => verb !== '')
    .map((verb) => `<${verb}/>`)
    .join('');
  return (
    `<Node><NodeName>${name}</NodeName>${path === undefined ? '' : `<Path>${path}</Path>`}<DFProperties><AccessType>${verbs}</AccessType>` +
    `<DFFormat><${format ?? 'node'}/></DFFormat>${occurrence ? `<Occurrence><${occurrence}/></Occurrence>` : ''}` +
    `${moid ? `<DFType><DDFName>${moid}</DDFName></DFType>` : ''}${more}</DFProperties>${children.join('')}</Node>`
  );
}

export function ddf(...nodes: readonly string[]): string {
  return `<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD>${nodes.join('')}</MgmtTree>`;
}

/** The document of a text that must be readable. */
export function documentOf(source: string | Uint8Array): DdfDocument {
  const result = readDdf(source);
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.message}`);
  return result.document;
}

export function definitionsOf(...sources: readonly (string | Uint8Array)[]): readonly MoDefinition[] {
  return sources.flatMap((source) => documentOf(source).mos);
}

export function libraryOf(...sources: readonly string[]): DdfLibrary {
  return new DdfLibrary(definitionsOf(...sources));
}

export function outsideTypes(): OutsideTypes {
  const scalar = (name: string): GraphQLScalarType => new GraphQLScalarType({ name });
  return {
    scalars: {
      BigInt: scalar('BigInt'),
      Base64: scalar('Base64'),
      Date: scalar('Date'),
      Time: scalar('Time'),
      Duration: scalar('Duration'),
    },
    MoInfo: new GraphQLObjectType({ name: 'MoInfo', fields: { moid: { type: GraphQLString } } }),
    Operation: new GraphQLObjectType({ name: 'Operation', fields: { id: { type: new GraphQLNonNull(GraphQLID) } } }),
    OnFailure: new GraphQLEnumType({ name: 'OnFailure', values: { STOP: {}, CONTINUE: {} } }),
  };
}

export function compiled(
  library: DdfLibrary,
  options?: CompileOptions,
): { readonly part: CompiledSchemaPart; readonly schema: GraphQLSchema } {
  const part = compileFamilies(library, outsideTypes(), options);
  const device = new GraphQLObjectType({
    name: 'Device',
    fields: { deviceId: { type: GraphQLString }, ...part.deviceFields },
  });
  const hasMutations = Object.keys(part.mutationFields).length > 0;
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { device: { type: device } } }),
    ...(hasMutations ? { mutation: new GraphQLObjectType({ name: 'Mutation', fields: part.mutationFields }) } : {}),
    types: [...part.types],
    directives: [...part.directives],
  });
  return { part, schema };
}

/** The only family of some texts. */
export function familyOfTexts(...sources: readonly string[]): MoFamily {
  const { families } = compiled(libraryOf(...sources)).part;
  const [family] = families;
  if (!family || families.length > 1) throw new Error(`${families.length} families`);
  return family;
}
