import type { CommandBody } from '../../../adapters/adapter';
import {
  add,
  at,
  BASE,
  chr,
  ddf,
  END,
  exec,
  get,
  given,
  METER,
  names,
  only,
  outcomes,
  replace,
  statuses,
  withData,
  type Dialogue,
  type Reply,
} from './dialogue';

describe('get', () => {
  const read = (command: CommandBody, uri: string, moData: unknown): Reply => {
    const device = given({ commands: [command] });
    device.posts({});
    return device.answers(...withData([200, 200], { 1: [uri, moData, 'k-1'] }));
  };
  const tree = { MeterA: { Serial: 5, Tariff: { 1: { Start: '0600', Rate: 0.31 } }, Ops: { Reset: null } } };

  test('a leaf as MO data is typed by its DDF', () => {
    const reply = read(get('Serial'), `${METER}/kitchen/Serial`, { Serial: 5 });
    expect(only(reply.effects, 'commandAnswered')).toEqual([
      {
        kind: 'commandAnswered',
        command: 'c1',
        outcome: 'OK',
        code: 200,
        tree: { name: 'Serial', value: { format: 'chr', data: '5' } },
      },
    ]);
  });

  test('an instance tells its validator and its values, complete', () => {
    const reply = read(get(''), `${METER}/kitchen/`, tree);
    expect(only(reply.effects, 'commandAnswered')[0]).toMatchObject({
      tree: { name: 'MeterA', childrenComplete: true },
      validator: 'k-1',
    });
    expect(only(reply.effects, 'featureLearned')).toMatchObject([{ feature: 'caching', value: true }]);
  });

  test('depth cuts what callers see, whatever the device sent', () => {
    const whole = read(get('', { depth: 1 }), `${METER}/kitchen/`, tree);
    // A validator of the whole says nothing of a part.
    expect(only(whole.effects, 'commandAnswered')[0]).not.toHaveProperty('validator');
    expect(only(whole.effects, 'commandAnswered')[0]?.tree?.children).toEqual([
      { name: 'Serial', value: { format: 'chr', data: '5' } },
      { name: 'Tariff', children: [], childrenComplete: false },
      { name: 'Ops', children: [], childrenComplete: false },
    ]);
  });

  test('the only instance is asked by an empty instance part; the device names it', () => {
    const device = given({ commands: [{ kind: 'get', at: { moid: METER, path: 'Serial' } }] });
    expect(device.posts({}).cmd[1]).toEqual(['GET', `${METER}//Serial`]);
    const reply = device.answers(...withData([200, 200], { 1: [`${METER}/kitchen/Serial`, { Serial: 'A' }] }));
    expect(only(reply.effects, 'valuesObserved')[0]?.at).toEqual({ moid: METER, miid: 'kitchen', path: 'Serial' });
  });

  test.each([
    ['data of another address', `${METER}/garage/Serial`, { Serial: 'A' }],
    ['data that is no MO data', `${METER}/kitchen/Serial`, { a: 1, b: 2 }],
  ])('%s is an error of the device', (_, uri, moData) => {
    expect(outcomes(read(get('Serial'), uri, moData).effects)).toEqual({ c1: 'DEVICE_ERROR' });
  });

  test('a validator that is still current saves the data', () => {
    const device = given({ commands: [get('Serial', { validator: 'k/1' }), get('Unit')] });
    expect(device.posts({}).cmd[1]).toEqual(['GET', `${METER}/kitchen/Serial?cv=k%2F1`]);
    const reply = device.answers(statuses(200, 304, 304));
    expect(only(reply.effects, 'valuesUnchanged')).toHaveLength(1);
    expect(only(reply.effects, 'commandAnswered')[0]).toMatchObject({ outcome: 'OK', unchanged: true });
    expect(outcomes(reply.effects)).toEqual({ c1: 'OK', c2: 'DEVICE_ERROR' });
  });

  test('403 for an access that the DDF does not allow is NOT_ALLOWED, as on DM 1.x', () => {
    const device = given({ commands: [get('Key')] });
    device.posts({});
    expect(outcomes(device.answers(statuses(200, 403)).effects)).toEqual({ c1: 'NOT_ALLOWED' });
  });
});

