import { createHash } from 'node:crypto';

import { createHistories, expressionOf } from '../../../src/management/events/history';
import { applyChanges } from '../../../src/management/apply';
import type { DocumentChange } from '../../../src/store/turn-apply';
import { NOTHING_WRITTEN, writeTurn } from '../../../src/store/turn-write';
import { coversPath } from '../../../src/access/rights';
import { openWorld, type World } from '../world';

const FAMILY = 'urn:example:lamp';
let world: World;
let device: string;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  device = await world.device(`lamp-${Math.random()}`, []);
});

/** The device told of its lamp: `values` as a whole, or patches of it. */
async function observe(
  values: unknown,
  { patches, ...more }: Partial<DocumentChange> & { readonly at?: number } = {},
): Promise<void> {
  const document: DocumentChange = {
    family: FAMILY,
    miid: 'L1',
    moid: `${FAMILY}:1.0`,
    version: '1.0',
    place: './Lamps/L1',
    recognisedBy: 'MOID',
    patches: patches ?? [{ p: [], o: 'set', v: values }],
    meta: {},
    properties: {},
    cleared: [],
    observed: true,
    complete: true,
    validator: null,
    ...more,
  };
  const changes = { commands: [], operations: [], documents: [document], gone: [], alerts: [] };
  const at = new Date(more.at ?? world.now);
  await world.db.sql.transaction(async (tx) => {
    const events = await applyChanges(tx, device, at, changes);
    await writeTurn(tx, device, at, { ...NOTHING_WRITTEN, events });
  });
}

async function told(): Promise<readonly { changes: readonly object[]; more: boolean }[]> {
  const rows = await world.rows<{ data: { changes: object[]; more: boolean } }>(
    `SELECT data FROM event WHERE device_id = $1 AND type = 'valuesChanged' ORDER BY id`,
    [device],
  );
  return rows.map(({ data }) => data);
}

describe('An event tells of values that changed', () => {
  test('and not of a first reading, nor of what is as it was', async () => {
    await observe({ On: true, Where: { Room: 'hall' } });
    await observe({ On: true, Where: { Room: 'hall' } });
    expect(await told()).toEqual([]);
  });

  test('with old and new leaves, by path, in order', async () => {
    await observe({ On: true, Where: { Room: 'hall', 'a/b%': 1 }, Gone: { x: 1, y: {} }, Kind: { a: 1 }, Nil: null });
    await observe({ On: false, Where: { Room: 'hall', 'a/b%': 2, New: null }, Kind: 'leaf', Nil: 0, Sub: { z: 'z' } });
    expect(await told()).toEqual([
      {
        family: FAMILY,
        moid: `${FAMILY}:1.0`,
        miid: 'L1',
        more: false,
        changes: [
          { path: 'Gone/x', old: 1 },
          { path: 'Gone/y', old: {} },
          { path: 'Kind', new: 'leaf' },
          { path: 'Kind/a', old: 1 },
          { path: 'Nil', old: null, new: 0 },
          { path: 'On', old: true, new: false },
          { path: 'Sub/z', new: 'z' },
          { path: 'Where/New', new: null },
          { path: 'Where/a%2Fb%25', old: 1, new: 2 },
        ],
      },
    ]);
  });

  test('and a node that is read for the first time is none where the object was never read whole', async () => {
    await observe({ On: true }, { complete: false });
    await observe(undefined, { complete: false, patches: [{ p: ['Room'], o: 'set', v: 'hall' }] });
    expect(await told()).toEqual([]);
    await observe(undefined, { complete: false, patches: [{ p: ['Room'], o: 'set', v: 'attic' }] });
    await observe(undefined, { complete: false, patches: [{ p: ['On'], o: 'del' }] });
    expect((await told()).map(({ changes }) => changes)).toEqual([
      [{ path: 'Room', old: 'hall', new: 'attic' }],
      [{ path: 'On', old: true }],
    ]);
  });

  test('and not of another instance that took the name', async () => {
    await observe({ On: true });
    await observe({ On: false }, { fresh: true });
    expect(await told()).toEqual([]);
  });

  test('long values by digest, many by the first 200', async () => {
    const values = (to: string): object => ({
      Long: to.repeat(2_000),
      Many: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`n${n}`, `${to}${n}`])),
    });
    await observe(values('a'));
    await observe(values('b'));
    const [event] = await told();
    expect(event?.more).toBe(true);
    expect(event?.changes).toHaveLength(200);
    expect(JSON.stringify(event).length).toBeLessThan(20_000);
    await observe({ ...values('b'), Long: 'c'.repeat(3_000) });
    expect((await told())[1]?.changes).toEqual([
      {
        path: 'Long',
        oldSha256: createHash('sha256').update('b'.repeat(2_000)).digest('hex'),
        oldOctets: 2_000,
        newSha256: createHash('sha256').update('c'.repeat(3_000)).digest('hex'),
        newOctets: 3_000,
      },
    ]);
  });

  test('four thousand nodes of which one changed cost little', async () => {
    const nodes = (value: number): object =>
      Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`n${n}`, { v: n === 1_234 ? value : n }]));
    await observe(nodes(1));
    await observe(nodes(2));
    expect((await told()).map(({ changes }) => changes)).toEqual([[{ path: 'n1234/v', old: 1, new: 2 }]]);
  });
});

