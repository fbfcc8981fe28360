/**
 * Any octets are a message or a typed refusal, and any messages in any order are answered by the rules, in bounded time.
 * `FUZZ_SEED` repeats a run; CI runs at least 50,000 cases.
 */
import { readdirSync, readFileSync } from 'node:fs';

import fc from 'fast-check';

import type { Command } from '../../../adapters/adapter';
import { DM_CODEC_ERRORS, decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import type { Message } from '../../../adapters/dm1/message';
import { hold, holdOneOf } from '../../support/hold';
import { hasShared, sharedPath } from '../../support/shared';
import {
  Dialogue,
  answers,
  command,
  credential,
  inbound,
  message,
  package1,
  results,
  status,
} from './session/dialogue';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
process.stdout.write(`FUZZ_SEED=${seed}\n`);

const FORMS = ['xml', 'wbxml'] as const;
type Form = (typeof FORMS)[number];

/** Of one case; most take less than a millisecond where nothing else runs. */
const MAX_MILLISECONDS = 5_000;
const CASES = { xml: 12_000, wbxml: 20_000, octets: 6_000, sessions: 1_500 } as const;
const STEPS = { least: 6, most: 12 } as const;

let cases = 0;

/** Messages of every kind that the field knows, to begin from. */
const ORIGINALS: Readonly<Record<Form, readonly Uint8Array[]>> = { xml: originals('xml'), wbxml: originals('wbxml') };

function originals(form: Form): readonly Uint8Array[] {
  const own = [
    package1(1),
    message(2, [status(1, '0', 'SyncHdr', 212), status(1, '4', 'Get', 200), results(1, '4', './A/b', 'x')]),
    message(2, [
      {
        kind: 'Alert',
        cmdId: '1',
        data: '1226',
        correlator: 'c',
        items: [{ meta: { type: 'a:b', format: 'int' }, data: { kind: 'text', text: '200' } }],
      },
      {
        kind: 'Results',
        cmdId: '2',
        cmdRef: '4',
        items: [
          {
            source: { locUri: './L' },
            meta: { size: '900' },
            data: { kind: 'text', text: 'x'.repeat(50) },
            moreData: true,
          },
        ],
      },
    ]),
  ].map((one) => encodeMessage(one, { form }));
  if (!hasShared()) return own;
  const folder = sharedPath('vectors', 'dm1');
  const names = readdirSync(folder).filter((name) => name.endsWith(`.${form}`));
  return [...own, ...names.map((name) => new Uint8Array(readFileSync(`${folder}/${name}`)))];
}

/** Pieces that mean something to a decoder, whole and broken. */
const PIECES: Readonly<Record<Form, readonly string[]>> = {
  xml: [
    '<Final/>',
    '<Item>',
    '</Item>',
    '<![CDATA[',
    ']]>',
    '<!DOCTYPE x [',
    '&#0;',
    '&a;',
    '<MoreData/>',
    '<Data>',
    '<Meta xmlns="syncml:metinf">',
    '<Size>99999999999</Size>',
    '<CmdRef>',
    '<!--',
    '<?x',
    '\0',
    '\ufffe',
    '<Atomic>',
    '</SyncML>',
    '<MsgID>1</MsgID>',
  ],
  wbxml: [
    '\x00\x01',
    '\x00\x02',
    '\x00\x7f',
    '\x01',
    '\x03a\x00',
    '\x04\x00',
    '\x83\xff\xff\xff\xff\x0f',
    '\xc3\xff\xff\xff\xff\x0f',
    '\xc3\x80\x80\x80\x80\x80',
    '\x40\x00',
    '\x43',
    '\x45',
    '\x4f\xc3\x05',
    '\x02\xff\xff\xff\x7f',
    '\xed\x04',
    '\x74',
    '\x80',
    '\xc0',
  ],
};

type Change =
  | { readonly kind: 'set'; readonly at: number; readonly octet: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'double'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly piece: string }
  | { readonly kind: 'splice'; readonly at: number; readonly other: number; readonly from: number };

const place = fc.nat(0xffff);
const changeOf = (form: Form): fc.Arbitrary<Change> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), at: place, octet: fc.nat(255) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.integer({ min: 1, max: 40 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('double' as const),
        at: place,
        length: fc.integer({ min: 1, max: 400 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('insert' as const),
        at: place,
        piece: fc.constantFrom(...PIECES[form]),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('splice' as const), at: place, other: place, from: place }) },
  );

