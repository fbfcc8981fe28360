/**
 * A write whose content stands in the repository already: the device fetches it by HGET at an address of its own, and no copy
 * of it is made. Source: OMA-TS-DM_Protocol-V2_0, 5.3.1.
 */
import type { Command, Context, FileRef } from '../../adapter';
import type { Carried } from './carry';
import { uriOf } from './first-reading';
import type { Place } from './machine';

export function carryFile(
  command: Extract<Command, { kind: 'add' | 'replace' }>,
  file: FileRef,
  at: Place,
  context: Context,
): Carried {
  const { id, token, kind } = command;
  return {
    kind: 'sent',
    command: ['HGET', `${context.baseUrl}/repository/${token}`, uriOf(at)],
    entry: { what: 'HGET', id, token, at, kind },
    item: {
      kind: 'itemOffered',
      token,
      command: id,
      direction: 'DOWNLOAD',
      mime: file.mime,
      body: new Uint8Array(),
      file,
    },
  };
}
