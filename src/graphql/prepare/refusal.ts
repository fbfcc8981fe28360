/** What a request is told that is not executed. */
import type { GraphQLFormattedError } from 'graphql';

import type { AnyErrorCode } from '../error-codes';

export interface Refusal {
  readonly ok: false;
  readonly errors: readonly GraphQLFormattedError[];
  /** Headers of HTTP, in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the code's own status (`statusOf`) is not meant. */
  readonly status?: number;
}

export function refusal(
  code: AnyErrorCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  more: Pick<Refusal, 'headers' | 'status'> = {},
): Refusal {
  return { ok: false, errors: [{ message, extensions: { ...details, code } }], ...more };
}
