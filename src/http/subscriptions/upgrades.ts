/** Requests of a listener that takes WebSockets. */
import { IncomingMessage } from 'node:http';

const offering = new WeakSet<IncomingMessage>();

/**
 * Once somebody takes upgrades, Node hands over every request that offers one, and reads no body of it. Clients offer HTTP/2
 * (`Upgrade: h2c`) with their plain requests: those are taken as if they had not. What is an upgrade here is one to a
 * WebSocket alone.
 */
export class Incoming extends IncomingMessage {
  get upgrade(): boolean {
    if (!offering.has(this)) return false;
    return this.method === 'CONNECT' || /^websocket$/i.test(this.headers.upgrade ?? '');
  }

  /** Set by the parser of messages. */
  set upgrade(isOffered: boolean) {
    if (isOffered) offering.add(this);
    else offering.delete(this);
  }
}
