import { startTestGateway, type TestGateway } from '../support/gateway';

/** A stranger must not learn from a challenge whether a device is known. */
describe('Devices that nobody knows', () => {
  let gateway: TestGateway;
  const known = 'IMEI:490154203237518';
  const unknown = 'IMEI:490154203237519';

  beforeAll(async () => {
    gateway = await startTestGateway();
    const account = (await gateway.graphql(
      `mutation { createAccount(input: { serverId: "dm.example", clientAuth: { type: HTTP_DIGEST, username: "fleet", secret: "s" } }) { id } }`,
    )) as { data: { createAccount: { id: string } } };
    await gateway.graphql(
      `mutation ($id: ID!) { registerDevice(input: { deviceId: "${known}", accountId: $id }) { id } }`,
      {
        id: account.data.createAccount.id,
      },
    );
  });
  afterAll(() => gateway.close());

  async function knock(deviceId: string): Promise<unknown> {
    const response = await fetch(`${gateway.url}/dm/2`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.oma.dm.initiation+json', 'omadm-devid': deviceId },
      body: '{}',
    });
    const challenge = (response.headers.get('www-authenticate') ?? '').replace(/nonce="[^"]*"/g, 'nonce');
    return [response.status, challenge, await response.text()];
  }

  test('are challenged on DM 2.0 exactly as known ones are, the realm included', async () => {
    const answer = await knock(known);
    expect(answer).toEqual([401, expect.stringContaining('realm="dm.example"'), '{"CMD":[["END"]]}']);
    expect(await knock(unknown)).toEqual(answer);
  });
});
