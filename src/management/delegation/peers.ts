/** Other gateways that were introduced to this one, and what is said to them. */
import { createHash } from 'node:crypto';

import { badInput, checkName, getDatabaseKey, notFound } from '../../access/inputs';
import { administer, isForeignKeyViolation, isMissing, isUniqueViolation, recordChange } from '../../access/journal';
import type { Database } from '../../store/database';
import type { Peer } from '../../store/generated/client';
import type { Secrets } from '../../store/secrets';
import { objectionToServerId } from '../../../adapters/dm1/acl';
import { ManagementError, type Caller, type PeerInput, type PeerView } from '../types';
import { DELEGATION_MEDIA_TYPE, writeDelegation, type DelegationDocument } from './document';

export interface PeersDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  /** Whether addresses without TLS are taken beyond this machine. */
  readonly insecure: boolean;
}

const SHORTEST_SECRET = 16;
const LONGEST_SECRET = 512;
const TIMEOUT_MS = 15_000;
const LONGEST_ANSWER = 512;

export class Peers {
  constructor(private readonly deps: PeersDeps) {}

  /** Errors: BAD_USER_INPUT, ALREADY_EXISTS. */
  async create(input: PeerInput, caller: Caller): Promise<PeerView> {
    const { secrets, db } = this.deps;
    const data = {
      name: checkName(input.name, 'name'),
      url: this.#checkUrl(input.url, 'url'),
      deviceUrl: this.#checkUrl(input.deviceUrl ?? `${input.url.replace(/\/+$/, '')}/dm/1`, 'deviceUrl'),
      serverId: checkServerId(input.serverId, 'serverId'),
      ownServerId: input.ownServerId == null ? null : checkServerId(input.ownServerId, 'ownServerId'),
      grantTo: input.grantTo == null ? null : checkPrincipal(input.grantTo),
    };
    const { secret } = input;
    if (!/^[\x21-\x7e]+$/.test(secret) || secret.length < SHORTEST_SECRET || secret.length > LONGEST_SECRET)
      throw badInput(`${SHORTEST_SECRET} to ${LONGEST_SECRET} printable characters without blanks`, 'secret');
    try {
      return await administer(db, async (tx) => {
        const sealed = secrets.encrypt(secret, peerContext(data.name));
        const row = await tx.peer.create({ data: { ...data, secret: sealed, secretSha256: hashOf(secret) } });
        await recordChange(tx, { type: 'peerCreated', caller, data: { peer: row.name, url: row.url } });
        return viewOf(row);
      });
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ManagementError('ALREADY_EXISTS', 'another peer has this name, or this secret; each has its own');
      throw error;
    }
  }

  /** Errors: NOT_FOUND, IN_USE. */
  async delete(id: string, caller: Caller): Promise<PeerView> {
    const key = getDatabaseKey('peer', id);
    try {
      return await administer(this.deps.db, async (tx) => {
        const open = await tx.delegation.count({ where: { peerId: key, endedAt: null } });
        if (open > 0) throw new ManagementError('IN_USE', `${open} delegations with this peer have not ended`);
        await tx.delegation.deleteMany({ where: { peerId: key } });
        const row = await tx.peer.delete({ where: { id: key } });
        await recordChange(tx, { type: 'peerDeleted', caller, data: { peer: row.name } });
        return viewOf(row);
      });
    } catch (error) {
      if (isMissing(error)) throw notFound('peer');
      if (isForeignKeyViolation(error)) throw new ManagementError('IN_USE', 'a delegation with this peer just began');
      throw error;
    }
  }

  async list(): Promise<readonly PeerView[]> {
    return (await this.deps.db.prisma.peer.findMany({ orderBy: { id: 'asc' } })).map(viewOf);
  }

  async byName(name: string): Promise<Peer> {
    const row = await this.deps.db.prisma.peer.findUnique({ where: { name: name.replaceAll('\0', '') } });
    if (row === null) throw notFound('peer');
    return row;
  }

  byId(id: bigint): Promise<Peer> {
    return this.deps.db.prisma.peer.findUniqueOrThrow({ where: { id } });
  }

  /** The peer that presents a secret. Looked up by its hash, so that time tells nothing of how near a guess is. */
  async bySecret(bearer: string | undefined): Promise<Peer | null> {
    if (bearer === undefined || bearer.length > LONGEST_SECRET) return null;
    return this.deps.db.prisma.peer.findUnique({ where: { secretSha256: hashOf(bearer) } });
  }

  /** Posts a document to the address that an administrator gave; redirects are not followed. Errors: PEER_REFUSED. */
  async post(peer: Peer, document: DelegationDocument): Promise<void> {
    const secret = this.deps.secrets.decrypt(peer.secret, peerContext(peer.name));
    if (secret === undefined) throw new Error(`the secret of peer ${peer.name} cannot be opened`);
    const refused = (why: string): ManagementError =>
      new ManagementError('PEER_REFUSED', `${peer.name}: ${why}`, { peer: peer.name });
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${peer.url}/dm/delegation`, {
        method: 'POST',
        headers: { 'content-type': DELEGATION_MEDIA_TYPE, authorization: `Bearer ${secret}` },
        body: writeDelegation(document),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await beginningOf(response);
    } catch {
      throw refused('it could not be reached');
    }
    if (response.status !== 200) throw refused(`${response.status} ${text.replace(/[^\x20-\x7e]/g, ' ').trim()}`);
  }

  #checkUrl(text: string, field: string): string {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isPlain =
      url !== undefined && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
    if (!isPlain || !/^https?:$/.test(url.protocol))
      throw badInput('must be an address such as https://dm.example, without query and user', field);
    const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
    if (url.protocol === 'http:' && !isLoopback && !this.deps.insecure)
      throw badInput('must be https: what is delegated has secrets in it', field);
    return text.replace(/\/+$/, '');
  }
}

/** At most some hundred octets of an answer: it is shown to people alone. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const first = await reader.read();
  await reader.cancel();
  return Buffer.from(first.value ?? new Uint8Array())
    .toString('utf8')
    .slice(0, LONGEST_ANSWER);
}

function checkServerId(text: string, field: string): string {
  const objection = objectionToServerId(text);
  if (objection !== undefined) throw badInput(objection, field);
  return text;
}

function checkPrincipal(text: string): string {
  if (!/^(?:key|user|group):[^\s:]+$/.test(text)) throw badInput('must be key:ID, user:NAME or group:NAME', 'grantTo');
  return text;
}

/** Where a peer's secret is kept, for {@link Secrets.encrypt}. */
export function peerContext(name: string): string {
  return `peer ${name}`;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function viewOf({ id, name, url, deviceUrl, serverId, ownServerId, grantTo }: Peer): PeerView {
  return { id: String(id), name, url, deviceUrl, serverId, ownServerId, grantTo };
}
