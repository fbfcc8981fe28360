/**
 * What a caller must see, reckoned from what an administrator sees and the caller's grants. Written for its plainness, and
 * without anything of the gateway's.
 */
import { fulfils, type FilterInput } from './filters';

export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

export interface FullObject {
  readonly moid: string;
  readonly family: string;
  readonly miid: string;
  readonly values: Json;
  readonly history: readonly { readonly path: string; readonly new: Json }[];
}
export interface FullDevice {
  readonly id: string;
  readonly deviceId: string;
  readonly tags: readonly string[];
  readonly account: string;
  readonly protocol: string;
  readonly supported: readonly string[];
  readonly features: readonly string[];
  readonly objects: readonly FullObject[];
}
export interface FullAlert {
  readonly id: string;
  readonly type: string;
  readonly deviceId: string;
  readonly source: { readonly moid: string; readonly path: string } | null;
  readonly data: Json;
  readonly resultCode: number | null;
  readonly correlator: string | null;
}
export interface FullEvent {
  readonly id: string;
  readonly type: string;
  /** null: of no device. */
  readonly deviceId: string | null;
  readonly data: Json;
}
export interface FullCommand {
  readonly kind: string;
  readonly moid: string;
  readonly path: string;
  readonly result: Json;
}
export interface FullOperation {
  readonly id: string;
  readonly deviceId: string;
  readonly caller: string;
  readonly state: string;
  readonly commands: readonly FullCommand[];
}
/** Everything, in the order in which an administrator gets it. */
export interface Full {
  readonly devices: readonly FullDevice[];
  readonly alerts: readonly FullAlert[];
  readonly events: readonly FullEvent[];
  readonly operations: readonly FullOperation[];
}

export interface OwnGrant {
  readonly right: string;
  readonly deviceId?: string;
  readonly accountId?: string;
  readonly tag?: string;
  readonly where?: FilterInput;
  readonly family?: string;
  readonly path?: string;
}

const DATA = ['READ', 'WRITE', 'EXECUTE', 'DELEGATE'];
const NEEDED: Readonly<Record<string, string>> = { GET: 'READ', REPLACE: 'WRITE', EXEC: 'EXECUTE' };

export class Oracle {
  /** What was reckoned already. */
  private readonly known = new Map<string, unknown>();

  /** @param grants those that hold now */
  constructor(
    readonly full: Full,
    readonly principal: string,
    private readonly grants: readonly OwnGrant[],
  ) {}

  devices(): readonly FullDevice[] {
    return this.once('devices', () => this.full.devices.filter((device) => this.sees(device)));
  }

  device(deviceId: string | null): FullDevice | undefined {
    return this.devices().find((device) => device.deviceId === deviceId);
  }

  sees(device: FullDevice): boolean {
    return [...DATA, 'MANAGE_DEVICES'].some((right) => this.on(device, right).length > 0);
  }

  holds(device: FullDevice, right: string): boolean {
    return this.on(device, right).length > 0;
  }

  /** Whether a right is held on a node and all below it. */
  may(device: FullDevice, right: string, family: string, path: string): boolean {
    return this.on(device, right).some((grant) => {
      if (grant.family === undefined) return true;
      if (grant.family !== family) return false;
      const names = path === '' ? [] : path.split('/');
      return wayOf(grant).every((name, index) => index < names.length && (name === '*' || name === names[index]));
    });
  }

  mayAll(device: FullDevice, right: string): boolean {
    return this.on(device, right).some(({ family }) => family === undefined);
  }

  /** Objects of which something may be read, with what may be read of them. */
  objects(device: FullDevice): readonly FullObject[] {
    return device.objects.flatMap((object) => {
      const grants = this.on(device, 'READ').filter(({ family }) => (family ?? object.family) === object.family);
      if (grants.length === 0) return [];
      const ways = grants.map(wayOf);
      const values = keep(object.values, ways) ?? {};
      const isSeen = ({ path }: { readonly path: string }): boolean => this.may(device, 'READ', object.family, path);
      return [{ ...object, values, history: object.history.filter(isSeen) }];
    });
  }

