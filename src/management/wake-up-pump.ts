/** Sends the wake-ups of one bearer that are due, as fast as its rate allows. Every process has one for each bearer. */
import type { Bearer, BearerLimits, BearerOutcome } from '../bearers/bearer';
import { recordWakeUp, takeWakeUps, type AttemptRow, type TakenWakeUp } from '../store/wake-ups';
import { planAfter, planNext, type Plan, type Sent, type WakeUpTiming } from './wake-up-plan';
import { prepareWakeUps, type PreparedPush, type WakeUpPushDeps } from './wake-up-pushes';

export interface PumpLog {
  debug(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

export interface PumpDeps extends WakeUpPushDeps {
  readonly timing: WakeUpTiming;
  readonly log: PumpLog;
  readonly now: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told of operations whose device a bearer was asked to wake. */
  readonly notified: (device: string, operation: string) => void;
}

/** A device in a session is looked at again after so long. */
export const DEFER_MS = 5_000;
const BATCH = 50;
const MOST_UNDERWAY = 200;
/** Beyond the bearer's own time-out: after so long another process may send again. */
const LEASE_MS = 60_000;
const SHORTEST_PAUSE_MS = 10;

export class WakeUpPump {
  #isRunning = false;
  #isAsked = false;
  #pause: NodeJS.Timeout | undefined;
  #underway = 0;
  readonly #idle: (() => void)[] = [];

  /** @param bearer undefined: of a name that the configuration does not know, so that the next one is tried */
  constructor(
    private readonly name: string,
    private readonly port: { readonly bearer: Bearer; readonly limits: BearerLimits } | undefined,
    private readonly deps: PumpDeps,
  ) {}

  /** Looks for what is due, now or as soon as the present look is over. */
  kick(): void {
    this.#isAsked = true;
    if (!this.#isRunning && !this.deps.signal.aborted) void this.#run();
  }

  /** Resolves when nothing is looked for and nothing is being sent. */
  async idle(): Promise<void> {
    if (this.#isRunning || this.#underway > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  stop(): void {
    clearTimeout(this.#pause);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    clearTimeout(this.#pause);
    try {
      while (this.#isAsked && !this.deps.signal.aborted) {
        this.#isAsked = false;
        if (await this.#take()) this.#later();
      }
    } catch (error) {
      this.deps.log.error({ err: error, bearer: this.name }, 'wake-ups could not be sent; it is tried again');
    } finally {
      this.#isRunning = false;
      this.#tellIdle();
    }
  }

  #later(): void {
    const { ratePerSecond = 1 } = this.port?.limits ?? {};
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.kick(), Math.max(SHORTEST_PAUSE_MS, 1000 / ratePerSecond));
    this.#pause.unref();
  }

  /** Takes some, and begins to send them; whether more may be due. */
  async #take(): Promise<boolean> {
    const { deps, port } = this;
    const limit = Math.min(BATCH, MOST_UNDERWAY - this.#underway);
    // Whatever ends looks again.
    if (limit <= 0) return false;
    const now = deps.now();
    const { taken, until, isMore } = await takeWakeUps(deps.db.sql, {
      bearer: this.name,
      now: new Date(now),
      ratePerSecond: port?.limits.ratePerSecond ?? BATCH,
      attempts: port?.limits.attempts ?? 0,
      limit,
      leaseMs: LEASE_MS + (port?.limits.timeoutMs ?? 0),
      deferMs: DEFER_MS,
    });
    const sendings = taken.filter(({ fate }) => fate === 'SEND');
    for (const one of taken.filter(({ fate }) => fate === 'SPENT')) this.#start(() => this.#pass(one, until));
    if (sendings.length > 0) {
      const prepared = await prepareWakeUps(deps, sendings, now);
      for (const one of sendings) this.#start(() => this.#send(one, until, prepared.get(one.device)));
    }
    return isMore;
  }

  #start(work: () => Promise<void>): void {
    this.#underway += 1;
    void work()
      .catch((error: unknown) => {
        // Another process, or this one, sends it again when the lease is over.
        this.deps.log.error({ err: error, bearer: this.name }, 'what became of a wake-up could not be written');
      })
      .finally(() => {
        if (this.#underway === MOST_UNDERWAY) this.kick();
        this.#underway -= 1;
        this.#tellIdle();
      });
  }

  #tellIdle(): void {
    if (this.#isRunning || this.#underway > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The bearer may not be used for it any more. */
  async #pass(taken: TakenWakeUp, until: Date): Promise<void> {
    const reason =
      this.port === undefined
        ? `the configuration has no bearer "${this.name}"`
        : `the device did not come after ${taken.sendings} wake-ups by ${this.name}`;
    await this.#record(taken, until, planNext(sentOf(taken, null), reason, this.deps.now()));
  }

  async #send(taken: TakenWakeUp, until: Date, prepared: PreparedPush | undefined): Promise<void> {
    const { port, deps } = this;
    if (prepared === undefined || port === undefined) return;
    const at = new Date(deps.now());
    const began = performance.now();
    const outcome: BearerOutcome = prepared.ok
      ? await port.bearer.send(prepared.push, prepared.to, deps.signal)
      : { outcome: 'REFUSED', reason: prepared.reason };
    const tookMs = Math.round(performance.now() - began);
    const sent = sentOf(taken, prepared.ok ? prepared.notification : null);
    const isCut = outcome.outcome === 'FAILED' && deps.signal.aborted;
    const { attempts } = port.limits;
    // What a stop cut short counts for nothing: whoever takes it next begins where this one did.
    const plan = planAfter(sent, outcome, isCut ? Infinity : attempts, deps.timing, deps.now(), deps.random);
    await this.#record(taken, until, isCut ? undone(plan, taken) : plan, attemptOf(this.name, at, tookMs, outcome));
    if (outcome.outcome !== 'ACCEPTED')
      deps.log.debug({ device: taken.device, bearer: this.name, reason: outcome.reason }, 'a wake-up was not accepted');
  }

  async #record(taken: TakenWakeUp, until: Date, { change, givenUp }: Plan, attempt?: AttemptRow): Promise<void> {
    const { device, id } = taken;
    const isAccepted = attempt?.outcome === 'ACCEPTED';
    const sent = { wakeUp: id, bearer: this.name, messageId: attempt?.messageId ?? null };
    const events = [
      ...(isAccepted ? [{ type: 'wakeUpSent', data: sent }] : []),
      ...(givenUp === undefined
        ? []
        : [{ type: 'wakeUpFailed', data: { wakeUp: id, bearer: this.name, reason: givenUp } }]),
    ];
    const operations = await recordWakeUp(this.deps.db.sql, {
      device,
      id,
      until,
      change,
      events,
      ...(attempt === undefined ? {} : { attempt }),
    });
    const isNews = (isAccepted && taken.acceptedAt === null) || givenUp !== undefined;
    if (isNews) for (const operation of operations) this.deps.notified(device, operation);
    if (change.bearer !== this.name && change.endedAt === null) this.onPassed(change.bearer);
  }

  /** Told of the bearer whose turn it is now. */
  onPassed: (bearer: string) => void = () => undefined;
}

function sentOf({ bearers, bearer, sendings, acceptedAt }: TakenWakeUp, notification: string | null): Sent {
  return { bearers, bearer, sendings, notification, acceptedAt: acceptedAt === null ? null : new Date(acceptedAt) };
}

function undone({ change }: Plan, { sendings }: TakenWakeUp): Plan {
  return { change: { ...change, sendings: sendings - 1 } };
}

function attemptOf(bearer: string, at: Date, tookMs: number, outcome: BearerOutcome): AttemptRow {
  return {
    bearer,
    at,
    tookMs,
    outcome: outcome.outcome,
    messageId: outcome.outcome === 'ACCEPTED' ? (outcome.messageId ?? null) : null,
    reason: outcome.outcome === 'ACCEPTED' ? null : outcome.reason,
  };
}
