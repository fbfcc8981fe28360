import { DeviceTree, TREE_LIMITS } from '../../src/simulator/tree';
import { complete, execute } from '../../src/simulator/behaviour';
import { readLocUri, locUriOf } from '../../src/simulator/dm1/address';
import { leaf, folder } from '../../src/simulator/definition';
import { deviceIdOf } from '../../src/simulator/identity';
import { canonical } from '../../src/simulator/lexical';
import { MOID, standardTree } from '../../src/simulator/standard-tree';

const options = { deviceId: 'IMEI:490154203237518', serverUrl: 'https://dm.example/dm/1', serverId: 'mgmt' } as const;
const make = (limits = TREE_LIMITS, protocol: 'dm1' | 'dm2' = 'dm1'): DeviceTree =>
  new DeviceTree(standardTree({ protocol, ...options }), limits);
const METER = ['Vendor', 'Acme', 'Meter'];
const S = 'mgmt';

describe('The tree of a device', () => {
  test('what each operation refuses', () => {
    const tree = make();
    expect(tree.get([...METER, 'None'], S)).toEqual({ ok: false, error: 'NOT_FOUND' });
    expect(tree.get(['DMAcc', 'acc1', 'AppAuth', 'CLCRED', 'AAuthSecret'], S)).toEqual({
      ok: false,
      error: 'NOT_ALLOWED',
    });
    expect(tree.add([...METER, 'Unit'], { value: 'x' }, S)).toEqual({ ok: false, error: 'EXISTS' });
    expect(tree.add([...METER, 'Other'], { value: 'x' }, S)).toEqual({ ok: false, error: 'NOT_ALLOWED' });
    expect(tree.add([...METER, 'Tariff', 'a', 'Start'], { value: 'x' }, S)).toEqual({ ok: false, error: 'NOT_FOUND' });
    expect(tree.replace([...METER, 'Serial'], { value: 'x' }, S)).toEqual({ ok: false, error: 'NOT_ALLOWED' });
    expect(tree.replace([...METER, 'Interval'], { value: '1.5' }, S)).toEqual({ ok: false, error: 'WRONG_FORMAT' });
    expect(tree.replace([...METER, 'Interval'], { format: 'chr', value: '1' }, S)).toEqual({
      ok: false,
      error: 'WRONG_FORMAT',
    });
    expect(tree.replace(METER, { value: '1' }, S)).toEqual({ ok: false, error: 'NOT_ALLOWED' });
    expect(tree.delete(METER, S)).toEqual({ ok: false, error: 'PERMANENT' });
    expect(tree.delete([], S)).toEqual({ ok: false, error: 'PERMANENT' });
    expect(tree.mayExec([...METER, 'Unit'], S)).toEqual({ ok: false, error: 'NOT_ALLOWED' });
    expect(tree.copy(METER, [...METER, 'Note'], S)).toEqual({ ok: false, error: 'FORBIDDEN' });
    expect(tree.rename([...METER, 'Unit'], 'x', S)).toEqual({ ok: false, error: 'PERMANENT' });
  });

  test('a node without a value of its own ACL has that of the nearest ancestor, without merging', () => {
    const tree = make();
    expect(tree.setAcl([...METER, 'Tariff'], 'Get=*&Add=other&Replace=mgmt', S)).toMatchObject({ ok: true });
    expect(tree.get([...METER, 'Tariff', 'day', 'Rate'], S).ok).toBe(true);
    expect(tree.add([...METER, 'Tariff', 'x'], {}, S)).toEqual({ ok: false, error: 'DENIED' });
    expect(tree.delete([...METER, 'Tariff', 'day'], S)).toEqual({ ok: false, error: 'DENIED' });
    expect(tree.add([...METER, 'Tariff', 'x'], {}, 'other')).toMatchObject({
      ok: true,
      value: { acl: 'Add=other&Delete=other&Get=*&Replace=other' },
    });
    expect(tree.setAcl(['DevInfo', 'Man'], 'Get=*', S)).toEqual({ ok: false, error: 'DENIED' });
    expect(tree.setAcl([...METER, 'Unit'], 'Nonsense', S)).toEqual({ ok: false, error: 'WRONG_FORMAT' });
  });

  test('is full when its capacity or its number of nodes is used up', () => {
    const tree = make({ ...TREE_LIMITS, capacity: 3000 });
    expect(tree.replace([...METER, 'Unit'], { value: 'x'.repeat(4000) }, S)).toEqual({ ok: false, error: 'FULL' });
    expect(tree.replace([...METER, 'Unit'], { value: 'y' }, S).ok).toBe(true);
    const few = make({ ...TREE_LIMITS, maxNodes: 1 });
    expect(few.add([...METER, 'Note'], { value: '' }, S)).toEqual({ ok: false, error: 'FULL' });
  });

  test('goes back to a snapshot that went through JSON, octets included', () => {
    const tree = make();
    const before = JSON.parse(JSON.stringify(tree.snapshot()));
    tree.delete([...METER, 'Tariff', 'day'], S);
    tree.add([...METER, 'Note'], { value: 'n' }, S);
    tree.restore(before);
    expect(tree.snapshot()).toEqual(before);
    expect(tree.find([...METER, 'Key'])?.value).toBeInstanceOf(Uint8Array);
  });

  test("both protocols have the same MOs but for those that are the protocol's own", () => {
    const moids = (protocol: 'dm1' | 'dm2'): Set<string> =>
      new Set(
        make(TREE_LIMITS, protocol)
          .instances()
          .map(({ moid }) => moid),
      );
    const [one, two] = [moids('dm1'), moids('dm2')];
    expect([...one].filter((moid) => !two.has(moid))).toEqual([MOID.devInfo1, MOID.dmAcc1]);
    expect([...two].filter((moid) => !one.has(moid))).toEqual([MOID.devInfo2, MOID.dmAcc2, MOID.sessionInfo]);
  });

  test('an MO can be planted anywhere', () => {
    const root = folder('BitLocker', [leaf('Enabled', 'bool', 'true', { access: ['Get', 'Replace'] })], {
      moid: './Vendor/MSFT/BitLocker',
    });
    const tree = new DeviceTree(
      standardTree({ protocol: 'dm1', ...options, plants: [{ place: './Vendor/MSFT/BitLocker', root }] }),
    );
    expect(tree.replace(['Vendor', 'MSFT', 'BitLocker', 'Enabled'], { value: 'FALSE' }, S)).toMatchObject({
      ok: true,
      value: { value: 'false' },
    });
    expect(tree.find(METER)).toBeDefined();
  });
});

