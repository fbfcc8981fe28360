/**
 * A world whose devices do not know which gateway answers: on PostgreSQL there are two, one in this process and one in a
 * process of its own, and every second request goes to the other one; on the embedded database there is one. Their clocks
 * stand, and are put on together.
 */
import { openDatabase } from '../../../src/store/database';
import type { Transport } from '../../../src/simulator';
import { startTestGateway, type TestGatewayOptions } from '../../support/gateway';
import { COMMON, makeHome, startGatewayProcess } from './gateway-process';
import { PUBLIC_URL } from './spoken';
import { hangUp, populate, shared, type World } from './world';

export interface SharedWorld extends World {
  /** An address below the public one, as it is reached this time. */
  reach(url: string): string;
  /** The transport of a device that finds the gateways by their public address. */
  through(transport: Transport): Transport;
  /** Milliseconds since 1970, the same at each gateway. */
  now(): number;
  /** Time goes on, and what is then due is done, unless the timers are late. */
  passes(ms: number, isDone?: boolean): Promise<void>;
}

export interface SharedWorldOptions extends Pick<TestGatewayOptions, 'env' | 'log'> {
  /** What the clocks show; the present when left out. */
  readonly at?: number;
}

export async function startSharedWorld({ at = Date.now(), ...options }: SharedWorldOptions = {}): Promise<SharedWorld> {
  let time = at;
  const env = { MOQL_PUBLIC_URL: PUBLIC_URL, ...COMMON, ...options.env };
  const home = process.env['DATABASE_URL'] ? await makeHome() : undefined;
  const db = home && (await openDatabase({ databaseUrl: home.databaseUrl, poolSize: 5 }));
  const gateway = await startTestGateway({ ...options, env, now: () => time, ...(db === undefined ? {} : { db }) });
  const addresses = [gateway.deviceListenerUrl];
  let requests = 0;
  const reach = (url: string): string =>
    url.replace(PUBLIC_URL, addresses[requests++ % addresses.length] ?? gateway.deviceListenerUrl);
  const through =
    (transport: Transport): Transport =>
    (request) =>
      transport({ ...request, url: reach(request.url) });

  let endOther = (): Promise<void> => Promise.resolve();
  const close = async (): Promise<void> => {
    hangUp();
    await endOther();
    await gateway.close();
    await home?.remove();
  };
  const world = await populate(gateway, PUBLIC_URL, through(shared), close);
  // It comes when there is something to find, so that nothing has to be told to it.
  const other =
    home &&
    (await startGatewayProcess(home, env, time).catch(async (error: unknown) => {
      await close();
      throw error;
    }));
  if (other !== undefined) {
    addresses.push(other.deviceUrl);
    endOther = () => other.close();
  }
  return {
    ...world,
    reach,
    through,
    now: () => time,
    passes: async (ms, isDone = true) => {
      time += ms;
      if (isDone) await gateway.timers.runOnce();
      await other?.passes(ms, isDone);
    },
  };
}
