/** What chaos did, and how the server took it, in lines for people. */
import { CHAOS_KINDS, OTHER_ANSWER } from '../simulator';
import type { Chaos, ChaosKind } from '../simulator';

export interface ChaosSummary {
  readonly lines: readonly string[];
  /** A message that came twice was answered in two ways, or the server failed. */
  readonly failed: boolean;
}

/** @param sessions  how many there were */
export function chaosSummary({ seed, events }: Chaos, sessions: number): ChaosSummary {
  const lines = [`chaos ${seed}: ${sessions} sessions, ${events.length} mishaps`];
  for (const [kind, what] of Object.entries(CHAOS_KINDS) as [ChaosKind, string][]) {
    const own = events.filter((event) => event.kind === kind);
    if (own.length === 0) continue;
    const answers = new Map<string, number>();
    for (const { answer } of own) if (answer !== undefined) answers.set(answer, (answers.get(answer) ?? 0) + 1);
    const told = [...answers].map(([answer, count]) => `${answer} ${count}×`).join(', ');
    lines.push(`  ${String(own.length).padStart(4)} × ${what}${told === '' ? '' : `: ${told}`}`);
  }
  const failed = events.some(({ answer }) => answer === OTHER_ANSWER || /^HTTP 5(?!03)/.test(answer ?? ''));
  return { lines, failed };
}
