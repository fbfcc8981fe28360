import type { Item } from '../../../adapters/dm1/message';
import { results } from '../../adapters/dm1/session/dialogue';
import { describeSection } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { ask, codesOf, createKey } from '../support/world';

const NODE = { address: { uri: './Vendor/A' } };
const ACL_OF = `query ($id: ID!) { operation(id: $id) { commands {
  outcome statusCode result acl { text inherited entries { command servers } } } } }`;
const SUBMIT = 'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }';

/** The only Item of the gateway's first command. */
function sentBy(phone: SpokenDevice): Item {
  const [command] = phone.commands;
  const item = command !== undefined && 'items' in command ? command.items[0] : undefined;
  if (item === undefined) throw new Error(`no Item: ${phone.heard.join(', ')}`);
  return item;
}

// What DM 1.3 changes besides is shown in delegation.db.test.ts, and rights over single nodes in rights.db.test.ts.
describeSection('7 ACL', ({ device, gateway }) => {
  describe('getAcl is a Get of ?prop=ACL', () => {
    test.each([
      ['1.2', 200, '', true, []],
      [
        '1.2',
        200,
        'Get=*&Replace=dm.example+other',
        false,
        [entry('GET', '*'), entry('REPLACE', 'dm.example', 'other')],
      ],
      ['1.3', 217, 'Add=*&Get=*', true, [entry('ADD', '*'), entry('GET', '*')]],
      ['1.2', 200, 'Get=*&Rename=a', false, null],
    ] as const)('DM %s: %i with %j, inherited %s', async (version, code, text, inherited, entries) => {
      const phone = await device({ version });
      const { id } = await phone.isAsked([{ getAcl: NODE }]);
      await phone.begins();
      expect(phone.heard.at(3)).toBe('Get ./Vendor/A?prop=ACL');
      const cmdRef = phone.commands[0]?.cmdId ?? '';
      const read = results(Number(phone.reply.header.msgId), cmdRef, './Vendor/A?prop=ACL', text);
      await phone.says([phone.accepts(), phone.judges(0, code), read]);
      expect(await ask(gateway(), ACL_OF, { id })).toEqual({
        operation: {
          commands: [{ outcome: 'OK', statusCode: code, result: text, acl: { text, inherited, entries } }],
        },
      });
    });
  });

  describe('setAcl is a Replace of ?prop=ACL with the whole list', () => {
    test.each([
      ['text', { acl: 'Get=*&Replace=dm.example+other.example' }, 'Get=*&Replace=dm.example+other.example'],
      [
        'typed entries',
        {
          entries: [
            { server: 'dm.example', commands: ['REPLACE', 'GET'] },
            { server: '*', commands: ['GET'] },
          ],
        },
        'Get=dm.example+*&Replace=dm.example',
      ],
      ['an empty text: the node inherits', { acl: '' }, ''],
      ['a command without servers, which is not to be stored', { acl: 'Add=&Get=*' }, 'Get=*'],
    ])('%s', async (_what, list, text) => {
      const phone = await device();
      const operation = await phone.isAsked([{ setAcl: { ...NODE, ...list } }]);
      await phone.begins();
      expect(phone.heard.slice(3)).toEqual(['Replace ./Vendor/A?prop=ACL', 'Final']);
      const { meta, data } = sentBy(phone);
      expect([meta?.format, data?.kind === 'text' ? data.text : '']).toEqual(['chr', text]);
      await phone.says([phone.accepts(), phone.judges(0, 200)]);
      expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK', result: null }] });
    });

    test('it may stand in an Atomic, beside the value that it is to guard', async () => {
      const phone = await device();
      const value = { replace: { ...NODE, value: { text: 'x' } } };
      await phone.isAsked([value, { setAcl: { ...NODE, acl: 'Get=*' } }], { atomic: true });
      await phone.begins();
      expect(phone.heard.at(3)).toBe('Atomic { Replace ./Vendor/A, Replace ./Vendor/A?prop=ACL }');
    });
  });

  test('the device decides: 425 without the right, 405 for the list of the root, 406 where it has no such property', async () => {
    const phone = await device({ version: '1.3' });
    const acl = 'Get=*&Replace=dm.example';
    const root = { address: { uri: '.' } };
    const operation = await phone.isAsked(
      [{ setAcl: { ...NODE, acl } }, { setAcl: { ...root, acl } }, { getAcl: NODE }],
      {
        onFailure: 'CONTINUE',
      },
    );
    await phone.begins();
    for (const [sent, code] of [
      ['Replace ./Vendor/A?prop=ACL', 425],
      ['Replace .?prop=ACL', 405],
      ['Get ./Vendor/A?prop=ACL', 406],
    ] as const) {
      // A list that changes may change what else is allowed: it is answered before anything else is sent.
      expect(phone.heard.slice(-2)).toEqual([sent, 'Final']);
      expect(phone.commands).toHaveLength(1);
      await phone.says([phone.accepts(), phone.judges(0, code)]);
    }
    expect(await operation.now()).toMatchObject({
      state: 'FAILED',
      commands: [
        { outcome: 'PERMISSION_DENIED', statusCode: 425 },
        { outcome: 'NOT_ALLOWED', statusCode: 405 },
        { outcome: 'UNSUPPORTED', statusCode: 406 },
      ],
    });
  });

  test('a text that is no list is refused before it is queued: the device hears nothing of it', async () => {
    const phone = await device();
    for (const acl of ['Get', 'Get=*&Rename=a', 'Get=a&Get=b', 'Get=a b', 'Get=*&&Add=*', `Get=${'a'.repeat(5000)}`])
      await expect(phone.isAsked([{ setAcl: { ...NODE, acl } }])).rejects.toThrow(/BAD_USER_INPUT/);
    await phone.begins();
    expect(phone.commands).toEqual([]);
  });

  test('a key with WRITE changes no list, by whatever address; one with DELEGATE does', async () => {
    const phone = await device();
    const writer = await createKey(gateway(), phone.deviceId, { right: 'READ' }, { right: 'WRITE' }, { right: 'RAW' });
    const keeper = await createKey(gateway(), phone.deviceId, { right: 'DELEGATE' }, { right: 'RAW' });
    const asks = async (key: string, commands: readonly object[]): Promise<readonly unknown[]> =>
      codesOf(await gateway().graphql(SUBMIT, { input: { deviceId: phone.deviceId, commands } }, key));
    const set = { setAcl: { ...NODE, acl: 'Replace=*' } };
    const text = { text: 'Replace=*' };
    const document = { text: '<MgmtTree/>', format: 'XML', type: 'application/vnd.syncml.dmtnds+xml' };
    expect(await asks(writer, [set])).toEqual(['FORBIDDEN']);
    expect(await asks(writer, [{ replace: { ...NODE, value: document } }])).toEqual(['FORBIDDEN']);
    for (const end of ['?prop=ACL', '%3Fprop=ACL', '%253fprop=ACL']) {
      const address = { uri: `./Vendor/A${end}` };
      expect(await asks(writer, [{ replace: { address, value: text } }])).toEqual(['BAD_USER_INPUT']);
      expect(await asks(writer, [{ add: { address, value: text } }])).toEqual(['BAD_USER_INPUT']);
    }
    expect(await asks(keeper, [{ replace: { ...NODE, value: text } }])).toEqual(['FORBIDDEN']);
    await phone.begins();
    expect(phone.commands).toEqual([]);
    expect(await asks(keeper, [set])).toEqual([]);
    await phone.begins();
    expect(phone.heard.slice(3)).toEqual(['Replace ./Vendor/A?prop=ACL', 'Final']);
  });
});

function entry(command: string, ...servers: readonly string[]): object {
  return { command, servers };
}
