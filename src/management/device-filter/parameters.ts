/** Where parts of a statement leave their values. */
export interface Places {
  /** The place of a value, with the type that the statement takes it as. */
  add(value: unknown, type: string): string;
}

/** Values of a statement that is put together from parts. */
export class Parameters implements Places {
  private readonly values: unknown[];

  /** @param first values of the places before: `$1` … */
  constructor(first: readonly unknown[] = []) {
    this.values = [...first];
    this.fixed = first.length;
  }

  private readonly fixed: number;

  add(value: unknown, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }

  /** The whole statement with its values: what a part left out asked for has no place in it. */
  statement(text: string): { readonly text: string; readonly values: readonly unknown[] } {
    const values = this.values.slice(0, this.fixed);
    const places = new Map<string, string>();
    const numbered = text.replace(/\$(\d+)(?=::)/g, (place, digits: string) => {
      const known = Number(digits) <= this.fixed ? place : places.get(digits);
      if (known !== undefined) return known;
      const fresh = `$${values.push(this.values[Number(digits) - 1])}`;
      places.set(digits, fresh);
      return fresh;
    });
    return { text: numbered, values };
  }
}
