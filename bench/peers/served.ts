/** What every peer is: a child process that starts one server and tells what it costs. */
import { answerParent } from '../child';

export interface Served {
  readonly url: string;
  close(): Promise<unknown>;
}

/** Where a server listens that nobody else shall reach. */
export const LOOPBACK = { port: 0, host: '127.0.0.1' } as const;

export function serve(start: () => Promise<Served>): void {
  let served: Served | undefined;
  answerParent(
    async (request: { readonly do: 'start' | 'cpu' }) => {
      if (request.do === 'cpu') return process.cpuUsage();
      served = await start();
      return { url: served.url };
    },
    async () => void (await served?.close()),
  );
}

export function databaseUrl(): string {
  const { DATABASE_URL: url } = process.env;
  if (url === undefined) throw new Error('DATABASE_URL is not set');
  return url;
}
