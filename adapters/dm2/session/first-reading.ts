/**
 * First contact: the MOs that a device has are read once as a whole, so that callers find values. Where Package#1 listed
 * none, DevInfo and the access-control MO are asked, which between them name the instances we may see.
 * Source: OMA-TS-DM_Protocol-V2_0, 10 (access control lists instances without REQ-MOS).
 */
import type { Command, Context, Effect, Tree } from '../../adapter';
import { namesOfPath, printClientUri } from '../client-uri';
import type { DataPart, PackageCommand } from '../package';
import { DM2_STATUS } from '../status-codes';
import { featuresIn, lacking } from './features';
import type { Machine, Place, SentEntry } from './machine';
import { countNodes, readData } from './read-data';
import { supports } from './reading';
import type { Settled } from './settled';

const DEVINFO = 'urn:oma:mo:oma-dm-devinfo:1.2';
const ACCESS_CONTROL = 'urn:oma:mo:oma-dm-dacmo:1.0';
const READS_A_PACKAGE = 8;
const MAX_QUEUE = 1024;

type Discover = Extract<Command, { kind: 'discover' }>;

/** Takes the middle's wish to know the device; the reads themselves follow package by package. */
export function beginReading(command: Discover, machine: Machine, context: Context): Machine {
  if (machine.asked) return machine;
  const known = [...(machine.listed ?? []), ...(context.device?.mos ?? []).map(rootOf)];
  const queue = known.length > 0 || machine.listed !== undefined ? distinct(known) : unlistedRoots();
  return {
    ...machine,
    asked: true,
    reading: { queue, messagesLeft: command.budget.messages, nodesLeft: command.budget.nodes },
  };
}

function rootOf(mo: { readonly moid: string; readonly miid: string }): Place {
  return { moid: mo.moid, miid: mo.miid, path: '' };
}

function unlistedRoots(): readonly Place[] {
  return [
    { moid: DEVINFO, path: '' },
    { moid: ACCESS_CONTROL, path: '' },
  ];
}

function distinct(places: readonly Place[]): readonly Place[] {
  const byUri = new Map(places.map((place) => [uriOf(place), place]));
  return [...byUri.values()].slice(0, MAX_QUEUE);
}

export function uriOf(at: Place): string {
  return printClientUri({ moid: at.moid, miid: at.miid, path: namesOfPath(at.path) });
}

/** The reads of the next package, taken from the queue. */
export function nextReads(
  machine: Machine,
  context: Context,
): {
  readonly machine: Machine;
  readonly reads: readonly { readonly command: PackageCommand; readonly entry: SentEntry }[];
} {
  const { reading } = machine;
  if (reading === undefined || reading.messagesLeft <= 0 || reading.nodesLeft <= 0) return { machine, reads: [] };
  if (!supports('GET', machine, context))
    return { machine: { ...machine, reading: { ...reading, queue: [] } }, reads: [] };
  const now = reading.queue.slice(0, READS_A_PACKAGE);
  const left = { ...reading, queue: reading.queue.slice(now.length), messagesLeft: reading.messagesLeft - 1 };
  return {
    machine: { ...machine, reading: left },
    reads: now.map((at) => {
      const validator = validatorOf(at, machine, context);
      const uri = printClientUri({ moid: at.moid, miid: at.miid, path: namesOfPath(at.path), validator });
      return {
        command: ['GET', uri],
        entry: { what: 'READ', at, ...(validator === undefined ? {} : { validator }) },
      };
    }),
  };
}

/** What was read before is only read again if it has changed. */
function validatorOf(at: Place, machine: Machine, context: Context): string | undefined {
  if (at.path !== '' || !supports('query', machine, context)) return undefined;
  return context.device?.mos.find((mo) => mo.moid === at.moid && mo.miid === at.miid)?.validator;
}

export function settleRead(
  { at, validator: asked }: Extract<SentEntry, { what: 'READ' }>,
  sc: number,
  part: DataPart | undefined,
  machine: Machine,
  context: Context,
): Settled {
  if (sc === DM2_STATUS.NOT_MODIFIED && asked !== undefined) {
    return { machine, effects: [{ kind: 'valuesUnchanged', at }] };
  }
  if (sc === DM2_STATUS.NOT_IMPLEMENTED && asked === undefined) return lacking('GET', 'GET answered 501', machine);
  const read = sc === DM2_STATUS.OK && part !== undefined ? readData(part, at, undefined, context) : undefined;
  if (read === undefined || !read.ok) {
    const why = read === undefined ? `status ${sc}${part === undefined ? ', no data' : ''}` : read.message;
    return { machine, effects: [{ kind: 'noted', what: `first reading of ${uriOf(at)}: ${why}` }] };
  }

  const { tree, validator } = read.value;
  // An instance that nobody named is addressed as the only one of its type: `MOID//`.
  const miid = read.value.miid ?? at.miid ?? '';
  const effects: Effect[] = [];
  if (at.miid === undefined) effects.push({ kind: 'moAnnounced', moid: at.moid, miid, recognisedBy: 'MOID' });
  const listed = at.moid === ACCESS_CONTROL && machine.listed === undefined ? instancesIn(tree) : [];
  for (const place of listed) {
    effects.push({ kind: 'moAnnounced', moid: place.moid, miid: place.miid ?? '', recognisedBy: 'MOID' });
  }
  effects.push({
    kind: 'valuesObserved',
    at: { moid: at.moid, miid, path: '' },
    tree,
    complete: true,
    ...(validator === undefined ? {} : { validator }),
  });
  effects.push(
    ...featuresIn(
      { moid: at.moid, tree, ...(validator === undefined ? {} : { validator }) },
      context.device?.features ?? {},
    ),
  );
  return { machine: withRead(machine, countNodes(tree), listed), effects };
}

function withRead(machine: Machine, nodes: number, listed: readonly Place[]): Machine {
  const { reading } = machine;
  if (reading === undefined) return machine;
  const fresh = listed.filter((place) => place.moid !== DEVINFO && place.moid !== ACCESS_CONTROL);
  return {
    ...machine,
    reading: { ...reading, queue: distinct([...reading.queue, ...fresh]), nodesLeft: reading.nodesLeft - nodes },
  };
}

/** The access-control MO names each instance: node MOID, below it node MIID. */
function instancesIn(tree: Tree): readonly Place[] {
  return (tree.children ?? [])
    .flatMap((mo) => (mo.children ?? []).map((instance): Place => ({ moid: mo.name, miid: instance.name, path: '' })))
    .slice(0, MAX_QUEUE);
}

/** Ends the reading when nothing is left or the budget is spent; a list of MOs was complete already when it came. */
export function afterFirstReading(settled: Settled): Settled {
  const { reading } = settled.machine;
  if (reading === undefined) return settled;
  if (reading.queue.length > 0 && reading.messagesLeft > 0 && reading.nodesLeft > 0) return settled;
  const { reading: _, ...machine } = settled.machine;
  if (machine.listed !== undefined) return { ...settled, machine };
  return { machine, effects: [...settled.effects, { kind: 'discoveryComplete', complete: false }] };
}
