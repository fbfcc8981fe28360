import type { BodyCommand, Message } from '../../../adapters/dm1/message';
import { answers, results, status, targetOf } from '../../adapters/dm1/session/dialogue';
import type { SmallTree } from '../../adapters/dm1/session/dialogue';
import { alert, describeSection, devInfo } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { ask, FUMO, METER, SERVER_ID } from '../support/world';

const DEV_INFO = 'urn:oma:mo:oma-dm-devinfo:1.0';
const TREE: SmallTree = {
  types: { './Somewhere/Meter': METER, './Else/Fw': FUMO },
  nodes: {
    '.': ['DevInfo', 'Somewhere', 'Else'],
    './DevInfo': ['Man'],
    './DevInfo/Man': 'Acme',
    './Somewhere': ['Meter'],
    './Somewhere/Meter': ['Unit'],
    './Somewhere/Meter/Unit': 'MWh',
    './Else': ['Fw'],
    './Else/Fw': ['Update'],
    './Else/Fw/Update': [],
  },
};

/** MOID that a Get of `?list=MORoot` asks for; undefined of other commands. */
function rootsWanted(command: BodyCommand): string | undefined {
  if (!targetOf(command).endsWith('?list=MORoot') || !('items' in command)) return undefined;
  const data = command.items[0]?.data;
  return data?.kind === 'text' ? data.text : '';
}

/** Answers of a client that knows the roots of its MOs by their types. */
function answersWithRoots(reply: Message): readonly BodyCommand[] {
  const msgRef = Number(reply.header.msgId);
  const roots = Object.entries({ ...TREE.types, './DevInfo': DEV_INFO });
  const others = reply.body.filter((command) => rootsWanted(command) === undefined);
  return [
    ...answers({ ...reply, body: others }, TREE),
    ...reply.body.flatMap((command) => {
      const wanted = rootsWanted(command);
      if (wanted === undefined) return [];
      return [
        status(msgRef, command.cmdId, 'Get', 200),
        ...roots.filter(([, moid]) => moid === wanted).map(([uri]) => results(msgRef, command.cmdId, uri, '', 'node')),
      ];
    }),
  ];
}

