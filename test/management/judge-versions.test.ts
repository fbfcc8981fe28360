import { DdfLibrary } from '../../schema/ddf/library';
import { judge, type KnownDevice } from '../../src/management/judge';
import { ManagementError, type CommandInput } from '../../src/management/types';
import { givenMo, givenNode } from './given';

const LAMP = 'urn:example:lamp';
const LIBRARY = new DdfLibrary([
  givenMo(
    `${LAMP}:1.0`,
    './Lamp',
    givenNode('Lamp', 'node', { children: [givenNode('Colour', 'chr', { access: ['Get', 'Replace'] })] }),
  ),
  givenMo(
    `${LAMP}:1.1`,
    './Lamp',
    givenNode('Lamp', 'node', {
      children: [givenNode('Colour', 'chr'), givenNode('Mood', 'chr', { access: ['Get', 'Replace'] })],
    }),
  ),
]);

/** What becomes of a command to a device that has the lamp in this version. */
function judged(version: string, path: string): string {
  const moid = `${LAMP}:${version}`;
  const device: KnownDevice = {
    deviceId: 'IMEI:1',
    protocol: 'DM_1_2',
    isDiscovered: true,
    mos: [{ family: LAMP, moid, miid: 'Lamp', place: './Lamp' }],
  };
  const command: CommandInput = { kind: 'replace', address: { moid: LAMP, path }, value: { text: 'x' } };
  try {
    return judge([command], device, LIBRARY, { valueOctets: 1_000 })
      .map((row) => row.moid)
      .join();
  } catch (error) {
    if (error instanceof ManagementError) return error.code;
    throw error;
  }
}

test('a command is judged by the version that the device has, not by what another version would take', () => {
  expect(judged('1.0', 'Colour')).toBe(`${LAMP}:1.0`);
  expect(judged('1.1', 'Colour')).toBe('ACCESS_TYPE');
  expect(judged('1.0', 'Mood')).toBe('NOT_IN_DDF');
  expect(judged('1.1', 'Mood')).toBe(`${LAMP}:1.1`);
});

test('a version that no DDF describes is judged by all that are known together', () => {
  expect(judged('7.0', 'Colour')).toBe(`${LAMP}:7.0`);
  expect(judged('7.0', 'Mood')).toBe(`${LAMP}:7.0`);
  expect(judged('7.0', 'Other')).toBe('NOT_IN_DDF');
});
