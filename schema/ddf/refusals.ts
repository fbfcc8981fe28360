/** Why a file is refused. */
import type { DdfRefusal, Place } from './model';

export const REFUSALS = {
  TOO_LARGE: 'the file is larger than the limit',
  TOO_DEEP: 'elements, or the segments of an address, nest deeper than the limit',
  TOO_MANY_ELEMENTS: 'the file has more elements than the limit',
  TOO_MANY_NODES: 'the file describes more nodes than the limit',
  NOT_XML: 'the file is not well-formed XML',
  ENTITY_DECLARATION: 'the DOCTYPE declares an entity',
  NOT_A_DDF: 'the root element is not MgmtTree, or holds no Node',
  INSTANCE_DUMP: 'the file is a dump of an instance (TNDS), not a description',
  BAD_NAME: 'a NodeName is no segment of an address',
  BAD_PATH: 'a Path is no address',
  PATH_DISAGREES: 'the Path of a nested node contradicts where it is nested',
  BAD_MOID: 'the DDFName of a root is no identifier',
  NO_IDENTITY: 'a root has neither MOID nor name nor place',
} as const satisfies Record<string, string>;

export type RefusalCode = keyof typeof REFUSALS;

export function refusalOf(code: RefusalCode, message: string, { line, column }: Place): DdfRefusal {
  return { code, message, line, column };
}
