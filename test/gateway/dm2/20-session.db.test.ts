import { METER } from '../support/world';
import { by, describeDm2, uri } from '../support/spoken-dm2';

const FIRST = JSON.stringify({ MOS: [{ MOID: METER, MIID: ['m1'] }] });

describeDm2('20 Session', ({ device, passes }) => {
  const asked = async (...commands: readonly object[]) => {
    const phone = await device();
    const operation = await phone.isAsked(commands, { onFailure: 'CONTINUE' });
    await phone.begins();
    return { phone, operation };
  };

  test('each package that expects an answer has an address of its own; END has none', async () => {
    const { phone } = await asked(by.add('Note', { text: 'x' }));
    const first = phone.cmd[0];
    await phone.answers([200, 404]);
    expect([first?.[0], phone.cmd[0]?.[0]]).toEqual(['CONT', 'CONT']);
    expect(phone.cmd[0]?.[1]).not.toBe(first?.[1]);
    await phone.fetches(1);
    expect(await phone.answers([200, 200])).toEqual([['END']]);
  });

  test('a package again to the same address is answered from the store, and nothing is executed twice', async () => {
    const { phone, operation } = await asked(by.delete('Note'));
    const to = phone.cmd[0]?.[1] ?? '';
    await phone.isAsked([by.exec('Ops/Reset')]);
    const answer = await phone.answers([200, 200], { to });
    expect(phone.heard).toEqual([`EXEC ${uri('Ops/Reset')}`]);
    expect(await phone.answers([200, 404], { to })).toEqual(answer);
    expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'OK' }] });
    expect(await phone.answers([200, 200])).toEqual([['END']]);
  });

  test('a client that refuses CONT goes on at the main address, now and later, and is never answered from the store', async () => {
    const { phone, operation } = await asked(by.get('Unit'), by.exec('Ops/Reset'));
    const main = { to: 'https://dm.example/dm/2' };
    await phone.answers([501, 404], main);
    expect(phone.cmd).toEqual([['EXEC', uri('Ops/Reset')]]);
    expect(await phone.answers([200], main)).toEqual([['END']]);
    expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'NOT_FOUND' }, { outcome: 'OK' }] });
    expect(await phone.features()).toMatchObject({ CONT: false });
    await phone.isAsked([by.delete('Note'), by.delete('Tariff/a')], { onFailure: 'CONTINUE' });
    await phone.begins();
    expect(phone.cmd).toEqual([['DELETE', uri('Note')]]);
    await phone.answers([200]);
    expect(phone.cmd).toEqual([['DELETE', uri('Tariff/a')]]);
    // Octet for octet the package before: another one all the same.
    expect(await phone.answers([200])).toEqual([['END']]);
  });

  test('another Package#1 supersedes the session: what it sent was not answered', async () => {
    const { phone, operation } = await asked(by.exec('Ops/Reset'));
    const old = phone.cmd[0]?.[1] ?? '';
    expect(await phone.begins()).toEqual([['END']]);
    expect(await operation.now()).toMatchObject({ state: 'IN_DOUBT' });
    expect(await phone.answers([200, 200], { to: old })).toEqual([['END']]);
    expect(await operation.now()).toMatchObject({ state: 'IN_DOUBT' });
  });

  test('the same Package#1 again, at once, gets the same answer', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.exec('Ops/Reset')]);
    const post = { type: 'application/vnd.oma.dm.initiation+json' };
    const first = await phone.posts(FIRST, { ...post, to: 'https://dm.example/dm/2' });
    expect(await phone.posts(FIRST, { ...post, to: 'https://dm.example/dm/2' })).toEqual(first);
    await phone.answers([200, 200]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('the same much later begins anew', async () => {
    const phone = await device();
    const post = { type: 'application/vnd.oma.dm.initiation+json', to: 'https://dm.example/dm/2' };
    await phone.isAsked([by.get('Unit')]);
    const first = await phone.posts(FIRST, post);
    await passes(11_000);
    const again = await phone.posts(FIRST, post);
    expect(again[0]?.[1]).not.toBe(first[0]?.[1]);
  });

  test.each([
    ['fewer', [200, 200]],
    ['more', [200, 200, 200, 200]],
    ['none', []],
  ] as const)(
    '%s statuses than commands tell nothing of any; from then on the client changes one thing a package',
    async (_, codes) => {
      const { phone, operation } = await asked(by.exec('Ops/Reset'));
      await phone.answers(codes.slice(0, codes.length === 2 ? 1 : undefined));
      expect(await operation.now()).toMatchObject({ commands: [{ state: 'IN_DOUBT' }] });
      expect(await phone.features()).toMatchObject({ statusAligned: false });
      await phone.isAsked([by.replace('Unit', { text: 'x' }), by.replace('Interval', { int: 1 })]);
      await phone.begins();
      await phone.brings([200, 200, 200], {
        1: { type: 'text/plain', text: 'a' },
        2: { type: 'text/plain', text: '1' },
      });
      expect(phone.heard).toEqual([`HGET ${uri('Unit')}`]);
    },
  );

  test('a session of which nothing more is heard ends after five minutes; a read is asked again, the rest is in doubt', async () => {
    const { phone, operation } = await asked(by.get('Unit'));
    const silent = await asked(by.exec('Ops/Reset'));
    await passes(301_000);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
    expect(await silent.operation.now()).toMatchObject({ state: 'IN_DOUBT' });
    // Too late.
    expect(await phone.answers([200, 404])).toEqual([['END']]);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
  });

  test('the device of a session is that of its credentials: at another’s address it has none', async () => {
    const { phone, operation } = await asked(by.exec('Ops/Reset'));
    const other = await device();
    expect(await other.answers([200, 200], { to: phone.cmd[0]?.[1] ?? '' })).toEqual([['END']]);
    expect(await operation.now()).toMatchObject({ commands: [{ state: 'SENT' }] });
  });
});
