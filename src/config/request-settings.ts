/** Settings of what requests may take, and of the documents that are taken. */
import { z } from 'zod';

import { REQUEST_LIMITS, type LimitName } from '../graphql/limits';
import { count } from './check';

/** Members of `limits`, whose defaults stand with the limits themselves. */
export const requestLimits = Object.fromEntries(
  Object.entries(REQUEST_LIMITS).map(([name, { least, most, fallback, meaning }]) => [
    name,
    count(least, most).default(fallback).describe(meaning),
  ]),
) as Record<LimitName, z.ZodDefault<z.ZodNumber>>;

export const trustedSettings = z
  .strictObject({
    path: z
      .string()
      .max(4096)
      .optional()
      .describe(
        'directory of GraphQL documents (`*.graphql`), or JSON file of them by their SHA-256, that may be asked for by hash',
      ),
    required: z.boolean().default(false).describe('whether no other document is executed'),
  })
  .prefault({})
  .describe('documents that are known by their hash');
