/** Whether a Package#2 is one. Source: dm2 2.2, 2.5, 4.2, 5, 8.1, 9. */
import { parseClientUri, plainAddressOf } from '../../../adapters/dm2/client-uri';
import { parseMediaType } from '../../../adapters/http/media-type';
import { decodePackage2 } from '../../../adapters/dm2/package-codec';
import { MEDIA_TYPES, type PackageCommand } from '../../../adapters/dm2/package';
import type { ProtocolViolation } from '../report';
import type { WireResponse } from '../transport';
import { isHttpAddress } from './exchange';
import { violation } from './rules';

/** Parameters: S ServerURI, T ServerURI with templates, C ClientURI, P ClientURI of one node, M MOID; `?` optional, `*` any more. */
const COMMANDS: Readonly<Record<string, string>> = {
  HGET: 'TP?',
  HPUT: 'TCC*',
  HPOST: 'TCC*',
  DELETE: 'P',
  EXEC: 'PT?',
  GET: 'C',
  SHOW: 'T',
  CONT: 'S',
  END: '',
  DEFAULT: 'TM',
  SUB: 'TP',
  UNSUB: 'P',
};

export interface CheckedCommand {
  readonly command: PackageCommand;
  /** Status that the command gets without being looked at: 400 malformed, 501 unknown. */
  readonly sc?: number;
}

export interface PackageReading {
  readonly commands: readonly CheckedCommand[];
  readonly violations: readonly ProtocolViolation[];
  /** Nothing can be made of the answer. */
  readonly fatal: boolean;
}

export function readPackage2(response: WireResponse): PackageReading {
  const found: ProtocolViolation[] = [];
  if (response.status !== 200) found.push(violation('HTTP_STATUS', `status ${response.status}`));
  const type = response.headers['content-type'];
  if (parseMediaType(type).type !== MEDIA_TYPES.request) found.push(violation('HTTP_CONTENT_TYPE', type ?? 'none'));
  const decoded = decodePackage2(response.body);
  if (!decoded.ok)
    found.push(
      violation(
        decoded.code === 'BAD_SHAPE' && isJsonObject(response.body) ? 'CMD_MISSING' : 'UNREADABLE',
        decoded.message,
      ),
    );
  if (!decoded.ok || response.status !== 200) return { commands: [], violations: found, fatal: true };
  const { commands, malformed } = decoded.value;
  const checked = commands.map((command, at): CheckedCommand => {
    if (malformed.includes(at)) {
      found.push(violation('PARAMETER_TYPE', JSON.stringify(command)));
      return { command, sc: 400 };
    }
    const objection = checkCommand(command);
    if (objection === undefined) return { command };
    found.push(objection);
    return { command, sc: objection.rule === 'COMMAND_UNKNOWN' ? 501 : 400 };
  });
  const end = checked.findIndex(({ command }) => command[0] === 'END');
  if (end >= 0 && end < checked.length - 1) found.push(violation('END_NOT_LAST', checked[end + 1]?.command[0] ?? ''));
  const lost = checked
    .slice(0, Math.max(end, 0))
    .find(({ command }) => !['CONT', 'HPUT', 'HPOST', 'SHOW'].includes(command[0]));
  if (lost !== undefined) found.push(violation('END_DROPS_OUTCOME', lost.command[0]));
  return { commands: checked, violations: found, fatal: false };
}

function isJsonObject(body: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof json === 'object' && json !== null && !Array.isArray(json);
  } catch {
    return false;
  }
}

function checkCommand([name, ...parameters]: PackageCommand): ProtocolViolation | undefined {
  const shape = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (shape === undefined) return violation('COMMAND_UNKNOWN', name);
  const kinds = [...shape.matchAll(/([A-Z])([?*]?)/g)].map(([, kind = '', mark = '']) => ({ kind, mark }));
  const least = kinds.filter(({ mark }) => mark === '').length;
  const most = kinds.at(-1)?.mark === '*' ? Number.POSITIVE_INFINITY : kinds.length;
  if (parameters.length < least || parameters.length > most)
    return violation('COMMAND_PARAMETERS', `${name} with ${parameters.length}`);
  for (const [at, parameter] of parameters.entries()) {
    const objection = checkParameter(name, (kinds[at] ?? kinds.at(-1))?.kind ?? '', parameter);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

function checkParameter(name: string, kind: string, parameter: string): ProtocolViolation | undefined {
  if (kind === 'M')
    return parameter === '' || /\s/.test(parameter)
      ? violation('COMMAND_PARAMETERS', `${name} with MOID "${parameter}"`)
      : undefined;
  if (kind === 'S' || kind === 'T') {
    // A template is no address before its parameters are filled in.
    const address = kind === 'T' ? parameter.replace(/\[[A-Za-z]{1,32}\]/g, 'x') : parameter;
    return isHttpAddress(address) ? undefined : violation('SERVER_URI', `${name} ${parameter}`);
  }
  const uri = parseClientUri(parameter);
  if (!uri.ok) return violation('CLIENT_URI', `${name} ${parameter}: ${uri.message}`);
  const wild = [uri.value.instance, ...uri.value.steps].some((step) => step.kind === 'any');
  if (kind === 'P' && wild && plainAddressOf(uri.value) === undefined)
    return violation('CLIENT_URI_WILDCARD', `${name} ${parameter}`);
  return undefined;
}
