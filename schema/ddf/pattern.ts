/**
 * Regular expressions of DDFs, which are somebody else's text: matched in time linear in pattern × value, without
 * backtracking (Thompson's construction). Lookaround, back references and inline flags are not understood.
 */

type Atom =
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'assert'; readonly at: 'start' | 'end' | 'word' | 'notWord' };
type Tree =
  | Atom
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly min: number; readonly max: number };
type Instruction = Atom | { readonly kind: 'split'; readonly to: readonly number[] } | { readonly kind: 'match' };

/** Tells whether a text holds a match; absent where that would take too long. */
export type PatternTest = (text: string) => boolean | undefined;

const MAX_PATTERN = 4_000;
const MAX_DEPTH = 50;
const MAX_INSTRUCTIONS = 10_000;
/** Instructions looked at for one text; some tenths of a second. */
const MAX_WORK = 20_000_000;
const LAST = 0x10ffff;
const DIGITS = [[48, 57]] as const;
const WORDS = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
] as const;
const SPACES = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x2028, 0x2029],
  [0xfeff, 0xfeff],
] as const;
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 };

class NotUnderstood extends Error {}

/** Absent where the pattern is no regular expression, or not understood. A pattern between slashes is what stands there. */
export function compilePattern(source: string): PatternTest | undefined {
  if (source.length > MAX_PATTERN) return undefined;
  const bare = /^\/.+\/$/s.test(source) ? source.slice(1, -1) : source;
  try {
    const program: Instruction[] = [];
    emit(new Parser(bare).whole(), program);
    program.push({ kind: 'match' });
    return (text) => search(program, text);
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

class Parser {
  private readonly characters: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.characters = Array.from(source);
  }

  whole(): Tree {
    const tree = this.choice();
    if (this.at < this.characters.length) throw new NotUnderstood();
    return tree;
  }

  private choice(): Tree {
    if (++this.depth > MAX_DEPTH) throw new NotUnderstood();
    const parts = [this.sequence()];
    while (this.peek() === '|') {
      this.at++;
      parts.push(this.sequence());
    }
    this.depth--;
    return parts.length === 1 ? (parts[0] as Tree) : { kind: 'choice', parts };
  }

  private sequence(): Tree {
    const parts: Tree[] = [];
    for (let next = this.peek(); next !== undefined && next !== '|' && next !== ')'; next = this.peek())
      parts.push(this.repeated());
    return { kind: 'sequence', parts };
  }

  private repeated(): Tree {
    const part = this.atom();
    const bounds = this.quantifier();
    if (!bounds) return part;
    if (part.kind === 'assert') throw new NotUnderstood();
    if (this.peek() === '?') this.at++; // Lazy: the same texts match.
    if (this.peek() === '+' || this.peek() === '*') throw new NotUnderstood();
    return { kind: 'repeat', part, ...bounds };
  }

  private quantifier(): { readonly min: number; readonly max: number } | undefined {
    const next = this.peek();
    if (next === '*' || next === '+' || next === '?') {
      this.at++;
      return { min: next === '+' ? 1 : 0, max: next === '?' ? 1 : Infinity };
    }
    if (next !== '{') return undefined;
    const found = /^\{([0-9]{1,5})(,([0-9]{0,5}))?\}/.exec(this.characters.slice(this.at, this.at + 15).join(''));
    if (!found) return undefined;
    this.at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? Infinity : Number(found[3]);
    if (max < min) throw new NotUnderstood();
    return { min, max };
  }

  private atom(): Tree {
    const next = this.take();
    switch (next) {
      case '(':
        return this.group();
      case '[':
        return this.set();
      case '.':
        return {
          kind: 'set',
          isNegated: true,
          ranges: [
            [10, 10],
            [13, 13],
            [0x2028, 0x2029],
          ],
        };
      case '^':
        return { kind: 'assert', at: 'start' };
      case '$':
        return { kind: 'assert', at: 'end' };
      case '*':
      case '+':
      case '?':
        throw new NotUnderstood();
      case '\\': {
        const escaped = this.peek();
        if (escaped === 'b' || escaped === 'B') {
          this.at++;
          return { kind: 'assert', at: escaped === 'b' ? 'word' : 'notWord' };
        }
        return this.escape();
      }
      default:
        return literal(next);
    }
  }

  private group(): Tree {
    if (this.peek() === '?') {
      if (this.characters[this.at + 1] !== ':') throw new NotUnderstood();
      this.at += 2;
    }
    const inner = this.choice();
    if (this.take() !== ')') throw new NotUnderstood();
    return inner;
  }

  private escape(): Extract<Atom, { kind: 'set' }> {
    const next = this.take();
    switch (next) {
      case 'd':
      case 'D':
        return { kind: 'set', isNegated: next === 'D', ranges: DIGITS };
      case 'w':
      case 'W':
        return { kind: 'set', isNegated: next === 'W', ranges: WORDS };
      case 's':
      case 'S':
        return { kind: 'set', isNegated: next === 'S', ranges: SPACES };
      case 'x':
      case 'u': {
        const length = next === 'x' ? 2 : 4;
        const digits = this.characters.slice(this.at, this.at + length).join('');
        if (!/^[0-9A-Fa-f]+$/.test(digits) || digits.length !== length) throw new NotUnderstood();
        this.at += length;
        return literal(String.fromCharCode(Number.parseInt(digits, 16)));
      }
      default: {
        const control = CONTROLS[next];
        if (control !== undefined) return literal(String.fromCharCode(control));
        if (/[A-Za-z0-9]/.test(next)) throw new NotUnderstood();
        return literal(next);
      }
    }
  }

  private set(): Tree {
    const isNegated = this.peek() === '^';
    if (isNegated) this.at++;
    const ranges: (readonly [number, number])[] = [];
    while (this.peek() !== ']') {
      const low = this.member();
      const isRange = this.peek() === '-' && this.characters[this.at + 1] !== ']';
      if (!isRange) {
        ranges.push(...low);
        continue;
      }
      this.at++;
      const high = this.member();
      const from = only(low);
      const to = only(high);
      if (from === undefined || to === undefined || to < from) throw new NotUnderstood();
      ranges.push([from, to]);
    }
    this.at++;
    return { kind: 'set', isNegated, ranges };
  }

  private member(): readonly (readonly [number, number])[] {
    const next = this.take();
    if (next !== '\\') return literal(next).ranges;
    if (this.peek() === 'b') {
      this.at++;
      return [[8, 8]];
    }
    const set = this.escape();
    return set.isNegated ? complement(set.ranges) : set.ranges;
  }

  private peek(): string | undefined {
    return this.characters[this.at];
  }

  private take(): string {
    const next = this.characters[this.at++];
    if (next === undefined) throw new NotUnderstood();
    return next;
  }
}

function literal(character: string): Extract<Atom, { kind: 'set' }> {
  const code = character.codePointAt(0) ?? 0;
  return { kind: 'set', isNegated: false, ranges: [[code, code]] };
}

function only(ranges: readonly (readonly [number, number])[]): number | undefined {
  const [first] = ranges;
  return ranges.length === 1 && first && first[0] === first[1] ? first[0] : undefined;
}

/** Of ranges in ascending order. */
function complement(ranges: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const gaps: (readonly [number, number])[] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  return [...gaps, [next, LAST]];
}

/** Control leaves a tree at the instruction after its own. */
function emit(tree: Tree, program: Instruction[]): void {
  if (program.length > MAX_INSTRUCTIONS) throw new NotUnderstood();
  switch (tree.kind) {
    case 'set':
    case 'assert':
      program.push(tree);
      return;
    case 'sequence':
      for (const part of tree.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(tree.parts, program);
      return;
    case 'repeat':
      emitRepeat(tree.part, tree.min, tree.max, program);
  }
}

function emitChoice(parts: readonly Tree[], program: Instruction[]): void {
  const fork = program.push({ kind: 'match' }) - 1;
  const starts: number[] = [];
  const ends: number[] = [];
  for (const part of parts) {
    starts.push(program.length);
    emit(part, program);
    ends.push(program.push({ kind: 'match' }) - 1);
  }
  program[fork] = { kind: 'split', to: starts };
  for (const end of ends) program[end] = { kind: 'split', to: [program.length] };
}

function emitRepeat(part: Tree, min: number, max: number, program: Instruction[]): void {
  for (let i = 0; i < min; i++) {
    const before = program.length;
    emit(part, program);
    // What takes no text once takes none however often; nested, it would be counted out without end.
    if (program.length === before) break;
  }
  if (max === Infinity) {
    const fork = program.push({ kind: 'match' }) - 1;
    emit(part, program);
    program.push({ kind: 'split', to: [fork] });
    program[fork] = { kind: 'split', to: [fork + 1, program.length] };
    return;
  }
  const forks: number[] = [];
  for (let i = min; i < max; i++) {
    forks.push(program.push({ kind: 'match' }) - 1);
    emit(part, program);
  }
  for (const fork of forks) program[fork] = { kind: 'split', to: [fork + 1, program.length] };
}

function search(program: readonly Instruction[], text: string): boolean | undefined {
  if (text.length * program.length > MAX_WORK) return undefined;
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const seenAt = new Int32Array(program.length).fill(-1);
  let states: number[] = [];
  for (let at = 0; at <= codes.length; at++) {
    const open: number[] = [];
    // A match may begin anywhere, so every place starts anew.
    const pending = [0, ...states.reverse()];
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      if (seenAt[state] === at) continue;
      seenAt[state] = at;
      const instruction = program[state] as Instruction;
      if (instruction.kind === 'match') return true;
      if (instruction.kind === 'split') pending.push(...instruction.to);
      else if (instruction.kind === 'set') open.push(state);
      else if (holds(instruction.at, codes, at)) pending.push(state + 1);
    }
    const code = codes[at];
    if (code === undefined) break;
    states = open.filter((state) => takes(program[state] as Instruction, code)).map((state) => state + 1);
  }
  return false;
}

function takes(instruction: Instruction, code: number): boolean {
  if (instruction.kind !== 'set') return false;
  return instruction.ranges.some(([low, high]) => code >= low && code <= high) !== instruction.isNegated;
}

function holds(at: 'start' | 'end' | 'word' | 'notWord', codes: readonly number[], position: number): boolean {
  if (at === 'start') return position === 0;
  if (at === 'end') return position === codes.length;
  return (isWord(codes[position - 1]) !== isWord(codes[position])) === (at === 'word');
}

function isWord(code: number | undefined): boolean {
  return code !== undefined && WORDS.some(([low, high]) => code >= low && code <= high);
}
