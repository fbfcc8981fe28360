import type { BodyCommand } from '../../../adapters/dm1/message';
import { results, status } from '../../adapters/dm1/session/dialogue';
import { by, describeSection } from '../support/spoken';

describeSection('21 Robust parsing', ({ device }) => {
  test('white space of codes, ids, URIs and Meta values is trimmed, that of chr is kept', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    const get = phone.commands[0];
    await phone.says([
      phone.accepts(),
      phone.judges(0, 200, { data: ' 200 ', cmdRef: ` ${get?.cmdId ?? ''} ` }),
      results(Number(phone.reply.header.msgId), get?.cmdId ?? '', ' ./Vendor/A ', ' kept ', ' chr '),
    ]);
    expect(await operation.now()).toMatchObject({ commands: [{ result: ' kept ' }] });
  });

  test('Format is compared without case', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    const get = phone.commands[0];
    await phone.says([
      phone.accepts(),
      phone.judges(0, 200),
      results(Number(phone.reply.header.msgId), get?.cmdId ?? '', './Vendor/A', '7', 'Int'),
    ]);
    expect(await operation.now()).toMatchObject({ commands: [{ result: 7 }] });
  });

  test.each([
    ['MsgRef', { msgRef: undefined }],
    ['MsgRef that fits', { msgRef: '77' }],
  ])('Status and Results without %s are taken for the last message', async (_what, more) => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    const get = phone.commands[0];
    await phone.says([
      phone.accepts(),
      phone.judges(0, 200, more),
      { ...results(1, get?.cmdId ?? '', './Vendor/A', 'x'), ...more } as BodyCommand,
    ]);
    expect(await operation.now()).toMatchObject({ commands: [{ result: 'x' }] });
  });

  test('a Status without CmdRef that names SyncHdr is that of the SyncHdr', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.replace('./Vendor/A', 'x')]);
    await phone.begins();
    await phone.says([{ ...phone.accepts(), cmdRef: undefined }, phone.judges(0, 200)]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('a Status for a CmdRef that does not exist is ignored', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.replace('./Vendor/A', 'x')]);
    await phone.begins();
    await phone.says([phone.accepts(), status(1, '99', 'Replace', 500), phone.judges(0, 200)]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('a command without Status when the package is complete is unanswered: a replace is sent again', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.replace('./Vendor/A', 'x')]);
    await phone.begins();
    await phone.says([phone.accepts()]);
    expect((await operation.now()).state).not.toBe('FAILED');
    await phone.begins();
    expect(phone.heard).toContain('Replace ./Vendor/A');
    await phone.says([phone.accepts(), phone.judges(0, 200)]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('a message without a Status for our SyncHdr is accepted', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.replace('./Vendor/A', 'x')]);
    await phone.begins();
    await phone.says([phone.judges(0, 200)]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('the same CmdID twice, and statuses of the group before or after those of its members, do no harm', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.replace('./Vendor/A', 'x'), by.replace('./Vendor/B', 'y')], {
      atomic: true,
    });
    await phone.begins();
    const atomic = phone.commands[0];
    const members = atomic?.kind === 'Atomic' ? atomic.commands : [];
    const same = (one: BodyCommand): BodyCommand => ({ ...one, cmdId: '1' });
    const msgRef = Number(phone.reply.header.msgId);
    await phone.says([
      same(phone.accepts()),
      ...members.map(({ cmdId }) => same(status(msgRef, cmdId, 'Replace', 200))),
      same(phone.judges(0, 200)),
    ]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('no Status for Atomic: it is judged by its members', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.replace('./Vendor/A', 'x'), by.replace('./Vendor/B', 'y')], {
      atomic: true,
    });
    await phone.begins();
    const atomic = phone.commands[0];
    const members = atomic?.kind === 'Atomic' ? atomic.commands : [];
    const msgRef = Number(phone.reply.header.msgId);
    await phone.says([phone.accepts(), ...members.map(({ cmdId }) => status(msgRef, cmdId, 'Replace', 200))]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });
});
