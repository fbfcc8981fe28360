/** A whole gateway in this process: database, services, adapters and listeners, put together and taken apart again. */
import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import type { Adapter, DmProtocol, Inbound, Wire } from '../../adapters/adapter';
import { createDm1Adapter, dm1Documents } from '../../adapters/dm1';
import { createDm2Adapter, dm2Documents } from '../../adapters/dm2';
import { readPush } from '../../adapters/dm2/subscribe';
import { loadCatalogue } from '../../schema/catalogue/load';
import { familyOf } from '../../schema/ddf/identity';
import { createGrants } from '../access/grants';
import { createAudit } from '../access/audit';
import { bootstrapAdminKey, createKeys } from '../access/keys';
import { createBearers } from '../bearers';
import type { Configuration } from '../config/environment';
import { globalId } from '../graphql/global-id';
import { readTrustedDocuments, type TrustedDocuments } from '../graphql/prepare/trusted';
import { buildApp, buildDeviceApp, type AppDeps } from '../http/app';
import type { ForwardedCertificates } from '../http/peer';
import { trustOf } from '../http/tls/client-certificate';
import { TlsMaterialError } from '../http/tls/material';
import type { PskLookup } from '../http/tls/psk';
import { createAccounts } from '../management/accounts';
import { createBootstraps } from '../management/bootstrap';
import { createCampaigns } from '../management/campaigns/campaigns';
import { createCampaignPump } from '../management/campaigns/pump';
import { createDelegations } from '../management/delegation/delegations';
import { createDdfs } from '../management/ddfs';
import { createExchanges } from '../management/exchanges';
import { createExplanations } from '../management/explain/explanations';
import { createDeviceActivity } from '../management/device-activity';
import { createDevices } from '../management/devices';
import { createEndedOperations } from '../management/ended-operations';
import { createFeed } from '../management/events/feed';
import { createHistories } from '../management/events/history';
import { createNotifications } from '../management/notification';
import { createNodeIndexes } from '../management/node-indexes';
import { createObjects } from '../management/objects';
import { createOperations } from '../management/operations';
import { PskKeys } from '../management/psk-keys';
import { resealAll } from '../management/reseal';
import { createLiveProfiles } from '../management/profiles/live';
import { createPartitionRetention } from '../management/partition-retention';
import { createProfiles } from '../management/profiles/profiles';
import { createWatching } from '../management/profiles/watching';
import { createReports } from '../management/reports';
import { createRepositoryFiles } from '../management/repository-files';
import { createRulesAfterEvents } from '../management/rules/after-events';
import { createRowRetention } from '../management/row-retention';
import { createRules } from '../management/rules/rules';
import { createShowPages } from '../management/show-pages';
import { createSubscriptions } from '../management/subscriptions';
import { startTimers, type Timers } from '../management/timers';
import { Turns, type TurnSettings } from '../management/turn';
import type { Services } from '../management/types';
import { Waiting } from '../management/waiting';
import { createWebhooks } from '../management/webhooks/webhooks';
import type { BearerRules } from '../management/wake-up-types';
import { createWakeUps } from '../management/wake-ups';
import { createPortal } from '../portal/pages';
import { createBootstrapDownloads } from '../repository/bootstrap';
import { openDatabase, type Database } from '../store/database';
import { migrate, migrationState } from '../store/migrate';
import { createSecrets, loadSecretKey, type Secrets } from '../store/secrets';
import { callersOf } from './gateway-callers';
import { createGatewayTls, type GatewayTls } from './gateway-tls';
import { readDdfDirectory } from './ddf-directory';
import { createLog } from './log';
import { assembleRepository } from './repository';
import { StartError } from './start-error';

export { StartError };

export interface Gateway {
  /** Address of the northbound listener, without trailing slash. */
  readonly url: string;
  /** Address by which devices reach this gateway. */
  readonly deviceUrl: string;
  /** Address of the listener for devices, whatever they are told. */
  readonly deviceListenerUrl: string;
  /** The key that was made at this start because there was none; show it once. */
  readonly madeAdminKey?: string;
  readonly services: Services;
  readonly db: Database;
  readonly timers: Timers;
  /** Reads the files of certificates and keys again; false when they cannot be used, and the old ones go on. */
  reloadTls(): boolean;
  /** Takes no more requests, ends those that run within `CLOSE_WITHIN_MS`, and gives everything back. */
  close(): Promise<void>;
}

