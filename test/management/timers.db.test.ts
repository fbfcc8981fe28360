import { openWorld } from './world';

test('what fails when something is due keeps nothing else waiting, and is told with its name', async () => {
  const done: string[] = [];
  const fails = (): Promise<never> => Promise.reject(new Error('no room'));
  const world = await openWorld({ first: fails, second: async () => void done.push('second') });
  const device = await world.device('d');
  await world.db.sql.query(
    `INSERT INTO bootstrap_document (device_id, token_sha256, media_type, document, expires_at) VALUES ($1, 'x', 'a/b', '', $2)`,
    [device, new Date(world.now - 1)],
  );

  await expect(world.timers.runOnce()).rejects.toThrow('first could not be done');
  expect(done).toEqual(['second']);
  expect(await world.db.sql.query('SELECT 1 FROM bootstrap_document')).toEqual([]);
  await world.close();
});
