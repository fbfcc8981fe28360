/**
 * Recognising an MO by the children of its root, for devices that tell no MOID. Careful: what could be two things is none.
 */
import { isPlace } from './identity';
import type { DdfFormat, DdfNode, MoDefinition } from './model';

/** A child of a node as a device shows it. */
export interface SeenChild {
  readonly name: string;
  /** Where it is known; `node` of interior nodes. */
  readonly format?: DdfFormat;
}

/** Fewest children of a root that a DDF names before its names can tell anything. */
const LEAST_NAMES = 3;
/** What the names must come to together; see {@link weightOf}. */
const LEAST_WEIGHT = 2;
/** One child that no DDF names is forgiven for so many that it names. */
const NAMED_FOR_ONE_UNKNOWN = 8;
/** Part of the names of a DDF's root that a device must show: few have all that is optional. */
const LEAST_SHARE = 0.5;
/** How many more names the best fit must have than any other. */
const LEAD = 2;

interface Candidate {
  readonly definition: MoDefinition;
  readonly named: ReadonlyMap<string, DdfNode>;
  readonly required: readonly string[];
  readonly hasUnnamed: boolean;
}

interface Fit {
  readonly candidate: Candidate;
  readonly matched: number;
}

/** Looks shapes up: by the names of children, so that it costs what a node's own children cost. */
export class ShapeIndex {
  private readonly byName = new Map<string, Candidate[]>();
  /** Families in which a name stands directly below the root. */
  private readonly families = new Map<string, number>();

  constructor(definitions: Iterable<MoDefinition>) {
    const ofName = new Map<string, Set<string>>();
    for (const definition of definitions) {
      const candidate = candidateOf(definition);
      for (const name of candidate.named.keys()) {
        const known = this.byName.get(name);
        if (known) known.push(candidate);
        else this.byName.set(name, [candidate]);
        const families = ofName.get(name) ?? new Set();
        ofName.set(name, families.add(definition.family));
      }
    }
    for (const [name, families] of ofName) this.families.set(name, families.size);
  }

  /**
   * MOID of the MO type that a node with these children is an instance of; undefined where none fits, or where another
   * fits nearly as well. Types that DDFs describe for one place alone win nothing, but stand against others.
   */
  recognise(children: readonly SeenChild[]): string | undefined {
    const fits = this.fits(children);
    const best = fits[0];
    if (best === undefined) return undefined;
    const { family, moid } = best.candidate.definition;
    const rival = fits.find((fit) => fit.candidate.definition.family !== family);
    if (rival !== undefined && best.matched - rival.matched < LEAD) return undefined;
    return isPlace(moid) || !this.isTelling(best.candidate, children) ? undefined : moid;
  }

  /** Definitions that the children fit, the best first; of equals the oldest version. */
  private fits(children: readonly SeenChild[]): readonly Fit[] {
    const hits = new Map<Candidate, number>();
    for (const { name } of children)
      for (const candidate of this.byName.get(name) ?? []) hits.set(candidate, (hits.get(candidate) ?? 0) + 1);
    const seen = new Map(children.map((child) => [child.name, child]));
    const fits: Fit[] = [];
    for (const [candidate, matched] of hits) if (isFit(candidate, matched, seen)) fits.push({ candidate, matched });
    return fits.sort((one, other) => other.matched - one.matched);
  }

  /** Whether the names that matched are enough, and of a kind that few other types have. */
  private isTelling({ named, required }: Candidate, children: readonly SeenChild[]): boolean {
    const matched = children.filter((child) => named.has(child.name));
    if (matched.length < LEAST_NAMES) return false;
    if (matched.length < Math.max(required.length, named.size * LEAST_SHARE)) return false;
    return matched.reduce((sum, child) => sum + this.weightOf(child.name), 0) >= LEAST_WEIGHT;
  }

  /** 1 for a name that one family has, less the more have it: Ext, Name and Status tell next to nothing. */
  private weightOf(name: string): number {
    return 1 / (this.families.get(name) ?? 1);
  }
}

function candidateOf(definition: MoDefinition): Candidate {
  const { children } = definition.root;
  const named = new Map(children.filter((child) => child.name !== '').map((child) => [child.name, child]));
  const required = [...named.values()].filter((child) => child.occurrence.min > 0).map((child) => child.name);
  return { definition, named, required, hasUnnamed: children.some((child) => child.name === '') };
}

function isFit(candidate: Candidate, matched: number, seen: ReadonlyMap<string, SeenChild>): boolean {
  const { named, required } = candidate;
  if (required.some((name) => !seen.has(name))) return false;
  const unknown = seen.size - matched;
  // Unnamed nodes beside named ones may be called anything, so that they tell nothing either way: not more than are named.
  const allowed = candidate.hasUnnamed ? matched : Math.floor(matched / NAMED_FOR_ONE_UNKNOWN);
  if (unknown > allowed) return false;
  for (const [name, node] of named) {
    const format = seen.get(name)?.format;
    if (format !== undefined && !isSameFormat(node.format, format)) return false;
  }
  return true;
}

/** Octets of `bin` nodes travel as `b64` over XML. */
function isSameFormat(described: DdfFormat, seen: DdfFormat): boolean {
  return described === seen || (described === 'bin' && seen === 'b64') || (described === 'b64' && seen === 'bin');
}
