/** What follows when rules are triggered on a device: pure. */
import type { DdfLibrary } from '../../../schema/ddf/library';
import type { ScopedDevice } from '../../access/rights';
import { judge, type CommandRow, type KnownDevice } from '../judge';
import { permitsOf } from '../permit';
import { ManagementError } from '../types';
import { spotOf, type Happening } from './match';
import { pass } from './pace';
import type { LiveRule } from './types';

/** Characters of one value of a rule's commands: they travel in the turn that makes them. */
export const LONGEST_VALUE = 8_192;

export interface RuledDevice {
  readonly scope: ScopedDevice;
  /** False: another gateway took it back. */
  readonly isOurs: boolean;
  readonly known: KnownDevice;
  /** Rules whose condition holds. */
  readonly fits: ReadonlySet<string>;
  readonly recent: Readonly<Record<string, readonly number[]>>;
}

export interface Follows {
  readonly rule: string;
  readonly recent: readonly number[];
  readonly rows: readonly CommandRow[];
  readonly expiresInMs: number;
  readonly addTags: readonly string[];
  readonly removeTags: readonly string[];
  /** Code of the error, where the operation or the tags cannot be. */
  readonly refused: string | null;
  readonly happening: Happening;
}

export function follow(
  rules: readonly LiveRule[],
  triggers: ReadonlyMap<string, Happening>,
  device: RuledDevice,
  library: DdfLibrary,
  now: number,
): readonly Follows[] {
  if (!device.isOurs) return [];
  return rules.flatMap((rule): Follows[] => {
    const happening = triggers.get(rule.id);
    if (happening === undefined || !device.fits.has(rule.id) || !maySee(rule, happening, device.scope)) return [];
    const recent = pass(rule.pace, device.recent[rule.id] ?? [], now);
    if (recent === undefined) return [];
    const { expiresInMs } = rule.action;
    return [{ rule: rule.id, recent, expiresInMs, happening, ...actionOn(rule, device, library) }];
  });
}

/** What is hidden from the maker triggers nothing. */
function maySee({ rights }: LiveRule, { alert }: Happening, device: ScopedDevice): boolean {
  if (rights === null) return false;
  const spot = spotOf(alert?.source);
  return rights.onDevice('READ', device) || (spot !== undefined && rights.at('READ', device, spot));
}

function actionOn(
  { action, rights }: LiveRule,
  { scope, known }: RuledDevice,
  library: DdfLibrary,
): Pick<Follows, 'rows' | 'addTags' | 'removeTags' | 'refused'> {
  const addTags = action.addTags.filter((tag) => !scope.tags.includes(tag));
  const removeTags = action.removeTags.filter((tag) => scope.tags.includes(tag));
  try {
    if (rights === null) throw new ManagementError('FORBIDDEN', 'who made the rule is nobody any more');
    const rows = judge(action.commands, known, library, { valueOctets: LONGEST_VALUE }, permitsOf(rights, scope));
    const tags = [...scope.tags.filter((tag) => !removeTags.includes(tag)), ...addTags];
    // As when a caller changes tags: they give rights to others, and what filters will fit is not known before.
    const { key, accountId } = scope;
    const scopes = [scope, { key, accountId, tags }, ...addTags.map((tag) => ({ key, accountId, tags: [tag] }))];
    const isTagged = addTags.length + removeTags.length > 0;
    if (isTagged && !scopes.every((one) => rights.onDevice('MANAGE_DEVICES', one)))
      throw new ManagementError('FORBIDDEN', 'the right MANAGE_DEVICES is needed here');
    return { rows, addTags, removeTags, refused: null };
  } catch (error) {
    if (!(error instanceof ManagementError) || error.code === 'INTERNAL') throw error;
    return { rows: [], addTags: [], removeTags: [], refused: error.code };
  }
}
