/** What real clients can read and what they write: points 9 to 18 of the list of client habits. */
import type { Message } from '../../adapters/dm1/message';
import { ask, contact, findOperation, startWorld, submit } from './support/world';
import type { World } from './support/world';
import { LOG, WORK, at, client, logs, messagesOf, outcomesOf, playing } from './support/clients';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const LIBDMCLIENT = client('libdmclient').forms;
const commandsOf = (messages: readonly Message[]) =>
  messages.flatMap(({ body }) => body.filter(({ kind }) => kind !== 'Status' && kind !== 'Alert'));

describe('9. Items of Add and Replace', () => {
  test.each(LIBDMCLIENT)(
    'have Format and Data inside, of interior nodes and properties too (libdmclient, %s)',
    async (form) => {
      const device = await playing(world, client('libdmclient'), form);
      await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, [
        { add: { address: at('Tariff/eve') } },
        { add: { address: at('Tariff/eve/Start'), value: { text: '1800' } } },
        { add: { address: at('Tariff/eve/Rate'), value: { float: 0.25 } } },
        { replace: { address: at('Unit'), value: { text: '' } } },
        { setAcl: { address: at('Unit'), acl: 'Get=*&Replace=dm.example' } },
      ]);
      const report = await contact(device);
      expect(outcomesOf(await findOperation(world.gateway, id))).toEqual(
        ['ADD', 'ADD', 'ADD', 'REPLACE', 'SET_ACL'].map((kind) => [kind, 'ANSWERED', 'OK']),
      );
      const written = commandsOf(messagesOf(report, 'in')).flatMap((command) =>
        command.kind === 'Add' || command.kind === 'Replace' ? command.items : [],
      );
      expect(written).toHaveLength(5);
      for (const { meta, data } of written) expect([meta?.format, data?.kind]).toEqual([expect.any(String), 'text']);
    },
  );
});

describe('10. Text', () => {
  test.each(LIBDMCLIENT)('goes without numeric references (libdmclient, %s)', async (form) => {
    const device = await playing(world, client('libdmclient'), form);
    await contact(device);
    const text = 'quote " apostrophe \' tab \t line \n amp & lt < gt > ü € 𝄞 &#65;';
    const { id } = await submit(world.gateway, device.deviceId, [
      { replace: { address: at('Unit'), value: { text } } },
      { get: { address: at('Unit') } },
    ]);
    await contact(device);
    expect(await findOperation(world.gateway, id)).toMatchObject({
      state: 'SUCCEEDED',
      commands: [{}, { result: text }],
    });
  });
});

describe('11. The size of messages', () => {
  test.each(LIBDMCLIENT)(
    'stays below a buffer of 40,000 octets in both directions, once it was seen to die of too many questions (libdmclient, %s)',
    async (form) => {
      const device = await playing(world, client('libdmclient'), form, { plants: [logs(60, 1200)] });
      const deaths: (string | undefined)[] = [];
      for (let session = 0; session < 6; session += 1) deaths.push((await device.connect()).died);
      expect(deaths.slice(0, 2)).toContainEqual(expect.stringMatching(/its own answer/));
      expect(deaths.slice(3)).toEqual([undefined, undefined, undefined]);
      const { id } = await submit(world.gateway, device.deviceId, [
        { get: { address: { uri: './Vendor/Acme/Log' } } },
        ...Array.from({ length: 60 }, (_, n) => ({
          replace: { address: { moid: LOG, path: `Line${n}` }, value: { text: `${n}`.repeat(600), format: 'CHR' } },
        })),
      ]);
      await contact(device);
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );

  test.each(client('windows').forms)('is 16,384 octets where the client tells none (Windows, %s)', async (form) => {
    const device = await playing(world, client('windows'), form, { plants: [logs(40, 1200)] });
    await contact(device);
    const { id } = await submit(
      world.gateway,
      device.deviceId,
      Array.from({ length: 40 }, (_, n) => ({
        replace: { address: { moid: LOG, path: `Line${n}` }, value: { text: 'x'.repeat(1100), format: 'CHR' } },
      })),
    );
    const report = await contact(device);
    const sizes = report.messages.filter(({ direction }) => direction === 'in').map(({ body }) => body.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16_384);
    expect(Math.max(...sizes)).toBeGreaterThan(14_000);
    expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
  });

  test.each([
    [512, 'wbxml'],
    [1536, 'xml'],
  ] as const)('of %i octets is obeyed (Samsung, %s)', async (maxMsgSize, form) => {
    const device = await playing(world, client('samsung'), form, { maxMsgSize });
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, WORK);
    const report = await contact(device);
    for (const { body } of report.messages.filter(({ direction }) => direction === 'in'))
      expect(body.length).toBeLessThanOrEqual(maxMsgSize);
    expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
  });
});

