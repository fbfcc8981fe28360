/**
 * What is changed in GraphiQL's page, so that it is quick with a schema of thousands of types. Each change is found by its shape,
 * whatever the minifier named things; one that is not found leaves the page as it is, slower, and a test says so.
 */

/** Where the bundle prints the whole schema for the editor's worker, whatever its minifier named things. */
const PRINTS_SCHEMA = /if\((\w+)\)return\{\.\.\.(\w+),documentString:(\w+\(\1\))\}/;

/**
 * GraphiQL prints the schema as SDL each time its worker starts, on the page's thread, and the worker parses that again:
 * seconds for a large schema. The worker takes introspection as well, of which the text is there already. A bundle in which the
 * place is not found works as it is, slower.
 */
export function withFastWorker(html: string): string {
  return html.replace(
    PRINTS_SCHEMA,
    (_all, schema: string, rest: string, printed: string) =>
      `if(${schema})return moqlIntrospection?{...${rest},introspectionJSONString:moqlIntrospection()}:{...${rest},documentString:${printed}}`,
  );
}

/** Hands the fetcher to GraphiQL. Throws when the page is not as it was when this was written. */
export function withFetcher(html: string): string {
  const call = 'YogaGraphiQL.renderYogaGraphiQL(';
  const [before, after, ...more] = html.split(call);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`no single ${call} in GraphiQL's page`);
  return `${before}(function (root, options) { ${call}root, Object.assign(options, { fetcher: moqlFetcher })); })(${after}`;
}

/** Results of a search in the documentation: each takes its time to be laid out. */
const MOST_RESULTS = 50;
const SEARCHES =
  /(?<head>(?<asked>\w+)=>\{const (?<found>\w+)=\{within:\[\],types:\[\],fields:\[\]\};.{0,300}?for\(const \w+ of )(?<names>\w+)(?<open>\)\{)(?<full>if\(\w+\.within\.length\+\w+\.types\.length\+\w+\.fields\.length>=)100\)break;(?<rest>.{0,300}?for\(const \w+ in \w+\)\{)/;

/** Runs before GraphiQL. */
export const SEARCH_SCRIPT = `
/** Names of types: the one that is asked for first, then those that begin with it. */
function moqlBestFirst(names, asked) {
  var wanted = asked.toLowerCase();
  if (!wanted) return names;
  var ranks = [[], [], []];
  names.forEach(function (name) {
    var lower = name.toLowerCase();
    ranks[lower === wanted ? 0 : lower.startsWith(wanted) ? 1 : 2].push(name);
  });
  return [].concat(ranks[0], ranks[1], ranks[2]);
}
`;

/**
 * GraphiQL looks through the types in their order and stops after the type with which there are 100 results, though one type may
 * have a thousand: so a type that is named exactly may not be among them, and laying them out takes seconds.
 */
export function withShortSearch(html: string): string {
  return html.replace(SEARCHES, (...all) => {
    const { head, asked, names, open, full, rest } = all.at(-1) as Readonly<Record<string, string>>;
    const stop = `${full}${MOST_RESULTS})break;`;
    return `${head}moqlBestFirst(${names},${asked})${open}${stop}${rest}${stop}`;
  });
}
