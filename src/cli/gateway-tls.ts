/** TLS of the gateway's listeners: what each offers and asks for, and new certificates without a new start. */
import type { SecureContextOptions, Server } from 'node:tls';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import type { Configuration } from '../config/environment';
import type { ListenerOptions } from '../http/app';
import { readMaterial, watchMaterial, type TlsMaterial } from '../http/tls/material';
import { pskOptions, watchIdentities, type PskLookup } from '../http/tls/psk';
import { suiteOptions } from '../http/tls/suites';

/** `northbound`: asks for client certificates where the configuration has callers by them; `devices`: asks for client certificates and pre-shared keys; a device is known by its certificate's hash, whoever signed it. */
type Listener = 'northbound' | 'devices';

export interface GatewayTls {
  options(listener: Listener): NonNullable<ListenerOptions['tls']>;
  /** From now on the listener takes new certificates; to be called before it listens. */
  attach(listener: Listener, app: FastifyInstance): void;
  /** Reads the files again. What cannot be used changes nothing, and is told in the log; false then. */
  reload(): boolean;
  stop(): void;
}

/** Undefined where the gateway speaks plain HTTP. Throws TlsMaterialError. */
export function createGatewayTls(config: Configuration, psk: PskLookup, log: Logger): GatewayTls | undefined {
  const { tls: paths, settings } = config;
  if (paths === undefined) return undefined;
  const { minVersion, watchMs } = settings.tls;
  const isApart = config.deviceListener !== undefined;
  const asksCallers = settings.callers.certificates.length > 0;
  const attached = new Map<Server, Listener>();

  const contextOf = (listener: Listener, { cert, key, ca }: TlsMaterial): SecureContextOptions => {
    if (listener === 'devices') return { cert, key, ...(ca && { ca }), ...suiteOptions({ minVersion, psk: true }) };
    const authorities = asksCallers && ca ? { ca } : {};
    return { cert, key, ...authorities, ...(isApart ? {} : suiteOptions({ minVersion, psk: false })) };
  };
  const material = readMaterial(paths);

  const reload = (): boolean => {
    try {
      const fresh = readMaterial(paths);
      for (const [server, listener] of attached) server.setSecureContext(contextOf(listener, fresh));
      log.info('certificates were read again');
      return true;
    } catch (err) {
      log.error({ err }, 'new certificates cannot be used; the old ones go on');
      return false;
    }
  };
  const stop = watchMaterial(paths, watchMs, reload);

  return {
    options: (listener) => ({
      ...contextOf(listener, material),
      ...(listener === 'devices' || asksCallers ? { requestCert: true, rejectUnauthorized: false } : {}),
      ...(listener === 'devices' ? pskOptions(psk) : {}),
    }),
    attach: (listener, app) => {
      const server = app.server as unknown as Server;
      attached.set(server, listener);
      if (listener === 'devices') watchIdentities(server);
    },
    reload,
    stop,
  };
}
