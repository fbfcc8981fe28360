/** Random filters of devices: as GraphQL takes them, and what they mean, as plainly as possible. */
import type { FullDevice, Json } from './oracle';
import type { Chance } from './random';

/** An input of type DeviceFilter. */
export type FilterInput = Readonly<Record<string, unknown>>;

const TEXTS = ['a', 'ab', 'b', ''] as const;
const NAMES = ['day', 'night', 'x/y', 'peak'] as const;
export const TAGS = ['north', 'south', 'pilot'] as const;

/** Names of nodes by fields of the typed filters. */
const NODES: Readonly<Record<string, string>> = {
  unit: 'Unit',
  note: 'Note',
  serial: 'Serial',
  interval: 'Interval',
  enabled: 'Enabled',
  start: 'Start',
  pkgName: 'PkgName',
  pkgVersion: 'PkgVersion',
};
export const FAMILIES: Readonly<Record<string, string>> = {
  acmeMeter: 'urn:oma:mo:ext-acme-meter',
  fumo: 'urn:oma:mo:oma-fumo',
};

/** @param accounts ids of accounts */
export function randomFilter(
  chance: Chance,
  accounts: readonly string[],
  devices: readonly string[],
  depth = 0,
): FilterInput {
  const again = (): FilterInput => randomFilter(chance, accounts, devices, depth + 1);
  const kinds = [
    'tag',
    'account',
    'protocol',
    'ids',
    'meter',
    'meter',
    'meter',
    'fumo',
    ...(depth < 2 ? ['and', 'or', 'not'] : []),
  ];
  switch (chance.of(kinds)) {
    case 'tag':
      return { tag: chance.of(TAGS) };
    case 'account':
      return { accountId: chance.of(accounts) };
    case 'protocol':
      return { protocol: chance.of(['DM_1_2', 'DM_2_0']) };
    case 'ids':
      return { deviceId: { in: chance.some(devices, 0.4) } };
    case 'and':
      return { and: chance.times(2, again) };
    case 'or':
      return { or: chance.times(chance.below(3), again) };
    case 'not':
      return { not: again() };
    case 'fumo':
      return { fumo: { [chance.of(['pkgName', 'pkgVersion'])]: randomText(chance) } };
    default:
      return { acmeMeter: randomTree(chance, 0) };
  }
}

function randomTree(chance: Chance, depth: number): FilterInput {
  const kinds = [
    'text',
    'text',
    'number',
    'bool',
    'items',
    'items',
    'tariff',
    'any',
    ...(depth < 2 ? ['not', 'or', 'both'] : []),
  ];
  switch (chance.of(kinds)) {
    case 'text':
      return { [chance.of(['unit', 'note', 'serial'])]: randomText(chance) };
    case 'number':
      return { interval: { [chance.of(['eq', 'ne', 'lt', 'gte'])]: chance.of([0, 1, 60]) } };
    case 'bool':
      return { enabled: { eq: chance.isSo(0.5) } };
    case 'tariff':
      return { tariff: { exists: chance.isSo(0.5) } };
    case 'not':
      return { not: randomTree(chance, depth + 1) };
    case 'or':
      return { or: chance.times(2, () => randomTree(chance, depth + 1)) };
    case 'both':
      return { ...randomTree(chance, depth + 1), ...randomTree(chance, depth + 1) };
    case 'any':
      return { exists: true };
    default: {
      const item = chance.isSo(0.4) ? { nodeName: { eq: chance.of(NAMES) } } : { start: randomText(chance) };
      return { tariff: { items: { [chance.of(['some', 'every', 'none'])]: item } } };
    }
  }
}

function randomText(chance: Chance): FilterInput {
  switch (chance.of(['eq', 'ne', 'in', 'startsWith', 'exists', 'gt'])) {
    case 'eq':
      return { eq: chance.of(TEXTS) };
    case 'ne':
      return { ne: chance.of(TEXTS) };
    case 'in':
      return { in: chance.some(TEXTS) };
    case 'startsWith':
      return { startsWith: 'a' };
    case 'gt':
      return { gt: 'a' };
    default:
      return { exists: chance.isSo(0.5) };
  }
}

/** Whether a device fulfils a filter, as far as its objects are seen. */
export function fulfils(
  filter: FilterInput,
  device: FullDevice,
  objects: readonly { readonly family: string; readonly values: Json }[],
): boolean {
  return Object.entries(filter).every(([name, value]) => {
    switch (name) {
      case 'and':
        return (value as readonly FilterInput[]).every((one) => fulfils(one, device, objects));
      case 'or':
        return (value as readonly FilterInput[]).some((one) => fulfils(one, device, objects));
      case 'not':
        return !fulfils(value as FilterInput, device, objects);
      case 'tag':
        return device.tags.includes(value as string);
      case 'accountId':
        return device.account === value;
      case 'protocol':
        return device.protocol === value;
      case 'deviceId':
        return (value as { readonly in: readonly string[] }).in.includes(device.deviceId);
      default:
        return objects.some((one) => one.family === FAMILIES[name] && holds(value as FilterInput, one.values));
    }
  });
}

function holds(tree: FilterInput, node: Json, own?: string): boolean {
  return Object.entries(tree).every(([name, value]) => {
    const input = value as FilterInput;
    switch (name) {
      case 'or':
        return (value as readonly FilterInput[]).some((one) => holds(one, node, own));
      case 'not':
        return !holds(input, node, own);
      case 'exists':
        return (node !== undefined) === value;
      case 'nodeName':
        return input['eq'] === own;
      case 'tariff':
        return holds(input, child(node, 'Tariff'));
      case 'items': {
        const entries = Object.entries(isObject(node) ? node : {});
        const fits = (of: unknown) => entries.map(([entry, below]) => holds(of as FilterInput, below, entry));
        return Object.entries(input).every(([quantifier, of]) =>
          quantifier === 'some' ? fits(of).includes(true) : !fits(of).includes(quantifier === 'none'),
        );
      }
      default:
        return Object.entries(input).every(([operator, wanted]) =>
          compare(operator, child(node, NODES[name] ?? ''), wanted),
        );
    }
  });
}

function compare(operator: string, found: Json, wanted: unknown): boolean {
  if (operator === 'exists') return (found !== undefined) === wanted;
  if (found === undefined || typeof found !== typeof (Array.isArray(wanted) ? wanted[0] : wanted))
    return operator === 'ne' && found !== undefined;
  switch (operator) {
    case 'eq':
      return found === wanted;
    case 'ne':
      return found !== wanted;
    case 'in':
      return (wanted as readonly unknown[]).includes(found);
    case 'startsWith':
      return (found as string).startsWith(wanted as string);
    case 'lt':
      return (found as number) < (wanted as number);
    case 'gt':
      return (found as number) > (wanted as number);
    default:
      return (found as number) >= (wanted as number);
  }
}

function isObject(node: Json): node is { readonly [name: string]: Json } {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

function child(node: Json, name: string): Json {
  return isObject(node) ? node[name] : undefined;
}
