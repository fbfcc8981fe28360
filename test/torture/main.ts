/**
 * `npm run torture -- [--seed S] [--minutes M] [--count N] [--report FILE] [--log LEVEL]`: rounds of the seeds S, S+1, …, N of
 * them at most, of which none begins after M minutes. Wants DATABASE_URL, a server of its own, and in POSTGRES_RESTART the program that restarts it.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs, promisify } from 'node:util';

import { runRound, type RoundResult } from './round';
import { hangUpRoads } from './road';

const options = {
  seed: { type: 'string', default: '1' },
  minutes: { type: 'string' },
  count: { type: 'string' },
  report: { type: 'string' },
  log: { type: 'string', default: 'silent' },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  const databaseUrl = process.env['DATABASE_URL'];
  // Without either: one round.
  const { count = values.minutes === undefined ? '1' : '100000', minutes = '100000' } = values;
  const [seed = 0, most = 0, length = 0] = [values.seed, count, minutes].map(Number);
  if (!databaseUrl || ![seed, most, length].every((number) => Number.isFinite(number) && number >= 0)) {
    tell('usage: npm run torture -- [--seed S] [--minutes M] [--count N] [--report FILE] [--log LEVEL]');
    return 2;
  }
  const restart = process.env['POSTGRES_RESTART'];
  // One after the other: two at once would each find the other's server in its place.
  let restarting: Promise<unknown> = Promise.resolve();
  const restartDatabase = restart
    ? async (): Promise<void> => {
        const done = restarting.then(() => promisify(execFile)(restart));
        restarting = done.catch(() => undefined);
        await done;
      }
    : undefined;
  const until = Date.now() + length * 60_000;
  const results: RoundResult[] = [];
  for (let next = seed; results.length < most && (Date.now() < until || results.length === 0); next += 1) {
    const given = { databaseUrl, logLevel: values.log, ...(restartDatabase === undefined ? {} : { restartDatabase }) };
    const result = await runRound(next, given).catch((error: unknown): RoundResult => ({
      seed: next,
      findings: [(error as Error).stack ?? String(error)],
      figures: {},
    }));
    results.push(result);
    tell(lineOf(result));
    for (const finding of result.findings) tell(`  ${finding}`);
  }
  hangUpRoads();
  const failed = results.filter(({ findings }) => findings.length > 0);
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(summaryOf(results, failed)));
  tell(`\nall rounds: ${figuresText(sumOf(results))}`);
  for (const { seed: bad } of failed) tell(`seed ${bad} failed: npm run torture -- --seed ${bad} --count 1`);
  tell(`${results.length - failed.length} rounds held, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function lineOf({ seed, findings, figures }: RoundResult): string {
  return `seed ${seed}: ${findings.length === 0 ? 'held' : `${findings.length} FINDINGS`}; ${figuresText(figures)}`;
}

function figuresText(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', ');
}

function sumOf(results: readonly RoundResult[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { figures } of results)
    for (const [name, figure] of Object.entries(figures)) sum[name] = (sum[name] ?? 0) + figure;
  return sum;
}

/** As test runners report, for scripts/sum-test-results.js: a round is a test. */
function summaryOf(results: readonly RoundResult[], failed: readonly RoundResult[]): object {
  return {
    numPassedTests: results.length - failed.length,
    numFailedTests: failed.length,
    numRuntimeErrorTestSuites: 0,
  };
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main().then((status) => process.exit(status));
