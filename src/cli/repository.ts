/** The Data Repository of a gateway, put together. */
import { join } from 'node:path';

import type { Logger } from 'pino';

import { proveDevice } from '../../adapters/dm2';
import type { Configuration } from '../config/environment';
import { bodyDecoder, inboundOfItem } from '../http/repository-route';
import { createDeviceProofs } from '../management/device-proof';
import type { TurnSettings } from '../management/turn';
import type { Ddfs } from '../management/types';
import type { RepositoryDeps } from '../repository/deps';
import { createRepository, type Repository } from '../repository/items';
import { createRetention, type Retention } from '../repository/retention';
import { directoryStorage } from '../repository/storage/directory';
import { s3Storage } from '../repository/storage/s3';
import type { Storage } from '../repository/storage/storage';
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';

export interface RepositoryParts {
  readonly config: Configuration;
  readonly db: Database;
  readonly secrets: Secrets;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly settings: TurnSettings;
  readonly log: Logger;
  readonly now?: () => number;
  /** Takes what subscriptions bring. */
  readonly pushed?: RepositoryDeps['pushed'];
}

export function assembleRepository(parts: RepositoryParts): {
  readonly repository: Repository;
  readonly retention: Retention;
} {
  const { config, db, secrets, ddfs, settings, log, now, pushed } = parts;
  const { limits, repository } = config.settings;
  const proofs = createDeviceProofs({ db, secrets, ddfs, settings, prove: proveDevice, now });
  const deps: RepositoryDeps = {
    db,
    secrets,
    limits: { ...limits, idleMs: limits.bodyIdleMs, inlineOctets: repository.inlineOctets },
    prove: (device, request) => proofs.check(device, inboundOfItem(request)),
    decode: bodyDecoder(limits.documentOctets, limits.inflation),
    storage: storageOf(config),
    log,
    now,
    ...(pushed === undefined ? {} : { pushed }),
  };
  return {
    repository: createRepository(deps),
    retention: createRetention({ ...deps, sweepMs: repository.sweepMs }),
  };
}

function storageOf({ settings, dataDir }: Configuration): Storage {
  const { s3, directory, draftDirectory } = settings.repository;
  const usual = join(dataDir, 'repository');
  if (s3 === undefined) return directoryStorage(directory ?? usual);
  return s3Storage({ ...s3, draftDirectory: draftDirectory ?? join(usual, 'incoming') });
}