/** Things that are made elsewhere when a test, or a program around the gateway, has them. */
export interface GatewayParts {
  /** Migrated or not; closed with the gateway. */
  readonly db?: Database;
  readonly log?: Logger;
  readonly now?: () => number;
}

const CLOSE_WITHIN_MS = 10_000;
const TIMERS_EVERY_MS = 1_000;
/** How many times the MaxMsgSize that they are told DM 1.x clients may send: some do not read it. */
const TOLERANCE = 16;
/** How the gateway is called where a device that nobody knows asks. */
const DEFAULT_SERVER_ID = 'moql';
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Throws StartError, OwnerLockError, MigrationError, SqlError, or the listener's error; nothing stays open then. */
export async function startGateway(config: Configuration, parts: GatewayParts = {}): Promise<Gateway> {
  const log = parts.log ?? createLog(config.logLevel);
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    return await assemble(config, parts, log, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  config: Configuration,
  parts: GatewayParts,
  log: Logger,
  closing: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<Gateway> {
  const { limits } = config.settings;
  const { now } = parts;
  const directory = config.ddfDir === undefined ? [] : readDdfDirectory(config.ddfDir, log);
  const known: { keyOf?: PskLookup } = {};
  // Files that cannot be used stop the start before it has changed anything.
  const tls = gatewayTls(config, (identity) => known.keyOf?.(identity), log);
  closing.push(() => tls?.stop());
  const db =
    parts.db ?? (await openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, logger: log }));
  closing.push(() => db.close());
  for (const name of await migrate(db.sql)) log.info({ migration: name }, 'migration applied');
  const { eventsMs, historyMs, recentMs, operationsMs, auditMs, ...rowsKept } = config.settings.retention;
  const keep = { exchangesMs: config.settings.exchanges.retentionMs, eventsMs, historyMs, operationsMs, auditMs };
  const partitions = createPartitionRetention({ db, keep, log, now });
  // Before anything is written.
  await partitions.run();
  const secrets = secretsOf(config, parts);
  await resealed(db, secrets, config, log);

  const ddfs = createDdfs({ db, log });
  closing.push(() => ddfs.stop());
  await ddfs.start({ catalogue: loadCatalogue(), directory });
  const keys = createKeys({ db, adminKey: config.adminKey, revoked: () => subscriptions.releaseRevoked(), now });
  closing.push(() => keys.stop());
  await keys.start();
  const audit = createAudit({ db, log, now });
  closing.push(() => audit.run(true));
  const callers = callersOf(config, { db, keys, audit, log, now });
  const waiting = new Waiting();
  await waiting.start(db);

  const grants = createGrants({ db, familyOf, callerOf: (principal) => callers.callerOf(principal), now });
  closing.push(() => grants.stop());
  await grants.start();

  let deviceUrl = '';
  const baseUrl = (): string => config.publicUrl ?? deviceUrl;
  const files = createRepositoryFiles({
    db,
    baseUrl,
    limits: {
      fileOctets: limits.fileOctets,
      uploadAddressMs: config.settings.repository.uploadAddressMs,
      expiresInMs: limits.operationExpiryMs,
    },
    deleted: () => retention.hurry(),
    now,
  });
  const outreach = {
    db,
    secrets,
    now,
    makerOf: (protocol: DmProtocol | undefined) => (protocol === 'DM_2_0' ? dm2Documents : dm1Documents),
  };
  const bearers = createBearers(config.settings.bearers, {
    log,
    now,
    reported: (report) => void wakeUps.reported(report),
  });
  const wakeUps = createWakeUps({ ...outreach, ports: bearers, settings: config.settings.wakeUp, log });
  closing.push(() => bearers.close());
  closing.push(() => wakeUps.stop());
  await wakeUps.start();
  const wake = (keys: readonly string[]): Promise<void> => wakeUps.wake(keys);
  // Without bearers, work is stored as if there were no wake-ups.
  const ofWork = bearers.names.length > 0 ? wakeUps : undefined;
  const operationLimits = {
    commands: limits.commands,
    valueOctets: limits.valueOctets,
    waitMs: limits.waitMs,
    expiresInMs: limits.operationExpiryMs,
  };
  const operations = createOperations({
    db,
    secrets,
    ddfs,
    waiting,
    wakeUps: ofWork,
    rightsOf: (caller) => grants.rightsOf(caller),
    files: (ids) => files.getMany(ids),
    lacks: (protocol, asked, features) => (protocol === null ? undefined : adapterOf(protocol).lacks(asked, features)),
    now,
    limits: operationLimits,
  });
  const ofFiles = (ids: readonly string[]): ReturnType<typeof files.getMany> => files.getMany(ids);
  const campaigns = createCampaigns({ db, ddfs, files: ofFiles, limits: operationLimits, now });
  const campaignPump = createCampaignPump({
    db,
    ddfs,
    operations,
    files: ofFiles,
    callerOf: (principal) => callers.callerOf(principal),
    rightsOf: (caller) => grants.rightsOf(caller),
    valueOctets: limits.valueOctets,
    wakeUps: ofWork,
    log,
    now,
  });
  const liveProfiles = createLiveProfiles({
    db,
    callerOf: (principal) => callers.callerOf(principal),
    rightsOf: (caller) => grants.rightsOf(caller),
    log,
    now,
  });
  closing.push(() => liveProfiles.stop());
  await liveProfiles.start();
  const psk = new PskKeys({ db, secrets, log });
  closing.push(() => psk.stop());
  await psk.start();
  known.keyOf = (identity) => psk.keyOf(identity);
  const credentialsChanged = (device: string | undefined): Promise<void> => psk.changed(device);
  const rules: BearerRules = {
    isBearer: (name) => bearers.find(name) !== undefined,
    objectionToUdpAddress: (address) => bearers.objectionToUdpAddress(address),
  };
  const accounts = createAccounts({ db, secrets, credentialsChanged, bearers: rules });
  const nodeIndexes = createNodeIndexes({ db, ddfs, log });
  closing.push(() => nodeIndexes.stop());
  await nodeIndexes.start();
  const devices = createDevices({
    db,
    secrets,
    credentialsChanged,
    bearers: rules,
    indexes: () => nodeIndexes.ready(),
  });
  const delegations = createDelegations({
    db,
    secrets,
    accounts,
    devices,
    grants,
    operations,
    rightsOf: (caller) => grants.rightsOf(caller),
    insecure: config.insecure,
    longestMs: limits.operationExpiryMs,
    log,
    now,
    wake,
  });
  const subscriptions = createSubscriptions({
    db,
    secrets,
    ddfs,
    rightsOf: (caller) => grants.rightsOf(caller),
    readPush,
    now,
    wake,
  });
  const watching = createWatching({
    db,
    subscriptions,
    callerOf: (principal) => callers.callerOf(principal),
    log,
    now,
  });
  closing.push(() => watching.idle());
  const rulesAfterEvents = createRulesAfterEvents({ db, ddfs, live: liveProfiles, wakeUps: ofWork, log, now });
  const objects = createObjects({ db });
  const feed = createFeed({ db, log, operations });
  closing.push(() => feed.stop());
  await feed.start();
  const webhooks = createWebhooks({
    db,
    targets: config.settings.webhooks,
    eventId: (key) => globalId('Event', key),
    log,
    now,
  });
  closing.push(() => webhooks.stop());
  await webhooks.start();
  const services: Services = {
    subscriptions,
    feed,
    history: createHistories({ db, keptMs: historyMs, now }),
    webhooks,
    operations,
    ddfs,
    keys,
    audit,
    accounts,
    devices,
    delegations,
    objects,
    nodeIndexes,
    activity: createDeviceActivity({ db, operations }),
    exchanges: createExchanges({ db, adapterOf: (protocol) => adapterOf(protocol) }),
    explanations: createExplanations({ db, operations, objects, bearers: config.settings.wakeUp.bearers, now }),
    reports: createReports({ db }),
    grants,
    notifications: createNotifications(outreach),
    bootstraps: createBootstraps({ ...outreach, baseUrl, credentialsChanged }),
    repository: files,
    wakeUps,
    campaigns,
    rules: createRules({ db, ddfs, live: liveProfiles, now }),
    profiles: createProfiles({ db, ddfs, live: liveProfiles, operations, now, unwatched: () => watching.release() }),
  };

  const settings = turnSettings(config, baseUrl);
  const turns = new Turns({ db, secrets, ddfs, settings, log, now, profiles: liveProfiles, watching });
  const dm1 = createDm1Adapter({
    maxOctets: Math.min(limits.messageOctets, TOLERANCE * limits.maxMsgSize),
    maxDepth: limits.messageDepth,
    maxElements: limits.messageElements,
    maxStringTable: limits.stringTableOctets,
  });
  const dm2 = createDm2Adapter();
  const adapterOf = (protocol: string): Adapter => (protocol === 'DM_2_0' ? dm2 : dm1);
  const { repository, retention } = assembleRepository({
    config,
    db,
    secrets,
    ddfs,
    settings,
    log,
    now,
    pushed: (push) => subscriptions.pushed(push),
  });
  const downloads = createBootstrapDownloads({ db, secrets, now, insecure: config.insecure });
  const pages = createShowPages({ db, secrets, log, now });

  const deps: AppDeps = {
    services,
    delegations,
    insecure: config.insecure,
    now,
    logger: log,
    tls: tls?.options('northbound'),
    forwarded: forwardedOf(config),
    trustProxy: trustProxyOf(config),
    callers,
    ...(config.settings.callers.certificates.length > 0
      ? { callerCertificates: { forwarded: forwardedOf(config) } }
      : {}),
    limits: { messageOctets: limits.messageOctets, inflation: limits.inflation },
    bodyMs: limits.uploadMs,
    requestLimits: limits,
    trustedDocuments: trustedOf(config),
    devicesApart: config.deviceListener !== undefined,
    device: (protocol: 'dm1' | 'dm2', inbound: Inbound): Promise<Wire> =>
      turns.handle(protocol === 'dm1' ? dm1 : dm2, inbound),
    repository: (request) => repository.handle(request),
    bootstrap: (inbound) => downloads.handle(inbound),
    portal: createPortal(pages),
    ready: async () => (await migrationState(db.sql)).pending.length === 0,
  };
  const ended = createEndedOperations({ db, recentMs, keptMs: operationsMs, now });
  const rows = createRowRetention({ db, keep: rowsKept, now });
  const timers = startTimers({
    db,
    turns,
    adapterOf,
    log,
    everyMs: TIMERS_EVERY_MS,
    wake,
    also: {
      wakeUps: () => wakeUps.run(),
      delegations: () => delegations.advance(),
      campaigns: () => campaignPump.advance(),
      profiles: () => liveProfiles.advance(),
      watching: () => watching.tick(),
      rules: () => rulesAfterEvents.tick(),
      pages: () => pages.expire(),
      retention: () => retention.run(),
      subscriptions: () => subscriptions.tick(),
      partitions: () => partitions.run(),
      ended: () => ended.run(),
      rows: () => rows.run(),
      nodeIndexes: () => nodeIndexes.tick(),
      webhooks: () => webhooks.advance(),
      audit: () => audit.run(),
    },
    now,
  });
  closing.push(() => timers.stop());
  closing.push(() => waiting.stop());
  const northbound = buildApp(deps);
  tls?.attach('northbound', northbound);
  const url = await listen(northbound, config, closing);
  deviceUrl = url;
  if (config.deviceListener !== undefined) {
    const apart = buildDeviceApp({ ...deps, tls: tls?.options('devices') });
    tls?.attach('devices', apart);
    deviceUrl = await listen(apart, config.deviceListener, closing);
  }
  if (config.publicUrl === undefined && WILDCARDS.has((config.deviceListener ?? config).host)) {
    log.warn(
      { told: deviceUrl },
      'devices are told an address of this machine alone: set MOQL_PUBLIC_URL to the one by which they reach it',
    );
  }
  // After all that can go wrong: a key that was made and not shown would be lost.
  const madeAdminKey = config.adminKey === undefined ? await bootstrapAdminKey(db, keys) : undefined;
  return {
    url,
    deviceUrl: settings.baseUrl(),
    deviceListenerUrl: deviceUrl,
    services,
    db,
    timers,
    reloadTls: () => tls?.reload() ?? true,
    close,
    ...(madeAdminKey === undefined ? {} : { madeAdminKey }),
  };
}

