/** What does not hold after a round, in words. */
export class Findings {
  readonly texts: string[] = [];
  /** How many facts were looked at. */
  checked = 0;

  check(isRight: boolean, what: () => string): void {
    this.checked += 1;
    if (!isRight) this.texts.push(what());
  }
}
