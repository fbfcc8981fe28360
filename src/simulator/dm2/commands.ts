/** Executes the commands of a Package#2, one after the other. Source: dm2 5 to 9. */
import { parseClientUri, type PlainAddress } from '../../../adapters/dm2/client-uri';
import { accepts, parseMediaType } from '../../../adapters/http/media-type';
import { MEDIA_TYPES, type DataPart, type PackageCommand, type StatusEntry } from '../../../adapters/dm2/package';
import { expandServerUri } from '../../../adapters/dm2/server-uri';
import { execute, type PendingOperation } from '../behaviour';
import type { ProtocolViolation, TranscriptEntry } from '../report';
import type { DeviceTree, TreeError } from '../tree';
import type { Browser } from './browser';
import type { Exchange } from './exchange';
import { addressOf } from './forest';
import type { Dm2DeviceOptions } from './options';
import { bodyOf, findOne, readNodes, type Reader } from './read';
import { violation } from './rules';
import { writeDocument } from './write';

export interface Subscription {
  readonly clientUri: string;
  readonly serverUri: string;
  /** Validator-like text of what was pushed last. */
  readonly seen: string;
}

export interface CommandHost {
  readonly options: Dm2DeviceOptions;
  readonly tree: DeviceTree;
  readonly exchange: Exchange;
  readonly browser: Browser;
  readonly defaults: Map<string, string>;
  readonly subscriptions: Map<string, Subscription>;
  readonly transcript: TranscriptEntry[];
  /** `OMADM-Accept` of the answer that carried the package. */
  readonly serverAccepts?: string;
}

export interface Executed {
  readonly status: StatusEntry;
  readonly data?: Omit<DataPart, 'index'>;
  readonly cont?: string;
  readonly accepted?: PendingOperation;
  readonly violation?: ProtocolViolation;
}

const WRITE_CODES: Readonly<Record<TreeError, number>> = {
  NOT_FOUND: 404,
  EXISTS: 403,
  NOT_ALLOWED: 403,
  PERMANENT: 405,
  DENIED: 403,
  WRONG_FORMAT: 415,
  FULL: 506,
  FORBIDDEN: 403,
  TOO_LONG: 400,
  UNSUPPORTED: 501,
};
const ACCEPTED = `${MEDIA_TYPES.moJson}, text/plain, application/octet-stream;q=0.5, */*;q=0.1`;

const sc = (code: number): Executed => ({ status: { sc: code } });

/** The command is well-formed: known, with the right number of parameters that can be read. */
export async function executeCommand(host: CommandHost, [name, ...parameters]: PackageCommand): Promise<Executed> {
  const [first = '', second] = parameters;
  const { features } = host.options;
  switch (name) {
    case 'CONT':
      return features?.cont === false ? sc(501) : { ...sc(200), cont: first };
    case 'GET':
      return features?.get === false ? sc(501) : get(host, first);
    case 'HGET':
      return hget(host, first, second);
    case 'HPUT':
    case 'HPOST':
      return upload(host, name === 'HPUT' ? 'PUT' : 'POST', first, parameters.slice(1));
    case 'DELETE':
      return remove(host, first);
    case 'EXEC':
      return exec(host, first, second);
    case 'SHOW':
      if (features?.show === false) return sc(501);
      host.browser.open(expand(host, first));
      return sc(200);
    case 'DEFAULT':
      if (features?.defaults === false) return sc(501);
      host.defaults.set(second ?? '', first);
      return sc(200);
    case 'SUB':
      return features?.subscriptions === true ? subscribe(host, first, second ?? '') : sc(501);
    case 'UNSUB':
      if (features?.subscriptions !== true) return sc(501);
      return sc(host.subscriptions.delete(first) ? 200 : 404);
    default:
      return sc(501);
  }
}

export function readerOf(host: Pick<CommandHost, 'options' | 'tree'>): Reader {
  return {
    tree: host.tree,
    actor: host.options.serverId ?? 'server',
    caching: host.options.features?.caching ?? false,
  };
}

function get(host: CommandHost, clientUri: string): Executed {
  const read = readNodes(readerOf(host), clientUri);
  if (!read.ok) return sc(read.sc);
  const data = bodyOf(read, host.options.bareValues ?? true);
  return data === undefined ? sc(500) : { ...sc(200), data };
}

function expand(host: CommandHost, template: string): string {
  return expandServerUri(template, { DevID: host.options.deviceId, ...host.options.network });
}

async function hget(host: CommandHost, serverUri: string, clientUri: string | undefined): Promise<Executed> {
  const target = clientUri === undefined ? undefined : targetOf(host, clientUri);
  if (typeof target === 'number') return sc(target);
  const url = expand(host, serverUri);
  const response = await fetched(host, 'GET', url, { accept: ACCEPTED });
  if (response === undefined || response.status < 200 || response.status >= 300) return sc(419);
  const mediaType = response.headers['content-type'] ?? '';
  const written = writeDocument(host.tree, readerOf(host).actor, { mediaType, body: response.body }, target);
  if (written.ok) return { status: { sc: 200, ...(clientUri === undefined ? { uris: written.uris } : {}) } };
  return {
    ...sc(written.sc),
    ...(written.malformed === undefined ? {} : { violation: violation('MO_DOCUMENT', `${url}: ${written.malformed}`) }),
  };
}

