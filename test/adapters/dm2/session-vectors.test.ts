import type { CommandBody } from '../../../adapters/adapter';
import { describeShared } from '../../support/shared';
import { ddf, given, only, outcomes, METER, type Dialogue, type Reply } from './dialogue';
import { fileCases, json, octets, type Reading } from './vectors';

interface Step {
  readonly at_s: number;
  readonly post?: string | Record<string, unknown>;
  readonly to?: string;
  readonly get?: string;
  readonly cont?: string;
  readonly replayed?: boolean;
  readonly fetch?: string;
  readonly feature?: Record<string, unknown>;
  readonly unanswered?: string;
  readonly then?: string;
  readonly in_doubt?: readonly number[];
  readonly ok?: readonly number[];
  readonly failed?: readonly number[];
  readonly created?: Record<string, readonly string[]>;
  readonly expired?: boolean;
}

const rate = (value: number): CommandBody => ({
  kind: 'replace',
  at: { moid: METER, miid: 'kitchen', path: 'Tariff/2/Rate' },
  value: { format: 'float', data: value },
});
const leaf = (name: string, data: string): { name: string; value: { format: 'chr'; data: string } } => ({
  name,
  value: { format: 'chr', data },
});

/** The work that makes our Package#2 say what the vector says. */
const WORK: Readonly<Record<string, readonly CommandBody[]>> = {
  '20-p2-commands.json': [
    rate(0.2),
    { kind: 'get', at: { moid: METER, miid: 'garage', path: '' } },
    { kind: 'exec', at: { moid: METER, miid: 'garage', path: 'Ops/Reset' }, correlator: 'x' },
  ],
  '22-p2-read.json': [
    { kind: 'get', at: { moid: 'urn:oma:mo:oma-dm-devinfo:1.2', path: 'DevID' } },
    { kind: 'get', at: { moid: 'urn:oma:mo:oma-fumo:9.9', path: '' } },
    { kind: 'get', at: { moid: 'urn:oma:mo:oma-sessioninfomo:1.0', path: '' }, validator: undefined },
  ],
  '23-p2-write.json': [
    {
      kind: 'replace',
      at: { moid: METER, miid: 'kitchen', path: 'Tariff/1/Rate' },
      value: { format: 'float', data: 0.35 },
    },
    {
      kind: 'add',
      at: { moid: METER, path: '' },
      tree: {
        name: 'attic',
        children: [
          leaf('Serial', 'C-300'),
          leaf('Unit', 'kWh'),
          {
            name: 'Tariff',
            children: [
              { name: '1', children: [leaf('Start', '0000'), { name: 'Rate', value: { format: 'float', data: 0.2 } }] },
            ],
          },
          { name: 'Ops', children: [] },
        ],
      },
    },
    { kind: 'delete', at: { moid: METER, miid: 'garage', path: 'Tariff/3' } },
  ],
  'next Package#2': ['a', 'b', 'c', 'd'].map((path) => ({ kind: 'get', at: { moid: METER, miid: 'garage', path } })),
};

/** Our addresses and those of the vectors differ in their tokens only. */
function withoutTokens(cmd: readonly (readonly string[])[]): unknown {
  return cmd.map((words) => words.map((word) => word.replace(/^(https:\/\/dm\.acme\.test\/.*\/).*$/, '$1TOKEN')));
}

function workFor(get: string | undefined): readonly CommandBody[] {
  const file = get?.replace(/ with another CONT$/, '') ?? '';
  return WORK[file] ?? [];
}

/** Nodes that nobody may read are not asked for before a write, so that the packages are those of the vectors. */
const writeOnly = {
  ...ddf,
  node: () => ({ access: ['Add', 'Replace', 'Delete', 'Exec'], permanent: false }) as const,
};
const startedWith = (commands: readonly CommandBody[]): Dialogue => given({ commands, ddf: writeOnly });

describeShared('session-cases.json', () => {
  const { cases } = json<{ cases: { name: string; note: string; steps: Step[] }[] }>('session-cases.json');

  for (const entry of cases) {
    // Whether a fetch is under way is known to the repository alone, which sets the longer time.
    if (entry.name === 'long-fetch') continue;

    test(`${entry.name}: ${entry.note}`, () => {
      const device = startedWith([]);
      const addresses = new Map<string, string>();
      const types = new Map(fileCases().map((file) => [file.file, file.content_type]));
      let clock = 0;

      for (const step of entry.steps) {
        device.wait((step.at_s - clock) * 1000);
        clock = step.at_s;
        if (step.fetch !== undefined) device.fetches(`c${/HGET (\d)/.exec(step.fetch)?.[1] ?? '1'}`);
        if (step.expired === true)
          expect(outcomesOfSent(device)).toEqual({ c1: 'unanswered', c2: 'unanswered', c3: 'unanswered' });
        if (step.post === undefined) continue;

        if (step.replayed !== true) device.has(...workFor(step.get));
        if (step.then !== undefined)
          device.has(...['a', 'b'].map((path) => ({ kind: 'delete' as const, at: { moid: METER, miid: 'x', path } })));
        const body = typeof step.post === 'string' ? octets(step.post) : step.post;
        const type = typeof step.post === 'string' ? types.get(step.post) : undefined;
        const token = step.to === 'main' ? undefined : addresses.get(step.to ?? '');
        const reply = device.posts(body, {
          ...(type === undefined ? {} : { type }),
          ...(token === undefined ? {} : { token }),
        });
        if (step.cont !== undefined) addresses.set(step.cont, reply.cmd[0]?.[1]?.split('/').at(-1) ?? '');
        expectStep(step, reply, device);
      }
    });
  }
});

