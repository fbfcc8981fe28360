/** Cursors of lists of devices: each is bound to the order that it was given in. */
import { createHash } from 'node:crypto';

import { z } from 'zod';

import { isPosition, type DeviceOrderKey, type Position } from '../management/device-lists/order';
import { keyCursors, type Cursors } from './cursors';

/** Two hundred characters of a text, of up to four octets, for each of four keys. */
const LONGEST = 8_192;
const SHAPE = z.tuple([z.string(), z.string(), z.array(z.union([z.string(), z.boolean(), z.null()])).max(8)]);

export function deviceCursors(order: readonly DeviceOrderKey[]): Cursors<Position> {
  if (order.length === 0) {
    const { write, read } = keyCursors('Device');
    return {
      write: ({ key }) => write(key),
      read: (cursor) => {
        const key = read(cursor);
        return key === undefined || !/^\d+$/.test(key) ? undefined : { key, values: [] };
      },
    };
  }
  const mark = markOf(order);
  return {
    write: ({ key, values }) => Buffer.from(JSON.stringify([mark, key, values])).toString('base64url'),
    read: (cursor) => {
      const read = SHAPE.safeParse(parsed(cursor));
      if (!read.success) return undefined;
      const [own, key, values] = read.data;
      return own === mark && isPosition({ key, values }, order) ? { key, values } : undefined;
    },
  };
}

function markOf(order: readonly DeviceOrderKey[]): string {
  const told = order.map((key) => [
    key.descending,
    ...('field' in key ? [key.field] : [key.node.family, key.node.path, key.node.kind]),
  ]);
  return createHash('sha256').update(JSON.stringify(told)).digest('base64url').slice(0, 12);
}

function parsed(cursor: string): unknown {
  if (cursor.length > LONGEST || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
