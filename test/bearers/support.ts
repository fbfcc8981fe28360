import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { notificationPush, notificationSms, writeNotification } from '../../adapters/dm1/notification';
import type { BearerLog, Push } from '../../src/bearers/bearer';

export const QUIET: BearerLog = { debug: () => undefined, warn: () => undefined };
export const GOES_ON = new AbortController().signal;

/** A notification of DM 1.x, long enough for two short messages where asked. */
export function push(serverId = 'dm.example'): Push {
  const written = writeNotification(
    { version: '1.1', uiMode: 'BACKGROUND', initiatedBy: 'SERVER', sessionNo: 7, serverId },
    'secret of the server',
    Buffer.from('nonce'),
  );
  if (!written.ok) throw new Error(written.message);
  const octets = written.value;
  const mediaType = 'application/vnd.syncml.notification';
  return { octets, mediaType, wsp: notificationPush(octets), sms: notificationSms(octets, 9) };
}

export interface Taken {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP server that takes POSTs and answers as it is told; `undefined`: never. */
export class Peer {
  readonly taken: Taken[] = [];
  answer: { status: number; body?: string; location?: string } | undefined = { status: 204 };
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        this.taken.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) });
        const { answer } = this;
        if (answer === undefined) return;
        response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
        response.end(answer.body);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
