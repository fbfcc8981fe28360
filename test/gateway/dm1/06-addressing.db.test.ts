import { results } from '../../adapters/dm1/session/dialogue';
import { ask, METER } from '../support/world';
import { by, describeSection } from '../support/spoken';

describeSection('6 Addressing, properties, tree queries', ({ device, gateway }) => {
  describe('6.1 URI rules', () => {
    test.each([
      ['Vendor/A', './Vendor/A'],
      ['./Vendor/A/', './Vendor/A'],
      ['./Vendor/A%20B', './Vendor/A%20B'],
    ])('%s is sent as %s', async (asked, sent) => {
      const phone = await device();
      await phone.isAsked([by.get(asked, 0)]);
      await phone.begins();
      expect(phone.heard.at(3)).toBe(`Get ${sent}`);
    });

    test.each(['/Vendor/A', './Vendor/../A', '', './Vendor/A?prop=ACL', './Vendor/A?list=Struct'])(
      '%j is no address: it is refused before it is queued',
      async (uri) => {
        const phone = await device();
        await expect(phone.isAsked([by.get(uri, 0)])).rejects.toThrow(/BAD_USER_INPUT/);
      },
    );

    test('Results whose Source is written otherwise are those of the node', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A B', 0), by.get('./Vendor/C', 0)]);
      await phone.begins();
      const msgRef = Number(phone.reply.header.msgId);
      const [a, c] = phone.commands;
      await phone.says([
        phone.accepts(),
        phone.judges(0, 200),
        results(msgRef, a?.cmdId ?? '', 'Vendor/A%20B', '1'),
        phone.judges(1, 200),
        results(msgRef, c?.cmdId ?? '', './Vendor/C/', '2'),
      ]);
      expect(await operation.now()).toMatchObject({ commands: [{ result: '1' }, { result: '2' }] });
    });

    test('case is kept: names that differ by it are two nodes', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/a', 0), by.get('./Vendor/A', 0)]);
      await phone.begins();
      await phone.answers({ './Vendor/a': 'small', './Vendor/A': 'large' });
      expect(await operation.now()).toMatchObject({ commands: [{ result: 'small' }, { result: 'large' }] });
    });
  });

  describe('6.2 Get', () => {
    const tree = {
      './Vendor/Acme': ['Meter', 'Empty'],
      './Vendor/Acme/Meter': ['Unit', 'Serial'],
      './Vendor/Acme/Meter/Unit': 'MWh',
      './Vendor/Acme/Meter/Serial': '17',
      './Vendor/Acme/Empty': [],
    } as const;

    test('an interior node comes as an object of its children, whatever it takes to read them', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/Acme')]);
      await phone.begins();
      for (let n = 0; n < 12 && phone.commands.length > 0; n += 1) await phone.answers(tree);
      expect(await operation.now()).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ result: { Meter: { Unit: 'MWh', Serial: '17' }, Empty: {} } }],
      });
    });

    test('depth 0 tells the names of the children', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/Acme', 0)]);
      await phone.begins();
      await phone.answers(tree);
      expect(await operation.now()).toMatchObject({ commands: [{ result: ['Empty', 'Meter'] }] });
    });

    test('no children: Data is empty, and so is the object', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/Acme/Empty')]);
      await phone.begins();
      for (let n = 0; n < 6 && phone.commands.length > 0; n += 1) await phone.answers(tree);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: {} }] });
    });

    test('a 200 without Results is a failure of the device', async () => {
      const phone = await device();
      const operation = await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins();
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ state: 'FAILED', commands: [{ outcome: 'DEVICE_ERROR' }] });
    });
  });

  test('a caller needs no LocURI: the object that discovery found is known by MOID and path', async () => {
    const phone = await device({ discovery: true });
    await phone.begins();
    const tree = {
      '.': ['DevInfo', 'Somewhere'],
      './DevInfo': ['Man'],
      './DevInfo/Man': 'Acme',
      './Somewhere': ['Deep'],
      './Somewhere/Deep': ['M'],
      './Somewhere/Deep/M': ['Interval'],
      './Somewhere/Deep/M/Interval': '30',
    } as const;
    const types = { './Somewhere/Deep/M': METER };
    for (let n = 0; n < 30 && phone.commands.length > 0; n += 1) await phone.answersTree({ nodes: tree, types });
    const operation = await phone.isAsked([
      { replace: { address: { moid: METER, path: 'Interval' }, value: { int: 5 } } },
    ]);
    await phone.begins();
    expect(phone.heard).toContain('Replace ./Somewhere/Deep/M/Interval');
    await phone.answers({ './Somewhere/Deep/M/Interval': '' });
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
    expect(
      await ask(gateway(), `{ device(deviceId: "${phone.deviceId}") { acmeMeter { interval mo { location } } } }`),
    ).toEqual({ device: { acmeMeter: { interval: 5, mo: { location: './Somewhere/Deep/M' } } } });
  });
});
