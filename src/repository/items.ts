/**
 * The Data Repository's HTTP side: documents and files that devices fetch, and what they bring, at addresses that belong to
 * one device and mostly one command. Source: OMA-TS-DM_Protocol-V2_0, 5.3.1 and 5.5.
 */
import { findAddress, type FoundAddress } from './addresses';
import type { RepositoryDeps } from './deps';
import { download } from './downloads';
import { nothingHere, plain, type ItemReply, type ItemRequest } from './exchange';
import { upload } from './uploads';

export interface Repository {
  /** Answers a request to an address; unknown, foreign, used up and expired ones are one: 404. */
  handle(request: ItemRequest): Promise<ItemReply>;
}

export function createRepository(deps: RepositoryDeps): Repository {
  const now = deps.now ?? Date.now;
  return {
    async handle(request): Promise<ItemReply> {
      const { token } = request;
      const opened = token === undefined ? undefined : deps.secrets.openToken(token);
      if (token === undefined || opened === undefined) return nothingHere();
      const address = await findAddress(deps.db.sql, opened.deviceKey, token, new Date(now()));
      if (address === undefined) return nothingHere();
      if (address.access === 'DEVICE') {
        const proof = await deps.prove(address.device, request);
        if (!proof.ok) return proof.reply;
      }
      return answer(deps, address, request);
    },
  };
}

async function answer(deps: RepositoryDeps, address: FoundAddress, request: ItemRequest): Promise<ItemReply> {
  const { method } = request;
  if (address.direction === 'DOWNLOAD') {
    if (method === 'GET' || method === 'HEAD') return download(deps, address, request);
    return plain(405, 'this address answers GET', { allow: 'GET, HEAD' });
  }
  if (method === 'PUT' || method === 'POST') return upload(deps, address, request);
  return plain(405, 'this address answers PUT and POST', { allow: 'PUT, POST' });
}
