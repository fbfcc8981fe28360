import {
  buildSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** Reads the schema that a gateway serves. */
export async function servedSchema({ url, adminKey }: { url: string; adminKey: string }): Promise<GraphQLSchema> {
  const answer = await fetch(`${url}/schema.graphql`, { headers: { authorization: `Bearer ${adminKey}` } });
  return buildSchema(await answer.text());
}

/** A field of Device with all that the type of an MO has below it, such as `fumo(miid: "fw1") { pkgName … mo { miid } }`. */
export function typedField(schema: GraphQLSchema, family: string, miid: string): string {
  const device = schema.getType('Device') as GraphQLObjectType;
  const field = Object.values(device.getFields()).find(
    (one) =>
      moidOf(getNamedType(one.type) as GraphQLObjectType) === family && one.args.some((arg) => arg.name === 'miid'),
  );
  if (field === undefined) throw new Error(`no type for ${family}`);
  return `${field.name}(miid: ${JSON.stringify(miid)}) ${selection(getNamedType(field.type) as GraphQLObjectType)}`;
}

function moidOf(type: GraphQLObjectType): string | undefined {
  const directive = type.astNode?.directives?.find((one) => one.name.value === 'mo');
  const value = directive?.arguments?.find((arg) => arg.name.value === 'moid')?.value;
  return value?.kind === 'StringValue' ? value.value : undefined;
}

function selection(type: GraphQLObjectType): string {
  const fields = Object.values(type.getFields()).map((field) => one(field));
  return `{ ${fields.join(' ')} }`;
}

function one({ name, type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return name;
  if (!isObjectType(named)) throw new Error(`${name} is neither value nor object`);
  return named.name === 'MoInfo' ? `${name} { moid miid version freshness }` : `${name} ${selection(named)}`;
}
