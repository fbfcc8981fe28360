import type { BodyCommand, Item } from '../../../adapters/dm1/message';
import { results } from '../../adapters/dm1/session/dialogue';
import { by, describeSection } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';

/** What of a large value stands in the gateway's last message. */
function chunkOf(phone: SpokenDevice): Item {
  const command = phone.commands.find(({ kind }) => kind === 'Replace' || kind === 'Add');
  const item = command !== undefined && 'items' in command ? command.items[0] : undefined;
  if (item === undefined) throw new Error(`no chunk: ${phone.heard.join(', ')}`);
  return item;
}

const textOf = ({ data }: Item): string => (data?.kind === 'text' ? data.text : '');
const next: BodyCommand = { kind: 'Alert', cmdId: '90', data: '1222', items: [] };

describeSection('8 Large objects', ({ device, passes }) => {
  describe('server → device', () => {
    const long = Array.from({ length: 900 }, (_, n) => `line ${n}: Zürich`).join('\n');
    const size = Buffer.byteLength(long, 'utf8');

    test('chunks in consecutive messages: Size with the first, no Final before the last, 213 and 1222 between', async () => {
      const phone = await device({ maxMsgSize: 4000 });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', long)]);
      await phone.begins();
      let text = '';
      for (let n = 0; ; n += 1) {
        const item = chunkOf(phone);
        expect(phone.answer?.body.length).toBeLessThanOrEqual(4000);
        expect(item.meta?.size).toBe(n === 0 ? String(size) : undefined);
        text += textOf(item);
        expect(phone.reply.final).toBe(item.moreData !== true);
        if (item.moreData !== true) break;
        expect(phone.commands).toHaveLength(1);
        await phone.says([phone.accepts(), phone.judges(0, 213), next], { final: false });
        expect(phone.heard.slice(0, 2)).toEqual(['212 SyncHdr', '200 Alert']);
      }
      expect(text).toBe(long);
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ outcome: 'OK', statusCode: 200 }],
      });
    });

    test("the client's Final is ignored while an object is open", async () => {
      const phone = await device({ maxMsgSize: 4000 });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', long)]);
      await phone.begins();
      while (chunkOf(phone).moreData === true) await phone.says([phone.accepts(), phone.judges(0, 213), next]);
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('424: the sums differ; the object is sent anew, once', async () => {
      const phone = await device({ maxMsgSize: 8000 });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', long)]);
      await phone.begins();
      for (let round = 0; round < 2; round += 1) {
        expect(chunkOf(phone).meta?.size).toBe(String(size));
        while (chunkOf(phone).moreData === true)
          await phone.says([phone.accepts(), phone.judges(0, 213), next], { final: false });
        await phone.says([phone.accepts(), phone.judges(0, 424)]);
      }
      expect(await operation.now()).toMatchObject({ state: 'FAILED', commands: [{ statusCode: 424 }] });
    });

    test.each([
      [413, 'TOO_LARGE'],
      [416, 'TOO_LARGE'],
      [420, 'DEVICE_FULL'],
      [406, 'UNSUPPORTED'],
    ])('%i to a chunk ends the command as %s, and what follows goes on', async (code, outcome) => {
      const phone = await device({ maxMsgSize: 4000 });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', long), by.replace('./Vendor/B', 'x')], {
        onFailure: 'CONTINUE',
      });
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, code)]);
      expect(phone.heard).toContain('Replace ./Vendor/B');
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome, statusCode: code }, { outcome: 'OK' }] });
    });

    test('200 in place of 213: the device took the chunk for the value; it failed, and no chunk goes there any more', async () => {
      const phone = await device({ maxMsgSize: 4000 });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', long)]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ state: 'FAILED', commands: [{ outcome: 'DEVICE_ERROR' }] });
      const again = await phone.isAsked([by.replace('./Vendor/Log', long)]);
      await phone.begins();
      expect(phone.commands).toEqual([]);
      expect(await again.now()).toMatchObject({ commands: [{ outcome: 'TOO_LARGE' }] });
    });

    test('an object larger than the MaxObjSize of the client is not sent', async () => {
      const phone = await device({ maxMsgSize: 4000 });
      const operation = await phone.isAsked([by.replace('./Vendor/Log', long)]);
      await phone.begins({ meta: { maxMsgSize: '4000', maxObjSize: '5000' } });
      expect(phone.commands).toEqual([]);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'TOO_LARGE', statusCode: null }] });
    });
  });

  describe('device → server', () => {
    const parts = ['a'.repeat(3000), 'ü'.repeat(2000), 'z'];
    const size = String(Buffer.byteLength(parts.join('')));

    async function sendsParts(
      phone: SpokenDevice,
      sent: readonly string[],
      announced: string,
      onChunk: () => Promise<void> | void = () => undefined,
    ): Promise<void> {
      const msgRef = Number(phone.reply.header.msgId);
      const cmdRef = phone.commands[0]?.cmdId ?? '';
      const first = phone.judges(0, 200);
      for (const [n, part] of sent.entries()) {
        const isLast = n === sent.length - 1;
        const more: Partial<Item> = {
          meta: { format: 'chr', ...(n === 0 ? { size: announced } : {}) },
          ...(isLast ? {} : { moreData: true }),
        };
        await phone.says(
          [phone.accepts(), ...(n === 0 ? [first] : []), results(msgRef, cmdRef, './Vendor/Log', part, 'chr', more)],
          { final: isLast },
        );
        if (isLast) continue;
        expect(phone.heard).toEqual(['212 SyncHdr', '213 Results', 'Alert 1222']);
        await onChunk();
      }
    }

    test('each chunk is answered 213 with Alert 1222 and no command; the last completes the value', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/Log', 0)]);
      await phone.begins();
      await sendsParts(phone, parts, size);
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: parts.join('') }] });
    });

    test('an object on its way keeps the session for half an hour', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/Log', 0)]);
      await phone.begins();
      await sendsParts(phone, parts, size, () => passes(800_000));
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('424: a total that differs from Size is refused, and nothing is stored', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/Log', 0)]);
      await phone.begins();
      await sendsParts(phone, parts, String(Number(size) + 1));
      expect(phone.heard).toEqual(['212 SyncHdr', '424 Results', 'Final']);
      expect((await operation.now()).state).toBe('FAILED');
    });

    test('1225: something else in place of the next chunk, and the object is dropped', async () => {
      const phone = await device();
      await phone.isAsked([by.get('./Vendor/Log', 0)]);
      await phone.begins();
      const msgRef = Number(phone.reply.header.msgId);
      const cmdRef = phone.commands[0]?.cmdId ?? '';
      const first = results(msgRef, cmdRef, './Vendor/Log', 'x', 'chr', {
        meta: { format: 'chr', size: '10' },
        moreData: true,
      });
      await phone.says([phone.accepts(), phone.judges(0, 200), first], { final: false });
      await phone.says([phone.accepts(), results(msgRef, cmdRef, './Vendor/Other', 'y')]);
      expect(phone.heard).toContain('Alert 1225');
    });
  });
});

describeSection(
  '8 Large objects beyond our MaxObjSize',
  ({ device }) => {
    test('416: what is announced or grows beyond it is refused, nothing of it is kept, and the session goes on', async () => {
      for (const announced of ['99999', undefined]) {
        const phone = await device();
        const operation = await phone.isAsked([by.get('./Vendor/Log', 0)]);
        await phone.begins();
        const msgRef = Number(phone.reply.header.msgId);
        const cmdRef = phone.commands[0]?.cmdId ?? '';
        const meta = { format: 'chr', ...(announced === undefined ? {} : { size: announced }) };
        await phone.says(
          [
            phone.accepts(),
            phone.judges(0, 200),
            results(msgRef, cmdRef, './Vendor/Log', 'x'.repeat(3000), 'chr', { meta, moreData: true }),
          ],
          { final: false },
        );
        expect(phone.heard).toContain('416 Results');
        await phone.says([phone.accepts()]);
        expect((await operation.now()).state).toBe('FAILED');
      }
    });
  },
  { limits: { maxObjSize: 2000 } },
);
