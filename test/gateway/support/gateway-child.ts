import { createLog } from '../../../src/cli/log';
import { startGateway } from '../../../src/cli/gateway';
import { testConfiguration } from '../../support/gateway';

/** A gateway by the environment that it is given as JSON: says where it listens, or why it does not, and stays until it is killed. */
async function main(): Promise<void> {
  const env = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
  const log = createLog('error', { write: (line) => process.stderr.write(line) });
  try {
    const { url } = await startGateway(testConfiguration(env), { log });
    process.stdout.write(`${JSON.stringify({ url })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ refusal: error instanceof Error ? error.message : String(error) })}\n`);
  }
}

void main();
