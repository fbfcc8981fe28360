import { by, describeDm2 } from '../support/spoken-dm2';

describeDm2('9 ServerURI', ({ device }) => {
  const offered = async () => {
    const phone = await device();
    await phone.isAsked([by.add('Note', { text: 'x' })]);
    await phone.begins();
    await phone.answers([200, 404]);
    return phone;
  };

  test('addresses are absolute, below the public one, without templates, and new each time', async () => {
    const addresses = new Set<string>();
    for (let n = 0; n < 3; n += 1) {
      const phone = await offered();
      for (const [, address = ''] of phone.cmd) {
        expect(address).toMatch(/^https:\/\/dm\.example\/(?:dm\/2|repository)\/[\w-]{22}$/);
        addresses.add(address);
      }
    }
    expect(addresses.size).toBe(6);
  });

  test('an address that was never handed out, or has one character changed, has nothing', async () => {
    const phone = await offered();
    const address = phone.cmd[1]?.[1] ?? '';
    const swapped = address.at(-2) === 'A' ? 'B' : 'A';
    const guesses = [
      `https://dm.example/repository/${'A'.repeat(22)}`,
      `${address.slice(0, -2)}${swapped}${address.slice(-1)}`,
    ];
    for (const guess of guesses) expect((await phone.requests('GET', guess)).status).toBe(404);
    expect((await phone.requests('GET', address)).status).toBe(200);
  });

  test('a device identifier that a client percent-encodes is none of the address’s business: the header says it', async () => {
    const phone = await offered();
    await phone.fetches(1);
    await phone.answers([200, 200], { headers: { 'omadm-devid': encodeURIComponent(phone.deviceId) } });
    expect(phone.answer?.status).toBe(401);
    await phone.answers([200, 200]);
    expect(phone.cmd).toEqual([['END']]);
  });
});