/** A ClientURI to write at: x-names are resolved, the last names may not exist yet. */
function targetOf(host: CommandHost, text: string): PlainAddress | number {
  const uri = parseClientUri(text);
  if (!uri.ok) return 400;
  const { moid, instance, steps } = uri.value;
  const named = steps.flatMap((step) => (step.kind === 'name' ? [step.name] : []));
  if (named.length === steps.length && (instance.kind === 'only' || instance.kind === 'name')) {
    return { moid, path: named, ...(instance.kind === 'name' ? { miid: instance.name } : {}) };
  }
  const place = findOne(host.tree, uri.value);
  const address = place === undefined ? undefined : addressOf(host.tree, place.path);
  return address ?? 404;
}

async function fetched(
  host: CommandHost,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array,
): ReturnType<typeof attempt> {
  host.transcript.push({
    direction: 'out',
    url,
    method,
    contentType: headers['content-type'] ?? '',
    body: body ?? new Uint8Array(),
  });
  const response = await attempt(host, method, url, headers, body);
  if (response !== undefined) {
    host.transcript.push({
      direction: 'in',
      url,
      method,
      status: response.status,
      contentType: response.headers['content-type'] ?? '',
      body: response.body,
    });
  }
  return response;
}

/** The answer; undefined when there is no connection. */
async function attempt(
  host: CommandHost,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array,
) {
  try {
    return await host.exchange.send({ method, url, headers, ...(body === undefined ? {} : { body }) });
  } catch {
    return undefined;
  }
}

async function upload(
  host: CommandHost,
  method: 'PUT' | 'POST',
  serverUri: string,
  clientUris: readonly string[],
): Promise<Executed> {
  const reads = clientUris.map((uri) => readNodes(readerOf(host), uri));
  const good = reads.flatMap((read) => (read.ok ? [read] : []));
  const [first] = good;
  if (first === undefined) {
    const codes = reads.flatMap((read) => (read.ok ? [] : [read.sc]));
    // 404 only when none was found; a refusal of any tells more.
    return sc(codes.find((code) => code !== 404) ?? 404);
  }
  const whole = good.length === 1 ? first : { ok: true as const, entries: good.flatMap(({ entries }) => entries) };
  const accepted = host.serverAccepts;
  const bare = (host.options.bareValues ?? true) && clientUris.length === 1;
  const choices = [bodyOf(whole, bare), bodyOf(whole, false)].filter((choice) => choice !== undefined);
  let choice = choices.find((one) => accepted === undefined || accepts(accepted, parseMediaType(one.mediaType).type));
  if (choice === undefined) return sc(406);
  const url = expand(host, serverUri);
  let response = await fetched(host, method, url, { 'content-type': choice.mediaType }, choice.body);
  const offered = response?.headers['omadm-accept'];
  const sentType = choice.mediaType;
  if (response?.status === 415 && offered !== undefined) {
    choice = choices.find((one) => one.mediaType !== sentType && accepts(offered, parseMediaType(one.mediaType).type));
    if (choice !== undefined)
      response = await fetched(host, method, url, { 'content-type': choice.mediaType }, choice.body);
  }
  return sc(response !== undefined && response.status >= 200 && response.status < 300 ? 200 : 419);
}

function remove(host: CommandHost, clientUri: string): Executed {
  const uri = parseClientUri(clientUri);
  const place = uri.ok ? findOne(host.tree, uri.value) : undefined;
  if (place === undefined) return sc(uri.ok ? 404 : 400);
  const done = host.tree.delete(place.path, readerOf(host).actor);
  return sc(done.ok ? 200 : WRITE_CODES[done.error]);
}

function exec(host: CommandHost, clientUri: string, reportTo: string | undefined): Executed {
  const uri = parseClientUri(clientUri);
  const place = uri.ok ? findOne(host.tree, uri.value) : undefined;
  if (place === undefined) return sc(uri.ok ? 404 : 400);
  const allowed = host.tree.mayExec(place.path, readerOf(host).actor);
  // 405: not executable; 403: no right to.
  if (!allowed.ok) return sc(allowed.error === 'NOT_ALLOWED' ? 405 : WRITE_CODES[allowed.error]);
  const { execResult } = host.options;
  const outcome = execute(host.tree, {
    path: place.path,
    ...(reportTo === undefined ? {} : { reportTo: expand(host, reportTo) }),
    ...(execResult === undefined ? {} : { resultCode: execResult }),
  });
  return outcome.kind === 'done' ? sc(200) : { ...sc(202), accepted: outcome.operation };
}

function subscribe(host: CommandHost, serverUri: string, clientUri: string): Executed {
  const read = readNodes(readerOf(host), clientUri);
  if (!read.ok) return sc(read.sc);
  host.subscriptions.set(clientUri, { clientUri, serverUri: expand(host, serverUri), seen: seenOf(read) });
  return sc(200);
}

export function seenOf(read: Extract<ReturnType<typeof readNodes>, { ok: true }>): string {
  const body = bodyOf(read, false)?.body;
  return body === undefined ? '' : Buffer.from(body).toString('utf8');
}

/** Puts the sub-trees that changed since they were seen; outside of any session. */
export async function pushSubscriptions(host: CommandHost): Promise<number> {
  let pushed = 0;
  for (const subscription of [...host.subscriptions.values()]) {
    const read = readNodes(readerOf(host), subscription.clientUri);
    const seen = read.ok ? seenOf(read) : '';
    if (!read.ok || seen === subscription.seen) continue;
    const done = await upload(host, 'PUT', subscription.serverUri, [subscription.clientUri]);
    if (done.status.sc !== 200) continue;
    host.subscriptions.set(subscription.clientUri, { ...subscription, seen });
    pushed += 1;
  }
  return pushed;
}
