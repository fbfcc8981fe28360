/**
 * Any octets are a package or a refusal, any text is a ClientURI or none, any body is MO data or a coded error, and any
 * packages in any order are answered by the rules, in bounded time. `FUZZ_SEED` repeats a run; CI runs at least 50,000 cases.
 */
import { readdirSync, readFileSync } from 'node:fs';

import fc from 'fast-check';

import { parseClientUri, plainAddressOf, printClientUri } from '../../../adapters/dm2/client-uri';
import { decodeMoJson } from '../../../adapters/dm2/mo-json';
import { readMultipart, writeMultipart } from '../../../adapters/dm2/multipart';
import { decodePackage1, decodePackage2, decodePackage3 } from '../../../adapters/dm2/package-codec';
import { hold, holdOneOf } from '../../support/hold';
import { hasShared, sharedPath } from '../../support/shared';
import { add, exec, get, given, METER, only, replace, statuses, withData, type Dialogue, type Reply } from './dialogue';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
process.stdout.write(`FUZZ_SEED=${seed}\n`);

/** Of one case; most take less than a millisecond where nothing else runs. */
const MAX_MILLISECONDS = 5_000;
const CASES = { packages: 14_000, multipart: 10_000, uris: 16_000, documents: 10_000, sessions: 400 } as const;

const RESPONSE = 'application/vnd.oma.dm.response+json';
const BOUNDARY = 'zQ7';
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

const EMPTY = new Uint8Array(0);
let cases = 0;

/** A case in time, counted. */
function take(run: () => void): void {
  cases += 1;
  const started = performance.now();
  run();
  const ms = performance.now() - started;
  if (ms >= MAX_MILLISECONDS) throw new Error(`a case took ${ms} ms`);
}

function check<T>(runs: number, arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns: runs, seed, endOnFailure: true });
}

function shared(pattern: RegExp): readonly Buffer[] {
  if (!hasShared()) return [];
  const folder = sharedPath('vectors', 'dm2');
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(`${folder}/${name}`));
}

const octetsOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const PACKAGES = [
  octetsOf({
    MOS: [{ DDF: 'https://d/x', MOID: METER, MIID: ['a', 'b'] }],
    Alert: [{ AlertType: 'a:b', Data: { ResultCode: 200 } }],
  }),
  octetsOf({ Status: [{ sc: 200 }, 404, { sc: 200, URI: [`${METER}/m7/`] }], Alert: [{ AlertType: 'a:b' }] }),
  octetsOf({ CMD: [['GET', `${METER}/a/`], ['END']] }),
  ...shared(/^[0-4]\d-.*\.json$/),
];
const BODIES = [
  Buffer.from(
    [
      `--${BOUNDARY}`,
      'Content-Disposition: form-data',
      `Content-Type: ${RESPONSE}`,
      '',
      '{"Status":[{"sc":200}]}',
      `--${BOUNDARY}`,
      'Content-Disposition: form-data; name="0"',
      'Content-Type: text/plain',
      '',
      'x',
      `--${BOUNDARY}--`,
      '',
    ].join('\r\n'),
  ),
  ...shared(/^5\d-.*\.bin$/),
];
const DOCUMENTS = [
  octetsOf([
    {
      ClientURI: `${METER}/kitchen/`,
      CV: 'k',
      MOData: { MeterA: { Serial: 'A', Tariff: { 1: { Rate: 0.3 } }, Ops: { Reset: null } } },
    },
  ]),
  ...shared(/^7\d-.*\.json$/),
];
const URIS = [
  `${METER}//`,
  `${METER}/kitchen/Tariff/2/Rate?lv=1&cv=k-0017`,
  `${METER}/(m)/Tariff/(t)/Rate?nv=(m)/Serial:B-200&nv=(t)/Start:2300`,
  `${METER}/*/Tariff/*/Rate`,
];
const PIECES = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  '1e999',
  '-0',
  '\\u0000',
  '\\ud800',
  '"sc":',
  '"URI":',
  '"MOData":',
  '"CV":"k"',
  '"ClientURI":',
  '"__proto__":',
  `--${BOUNDARY}`,
  `--${BOUNDARY}--`,
  '\r\n',
  '\r\n\r\n',
  'name="0"',
  'name="99999"',
  'filename=',
  '/',
  '//',
  '?',
  '&',
  'nv=(a)/x:y',
  'lv=0',
  'cv=%',
  '%2F',
  '%zz',
  '(a)',
  '(ab)',
  '*',
  '\0',
  '\u00ff',
  '\ufeff',
  '[[[[[[[[[[[[[[[[',
  '{"a":{"a":{"a":',
];

