import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came in. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: {
    readonly id: string;
    readonly type: string;
    readonly at: string;
    readonly deviceId: string | null;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves with the first request, of all that came and will come, that fits. */
  until(fits: (request: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

/** Takes webhooks; `answer` says what each is answered, when it resolves. Absent: 204 at once. */
export async function startReceiver(
  answer: (request: Received, count: number) => Answer | Promise<Answer> = () => ({}),
): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const one: Received = { headers: request.headers, text, body: JSON.parse(text) as Received['body'] };
      received.push(one);
      for (const look of [...waiting]) look();
      void Promise.resolve(answer(one, received.length)).then(({ status = 204, headers = {}, text: body }) => {
        response.writeHead(status, headers);
        response.end(body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    until: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = received.find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
