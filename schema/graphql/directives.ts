/** The directives that say what a generated type or field stands for. */
import { DirectiveLocation, GraphQLDirective, GraphQLList, GraphQLNonNull, GraphQLString } from 'graphql';

const texts = new GraphQLList(new GraphQLNonNull(GraphQLString));

export const moDirective = new GraphQLDirective({
  name: 'mo',
  description:
    'The management object that a type stands for: its MOID without version (or its place), and the versions that are known. ' +
    'moids: the identifiers as their DDFs write them, where they are not the MOID, ":" and a version.',
  locations: [DirectiveLocation.OBJECT],
  args: { moid: { type: new GraphQLNonNull(GraphQLString) }, versions: { type: texts }, moids: { type: texts } },
});

export const nodeDirective = new GraphQLDirective({
  name: 'node',
  description:
    'The node that a type or field stands for: raw names below the MO\'s root joined by "/" ("*" for an unnamed node), ' +
    'its format, the commands that it accepts, and the versions of the MO that have it. Repeated where versions spell a name ' +
    'differently. Of an enum value: the raw value that devices know.',
  locations: [
    DirectiveLocation.OBJECT,
    DirectiveLocation.FIELD_DEFINITION,
    DirectiveLocation.INPUT_FIELD_DEFINITION,
    DirectiveLocation.ENUM_VALUE,
  ],
  isRepeatable: true,
  args: {
    path: { type: new GraphQLNonNull(GraphQLString) },
    format: { type: new GraphQLNonNull(GraphQLString) },
    access: { type: texts },
    versions: { type: texts },
    value: { type: GraphQLString },
  },
});

export const nodeInfoDirective = new GraphQLDirective({
  name: 'nodeInfo',
  description:
    'What else the DDF says of a node: its title, default (raw), MIME types, allowed values in short, since when it is ' +
    'deprecated, and on which releases of its platform it is there (osBuild, csp, editions).',
  locations: [DirectiveLocation.OBJECT, DirectiveLocation.FIELD_DEFINITION, DirectiveLocation.INPUT_FIELD_DEFINITION],
  args: {
    title: { type: GraphQLString },
    default: { type: GraphQLString },
    mime: { type: texts },
    allowed: { type: GraphQLString },
    deprecatedSince: { type: GraphQLString },
    osBuild: { type: GraphQLString },
    csp: { type: GraphQLString },
    editions: { type: texts },
  },
});
export { printAnnotatedSchema } from './print';
