/** What a benchmark gives: figures, each the median of several rounds. */

export interface Figure {
  /** Dotted, such as `dm1.checkin.embedded.wbxml.known.ratio`. */
  readonly name: string;
  /** Median of `rounds`. */
  readonly value: number;
  /** `1/s`, `us`, `ratio`, … */
  readonly unit: string;
  /** One value a round, in the order in which they were measured. */
  readonly rounds: readonly number[];
  /** What the figure should reach, where an issue says so. */
  readonly goal?: string;
}

/** What every suite is given. */
export interface Bench {
  readonly quick: boolean;
  /** Whether a suite or figure of this name was asked for. */
  readonly wants: (name: string) => boolean;
  /** Takes a figure and prints its line. */
  readonly tell: (figure: Figure) => void;
  /** Says what goes on, apart from the figures. */
  readonly note: (text: string) => void;
  /** Empty directory of this run, removed at its end. */
  readonly directory: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function figure(name: string, unit: string, rounds: readonly number[], goal?: string): Figure {
  return { name, value: median(rounds), unit, rounds, ...(goal === undefined ? {} : { goal }) };
}

/** Quotients round by round: what disturbs one round disturbs both of its sides. */
export function ratios(over: readonly number[], under: readonly number[]): readonly number[] {
  return over.map((value, round) => value / (under[round] ?? Number.NaN));
}

/** `name value unit`, the value with three significant digits or more. */
export function lineOf({ name, value, unit }: Figure): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return `${name} ${value.toFixed(digits)} ${unit}`;
}
