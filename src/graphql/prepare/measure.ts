/** How large an operation is, by its text alone: no schema is asked, so it can be told before a document is validated. */
import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';

/** Fragments count wherever they are spread. Numbers end at `ENDLESS`. */
export interface Measure {
  /** Fields inside one another. */
  readonly depth: number;
  readonly aliases: number;
  /** Fields side by side in the outermost braces, and most that there are in any. */
  readonly rootFields: number;
  readonly breadth: number;
  /** All fields. */
  readonly fields: number;
}

/** A fragment that spreads two others, and so on, doubles at every step. */
export const ENDLESS = 1_000_000_000;

const NOTHING: Measure = { depth: 0, aliases: 0, rootFields: 0, breadth: 0, fields: 0 };

/** Measures operations of a document, each fragment once: linear in the size of the document. A cycle counts as nothing. */
export function measuring(document: DocumentNode): (operation: OperationDefinitionNode) => Measure {
  const definitions = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) definitions.set(definition.name.value, definition);
  const known = new Map<string, Measure>();

  const ofFragment = (name: string): Measure => {
    const found = known.get(name);
    if (found) return found;
    known.set(name, NOTHING);
    const measure = ofSet(definitions.get(name)?.selectionSet);
    known.set(name, measure);
    return measure;
  };

  const ofSet = (set: SelectionSetNode | undefined): Measure => {
    const sum = { ...NOTHING };
    const take = (part: Measure): void => {
      sum.depth = Math.max(sum.depth, part.depth);
      sum.breadth = Math.max(sum.breadth, part.breadth);
      sum.rootFields = Math.min(ENDLESS, sum.rootFields + part.rootFields);
      sum.aliases = Math.min(ENDLESS, sum.aliases + part.aliases);
      sum.fields = Math.min(ENDLESS, sum.fields + part.fields);
    };
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) take(ofFragment(selection.name.value));
      else if (selection.kind === Kind.INLINE_FRAGMENT) take(ofSet(selection.selectionSet));
      else {
        const below = ofSet(selection.selectionSet);
        take({
          depth: below.depth + 1,
          aliases: below.aliases + (selection.alias === undefined ? 0 : 1),
          rootFields: 1,
          breadth: below.breadth,
          fields: below.fields + 1,
        });
      }
    }
    return { ...sum, breadth: Math.max(sum.breadth, sum.rootFields) };
  };

  return ({ selectionSet }) => ofSet(selectionSet);
}
