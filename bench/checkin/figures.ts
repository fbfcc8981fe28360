/** `dm1.checkin.*`: check-ins a second of the gateway and of its floor. `graphql.*`: first figures of GraphQL. */
import { figure, ratios, type Bench } from '../figure';
import type { Form, Mode } from './dialogue';
import { ADMIN_KEY, DEVICE } from './fleet';
import type { CheckInLoad, LoadResult, PostLoad } from './load';
import { openStage, type Kind, type Server, type Stage } from './stage';

const GOAL = '>= 0.6';

interface Pace {
  readonly rounds: number;
  /** Of each server in each round. */
  readonly milliseconds: number;
}

export async function checkInFigures(bench: Bench): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  const pace: Pace = bench.quick ? { rounds: 5, milliseconds: 500 } : { rounds: 7, milliseconds: 2000 };
  for (const kind of ['embedded', 'postgresql'] as const) {
    const names = variants(kind).filter(({ name, form }) => bench.wants(name) && !(bench.quick && form === 'xml'));
    const wantsGraphql = kind === 'embedded' && bench.wants(GRAPHQL);
    if (names.length === 0 && !wantsGraphql) continue;
    if (kind === 'postgresql' && databaseUrl === undefined) {
      bench.note('postgresql: left out, DATABASE_URL is not set');
      continue;
    }
    const stage = await openStage(bench, kind, databaseUrl);
    try {
      for (const { name, form, mode } of names) await checkIn(bench, stage, { name, form, mode, pace });
      if (wantsGraphql) await graphql(bench, stage, pace);
    } finally {
      await stage.close();
    }
  }
}

interface Variant {
  readonly name: string;
  readonly form: Form;
  readonly mode: Mode;
}

function variants(kind: Kind): readonly Variant[] {
  return (['wbxml', 'xml'] as const).flatMap((form) =>
    (['known', 'challenge'] as const).map((mode) => ({ name: `dm1.checkin.${kind}.${form}.${mode}`, form, mode })),
  );
}

async function checkIn(
  bench: Bench,
  stage: Stage,
  { name, form, mode, pace }: Variant & { pace: Pace },
): Promise<void> {
  const load = ({ url }: Server): CheckInLoad => ({
    kind: 'checkIns',
    url,
    form,
    mode,
    milliseconds: pace.milliseconds,
  });
  const { gateway, floor } = await contest(stage, load, load, pace);
  bench.tell(figure(`${name}.gateway`, '1/s', gateway.perSecond));
  bench.tell(figure(`${name}.floor`, '1/s', floor.perSecond));
  bench.tell(figure(`${name}.ratio`, 'ratio', ratios(gateway.perSecond, floor.perSecond), GOAL));
  bench.tell(figure(`${name}.gateway_cpu`, 's/1000', gateway.cpu));
  bench.tell(figure(`${name}.floor_cpu`, 's/1000', floor.cpu));
  bench.tell(figure(`${name}.load_busy`, 'cores', gateway.busy));
}

const GRAPHQL = 'graphql.scalar';

/** One value of one device, by Apollo Server over the generated type; beside it Fastify with the answer in its hand. */
async function graphql(bench: Bench, stage: Stage, pace: Pace): Promise<void> {
  const query = `query ($deviceId: ID!) { device(deviceId: $deviceId) { devInfo { man } } }`;
  const load =
    (path: string): ((server: Server) => PostLoad) =>
    ({ url }) => ({
      kind: 'posts',
      url,
      path,
      headers: `content-type: application/json\r\nauthorization: Bearer ${ADMIN_KEY}\r\n`,
      body: JSON.stringify({ query, variables: { deviceId: DEVICE } }),
      expected: '{"data":{"device":{"devInfo":{"man":"',
      milliseconds: pace.milliseconds,
    });
  const { gateway, floor } = await contest(stage, load('/graphql'), load('/json'), pace);
  bench.tell(figure(`${GRAPHQL}.gateway`, '1/s', gateway.perSecond));
  bench.tell(figure(`${GRAPHQL}.floor`, '1/s', floor.perSecond));
  bench.tell(figure(`${GRAPHQL}.ratio`, 'ratio', ratios(gateway.perSecond, floor.perSecond)));
}

interface Side {
  readonly perSecond: number[];
  /** Processor seconds of the server for 1,000 of what was asked of it. */
  readonly cpu: number[];
  readonly busy: number[];
}

/** The round that does not count is longer, for the first thousands of messages run in code that is not optimised yet. */
const WARM_UP = 4;

/** Round by round one after the other, in changing order, after a round that does not count. */
async function contest(
  stage: Stage,
  toGateway: (server: Server) => CheckInLoad | PostLoad,
  toFloor: (server: Server) => CheckInLoad | PostLoad,
  { rounds }: Pace,
): Promise<{ readonly gateway: Side; readonly floor: Side }> {
  const gateway: Side = { perSecond: [], cpu: [], busy: [] };
  const floor: Side = { perSecond: [], cpu: [], busy: [] };
  const measure = async (server: Server, side: Side, counts: boolean): Promise<void> => {
    const one = server === stage.gateway ? toGateway(server) : toFloor(server);
    const load = counts ? one : { ...one, milliseconds: one.milliseconds * WARM_UP };
    const before = await server.cpu();
    const result: LoadResult = await stage.load(load);
    if (!counts) return;
    side.perSecond.push(result.perSecond);
    side.cpu.push(((await server.cpu()) - before) / 1000 / result.count);
    side.busy.push(result.busy);
  };
  for (let round = -1; round < rounds; round++) {
    const order = [
      [stage.gateway, gateway],
      [stage.floor, floor],
    ] as const;
    for (const [server, side] of round % 2 === 0 ? order : [...order].reverse())
      await measure(server, side, round >= 0);
  }
  return { gateway, floor };
}
