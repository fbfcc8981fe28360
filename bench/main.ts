/** `npm run bench`: all figures, or some, one line each. */
import 'reflect-metadata';

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { campaignFigures } from './campaign';
import { checkInFigures } from './checkin/figures';
import { codecFigures } from './codec';
import { ddfFigures } from './ddf';
import { filterFigures } from './filter';
import { growthFigures } from './growth';
import { lineOf, type Bench, type Figure } from './figure';
import { readFigures } from './mo-read';
import { northboundFigures } from './northbound';
import { playgroundFigures } from './playground';
import { repositoryFigures } from './repository';
import { schemaFigures } from './schema';
import { liveSchemaFigures } from './schema-live';
import { takeFigures } from './take';
import { wakeUpFigures } from './wake-up';

const HELP = `Usage: npm run bench -- [--quick] [--only NAME] [--json FILE]

  --quick       fewer and shorter rounds, check-ins in WBXML alone; under two minutes
  --only NAME   figures whose name begins so, such as dm1.checkin or dm1.checkin.embedded.wbxml.known
  --json FILE   write every round, the machine and the versions there

With DATABASE_URL, check-ins and large reads are measured on that PostgreSQL too, in databases moql_bench_… that are made and dropped.
Exit codes: 0 done, 1 failed, 2 bad usage.`;

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help === true) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const { only } = options;
  const figures: Figure[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'moql-bench-'));
  const began = Date.now();
  const load = loadavg();
  const bench: Bench = {
    quick: options.quick === true,
    // A suite also runs when one of its figures was asked for.
    wants: (name) => only === undefined || name.startsWith(only) || only.startsWith(name),
    tell: (figure) => {
      if (only !== undefined && !figure.name.startsWith(only)) return;
      figures.push(figure);
      process.stdout.write(`${lineOf(figure)}\n`);
    },
    note: (text) => void process.stderr.write(`# ${text}\n`),
    directory,
  };
  try {
    codecFigures(bench);
    ddfFigures(bench);
    await readFigures(bench);
    await schemaFigures(bench);
    await liveSchemaFigures(bench);
    await playgroundFigures(bench);
    await checkInFigures(bench);
    await repositoryFigures(bench);
    await wakeUpFigures(bench);
    await campaignFigures(bench);
    await takeFigures(bench);
    await northboundFigures(bench);
    await filterFigures(bench);
    await growthFigures(bench);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (figures.length === 0) {
    process.stderr.write(`no figure begins with ${only ?? ''}\n`);
    return 2;
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  bench.note(`${figures.length} figures in ${seconds} s; load average at the beginning ${load[0]?.toFixed(1) ?? '?'}`);
  if (options.json !== undefined) {
    const document = {
      date: new Date(began).toISOString(),
      quick: bench.quick,
      seconds,
      machine: machine(load),
      figures,
    };
    writeFileSync(options.json, `${JSON.stringify(document, null, 2)}\n`);
  }
  return 0;
}

interface Options {
  readonly quick?: boolean;
  readonly help?: boolean;
  readonly only?: string;
  readonly json?: string;
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean' },
        help: { type: 'boolean' },
        only: { type: 'string' },
        json: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}\n`);
    return undefined;
  }
}

function machine(load: readonly number[]): object {
  const cores = cpus();
  return {
    cores: cores.length,
    model: cores[0]?.model,
    memory: totalmem(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    /** Processes that waited or ran when the run began: figures of a busy machine are noise. */
    loadAverage: load,
  };
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