// Lists of rights of DM 1.3 (217, 405) are shown in 07-acl.db.test.ts, delegation between servers in delegation.db.test.ts.
describeSection('19 DM 1.3 additions', ({ device, gateway }) => {
  interface Objects {
    readonly protocol: string;
    readonly managementObjects: readonly { readonly moid: string; readonly location: string | null }[];
  }
  async function known(phone: SpokenDevice): Promise<Objects> {
    const { device: found } = await ask<{ device: Objects }>(
      gateway(),
      'query ($id: ID!) { device(deviceId: $id) { protocol managementObjects { moid location recognisedBy } } }',
      { id: phone.deviceId },
    );
    return found;
  }

  test('MORoot: a client is asked for the roots of each known object, and each message is of its version', async () => {
    const phone = await device({ version: '1.3', discovery: true });
    const wanted: string[] = [];
    await phone.begins();
    for (let n = 0; n < 30 && phone.commands.length > 0; n += 1) {
      expect(phone.reply.header).toMatchObject({ verDtd: '1.2', verProto: 'DM/1.3' });
      wanted.push(...phone.commands.flatMap((command) => rootsWanted(command) ?? []));
      await phone.says(answersWithRoots(phone.reply));
    }
    expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
    expect(wanted[0]).toBe(DEV_INFO);
    expect(wanted).toEqual(expect.arrayContaining([METER, FUMO]));
    expect(new Set(wanted).size).toBe(wanted.length);
    const { protocol, managementObjects } = await known(phone);
    expect(protocol).toBe('DM_1_3');
    expect(managementObjects).toEqual(
      expect.arrayContaining([
        { moid: METER, location: './Somewhere/Meter', recognisedBy: 'MOID' },
        { moid: FUMO, location: './Else/Fw', recognisedBy: 'MOID' },
      ]),
    );
  });

  test('a client that has no MORoot after all is asked once, and its objects are found by their types', async () => {
    const phone = await device({ version: '1.3', discovery: true });
    let asked = 0;
    await phone.begins();
    for (let n = 0; n < 30 && phone.commands.length > 0; n += 1) {
      asked += phone.commands.filter((command) => rootsWanted(command) !== undefined).length;
      await phone.answersTree(TREE);
    }
    expect(asked).toBe(1);
    expect((await known(phone)).managementObjects).toEqual(
      expect.arrayContaining([expect.objectContaining({ moid: METER, location: './Somewhere/Meter' })]),
    );
  });

  describe('Inbox: where the device places an object itself', () => {
    const add = { add: { address: { moid: FUMO, path: '' }, value: { json: { PkgName: 'radio' } } } };

    test('an object without place goes to ./Inbox as one document, and is where the TargetRef says', async () => {
      const phone = await device({ version: '1.3' });
      const operation = await phone.isAsked([add]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual(['Add ./Inbox', 'Final']);
      const [sent] = phone.commands;
      const meta = sent !== undefined && 'items' in sent ? sent.items[0]?.meta : undefined;
      expect(meta?.type).toBe(`application/vnd.syncml.dmtnds+${phone.form}`);
      await phone.says([phone.accepts(), phone.judges(0, 200, { targetRefs: ['./Updates/radio7'] })]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK' }] });
      expect((await known(phone)).managementObjects).toContainEqual(
        expect.objectContaining({ moid: FUMO, location: './Updates/radio7' }),
      );
      await phone.isAsked([{ exec: { address: { moid: FUMO, path: 'Update' } } }]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual(['Exec ./Updates/radio7/Update', 'Final']);
    });

    test('where the Status does not tell the place, the object is looked for', async () => {
      const phone = await device({ version: '1.3' });
      const operation = await phone.isAsked([add]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 200, { targetRefs: ['./Inbox'] })]);
      for (let n = 0; n < 30 && phone.commands.length > 0; n += 1) await phone.says(answersWithRoots(phone.reply));
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
      expect((await known(phone)).managementObjects).toContainEqual(
        expect.objectContaining({ moid: FUMO, location: './Else/Fw' }),
      );
    });

    test.each([
      [415, 'BAD_VALUE'],
      [403, 'NOT_ALLOWED'],
    ])('%i: the object is not made, and nothing is tried in its place', async (code, outcome) => {
      const phone = await device({ version: '1.3' });
      const operation = await phone.isAsked([add]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, code)]);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'FAILED', commands: [{ outcome, statusCode: code }] });
    });

    test('a DM 1.2 client has no Inbox: nothing tells where such an object goes', async () => {
      const phone = await device({ version: '1.2' });
      const operation = await phone.isAsked([add]);
      await phone.begins();
      expect(phone.commands).toEqual([]);
      expect(await operation.now()).toMatchObject({
        state: 'FAILED',
        commands: [{ error: { message: expect.stringContaining('NO_PLACE') as unknown } }],
      });
    });
  });

  test('a notification is of the form of DM 1.2, which 1.3 clients must take; Alert 1200 answers it', async () => {
    const phone = await device({
      version: '1.3',
      serverAuth: { type: 'DIGEST_MD5', username: SERVER_ID, secret: 'secret of the server' },
    });
    await phone.begins();
    expect((await known(phone)).protocol).toBe('DM_1_3');
    const { prepareNotification: made } = await ask<{
      prepareNotification: { sessionId: string; document: { octets: string; mediaType: string } };
    }>(
      gateway(),
      `mutation ($input: PrepareNotificationInput!) { prepareNotification(input: $input) {
        sessionId document { octets mediaType } } }`,
      { input: { deviceId: phone.deviceId } },
    );
    expect(made.document.mediaType).toBe('application/vnd.syncml.notification');
    const trigger = Buffer.from(made.document.octets, 'base64').subarray(16);
    // Version 11 in ten bits stands for 1.2; then ui-mode, initiator and 27 bits of zero.
    expect(trigger.readUInt16BE(0) >> 6).toBe(11);
    expect(trigger.readUInt16BE(5).toString(16).toUpperCase()).toBe(made.sessionId);
    expect(trigger.subarray(8).toString()).toBe(SERVER_ID);
    phone.sessionId = made.sessionId;
    await phone.says([alert('1', '1200'), devInfo('2', phone.deviceId)], { msgId: '1', atEndpoint: true });
    expect(phone.heard.slice(0, 3)).toEqual(['212 SyncHdr', '200 Alert', '200 Replace']);
    const { events } = await ask<{ events: { nodes: unknown[] } }>(
      gateway(),
      'query ($id: ID!) { events(where: { deviceId: $id, type: "wakeUpAnswered" }) { nodes { id } } }',
      { id: phone.deviceId },
    );
    expect(events.nodes).toHaveLength(1);
  });
});
