/** Wake-ups: devices that have work and no session are asked to come, by the bearers that they prefer. */
import type { DeliveryReport } from '../bearers/bearer';
import { badInput, findDatabaseKey, pageOf } from '../access/inputs';
import type { Prisma, WakeUp, WakeUpAttempt } from '../store/generated/client';
import type { Sql } from '../store/sql';
import { dueBearers, forgetWakeUps, insertPaces, insertWakeUps, loadWakeUps, recordReport } from '../store/wake-ups';
import { OPERATION_CHANNEL } from './turn';
import { ManagementError, type Caller, type Page } from './types';
import { DEFER_MS, WakeUpPump, type PumpLog } from './wake-up-pump';
import type { WakeUpPushDeps } from './wake-up-pushes';
import type { WakeUpTiming } from './wake-up-plan';
import type { BearerPorts, WakeUpAttemptView, WakeUps, WakeUpsOf, WakeUpState, WakeUpView } from './wake-up-types';

export interface WakeUpsDeps extends WakeUpPushDeps {
  readonly ports: BearerPorts;
  readonly settings: WakeUpTiming & {
    /** Where neither device nor account says anything. */
    readonly bearers: readonly string[];
    readonly keepMs: number;
  };
  readonly log: PumpLog;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Devices of one statement. */
const CHUNK = 5_000;
const FORGET_EVERY_MS = 10 * 60_000;

/** Nothing is asked of the database before `start`, nor at all where the configuration has no bearers. */
export function createWakeUps(deps: WakeUpsDeps): WakeUps & { start(): Promise<void> } {
  const { db, ports, settings, log } = deps;
  const now = deps.now ?? Date.now;
  const stopping = new AbortController();
  const pumps = new Map<string, WakeUpPump>();
  let forgotAt = 0;

  function pumpOf(name: string): WakeUpPump {
    const known = pumps.get(name);
    if (known !== undefined) return known;
    const pump = new WakeUpPump(name, ports.find(name), {
      db,
      secrets: deps.secrets,
      makerOf: deps.makerOf,
      timing: settings,
      log,
      now,
      random: deps.random ?? Math.random,
      signal: stopping.signal,
      notified: (device, operation) => db.notify(OPERATION_CHANNEL, `${device}.${operation}`),
    });
    pump.onPassed = (bearer) => pumpOf(bearer).kick();
    pumps.set(name, pump);
    return pump;
  }

  const make = (sql: Sql, devices: readonly string[], askedBy?: string): ReturnType<typeof insertWakeUps> =>
    insertWakeUps(sql, devices, new Date(now()), settings.bearers, DEFER_MS, askedBy);

  async function within(sql: Sql, devices: readonly string[]): Promise<readonly string[]> {
    if (ports.names.length === 0) return [];
    const made = await make(sql, devices);
    return [...new Set(made.map(({ bearer }) => bearer))];
  }

  function kick(names: readonly string[]): void {
    for (const name of names) pumpOf(name).kick();
  }

  async function wake(devices: readonly string[]): Promise<void> {
    try {
      for (let at = 0; at < devices.length; at += CHUNK) kick(await within(db.sql, devices.slice(at, at + CHUNK)));
    } catch (error) {
      log.error({ err: error, devices: devices.length }, 'devices could not be woken; they come by themselves');
    }
  }

  async function wakeDevice(
    device: { readonly key: string; readonly deviceId: string },
    caller: Caller,
  ): Promise<WakeUpView> {
    const [made] = ports.names.length === 0 ? [] : await make(db.sql, [device.key], caller.principal);
    if (made === undefined)
      throw badInput(
        `${device.deviceId} has no bearer; name one in the bearers of the device or its account`,
        'deviceId',
      );
    kick([made.bearer]);
    const view = await find(device.key, made.id);
    if (view === undefined) throw new ManagementError('NOT_FOUND', `there is no device ${device.deviceId}`);
    return view;
  }

  async function find(device: string, id: string): Promise<WakeUpView | undefined> {
    const where = { deviceId: BigInt(device), id: BigInt(id) };
    const rows = await db.prisma.wakeUp.findMany({ where, include: ATTEMPTS });
    return rows.map(viewOf)[0];
  }

  async function list(device: string, first: number, after?: string): ReturnType<WakeUps['list']> {
    return (await listMany([{ device, first, after }]))[0] ?? { items: [], hasNext: false };
  }

  async function listMany(requests: readonly WakeUpsOf[]): Promise<readonly Page<WakeUpView>[]> {
    const rows = await loadWakeUps(
      db.sql,
      requests.map(({ device, first, after }) => ({
        device: findDatabaseKey(device) ?? -1n,
        first: first + 1,
        before: after === undefined ? undefined : (findDatabaseKey(after) ?? 0n),
      })),
    );
    return requests.map(({ first }, at) =>
      pageOf(
        rows.filter(({ no }) => Number(no) === at + 1),
        first,
        ({ attempts, ...row }) =>
          viewOf({
            ...row,
            attempts: attempts.map((attempt) => ({
              ...attempt,
              at: new Date(attempt.at),
              reportedAt: attempt.reportedAt === null ? null : new Date(attempt.reportedAt),
            })),
          }),
      ),
    );
  }

  async function reported(report: DeliveryReport): Promise<void> {
    try {
      const isKnown = await recordReport(db.sql, report, new Date(now()));
      if (!isKnown) log.debug({ bearer: report.bearer }, 'a receipt is of no message that was sent');
    } catch (error) {
      log.error({ err: error, bearer: report.bearer }, 'a receipt could not be written');
    }
  }

  async function run(): Promise<void> {
    if (stopping.signal.aborted) return;
    try {
      const at = now();
      for (const bearer of await dueBearers(db.sql, new Date(at))) {
        // Of a bearer that the configuration lost; its wake-ups go on to the next one.
        if (ports.find(bearer) === undefined) await insertPaces(db.sql, [bearer]);
        pumpOf(bearer).kick();
      }
      if (at - forgotAt < FORGET_EVERY_MS) return;
      forgotAt = at;
      await forgetWakeUps(db.sql, new Date(at - settings.keepMs));
    } catch (error) {
      log.error({ err: error }, 'wake-ups that are due could not be sent; it is tried again at the next tick');
    }
  }

  const idle = async (): Promise<void> => {
    for (const pump of pumps.values()) await pump.idle();
  };

  return {
    start: async () => {
      if (ports.names.length > 0) await insertPaces(db.sql, ports.names);
    },
    within,
    kick,
    wake,
    wakeDevice,
    list,
    listMany,
    reported,
    run,
    idle,
    stop: async () => {
      stopping.abort();
      for (const pump of pumps.values()) pump.stop();
      await idle();
    },
  };
}

const ATTEMPTS = { attempts: { orderBy: { id: 'asc' } } } as const satisfies Prisma.WakeUpInclude;

/** As either way to the store gives it. */
type Stored = Pick<WakeUp, 'state' | 'askedBy' | 'createdAt' | 'dueAt' | 'endedAt'> & {
  readonly id: bigint | string;
  readonly deviceId: bigint | string;
  readonly bearers: unknown;
  readonly attempts: readonly Omit<WakeUpAttempt, 'deviceId' | 'wakeUpId' | 'id'>[];
};

function viewOf(row: Stored): WakeUpView {
  const attempts = row.attempts.map((attempt) => ({
    at: attempt.at,
    bearer: attempt.bearer,
    outcome: attempt.outcome as WakeUpAttemptView['outcome'],
    tookMs: attempt.tookMs,
    messageId: attempt.messageId,
    reason: attempt.reason,
    isDelivered: attempt.isDelivered,
    report: attempt.report,
    reportedAt: attempt.reportedAt,
  }));
  return {
    id: String(row.id),
    device: String(row.deviceId),
    state: row.state as WakeUpState,
    askedBy: row.askedBy,
    bearers: row.bearers as readonly string[],
    createdAt: row.createdAt,
    dueAt: row.endedAt === null ? row.dueAt : null,
    endedAt: row.endedAt,
    latencyMs: row.state === 'ANSWERED' && row.endedAt !== null ? latencyOf(attempts, row.endedAt) : null,
    attempts,
  };
}

function latencyOf(attempts: readonly WakeUpAttemptView[], endedAt: Date): number | null {
  const last = attempts.filter(({ outcome, at }) => outcome === 'ACCEPTED' && at <= endedAt).at(-1);
  return last === undefined ? null : endedAt.getTime() - last.at.getTime();
}
