import { createDdfs, type DdfFile, type RunningDdfs } from '../../src/management/ddfs';
import { createReports } from '../../src/management/reports';
import { ManagementError, type DdfView, type SchemaChange } from '../../src/management/types';
import type { Database } from '../../src/store/database';
import { ALICE, refusalOf, untilEventsAreServed } from '../support/administration';
import { testDatabase } from '../support/database';
import { ddfSource } from '../support/ddf-sources';

let db: Database;
let running: RunningDdfs[] = [];
let warnings: { readonly detail: object; readonly message: string }[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.prisma.ddf.deleteMany();
  await db.prisma.event.deleteMany();
  warnings = [];
});
afterEach(() => {
  for (const ddfs of running) ddfs.stop();
  running = [];
});

/** The service as a process has it after its start. */
async function started(catalogue: readonly DdfFile[] = [], directory: readonly DdfFile[] = []): Promise<RunningDdfs> {
  const ddfs = createDdfs({ db, log: { warn: (detail, message) => void warnings.push({ detail, message }) } });
  running.push(ddfs);
  await ddfs.start({ catalogue, directory });
  return ddfs;
}

const file = (name: string, ...leaves: readonly string[]): DdfFile => ({
  name: `${name}.xml`,
  text: ddfSource(name, leaves.length > 0 ? leaves : undefined),
});
const pump = ddfSource('Pump');
const PUMP = 'urn:oma:mo:ext-example-pump:1.0';

describe('at its start the gateway', () => {
  test('stores what is shipped and what the directory holds, once', async () => {
    const ddfs = await started([file('Pump')], [file('Valve')]);
    expect((await ddfs.list(10)).items.map(({ origin, moids }) => [origin, moids])).toEqual([
      ['CATALOGUE', [PUMP]],
      ['DIRECTORY', ['urn:oma:mo:ext-example-valve:1.0']],
    ]);
    expect(ddfs.library().isKnown(PUMP)).toBe(true);

    const again = await started([file('Pump')], [file('Valve')]);
    expect((await again.list(10)).items).toHaveLength(2);
  });

  test('replaces a shipped file that is shipped no more, and keeps what others added', async () => {
    const before = await started([file('Pump')], [file('Valve')]);
    await before.add({ source: ddfSource('Motor') }, ALICE);

    const after = await started([file('Pump', 'Level', 'Rate')]);

    expect((await after.list(10)).items.map(({ origin, moids }) => `${origin} ${moids.join()}`).sort()).toEqual([
      'API urn:oma:mo:ext-example-motor:1.0',
      `CATALOGUE ${PUMP}`,
      'DIRECTORY urn:oma:mo:ext-example-valve:1.0',
    ]);
    expect(after.library().node(PUMP, 'Rate')).toBeDefined();
  });

  test('leaves out a file that is no DDF and tells its name and place', async () => {
    const ddfs = await started([], [{ name: 'broken.xml', text: '<MgmtTree>' }, file('Valve')]);
    expect((await ddfs.list(10)).items).toHaveLength(1);
    expect(warnings).toEqual([
      {
        message: 'a DDF was refused',
        detail: expect.objectContaining({ file: 'broken.xml', code: 'NOT_XML', line: 1 }),
      },
    ]);
  });

  test('makes the same library whatever the order of the files', async () => {
    const a = [file('Pump'), { name: 'newer.xml', text: ddfSource('Pump', ['Rate'], '1.1') }, file('Valve')];
    const one = (await started(a)).library();
    await db.prisma.ddf.deleteMany();
    const two = (await started([...a].reverse())).library();
    expect(two.families()).toEqual(one.families());
    expect(two.family(PUMP).map((mo) => mo.moid)).toEqual(one.family(PUMP).map((mo) => mo.moid));
  });
});