function outcomesOfSent(device: Dialogue): Record<string, string> {
  const effects = device.expires();
  expect(only(effects, 'sessionEnded').map((effect) => effect.reason)).toEqual(['EXPIRED']);
  return outcomes(effects);
}

function expectStep(step: Step, reply: Reply, device: Dialogue): void {
  expect(reply.status).toBe(200);
  expect(reply.replayed).toBe(step.replayed ?? false);
  const file = step.get?.replace(/ with another CONT$/, '') ?? '';
  if (file.endsWith('.json')) {
    expect(withoutTokens(reply.cmd)).toEqual(withoutTokens(json<{ CMD: string[][] }>(file).CMD));
  }
  if (step.feature !== undefined) {
    expect(only(reply.effects, 'featureLearned')).toContainEqual(
      expect.objectContaining({ feature: 'CONT', value: step.feature['CONT'] }),
    );
    expect(reply.cmd.some(([name]) => name === 'CONT')).toBe(false);
  }
  const told = outcomes(reply.effects);
  if (step.unanswered !== undefined)
    expect(told).toMatchObject({ c1: 'unanswered', c2: 'unanswered', c3: 'unanswered' });
  for (const index of step.in_doubt ?? []) expect(told[`c${index}`]).toBe('unanswered');
  for (const index of step.ok ?? []) expect(told[`c${index}`]).toBe('OK');
  for (const index of step.failed ?? []) expect(told[`c${index}`]).toBe('PERMISSION_DENIED');
  if (step.created !== undefined) {
    const answer = only(reply.effects, 'commandAnswered').find((effect) => effect.command === 'c2');
    expect(answer?.created).toEqual([{ moid: METER, miid: 'm7', path: '' }]);
  }
  if (step.then !== undefined) {
    expect(reply.cmd.filter(([name]) => name === 'DELETE')).toHaveLength(1);
    expect(device.waiting).toHaveLength(1);
  }
}

/** Command i has the outcome that status i means, and data exactly where a GET brought some. */
function expectSettled(reading: Reading, index: number, reply: Reply): void {
  const status = reading.statuses?.[index];
  const told = outcomes(reply.effects)[`c${index}`];
  const answer = only(reply.effects, 'commandAnswered').find((effect) => effect.command === `c${index}`);
  if (reading.waits_for_alert?.includes(index) === true) {
    expect(told).toBe('accepted');
    return;
  }

  const withoutPart = reading.protocol_error?.includes(index) === true;
  const good = !withoutPart && (status?.sc === 200 || status?.sc === 204);
  // 304 to a read without validator is an error, as is a 200 without data.
  if (withoutPart || status?.sc === 304) expect(told).toBe('DEVICE_ERROR');
  else expect(told === 'OK').toBe(good);
  expect(answer?.code).toBe(status?.sc);
  expect(answer?.tree !== undefined).toBe(status?.command === 'GET' && good);
}

describeShared('Package#3s of the vectors, answered by the adapter', () => {
  /** Package#2s with commands that later work sends: all commands (HPUT, SHOW, SUB …), binary reads of a camera, an unknown command. */
  const LATER = ['24-p2-all-commands.json', '25-p2-binary-read.json', '27-p2-unknown-command.json'];

  for (const entry of fileCases()) {
    if (entry.package !== 3 || entry.answers === undefined) continue;
    const work = WORK[entry.answers];
    if (work === undefined) {
      test(`${entry.file} answers a Package#2 that later work sends: it is taken without harm`, () => {
        expect(LATER).toContain(entry.answers);
        const device = startedWith([]);
        expect(device.posts(octets(entry.file), { type: entry.content_type }).status).toBe(200);
      });
      continue;
    }

    test(`${entry.file} settles the commands of ${entry.answers}`, () => {
      const device = startedWith(work);
      device.posts({});
      device.fetches('c1', 'c2');
      const reply = device.answers(octets(entry.file), { type: entry.content_type });
      if (entry.expect !== 'accept') {
        expect(reply.status).toBe(Number(entry.expect));
        expect(reply.cmd).toEqual([['END']]);
        expect(device.stored?.state.phase).toBe('awaiting');
        return;
      }

      if (entry.reading?.unanswered === true) {
        expect(outcomes(reply.effects)).toEqual({ c1: 'unanswered', c2: 'unanswered', c3: 'unanswered' });
        return;
      }
      for (const index of entry.reading?.statuses?.keys() ?? []) {
        if (index > 0) expectSettled(entry.reading ?? {}, index, reply);
      }
      expect(only(reply.effects, 'alertRaised')).toHaveLength(entry.reading?.alerts?.length ?? 0);
    });

    const fetches = entry.needs_fetch ?? [];
    if (fetches.length === 0 || entry.reading?.unanswered === true) continue;
    test(`${entry.file}: without recorded fetches its HGETs are in doubt`, () => {
      const device = startedWith(work);
      device.posts({});
      const reply = device.answers(octets(entry.file), { type: entry.content_type });
      for (const index of fetches) expect(outcomes(reply.effects)[`c${index}`]).toBe('unanswered');
    });
  }

  test('73 and 74: what the repository serves for the writes of 23', () => {
    const device = startedWith(WORK['23-p2-write.json'] ?? []);
    const items = only(device.posts({}).effects, 'itemOffered');
    const documents = items.map((item) => JSON.parse(Buffer.from(item.body).toString('utf8')) as unknown);
    expect(documents).toEqual([json('73-mo-hget-leaf.json'), json('74-mo-hget-create.json')]);
    expect(items[0]?.mime).toBe('application/dmmo+json');
    const bare = items[0]?.alternatives?.[0];
    expect([bare?.mime, Buffer.from(bare?.body ?? []).toString()]).toEqual(['text/plain;charset=utf-8', '0.35']);
    expect(items[1]?.alternatives).toBeUndefined();
  });
});