describe('add and replace', () => {
  const probed = (command: CommandBody, sc: number): { device: Dialogue; reply: Reply } => {
    const device = given({ commands: [command] });
    expect(names(device.posts({}))).toEqual(['CONT', 'GET']);
    return { device, reply: device.answers(statuses(200, sc)) };
  };

  test('an add onto an existing node is ALREADY_EXISTS and changes nothing', () => {
    const { reply, device } = probed(add('Note'), 200);
    expect(outcomes(reply.effects)).toEqual({ c1: 'ALREADY_EXISTS' });
    expect(reply.cmd).toEqual(END);
    expect(device.waiting).toEqual([]);
  });

  test('an add of a new node is fetched from the repository, which is the witness', () => {
    const { reply, device } = probed(add('Note'), 404);
    expect(reply.cmd[1]).toEqual(['HGET', `${BASE}/repository/item-c1`, `${METER}/kitchen/Note`]);
    expect(only(reply.effects, 'commandSent')).toEqual([{ kind: 'commandSent', command: 'c1', carrier: 'HGET' }]);
    device.fetches('c1');
    expect(outcomes(device.answers(statuses(200, 200)).effects)).toEqual({ c1: 'OK' });
  });

  test('a replace of a missing node is NOT_FOUND, of an existing one it goes on', () => {
    expect(outcomes(probed(replace('Unit'), 404).reply.effects)).toEqual({ c1: 'NOT_FOUND' });
    expect(names(probed(replace('Unit'), 200).reply)).toEqual(['CONT', 'HGET']);
    expect(names(probed(replace('Unit'), 403).reply)).toEqual(['CONT', 'HGET']);
    expect(outcomes(probed(add('Unit'), 403).reply.effects)).toEqual({ c1: 'PERMISSION_DENIED' });
    expect(outcomes(probed(replace('Unit'), 503).reply.effects)).toEqual({ c1: 'DEVICE_ERROR' });
  });

  test('a node that the DDF does not let us read is written without a probe', () => {
    const device = given({
      commands: [{ kind: 'replace', at: at('Key'), value: { format: 'bin', data: Buffer.from([0]) } }],
    });
    const reply = device.posts({});
    expect(names(reply)).toEqual(['CONT', 'HGET']);
    const item = only(reply.effects, 'itemOffered')[0];
    expect(JSON.parse(Buffer.from(item?.body ?? []).toString())).toMatchObject([{ MOData: { Key: 'AA==' } }]);
    expect(item?.alternatives?.[0]?.mime).toBe('application/octet-stream');
  });

  test('an add of an instance that the device has told of, and that cannot be read, is ALREADY_EXISTS', () => {
    const box = { moid: 'urn:acme:box:1.0', path: '' };
    const commands: readonly CommandBody[] = ['full', 'new'].map((miid) => ({ kind: 'add', at: { ...box, miid } }));
    const unreadable: typeof ddf = {
      ...ddf,
      node: () => ({ format: 'node', access: ['Add'], permanent: true }),
    };
    const device = given({ commands, mos: [{ moid: box.moid, miid: 'full' }], ddf: unreadable });
    const first = device.posts({});
    expect(outcomes(first.effects)).toEqual({ c1: 'ALREADY_EXISTS' });
    expect(names(first)).toEqual(['CONT', 'HGET']);
  });

  test('nothing overtakes a write that waits for its probe; writes to other nodes are probed with it', () => {
    const device = given({ commands: [get('a'), replace('Unit'), replace('Note'), get('Unit'), replace('b')] });
    expect(device.posts({}).cmd.slice(1)).toEqual([
      ['GET', `${METER}/kitchen/a`],
      ['GET', `${METER}/kitchen/Unit`],
      ['GET', `${METER}/kitchen/Note`],
    ]);
    const second = device.answers(statuses(200, 404, 200, 200));
    expect(second.cmd.slice(1).map((words) => [words[0], words.at(-1)])).toEqual([
      ['HGET', `${METER}/kitchen/Unit`],
      ['HGET', `${METER}/kitchen/Note`],
      ['GET', `${METER}/kitchen/Unit`],
      ['GET', `${METER}/kitchen/b`],
    ]);
    device.fetches('c2', 'c3');
    const third = device.answers(statuses(200, 200, 200, 404, 200));
    expect(outcomes(third.effects)).toEqual({ c2: 'OK', c3: 'OK', c4: 'NOT_FOUND' });
    expect(third.cmd[1]?.at(-1)).toBe(`${METER}/kitchen/b`);
    expect(names(third)).toEqual(['CONT', 'HGET']);
  });

  test('a replace by a tree writes the leaves that it names, and what is beside them stays; a whole one takes its place', () => {
    const tree = {
      name: '',
      children: [
        {
          name: '1',
          children: [
            { name: 'Start', value: chr('0700') },
            { name: 'Rate', value: chr('1') },
          ],
        },
      ],
    };
    const write = (whole: boolean): { cmd: readonly string[]; body: unknown } => {
      const device = given({ commands: [{ kind: 'replace', at: at('Tariff'), tree, ...(whole ? { whole } : {}) }] });
      device.posts({});
      const reply = device.answers(statuses(200, 200));
      const [item] = only(reply.effects, 'itemOffered');
      return { cmd: reply.cmd[1] ?? [], body: JSON.parse(Buffer.from(item?.body ?? []).toString()) };
    };
    expect(write(false)).toEqual({
      cmd: ['HGET', `${BASE}/repository/item-c1`],
      body: [
        { ClientURI: `${METER}/kitchen/Tariff/1/Start`, MOData: { Start: '0700' } },
        { ClientURI: `${METER}/kitchen/Tariff/1/Rate`, MOData: { Rate: '1' } },
      ],
    });
    expect(write(true)).toEqual({
      cmd: ['HGET', `${BASE}/repository/item-c1`, `${METER}/kitchen/Tariff`],
      body: [{ ClientURI: `${METER}/kitchen/Tariff`, MOData: { Tariff: { 1: { Start: '0700', Rate: '1' } } } }],
    });
  });

  test('a write below one that waits is not probed before that one is done', () => {
    const device = given({
      commands: [
        { kind: 'add', at: at('Tariff/9') },
        { kind: 'add', at: at('Tariff/9/Start'), value: chr('1') },
      ],
    });
    expect(device.posts({}).cmd).toHaveLength(2);
    const second = device.answers(statuses(200, 404));
    const item = only(second.effects, 'itemOffered')[0];
    expect(JSON.parse(Buffer.from(item?.body ?? []).toString())).toEqual([
      { ClientURI: `${METER}/kitchen/Tariff/9`, MOData: { 9: {} } },
    ]);
    device.fetches('c1');
    expect(device.waiting).toEqual(['c2']);
  });

  test('a wanted instance that exists is ALREADY_EXISTS; a new one is announced under the name the device gave', () => {
    const make: CommandBody = { kind: 'add', at: at('', 'attic'), tree: { name: 'attic', children: [] } };
    expect(outcomes(probed(make, 200).reply.effects)).toEqual({ c1: 'ALREADY_EXISTS' });
    const { reply, device } = probed(make, 404);
    expect(reply.cmd[1]).toEqual(['HGET', `${BASE}/repository/item-c1`]);
    device.fetches('c1');
    const done = device.answers({ Status: [{ sc: 200 }, { sc: 200, URI: [`${METER}/m7/`] }] });
    expect(only(done.effects, 'moAnnounced')).toMatchObject([{ moid: METER, miid: 'm7' }]);
    expect(only(done.effects, 'commandAnswered')[0]?.created).toEqual([{ moid: METER, miid: 'm7', path: '' }]);
  });

  test('a value whose octets are not at hand is TOO_LARGE', () => {
    const device = given({
      commands: [{ kind: 'replace', at: at('Key'), value: { format: 'bin', data: { blob: 'b1', length: 9e6 } } }],
    });
    expect(outcomes(device.posts({}).effects)).toEqual({ c1: 'TOO_LARGE' });
  });
});

