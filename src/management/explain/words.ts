/** Lengths of time for people: the largest unit, with the next one where it says something. */
const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

export function spell(ms: number): string {
  const length = Math.max(0, Math.round(ms));
  if (length < 1_000) return `${length} ms`;
  const at = UNITS.findIndex(([unit]) => length >= unit);
  const [unit, name] = UNITS[at] ?? [1_000, 's'];
  const whole = Math.floor(length / unit);
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((length - whole * unit) / next[0]);
  return rest === 0 || next === undefined ? `${whole} ${name}` : `${whole} ${name} ${rest} ${next[1]}`;
}
