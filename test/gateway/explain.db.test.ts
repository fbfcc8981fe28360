/** What callers are told of commands before they are sent, of operations that wait, and of what a read would take. */
import type { Dm1Device, Dm2Device } from '../../src/simulator';
import { METER, PROTOCOLS, ask, contact, createKey, startWorld, submit } from './support/world';
import type { Protocol, World } from './support/world';

let world: World;
const devices = {} as Record<Protocol, Dm1Device | Dm2Device>;

beforeAll(async () => {
  world = await startWorld();
  for (const protocol of PROTOCOLS) {
    devices[protocol] = await world.device(protocol, `urn:uuid:explained-${protocol}`);
    await contact(devices[protocol]);
  }
});
afterAll(() => world.close());

const at = (path: string, moid = METER): object => ({ address: { moid, path } });
const EXPLAIN = `reason text ahead isBarrier cancelledBy behind { id } contact { basis lastContactAt usualInterval expectedWait bearer text }`;

async function explain(id: string): Promise<Record<string, unknown>> {
  const query = `query ($id: ID!) { operation(id: $id) { explain { ${EXPLAIN} } } }`;
  return (await ask<{ operation: { explain: Record<string, unknown> } }>(world.gateway, query, { id })).operation
    .explain;
}

describe.each(PROTOCOLS)('On a %s device', (protocol) => {
  const id = (): string => devices[protocol].deviceId;

  test('a dry run gives each command a verdict, refuses nothing as a whole and queues nothing', async () => {
    const value = (name: string): object => ({ ...at(name), value: { int: 15 } });
    const lacking = protocol === 'dm1' ? { getAccess: at('') } : { getAcl: at('') };
    const commands = [
      { replace: value('Interval') },
      { replace: { ...at('Interval'), value: { int: 99 } } },
      { get: at('None') },
      { replace: { ...at('Unit', 'urn:oma:mo:oma-dm-devinfo:1.0'), value: { text: 'x' } } },
      { replace: { ...at('Man', 'urn:oma:mo:oma-dm-devinfo:1.0'), value: { text: 'x' } } },
      { get: { address: { moid: METER, miid: 'none' } } },
      { replace: { ...at('Interval'), value: { text: 'often' } } },
      lacking,
    ];
    const data = await ask<{ submitOperation: { commands: readonly Record<string, unknown>[] } }>(
      world.gateway,
      `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) {
        state explain { reason } commands { state error { code } verdict { judgement by code seenAt } } } }`,
      { input: { deviceId: id(), commands, dryRun: true } },
    );
    const told = data.submitOperation.commands.map(({ state, verdict }) => [state, verdict]);
    const refused = (judgement: string, by: string | null, code: string): unknown => [
      'SKIPPED',
      { judgement, by, code, seenAt: null },
    ];
    expect(told).toEqual([
      ['QUEUED', { judgement: 'ALREADY_EQUAL', by: null, code: null, seenAt: expect.any(String) as string }],
      ['QUEUED', { judgement: 'WILL_BE_SENT', by: null, code: null, seenAt: null }],
      refused('NOT_IN_DDF', 'DDF', 'NOT_IN_DDF'),
      refused('NOT_IN_DDF', 'DDF', 'NOT_IN_DDF'),
      refused('FORBIDDEN', 'DDF', 'ACCESS_TYPE'),
      refused('NO_SUCH_OBJECT', null, 'NO_SUCH_MO'),
      refused('BAD_VALUE', null, 'BAD_FORMAT'),
      refused('LACKS_FEATURE', 'PROTOCOL', 'NOT_SUPPORTED_BY_DEVICE'),
    ]);
    expect(data.submitOperation).toMatchObject({ state: 'FAILED', explain: null });
    expect(data.submitOperation.commands[6]).toMatchObject({ error: { code: 'BAD_FORMAT' } });
    const stored = await world.gateway.db.sql.query(
      'SELECT 1 FROM operation o JOIN device d ON d.id = o.device_id WHERE d.device_id = $1',
      [id()],
    );
    expect(stored).toEqual([]);
  });

  test('a dry run of a group that the protocol has not tells it of every command', async () => {
    const commands = [{ replace: { ...at('Unit'), value: { text: 'MWh' } } }, { get: at('Unit') }];
    const { submitOperation } = await ask<{ submitOperation: { state: string; commands: readonly object[] } }>(
      world.gateway,
      `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { state commands { verdict { judgement by } } } }`,
      { input: { deviceId: id(), commands, dryRun: true, atomic: true } },
    );
    const sendable = { verdict: { judgement: 'WILL_BE_SENT', by: null } };
    const lacking = { verdict: { judgement: 'LACKS_FEATURE', by: 'PROTOCOL' } };
    // DM 1.x has them, but none with a Get.
    const expected =
      protocol === 'dm1' ? [sendable, { verdict: { judgement: 'BAD_VALUE', by: null } }] : [lacking, lacking];
    expect(submitOperation).toEqual({ state: 'FAILED', commands: expected });
  });

  test('an operation says what it waits for, and how it ended', async () => {
    const first = await submit(world.gateway, id(), [{ get: at('Unit') }]);
    const second = await submit(world.gateway, id(), [{ exec: at('Ops/Reset') }]);
    expect(await explain(first.id)).toMatchObject({
      reason: 'WAITS_FOR_SESSION',
      ahead: 0,
      behind: null,
      isBarrier: false,
    });
    expect(await explain(second.id)).toMatchObject({
      reason: 'WAITS_FOR_SESSION',
      ahead: 1,
      behind: { id: first.id },
      isBarrier: true,
      contact: { basis: 'UNKNOWN', lastContactAt: expect.any(String) as string, expectedWait: null, bearer: null },
    });
    await ask(world.gateway, 'mutation ($id: ID!) { cancelOperation(id: $id) { id } }', { id: second.id });
    const [{ name } = { name: '' }] = await world.gateway.db.sql.query<{ name: string }>(
      'SELECT cancelled_by AS name FROM operation WHERE cancelled_by IS NOT NULL LIMIT 1',
    );
    expect(await explain(second.id)).toMatchObject({
      reason: 'ENDED',
      cancelledBy: name,
      text: expect.stringContaining(`${name} cancelled it`) as string,
    });
    await contact(devices[protocol]);
    await contact(devices[protocol]);
    expect(await explain(first.id)).toMatchObject({
      reason: 'ENDED',
      text: 'It ended: every command was answered well.',
      contact: { basis: 'POLLING', usualInterval: expect.any(String) as string },
    });
  });

  test('a read is answered by what is stored, or by the device', async () => {
    const text = `query ($id: ID!, $query: [ExplainReadInput!]!) { device(deviceId: $id) { explain(query: $query) {
      needsSession ahead contact { basis } text reads { moid path source age observedAt } } } }`;
    const query = [
      { moid: METER, path: 'Unit', maxAge: 'PT1H' },
      { moid: METER, path: 'Unit', maxAge: 'PT0S' },
      { moid: METER, path: 'None' },
    ];
    const told = await ask<{ device: { explain: unknown } }>(world.gateway, text, { id: id(), query });
    expect(told.device.explain).toMatchObject({
      needsSession: true,
      ahead: 0,
      contact: { basis: 'POLLING' },
      text: expect.stringMatching(/^The device has to be asked\. It was last in contact/) as string,
      reads: [
        { moid: METER, path: 'Unit', source: 'STORED', observedAt: expect.any(String) as string },
        { source: 'SESSION', age: expect.any(String) as string },
        { source: 'NOT_THERE' },
      ],
    });
    const key = await createKey(world.gateway, id(), { right: 'READ', moid: METER, path: 'Interval' });
    const answer = await world.gateway.graphql(text, { id: id(), query: query.slice(0, 1) }, key);
    expect(answer.data).toMatchObject({
      device: { explain: { needsSession: false, reads: [{ source: 'FORBIDDEN', age: null, observedAt: null }] } },
    });
  });
});
