/**
 * Access rights: they are changed by HGET onto the Delegation Access Control object, at the node of the MO instance that they
 * are for. The device takes it by our Delegate right there, whatever rights over data we have.
 * Source: OMA-TS-DM_Protocol-V2_0, 10.
 */
import type { Command, Context } from '../adapter';
import { namesOfPath, printClientUri } from './client-uri';
import { encodeMoJson } from './mo-json';
import { MEDIA_TYPES } from './package';
import type { Carried } from './session/carry';

/** Its nodes allow Get alone, by their DDF: what a 403 to a change says is that the right is missing. */
export function isAccessObject(moid: string): boolean {
  return moid.startsWith('urn:oma:mo:oma-dm-dacmo:');
}

/** What stood there is replaced as a whole, and whether something did makes no difference: nothing is asked before. */
export function carryAccess(command: Extract<Command, { kind: 'access' }>, context: Context): Carried {
  const { at, tree, id, token } = command;
  if ('uri' in at) return { kind: 'answered', outcome: 'UNSUPPORTED', message: 'DM 2.0 addresses nodes by MO' };
  const { moid, miid, path } = at;
  const target = { moid, miid, path: namesOfPath(path) };
  const document = encodeMoJson([{ at: target, tree }]);
  if (!document.ok) return { kind: 'answered', outcome: 'BAD_VALUE', message: document.message };
  return {
    kind: 'sent',
    command: ['HGET', `${context.baseUrl}/repository/${token}`, printClientUri(target)],
    entry: {
      what: 'HGET',
      id,
      token,
      at: miid === undefined ? { moid, path } : { moid, miid, path },
      kind: 'replace',
    },
    item: {
      kind: 'itemOffered',
      token,
      command: id,
      direction: 'DOWNLOAD',
      mime: MEDIA_TYPES.moJson,
      body: document.value,
    },
  };
}
