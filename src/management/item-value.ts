/** A file of the repository as a node's value: its content, or the address at which the device fetches it. Pure. */
import type { DmFormat } from '../../adapters/adapter';
import type { StoredValue } from './stored-value';
import { ManagementError } from './types';

/** A file that is there and that the caller may send. */
export interface UsableItem {
  readonly id: string;
  readonly mime: string;
  readonly length: number;
  readonly access: 'DEVICE' | 'ADDRESS' | null;
  /** Its octets have come. */
  readonly isReady: boolean;
}

/** Formats that take a file's octets; text takes its address. */
const CONTENT: readonly DmFormat[] = ['bin', 'xml'];

/**
 * @param format the node's; undefined where neither a DDF nor the caller tells it
 *
 * Errors: NOT_FOUND, BAD_USER_INPUT, BAD_FORMAT.
 */
export function itemValue(
  id: string,
  items: ReadonlyMap<string, UsableItem> | undefined,
  format: DmFormat | undefined,
  where: string,
): StoredValue {
  const item = items?.get(id);
  if (item === undefined) throw new ManagementError('NOT_FOUND', `${where}.repositoryItem: there is no such item`);
  if (!item.isReady)
    throw new ManagementError('BAD_USER_INPUT', `${where}.repositoryItem: its octets have not come yet`);
  if (format === undefined)
    throw new ManagementError(
      'BAD_USER_INPUT',
      `${where}.format: nothing tells what the node takes: chr for the item's address, bin for its content`,
    );
  if (format !== 'chr' && !CONTENT.includes(format))
    throw new ManagementError(
      'BAD_FORMAT',
      `${where}: a node of format ${format} takes neither an item's address nor its content`,
      { expected: format },
    );
  return {
    f: format,
    ...(format === 'chr' ? {} : { m: item.mime }),
    k: 'f',
    d: item.id,
    l: item.length,
    ...(item.access === null ? {} : { a: item.access }),
  };
}

/** Whether the device gets the octets themselves, and not an address as text. */
export function isContent(value: StoredValue): boolean {
  return value.k === 'f' && value.f !== 'chr';
}
