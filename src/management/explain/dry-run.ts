/** A dry run: an operation as it would be, with a verdict for each command. */
import type { Asked, Json, Lack } from '../../../adapters/adapter';
import type { Rights } from '../../access/rights';
import { loadDryRunFacts } from '../../store/explain';
import type { TargetRow } from '../../store/operations';
import type { Sql } from '../../store/sql';
import type { CommandRow } from '../judge';
import { ManagementError, type AddressInput, type CommandInput, type CommandView, type OperationView } from '../types';
import { verdictOf, verdictOfError, type DryRunFacts } from './verdict';
import type { Objector, Verdict } from './types';

/** What a device of a protocol lacks; the adapters know. */
export type Lacks = (
  protocol: string | null,
  asked: Asked,
  features: Readonly<Record<string, Json>>,
) => Lack | undefined;

/** What is known of the device now. */
export async function factsOf(
  sql: Sql,
  target: TargetRow,
  judged: readonly (CommandRow | ManagementError)[],
  rights: Rights,
  lacks: Lacks | undefined,
): Promise<DryRunFacts> {
  const families = judged.flatMap((one) => (one instanceof ManagementError ? [] : (one.family ?? [])));
  const facts = await loadDryRunFacts(sql, target.key, [...new Set(families)]);
  return {
    acls: target.acls.map((acl) => ({ ...acl, observedAt: new Date(acl.observedAt) })),
    access: {
      documents: target.access as readonly Json[],
      serverId: target.serverId,
      observedAt: facts.accessObservedAt,
    },
    serverId: target.serverId,
    features: facts.features,
    documents: facts.documents as DryRunFacts['documents'],
    mayRead: (family, path) => rights.at('READ', target, { family, path }),
    lacks: (asked, features) => lacks?.(target.protocol, asked, features),
  };
}

type DryRun = Pick<OperationView, 'id' | 'device' | 'state' | 'commands' | 'endedAt' | 'cancelRequestedAt'>;

/**
 * @param refusal why the operation would be refused as a whole; it is that of every command that could be sent otherwise
 * @returns       state QUEUED: it would be accepted; FAILED: it would be refused
 */
export function dryRunOf(
  device: string,
  commands: readonly CommandInput[],
  judged: readonly (CommandRow | ManagementError)[],
  refusal: { readonly error: ManagementError; readonly by?: Objector } | undefined,
  facts: DryRunFacts,
): DryRun {
  const refusedAlone = refusal?.error.details['command'];
  const views = judged.map((one, position): CommandView => {
    if (one instanceof ManagementError) return viewOf(refusedRow(commands[position], position), verdictOfError(one));
    const isRefused = refusal !== undefined && (refusedAlone === undefined || refusedAlone === position);
    return viewOf(one, isRefused ? verdictOfError(refusal.error, refusal.by) : verdictOf(one, facts));
  });
  const isRefused = views.some(({ verdict }) => verdict?.code != null);
  return {
    id: '',
    device,
    state: isRefused ? 'FAILED' : 'QUEUED',
    commands: views,
    endedAt: null,
    cancelRequestedAt: null,
  };
}

type Told = Pick<CommandView, 'position' | 'kind' | 'moid' | 'miid' | 'path' | 'uri' | 'emulated'>;

/** Of a command that could not be judged to its end, what its caller gave. */
function refusedRow(command: CommandInput | undefined, position: number): Told {
  const at = addressIn(command);
  const { moid = null, miid = null, path, uri = null } = at;
  return { position, kind: command?.kind ?? 'get', moid, miid, path: path ?? '', uri, emulated: false };
}

function addressIn(command: CommandInput | undefined): AddressInput {
  if (command === undefined || command.kind === 'show') return {};
  if ('address' in command) return command.address;
  return 'from' in command ? command.from : { moid: command.moid };
}

function viewOf({ position, kind, moid, miid, path, uri, emulated }: Told, verdict: Verdict): CommandView {
  const warns = verdict.by === 'ACL' || verdict.by === 'ACCESS_CONTROL';
  return {
    position,
    kind,
    moid,
    miid,
    path,
    uri,
    state: verdict.code === null ? 'QUEUED' : 'SKIPPED',
    outcome: null,
    statusCode: null,
    error: verdict.code === null ? null : verdict.message,
    result: null,
    resultMeta: null,
    emulated,
    carrier: null,
    verdict,
    ...(warns ? { warning: verdict.message } : {}),
  };
}
