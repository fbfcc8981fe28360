/** The load generator: a process of its own that keeps a server busy for a while and counts. */
import { answerParent } from '../child';
import { HttpConnection } from '../http-connection';
import { CheckingDevice, packageOneOf, type Form, type Mode } from './dialogue';
import { CONNECTIONS, DEVICES } from './fleet';

export interface CheckInLoad {
  readonly kind: 'checkIns';
  readonly url: string;
  readonly form: Form;
  readonly mode: Mode;
  readonly milliseconds: number;
}

/** The same request over and over. */
export interface PostLoad {
  readonly kind: 'posts';
  readonly url: string;
  readonly path: string;
  /** Complete lines. */
  readonly headers: string;
  readonly body: string;
  /** What every answer must contain. */
  readonly expected: string;
  readonly milliseconds: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly count: number;
  /** Share of one core that this process used. */
  readonly busy: number;
}

interface Target {
  readonly connections: readonly HttpConnection[];
  readonly devices: Map<Form, readonly CheckingDevice[]>;
}

const targets = new Map<string, Target>();

async function targetOf(url: string): Promise<Target> {
  const known = targets.get(url);
  if (known !== undefined) return known;
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => HttpConnection.open(url)));
  const target = { connections, devices: new Map<Form, readonly CheckingDevice[]>() };
  targets.set(url, target);
  return target;
}

/**
 * All have checked in once, so that they know a nonce. They keep it from one run to the next, unless they checked in in
 * another form meanwhile.
 */
async function devicesOf(target: Target, form: Form): Promise<readonly CheckingDevice[]> {
  const known = target.devices.get(form);
  if (known !== undefined) return known;
  const packageOne = await packageOneOf();
  const salt = Date.now();
  const devices = Array.from({ length: DEVICES }, (_, n) => new CheckingDevice(n, form, packageOne, salt));
  await Promise.all(
    target.connections.map(async (connection, lane) => {
      for (const device of devices.filter((d) => d.number % CONNECTIONS === lane)) {
        await device.checkIn(connection, 'challenge');
      }
    }),
  );
  target.devices.clear();
  target.devices.set(form, devices);
  return devices;
}

async function run(load: CheckInLoad | PostLoad): Promise<LoadResult> {
  const target = await targetOf(load.url);
  const act = load.kind === 'checkIns' ? await checkIns(load, target) : posts(load);
  const cpu = process.cpuUsage();
  const began = performance.now();
  const end = began + load.milliseconds;
  let count = 0;
  await Promise.all(
    target.connections.map(async (connection, lane) => {
      for (let turn = lane; performance.now() < end; turn += CONNECTIONS) {
        await act(connection, turn);
        count++;
      }
    }),
  );
  const milliseconds = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { count, perSecond: (count * 1000) / milliseconds, busy: (user + system) / 1000 / milliseconds };
}

type Act = (connection: HttpConnection, turn: number) => Promise<void>;

/** A device never has two sessions at once: it always comes over the same connection. */
async function checkIns(load: CheckInLoad, target: Target): Promise<Act> {
  const devices = await devicesOf(target, load.form);
  const lanes = Array.from({ length: CONNECTIONS }, (_, lane) =>
    devices.filter((d) => d.number % CONNECTIONS === lane),
  );
  return async (connection, turn) => {
    const lane = lanes[turn % CONNECTIONS] ?? [];
    await lane[Math.floor(turn / CONNECTIONS) % lane.length]?.checkIn(connection, load.mode);
  };
}

function posts(load: PostLoad): Act {
  const body = Buffer.from(load.body);
  return async (connection) => {
    const answer = await connection.post(load.path, load.headers, body);
    if (answer.status !== 200 || !answer.body.includes(load.expected))
      throw new Error(`HTTP ${answer.status}: ${answer.body.toString()}`);
  };
}

answerParent(run, () => {
  for (const { connections } of targets.values()) for (const connection of connections) connection.close();
  return Promise.resolve();
});
