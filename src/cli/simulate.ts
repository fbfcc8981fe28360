/** `moql simulate`: simulated devices that come to a gateway. */
import { simulate } from '../simulator';
import type {
  DeviceSecrets,
  Dm1DeviceOptions,
  SessionReport,
  SimulateOptions,
  Simulation,
  TranscriptEntry,
  Woken,
} from '../simulator';
import { accountOfDocument, accountOfMoDocument } from './bootstrap-document';
import { chaosSummary } from './chaos-summary';
import { CommandError, UsageError, oneOf, parse, wholeNumber, type Command, type ExitCode, type Io } from './command';
import { DM1_ARGUMENTS, DM1_HELP, dm1Options, withSeed } from './simulate-dm1';
import { TLS_ARGUMENTS, TLS_HELP, tlsTransport } from './simulate-tls';

export const simulateCommand: Command = {
  summary: 'run simulated devices',
  help: `Usage: moql simulate --protocol dm1|dm2 --url URL --device-id ID [OPTIONS]
       moql simulate --protocol dm1|dm2 --bootstrap FILE|URL --device-id ID [OPTIONS]

Runs devices with real trees (DevInfo, DevDetail, DMAcc, FUMO, SCOMO and a vendor's MO), which obey their protocol and
object to a server that does not. They begin a session at once and then every --poll seconds, until SIGTERM or SIGINT.

  --protocol dm1|dm2         OMA DM 1.x or 2.0
  --url URL                  address of the server, such as http://127.0.0.1:4000/dm/1
  --device-id ID             DevId, such as IMEI:493005100592800
  --count N                  so many devices; their ids count up from ID
  --auth none|basic|md5|hmac|digest
                             how they prove who they are: md5 on DM 1.x, digest (HTTP) on DM 2.0; under hmac the server
                             does too
  --user NAME, --secret TEXT     with what
  --server-user NAME         the server's identifier
  --server-secret TEXT       what the server must prove itself with, in messages (DM 1.x) and in wake-ups
  --bootstrap FILE|URL       all of these from a bootstrap document, with --device-id alone
  --pin DIGITS, --imsi DIGITS, --typed DIGITS
                             what user and device know of it: PIN, IMSI, or for USERPINMAC PIN and check digits
  --poll SECONDS             how often they come (10)
  --listen-udp PORT          they listen for wake-ups, each on a port of its own from PORT on, and come when they are
                             woken; by themselves only with --poll
  --listen-host ADDRESS      where (127.0.0.1)
  --sessions N               so many sessions each, then the end: exit code 1 when one of them failed
  --once                     one session each (with --interrupt, the broken one and a whole one)
  --verbose                  show the messages, without credentials

${TLS_HELP}

${DM1_HELP}

A session fails when no answer comes, when the server breaks a rule of the protocol, when it does not take the device's
credentials, or when the client that is played dies of what it gets.

Exit codes: 0 done, 1 failed, 2 bad usage.`,
  run,
};

const DEFAULT_POLL_SECONDS = 10;
const MOST_DEVICES = 100_000;
const MOST_SESSIONS = 1_000_000;
const AUTHENTICATIONS = { dm1: ['none', 'basic', 'md5', 'hmac', 'digest'], dm2: ['none', 'basic', 'digest'] } as const;

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { options, sessions, verbose, listen } = await readArguments(withSeed(args));
  const chaos = options.protocol === 'dm1' ? options.device.chaos : undefined;
  let failures = 0;
  let reports = 0;
  const onReport = (report: SessionReport): void => {
    reports += 1;
    if (isFailure(report, chaos !== undefined)) failures += 1;
    for (const line of linesOf(report, verbose)) io.out(line);
  };
  const onWakeUp = (deviceId: string, woken: Woken): void =>
    io.out(woken.ok ? `${deviceId} was woken` : `${deviceId} was not woken: ${woken.reason}`);
  const only = sessions === undefined ? {} : { pollSeconds: undefined };
  const simulation = simulate({ ...options, onReport, onWakeUp, ...only });
  if (listen !== undefined) {
    const addresses = await listening(simulation, listen);
    for (const [n, address] of addresses.entries())
      io.out(`${simulation.devices[n]?.deviceId ?? ''} listens for wake-ups on ${address}`);
    if (sessions === undefined && options.pollSeconds === undefined) void simulation.connectAll();
  }
  if (sessions === undefined) await io.stopped();
  else for (let session = 0; session < sessions; session += 1) await simulation.connectAll();
  await simulation.stop();
  if (chaos !== undefined) {
    const { lines, failed } = chaosSummary(chaos, reports);
    for (const line of lines) io.out(line);
    if (failed) failures += 1;
  }
  return sessions !== undefined && failures > 0 ? 1 : 0;
}

