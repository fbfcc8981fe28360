/** 1. Every accepted operation ended exactly once. 2. No add or exec was done twice unless repeatable. */
import type { Accepted } from './caller';
import type { Findings } from './findings';
import type { DeviceRecord } from './record';
import type { PlannedCommand } from './schedule';
import type { Stored, StoredCommand, StoredOperation } from './stored';

const ENDED = ['ANSWERED', 'SKIPPED', 'EXPIRED', 'CANCELLED', 'SUPERSEDED', 'IN_DOUBT'];

export function checkOperations(findings: Findings, stored: Stored, accepted: readonly Accepted[]): void {
  const byKey = new Map<string, StoredOperation[]>();
  for (const operation of stored.operations) {
    const { deviceId, idempotencyKey } = operation;
    if (idempotencyKey === null) continue;
    const at = `${deviceId} ${idempotencyKey}`;
    byKey.set(at, [...(byKey.get(at) ?? []), operation]);
  }
  for (const { deviceId, key } of accepted) {
    const found = byKey.get(`${deviceId} ${key}`)?.length ?? 0;
    findings.check(found === 1, () => `${deviceId} ${key}: accepted, and ${found} are stored`);
  }
  const own = [...byKey.values()].flat().length;
  findings.check(own === accepted.length, () => `${accepted.length} operations were accepted, ${own} are stored`);
  const told = new Map<string, string[]>();
  for (const { device, type, data } of stored.events) {
    if (!type.startsWith('operation')) continue;
    const at = `${device}.${String(data['operation'])}`;
    told.set(at, [...(told.get(at) ?? []), type === 'operationEnded' ? `ended ${String(data['state'])}` : type]);
  }
  for (const operation of stored.operations) checkOne(findings, operation, told);
}

function checkOne(
  findings: Findings,
  { key, device, deviceId, idempotencyKey, state, isEnded, commands }: StoredOperation,
  told: ReadonlyMap<string, readonly string[]>,
): void {
  const name = `${deviceId} operation ${key} (${idempotencyKey ?? 'of the gateway'})`;
  findings.check(isEnded, () => `${name} has not ended: ${state}`);
  for (const command of commands)
    findings.check(ENDED.includes(command.state), () => `${name}: command ${command.position} is ${command.state}`);
  findings.check(
    state === stateOf(commands),
    () => `${name} is ${state} where its commands make it ${stateOf(commands)}`,
  );
  const events = told.get(`${device}.${key}`) ?? [];
  const accepted = events.filter((event) => event === 'operationAccepted').length;
  findings.check(accepted === 1 && events[0] === 'operationAccepted', () => `${name} was accepted ${accepted} times`);
  const ends = events.filter((event) => event.startsWith('ended'));
  findings.check(
    ends.length === 1 && ends[0] === `ended ${state}` && events.at(-1) === ends[0],
    () => `${name} is ${state}, and its events are ${events.join(', ')}`,
  );
}

/** As docs/queue.md has it, of ended commands. */
function stateOf(commands: readonly StoredCommand[]): string {
  const has = (state: string): boolean => commands.some((command) => command.state === state);
  if (has('IN_DOUBT')) return 'IN_DOUBT';
  if (commands.some(({ state, outcome }) => state === 'ANSWERED' && outcome !== 'OK')) return 'FAILED';
  return ['CANCELLED', 'EXPIRED', 'SUPERSEDED'].find(has) ?? 'SUCCEEDED';
}

/** A command as it was planned, and what became of it. */
export interface Fate {
  readonly name: string;
  readonly deviceId: string;
  readonly planned: PlannedCommand;
  readonly stored: StoredCommand;
}

/** In the order of acceptance. */
export function fatesOf(stored: Stored, accepted: readonly Accepted[]): readonly Fate[] {
  const byKey = new Map(stored.operations.map((one) => [`${one.deviceId} ${one.idempotencyKey ?? ''}`, one]));
  return accepted.flatMap(({ deviceId, key, commands }) => {
    const found = byKey.get(`${deviceId} ${key}`);
    return commands.flatMap((planned, position) => {
      const command = found?.commands.find((one) => one.position === position);
      const name = `${deviceId} ${key}.${position} ${planned.kind} ${planned.path}`;
      return command === undefined ? [] : [{ name, deviceId, planned, stored: command }];
    });
  });
}

export function checkDeeds(
  findings: Findings,
  fates: readonly Fate[],
  records: ReadonlyMap<string, DeviceRecord>,
): void {
  for (const fate of fates) {
    const record = records.get(fate.deviceId);
    if (record === undefined || fate.planned.kind === 'get') continue;
    const { kind, path, value, repeatable } = fate.planned;
    // An add that is fetched as a document writes over what is there.
    const times = record.times(kind, path, value) + (kind === 'add' ? record.times('replace', path, value) : 0);
    const { state, outcome } = fate.stored;
    const became = `${state}${outcome === null ? '' : ` ${outcome}`}`;
    const isOnce = (kind === 'add' || kind === 'exec') && repeatable !== true;
    if (isOnce) findings.check(times <= 1, () => `${fate.name} was done ${times} times`);
    if (state === 'ANSWERED' && outcome === 'OK' && kind !== 'delete')
      findings.check(times >= 1, () => `${fate.name} is ${became}, and was done ${times} times`);
    const isNever = ['SKIPPED', 'EXPIRED', 'CANCELLED', 'SUPERSEDED'].includes(state) && repeatable !== true;
    if (isNever) findings.check(times === 0, () => `${fate.name} is ${became}, and was done ${times} times`);
    if (state === 'ANSWERED' && outcome !== 'OK' && isOnce)
      findings.check(times === 0, () => `${fate.name} is ${became}, and was done ${times} times`);
  }
}
