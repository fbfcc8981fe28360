/** `/schema.graphql`: the SDL as it is sent. */
import { createHash } from 'node:crypto';

import type { GraphQLSchema } from 'graphql';

import { printInBlocks } from '../../schema/graphql/print';
import { inTurns, type Steps } from '../management/steps';

export interface SdlPage {
  readonly body: Buffer;
  /** Strong validator of HTTP, in its quotes. */
  readonly tag: string;
}

/** Characters that are encoded and hashed at once. */
const CHUNK = 128 * 1024;

/** Printed beside what the process serves: nothing waits long for it. */
export function sdlPage(schema: GraphQLSchema): Promise<SdlPage> {
  return inTurns(steps(schema));
}

function* steps(schema: GraphQLSchema): Steps<SdlPage> {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let text = '';
  const flush = (): void => {
    const chunk = Buffer.from(text);
    hash.update(chunk);
    chunks.push(chunk);
    text = '';
  };
  for (const block of printInBlocks(schema)) {
    text += block;
    if (text.length >= CHUNK) flush();
    yield undefined;
  }
  flush();
  return { body: Buffer.concat(chunks), tag: `"${hash.digest('base64url')}"` };
}
