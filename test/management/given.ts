/** Small things to test the middle with, in its own words. */
import { DdfLibrary } from '../../schema/ddf/library';
import type { AccessVerb, DdfFormat, DdfNode, MoDefinition } from '../../schema/ddf/model';
import { LiveOperation } from '../../src/management/command-state';
import type { ActiveCommandRow, ActiveOperationRow } from '../../src/store/turn-load';

export const NOW = Date.UTC(2026, 10, 23, 12);

export function givenNode(name: string, format: DdfFormat, more: Partial<DdfNode> = {}): DdfNode {
  return {
    name,
    format,
    access: ['Get'],
    occurrence: { min: 1, max: 1 },
    permanent: true,
    mimeTypes: [],
    extensions: [],
    children: [],
    at: { line: 1, column: 1 },
    ...more,
  };
}

export function givenMo(moid: string, place: string | undefined, root: DdfNode): MoDefinition {
  const colon = moid.lastIndexOf(':');
  return { moid, family: moid.slice(0, colon), version: moid.slice(colon + 1), place, root };
}

const ALL: readonly AccessVerb[] = ['Add', 'Delete', 'Exec', 'Get', 'Replace'];

/** A lamp (any number of them, below ./Lamps), DevInfo, and a box that has no place of its own. */
export const LIBRARY = new DdfLibrary([
  givenMo(
    'urn:oma:mo:oma-dm-devinfo:1.1',
    './DevInfo',
    givenNode('DevInfo', 'node', {
      children: [givenNode('DevId', 'chr'), givenNode('Man', 'chr', { access: ['Get'] })],
    }),
  ),
  givenMo(
    'urn:example:lamp:1.0',
    './Lamps',
    givenNode('', 'node', {
      access: ALL,
      children: [
        givenNode('Name', 'chr', { access: ['Get', 'Replace'], mimeTypes: ['text/plain'] }),
        givenNode('Level', 'int', {
          access: ['Get', 'Replace'],
          allowed: { kind: 'range', ranges: [{ min: 0n, max: 100n }], text: '[0-100]' },
        }),
        givenNode('Mode', 'chr', {
          access: ['Get', 'Replace'],
          allowed: { kind: 'enum', values: [{ value: 'on' }, { value: 'off' }] },
        }),
        givenNode('Blink', 'null', { access: ['Exec'] }),
        givenNode('Colours', 'node', {
          access: ['Get', 'Add', 'Delete'],
          children: [
            givenNode('', 'node', {
              access: ['Add', 'Delete', 'Get'],
              children: [givenNode('Red', 'int', { access: ['Get', 'Add', 'Replace'] }), givenNode('Picture', 'bin')],
            }),
          ],
        }),
      ],
    }),
  ),
  givenMo(
    'urn:example:box:1.0',
    undefined,
    givenNode('', 'node', { access: ALL, children: [givenNode('Size', 'int')] }),
  ),
]);

export function givenCommand(position: number, kind: string, more: Partial<ActiveCommandRow> = {}): ActiveCommandRow {
  return {
    position,
    kind,
    state: 'QUEUED',
    moid: 'urn:example:lamp:1.0',
    family: 'urn:example:lamp',
    miid: 'L1',
    path: 'Name',
    uri: null,
    request: {},
    repeatable: false,
    outcome: null,
    ...more,
  };
}

export function givenOperation(
  commands: readonly ActiveCommandRow[],
  more: Partial<ActiveOperationRow> = {},
): LiveOperation {
  return new LiveOperation({
    id: '7',
    state: 'QUEUED',
    atomic: false,
    onFailure: 'STOP',
    expiresAt: new Date(NOW + 3_600_000).toISOString(),
    cancelRequested: false,
    commands,
    ...more,
  });
}

/** The command at a position, which is there. */
export function at(operation: LiveOperation, position: number): LiveOperation['commands'][number] {
  const command = operation.command(position);
  if (command === undefined) throw new Error(`the operation has no command ${position}`);
  return command;
}

export function states(operation: LiveOperation): string[] {
  return operation.commands.map((command) => command.state);
}
