import { results, status } from '../../adapters/dm1/session/dialogue';
import { by, describeSection } from '../support/spoken';

describeSection('5 Commands', ({ device }) => {
  test.each([
    ['Add', by.add('./Vendor/A', 'x')],
    ['Replace', by.replace('./Vendor/A', 'x')],
    ['Delete', by.delete('./Vendor/A')],
    ['Exec', by.exec('./Vendor/A', 'x')],
    ['Get', by.get('./Vendor/A', 0)],
    ['Copy', by.copy('./Vendor/B', './Vendor/A')],
  ])('%s travels as itself, one Item a command', async (name, command) => {
    const phone = await device();
    await phone.isAsked([command]);
    await phone.begins();
    expect(phone.heard.slice(3)).toEqual([`${name} ./Vendor/A`, 'Final']);
    expect(phone.commands[0]).toMatchObject({ items: [expect.anything()] });
  });

  test('a leaf of each format is read as its type', async () => {
    const formats = {
      chr: [' a <b> & c ', ' a <b> & c '],
      int: ['-42', -42],
      bool: ['TRUE', true],
      float: ['1.5', 1.5],
      date: ['2026-11-27', '2026-11-27'],
      time: ['12:30:00', '12:30:00'],
      b64: ['AAEC', 'AAEC'],
      xml: ['<a/>', '<a/>'],
      null: ['', null],
    } as const;
    const names = Object.keys(formats) as (keyof typeof formats)[];
    const phone = await device();
    const operation = await phone.isAsked(names.map((name) => by.get(`./Vendor/${name}`, 0)));
    await phone.begins();
    const msgRef = Number(phone.reply.header.msgId);
    await phone.says([
      phone.accepts(),
      ...names.flatMap((name, index) => [
        phone.judges(index, 200),
        results(msgRef, phone.commands[index]?.cmdId ?? '', `./Vendor/${name}`, formats[name][0], name),
      ]),
    ]);
    const { commands } = await operation.now();
    expect(Object.fromEntries(names.map((name, index) => [name, commands[index]?.result]))).toEqual(
      Object.fromEntries(names.map((name) => [name, formats[name][1]])),
    );
  });

  test('a value of each format is written in its form', async () => {
    const values = [
      [{ text: ' a <b> & c ' }, 'chr', ' a <b> & c '],
      [{ int: -42 }, 'int', '-42'],
      [{ bool: true }, 'bool', 'true'],
      [{ float: 1.5 }, 'float', '1.5'],
      [{ text: '2026-11-27', format: 'DATE' }, 'date', '2026-11-27'],
      [{ text: '<a/>', format: 'XML' }, 'xml', '<a/>'],
    ] as const;
    const phone = await device();
    await phone.isAsked(values.map(([value], n) => ({ replace: { address: { uri: `./Vendor/V${n}` }, value } })));
    await phone.begins();
    expect(
      phone.commands.map((command) =>
        'items' in command ? [command.items[0]?.meta?.format, command.items[0]?.data] : [],
      ),
    ).toEqual(values.map(([, format, text]) => [format, { kind: 'text', text }]));
  });

  describe('Statuses of several Items', () => {
    test('several Statuses with one CmdRef: the first failure counts', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.replace('./Vendor/A', 'x')]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 200), phone.judges(0, 413)]);
      expect(await operation.now()).toMatchObject({ commands: [{ outcome: 'TOO_LARGE', statusCode: 413 }] });
    });
  });

  describe('Exec', () => {
    test('202 is accepted: the command waits for the alert with its Correlator, which may come in another session', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.exec('./Vendor/Run')]);
      await phone.begins();
      const exec = phone.commands[0];
      const correlator = exec?.kind === 'Exec' ? (exec.correlator ?? '') : '';
      await phone.says([phone.accepts(), phone.judges(0, 202)]);
      expect(await operation.now()).toMatchObject({ state: 'RUNNING', commands: [{ state: 'ACCEPTED' }] });
      await phone.begins({}, [
        {
          kind: 'Alert',
          cmdId: '7',
          data: '1226',
          correlator,
          items: [
            {
              source: { locUri: './Vendor/Run' },
              meta: { type: 'com.acme.run.operationcomplete', format: 'int' },
              data: { kind: 'text', text: '200' },
            },
          ],
        },
      ]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK' }] });
    });
  });

  describe('Atomic', () => {
    const pair = [by.replace('./Vendor/A', 'x'), by.replace('./Vendor/B', 'y')];

    test('success: 200 for each', async () => {
      const phone = await device();
      const operation = await phone.isAsked(pair, { atomic: true });
      await phone.begins();
      const atomic = phone.commands[0];
      if (atomic?.kind !== 'Atomic') throw new Error('no Atomic');
      const msgRef = Number(phone.reply.header.msgId);
      await phone.says([
        phone.accepts(),
        phone.judges(0, 200),
        ...atomic.commands.map(({ cmdId }) => status(msgRef, cmdId, 'Replace', 200)),
      ]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    });

    test.each([
      ['507, its own code and 216', 507, [216, 404], ['ROLLED_BACK', 'NOT_FOUND']],
      ['507, its own code and 215 for what was not reached', 507, [425, 215], ['PERMISSION_DENIED', 'ROLLED_BACK']],
      ['roll-back impossible: 516', 507, [516, 404], ['DEVICE_ERROR', 'NOT_FOUND']],
    ] as const)('failure: %s', async (_what, code, members, outcomes) => {
      const phone = await device();
      const operation = await phone.isAsked(pair, { atomic: true });
      await phone.begins();
      const atomic = phone.commands[0];
      if (atomic?.kind !== 'Atomic') throw new Error('no Atomic');
      const msgRef = Number(phone.reply.header.msgId);
      await phone.says([
        phone.accepts(),
        ...atomic.commands.map(({ cmdId }, n) => status(msgRef, cmdId, 'Replace', members[n] ?? 0)),
        phone.judges(0, code),
      ]);
      const { state, commands } = await operation.now();
      expect([state, commands.map(({ outcome }) => outcome)]).toEqual(['FAILED', outcomes]);
    });

    test('Get and Exec do not stand in an Atomic: such a group is refused when it is submitted', async () => {
      const phone = await device();
      for (const command of [by.get('./Vendor/A'), by.exec('./Vendor/A')])
        await expect(phone.isAsked([...pair, command], { atomic: true })).rejects.toThrow(
          /NOT_SUPPORTED|BAD_USER_INPUT/,
        );
    });
  });
});
