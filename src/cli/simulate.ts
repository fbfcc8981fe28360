/** `moql simulate`: simulated devices that come to a gateway. */
import {
  simulate,
  type DeviceSecrets,
  type SessionReport,
  type SimulateOptions,
  type TranscriptEntry,
} from '../simulator';
import { accountOfDocument } from './bootstrap-document';
import { UsageError, oneOf, parse, wholeNumber, type Command, type ExitCode, type Io } from './command';

export const simulateCommand: Command = {
  summary: 'run simulated devices',
  help: `Usage: moql simulate --protocol dm1|dm2 --url URL --device-id ID [OPTIONS]
       moql simulate --protocol dm1 --bootstrap FILE|URL --device-id ID [OPTIONS]

Runs devices with real trees (DevInfo, DevDetail, DMAcc, FUMO, SCOMO and a vendor's MO), which obey their protocol and
object to a server that does not. They begin a session at once and then every --poll seconds, until SIGTERM or SIGINT.

  --protocol dm1|dm2         OMA DM 1.2 or 2.0
  --url URL                  address of the server, such as http://127.0.0.1:4000/dm/1
  --device-id ID             DevId, such as IMEI:493005100592800
  --count N                  so many devices; their ids count up from ID
  --auth none|basic|md5|digest   how they prove who they are: md5 on DM 1.2, digest on DM 2.0
  --user NAME, --secret TEXT     with what
  --server-user NAME, --server-secret TEXT
                             what the server must prove itself with (DM 1.2); --server-user is its identifier
  --bootstrap FILE|URL       all of these from a bootstrap document (DM 1.x), with --device-id alone
  --pin DIGITS, --imsi DIGITS, --typed DIGITS
                             what user and device know of it: PIN, IMSI, or for USERPINMAC PIN and check digits
  --wbxml                    WBXML in place of XML (DM 1.2)
  --poll SECONDS             how often they come (10)
  --once                     one session each, then the end: exit code 1 when one of them failed
  --verbose                  show the messages, without credentials

Exit codes: 0 done, 1 failed, 2 bad usage.`,
  run,
};

const DEFAULT_POLL_SECONDS = 10;
const MOST_DEVICES = 100_000;
const AUTHENTICATIONS = { dm1: ['none', 'basic', 'md5'], dm2: ['none', 'basic', 'digest'] } as const;

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { options, once, verbose } = await readArguments(args);
  let failures = 0;
  const onReport = (report: SessionReport): void => {
    if (isFailure(report)) failures++;
    for (const line of linesOf(report, verbose)) io.out(line);
  };
  const simulation = simulate({ ...options, onReport, ...(once ? { pollSeconds: undefined } : {}) });
  if (once) {
    await simulation.connectAll();
    await simulation.stop();
    return failures > 0 ? 1 : 0;
  }
  await io.stopped();
  await simulation.stop();
  return 0;
}

interface Wish {
  readonly options: SimulateOptions;
  readonly once: boolean;
  readonly verbose: boolean;
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
      'server-secret': text,
      bootstrap: text,
      pin: text,
      imsi: text,
      typed: text,
      poll: text,
      wbxml: flag,
      once: flag,
      verbose: flag,
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
  if (values.once && values.poll !== undefined) throw new UsageError('--once and --poll exclude each other');
  const common = {
    count: values.count === undefined ? 1 : wholeNumber('count', values.count, 1, MOST_DEVICES),
    pollSeconds: values.poll === undefined ? DEFAULT_POLL_SECONDS : wholeNumber('poll', values.poll, 1, 86_400),
  };
  const how = { once: values.once, verbose: values.verbose };
  if (document !== undefined) {
    const account = await accountOfDocument(document, secretsOf(values));
    return { options: { ...common, protocol: 'dm1', device: { ...account, deviceId, wbxml: values.wbxml } }, ...how };
  }
  if (protocol === 'dm2') {
    if (values.wbxml || values['server-secret'] !== undefined)
      throw new UsageError('--wbxml and --server-secret belong to dm1');
    const device = {
      url,
      deviceId,
      user,
      secret,
      auth: auth as 'none' | 'basic' | 'digest' | undefined,
      serverId: values['server-user'],
    };
    return { options: { ...common, protocol, device }, ...how };
  }
  const device = {
    url,
    deviceId,
    user,
    secret,
    auth: auth as 'none' | 'basic' | 'md5' | undefined,
    wbxml: values.wbxml,
    serverUser: values['server-user'],
    serverSecret: values['server-secret'],
  };
  return { options: { ...common, protocol, device }, ...how };
}

/** What the document says is not said again. */
function checkBootstrap(values: { readonly [name: string]: string | boolean | undefined }): void {
  if (values['protocol'] !== 'dm1') throw new UsageError('--bootstrap belongs to dm1');
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

function isFailure(report: SessionReport): boolean {
  return report.ended === 'error' || report.violations.length > 0 || !report.authenticated;
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
