/** Options of `moql simulate` that belong to DM 1.x: which client, which version, and what it is to show. */
import { randomInt } from 'node:crypto';

import { Chaos, clientNamed, DM1_CLIENTS, largeObject } from '../simulator';
import type { ClientProfile, DeviceAlert, Dm1DeviceOptions } from '../simulator';
import { UsageError, oneOf, wholeNumber } from './command';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/** For `parseArgs`. */
export const DM1_ARGUMENTS = {
  client: text,
  version: text,
  wbxml: flag,
  xml: flag,
  'max-msg-size': text,
  'max-obj-size': text,
  'large-object': text,
  alert: { type: 'string', multiple: true },
  event: { type: 'string', multiple: true },
  interrupt: text,
  repeat: flag,
  chaos: text,
} as const;

export interface Dm1Values {
  readonly client?: string | undefined;
  readonly version?: string | undefined;
  readonly wbxml?: boolean | undefined;
  readonly xml?: boolean | undefined;
  readonly 'server-secret'?: string | undefined;
  readonly 'max-msg-size'?: string | undefined;
  readonly 'max-obj-size'?: string | undefined;
  readonly 'large-object'?: string | undefined;
  readonly alert?: readonly string[] | undefined;
  readonly event?: readonly string[] | undefined;
  readonly interrupt?: string | undefined;
  readonly repeat?: boolean | undefined;
  readonly chaos?: string | undefined;
}

const CLIENT_WIDTH = Math.max(...DM1_CLIENTS.map(({ name }) => name.length));

/** The part of `--help` about DM 1.x. */
export const DM1_HELP = `DM 1.x only:
  --version 1.1.2|1.2|1.3    what it speaks (1.2)
  --wbxml, --xml             the form of its messages (XML, or what the client speaks)
  --client NAME              a real client with its habits, one of:
${DM1_CLIENTS.map(({ name, title, forms }) => `                               ${name.padEnd(CLIENT_WIDTH)}  ${title}; ${forms.join(', ')}`).join('\n')}
  --max-msg-size OCTETS      MaxMsgSize that it announces (16384)
  --max-obj-size OCTETS      MaxObjSize that it announces
  --large-object OCTETS      it has ./Vendor/Acme/Large/Data with a value so large, and takes such values
  --alert TYPE[=DATA]        each session brings a generic alert (1226) of this type; may be repeated
  --event TYPE[=DATA]        each session brings a client event (1224) of this type; may be repeated
  --interrupt N              the first session, and every second after it, is broken off after N messages
  --repeat                   every message is sent twice, as after a lost answer
  --chaos [SEED]             it misbehaves at random, the same way for the same SEED: lost answers, repeated and broken
                             sessions, children in another order, stale nonces, illegal packages, wrong SessionIDs, garbage.
                             At the end it tells what was done and how the server took it`;

const VERSIONS = { '1.1.2': '1.1', '1.2': '1.2', '1.3': '1.3' } as const;
const MOST_OCTETS = 64 * 1024 * 1024;
const LARGEST_SEED = 999_999_999;
/** A device takes objects of a mebibyte unless it has a larger one itself. */
const USUAL_MAX_OBJECT = 1_048_576;
/** Octets of the rest of its tree. */
const ROOM_BESIDE = 4_194_304;

/** `--chaos` without a number behind it gets a random seed. */
export function withSeed(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, at) =>
    arg === '--chaos' && !/^\d+$/.test(args[at + 1] ?? '') ? [`--chaos=${randomInt(LARGEST_SEED)}`] : [arg],
  );
}

/** The options that differ from the other protocol's; UsageError for what makes no sense. */
export function dm1Options(values: Dm1Values): Partial<Dm1DeviceOptions> {
  const client = values.client === undefined ? undefined : readClient(values.client);
  const version =
    values.version === undefined
      ? client?.version
      : VERSIONS[oneOf('version', values.version, Object.keys(VERSIONS) as (keyof typeof VERSIONS)[])];
  if (version === '1.1' && values.alert !== undefined)
    throw new UsageError('--alert: DM 1.1.2 has no generic alert; --event sends a client event');
  const octets = (name: 'max-msg-size' | 'max-obj-size' | 'large-object', least: number): number | undefined => {
    const given = values[name];
    return given === undefined ? undefined : wholeNumber(name, given, least, MOST_OCTETS);
  };
  const large = octets('large-object', 1);
  const maxObjSize = octets('max-obj-size', 1) ?? (large === undefined ? undefined : Math.max(large, USUAL_MAX_OBJECT));
  const opening = [
    ...(values.alert ?? []).map((one) => readAlert(one, false)),
    ...(values.event ?? []).map((one) => readAlert(one, true)),
  ];
  return {
    client,
    version,
    wbxml: readForm(values, client),
    serverSecret: values['server-secret'],
    maxMsgSize: octets('max-msg-size', 1),
    maxObjSize,
    ...(large === undefined
      ? {}
      : {
          plants: [largeObject(large)],
          treeLimits: {
            capacity: ROOM_BESIDE + 2 * (maxObjSize ?? large),
            maxNodes: 20_000,
            maxDepth: 24,
            maxSegment: 128,
          },
        }),
    opening,
    interruptAfter: values.interrupt === undefined ? undefined : wholeNumber('interrupt', values.interrupt, 1, 1000),
    repeats: values.repeat,
    chaos: values.chaos === undefined ? undefined : new Chaos(wholeNumber('chaos', values.chaos, 0, LARGEST_SEED)),
  };
}

function readClient(name: string): ClientProfile {
  const client = clientNamed(name);
  if (client === undefined)
    throw new UsageError(`--client is ${name}; it must be ${DM1_CLIENTS.map((one) => one.name).join(', ')}`);
  return client;
}

function readForm({ wbxml, xml }: Dm1Values, client: ClientProfile | undefined): boolean | undefined {
  if (wbxml === true && xml === true) throw new UsageError('--wbxml and --xml exclude each other');
  const form = wbxml === true ? 'wbxml' : xml === true ? 'xml' : undefined;
  if (form !== undefined && client?.forms.includes(form) === false)
    throw new UsageError(`--${form}: ${client.name} speaks ${client.forms.join(' and ')} only`);
  return form === undefined ? undefined : form === 'wbxml';
}

function readAlert(given: string, event: boolean): DeviceAlert {
  const [type = '', ...data] = given.split('=');
  if (type.trim() === '')
    throw new UsageError(`--${event ? 'event' : 'alert'} is ${given}; it must be TYPE or TYPE=DATA`);
  return { type, data: data.join('='), ...(event ? { event } : {}) };
}
