import { Chaos } from '../../src/simulator';
import { Dm1Device } from '../../src/simulator/dm1-device';
import { DEVICE, get, put, rightDm1Server, SERVER_URL } from './support/right-dm1-server';

async function events(seed: number, deviceId: string) {
  const chaos = new Chaos(seed);
  for (let session = 0; session < 12; session += 1) {
    // A server that does everything right takes no garbage; this one answers it as any server would.
    const packages = [[get('./DevInfo/Man')], [put('Replace', './Vendor/Acme/Meter/Unit', 'x')]];
    const { transport } = rightDm1Server({ packages });
    const device = new Dm1Device(
      { url: SERVER_URL, deviceId: `${deviceId}-${session}`, chaos, onViolation: 'note' },
      async (request) => {
        try {
          return await transport(request);
        } catch {
          return { status: 400, headers: { 'content-type': 'text/plain' }, body: new Uint8Array() };
        }
      },
    );
    await device.connect();
  }
  return chaos.events.map(({ kind, deviceId: id }) => `${id} ${kind}`);
}

test('a seed does the same to the same devices, and another seed something else', async () => {
  const once = await events(7, DEVICE);
  expect(once.length).toBeGreaterThan(10);
  expect(await events(7, DEVICE)).toEqual(once);
  expect(await events(8, DEVICE)).not.toEqual(once);
});
