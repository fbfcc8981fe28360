import { results } from '../adapters/dm1/session/dialogue';
import { by as dm1, describeSection, type SpokenDevice } from './support/spoken';
import { by as dm2, describeDm2, uri } from './support/spoken-dm2';
import { codesOf } from './support/world';

/** What the last message asks of the device, beside what every message has. */
const asked = (phone: SpokenDevice): readonly string[] => phone.heard.filter((word) => !/^\d|^Final$/.test(word));

describeSection('The life of operations, on DM 1.x', ({ device, gateway, passes }) => {
  /** Answers the only Get of the last message with a value, or with a code. */
  const tells = (phone: SpokenDevice, at: string, value: string | number): Promise<unknown> => {
    if (typeof value === 'number') return phone.says([phone.accepts(), phone.judges(0, value)]);
    const [command] = phone.commands;
    const msgRef = Number(phone.reply.header.msgId);
    return phone.says([phone.accepts(), phone.judges(0, 200), results(msgRef, command?.cmdId ?? '', at, value, 'chr')]);
  };

  test('equal reads of several operations are one Get, and each has its answer', async () => {
    const phone = await device();
    const [first, second] = [await phone.isAsked([dm1.get('./A')]), await phone.isAsked([dm1.get('./A')])];
    await phone.begins();
    expect(asked(phone)).toEqual(['Get ./A']);
    expect(await second.now()).toMatchObject({ state: 'RUNNING', commands: [{ state: 'SENT', carrier: 'Get' }] });
    await tells(phone, './A', 'x');
    for (const operation of [first, second])
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: 'x', statusCode: 200 }] });
  });

  test('a read that joined another is asked again by itself when the session is lost and the other is cancelled', async () => {
    const phone = await device();
    const [first, second] = [await phone.isAsked([dm1.get('./A')]), await phone.isAsked([dm1.get('./A')])];
    await phone.begins();
    await gateway().graphql('mutation ($id: ID!) { cancelOperation(id: $id) { id } }', { id: first.id });
    await passes(301_000);
    expect([await first.now(), await second.now()]).toMatchObject([{ state: 'CANCELLED' }, { state: 'QUEUED' }]);
    await phone.begins();
    await tells(phone, './A', 'x');
    expect(await second.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: 'x' }] });
    expect(await first.now()).toMatchObject({ state: 'CANCELLED' });
  });

  test('a replace gives way to a newer one of its node, and says so when that is sent', async () => {
    const phone = await device();
    const first = await phone.isAsked([dm1.replace('./A', '1')]);
    const second = await phone.isAsked([dm1.replace('./A', '2')]);
    expect(await first.now()).toMatchObject({ state: 'QUEUED' });
    await phone.begins();
    expect(phone.commands).toMatchObject([{ kind: 'Replace', items: [{ data: { text: '2' } }] }]);
    expect(await first.now()).toMatchObject({
      state: 'SUPERSEDED',
      endedAt: expect.any(String) as string,
      commands: [{ state: 'SUPERSEDED', outcome: null, error: { message: expect.stringMatching(/newer/) as string } }],
    });
    await phone.says([phone.accepts(), phone.judges(0, 200)]);
    expect(await second.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('operations of a higher priority come first, whole', async () => {
    const phone = await device();
    await phone.isAsked([dm1.exec('./Usual')]);
    await phone.isAsked([dm1.exec('./Low')], { priority: -1 });
    await phone.isAsked([dm1.exec('./High/1'), dm1.exec('./High/2')], { priority: 10 });
    await phone.begins();
    const order: string[] = [];
    while (asked(phone).length > 0) {
      order.push(...asked(phone));
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
    }
    expect(order).toEqual(['Exec ./High/1', 'Exec ./High/2', 'Exec ./Usual', 'Exec ./Low']);
    const refused = await gateway().graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
      { input: { deviceId: phone.deviceId, commands: [dm1.get('./A')], priority: 11 } },
    );
    expect(codesOf(refused)).toEqual(['BAD_USER_INPUT']);
  });

  test('what is committed before a message comes is in the reply to it', async () => {
    const phone = await device();
    await phone.isAsked([dm1.get('./A')]);
    await phone.begins();
    const late = await phone.isAsked([dm1.get('./B')]);
    await tells(phone, './A', 'x');
    expect(asked(phone)).toEqual(['Get ./B']);
    expect(await late.now()).toMatchObject({ commands: [{ state: 'SENT' }] });
  });

  test.each<[string, string | number, object]>([
    ['it is there', 'x', { state: 'SUCCEEDED', commands: [{ outcome: 'OK', carrier: 'Get', error: null }] }],
    ['something else is there', 'y', { state: 'IN_DOUBT', commands: [{ state: 'IN_DOUBT' }] }],
    [
      'nothing is there',
      404,
      { state: 'IN_DOUBT', commands: [{ error: { message: 'its answer was lost, and a get is answered 404' } }] },
    ],
  ])('an add whose answer was lost is looked for in the next session: %s', async (_, value, end) => {
    const phone = await device();
    const operation = await phone.isAsked([dm1.add('./A', 'x')]);
    await phone.begins();
    await passes(301_000);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
    await phone.begins();
    expect(asked(phone)).toEqual(['Get ./A']);
    await tells(phone, './A', value);
    expect(await operation.now()).toMatchObject(end);
  });

  test('a copy whose answer was lost is done where source and target are equal', async () => {
    const phone = await device();
    const operation = await phone.isAsked([dm1.copy('./A', './B')]);
    await phone.begins();
    await passes(301_000);
    await phone.begins();
    expect(asked(phone)).toEqual(['Get ./A']);
    await tells(phone, './A', 'x');
    expect(asked(phone)).toEqual(['Get ./B']);
    await tells(phone, './B', 'x');
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ kind: 'COPY', result: null }] });
  });

  test('an atomic group of which the device has a part is not cancelled any more, and one with an add is in doubt whole', async () => {
    const phone = await device();
    const group = [dm1.replace('./A', 'x'), dm1.add('./B', 'y')];
    const operation = await phone.isAsked(group, { atomic: true });
    await phone.begins();
    await gateway().graphql('mutation ($id: ID!) { cancelOperation(id: $id) { id } }', { id: operation.id });
    expect(await operation.now()).toMatchObject({ state: 'RUNNING', commands: [{ state: 'SENT' }, { state: 'SENT' }] });
    await passes(301_000);
    expect(await operation.now()).toMatchObject({
      state: 'IN_DOUBT',
      commands: [{ state: 'IN_DOUBT' }, { state: 'IN_DOUBT' }],
    });
  });
});

