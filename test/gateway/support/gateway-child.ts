import { createInterface } from 'node:readline';

import { createLog } from '../../../src/cli/log';
import { startGateway } from '../../../src/cli/gateway';
import { testConfiguration } from '../../support/gateway';

/**
 * A gateway by the environment that it is given as JSON: says where it listens, or why it does not, and stays until it is
 * killed. Each line on standard input is a number of milliseconds by which its clock goes on; it is answered by the sum
 * once what is then due was done.
 */
async function main(): Promise<void> {
  let aheadMs = 0;
  const env = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
  const log = createLog('error', { write: (line) => process.stderr.write(line) });
  try {
    const { url, timers } = await startGateway(testConfiguration(env), { log, now: () => Date.now() + aheadMs });
    process.stdout.write(`${JSON.stringify({ url })}\n`);
    createInterface({ input: process.stdin }).on('line', (line) => {
      aheadMs += Number(line);
      void timers.runOnce().then(() => process.stdout.write(`${aheadMs}\n`));
    });
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ refusal: error instanceof Error ? error.message : String(error) })}\n`);
  }
}

void main();