type Change =
  | { readonly kind: 'set'; readonly at: number; readonly octet: number }
  | { readonly kind: 'cut' | 'double'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly piece: string }
  | { readonly kind: 'splice'; readonly at: number; readonly other: number; readonly from: number };

const place = fc.nat(0xffff);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), at: place, octet: fc.nat(255) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('cut' as const, 'double' as const),
      at: place,
      length: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), at: place, piece: fc.constantFrom(...PIECES) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('splice' as const), at: place, other: place, from: place }) },
);
const changes = fc.array(change, { minLength: 1, maxLength: 6 });

function changed(original: Uint8Array, list: readonly Change[], originals: readonly Uint8Array[]): Buffer {
  let octets = Buffer.from(original);
  for (const one of list) {
    const at = one.at % (octets.length + 1);
    switch (one.kind) {
      case 'set':
        if (at < octets.length) octets[at] = one.octet;
        break;
      case 'cut':
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(at + one.length)]);
        break;
      case 'double':
        octets = Buffer.concat([octets.subarray(0, at + one.length), octets.subarray(at)]);
        break;
      case 'insert':
        octets = Buffer.concat([octets.subarray(0, at), Buffer.from(one.piece), octets.subarray(at)]);
        break;
      case 'splice': {
        const other = originals[one.other % originals.length] ?? octets;
        octets = Buffer.concat([octets.subarray(0, at), other.subarray(one.from % (other.length + 1))]);
        break;
      }
    }
  }
  return octets;
}

const mutantOf = (originals: readonly Uint8Array[]): fc.Arbitrary<Buffer> =>
  fc
    .record({ original: place, list: changes })
    .map(({ original, list }) => changed(originals[original % originals.length] ?? Buffer.alloc(0), list, originals));

/** Text of a device goes into documents of the database, which hold neither U+0000 nor half a surrogate pair. */
function expectStorable(value: unknown): void {
  const text = JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? undefined : one)) ?? '';
  if (/\\u0000|\\ud[89a-f]/.test(text)) throw new Error(`it cannot be stored: ${text}`);
}

test('a package is one, or is refused with a code', () => {
  check(CASES.packages, mutantOf(PACKAGES), (octets) =>
    take(() => {
      for (const read of [decodePackage1(octets), decodePackage3(RESPONSE, octets), decodePackage2(octets)]) {
        if (!read.ok) holdOneOf(['NOT_JSON', 'BAD_SHAPE'], read.code);
      }
      for (const read of [decodePackage1(octets), decodePackage3(RESPONSE, octets)])
        if (read.ok) expectStorable(read.value);
    }),
  );
});

test('a multipart body has parts that can be written again, or is refused with a code', () => {
  check(CASES.multipart, mutantOf(BODIES), (octets) =>
    take(() => {
      const parts = readMultipart(MULTIPART, octets);
      if (!parts.ok) {
        holdOneOf(['NO_BOUNDARY', 'TRUNCATED', 'BAD_HEAD', 'TOO_MANY_PARTS'], parts.code);
      } else {
        const again = writeMultipart(parts.value.map(({ body }) => ({ mediaType: 'text/plain', body })));
        const read = readMultipart(again.contentType, again.body);
        const same =
          read.ok && parts.value.every(({ body }, n) => Buffer.compare(body, read.value[n]?.body ?? EMPTY) === 0);
        if (!same) throw new Error('the parts are not those that were written');
      }
      const read = decodePackage3(MULTIPART, octets);
      if (!read.ok) holdOneOf(['NOT_JSON', 'BAD_SHAPE', 'BAD_MULTIPART', 'NO_PACKAGE'], read.code);
    }),
  );
});

test('a text is a ClientURI, and then one that prints and reads the same, or it is none', () => {
  const originals = URIS.map((uri) => Buffer.from(uri));
  check(CASES.uris, mutantOf(originals), (octets) =>
    take(() => {
      const read = parseClientUri(octets.toString('utf8'));
      if (!read.ok) {
        holdOneOf(['SYNTAX'], read.code);
        return;
      }
      const plain = plainAddressOf(read.value);
      if (plain === undefined) return;
      const again = parseClientUri(
        printClientUri({ ...plain, level: read.value.level, validator: read.value.validator }),
      );
      expect(again.ok && again.value).toEqual({ ...read.value, conditions: [] });
    }),
  );
});

