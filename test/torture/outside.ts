/** What stands around the gateways: who takes webhooks and who carries wake-ups, both of them slow and moody. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startReceiver, type Answer, type Receiver } from '../support/webhook-receiver';
import type { Random } from './random';

export const HOOK = 'torture';

export interface Outside {
  /** For MOQL_CONFIG. */
  readonly configuration: string;
  readonly hook: Receiver;
  /** From now on all is answered well and at once. */
  calm(): void;
  close(): Promise<void>;
}

/** @param woken told of each wake-up that the bearer took: the device, and the push as it would get it */
export async function startOutside(
  random: Random,
  woken: (deviceId: string, push: Uint8Array) => void,
): Promise<Outside> {
  let isCalm = false;
  const moody = async (): Promise<Answer> => {
    const mood = isCalm ? 100 : random.below(100);
    if (mood < 10) return { status: 503 };
    if (mood < 25) await sleep(random.below(1_500));
    // No answer in time.
    if (mood >= 25 && mood < 28) await sleep(3_000);
    return {};
  };
  const hook = await startReceiver(moody);
  const bearer = await startReceiver(async ({ text }) => {
    const answer = await moody();
    const { deviceId, wsp } = JSON.parse(text) as { readonly deviceId: string; readonly wsp: string };
    if (answer.status === undefined) woken(deviceId, Buffer.from(wsp, 'base64'));
    return answer;
  });
  const directory = mkdtempSync(join(tmpdir(), 'moql-torture-'));
  const configuration = join(directory, 'moql.json');
  const secret = 'a secret of at least 24 characters';
  writeFileSync(
    configuration,
    JSON.stringify({
      limits: { maxFailures: 1000 },
      webhooks: [
        { name: HOOK, url: hook.url, secret, timeoutMs: 2_000, attempts: 100, firstRetryMs: 20, lastRetryMs: 500 },
      ],
      bearers: {
        slow: { type: 'webhook', url: bearer.url, secret, timeoutMs: 2_000, attempts: 5, ratePerSecond: 1000 },
      },
      wakeUp: { bearers: ['slow'], retryMs: 200, answerMs: 30_000 },
    }),
  );
  return {
    configuration,
    hook,
    calm: () => {
      isCalm = true;
    },
    close: async () => {
      await Promise.all([hook.close(), bearer.close()]);
      rmSync(directory, { recursive: true });
    },
  };
}