  supported(device: FullDevice): readonly string[] {
    const touched = (moid: string): boolean =>
      DATA.some((right) => this.on(device, right).some(({ family }) => (family ?? familyOf(moid)) === familyOf(moid)));
    return device.supported.filter(touched);
  }

  fitting(where: FilterInput): readonly FullDevice[] {
    return this.devices().filter((device) => fulfils(where, device, this.objects(device)));
  }

  alerts(): readonly FullAlert[] {
    return this.once('alerts', () => this.allAlerts());
  }

  events(): readonly FullEvent[] {
    return this.once('events', () => this.allEvents());
  }

  private once<T>(what: string, reckon: () => T): T {
    if (!this.known.has(what)) this.known.set(what, reckon());
    return this.known.get(what) as T;
  }

  private allAlerts(): readonly FullAlert[] {
    return this.full.alerts.flatMap((alert) => {
      const device = this.device(alert.deviceId);
      if (device === undefined) return [];
      const isRead =
        alert.source === null
          ? this.mayAll(device, 'READ')
          : this.may(device, 'READ', familyOf(alert.source.moid), alert.source.path);
      return [isRead ? alert : { ...alert, source: null, data: null, resultCode: null, correlator: null }];
    });
  }

  private allEvents(): readonly FullEvent[] {
    return this.full.events.flatMap((event) => {
      const device = this.device(event.deviceId);
      if (device === undefined) return [];
      if (event.type !== 'valuesChanged') return [this.mayAll(device, 'READ') ? event : { ...event, data: null }];
      const { family, changes, ...rest } = event.data as { family: string; changes: readonly { path: string }[] };
      const seen = changes.filter(({ path }) => this.may(device, 'READ', family, path));
      return [{ ...event, data: seen.length === 0 ? null : ({ ...rest, family, changes: seen } as Json) }];
    });
  }

  operation(id: string): FullOperation | undefined {
    const found = this.full.operations.find((one) => one.id === id);
    const device = found && this.device(found.deviceId);
    if (found === undefined || device === undefined) return undefined;
    if (found.caller !== this.principal && !this.mayAll(device, 'READ')) return undefined;
    const commands = found.commands.map((command) =>
      this.may(device, NEEDED[command.kind] ?? '', familyOf(command.moid), command.path)
        ? command
        : { ...command, result: null },
    );
    return { ...found, commands };
  }

  private on(device: FullDevice, right: string): readonly OwnGrant[] {
    return this.grants.filter((grant) => {
      if (grant.right !== right) return false;
      if (grant.deviceId !== undefined) return grant.deviceId === device.deviceId;
      if (grant.accountId !== undefined) return grant.accountId === device.account;
      if (grant.tag !== undefined) return device.tags.includes(grant.tag);
      // Of the whole device.
      return grant.where === undefined || fulfils(grant.where, device, device.objects);
    });
  }
}

export function familyOf(moid: string): string {
  return moid.replace(/:\d+(?:\.\d+)*$/, '');
}

/** Names of a grant's path; none: the whole object. */
function wayOf({ family, path }: OwnGrant): readonly string[] {
  return family === undefined || path === undefined || path === '' ? [] : path.split('/');
}

/** What lies on or below some ways; undefined: nothing. */
function keep(node: Json, ways: readonly (readonly string[])[]): Json {
  if (ways.some((way) => way.length === 0)) return node;
  if (typeof node !== 'object' || node === null) return undefined;
  const kept = Object.entries(node as { readonly [name: string]: Json }).flatMap(([name, below]) => {
    const spelled = name.replace(/%/g, '%25').replace(/\//g, '%2F');
    const on = ways.filter(([first]) => first === '*' || first === spelled).map(([, ...rest]) => rest);
    const left = on.length === 0 ? undefined : keep(below, on);
    return left === undefined ? [] : [[name, left] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