function changed(original: Uint8Array, changes: readonly Change[], form: Form): Uint8Array {
  let octets = Buffer.from(original);
  for (const change of changes) {
    const at = change.at % (octets.length + 1);
    switch (change.kind) {
      case 'set':
        if (at < octets.length) octets[at] = change.octet;
        break;
      case 'cut':
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(at + change.length)]);
        break;
      case 'double':
        octets = Buffer.concat([octets.subarray(0, at + change.length), octets.subarray(at)]);
        break;
      case 'insert':
        octets = Buffer.concat([
          octets.subarray(0, at),
          Buffer.from(change.piece, form === 'xml' ? 'utf8' : 'latin1'),
          octets.subarray(at),
        ]);
        break;
      case 'splice': {
        const other = ORIGINALS[form][change.other % ORIGINALS[form].length] ?? octets;
        octets = Buffer.concat([octets.subarray(0, at), other.subarray(change.from % (other.length + 1))]);
        break;
      }
    }
  }
  return octets;
}

const mutantOf = (form: Form): fc.Arbitrary<Uint8Array> =>
  fc
    .record({ original: fc.nat(0xffff), changes: fc.array(changeOf(form), { minLength: 1, maxLength: 6 }) })
    .map(({ original, changes }) =>
      changed(ORIGINALS[form][original % ORIGINALS[form].length] ?? new Uint8Array(0), changes, form),
    );

/** A case in time, counted. */
function take(run: () => void): void {
  cases += 1;
  const started = performance.now();
  run();
  const ms = performance.now() - started;
  hold(ms < MAX_MILLISECONDS, `less than ${MAX_MILLISECONDS} ms`, ms);
}

/** What a decoder makes of octets: a message that can be written and read again, or a code. */
function decode(octets: Uint8Array, form: Form): void {
  const decoded = decodeMessage(octets, `application/vnd.syncml.dm+${form}`);
  if (!decoded.ok) {
    hold(Object.hasOwn(DM_CODEC_ERRORS, decoded.code), 'a code of DM_CODEC_ERRORS', decoded.code);
    hold(decoded.message.length < 1_000, 'a message of less than 1,000 characters', decoded.message);
    return;
  }
  const { message: read, encoding } = decoded.value;
  const again = decodeMessage(encodeMessage(read, encoding), `application/vnd.syncml.dm+${encoding.form}`);
  hold(again.ok && again.value.message.body.length === read.body.length, `${read.body.length} commands again`, again);
}

function check<T>(runs: number, arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns: runs, seed, endOnFailure: true });
}

describe.each(FORMS)('The %s decoder', (form) => {
  test('takes or refuses any mutation of real messages', () => {
    check(CASES[form], mutantOf(form), (octets) => take(() => decode(octets, form)));
  });

  test('takes or refuses any octets', () => {
    check(CASES.octets / 2, fc.uint8Array({ maxLength: 400 }), (octets) => take(() => decode(octets, form)));
  });
});

const TREE = { nodes: { '.': ['A'], './A': ['b', 'c'], './A/b': 'x', './A/c': [] } };

function work(): Command[] {
  return [
    command({ kind: 'get', at: { uri: './A' } } as never),
    command({ kind: 'replace', at: { uri: './A/b' }, value: { format: 'chr', data: 'x' } } as never),
    command({ kind: 'exec', at: { uri: './E' }, correlator: 'c' } as never),
    command({ kind: 'delete', at: { uri: './A' }, atomic: 'g' } as never),
    command({
      kind: 'add',
      at: { uri: './B' },
      value: { format: 'bin', data: new Uint8Array([1, 2]) },
      atomic: 'g',
    } as never),
  ];
}

type Step =
  | { readonly kind: 'begin' }
  | { readonly kind: 'answer' }
  | { readonly kind: 'mutant'; readonly octets: Uint8Array }
  | { readonly kind: 'mutated answer'; readonly changes: readonly Change[] }
  | { readonly kind: 'repeat' }
  | { readonly kind: 'wait'; readonly ms: number };