describe('delete, exec and what DM 2.0 does not carry', () => {
  test('delete and exec travel by their own commands; 202 goes on', () => {
    const device = given({ commands: [{ kind: 'delete', at: at('Note') }, exec('Ops/Reset')] });
    expect(device.posts({}).cmd.slice(1)).toEqual([
      ['DELETE', `${METER}/kitchen/Note`],
      ['EXEC', `${METER}/kitchen/Ops/Reset`],
    ]);
    expect(outcomes(device.answers(statuses(200, 405, 202)).effects)).toEqual({ c1: 'NOT_ALLOWED', c2: 'accepted' });
  });

  test.each([
    [200, 'accepted'],
    [202, 'accepted'],
    [501, 'UNSUPPORTED'],
    [507, 'USER_REFUSED'],
    [400, 'DEVICE_ERROR'],
    [503, 'DEVICE_ERROR'],
  ])('SHOW goes to a page of the command alone; answered %i it is %s', (sc, outcome) => {
    const show: CommandBody = { kind: 'show', prompt: { kind: 'DISPLAY', text: 'hi' } };
    const device = given({ commands: [show] });
    const reply = device.posts({});
    expect(reply.cmd[1]).toEqual(['SHOW', `${BASE}/ui/item-c1`]);
    expect(only(reply.effects, 'commandSent')).toMatchObject([{ command: 'c1', carrier: 'SHOW', page: 'item-c1' }]);
    expect(outcomes(device.answers(statuses(200, sc)).effects)).toEqual({ c1: outcome });
  });

  test.each([
    ['subscribe', ['SUB', `${BASE}/repository/item-c1`, `${METER}/kitchen/`], 200, 'OK'],
    ['subscribe', ['SUB', `${BASE}/repository/item-c1`, `${METER}/kitchen/`], 501, 'UNSUPPORTED'],
    ['subscribe', ['SUB', `${BASE}/repository/item-c1`, `${METER}/kitchen/`], 404, 'NOT_FOUND'],
    ['unsubscribe', ['UNSUB', `${METER}/kitchen/`], 200, 'OK'],
    ['unsubscribe', ['UNSUB', `${METER}/kitchen/`], 404, 'OK'],
  ] as const)('%s travels as %j; answered %i it is %s', (kind, sent, sc, outcome) => {
    const device = given({ commands: [{ kind, at: at('') }] });
    expect(device.posts({}).cmd[1]).toEqual(sent);
    expect(outcomes(device.answers(statuses(200, sc)).effects)).toEqual({ c1: outcome });
  });

  const unsupported: [string, CommandBody][] = [
    ['exec with an argument', { kind: 'exec', at: at('Ops/Reset'), correlator: 'x', argument: chr('now') }],
    ['a property', { kind: 'get', at: at('a'), prop: 'ACL' }],
    ['a property to set', { kind: 'replace', at: at('a'), prop: 'Name', value: chr('b') }],
    ['an address of DM 1.x', { kind: 'delete', at: { uri: './DevInfo/Man' } }],
  ];
  test.each(unsupported)('%s is UNSUPPORTED at once', (_, command) => {
    const reply = given({ commands: [command] }).posts({});
    expect(outcomes(reply.effects)).toEqual({ c1: 'UNSUPPORTED' });
    expect(reply.cmd).toEqual(END);
  });

  test('an exec whose end could be taken for another’s gets an address of its own for the report', () => {
    const device = given({ commands: [{ kind: 'exec', at: at('Ops/Reset'), correlator: 'x', apart: true }] });
    expect(device.posts({}).cmd[1]).toEqual(['EXEC', `${METER}/kitchen/Ops/Reset`, `${BASE}/dm/2/item-c1`]);
    device.answers(statuses(200, 202));
    const alert = { AlertType: 'urn:oma:at:dcmo:1.0:OperationComplete', Data: { ResultCode: 1200 } };
    const told = device.posts({ Alert: [alert] }, { token: 'item-c1', path: '/dm/2/item-c1' });
    expect(only(told.effects, 'alertRaised')).toMatchObject([{ reportedAt: 'item-c1', resultCode: 1200 }]);
    expect(told.cmd).toEqual(END);
  });

  test('DEFAULT names a document that stays, and what a device without it answers is kept', () => {
    const tree = { name: '', children: [{ name: 'Unit', value: chr('kWh') }] };
    const device = given({ commands: [{ kind: 'default', moid: METER, tree }] });
    const reply = device.posts({});
    expect(reply.cmd[1]).toEqual(['DEFAULT', `${BASE}/repository/item-c1`, METER]);
    expect(JSON.parse(Buffer.from(only(reply.effects, 'itemOffered')[0]?.body ?? []).toString())).toEqual([
      { ClientURI: `${METER}//`, MOData: { meter: { Unit: 'kWh' } } },
    ]);
    expect(outcomes(device.answers(statuses(200, 200)).effects)).toEqual({ c1: 'OK' });
    device.has({ kind: 'default', moid: METER, tree });
    device.posts({});
    expect(outcomes(device.answers(statuses(200, 501)).effects)).toEqual({ c2: 'UNSUPPORTED' });
    device.has({ kind: 'default', moid: METER, tree });
    expect(device.posts({}).cmd).toEqual(END);
  });

  test('a copy is read, and once it was read written', () => {
    const copy = { kind: 'copy', from: at('Unit'), to: at('Note', 'garage') } as const;
    const device = given({ commands: [copy] });
    expect(device.posts({}).cmd[1]).toEqual(['GET', `${METER}/kitchen/Unit`]);
    const read = device.answers(...withData([200, 200], { 1: [`${METER}/kitchen/Unit`, { Unit: 'kWh' }] }));
    const [answer] = only(read.effects, 'commandAnswered');
    expect(answer).toMatchObject({ outcome: 'OK', tree: { value: { data: 'kWh' } } });
    device.has({ ...copy, ...(answer?.tree === undefined ? {} : { content: answer.tree }) });
    const write = device.posts({});
    expect(write.cmd[1]).toEqual(['HGET', `${BASE}/repository/item-c2`, `${METER}/garage/Note`]);
    const [item] = only(write.effects, 'itemOffered');
    expect(JSON.parse(Buffer.from(item?.body ?? []).toString())).toEqual([
      { ClientURI: `${METER}/garage/Note`, MOData: { Note: 'kWh' } },
    ]);
  });

  test('a group that is to be kept whole is UNSUPPORTED, one command alone is not', () => {
    const device = given();
    device.has({ ...get('a'), atomic: 'g' }, { ...exec('b'), atomic: 'g' }, { ...get('c'), atomic: 'h' });
    const reply = device.posts({});
    expect(outcomes(reply.effects)).toEqual({ c1: 'UNSUPPORTED', c2: 'UNSUPPORTED' });
    expect(names(reply)).toEqual(['CONT', 'GET']);
  });
});

