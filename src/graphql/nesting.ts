/** How deep the brackets of a document are nested, told before it is parsed: parsers and rules recurse, and a stack is short. */

/** What stands in a string or a comment is no bracket. */
const TOKENS = /"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\.|[^"\\\r\n])*"?|#[^\r\n]*|\bfragment\b|[{}()[\]]/g;

/**
 * Whether brackets could be nested deeper than `limit` when every fragment were spread within the one before.
 * Linear in the length of the text, which need not be GraphQL.
 */
export function isNestedDeeper(document: string, limit: number): boolean {
  let depth = 0;
  let fragments = 0;
  for (const [token] of document.matchAll(TOKENS)) {
    if (token === '{' || token === '(' || token === '[') depth++;
    else if (token === '}' || token === ')' || token === ']') depth--;
    else if (token === 'fragment') fragments++;
    if (depth + fragments > limit) return true;
  }
  return false;
}