const stepOf = (form: Form): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant({ kind: 'begin' as const }) },
    { weight: 4, arbitrary: fc.constant({ kind: 'answer' as const }) },
    { weight: 3, arbitrary: mutantOf(form).map((octets) => ({ kind: 'mutant' as const, octets })) },
    {
      weight: 5,
      arbitrary: fc
        .array(changeOf(form), { minLength: 1, maxLength: 3 })
        .map((changes) => ({ kind: 'mutated answer' as const, changes })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'repeat' as const }) },
    { weight: 1, arbitrary: fc.constantFrom(1, 61_000, 400_000).map((ms) => ({ kind: 'wait' as const, ms })) },
  );

/** Plays a session and holds every answer to what holds for all answers. */
function play(device: Dialogue, steps: readonly Step[], form: Form): void {
  let no = 0;
  let last = encodeMessage(package1(1), { form });
  const answer = (): Message => message((no += 1), answers(device.reply, TREE));
  for (const step of steps) {
    if (device.queue.length === 0) device.queue.push(...work());
    switch (step.kind) {
      case 'wait':
        device.now += step.ms;
        continue;
      case 'begin':
        no = 1;
        last = encodeMessage(package1(1), { form });
        break;
      case 'answer':
        last = encodeMessage(answer(), { form });
        break;
      case 'mutated answer':
        last = changed(encodeMessage(answer(), { form }), step.changes, form);
        break;
      case 'mutant':
        last = step.octets;
        break;
      case 'repeat':
        break;
    }
    take(() => post(device, last, form));
  }
}

function post(device: Dialogue, octets: Uint8Array, form: Form): void {
  const opened = device.adapter.open(inbound(octets, { form }));
  if ('refusal' in opened) {
    holdOneOf([400, 413, 415], opened.refusal.status);
    return;
  }
  // A message of another device is none of this dialogue's.
  if (opened.envelope.device !== 'IMEI:490154203237518') return;
  const { body, status: http } = device.answer(inbound(octets, { form }));
  hold(http === 200, 'the status 200', http);
  const decoded = decodeMessage(body, `application/vnd.syncml.dm+${form}`);
  if (!decoded.ok) throw new Error(`the answer is no message: ${decoded.message}`);
  const reply = decoded.value.message;
  device.reply = reply;
  const ids = reply.body.flatMap((one) => [
    one.cmdId,
    ...('commands' in one ? one.commands.map(({ cmdId }) => cmdId) : []),
  ]);
  hold(new Set(ids).size === ids.length, 'CmdIDs that differ', ids);
  const [first] = reply.body;
  const isOfHeader = first?.kind === 'Status' && first.cmdRef === '0' && first.cmd === 'SyncHdr';
  hold(isOfHeader, 'the Status of the SyncHdr first', first);
  const commands = reply.body.filter(({ kind }) => kind !== 'Status' && kind !== 'Alert');
  if (device.turn.some(({ kind }) => kind === 'refused')) {
    hold(commands.length === 0, 'no command in a refusal', commands);
  }
}

describe.each(FORMS)('A session over %s', (form) => {
  test.each(['NONE', 'DIGEST_MD5'] as const)('answers any messages in any order, credentials %s', (type) => {
    check(CASES.sessions / 2, fc.array(stepOf(form), { minLength: STEPS.least, maxLength: STEPS.most }), (steps) => {
      const device = new Dialogue({ form, clientAuth: credential(type) });
      play(device, steps, form);
      const ended = device.effects.flatMap((effect) =>
        effect.kind === 'commandAnswered' || effect.kind === 'commandAccepted' || effect.kind === 'commandUnanswered'
          ? [effect.command]
          : [],
      );
      hold(new Set(ended).size === ended.length, 'each command ended once', ended);
    });
  });
});

test('These were at least 50,000 cases', () => {
  process.stdout.write(`${cases} cases of DM 1.x, FUZZ_SEED=${seed}\n`);
  expect(cases).toBeGreaterThanOrEqual(50_000);
});
