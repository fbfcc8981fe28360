import type { Bytes, Context, Effect } from '../../adapter';
import { canonical } from '../addressing';
import { ALERT, readAlertCode } from '../alert-codes';
import type { AlertCommand, Item, Meta } from '../message';
import { STATUS } from '../status-codes';
import { octetsOf, readFormat } from '../values';
import { type IncomingObject, type Machine, nextObjectRef } from './machine';

/**
 * Large objects that the client sends in chunks, in Results and in Alerts alike. Chunks go to the store by effects and
 * come back, joined, with the message that may end the object; the session's state holds their count and sum.
 * Source: OMA-TS-DM_Protocol, "Large Object Handling"; dm1 section 8.
 */

/** The command that an Item stands in. */
export interface ItemOwner {
  /** The same for all chunks of one object. */
  readonly key: string;
  /** LocURI that the Item names; empty where it names none. */
  readonly uri: string;
}

export type TakenItem =
  /** No part of a large object. */
  | { readonly kind: 'item' }
  /** 213: a chunk was kept; 416 and 424: the object is refused. */
  | { readonly kind: 'chunk'; readonly code: 213 | 416 | 424 }
  /** The Item as if it had come at once. */
  | { readonly kind: 'whole'; readonly item: Item; readonly meta: Meta };

/** Objects of one message. */
export class IncomingObjects {
  readonly effects: Effect[] = [];
  /** LocURI of an object whose end never came: Alert 1225 is due. */
  unfinished: string | undefined;
  /** Chunks of this message that the store does not have yet. */
  private fresh: Bytes[] = [];
  private isContinued: boolean;

  constructor(
    private readonly machine: Machine,
    private readonly context: Context,
  ) {
    this.isContinued = machine.incoming === undefined;
  }

  take(owner: ItemOwner, meta: Meta, item: Item): TakenItem {
    const { incoming } = this.machine;
    const continues = incoming?.key === owner.key && canonical(incoming.uri) === canonical(owner.uri);
    if (incoming !== undefined && !continues) this.interrupt();
    if (!item.moreData && !continues) return { kind: 'item' };
    this.isContinued = true;
    const object = this.add(
      continues ? incoming : this.begin(owner, meta),
      octetsOf(item.data),
      item.moreData === true,
    );
    if (object.refused !== undefined) {
      if (!item.moreData) delete this.machine.incoming;
      return { kind: 'chunk', code: object.refused };
    }
    return item.moreData ? { kind: 'chunk', code: STATUS.CHUNK_ACCEPTED } : this.finish(object, meta, item);
  }

  /** A further part of an object that was refused came, and perhaps the last. */
  hears(goesOn: boolean): void {
    this.isContinued = true;
    if (!goesOn) delete this.machine.incoming;
  }

  /** Something else stands where the next chunk is due. */
  interrupt(): void {
    const { incoming } = this.machine;
    if (incoming === undefined) return;
    if (incoming.refused === undefined) {
      this.unfinished = incoming.uri;
      this.effects.push({ kind: 'noted', what: `the large object ${incoming.uri} was not finished` });
    }
    this.drop();
  }

  /** Chunks come in consecutive messages: one that brings none breaks the object off. */
  end(): void {
    if (!this.isContinued) this.interrupt();
  }

  drop(): void {
    const { incoming } = this.machine;
    if (incoming !== undefined && incoming.chunks > 0) this.effects.push({ kind: 'chunksDropped', ref: incoming.ref });
    delete this.machine.incoming;
    this.fresh = [];
  }

  private begin({ key, uri }: ItemOwner, meta: Meta): IncomingObject {
    const size = meta.size?.trim() ?? '';
    return {
      ref: nextObjectRef(this.machine, 'in'),
      key,
      uri,
      meta: { ...meta, size: undefined },
      ...(/^\d{1,12}$/.test(size) ? { size: Number(size) } : {}),
      octets: 0,
      chunks: 0,
    };
  }

  /** The object with a part more; of one that is refused nothing is kept. */
  private add(object: IncomingObject, octets: Bytes, isKept: boolean): IncomingObject {
    const sum = object.octets + octets.length;
    const refused = object.refused ?? this.judge(object, sum);
    if (refused !== undefined) {
      this.machine.incoming = object;
      this.drop();
      this.machine.incoming = { ...object, octets: 0, chunks: 0, refused };
      return this.machine.incoming;
    }
    if (isKept) {
      this.effects.push({ kind: 'chunkKept', ref: object.ref, position: object.chunks, octets });
    }
    this.fresh.push(octets);
    this.machine.incoming = { ...object, octets: sum, chunks: object.chunks + (isKept ? 1 : 0) };
    return this.machine.incoming;
  }

  private judge(object: IncomingObject, sum: number): 416 | 424 | undefined {
    if (Math.max(sum, object.size ?? 0) > this.context.limits.maxObjSize) return STATUS.TOO_BIG;
    return object.size !== undefined && sum > object.size ? STATUS.SIZE_MISMATCH : undefined;
  }

  private finish(object: IncomingObject, meta: Meta, item: Item): TakenItem {
    const octets = Buffer.concat([this.context.objectSoFar ?? new Uint8Array(0), ...this.fresh]);
    this.drop();
    // What the store does not have any more is missing in the sum as well.
    if (octets.length !== (object.size ?? object.octets)) return { kind: 'chunk', code: STATUS.SIZE_MISMATCH };
    const whole = { ...meta, ...defined(object.meta) };
    return {
      kind: 'whole',
      meta: whole,
      item: { ...item, meta: whole, data: wholeData(octets, whole.format), moreData: undefined },
    };
  }
}

/** Puts the large Items of an Alert together. */
export function wholeAlert(
  objects: IncomingObjects,
  alert: AlertCommand,
): {
  /** The Alert with the Items that are complete; absent when none is. */
  readonly alert?: AlertCommand;
  /** Of the Alert, where a chunk decides it. */
  readonly code?: number;
} {
  const alertCode = readAlertCode(alert.data);
  // The session's own alerts steer it, and stand beside chunks.
  if (alertCode !== ALERT.CLIENT_EVENT && alertCode !== ALERT.GENERIC) return { alert };
  const items: Item[] = [];
  let code: number | undefined;
  for (const item of alert.items) {
    const uri = item.source?.locUri ?? item.target?.locUri ?? '';
    const owner = { key: `Alert ${alertCode} ${alert.correlator ?? ''}`, uri };
    const taken = objects.take(owner, item.meta ?? {}, item);
    if (taken.kind === 'chunk') code = taken.code;
    else items.push(taken.kind === 'whole' ? taken.item : item);
  }
  if (code === undefined) return { alert: { ...alert, items } };
  return items.length === 0 ? { code } : { alert: { ...alert, items }, code };
}

function defined(meta: Meta): Meta {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== undefined));
}

/** Octets put together again, in the form in which one message would have brought them. */
function wholeData(octets: Buffer, format: string | undefined): Item['data'] {
  // A WBXML document begins with its version, whatever its label says; no text does.
  const isWbxml = octets[0] !== undefined && octets[0] < 0x04;
  if (isWbxml || readFormat(format) === 'bin') return { kind: 'octets', octets };
  return { kind: 'text', text: octets.toString('utf8') };
}
