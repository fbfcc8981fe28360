/** The directives that say what a generated type or field stands for. */
import { DirectiveLocation, GraphQLDirective, GraphQLList, GraphQLNonNull, GraphQLString } from 'graphql';

const texts = new GraphQLList(new GraphQLNonNull(GraphQLString));

export const moDirective = new GraphQLDirective({
  name: 'mo',
  description:
    'The management object that a type stands for: its MOID without version (or its place), and the versions that are known.',
  locations: [DirectiveLocation.OBJECT],
  args: { moid: { type: new GraphQLNonNull(GraphQLString) }, versions: { type: texts } },
});

export const nodeDirective = new GraphQLDirective({
  name: 'node',
  description:
    'The node that a type or field stands for: raw names below the MO\'s root joined by "/" ("*" for an unnamed node), ' +
    'its format, the commands that it accepts, and the versions of the MO that have it. Repeated where versions spell a name differently.',
  locations: [DirectiveLocation.OBJECT, DirectiveLocation.FIELD_DEFINITION, DirectiveLocation.INPUT_FIELD_DEFINITION],
  isRepeatable: true,
  args: {
    path: { type: new GraphQLNonNull(GraphQLString) },
    format: { type: new GraphQLNonNull(GraphQLString) },
    access: { type: texts },
    versions: { type: texts },
  },
});
export { printAnnotatedSchema } from './print';
