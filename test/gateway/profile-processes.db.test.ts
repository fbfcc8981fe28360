import { describeWith, requireTool } from '../support/shared';
import { makeHome, startGatewayProcess } from './support/gateway-process';
import type { GatewayProcess, Home } from './support/gateway-process';
import { addMeter, ask, contact, createAccount, credentialOf, METER, register, simulated } from './support/world';

describeWith('postgres', 'A profile of two processes on one database', () => {
  let home: Home;
  const gateways: GatewayProcess[] = [];

  beforeAll(async () => {
    home = await makeHome(requireTool('postgres'));
    for (let n = 0; n < 2; n += 1) gateways.push(await startGatewayProcess(home));
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.kill()));
    await home.remove();
  });

  test('that one of them was told the other one goes by, and no longer once it was removed', async () => {
    const [first, second] = gateways as [GatewayProcess, GatewayProcess];
    await addMeter(first);
    const accountId = await createAccount(first);
    const device = simulated('dm1', second.deviceUrl, 'urn:uuid:of-two');
    await register(first, {
      deviceId: device.deviceId,
      accountId,
      protocol: 'DM_1_2',
      clientAuth: credentialOf(device),
    });
    await contact(device);
    const interval = (): unknown => device.tree.find(['Vendor', 'Acme', 'Meter', 'Interval'])?.value;
    const entry = (int: number): object => ({ address: { moid: METER, path: 'Interval' }, value: { int } });
    const { createProfile } = await ask<{ createProfile: { id: string } }>(
      first,
      'mutation ($input: CreateProfileInput!) { createProfile(input: $input) { id } }',
      { input: { name: 'both', where: { deviceId: { eq: device.deviceId } }, entries: [entry(61)] } },
    );
    // The other one hears of it, or looks by itself after ten seconds.
    await second.passes(11_000);
    await contact(device);
    expect(interval()).toBe('61');
    await ask(first, 'mutation ($id: ID!) { removeProfile(id: $id, restore: false) { id } }', { id: createProfile.id });
    await second.passes(11_000);
    await ask(second, 'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }', {
      input: { deviceId: device.deviceId, commands: [{ replace: entry(7) }] },
    });
    await contact(device);
    await contact(device);
    expect(interval()).toBe('7');
  });
});
