/** A validation rule: how deep a query may be nested. */
import type { ASTVisitor, FragmentDefinitionNode, SelectionNode, SelectionSetNode, ValidationContext } from 'graphql';
import { GraphQLError, Kind } from 'graphql';

/**
 * Refuses operations whose fields are nested deeper than `limit`, fragments counted where they are spread. Each fragment is
 * measured once, so that the time is linear in the size of the document; cycles are left to the rule that forbids them.
 */
export function depthLimit(limit: number): (context: ValidationContext) => ASTVisitor {
  return (context) => {
    const fragments = new Map<string, number>();
    const depthOf = (set: SelectionSetNode | undefined): number => {
      let deepest = 0;
      for (const selection of set?.selections ?? []) {
        const depth = depthOfSelection(selection);
        if (depth > deepest) deepest = depth;
      }
      return deepest;
    };
    const depthOfSelection = (selection: SelectionNode): number => {
      switch (selection.kind) {
        case Kind.FIELD:
          return 1 + depthOf(selection.selectionSet);
        case Kind.INLINE_FRAGMENT:
          return depthOf(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD:
          return ofFragment(context.getFragment(selection.name.value));
      }
    };
    const ofFragment = (fragment: FragmentDefinitionNode | null | undefined): number => {
      if (!fragment) return 0;
      const known = fragments.get(fragment.name.value);
      if (known !== undefined) return known;
      fragments.set(fragment.name.value, 0);
      const depth = depthOf(fragment.selectionSet);
      fragments.set(fragment.name.value, depth);
      return depth;
    };
    return {
      OperationDefinition(node) {
        const depth = depthOf(node.selectionSet);
        if (depth <= limit) return;
        context.reportError(
          new GraphQLError(`The query is nested ${depth} levels deep; ${limit} are allowed.`, {
            nodes: node,
            extensions: { code: 'LIMIT_DEPTH', limit },
          }),
        );
      },
    };
  };
}
