/** Devices that misbehave at random: the gateway survives, answers a message that comes twice alike, and loses nothing. */
import { createLog } from '../../src/cli/log';
import { Chaos, CHAOS_KINDS, folder, leaf } from '../../src/simulator';
import type { Dm1Device, Plant } from '../../src/simulator';
import { findOperation, startWorld, submit } from './support/world';
import type { OperationAnswer, World } from './support/world';

const DEVICES = 10;
const SESSIONS = 20;
const CALM_SESSIONS = 12;
const SEED = 20_040_615;
const CELLS = 'urn:oma:mo:ext-acme-cells:1.0';

/** A leaf for each operation, so that what was written can be told at the end. */
const cells: Plant = {
  place: './Vendor/Acme/Cells',
  root: folder(
    'Cells',
    Array.from({ length: SESSIONS }, (_, n) => leaf(`Cell${n}`, 'chr', 'old', { access: ['Get', 'Replace'] })),
    { moid: CELLS },
  ),
};

let logged = '';
let world: World;

beforeAll(async () => {
  world = await startWorld({ log: createLog('warn', { write: (line) => (logged += line) }) });
});
afterAll(() => world.close());

interface Placed {
  readonly device: Dm1Device;
  readonly cell: string;
  readonly value: string;
  readonly id: string;
}

test(`${DEVICES * SESSIONS} chaotic sessions end every operation well or with an explanation, and the log has no error`, async () => {
  const chaos = new Chaos(SEED);
  const placed: Placed[] = [];
  const run = async (n: number): Promise<void> => {
    const auth = (['md5', 'basic', 'none'] as const)[n % 3];
    const made = await world.device('dm1', `urn:uuid:chaos-${n}`, {
      auth,
      wbxml: n % 2 === 0,
      plants: [cells],
      chaos,
      onViolation: 'note',
      ...(n % 4 === 0 ? { maxMsgSize: 2048 } : {}),
    } as never);
    const device = made as Dm1Device;
    for (let session = 0; session < SESSIONS; session += 1) {
      const [cell, value] = [`Cell${session}`, `new ${n}/${session}`];
      const { id } = await submit(world.gateway, device.deviceId, [
        { replace: { address: { uri: `./Vendor/Acme/Cells/${cell}` }, value: { text: value, format: 'CHR' } } },
        { get: { address: { uri: `./Vendor/Acme/Cells/${cell}` } } },
      ]);
      placed.push({ device, cell, value, id });
      await device.connect();
    }
    device.calm();
    for (let session = 0; session < CALM_SESSIONS; session += 1) await device.connect();
  };
  await Promise.all(Array.from({ length: DEVICES }, (_, n) => run(n)));

  const kinds = new Set(chaos.events.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(Object.keys(CHAOS_KINDS).sort());
  expect(chaos.events.filter(({ answer }) => answer === 'ANOTHER ANSWER')).toEqual([]);

  const states: Record<string, number> = {};
  for (const one of placed) {
    const operation = await findOperation(world.gateway, one.id);
    states[operation.state] = (states[operation.state] ?? 0) + 1;
    expect(loss(operation, one)).toBeUndefined();
  }
  expect(states['SUCCEEDED']).toBeGreaterThan(placed.length / 2);
  const errors = logged
    .split('\n')
    .filter((line) => line !== '' && Number((JSON.parse(line) as { level: number }).level) >= 50);
  expect(errors).toEqual([]);
}, 900_000);

/** What is not as it was promised, or undefined. */
function loss(operation: OperationAnswer, { device, cell, value }: Placed): string | undefined {
  const [written, read] = operation.commands;
  const held = device.tree.find(['Vendor', 'Acme', 'Cells', cell])?.value;
  if (operation.endedAt === null) return `${device.deviceId} ${cell} has not ended: ${JSON.stringify(operation)}`;
  if (written?.outcome === 'OK' && held !== value) return `${cell} is told to be written and holds ${String(held)}`;
  if (read?.outcome === 'OK' && read.result !== value) return `${cell} is told to hold ${String(read.result)}`;
  for (const command of operation.commands) {
    const explained = command.outcome !== null || command.error !== null || command.state === 'NOT_EXECUTED';
    if (!explained) return `${cell}: ${command.kind} ${command.state} without an explanation`;
  }
  return undefined;
}
