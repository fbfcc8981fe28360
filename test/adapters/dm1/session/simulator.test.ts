import type { Command, CredentialType } from '../../../../adapters/adapter';
import { Dm1Device } from '../../../../src/simulator/dm1-device';
import type { Transport } from '../../../../src/simulator/transport';
import { BASE_URL, command, credential, DEVICE, Dialogue, serverCredential } from './dialogue';

/** The simulated device judges each of our messages by the protocol's facts, and ends the session at what they forbid. */
function gateway(dialogue: Dialogue): Transport {
  return async ({ method, url, headers, body }) => {
    const path = new URL(url).pathname;
    const token = /^\/dm\/1\/([\w-]+)$/.exec(path)?.[1];
    const peer = { secure: true, loopback: false };
    return dialogue.answer({
      method,
      path,
      ...(token ? { token } : {}),
      headers,
      body: body ?? new Uint8Array(),
      peer,
    });
  };
}

const AUTHS = [
  ['none', 'NONE'],
  ['basic', 'BASIC'],
  ['md5', 'DIGEST_MD5'],
] as const satisfies readonly (readonly ['none' | 'basic' | 'md5', CredentialType])[];

describe.each([
  ['XML', false],
  ['WBXML', true],
] as const)('A strict device over %s finds nothing forbidden', (_name, wbxml) => {
  const METER = './Vendor/Acme/Meter';

  function commands(): Command[] {
    return [
      command({ kind: 'get', at: { uri: METER }, id: 'meter' } as never),
      command({
        kind: 'replace',
        at: { uri: `${METER}/Interval` },
        value: { format: 'int', data: 42 },
        id: 'interval',
      } as never),
      command({ kind: 'get', at: { uri: `${METER}/Interval` }, depth: 0, id: 'check' } as never),
      command({ kind: 'exec', at: { uri: `${METER}/Ops/Reset` }, correlator: 'c1', id: 'reset' } as never),
      command({
        kind: 'replace',
        at: { uri: `${METER}/Unit` },
        value: { format: 'chr', data: 'MWh' },
        id: 'unit',
        atomic: 'g',
      } as never),
      command({
        kind: 'replace',
        at: { uri: `${METER}/Nope` },
        value: { format: 'chr', data: 'x' },
        id: 'nope',
        atomic: 'g',
      } as never),
    ];
  }

  describe.each(AUTHS)('with %s credentials', (auth, type) => {
    test.each([undefined, 1500])('commands and discovery, MaxMsgSize %p', async (maxMsgSize) => {
      const dialogue = new Dialogue({ clientAuth: credential(type), serverAuth: serverCredential() });
      dialogue.queue.push(...commands());
      dialogue.discover = { messages: 200, nodes: 1000 };
      const device = new Dm1Device(
        {
          url: `${BASE_URL}/dm/1`,
          deviceId: DEVICE,
          user: 'dev-0001',
          secret: 's3cret-Client',
          auth,
          wbxml,
          maxMsgSize,
          serverUser: 'mgmt.example.net',
          serverSecret: 's3cret-Server',
        },
        gateway(dialogue),
      );
      const report = await device.connect();
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ ended: 'server', authenticated: true });
      const outcomes = Object.fromEntries(
        dialogue.all('commandAnswered').map((effect) => [effect.command, effect.outcome]),
      );
      expect(outcomes).toEqual({
        meter: 'OK',
        interval: 'OK',
        check: 'OK',
        reset: 'OK',
        unit: 'ROLLED_BACK',
        nope: 'NOT_FOUND',
      });
      expect(dialogue.all('commandAnswered').find((effect) => effect.command === 'check')?.tree?.value?.data).toBe(42);
      expect(dialogue.all('discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: true }]);
      expect(dialogue.all('moAnnounced').map((effect) => effect.place)).toContain(METER);
      expect((await device.connect()).violations).toEqual([]);
    });
  });
});
