import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { readUdpAddress } from '../../src/bearers/address';
import { createBearers } from '../../src/bearers';
import { UdpBearer } from '../../src/bearers/udp';
import { GOES_ON, push, QUIET } from './support';

let device: Socket;

beforeAll(async () => {
  device = createSocket('udp4');
  device.bind(0, '127.0.0.1');
  await once(device, 'listening');
});
afterAll(() => void device.close());

describe('Wake-up by UDP', () => {
  test('is one datagram, the push itself', async () => {
    const { port } = device.address();
    const bearer = new UdpBearer('udp', { networks: ['127.0.0.0/8'], port, devicePorts: false }, QUIET);
    const sent = push();
    const heard = once(device, 'message');
    const to = { deviceId: 'IMEI:1', udpAddress: '127.0.0.1' };
    expect(await bearer.send(sent, to, GOES_ON)).toEqual({ outcome: 'ACCEPTED' });
    const [octets] = (await heard) as [Buffer];
    expect(octets.equals(sent.wsp)).toBe(true);
    await bearer.close();
  });

  test.each([
    '169.254.169.254',
    '10.1.0.1',
    '10.0.0.1:53',
    '2001:db8:1::1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    'localhost',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '0x0a000001',
    '10.1',
    'fe80::1%eth0',
    '[10.0.0.1]:2948',
    '',
  ])('never goes to %s where the networks are 10.0.0.0/16 and 2001:db8::/48', async (udpAddress) => {
    const networks = ['10.0.0.0/16', '2001:db8::/48'];
    const bearer = new UdpBearer('udp', { networks, port: 2948, devicePorts: false }, QUIET);
    expect(bearer.objectionTo(udpAddress)).toEqual(expect.any(String));
    expect(await bearer.send(push(), { deviceId: 'IMEI:1', udpAddress }, GOES_ON)).toMatchObject({
      outcome: 'REFUSED',
    });
  });

  test('never goes to an IPv4 address that is written as one of IPv6, however wide the networks', () => {
    const bearer = new UdpBearer('udp', { networks: ['::/0'], port: 2948, devicePorts: true }, QUIET);
    for (const address of ['::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1'])
      expect(bearer.objectionTo(address)).toEqual(expect.any(String));
    expect(bearer.objectionTo('[2001:db8::1]:5000')).toBeUndefined();
  });

  test('reads addresses with and without port', () => {
    expect(readUdpAddress('192.0.2.1')).toEqual({ address: '192.0.2.1', family: 'ipv4' });
    expect(readUdpAddress('192.0.2.1:2948')).toEqual({ address: '192.0.2.1', family: 'ipv4', port: 2948 });
    expect(readUdpAddress('2001:db8::1')).toEqual({ address: '2001:db8::1', family: 'ipv6' });
    expect(readUdpAddress('[2001:db8::1]:1')).toEqual({ address: '2001:db8::1', family: 'ipv6', port: 1 });
  });
});

describe('The bearers of a configuration', () => {
  test('take an address that one of them may send to', () => {
    const common = { port: 2948, devicePorts: false, ratePerSecond: 1, timeoutMs: 1000, attempts: 1 } as const;
    const bearers = createBearers(
      {
        one: { type: 'udp', networks: ['10.0.0.0/8'], ...common },
        two: { type: 'udp', networks: ['192.0.2.0/24'], ...common },
      },
      { log: QUIET },
    );
    expect(bearers.names).toEqual(['one', 'two']);
    expect(bearers.objectionToUdpAddress('192.0.2.7')).toBeUndefined();
    expect(bearers.objectionToUdpAddress('198.51.100.1')).toMatch(/outside of the networks/);
    expect(createBearers({}, { log: QUIET }).objectionToUdpAddress('192.0.2.7')).toMatch(/no bearer/);
  });

  test('always have `none`, which sends nothing', async () => {
    const none = createBearers({}, { log: QUIET }).find('none');
    expect(await none?.bearer.send(push(), { deviceId: 'IMEI:1' }, GOES_ON)).toMatchObject({ outcome: 'REFUSED' });
  });
});
