/** Files in the Data Repository as callers see them. Their octets come and go by `src/repository`. */
import { createHash, randomBytes } from 'node:crypto';

import { badInput, checkName, findDatabaseKey, getDatabaseKey, inOrderOf, notFound, pageOf } from '../access/inputs';
import { administer, isMissing, recordChange } from '../access/journal';
import type { Database } from '../store/database';
import type { NewRepositoryFile, RepositoryFiles, RepositoryFileView } from './repository-types';
import { ManagementError } from './types';

export interface RepositoryFilesDeps {
  readonly db: Database;
  /** Public address without trailing slash. */
  readonly baseUrl: () => string;
  readonly limits: {
    readonly fileOctets: number;
    readonly uploadAddressMs: number;
    /** Longest life of a file that has an end. */
    readonly expiresInMs: number;
  };
  /** Called after a file was deleted, so that its octets go soon. */
  readonly deleted?: () => void;
  readonly now?: () => number;
}

const SHOWN = {
  id: true,
  name: true,
  mime: true,
  access: true,
  length: true,
  sha256: true,
  uploadedAt: true,
  createdBy: true,
  createdAt: true,
  expiresAt: true,
} as const;

/** RFC 9110, 8.3.1, without blanks where none are needed. */
const MEDIA_TYPE =
  /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}(?:; ?[A-Za-z0-9-]{1,32}=[A-Za-z0-9!#$&^_.+-]{1,64}){0,4}$/;

export function createRepositoryFiles(deps: RepositoryFilesDeps): RepositoryFiles {
  const { db } = deps;
  const clock = deps.now ?? Date.now;

  const create: RepositoryFiles['create'] = async (input, caller) => {
    const columns = columnsOf(input, deps.limits, clock());
    // Nobody's device is in it, so that it is no address of a device.
    const token = randomBytes(32).toString('base64url');
    const uploadExpiresAt = new Date(clock() + deps.limits.uploadAddressMs);
    const file = await administer(db, async (tx) => {
      const row = await tx.repositoryFile.create({
        data: {
          ...columns,
          createdBy: caller.principal,
          createdAt: new Date(clock()),
          uploadSha256: createHash('sha256').update(token).digest('hex'),
          uploadExpiresAt,
        },
        select: SHOWN,
      });
      await recordChange(tx, { type: 'repositoryItemCreated', caller, data: { item: String(row.id), name: row.name } });
      return viewOf(row);
    });
    return { file, uploadUrl: `${deps.baseUrl()}/repository/${token}`, uploadExpiresAt };
  };

  async function getMany(ids: readonly string[]): Promise<readonly (RepositoryFileView | null)[]> {
    const keys = ids.flatMap((id) => findDatabaseKey(id) ?? []);
    const rows = await db.prisma.repositoryFile.findMany({ where: { id: { in: keys }, ...alive() }, select: SHOWN });
    return inOrderOf(ids, rows.map(viewOf), (view) => view.id);
  }

  /** What has expired is as good as gone, also before it is taken away. */
  function alive(): { readonly OR: [{ readonly expiresAt: null }, { readonly expiresAt: { readonly gt: Date } }] } {
    return { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date(clock()) } }] };
  }

  return {
    create,
    getMany,
    get: async (id) => (await getMany([id]))[0] ?? null,

    async list(first, after) {
      const before = after === undefined ? undefined : { lt: findDatabaseKey(after) ?? 0n };
      const rows = await db.prisma.repositoryFile.findMany({
        where: { ...(before === undefined ? {} : { id: before }), ...alive() },
        orderBy: { id: 'desc' },
        take: first + 1,
        select: SHOWN,
      });
      return pageOf(rows, first, viewOf);
    },

    async delete(id, caller) {
      const key = getDatabaseKey('repository item', id);
      const deleted = await administer(db, async (tx) => {
        const { storageKey, ...row } = await tx.repositoryFile.delete({
          where: { id: key },
          select: { ...SHOWN, storageKey: true },
        });
        if (storageKey !== null)
          await tx.repositoryObject.updateMany({ where: { storageKey }, data: { state: 'DOOMED' } });
        await recordChange(tx, { type: 'repositoryItemDeleted', caller, data: { item: id, name: row.name } });
        return viewOf(row);
      }).catch((error: unknown) => {
        throw isMissing(error) ? notFound('repository item') : error;
      });
      deps.deleted?.();
      return deleted;
    },
  };
}

function columnsOf(
  { name, mime, access, length, sha256, expiresInMs }: NewRepositoryFile,
  limits: RepositoryFilesDeps['limits'],
  now: number,
): Pick<RepositoryFileView, 'name' | 'mime' | 'access' | 'sha256' | 'expiresAt'> & { readonly length: bigint | null } {
  if (!MEDIA_TYPE.test(mime)) throw badInput('must be a media type such as application/octet-stream', 'contentType');
  if (length != null && (!Number.isSafeInteger(length) || length < 0)) throw badInput('must be 0 or more', 'length');
  if (length != null && length > limits.fileOctets)
    throw new ManagementError('LIMIT_VALUE_SIZE', `length: ${length} octets; at most ${limits.fileOctets} are taken`, {
      limit: limits.fileOctets,
    });
  if (sha256 != null && !/^[0-9a-f]{64}$/i.test(sha256)) throw badInput('must be 64 hexadecimal digits', 'sha256');
  if (expiresInMs != null && (expiresInMs <= 0 || expiresInMs > limits.expiresInMs))
    throw badInput(`more than nothing, at most ${limits.expiresInMs / 86_400_000} days`, 'expiresIn');
  return {
    name: name == null ? null : checkName(name, 'name', 256),
    mime,
    access: access ?? null,
    length: length == null ? null : BigInt(length),
    sha256: sha256?.toLowerCase() ?? null,
    expiresAt: expiresInMs == null ? null : new Date(now + expiresInMs),
  };
}

function viewOf(row: {
  readonly id: bigint;
  readonly name: string | null;
  readonly mime: string;
  readonly access: string | null;
  readonly length: bigint | null;
  readonly sha256: string | null;
  readonly uploadedAt: Date | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}): RepositoryFileView {
  return {
    ...row,
    id: String(row.id),
    access: row.access as RepositoryFileView['access'],
    length: row.length === null ? null : Number(row.length),
  };
}