function turnSettings(config: Configuration, baseUrl: () => string): TurnSettings {
  const { maxMsgSize, maxObjSize, maxFailures, sessionExpiryMs, transferExpiryMs, largeReadOctets, ...more } =
    config.settings.limits;
  return {
    baseUrl,
    defaultServerId: DEFAULT_SERVER_ID,
    allowInsecureBasic: config.insecure,
    limits: { maxMsgSize, maxObjSize, maxFailures, sessionExpiryMs, transferExpiryMs, largeReadOctets },
    itemLifeMs: more.repositoryItemMs,
    itemAccess: config.settings.repository.commandAccess,
    addressLifeMs: config.settings.repository.addressMs,
    exchanges: config.settings.exchanges.keep,
    discoveryBudget: { messages: more.discoveryMessages, nodes: more.discoveryNodes },
  };
}

/** A database that was handed in has its secrets opened by the given key, or by one that lives as long as this process. */
function secretsOf(config: Configuration, parts: GatewayParts): Secrets {
  const env = { MOQL_SECRET_KEY: config.secretKey, DATABASE_URL: config.databaseUrl };
  const found = loadSecretKey(
    parts.db !== undefined || config.databaseUrl !== undefined ? { env } : { env, dataDir: config.dataDir },
  );
  if (!found.ok) throw new StartError(found.message);
  const { previousSecretKey: previous, pskKey } = config;
  return createSecrets(found.secretKey, {
    ...(previous === undefined ? {} : { previous }),
    ...(pskKey === undefined ? {} : { psk: pskKey }),
  });
}