describe('12. Final', () => {
  test.each([
    ['koneki', 'xml'],
    ['hs20', 'xml'],
    ['libdmclient', 'xml'],
    ['libdmclient', 'wbxml'],
  ] as const)('is in each message that ends a package (%s, %s)', async (name, form) => {
    const device = await playing(world, client(name), form);
    const first = await contact(device);
    await submit(world.gateway, device.deviceId, WORK);
    const messages = [...messagesOf(first, 'in'), ...messagesOf(await contact(device), 'in')];
    expect(messages.length).toBeGreaterThan(4);
    for (const { final } of messages) expect(final).toBe(true);
  });
});

describe('13. Alerts that ask a person', () => {
  test.each(LIBDMCLIENT)('have options and text, also where there are no options (libdmclient, %s)', async (form) => {
    const device = await playing(world, client('libdmclient'), form);
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [
      { show: { type: 'DISPLAY', text: 'Good day' } },
      { show: { type: 'MULTIPLE_CHOICE', text: 'Services', choices: ['Mail', 'Web'] } },
    ]);
    const report = await contact(device);
    const asked = messagesOf(report, 'in').flatMap(({ body }) =>
      body.filter((command) => command.kind === 'Alert' && /^11/.test(command.data ?? '')),
    );
    expect(asked.map((command) => 'items' in command && command.items.length)).toEqual([2, 4]);
    expect(outcomesOf(await findOperation(world.gateway, id))).toEqual([
      ['SHOW', 'ANSWERED', 'OK'],
      ['SHOW', 'ANSWERED', 'OK'],
    ]);
  });
});

describe('14. The usual packing', () => {
  test.each(LIBDMCLIENT)('has no Sequence, no Copy and no MoreData, and one Item a command (libdmclient, %s)', (form) =>
    packsPlainly('libdmclient', form),
  );
  test.each(client('windows').forms)(
    'is answered whole by a client that answers the first Item only (Windows, %s)',
    (form) => packsPlainly('windows', form),
  );
  test('is survived by Koneki', () => packsPlainly('koneki', 'xml'));
  test('is answered whole by hs20', () => packsPlainly('hs20', 'xml'));

  async function packsPlainly(name: string, form: 'xml' | 'wbxml'): Promise<void> {
    const device = await playing(world, client(name), form, { plants: [logs(10, 300)] });
    const first = await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [
      ...WORK,
      { get: { address: { moid: LOG, path: '' } } },
    ]);
    const report = await contact(device);
    const commands = commandsOf([...messagesOf(first, 'in'), ...messagesOf(report, 'in')]);
    expect(commands.length).toBeGreaterThan(15);
    for (const command of commands) {
      expect(['Get', 'Add', 'Replace', 'Exec', 'Delete']).toContain(command.kind);
      expect('items' in command && command.items.map(({ moreData }) => moreData)).toEqual([undefined]);
    }
    const operation = await findOperation(world.gateway, id);
    expect(operation.state).toBe('SUCCEEDED');
    expect(Object.keys(operation.commands.at(-1)?.result as object)).toHaveLength(10);
  }

  test('sends Koneki, whose LrgObj is false, no part of a value that fits into no message', async () => {
    const device = await playing(world, client('koneki'), 'xml', { plants: [logs(1, 10)] });
    await contact(device);
    const line = { moid: LOG, path: 'Line0' };
    const large = await submit(world.gateway, device.deviceId, [
      { replace: { address: line, value: { text: 'x'.repeat(30_000), format: 'CHR' } } },
    ]);
    const { id } = await submit(world.gateway, device.deviceId, [{ get: { address: line } }]);
    await contact(device);
    expect((await findOperation(world.gateway, large.id)).commands).toMatchObject([{ outcome: 'TOO_LARGE' }]);
    expect((await findOperation(world.gateway, id)).commands).toMatchObject([{ outcome: 'OK', result: '0 0 0 0 0 ' }]);
  });
});

