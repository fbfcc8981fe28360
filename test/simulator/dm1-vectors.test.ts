import { readFileSync } from 'node:fs';

import { decodeMessage } from '../../adapters/dm1/codec';
import type { Message } from '../../adapters/dm1/message';
import { checkCommands } from '../../src/simulator/dm1/check-commands';
import { readServerMessage } from '../../src/simulator/dm1/check-message';
import { checkXml } from '../../src/simulator/dm1/check-xml';
import { describeShared, sharedPath } from '../support/shared';

/** Messages of sessions that keep every rule: what the device says and what its server answers. */
const PAIRS: readonly (readonly [client: string, server: string, state: 'first' | 'running' | 'chunk'])[] = [
  ['01-pkg1-nocred', '02-pkg2-challenge-md5', 'first'],
  ['03-pkg1-md5-retry', '04-pkg2-commands', 'first'],
  ['05-pkg3-statuses-results', '06-pkg4-end', 'running'],
  ['07-pkg1-basic-cred', '08-pkg2-401', 'first'],
  ['28-lo-client-213-1222', '29-lo-server-chunk2', 'chunk'],
  ['32-lo-results-chunk1', '33-server-alert-1222', 'running'],
  ['37-pkg3-part1-nofinal', '38-server-next-message', 'running'],
  ['39-pkg3-part2-final', '41-server-abort', 'running'],
  ['40-client-abort', '73-server-answers-abort', 'running'],
  ['44-alert-devicerequest', '46-pkg2-alert-answers', 'running'],
  ['45-alert-1224', '46-pkg2-alert-answers', 'running'],
  ['47-dm112-pkg1', '49-dm112-challenge', 'first'],
  ['68-pkg3-client-challenges-server', '69-pkg4-server-proves-itself', 'running'],
];

const COMMANDS = [
  '17-pkg2-add-tnds',
  '19-pkg2-atomic',
  '22-pkg2-sequence-confirm',
  '24-pkg2-ui-alerts',
  '27-lo-server-chunk1',
  '30-lo-server-chunk-last',
  '67-pkg2-add-tnds-inline',
];

function octetsOf(name: string, form: 'xml' | 'wbxml'): Uint8Array {
  return new Uint8Array(readFileSync(sharedPath('vectors', 'dm1', `${name}.${form}`)));
}

function messageOf(name: string, form: 'xml' | 'wbxml'): Message {
  const decoded = decodeMessage(octetsOf(name, form), `application/vnd.syncml.dm+${form}`);
  if (!decoded.ok) throw new Error(`${name}: ${decoded.message}`);
  return decoded.value.message;
}

describeShared('The rules of a DM 1.x device agree with the vectors', () => {
  describe.each(['xml', 'wbxml'] as const)('as %s', (form) => {
    test.each(PAIRS)('%s is rightly answered by %s', (client, server, state) => {
      const sent = messageOf(client, form);
      const answer = messageOf(server, form);
      const type = sent.header.cred?.meta?.type;
      const reading = readServerMessage(answer, {
        sent,
        namespace: sent.namespace ?? '',
        deviceId: sent.header.source.locUri,
        serverMsgId: Number(answer.header.msgId) - 1,
        carriedCred: type === undefined ? false : type === 'syncml:auth-basic' ? 'basic' : 'md5',
        authenticated: state !== 'first',
        askedForChunk: state === 'chunk',
        maxMsgSize: 16_384,
      });
      expect(reading.violations).toEqual([]);
      const open = state === 'chunk' ? { openObject: 'an object' } : {};
      expect(checkCommands(reading.commands, open)).toEqual([]);
      if (form === 'xml') expect(checkXml(octetsOf(server, 'xml'))).toEqual([]);
    });

    test.each(COMMANDS)('the commands of %s are ones that a server may send', (name) => {
      const { body } = messageOf(name, form);
      expect(
        checkCommands(
          body.filter(({ kind }) => kind !== 'Status'),
          {},
        ),
      ).toEqual([]);
      if (form === 'xml') expect(checkXml(octetsOf(name, 'xml'))).toEqual([]);
    });
  });
});
