import { createInterface } from 'node:readline';

import { createLog } from '../../../src/cli/log';
import { startGateway } from '../../../src/cli/gateway';
import { testConfiguration } from '../../support/gateway';

/**
 * A gateway by the environment that it is given as JSON, and a time at which its clock stands, if there is a second one: says where it listens, or why it does not, and stays until it is
 * killed. Each line on standard input is a number of milliseconds by which its clock goes on; it is answered by the sum
 * once what is then due was done, or, behind a "~", at once.
 */
async function main(): Promise<void> {
  let aheadMs = 0;
  const env = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
  const frozenAt = process.argv[3] === undefined ? undefined : Number(process.argv[3]);
  try {
    const configuration = testConfiguration(env);
    const log = createLog(configuration.logLevel, { write: (line) => process.stderr.write(line) });
    const now = (): number => (frozenAt ?? Date.now()) + aheadMs;
    const { url, deviceListenerUrl, timers } = await startGateway(configuration, { log, now });
    process.stdout.write(`${JSON.stringify({ url, deviceListenerUrl })}\n`);
    createInterface({ input: process.stdin }).on('line', (line) => {
      aheadMs += Number(line.replace('~', ''));
      const done = line.startsWith('~') ? Promise.resolve() : timers.runOnce();
      void done.then(() => process.stdout.write(`${aheadMs}\n`));
    });
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ refusal: error instanceof Error ? error.message : String(error) })}\n`);
  }
}

void main();