describe('15. SessionIDs', () => {
  const cases = [
    ['hs20', 'xml', 'none'],
    ['libdmclient', 'xml', 'basic'],
    ['libdmclient', 'wbxml', 'basic'],
  ] as const;
  test.each(cases)(
    'that are always 1 begin a session each time, of identical first messages too (%s, %s)',
    async (name, form, auth) => {
      const device = await playing(world, client(name), form, { auth });
      await contact(device);
      const idle = await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, WORK);
      const report = await contact(device);
      expect(messagesOf(report, 'out')[0]?.header.sessionId).toBe('1');
      expect(Buffer.from(report.messages[0]?.body ?? [])).toEqual(Buffer.from(idle.messages[0]?.body ?? []));
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );

  test.each(client('windows').forms)('of decimal digits, 0 among them, are echoed (Windows, %s)', async (form) => {
    const device = await playing(world, client('windows'), form);
    for (const sessionId of ['0', '4711', '0']) {
      const { id } = await submit(world.gateway, device.deviceId, [{ get: { address: { uri: './DevInfo/Lang' } } }]);
      const report = await device.connect({ sessionId });
      expect(report).toMatchObject({ ended: 'server', violations: [] });
      expect(new Set(messagesOf(report, 'in').map(({ header }) => header.sessionId))).toEqual(new Set([sessionId]));
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    }
  });
});

