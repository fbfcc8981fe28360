/**
 * Any load balancer: the one address that devices and callers know. Each request goes to the next gateway; disasters come when
 * it has taken so many.
 */
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { GatewayProcess } from '../gateway/support/gateway-process';
import type { Gateways } from './gateways';
import type { Disaster } from './schedule';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface World {
  readonly gateways: Gateways;
  restartDatabase(): Promise<void>;
}

export class Balancer {
  requests = 0;
  /** What befell the world, as it was said. */
  readonly befell: Disaster[] = [];
  /** Disasters that did not end as they should. */
  readonly faults: string[] = [];
  #world: World | undefined;
  #coming: Disaster[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: false });

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests count from now on. */
  begin(world: World, disasters: readonly Disaster[] = []): void {
    this.#world = world;
    this.requests = 0;
    this.#coming = [...disasters];
  }

  /** No disaster comes any more; resolves when those that came are over. */
  async calm(): Promise<void> {
    this.#coming = [];
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    this.requests += 1;
    const disaster = (this.#coming[0]?.atRequest ?? Infinity) <= this.requests ? this.#coming.shift() : undefined;
    const reply = await this.#through(request, Buffer.concat(pieces), disaster);
    response.writeHead(reply.status, withoutHops(reply.headers));
    response.end(reply.body);
  }

  async #through(request: IncomingMessage, body: Buffer, disaster: Disaster | undefined): Promise<Reply> {
    const world = this.#world;
    if (world === undefined) throw new Error('there is no world yet');
    const { gateways } = world;
    let gateway = await gateways.next();
    if (disaster !== undefined) {
      this.befell.push(disaster);
      if (disaster.kind === 'killBefore') {
        await this.#track(gateways.kill(gateway));
        gateway = await gateways.next();
      }
      this.#beside(disaster, gateway, world);
    }
    for (;;) {
      try {
        const reply = await this.#forward(gateway, request, body);
        if (disaster?.kind === 'killAfter') await this.#track(gateways.kill(gateway));
        return reply;
      } catch (error) {
        // It never came there: the next one may have it. Else its answer is lost.
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
        gateways.refused(gateway);
        gateway = await gateways.next();
      }
    }
  }

  /** What happens while the request is on its way. */
  #beside({ kind, ms }: Disaster, gateway: GatewayProcess, world: World): void {
    const { gateways } = world;
    const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    if (kind === 'killDuring') void this.#track(later().then(() => gateways.kill(gateway)));
    if (kind === 'restartDatabase') void this.#track(later().then(() => world.restartDatabase()));
    if (kind === 'timePasses') void this.#track(gateways.pass(ms, false));
    const other = kind === 'killOther' ? gateways.otherThan(gateway) : undefined;
    if (other !== undefined) void this.#track(later().then(() => gateways.kill(other)));
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch((error: unknown) => void this.faults.push(String(error)))
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  #forward(gateway: GatewayProcess, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const { host: _, connection: __, 'transfer-encoding': ___, 'content-length': ____, ...kept } = headers;
      const outgoing = httpRequest(`${gateway.deviceUrl.replace(/\/$/, '')}${url ?? '/'}`, {
        method,
        agent: this.#agent,
        headers: { ...kept, 'content-length': String(body.length) },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.complete)
            resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(pieces) });
          else reject(new Error('the answer was cut off'));
        });
      });
      outgoing.end(body);
    });
  }
}

function withoutHops({ connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept }: IncomingHttpHeaders) {
  return kept;
}
