/** The part of the package `smpp` that is used here; it brings no types. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  export interface Pdu {
    readonly command: string;
    readonly command_status: number;
    readonly sequence_number: number;
    readonly [field: string]: unknown;
    isResponse(): boolean;
    response(fields?: Readonly<Record<string, unknown>>): Pdu;
  }
  export type Fields = Readonly<Record<string, unknown>>;
  export class Session extends EventEmitter {
    readonly socket: Socket;
    /** False: the socket takes nothing. */
    send(pdu: Pdu): boolean;
    bind_transceiver(fields: Fields, answer: (pdu: Pdu) => void): boolean;
    bind_transmitter(fields: Fields, answer: (pdu: Pdu) => void): boolean;
    submit_sm(fields: Fields, answer: (pdu: Pdu) => void): boolean;
    deliver_sm(fields: Fields, answer?: (pdu: Pdu) => void): boolean;
    enquire_link(answer: (pdu: Pdu) => void): boolean;
    unbind(answer: (pdu: Pdu) => void): boolean;
    close(done?: () => void): void;
    destroy(done?: () => void): void;
  }
  /** A connection that is being made. */
  export function connect(options: Readonly<Record<string, unknown>>): Session;
  export function createServer(listener: (session: Session) => void): NetServer;
  export const errors: Readonly<Record<string, number>>;
}