describe('16. What is tolerated', () => {
  const ATOMIC = [
    { replace: { address: at('Interval'), value: { int: 25 } } },
    { replace: { address: at('Unit'), value: { text: 'MWh' } } },
  ];
  const BAD = { replace: { address: { uri: './Vendor/Nope' }, value: { text: 'x', format: 'CHR' } } };

  test.each([
    ['no Status for the Atomic', 'windows-mobile'],
    [
      "the members' Statuses before that of the Atomic, all with one CmdID, and everything in the opposite order",
      'funambol',
    ],
  ])('%s: it is judged by its members (%s)', async (_what, name) => {
    for (const form of client(name).forms) {
      const device = await playing(world, client(name), form);
      await contact(device);
      const good = await submit(world.gateway, device.deviceId, ATOMIC, { atomic: true });
      await contact(device);
      expect(await findOperation(world.gateway, good.id)).toMatchObject({ state: 'SUCCEEDED' });
      const bad = await submit(world.gateway, device.deviceId, [...ATOMIC, BAD], { atomic: true });
      await contact(device);
      const { state, commands } = await findOperation(world.gateway, bad.id);
      expect([state, ...commands.map(({ outcome }) => outcome)]).toEqual([
        'FAILED',
        'ROLLED_BACK',
        'ROLLED_BACK',
        'NOT_FOUND',
      ]);
    }
  });

  test.each(client('windows').forms)(
    'status 0 for a Delete that worked: its outcome is found out, and the rest goes on (Windows, %s)',
    async (form) => {
      const device = await playing(world, client('windows'), form);
      await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, [
        { delete: { address: at('Tariff/night') } },
        { get: { address: at('Unit') } },
      ]);
      await contact(device);
      const { commands } = await findOperation(world.gateway, id);
      // Sent again, for it may be: the node is not there any more.
      expect(commands[0]).toMatchObject({ state: 'ANSWERED', outcome: 'OK', statusCode: 404 });
      expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Tariff', 'night'])).toBeUndefined();
      expect(commands[1]).toMatchObject({ outcome: 'OK', result: 'kWh' });
    },
  );

  test.each([
    ['DwV in place of DmV and a Replace for each leaf', 'koneki', '1.2'],
    ['NUL octets in text', 'libdmclient', '1.2'],
    ['addresses without ./ and Meta on the command', 'symbian', '1.1'],
    ['a Replace of the interior node', 'windows-mobile', '1.2'],
    ['Chr for chr', 'hs20', '1.2'],
    ['single quotes, CRLF, no declaration, attributes of another namespace', 'windows', '1.3'],
  ])('DevInfo with %s is read (%s)', async (_what, name, dmV) => {
    for (const form of client(name).forms) {
      const device = await playing(world, client(name), form);
      await contact(device);
      expect(
        await ask(world.gateway, `{ device(deviceId: "${device.deviceId}") { devInfo { devId man mod dmV lang } } }`),
      ).toEqual({
        device: { devInfo: { devId: device.deviceId, man: 'Acme', mod: 'Widget 9', dmV, lang: 'en-GB' } },
      });
    }
  });

  test.each([
    ['windows', 'xml'],
    ['windows', 'wbxml'],
    ['android', 'wbxml'],
  ] as const)('names that come percent-encoded are the same nodes (%s, %s)', async (name, form) => {
    const device = await playing(world, client(name), form);
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [
      { add: { address: at('Tariff/peak~time (1)') } },
      { add: { address: at('Tariff/peak~time (1)/Start'), value: { text: '1800' } } },
      { get: { address: at('Tariff') } },
    ]);
    await contact(device);
    const operation = await findOperation(world.gateway, id);
    expect(operation).toMatchObject({ state: 'SUCCEEDED' });
    expect(Object.keys(operation.commands[2]?.result as object)).toContain('peak~time (1)');
  });
});

describe('17. A repeated message', () => {
  test.each([
    ['koneki', 'xml'],
    ['libdmclient', 'wbxml'],
    ['symbian', 'xml'],
  ] as const)('gets the same answer, and nothing is done twice (%s, %s)', async (name, form) => {
    const device = await playing(world, client(name), form, { repeats: true });
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [...WORK, { delete: { address: at('Tariff/night') } }]);
    await contact(device);
    const { commands } = await findOperation(world.gateway, id);
    expect(commands.map(({ outcome }) => outcome)).toEqual(['OK', 'OK', 'OK', 'OK', 'OK']);
  });
});

describe('18. The order of the DTD', () => {
  test.each([
    ['koneki', 'xml'],
    ['windows', 'xml'],
  ] as const)('is kept in every message, RespURI behind Source among it (%s, %s)', async (name, form) => {
    const device = await playing(world, client(name), form);
    const first = await contact(device);
    await submit(world.gateway, device.deviceId, WORK);
    const texts = [...first.messages, ...(await contact(device)).messages]
      .filter(({ direction }) => direction === 'in')
      .map(({ body }) => Buffer.from(body).toString('utf8'));
    for (const text of texts) {
      expect(text).toMatch(/<MsgID>\d+<\/MsgID><Target>.*?<\/Target><Source>.*?<\/Source><RespURI>/s);
      expect(text.match(/<Status><CmdID>\d+<\/CmdID><MsgRef>\d+<\/MsgRef><CmdRef>\d+<\/CmdRef><Cmd>/g)).toHaveLength(
        text.split('<Status>').length - 1,
      );
    }
  });
});
