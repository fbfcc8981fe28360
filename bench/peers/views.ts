/** What the peers show of the documents of management objects: plain objects with GraphQL's names. */

type Leaf = string | number | null;
type Document = { readonly [name: string]: Leaf | Document | undefined };

export interface DevInfoView {
  readonly devId: string | null;
  readonly man: string | null;
  readonly mod: string | null;
  readonly dmV: string | null;
  readonly lang: string | null;
}

export interface FumoView {
  readonly pkgName: string | null;
  readonly pkgVersion: string | null;
  readonly state: number | null;
}

export interface ComponentView {
  readonly nodeName: string;
  readonly id: string | null;
  readonly name: string | null;
  readonly version: string | null;
  readonly description: string | null;
  readonly status: number | null;
  readonly state: number | null;
  readonly envType: string | null;
}

export interface ScomoView {
  readonly inventory: { readonly deployed: { readonly items: readonly ComponentView[] } };
}

export function devInfoOf(values: unknown): DevInfoView {
  const { DevId, Man, Mod, DmV, Lang } = documentOf(values);
  return { devId: text(DevId), man: text(Man), mod: text(Mod), dmV: text(DmV), lang: text(Lang) };
}

export function fumoOf(values: unknown): FumoView {
  const { PkgName, PkgVersion, State } = documentOf(values);
  return { pkgName: text(PkgName), pkgVersion: text(PkgVersion), state: int(State) };
}

export function scomoOf(values: unknown): ScomoView {
  const deployed = documentOf(documentOf(documentOf(values)['Inventory'])['Deployed']);
  return {
    inventory: {
      deployed: { items: Object.entries(deployed).map(([name, entry]) => componentOf(name, documentOf(entry))) },
    },
  };
}

function componentOf(nodeName: string, entry: Document): ComponentView {
  const { ID, Name, Version, Description, Status, State, EnvType } = entry;
  return {
    nodeName,
    id: text(ID),
    name: text(Name),
    version: text(Version),
    description: text(Description),
    status: int(Status),
    state: int(State),
    envType: text(EnvType),
  };
}

function documentOf(value: unknown): Document {
  return typeof value === 'object' && value !== null ? (value as Document) : {};
}

function text(value: Document[string]): string | null {
  return typeof value === 'string' ? value : null;
}

function int(value: Document[string]): number | null {
  return typeof value === 'number' ? value : null;
}