async function listening(
  simulation: Simulation,
  at: { readonly host: string; readonly port: number },
): Promise<readonly string[]> {
  try {
    return await simulation.listen(at);
  } catch (error) {
    await simulation.stop();
    throw new CommandError(`--listen-udp: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Wish {
  readonly options: SimulateOptions;
  /** Absent: until the process is stopped. */
  readonly sessions?: number;
  readonly verbose: boolean;
  readonly listen?: { readonly host: string; readonly port: number };
}

async function readArguments(args: readonly string[]): Promise<Wish> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parse({
    args: [...args],
    options: {
      protocol: text,
      url: text,
      'device-id': text,
      count: text,
      auth: text,
      user: text,
      secret: text,
      'server-user': text,
      bootstrap: text,
      pin: text,
      imsi: text,
      typed: text,
      poll: text,
      'server-secret': text,
      'listen-udp': text,
      'listen-host': text,
      sessions: text,
      once: flag,
      verbose: flag,
      ...TLS_ARGUMENTS,
      ...DM1_ARGUMENTS,
    },
  });
  const protocol = oneOf('protocol', required('protocol', values.protocol), ['dm1', 'dm2']);
  const document = values.bootstrap;
  if (document !== undefined) checkBootstrap(values);
  const url = document === undefined ? checkUrl(required('url', values.url)) : '';
  const deviceId = required('device-id', values['device-id']);
  const { user, secret } = values;
  const auth = values.auth === undefined ? undefined : oneOf('auth', values.auth, AUTHENTICATIONS[protocol]);
  if (auth !== undefined && auth !== 'none' && (user === undefined || secret === undefined))
    throw new UsageError(`--auth ${auth} needs --user and --secret`);
  const sessions = readSessions(values);
  const listen = readListen(values);
  const poll = values.poll === undefined ? undefined : wholeNumber('poll', values.poll, 1, 86_400);
  const transport = tlsTransport(values);
  const common = {
    ...(transport === undefined ? {} : { transport }),
    count: values.count === undefined ? 1 : wholeNumber('count', values.count, 1, MOST_DEVICES),
    pollSeconds: poll ?? (listen === undefined ? DEFAULT_POLL_SECONDS : undefined),
  };
  const rest = { ...(sessions === undefined ? {} : { sessions }), verbose: values.verbose, listen };
  if (document !== undefined && protocol === 'dm2') {
    refuseAliens(values);
    const device = { ...(await accountOfMoDocument(document)), deviceId };
    return { options: { ...common, protocol, device }, ...rest };
  }
  if (document !== undefined) {
    const account = await accountOfDocument(document, secretsOf(values));
    const device = { ...dm1Options(values), ...account, deviceId };
    return { options: { ...common, protocol: 'dm1', device }, ...rest };
  }
  const login = { url, deviceId, user, secret };
  if (protocol === 'dm2') {
    refuseAliens(values);
    const known = values['server-secret'];
    const device = {
      ...login,
      auth: auth as 'none' | 'basic' | 'digest' | undefined,
      serverId: values['server-user'],
      ...(known === undefined ? {} : { notification: { secret: Buffer.from(known, 'utf8'), data: new Uint8Array() } }),
    };
    return { options: { ...common, protocol, device }, ...rest };
  }
  const device = {
    ...login,
    auth: auth as Dm1DeviceOptions['auth'],
    serverUser: values['server-user'],
    serverAuth: auth === 'hmac' ? ('hmac' as const) : undefined,
    ...dm1Options(values),
  };
  return { options: { ...common, protocol, device }, ...rest };
}

function readListen(values: {
  readonly 'listen-udp'?: string | undefined;
  readonly 'listen-host'?: string | undefined;
}): Wish['listen'] {
  const { 'listen-udp': port, 'listen-host': host } = values;
  if (port === undefined && host !== undefined) throw new UsageError('--listen-host needs --listen-udp');
  return port === undefined
    ? undefined
    : { host: host ?? '127.0.0.1', port: wholeNumber('listen-udp', port, 0, 65_535) };
}

function refuseAliens(values: Readonly<Record<string, unknown>>): void {
  const names = [...Object.keys(DM1_ARGUMENTS), 'pin', 'imsi', 'typed'];
  const alien = names.find((name) => ![undefined, false].includes(values[name] as undefined));
  if (alien !== undefined) throw new UsageError(`--${alien} belongs to dm1`);
}

/** How many sessions each device has; undefined: until it is stopped. */
function readSessions(values: {
  readonly once: boolean;
  readonly sessions?: string | undefined;
  readonly poll?: string | undefined;
  readonly interrupt?: string | undefined;
}): number | undefined {
  if (values.once && values.poll !== undefined) throw new UsageError('--once and --poll exclude each other');
  if (values.sessions !== undefined && (values.once || values.poll !== undefined))
    throw new UsageError('--sessions excludes --once and --poll');
  if (values.sessions !== undefined) return wholeNumber('sessions', values.sessions, 1, MOST_SESSIONS);
  if (!values.once) return undefined;
  return values.interrupt === undefined ? 1 : 2;
}

/** What the document says is not said again. */
function checkBootstrap(values: Readonly<Record<string, unknown>>): void {
  for (const name of ['url', 'count', 'auth', 'user', 'secret', 'server-user', 'server-secret']) {
    if (values[name] !== undefined) throw new UsageError(`--bootstrap and --${name} exclude each other`);
  }
}

function secretsOf({
  pin,
  imsi,
  typed,
}: {
  readonly pin?: string;
  readonly imsi?: string;
  readonly typed?: string;
}): DeviceSecrets {
  return {
    ...(pin === undefined ? {} : { pin }),
    ...(imsi === undefined ? {} : { imsi }),
    ...(typed === undefined ? {} : { typed }),
  };
}

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
  return value;
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--url is ${text}; it must be an address such as http://127.0.0.1:4000/dm/1`);
  return text;
}

/** Who misbehaves is refused now and then, and that is right. */
function isFailure(report: SessionReport, isChaotic: boolean): boolean {
  if (report.ended === 'error' || report.violations.length > 0) return true;
  return !report.authenticated && !isChaotic && report.brokenOff !== true;
}

function linesOf(report: SessionReport, verbose: boolean): readonly string[] {
  const { deviceId, protocol, messages, ended, authenticated, violations, log } = report;
  const sent = messages.filter(({ direction }) => direction === 'out').length;
  const end = ended === 'error' ? 'broken off' : `ended by the ${ended === 'server' ? 'server' : 'device'}`;
  const head = `${deviceId} ${protocol}: ${sent} messages, ${end}, ${authenticated ? 'authenticated' : 'not authenticated'}`;
  return [
    ...(verbose ? messages.flatMap(messageLines) : []),
    head,
    ...violations.map(({ rule, section, detail }) => `  violation ${rule} (${section}): ${detail}`),
    ...(verbose || ended === 'error' ? log.map((line) => `  ${line}`) : []),
  ];
}

const SHOWN_OCTETS = 16_384;

function messageLines({ direction, method, url, status, contentType, body }: TranscriptEntry): readonly string[] {
  const arrow = direction === 'out' ? `→ ${method} ${url}` : `← ${status ?? ''} ${url}`;
  const isText = /xml|json|text/i.test(contentType) && !/wbxml/i.test(contentType);
  const shown = Buffer.from(body.subarray(0, SHOWN_OCTETS)).toString('utf8');
  return [
    `${arrow}  ${contentType}, ${body.length} octets`,
    ...(isText && body.length > 0 ? [withoutCredentials(shown)] : []),
  ];
}

/** Credentials and nonces of SyncML messages are left out. */
function withoutCredentials(text: string): string {
  return text.replace(/<(Cred|NextNonce)\b[^<>]*>[^]*?<\/\1>/g, '<$1>…</$1>');
}