describeDm2('The life of operations, on DM 2.0', ({ device, passes }) => {
  test('equal reads of several operations are one command, and each has its answer', async () => {
    const phone = await device();
    const [first, second] = [await phone.isAsked([dm2.get('Unit')]), await phone.isAsked([dm2.get('Unit')])];
    await phone.begins();
    expect(phone.heard).toEqual([`GET ${uri('Unit')}`]);
    await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'kWh' } });
    for (const operation of [first, second])
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: 'kWh' }] });
  });

  test('a replace gives way to a newer one of its node, which is asked for in its place', async () => {
    const phone = await device();
    const first = await phone.isAsked([dm2.replace('Unit', { text: 'kWh' })]);
    const second = await phone.isAsked([dm2.replace('Unit', { text: 'MWh' })]);
    await phone.begins();
    await phone.brings([200, 200], { 1: { type: 'text/plain', text: 'Wh' } });
    expect(await first.now()).toMatchObject({ state: 'SUPERSEDED' });
    const { body } = await phone.fetches(1);
    expect(JSON.parse(body.toString())).toMatchObject([{ MOData: { Unit: 'MWh' } }]);
    expect(await phone.answers([200, 200])).toEqual([['END']]);
    expect(await second.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('what is committed before a package comes is in the answer to it', async () => {
    const phone = await device();
    await phone.isAsked([dm2.exec('Ops/Reset')]);
    await phone.begins();
    await phone.isAsked([dm2.delete('Note')]);
    await phone.answers([200, 200]);
    expect(phone.heard).toEqual([`DELETE ${uri('Note')}`]);
  });

  test('an add whose answer was lost is looked for in the next session; equal, it is done', async () => {
    const phone = await device();
    const operation = await phone.isAsked([dm2.add('Tariff/night', { json: { Start: '2200' } })]);
    await phone.begins();
    await phone.answers([200, 404]);
    await phone.fetches(1);
    await passes(3_600_000);
    await phone.begins();
    expect(phone.heard).toEqual([`GET ${uri('Tariff/night')}`]);
    await phone.brings([200, 200], { 1: { uri: uri('Tariff/night'), data: { night: { Start: '2200', Rate: 1 } } } });
    expect(await operation.now()).toMatchObject({
      state: 'SUCCEEDED',
      commands: [{ kind: 'ADD', outcome: 'OK', carrier: 'GET', result: null }],
    });
    expect(await phone.shows('managementObjects(moid: "urn:oma:mo:ext-acme-meter:1.0") { values }')).toMatchObject({
      managementObjects: [{ values: { Tariff: { night: { Start: '2200' } } } }],
    });
  });
});
