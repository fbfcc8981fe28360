import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startS3, type FakeS3 } from '../repository/support/s3';
import { describeDm2, type SpokenDm2 } from './support/spoken-dm2';
import { ask, FUMO } from './support/world';

// On PostgreSQL every second request goes to another process, and both look after one storage at the same time.
const HOUR_MS = 3_600_000;
const HALF = 100_000;
const BUCKET = 'shared-files';
const MINE = { inlineOctets: 1024, sweepMs: 100 };
const root = mkdtempSync(join(tmpdir(), 'moql-shared-'));
const directory = join(root, 'files');
let service: FakeS3 | undefined;

afterAll(async () => {
  await service?.close();
  rmSync(root, { recursive: true });
});

const inDirectory = {
  settings: (): Promise<object> => {
    mkdirSync(directory);
    return Promise.resolve({ repository: { ...MINE, directory } });
  },
  count: (): Promise<number> =>
    Promise.resolve(readdirSync(directory).flatMap((folder) => readdirSync(join(directory, folder))).length),
};
const inS3 = {
  settings: async (): Promise<object> => {
    service = await startS3(BUCKET);
    const s3 = { endpoint: service.url, bucket: BUCKET, accessKeyId: 'test', secretAccessKey: 'test' };
    return { repository: { ...MINE, draftDirectory: join(root, 'drafts'), s3 } };
  },
  count: async (): Promise<number> => {
    const answer = await fetch(`${service?.url ?? ''}/${BUCKET}?list-type=2`);
    return [...(await answer.text()).matchAll(/<Key>/g)].length;
  },
};

describe.each([
  ['a directory', inDirectory],
  ['a bucket', inS3],
] as const)('files in %s', (_where, storage) => {
  describeDm2(
    'that several gateways have',
    ({ device, gateway, passes }) => {
      const upload = async (phone: SpokenDm2, octets: Buffer): Promise<string> => {
        const { createRepositoryItem } = await ask<{
          createRepositoryItem: { item: { id: string }; uploadUrl: string };
        }>(gateway(), 'mutation { createRepositoryItem(input: { access: DEVICE }) { item { id } uploadUrl } }');
        const { item, uploadUrl } = createRepositoryItem;
        expect((await phone.requests('PUT', uploadUrl, octets)).status).toBe(201);
        return item.id;
      };
      /** The address at which the device fetches the file. */
      const offered = async (phone: SpokenDm2, repositoryItem: string): Promise<string> => {
        const address = { moid: FUMO, path: 'Update/PkgData' };
        await phone.isAsked([{ replace: { address, value: { repositoryItem } } }]);
        await phone.begins({ MOS: [{ MOID: FUMO, MIID: ['fw1'] }] });
        const [name, at = ''] = phone.cmd[1] ?? [];
        expect(name).toBe('HGET');
        return at;
      };
      const parts = async (phone: SpokenDm2, address: string): Promise<Buffer> => {
        const ranges = [`bytes=0-${HALF - 1}`, `bytes=${HALF}-`];
        const answers = [];
        for (const range of ranges) answers.push(await phone.requests('GET', address, undefined, { range }));
        expect(answers.map(({ status }) => status)).toEqual([206, 206]);
        return Buffer.concat(answers.map(({ body }) => body));
      };

      test('what one took is fetched in parts from all; what went is removed once, and nothing else', async () => {
        const phone = await device();
        const [kept, gone] = [randomBytes(2 * HALF), randomBytes(2 * HALF)];
        const ids = [await upload(phone, kept), await upload(phone, gone)] as const;
        const address = await offered(phone, ids[0]);
        expect((await parts(phone, address)).equals(kept)).toBe(true);
        expect(await storage.count()).toBe(2);
        await ask(gateway(), 'mutation ($id: ID!) { deleteRepositoryItem(id: $id) { id } }', { id: ids[1] });
        await passes(HOUR_MS);
        expect(await storage.count()).toBe(1);
        const again = await offered(phone, ids[0]);
        expect((await parts(phone, again)).equals(kept)).toBe(true);
      });
    },
    storage.settings,
  );
});
