/** What is done in a round, and what befalls it: made of the seed alone, before anything begins. */
import type { Protocol } from '../gateway/support/world';
import { CELLS } from './object';
import { Random } from './random';

export interface PlannedCommand {
  readonly kind: 'replace' | 'add' | 'delete' | 'exec' | 'get';
  /** Below the object's root. */
  readonly path: string;
  /** Of a write; no other write of the round has it. */
  readonly value?: string;
  readonly repeatable?: boolean;
}

export interface PlannedOperation {
  readonly key: string;
  readonly commands: readonly PlannedCommand[];
  readonly more: Readonly<Record<string, unknown>>;
  /** The caller asks for it twice, although it was answered. */
  readonly isAskedTwice: boolean;
}

export type Step =
  | { readonly do: 'submit'; readonly operation: PlannedOperation }
  /** One that was submitted before, counted from the last. */
  | { readonly do: 'cancel'; readonly back: number }
  | { readonly do: 'alert'; readonly text: string }
  /** The device changes a value of its own, and tells where it is asked to. */
  | { readonly do: 'tell'; readonly text: string }
  /** Sessions of the device, one after the other; the first is begun and left after so many messages. */
  | { readonly do: 'session'; readonly leaveAfter?: number }
  | { readonly do: 'pause'; readonly ms: number };

export interface PlannedDevice {
  readonly protocol: Protocol;
  readonly deviceId: string;
  /** Nodes below Ops. */
  readonly ops: readonly string[];
  readonly steps: readonly Step[];
}

/** Something that befalls the world when so many requests have come to the balancer. */
export interface Disaster {
  readonly atRequest: number;
  readonly kind: 'killBefore' | 'killDuring' | 'killAfter' | 'killOther' | 'restartDatabase' | 'timePasses';
  /** How long after the request went on to the gateway it is killed; how long the clocks jump. */
  readonly ms: number;
}

export interface Schedule {
  readonly seed: number;
  readonly devices: readonly PlannedDevice[];
  readonly disasters: readonly Disaster[];
}

export interface Size {
  readonly devices: number;
  readonly steps: number;
  readonly disasters: number;
}

export const SIZE: Size = { devices: 5, steps: 26, disasters: 9 };

/** Requests among which disasters are spread, for each device. */
const REQUESTS_OF_A_STEP = 2;

export function makeSchedule(seed: number, size: Size = SIZE): Schedule {
  const devices = Array.from({ length: size.devices }, (_, n) => planDevice(seed, n, size.steps));
  const random = new Random(seed, 'disasters');
  const requests = size.devices * size.steps * REQUESTS_OF_A_STEP;
  const disasters = Array.from({ length: size.disasters }, () => planDisaster(random, requests));
  return { seed, devices, disasters: disasters.sort((a, b) => a.atRequest - b.atRequest) };
}

function planDisaster(random: Random, requests: number): Disaster {
  const atRequest = 20 + random.below(requests);
  const kill = random.pick(['killBefore', 'killDuring', 'killDuring', 'killAfter', 'killOther'] as const);
  const kind = random.happens(20) ? 'restartDatabase' : random.happens(15) ? 'timePasses' : kill;
  return { atRequest, kind, ms: kind === 'timePasses' ? random.below(20) * 60_000 : random.below(30) };
}

function planDevice(seed: number, n: number, length: number): PlannedDevice {
  const planner = new DevicePlanner(new Random(seed, `device ${n}`), n);
  const steps = Array.from({ length }, () => planner.step());
  const protocol = n % 2 === 0 ? 'dm1' : 'dm2';
  return { protocol, deviceId: `urn:uuid:torture-${seed}-${n}`, ops: planner.ops, steps };
}

class DevicePlanner {
  readonly ops: string[] = [];
  /** Names below Box for which an add was planned and no delete. */
  #boxed: string[] = [];
  #count = 0;

  constructor(
    private readonly random: Random,
    private readonly device: number,
  ) {}

  step(): Step {
    const { random } = this;
    const drawn = random.below(100);
    if (drawn < 45) return { do: 'submit', operation: this.#operation() };
    if (drawn < 52) return { do: 'cancel', back: random.below(3) };
    if (drawn < 57) return { do: 'alert', text: this.#unique('alert') };
    if (drawn < 62) return { do: 'tell', text: this.#unique('told') };
    if (drawn < 93) return { do: 'session', ...(random.happens(15) ? { leaveAfter: 1 + random.below(5) } : {}) };
    return { do: 'pause', ms: random.below(200) };
  }

  #unique(what: string): string {
    this.#count += 1;
    return `${what}-${this.device}-${this.#count}`;
  }

  #operation(): PlannedOperation {
    const { random } = this;
    const isGroup = random.happens(12);
    const length = isGroup ? 2 : random.pick([1, 1, 1, 2, 3, 5]);
    const commands = Array.from({ length }, (_, n) => (isGroup ? this.#write(n) : this.#command()));
    const more = {
      ...(isGroup && this.device % 2 === 0 ? { atomic: true } : {}),
      ...(random.happens(40) ? { onFailure: 'CONTINUE' } : {}),
      ...(random.happens(20) ? { priority: random.below(5) - 2 } : {}),
      ...(random.happens(20) ? { expiresIn: random.pick(['PT2S', 'PT5M', 'PT1H']) } : {}),
      ...(random.happens(10) ? { wait: 'PT1S' } : {}),
    };
    return { key: this.#unique('operation'), commands, more, isAskedTwice: random.happens(15) };
  }

  #write(cell: number): PlannedCommand {
    return { kind: 'replace', path: `Cell${cell}`, value: this.#unique('value') };
  }

  #command(): PlannedCommand {
    const { random } = this;
    const drawn = random.below(100);
    const repeatable = random.happens(15) ? { repeatable: true } : {};
    if (drawn < 30) return this.#write(random.below(CELLS));
    if (drawn < 50) {
      const name = this.#unique('box');
      this.#boxed.push(name);
      return { kind: 'add', path: `Box/${name}`, value: this.#unique('added'), ...repeatable };
    }
    if (drawn < 75) {
      const name = this.#unique('op');
      this.ops.push(name);
      return { kind: 'exec', path: `Ops/${name}`, ...repeatable };
    }
    if (drawn < 85 && this.#boxed.length > 0) {
      const name = random.pick(this.#boxed);
      this.#boxed = this.#boxed.filter((other) => other !== name);
      return { kind: 'delete', path: `Box/${name}` };
    }
    return { kind: 'get', path: random.pick(['', 'Box', ...Array.from({ length: CELLS }, (_, n) => `Cell${n}`)]) };
  }
}
