/** Numbers of which some are known only with the variables of a request. */

export type Variables = Readonly<Record<string, unknown>>;
export type Amount = number | ((variables: Variables) => number);

export function amountOf(amount: Amount, variables: Variables): number {
  return typeof amount === 'number' ? amount : amount(variables);
}

export function combine(a: Amount, b: Amount, how: (a: number, b: number) => number): Amount {
  if (typeof a === 'number' && typeof b === 'number') return how(a, b);
  return (variables) => how(amountOf(a, variables), amountOf(b, variables));
}

export const plus = (a: Amount, b: Amount): Amount => (a === 0 ? b : b === 0 ? a : combine(a, b, (x, y) => x + y));
export const times = (a: Amount, b: Amount): Amount =>
  a === 1 ? b : b === 1 ? a : a === 0 || b === 0 ? 0 : combine(a, b, (x, y) => x * y);
export const larger = (a: Amount, b: Amount): Amount =>
  a === 0 ? b : b === 0 ? a : combine(a, b, (x, y) => Math.max(x, y));
