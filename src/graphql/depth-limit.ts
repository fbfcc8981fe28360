/** A validation rule: how deep a query may be nested. */
import type { ASTVisitor, FragmentDefinitionNode, SelectionSetNode, ValidationContext } from 'graphql';
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
        let depth = 0;
        if (selection.kind === Kind.FIELD) depth = 1 + depthOf(selection.selectionSet);
        else if (selection.kind === Kind.INLINE_FRAGMENT) depth = depthOf(selection.selectionSet);
        else depth = ofFragment(context.getFragment(selection.name.value));
        if (depth > deepest) deepest = depth;
      }
      return deepest;
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
        context.reportError(new GraphQLError(`The query is nested ${depth} levels deep; ${limit} are allowed.`, { nodes: node, extensions: { code: 'LIMIT_DEPTH', limit } }));
      },
    };
  };
}