describe('Executions', () => {
  test('an install puts the component into the inventory', () => {
    const tree = make();
    const outcome = execute(tree, { path: ['SCOMO', 'Download', 'p1', 'Operations', 'DownloadInstall'] });
    if (outcome.kind !== 'accepted') throw new Error('not accepted');
    expect(tree.find(['SCOMO', 'Download', 'p1', 'Status'])?.value).toBe('30');
    complete(tree, outcome.operation);
    expect(tree.find(['SCOMO', 'Inventory', 'Deployed', 'p1-app', 'ID'])?.value).toBe('pkg-clock');
    expect(outcome.operation).toMatchObject({
      target: ['SCOMO', 'Inventory', 'Deployed', 'p1-app'],
      identifier: 'pkg-clock',
      resultCode: 1200,
    });
  });

  test('a removal takes the component out, a failed one does not', () => {
    const tree = make();
    const path = ['SCOMO', 'Inventory', 'Deployed', 'c1', 'Operations', 'Remove'];
    for (const resultCode of [1408, 1200]) {
      const outcome = execute(tree, { path, resultCode });
      if (outcome.kind === 'accepted') complete(tree, outcome.operation);
      expect(tree.find(path.slice(0, 4)) === undefined).toBe(resultCode === 1200);
    }
  });

  test('an update without an address fails as a bad URL', () => {
    const tree = make();
    tree.replace(['FUMO', 'fw1', 'Download', 'PkgURL'], { value: 'nowhere' }, S);
    const outcome = execute(tree, { path: ['FUMO', 'fw1', 'Download'] });
    expect(outcome).toMatchObject({ kind: 'accepted', operation: { resultCode: 411 } });
    if (outcome.kind === 'accepted') complete(tree, outcome.operation);
    expect(tree.find(['FUMO', 'fw1', 'State'])?.value).toBe('20');
  });
});

describe('Values and addresses', () => {
  test.each([
    ['int', '+007', '7'],
    ['int', '2147483648', undefined],
    ['bool', 'TRUE', 'true'],
    ['bool', '1', 'true'],
    ['bool', 'yes', undefined],
    ['float', '1e3', '1e3'],
    ['float', 'one', undefined],
    ['date', '20240131', '20240131'],
    ['date', '31.1.', undefined],
    ['time', '06:45:00', '06:45:00'],
    ['null', '', ''],
    ['null', 'x', undefined],
    ['b64', 'YWJj', 'YWJj'],
    ['b64', '%', undefined],
    ['chr', ' a ', ' a '],
  ] as const)('%s %s', (format, text, kept) => expect(canonical(format, text)).toBe(kept));

  test.each([
    ['.', [], '.'],
    ['./DevInfo', ['DevInfo'], './DevInfo'],
    ['DevInfo/Man', ['DevInfo', 'Man'], './DevInfo/Man'],
    ['./A%20b', ['A b'], './A%20b'],
  ] as const)('LocURI %s', (text, path, written) => {
    const read = readLocUri(text);
    expect(read).toEqual({ ok: true, value: { path } });
    expect(locUriOf(path)).toBe(written);
  });

  test.each(['/A', './A/', './A//B', './A/../B', '', './%E0%A4%A', '?prop=ACL'])('no LocURI: %s', (text) =>
    expect(readLocUri(text)).toEqual({ ok: false, problem: 'MALFORMED' }),
  );

  test('identifiers of a group count up', () => {
    expect(['IMEI:490154203237518', 'meter', 'm-9'].map((base) => [deviceIdOf(base, 0), deviceIdOf(base, 1)])).toEqual([
      ['IMEI:490154203237518', 'IMEI:490154203237519'],
      ['meter', 'meter-1'],
      ['m-9', 'm-10'],
    ]);
  });
});