test('a body is MO data, all of which the store can hold, or is refused with a code', () => {
  check(CASES.documents, mutantOf(DOCUMENTS), (octets) =>
    take(() => {
      const read = decodeMoJson(octets, { look: () => undefined });
      if (read.ok) expectStorable(read.value);
      else holdOneOf(['NOT_JSON', 'BAD_SHAPE', 'BAD_CLIENT_URI', 'TOO_DEEP'], read.code);
    }),
  );
});

type Step =
  | { readonly kind: 'begin' | 'answer' | 'data' | 'repeat' | 'elsewhere' | 'fetch' }
  | { readonly kind: 'mutant'; readonly octets: Buffer }
  | { readonly kind: 'mutated answer'; readonly list: readonly Change[] }
  | { readonly kind: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'begin' as const,
        'answer' as const,
        'data' as const,
        'repeat' as const,
        'elsewhere' as const,
        'fetch' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: mutantOf([...PACKAGES, ...BODIES]).map((octets) => ({ kind: 'mutant' as const, octets })) },
  { weight: 5, arbitrary: changes.map((list) => ({ kind: 'mutated answer' as const, list })) },
  { weight: 1, arbitrary: fc.constantFrom(1, 11_000, 400_000).map((ms) => ({ kind: 'wait' as const, ms })) },
);

/** Plays a session and holds every answer to what holds for all answers. */
function play(device: Dialogue, steps: readonly Step[]): void {
  let reply: Reply | undefined;
  let last: () => Reply = () => device.posts({});
  const ok = (): number[] => (reply?.cmd ?? []).map(() => 200);
  for (const one of steps) {
    if (device.waiting.length === 0)
      device.has(get(''), replace('Unit'), add('Note'), exec('Ops/Reset'), {
        kind: 'delete',
        at: { moid: METER, path: 'a' },
      });
    switch (one.kind) {
      case 'wait':
        device.wait(one.ms);
        continue;
      case 'fetch':
        device.fetches(...device.waiting);
        continue;
      case 'begin':
        last = () => device.posts({ MOS: [{ MOID: METER, MIID: ['kitchen'] }] });
        break;
      case 'answer': {
        const codes = ok();
        last = () => device.answers(statuses(...codes));
        break;
      }
      case 'data': {
        const [body, over] = withData(ok(), { 1: [`${METER}/kitchen/`, { M: { Unit: 'x' } }, 'k-1'] });
        last = () => device.answers(body, over);
        break;
      }
      case 'mutated answer': {
        const body = changed(octetsOf(statuses(...ok())), one.list, PACKAGES);
        last = () => device.answers(body, { type: RESPONSE });
        break;
      }
      case 'mutant': {
        const { octets } = one;
        last = () => device.answers(octets, { type: octets.includes('--zQ7') ? MULTIPART : RESPONSE });
        break;
      }
      case 'elsewhere':
        last = () => device.posts(statuses(200), { token: 'X'.repeat(22) });
        break;
      case 'repeat':
        break;
    }
    take(() => {
      reply = last();
      expectAnswer(reply);
    });
  }
}

/** A Package#2 in any case: CONT first and once, END alone, strings only; refusals with END. */
function expectAnswer(reply: Reply): void {
  holdOneOf([200, 400, 415], reply.status);
  const names = reply.cmd.map(([name]) => name);
  const areStrings = reply.cmd.every((words) => words.length > 0 && words.every((word) => typeof word === 'string'));
  hold(areStrings, 'commands of strings', reply.cmd);
  if (names.includes('END') || reply.status !== 200) hold(names.join() === 'END', 'END alone', names);
  hold(!names.includes('CONT', 1), 'CONT first and once', names);
  expectStorable(reply.effects);
}

test('a session answers any packages in any order, and a command ends once', () => {
  check(CASES.sessions, fc.array(step, { minLength: 4, maxLength: 12 }), (steps) => {
    const device = given();
    play(device, steps);
    const ended = [
      ...only(device.effects, 'commandAnswered'),
      ...only(device.effects, 'commandAccepted'),
      ...only(device.effects, 'commandUnanswered'),
    ];
    expect(new Set(ended.map(({ command }) => command)).size).toBe(ended.length);
  });
});

test('These were at least 50,000 cases', () => {
  process.stdout.write(`${cases} cases of DM 2.0, FUZZ_SEED=${seed}\n`);
  expect(cases).toBeGreaterThanOrEqual(50_000);
});