describe('Large reads', () => {
  const large = { features: {}, mos: [{ moid: METER, miid: 'kitchen', octets: 70_000 }] };
  const mo = [{ ClientURI: `${METER}/kitchen/`, CV: 'k-9', MOData: { MeterA: { Serial: 'A' } } }];
  const asked = (over: object = {}): Dialogue => given({ ...large, commands: [get('')], ...over });
  const answered = (reply: Reply): object => only(reply.effects, 'commandAnswered')[0] ?? {};

  test('what is large goes by HPUT to an address of its own, and the carrier says so', () => {
    const device = asked();
    const reply = device.posts({});
    expect(reply.cmd[1]).toEqual(['HPUT', `${BASE}/repository/item-c1`, `${METER}/kitchen/`]);
    expect(reply.headers['omadm-accept']).toMatch(/^application\/dmmo\+json, text\/plain/);
    expect(only(reply.effects, 'commandSent')).toEqual([{ kind: 'commandSent', command: 'c1', carrier: 'HPUT' }]);
    expect(only(reply.effects, 'itemOffered')).toMatchObject([{ token: 'item-c1', direction: 'UPLOAD' }]);
    device.puts('c1', mo);
    expect(answered(device.answers(statuses(200, 200)))).toMatchObject({
      outcome: 'OK',
      validator: 'k-9',
      tree: { name: 'MeterA', children: [{ name: 'Serial', value: { data: 'A' } }] },
    });
  });

  test.each([
    ['a leaf', get('Serial'), {}],
    ['a level', get('', { depth: 1 }), {}],
    ['an instance that was small', get(''), { mos: [{ moid: METER, miid: 'kitchen', octets: 70_000 - 5000 }] }],
  ])('%s goes by GET', (_, command, over) => {
    expect(names(asked({ commands: [command], ...over }).posts({}))).toEqual(['CONT', 'GET']);
  });

  test('what a GET did not bring back is asked by HPUT', () => {
    const device = given();
    device.has({ kind: 'get', at: at('Serial'), attempts: 1 });
    expect(names(device.posts({}))).toEqual(['CONT', 'HPUT']);
  });

  test('200 for data that never came is an error of the device', () => {
    const device = asked();
    device.posts({});
    expect(answered(device.answers(statuses(200, 200)))).toMatchObject({ outcome: 'DEVICE_ERROR' });
  });

  test('a bare value that was put is taken as one', () => {
    const device = given();
    device.has({ kind: 'get', at: at('Serial'), attempts: 1 });
    device.posts({});
    device.puts('c1', 'A-100', 'text/plain');
    expect(answered(device.answers(statuses(200, 200)))).toMatchObject({ tree: { value: { data: 'A-100' } } });
  });

  test.each([501, 406])('HPUT answered %i: the next carrier, and not again in later sessions', (sc) => {
    const device = asked();
    device.posts({});
    const reply = device.answers(statuses(200, sc));
    expect(outcomes(reply.effects)).toEqual({ c1: 'queued' });
    expect(only(reply.effects, 'featureLearned')).toMatchObject([{ feature: 'HPUT', value: false }]);
    expect(names(reply)).toEqual(['CONT', 'HPOST']);
    expect(names(device.answers(statuses(200, sc)))).toEqual(['CONT', 'GET']);
    device.has(get(''));
    device.wait(20_000);
    expect(names(device.posts({}))).toEqual(['CONT', 'GET']);
  });

  test('an upload that failed goes again by GET, once', () => {
    const device = asked();
    device.posts({});
    expect(names(device.answers(statuses(200, 419)))).toEqual(['CONT', 'GET']);
    expect(answered(device.answers(statuses(200, 419)))).toMatchObject({ outcome: 'DEVICE_ERROR', code: 419 });
  });

  test('a validator that is still current saves the upload', () => {
    const device = asked({ commands: [get('', { validator: 'k-9' })] });
    expect(device.posts({}).cmd[1]?.[2]).toBe(`${METER}/kitchen/?cv=k-9`);
    expect(answered(device.answers(statuses(200, 304)))).toMatchObject({ outcome: 'OK', unchanged: true });
  });
});