describe('a DDF', () => {
  test('is added: its types are known when the answer comes, and listeners heard of it', async () => {
    const ddfs = await started();
    const heard = jest.fn();
    const stop = ddfs.onChange(heard);

    const view = await ddfs.add({ source: pump, name: 'WaterPump' }, ALICE);

    expect(view).toMatchObject({ origin: 'API', moids: [PUMP], name: 'WaterPump', source: pump, warnings: [] });
    expect(ddfs.library().isKnown(PUMP)).toBe(true);
    expect(ddfs.names()).toEqual({ 'urn:oma:mo:ext-example-pump': 'WaterPump' });
    expect(heard).toHaveBeenCalledTimes(1);
    expect({ ...(await ddfs.get(view.id)), changes: [] }).toEqual(view);

    stop();
    await ddfs.remove(view.id, ALICE);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test('that is there already is answered as it is', async () => {
    const ddfs = await started([{ name: 'pump.xml', text: pump }]);
    const view = await ddfs.add({ source: pump }, ALICE);
    expect(view.origin).toBe('CATALOGUE');
    expect((await ddfs.list(10)).items).toHaveLength(1);
  });

  test.each([
    ['other XML', '<html/>', 'NOT_A_DDF'],
    ['no XML', 'hello', 'NOT_XML'],
    ['nothing', '', 'NOT_XML'],
    ['a character that no XML can have', `<MgmtTree>\u0000</MgmtTree>`, 'NOT_XML'],
  ])('that is %s is refused with line, column and reason, and nothing changes', async (_what, source, reason) => {
    const ddfs = await started();
    expect(await refusalOf(ddfs.add({ source }, ALICE))).toMatchObject({
      code: 'DDF_REFUSED',
      details: { reason, line: expect.any(Number), column: expect.any(Number) },
    });
    expect(await db.prisma.ddf.count()).toBe(0);
    expect(await db.prisma.event.count()).toBe(0);
  });

  test('is refused with a name that is no type name', async () => {
    const ddfs = await started();
    expect(await refusalOf(ddfs.add({ source: pump, name: 'water pump' }, ALICE))).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('is judged by the guard before it is stored', async () => {
    const ddfs = await started();
    ddfs.setGuard((library, names) => {
      if (library.isKnown(PUMP))
        return Promise.reject(new ManagementError('DDF_REFUSED', 'two families meet', { names: Object.values(names) }));
      return Promise.resolve([]);
    });
    expect(await refusalOf(ddfs.add({ source: pump, name: 'P' }, ALICE))).toMatchObject({
      message: 'two families meet',
      details: { names: ['P'] },
    });
    expect(await db.prisma.ddf.count()).toBe(0);
    expect(ddfs.library().isKnown(PUMP)).toBe(false);
  });

  test('can be tried without being stored', async () => {
    const ddfs = await started();
    const view = await ddfs.add({ source: pump, dryRun: true }, ALICE);
    expect(view).toMatchObject({ id: '', moids: [PUMP] });
    expect(await db.prisma.ddf.count()).toBe(0);
    expect(ddfs.library().isKnown(PUMP)).toBe(false);
  });

  test('is replaced under its id', async () => {
    const ddfs = await started();
    const { id } = await ddfs.add({ source: pump, name: 'WaterPump' }, ALICE);
    const other = await ddfs.add({ source: ddfSource('Valve') }, ALICE);

    const view = await ddfs.replace(id, { source: ddfSource('Pump', ['Rate']) }, ALICE);

    expect(view).toMatchObject({ id, name: 'WaterPump' });
    expect(ddfs.library().node(PUMP, 'Rate')).toBeDefined();
    expect(ddfs.library().node(PUMP, 'Level')).toBeUndefined();
    expect(await refusalOf(ddfs.replace(other.id, { source: view.source }, ALICE))).toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(await refusalOf(ddfs.replace('999', { source: ddfSource('New') }, ALICE))).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('is removed with its types, while values of devices stay', async () => {
    const ddfs = await started();
    const { id } = await ddfs.add({ source: pump }, ALICE);
    const account = await db.prisma.account.create({ data: { serverId: 's' } });
    const device = await db.prisma.device.create({ data: { deviceId: 'd', accountId: account.id } });
    await db.prisma.managementObject.create({
      data: {
        deviceId: device.id,
        family: 'urn:oma:mo:ext-example-pump',
        moid: PUMP,
        miid: 'Pump',
        recognisedBy: 'MOID',
        values: { Level: 'full' },
      },
    });

    expect(await ddfs.remove(id, ALICE)).toMatchObject({ id, moids: [PUMP] });

    expect(ddfs.library().isKnown(PUMP)).toBe(false);
    expect(await ddfs.get(id)).toBeNull();
    expect(await db.prisma.managementObject.count()).toBe(1);
    expect(await refusalOf(ddfs.remove(id, ALICE))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('that another process added, replaced or removed is followed', async () => {
    const here = await started();
    const there = await started();
    const change = (): Promise<void> =>
      new Promise((resolve) => {
        const stop = there.onChange(() => {
          stop();
          resolve();
        });
      });

    let heard = change();
    const { id } = await here.add({ source: pump }, ALICE);
    await heard;
    expect(there.library().isKnown(PUMP)).toBe(true);

    heard = change();
    await here.replace(id, { source: ddfSource('Pump', ['Rate']) }, ALICE);
    await heard;
    expect(there.library().node(PUMP, 'Rate')).toBeDefined();

    heard = change();
    await here.remove(id, ALICE);
    await heard;
    expect(there.library().isKnown(PUMP)).toBe(false);
  });

  test('that is added twice at once is stored once', async () => {
    const ddfs = await started();
    const [one, two] = await Promise.all([ddfs.add({ source: pump }, ALICE), ddfs.add({ source: pump }, ALICE)]);
    expect(two.id).toBe(one.id);
  });

  test('leaves an event for each change, which tells who asked', async () => {
    const ddfs = await started();
    const { id } = await ddfs.add({ source: pump }, ALICE);
    await ddfs.replace(id, { source: ddfSource('Pump', ['Rate']) }, ALICE);
    await ddfs.remove(id, ALICE);
    await untilEventsAreServed(db);
    const { items } = await createReports({ db }).events({}, 10);
    expect(items.map(({ type, data }) => [type, data])).toEqual(
      ['ddfAdded', 'ddfReplaced', 'ddfRemoved'].map((type) => [type, { ddf: id, moids: [PUMP], by: 'key:7' }]),
    );
  });
});

describe('what the reader made of a source', () => {
  const rows = (): ReturnType<typeof db.prisma.ddf.findMany> => db.prisma.ddf.findMany({ orderBy: { id: 'asc' } });

  test('is kept beside it, and taken at the next start instead of reading again', async () => {
    const ddfs = await started([file('Valve')]);
    await ddfs.add({ source: pump }, ALICE);
    expect((await rows()).map(({ model, modelVersion }) => [model !== null, modelVersion !== null])).toEqual([
      [true, true],
      [true, true],
    ]);
    // A source that no reader could read: only the model can have given the library.
    await db.prisma.ddf.updateMany({ where: { moids: { has: PUMP } }, data: { source: 'no XML any more' } });

    const again = await started([file('Valve')]);

    expect(again.library().family(PUMP)).toEqual(ddfs.library().family(PUMP));
    expect(warnings).toEqual([]);
  });

  test('is made anew by another reader, and kept again', async () => {
    await (await started()).add({ source: pump }, ALICE);
    const [before] = await rows();
    await db.prisma.ddf.updateMany({ data: { model: new Uint8Array([1]), modelVersion: 'another' } });

    const again = await started();

    expect(again.library().isKnown(PUMP)).toBe(true);
    expect(await rows()).toEqual([before]);
  });

  test('follows a DDF that is replaced', async () => {
    const ddfs = await started();
    const { id } = await ddfs.add({ source: pump }, ALICE);
    await ddfs.replace(id, { source: ddfSource('Pump', ['Rate']) }, ALICE);
    expect((await started()).library().node(PUMP, 'Rate')).toBeDefined();
  });
});

describe('a change that takes something away', () => {
  const change = (severity: SchemaChange['severity'], path: string): SchemaChange => ({
    severity,
    kind: 'FIELD_REMOVED',
    path,
    message: `${path} was removed.`,
  });

  test.each(['add', 'replace', 'remove'] as const)(
    'is refused by %s with a list, and made when it is allowed',
    async (verb) => {
      const ddfs = await started();
      const { id } = await ddfs.add({ source: pump }, ALICE);
      ddfs.setGuard(() =>
        Promise.resolve([change('BREAKING', 'A.b'), change('BREAKING', 'A.c'), change('SAFE', 'A.d')]),
      );
      const asked = (allowBreaking: boolean): Promise<DdfView> => {
        if (verb === 'add') return ddfs.add({ source: ddfSource('Valve'), allowBreaking }, ALICE);
        if (verb === 'replace') return ddfs.replace(id, { source: ddfSource('Pump', ['Rate']), allowBreaking }, ALICE);
        return ddfs.remove(id, ALICE, { allowBreaking });
      };
      const before = await ddfs.list(10);

      expect(await refusalOf(asked(false))).toMatchObject({
        code: 'BREAKING_CHANGE',
        message: expect.stringContaining('A.b was removed.') as string,
        details: { count: 2, changes: [{ path: 'A.b', severity: 'BREAKING' }, { path: 'A.c' }] },
      });
      expect(await ddfs.list(10)).toEqual(before);

      expect((await asked(true)).changes).toHaveLength(3);
      expect(await ddfs.list(10)).not.toEqual(before);
    },
  );

  test('is told by a dry run, which changes nothing and refuses nothing', async () => {
    const ddfs = await started();
    const { id } = await ddfs.add({ source: pump }, ALICE);
    ddfs.setGuard(() => Promise.resolve([change('BREAKING', 'A.b')]));
    const told = [
      await ddfs.remove(id, ALICE, { dryRun: true }),
      await ddfs.replace(id, { source: ddfSource('Pump', ['Rate']), dryRun: true }, ALICE),
      await ddfs.add({ source: ddfSource('Valve'), dryRun: true }, ALICE),
    ];
    for (const { changes } of told) expect(changes).toEqual([change('BREAKING', 'A.b')]);
    expect((await ddfs.list(10)).items.map((view) => view.source)).toEqual([pump]);
  });
});

test('a change that another process outruns is judged again by what the store has then', async () => {
  const here = await started();
  const there = await started();
  const judged: (readonly string[])[] = [];
  let outrun = true;
  here.setGuard(async (library) => {
    judged.push(library.families());
    if (outrun) {
      outrun = false;
      await there.add({ source: ddfSource('Valve') }, ALICE);
    }
    return [];
  });
  await here.add({ source: pump }, ALICE);
  expect(judged[0]).toEqual(['urn:oma:mo:ext-example-pump']);
  expect(judged).toContainEqual(['urn:oma:mo:ext-example-pump', 'urn:oma:mo:ext-example-valve']);
  expect(here.library().families()).toEqual(['urn:oma:mo:ext-example-pump', 'urn:oma:mo:ext-example-valve']);
});
