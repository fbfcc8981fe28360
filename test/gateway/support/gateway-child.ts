import { createInterface } from 'node:readline';

import { createLog } from '../../../src/cli/log';
import { startGateway, type Gateway } from '../../../src/cli/gateway';
import { testConfiguration } from '../../support/gateway';

/** A gateway that is to be started: its environment, and what its clock shows, where that stands. */
interface Wanted {
  readonly env: Readonly<Record<string, string>>;
  readonly frozenAt?: number;
}

let gateway: Gateway | undefined;
let frozenAt: number | undefined;
let aheadMs = 0;

const say = (what: object | number): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

/**
 * Gateways, one after the other, each until it is closed or this process is killed. Each line on standard input is one of:
 * what is wanted, as JSON, answered by where it listens or why it does not; `close`, answered when it is closed; a number of
 * milliseconds by which its clock goes on, answered by the sum once what is then due was done, or, behind a "~", at once.
 */
async function obey(line: string): Promise<void> {
  if (line.startsWith('{')) return start(JSON.parse(line) as Wanted);
  if (line === 'close') {
    await gateway?.close();
    gateway = undefined;
    return say({ closed: true });
  }
  aheadMs += Number(line.replace('~', ''));
  if (!line.startsWith('~')) await gateway?.timers.runOnce();
  return say(aheadMs);
}

async function start(wanted: Wanted): Promise<void> {
  aheadMs = 0;
  frozenAt = wanted.frozenAt;
  try {
    const configuration = testConfiguration(wanted.env);
    const log = createLog(configuration.logLevel, { write: (text) => process.stderr.write(text) });
    gateway = await startGateway(configuration, { log, now: () => (frozenAt ?? Date.now()) + aheadMs });
    say({ url: gateway.url, deviceListenerUrl: gateway.deviceListenerUrl });
  } catch (error) {
    say({ refusal: error instanceof Error ? error.message : String(error) });
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
