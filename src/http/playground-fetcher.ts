/** What the playground's page asks the gateway with, and how GraphiQL is made to use it. */
import { getIntrospectionQuery } from 'graphql';

/** One text for all, so that the gateway has its answer ready. */
const INTROSPECTION = getIntrospectionQuery({
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
}).replace(/\s+/g, ' ');

/**
 * How GraphiQL asks: answers as JSON, subscriptions as server-sent events. Stands in for the executor of the bundle, which
 * reads every answer with a JSON parser written in JavaScript and then clones it: seconds for the introspection of a large
 * schema. That parser is kept for answers with numbers that a JavaScript number cannot hold.
 *
 * The schema is asked for at once, while the browser still reads the bundle, and kept as text for the editor's worker
 * (`withFastWorker`).
 *
 * Runs before GraphiQL, and after the script of the key, whose `fetch` it uses. No template characters, as there.
 */
export const FETCHER_SCRIPT = `
var moqlIntrospection;
var moqlFetcher = (function () {
  var ENDPOINT = '/graphql';
  var JSON_ANSWER = 'application/graphql-response+json, application/json';
  var INTROSPECTION = ${JSON.stringify(INTROSPECTION)};
  var LONG_NUMBER = /[:,\\[]\\s*-?\\d{16}/;
  var parseFast = JSON.parse;
  var stringifyFast = JSON.stringify;
  var parse = function (text) { return LONG_NUMBER.test(text) ? JSON.parse(text) : parseFast(text); };

  var ask = function (params, options, accept, signal) {
    var headers = Object.assign({ accept: accept, 'content-type': 'application/json' }, options && options.headers);
    var body = { query: params.query, variables: params.variables, operationName: params.operationName };
    return fetch(ENDPOINT, { method: 'POST', headers: headers, body: JSON.stringify(body), signal: signal });
  };

  /** The results of a text/event-stream, one by one. */
  var eventsOf = async function* (response) {
    var reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    var text = '';
    for (;;) {
      var part = await reader.read();
      if (part.done) throw new Error('The gateway ended the connection.');
      text += part.value;
      for (var end = text.indexOf('\\n\\n'); end >= 0; end = text.indexOf('\\n\\n')) {
        var message = text.slice(0, end);
        text = text.slice(end + 2);
        if (/^event: complete$/m.test(message)) return;
        var data = /^data: (.*)$/m.exec(message);
        if (data && data[1]) yield parse(data[1]);
      }
    }
  };

  var subscribe = function (params, options) {
    var abort = new AbortController();
    var results = (async function* () {
      try {
        var response = await ask(params, options, 'text/event-stream', abort.signal);
        if ((response.headers.get('content-type') || '').startsWith('text/event-stream')) yield* eventsOf(response);
        else yield parse(await response.text());
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      } finally {
        abort.abort();
      }
    })();
    // A generator that waits for the network takes note of its end only after the next event.
    return {
      next: function () { return results.next(); },
      return: function () { abort.abort(); return results.return(); },
      [Symbol.asyncIterator]: function () { return this; },
    };
  };

  var isSubscription = function (params, options) {
    var definitions = (options && options.documentAST && options.documentAST.definitions) || [];
    var operations = definitions.filter(function (definition) { return definition.kind === 'OperationDefinition'; });
    var asked = operations.find(function (operation) {
      return !params.operationName || (operation.name && operation.name.value === params.operationName);
    });
    return !!asked && asked.operation === 'subscription';
  };

  var introspect = async function (options) {
    var params = { query: INTROSPECTION, operationName: 'IntrospectionQuery' };
    var response = await ask(params, options, JSON_ANSWER, undefined);
    var answer = parseFast(await response.text());
    var text;
    // Made when a worker wants it.
    if (answer.data) moqlIntrospection = function () { return (text = text || stringifyFast(answer.data)); };
    return answer;
  };
  var early = moqlKey() ? introspect() : undefined;
  if (early) early.catch(function () { /* told to who takes it */ });

  return async function (params, options) {
    if (isSubscription(params, options)) return subscribe(params, options);
    // What somebody typed comes with its document.
    if (params.operationName === 'IntrospectionQuery' && !(options && options.documentAST)) {
      var first = early;
      early = undefined;
      return first || introspect(options);
    }
    var response = await ask(params, options, JSON_ANSWER, undefined);
    return parse(await response.text());
  };
})();
`;

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
