import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { notificationPush, writeNotification } from '../../adapters/dm1/notification';
import { readDmPush } from '../../adapters/wap/push';
import { simulate } from '../../src/simulator/run';
import { httpTransport } from '../../src/simulator/transport';
import type { SessionReport } from '../../src/simulator/report';
import { rightDm1Server, SERVER_URL } from './support/right-dm1-server';
import { MAIN, rightDm2Server } from './support/right-dm2-server';

describe('A simulation', () => {
  test('has as many devices as asked, each with its own identifier and login', async () => {
    const server = rightDm1Server();
    const simulation = simulate({
      protocol: 'dm1',
      count: 3,
      concurrency: 1,
      transport: server.transport,
      device: { url: SERVER_URL, deviceId: 'IMEI:490154203237518' },
      login: (deviceId, n) => ({ user: `user-${n}`, secret: deviceId }),
    });
    const reports = await simulation.connectAll();
    expect(reports.map(({ deviceId, ended }) => `${deviceId} ${ended}`)).toEqual(
      [18, 19, 20].map((n) => `IMEI:4901542032375${n} server`),
    );
    expect(server.received.map(({ header }) => header.source.locName)).toEqual(['user-0', 'user-1', 'user-2']);
    await simulation.stop();
  });

  test('stays up, polls, can be poked and stopped', async () => {
    const reports: SessionReport[] = [];
    let twice = (): void => undefined;
    const polled = new Promise<void>((resolve) => (twice = resolve));
    const simulation = simulate({
      protocol: 'dm2',
      pollSeconds: 0.001,
      transport: rightDm2Server().transport,
      device: { url: MAIN, deviceId: 'd' },
      onReport: (report) => void (reports.push(report) === 2 && twice()),
    });
    await polled;
    expect(await simulation.poke('d', { initiatedBy: 'server', notificationId: 7 })).toMatchObject({ ended: 'server' });
    expect(await simulation.poke('stranger')).toBeUndefined();
    const stopped = simulation.untilStopped();
    await simulation.stop();
    await stopped;
    const { length } = reports;
    await new Promise((resolve) => setImmediate(resolve));
    expect(reports).toHaveLength(length);
  });

  test('a session can be held open by one device while others run', async () => {
    const server = rightDm2Server({
      packages: [
        [
          ['CONT', `${MAIN}/t`],
          ['GET', 'urn:oma:mo:oma-dm-devinfo:1.2//Man'],
        ],
      ],
    });
    const simulation = simulate({
      protocol: 'dm2',
      count: 2,
      transport: server.transport,
      device: { url: MAIN, deviceId: 'd' },
    });
    const [held] = simulation.devices;
    const session = held?.begin();
    expect(await session?.step()).toBe(true);
    expect(await simulation.poke('d-1')).toMatchObject({ ended: 'server' });
    expect(await session?.step()).toBe(false);
    expect(session?.report()).toMatchObject({ ended: 'server', violations: [] });
  });
});

describe('The HTTP transport', () => {
  let server: Server;
  const sockets = new Set<unknown>();
  let drop = false;

  beforeAll(async () => {
    server = createServer((request, response) => {
      sockets.add(request.socket);
      if (drop) {
        drop = false;
        request.socket.destroy();
        return;
      }
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat([
          Buffer.from(`${request.method ?? ''} ${request.headers['content-length'] ?? 'none'} `),
          ...pieces,
        ]);
        response.writeHead(201, { 'content-type': 'text/plain', 'content-length': body.length });
        response.end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('sends octets with their length over a kept connection, and repeats a POST when that was closed', async () => {
    const transport = httpTransport();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const post = () => transport({ method: 'POST', url, headers: {}, body: new Uint8Array(Buffer.from('abc')) });
    const first = await post();
    expect(first).toMatchObject({ status: 201, headers: { 'content-type': 'text/plain', 'content-length': '10' } });
    expect(Buffer.from(first.body).toString()).toBe('POST 3 abc');
    await post();
    expect(sockets.size).toBe(1);
    drop = true;
    expect((await post()).status).toBe(201);
    transport.close();
  });

  test('rejects when nothing answers, and when the answer is too long', async () => {
    const transport = httpTransport({ maxBody: 4 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    await expect(transport({ method: 'GET', url, headers: {} })).rejects.toThrow('longer than 4 octets');
    await expect(httpTransport()({ method: 'GET', url: 'http://127.0.0.1:1/', headers: {} })).rejects.toThrow();
    transport.close();
  });
});

describe('Devices that listen for wake-ups', () => {
  const SERVER = { serverUser: 'dm.example', serverSecret: 'secret of the server' };

  function pushOf(secret: string): Uint8Array {
    const written = writeNotification(
      { version: '1.1', uiMode: 'BACKGROUND', initiatedBy: 'SERVER', sessionNo: 0x1f, serverId: SERVER.serverUser },
      secret,
      new Uint8Array(),
    );
    if (!written.ok) throw new Error(written.message);
    return notificationPush(written.value);
  }

  test('come when they believe the notification in a datagram, and stay silent else', async () => {
    const heard: string[] = [];
    let came = (_report: SessionReport): void => undefined;
    const session = new Promise<SessionReport>((resolve) => (came = resolve));
    const server = rightDm1Server();
    const simulation = simulate({
      protocol: 'dm1',
      count: 2,
      transport: server.transport,
      device: { url: SERVER_URL, deviceId: 'IMEI:490154203237518', ...SERVER },
      onWakeUp: (deviceId, woken) => void heard.push(`${deviceId.slice(-2)} ${woken.ok ? 'ok' : woken.reason}`),
      onReport: (report) => came(report),
    });
    const addresses = await simulation.listen({ host: '127.0.0.1', port: 0 });
    expect(new Set(addresses).size).toBe(2);
    const port = Number(addresses[1]?.split(':')[1]);
    const sender = createSocket('udp4');
    const sends = (octets: Uint8Array): Promise<void> =>
      new Promise((resolve) => sender.send(octets, port, '127.0.0.1', () => resolve()));
    await sends(Buffer.from('anything'));
    await sends(pushOf('guessed'));
    await sends(pushOf(SERVER.serverSecret));
    expect((await session).deviceId).toBe('IMEI:490154203237519');
    expect(server.received.map(({ header }) => header.sessionId)).toContain('1F');
    expect(heard).toEqual(['19 it is no push for device management', '19 the digest does not fit', '19 ok']);
    sender.close();
    await simulation.stop();
  });
});

test.each([
  ['nothing', ''],
  ['another type of PDU', '01040304af8700'],
  ['headers longer than it', '01067f84af87'],
  ['a length without end', '0106ffffffffffffff'],
  ['another application', '010603c4af8200'],
])('A datagram with %s is no push for device management', (_what, hex) => {
  expect(readDmPush(new Uint8Array(Buffer.from(hex, 'hex')))).toBeUndefined();
});
