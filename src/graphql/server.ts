/** Apollo Server over the live schema. */
import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';

import type { RequestContext } from './context';
import { MAX_TOKENS, OWN_RULES } from './documents';
import { formatError } from './errors';
import type { FailureLog } from './errors';
import type { LiveSchema } from './live-schema';

export interface GraphqlServerOptions {
  readonly live: LiveSchema;
  /** Told of errors that callers see only an id of. */
  readonly logFailure: FailureLog;
}

/** Not started yet. */
export function createGraphqlServer({ live, logFailure }: GraphqlServerOptions): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    gateway: live.gateway(),
    introspection: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    // A bearer token in a header cannot be sent by another site's form, so it is as good as Apollo's own headers.
    csrfPrevention: { requestHeaders: ['authorization', 'apollo-require-preflight', 'x-apollo-operation-name'] },
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    stringifyResult: (result) => live.introspection.markOf(result) ?? `${JSON.stringify(result)}\n`,
    validationRules: OWN_RULES,
    formatError: (formatted, thrown) => formatError(formatted, thrown, logFailure),
    plugins: [
      warningsPlugin,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

/** Puts the warnings of a request into its answer. */
const warningsPlugin: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse({ response, contextValue }) {
        const { warnings, warningsLeftOut } = contextValue;
        if (response.body.kind === 'single' && warnings.length > 0) {
          const { singleResult } = response.body;
          singleResult.extensions = {
            ...singleResult.extensions,
            warnings,
            ...(warningsLeftOut > 0 ? { warningsLeftOut } : {}),
          };
        }
        return Promise.resolve();
      },
    }),
};
