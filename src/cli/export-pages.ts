/** Pages of the API's lists, as lines of an export. */
import type { DeviceCondition, Json } from '../management/types';
import { CommandError } from './command';
import type { GatewayClient } from './gateway-client';
import type { Kind } from './records';

export interface ExportPage {
  readonly lines: readonly string[];
  /** What is left out, and what no import takes. */
  readonly warnings: readonly string[];
  /** Of the last item; undefined: there is none. */
  readonly cursor: string | undefined;
  readonly isMore: boolean;
}

type Item = Readonly<Record<string, unknown>>;

interface Connection {
  readonly nodes: readonly Item[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const PAGE = 500;
const CREDENTIALS = 'clientAuth { type username } serverAuth { type username }';
const ACCOUNT = 'account { serverId name }';
const MEMBERS: Readonly<Record<Kind, string>> = {
  account: `serverId name autoRegister bearers ${CREDENTIALS}`,
  device: `deviceId ${ACCOUNT} protocol tags timeZone bearers msisdn udpAddress ${CREDENTIALS}`,
  grant: `id scope principal right device { deviceId } ${ACCOUNT} tag filter moid path expiresAt`,
};

/** Errors: CommandError. */
export async function exportPage(client: GatewayClient, kind: Kind, after: string | undefined): Promise<ExportPage> {
  const field = `${kind}s`;
  const { data, errors } = await client.ask(
    `query ($after: String) { ${field}(first: ${PAGE}, after: $after) { nodes { ${MEMBERS[kind]} } pageInfo { hasNextPage endCursor } } }`,
    { after: after ?? null },
  );
  const [error] = errors;
  if (error !== undefined) throw new CommandError(`${field} cannot be exported: ${error.code} ${error.message}`);
  const { nodes, pageInfo } = data?.[field] as Connection;
  const warnings: string[] = [];
  const lines = nodes.flatMap((node) => {
    const record = kind === 'grant' ? grantRecord(node, warnings) : withCredentials(node);
    return record === null ? [] : [JSON.stringify({ kind, ...record })];
  });
  return { lines, warnings, cursor: pageInfo.endCursor ?? undefined, isMore: pageInfo.hasNextPage };
}

/** A credential that is none of its own is left out, and so is a user name that there is not. */
function withCredentials({ clientAuth, serverAuth, ...node }: Item): Item {
  const written = (name: string, credential: unknown): Item =>
    credential == null ? {} : { [name]: withoutNulls(credential as Item) };
  return { ...node, ...written('clientAuth', clientAuth), ...written('serverAuth', serverAuth) };
}

function grantRecord({ id, scope, device, account, filter, ...said }: Item, warnings: string[]): Item | null {
  // Without its device or account it would hold everywhere.
  if ((scope === 'DEVICE' && device === null) || (scope === 'ACCOUNT' && account === null)) return null;
  const where = filter === null ? null : whereOf(filter as DeviceCondition);
  if (where === undefined)
    warnings.push(
      `grant ${String(id)} holds by a filter over management objects or an account, which is written as "filter" and cannot be imported`,
    );
  return withoutNulls({
    ...said,
    deviceId: (device as { readonly deviceId: string } | null)?.deviceId ?? null,
    account: account ?? null,
    ...(where === undefined ? { filter } : { where }),
  });
}

function withoutNulls(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null));
}

/** The `where` of which a stored condition was made; undefined where it names what is of one gateway alone, or values. */
export function whereOf(condition: DeviceCondition): Json | undefined {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const parts = condition.of.map(whereOf);
      return parts.some((part) => part === undefined)
        ? undefined
        : { [condition.kind === 'all' ? 'and' : 'or']: parts as Json[] };
    }
    case 'not': {
      const part = whereOf(condition.of);
      return part === undefined ? undefined : { not: part };
    }
    case 'deviceId':
      return { deviceId: { in: [...condition.in] } };
    case 'tag':
      return { tag: condition.tag };
    case 'protocol':
      return { protocol: condition.protocol };
    case 'contact': {
      const { since, before } = condition;
      return {
        lastContact: { ...(since === undefined ? {} : { since }), ...(before === undefined ? {} : { before }) },
      };
    }
    case 'account':
    case 'object':
      return undefined;
  }
}