/** What the previous secret key sealed is sealed with the one of today. */
async function resealed(db: Database, secrets: Secrets, config: Configuration, log: Logger): Promise<void> {
  if (config.previousSecretKey === undefined) return;
  const { resealed: count, unopened } = await resealAll(db.sql, secrets);
  log.info({ resealed: count }, 'secrets are sealed with MOQL_SECRET_KEY; MOQL_SECRET_KEY_PREVIOUS is needed no more');
  if (unopened > 0) log.warn({ unopened }, 'secrets can be opened with neither secret key');
}

function trustedOf({ settings: { trustedDocuments } }: Configuration): TrustedDocuments | undefined {
  const { path, required } = trustedDocuments;
  if (path === undefined) return undefined;
  try {
    return readTrustedDocuments(path, required);
  } catch (error) {
    throw new StartError(`trustedDocuments.path: ${reasonOf(error)}`);
  }
}

function gatewayTls(config: Configuration, psk: PskLookup, log: Logger): GatewayTls | undefined {
  try {
    return createGatewayTls(config, psk, log);
  } catch (error) {
    throw error instanceof TlsMaterialError ? new StartError(error.message) : error;
  }
}

/** How a proxy hands on certificates of devices; undefined where it does not. */
function forwardedOf({ settings, trustProxy }: Configuration): ForwardedCertificates | undefined {
  const { certificateHeader: header, verifiesCertificates: isVerified } = settings.proxy;
  return header === undefined ? undefined : { header, isVerified, trusts: trustOf(trustProxy) };
}

async function listen(
  app: FastifyInstance,
  { port, host }: { readonly port: number; readonly host: string },
  closing: (() => Promise<void> | void)[],
): Promise<string> {
  closing.push(async () => {
    const late = setTimeout(() => app.server.closeAllConnections(), CLOSE_WITHIN_MS);
    await app.close();
    clearTimeout(late);
  });
  await app.listen({ port, host });
  const address = app.server.address() as AddressInfo;
  const scheme = 'setSecureContext' in app.server ? 'https' : 'http';
  const shown = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`;
}

/** Networks as they are; a number of proxies trusts that many, counted from this side. */
function trustProxyOf({ trustProxy }: Configuration): AppDeps['trustProxy'] {
  if (typeof trustProxy === 'number') return (_address: string, hop: number) => hop < trustProxy;
  return trustProxy === undefined ? undefined : [...trustProxy];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
