import type { CommandBody, CredentialKnowledge, Effect } from '../../../adapters/adapter';
import { Dm2Device, type Dm2DeviceOptions } from '../../../src/simulator/dm2-device';
import type { SessionReport } from '../../../src/simulator/report';
import type { Transport } from '../../../src/simulator/transport';
import { BASE, credential, DEVICE, given, only, outcomes, type Dialogue } from './dialogue';

const METER = 'urn:oma:mo:ext-acme-meter:1.0';
const DEVINFO = 'urn:oma:mo:oma-dm-devinfo:1.2';

/** The adapter with its middle at /dm/2, and a repository that serves what was offered and keeps a record of it. */
function transportTo(server: Dialogue): Transport {
  return (request) => {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/repository/')) {
      const token = url.pathname.split('/').at(-1) ?? '';
      const item = only(server.effects, 'itemOffered').find((one) => one.token === token);
      if (item === undefined) return Promise.resolve({ status: 404, headers: {}, body: new Uint8Array() });
      server.fetches(token.replace('item-', ''));
      return Promise.resolve({ status: 200, headers: { 'content-type': item.mime }, body: item.body });
    }
    const token = /^\/dm\/2\/(.+)$/.exec(url.pathname)?.[1];
    const inbound = {
      method: request.method,
      path: url.pathname,
      headers: request.headers,
      body: request.body ?? new Uint8Array(),
      peer: { secure: true, loopback: false },
    };
    const reply = server.receives(token === undefined ? inbound : { ...inbound, token });
    const body = Buffer.from(JSON.stringify({ CMD: reply.cmd }));
    return Promise.resolve({
      status: reply.status,
      headers: { ...reply.headers, 'content-length': String(body.length) },
      body,
    });
  };
}

async function session(
  commands: readonly CommandBody[],
  options: Partial<Dm2DeviceOptions> = {},
  clientAuth?: CredentialKnowledge,
): Promise<{ report: SessionReport; server: Dialogue; effects: readonly Effect[] }> {
  const server = given({ commands, ...(clientAuth === undefined ? {} : { clientAuth }) });
  const device = new Dm2Device({ deviceId: DEVICE, url: `${BASE}/dm/2`, ...options }, transportTo(server));
  const report = await device.connect();
  return { report, server, effects: server.effects };
}

/** The instance of an MO that the device listed. */
function miidOf(effects: readonly Effect[], moid: string): string {
  const mo = only(effects, 'moAnnounced').find((one) => one.moid === moid);
  if (mo?.miid === undefined) throw new Error(`${moid} was not announced`);
  return mo.miid;
}

describe('A simulated device, which holds its server to the facts', () => {
  const at = (path: string): { moid: string; path: string } => ({ moid: METER, path });
  const work: readonly CommandBody[] = [
    { kind: 'discover', budget: { messages: 20, nodes: 10_000 } },
    { kind: 'get', at: { moid: DEVINFO, path: 'Man' } },
    { kind: 'get', at: at(''), depth: 1 },
    { kind: 'replace', at: at('Interval'), value: { format: 'int', data: 77 } },
    { kind: 'replace', at: at('Nothing'), value: { format: 'chr', data: 'x' } },
    { kind: 'add', at: at('Serial'), value: { format: 'chr', data: 'x' } },
    { kind: 'get', at: at('Interval') },
    { kind: 'exec', at: at('Ops/Reset'), correlator: 'x' },
    { kind: 'delete', at: at('Serial') },
  ];
  const expected = {
    c2: 'OK',
    c3: 'OK',
    c4: 'OK',
    c5: 'NOT_FOUND',
    c6: 'ALREADY_EXISTS',
    c7: 'OK',
    c8: 'OK',
    c9: 'NOT_ALLOWED',
  };

  test('finds no violation, and commands come to what they come to on DM 1.x', async () => {
    const { report, server, effects } = await session(work);
    expect(report.violations).toEqual([]);
    expect(report.ended).toBe('server');
    expect(outcomes(effects)).toEqual(expected);
    const read = only(effects, 'commandAnswered').find((effect) => effect.command === 'c7');
    // A bare value of which no DDF tells the format is text.
    expect(read?.tree?.value).toEqual({ format: 'chr', data: '77' });
    expect(miidOf(effects, METER)).not.toBe('');
    expect(only(effects, 'valuesObserved').length).toBeGreaterThan(3);
    expect(server.stored?.state.phase).toBe('ended');
  });

  test('likewise when it refuses CONT', async () => {
    const { report, effects } = await session(work, { features: { cont: false } });
    expect(report.violations).toEqual([]);
    expect(outcomes(effects)).toEqual(expected);
    expect(only(effects, 'featureLearned').map((effect) => effect.feature)).toEqual(['CONT', 'bearer']);
  });

  test.each(['basic', 'digest'] as const)('authenticates itself by %s', async (auth) => {
    const clientAuth = credential({
      type: auth === 'basic' ? 'BASIC' : 'HTTP_DIGEST',
      username: 'meter-01',
      secret: 's3',
    });
    const { report, effects } = await session(work.slice(0, 3), { auth, user: 'meter-01', secret: 's3' }, clientAuth);
    expect(report.violations).toEqual([]);
    expect(outcomes(effects)).toEqual({ c2: 'OK', c3: 'OK' });
  });
});