describe('The history of values', () => {
  const mo = (): { device: string; family: string; miid: string } => ({ device, family: FAMILY, miid: 'L1' });
  const histories = (keptMs = 3_600_000): ReturnType<typeof createHistories> =>
    createHistories({ db: world.db, keptMs, now: () => world.now });

  beforeEach(async () => {
    await observe({ On: true, Where: { Room: 'hall', Floor: 1 } }, { at: world.now - 3_000 });
    await observe({ On: false, Where: { Room: 'hall', Floor: 2 } }, { at: world.now - 2_000 });
    await observe({ On: false, Where: { Room: 'attic', Floor: 3 } }, { at: world.now - 1_000 });
  });

  test('is read from the newest on, in pages', async () => {
    const paths = [];
    let after: string | undefined;
    for (;;) {
      const page = await histories().of(mo(), '', 'ALL', 2, after);
      paths.push(...page.items.map(({ change }) => `${change.path} ${String(change.old)} ${String(change.new)}`));
      after = page.items.at(-1)?.id;
      if (!page.hasNext) break;
    }
    expect(paths).toEqual(['Where/Floor 2 3', 'Where/Room hall attic', 'On true false', 'Where/Floor 1 2']);
    expect(await histories().of(mo(), '', 'ALL', 2, 'nonsense')).toEqual({ items: [], hasNext: false });
  });

  test('is that of a node and what is below it', async () => {
    const of = async (path: string): Promise<string[]> =>
      (await histories().of(mo(), path, 'ALL', 10)).items.map(({ change }) => change.path);
    expect(await of('Where')).toEqual(['Where/Floor', 'Where/Room', 'Where/Floor']);
    expect(await of('Where/Room')).toEqual(['Where/Room']);
    expect(await of('Wher')).toEqual([]);
    expect(await of('%')).toEqual([]);
  });

  test('shows what the caller may read', async () => {
    const of = async (readable: readonly string[]): Promise<string[]> =>
      (await histories().of(mo(), '', readable, 10)).items.map(({ change }) => change.path);
    expect(await of([])).toEqual([]);
    expect(await of(['Where/Room'])).toEqual(['Where/Room']);
    expect(await of(['*/Floor', 'O'])).toEqual(['Where/Floor', 'Where/Floor']);
  });

  test('goes as far back as is set', async () => {
    const { items } = await histories(1_500).of(mo(), '', 'ALL', 10);
    expect(items.map(({ at }) => at.getTime())).toEqual([world.now - 1_000, world.now - 1_000]);
  });

  test.each(['a', 'a/*', '*', 'a.b/c', '(a|b)+/$', '*/*/x', 'a\\b', 'ä[1]'])(
    'the expression of the pattern %s covers what the pattern covers',
    async (pattern) => {
      const paths = [
        '',
        'a',
        'a/b',
        'a/b/c',
        'aXb/c',
        'a.b/c',
        'b',
        '(a|b)+/$',
        '(a|b)+/$/x',
        'q/r/x',
        'q/r/y',
        'a\\b',
        'ä[1]',
        'ä1',
      ];
      const rows = await world.rows<{ path: string }>(
        'SELECT path FROM unnest($1::text[]) AS p(path) WHERE path ~ $2',
        [paths, expressionOf([pattern])],
      );
      expect(rows.map(({ path }) => path)).toEqual(paths.filter((path) => coversPath(pattern, path)));
    },
  );
});
