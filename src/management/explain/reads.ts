/** What a read would take: what is stored answers it, or the device has to. Pure. */
import type { DdfLibrary } from '../../../schema/ddf/library';
import { familyOf, namesOf } from '../../../schema/ddf/library';
import type { Json } from '../../../adapters/adapter';
import type { MoView } from '../types';
import type { ReadExplanationView, ReadQuestion } from './types';
import { spell } from './words';

export interface ReadFacts {
  /** Objects of the device of which the caller may read something. */
  readonly mos: readonly MoView[];
  readonly isDiscovered: boolean;
  readonly library: Pick<DdfLibrary, 'node' | 'isKnown'>;
  mayRead(family: string, path: string): boolean;
}

/** One entry for each instance that is meant; one for all where none is known. */
export function explainRead(question: ReadQuestion, facts: ReadFacts, now: number): readonly ReadExplanationView[] {
  const { moid } = question;
  const family = familyOf(moid);
  const path = question.path ?? '';
  const is = (
    source: ReadExplanationView['source'],
    text: string,
    mo?: Pick<MoView, 'moid' | 'miid'>,
    observedAt: Date | null = null,
  ): ReadExplanationView => ({
    moid: mo?.moid ?? moid,
    miid: mo?.miid ?? question.miid ?? null,
    path,
    source,
    observedAt,
    ageMs: observedAt === null ? null : Math.max(0, now - observedAt.getTime()),
    text,
  });
  if (!facts.mayRead(family, path)) return [is('FORBIDDEN', 'The right READ is needed here.')];
  if (facts.library.isKnown(moid) && facts.library.node(moid, path) === undefined)
    return [is('NOT_THERE', `The DDF of ${moid} has no node "${path}".`)];
  const found = facts.mos.filter((mo) => mo.family === family && (question.miid == null || mo.miid === question.miid));
  if (found.length === 0)
    return facts.isDiscovered
      ? [is('NOT_THERE', 'The device has no such management object.')]
      : [is('SESSION', 'The device was never looked at; it is asked when it comes.')];
  return found.map((mo) => {
    const { maxAgeMs = null } = question;
    // As a whole: a part of it may be younger.
    const at = maxAgeMs === null ? (mo.completeAt ?? mo.observedAt) : mo.completeAt;
    if (at === null) {
      const why = mo.observedAt === null ? 'Nothing of it was ever read' : 'It was never read as a whole';
      return is(
        maxAgeMs === null && mo.observedAt === null ? 'NOT_THERE' : 'SESSION',
        why + tail(maxAgeMs),
        mo,
        mo.observedAt,
      );
    }
    const age = Math.max(0, now - at.getTime());
    if (maxAgeMs !== null && age > maxAgeMs)
      return is(
        'SESSION',
        `What is stored is ${spell(age)} old, older than ${spell(maxAgeMs)}: the device is asked.`,
        mo,
        at,
      );
    return isIn(mo.values, path)
      ? is('STORED', `It is stored, ${spell(age)} old.`, mo, at)
      : is('NOT_THERE', `The device has no node "${path}", as it was seen ${spell(age)} ago.`, mo, at);
  });
}

function tail(maxAgeMs: number | null): string {
  return maxAgeMs === null ? '; without maxAge the device is not asked.' : ': the device is asked.';
}

function isIn(values: Json, path: string): boolean {
  let node: Json | undefined = values;
  for (const name of namesOf(path) ?? []) {
    const object: Json | undefined = node;
    if (object === null || typeof object !== 'object' || Array.isArray(object) || !Object.hasOwn(object, name))
      return false;
    node = (object as { readonly [name: string]: Json })[name];
  }
  return true;
}
