/** A kept fake of S3 (the package fauxqs), in a process of its own, for it is an ES module. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface FakeS3 {
  readonly url: string;
  close(): Promise<void>;
}

const ROOT = join(__dirname, '../../..');
const PROGRAM = `import('fauxqs').then(async ({ startFauxqs }) => {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  server.createBucket(process.argv[1]);
  console.log(server.port);
  process.stdin.on('end', () => process.exit(0)).resume();
});`;

/** With one empty bucket. It ends when this process does. */
export async function startS3(bucket: string): Promise<FakeS3> {
  const child = spawn(process.execPath, ['-e', PROGRAM, bucket], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Error('the fake of S3 ended before it listened');
  return {
    url: `http://127.0.0.1:${first.value}`,
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
