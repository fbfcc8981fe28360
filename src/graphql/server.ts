/** Apollo Server over the live schema. */
import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { DocumentNode } from 'graphql';

import type { RequestContext } from './context';
import { formatError } from './errors';
import type { FailureLog } from './errors';
import type { Executor } from './executor';
import type { LiveSchema } from './live-schema';
import type { Prepared } from './prepare/prepare';

export interface GraphqlServerOptions {
  readonly live: LiveSchema;
  readonly executor: Executor;
  /** Told of errors that callers see only an id of. */
  readonly logFailure: FailureLog;
}

/** Not started yet. */
export function createGraphqlServer({
  live,
  executor,
  logFailure,
}: GraphqlServerOptions): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    gateway: live.gateway((context) => executor.execute(preparedOf(context), context)),
    introspection: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    // A bearer token in a header cannot be sent by another site's form, so it is as good as Apollo's own headers.
    csrfPrevention: { requestHeaders: ['authorization', 'apollo-require-preflight', 'x-apollo-operation-name'] },
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Documents come prepared; nothing is read twice, and nothing past the limits.
    documentStore: null,
    stringifyResult: (result) => live.introspection.markOf(result) ?? `${JSON.stringify(result)}\n`,
    formatError: (formatted, thrown) => formatError(formatted, thrown, logFailure),
    plugins: [
      preparedPlugin,
      warningsPlugin,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

function preparedOf({ prepared }: RequestContext): Prepared {
  if (prepared === undefined) throw new Error('a request reached Apollo Server that was not prepared');
  return prepared;
}

/** Puts the document that was prepared where the server would put the one that it has parsed and validated. */
const preparedPlugin: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveSource(request) {
        (request as { document?: DocumentNode }).document = preparedOf(request.contextValue).document;
        return Promise.resolve();
      },
    }),
};

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
