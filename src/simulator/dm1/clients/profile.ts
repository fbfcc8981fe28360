/** A real client as the simulator plays it: which habits, and what shows each. */
import type { Traits } from '../traits';

/** One habit with the section that shows it: `dm1 20`, `client-quirks 4`. */
export interface Habit {
  readonly evidence: string;
  readonly traits: Traits;
}

export interface ClientProfile {
  /** For `--client`. */
  readonly name: string;
  readonly title: string;
  /** What it speaks; the first unless told otherwise. */
  readonly forms: readonly ('xml' | 'wbxml')[];
  readonly version: '1.1' | '1.2' | '1.3';
  readonly auth: 'none' | 'basic' | 'md5';
  readonly habits: readonly Habit[];
}

export function habit(evidence: string, traits: Traits): Habit {
  return { evidence, traits };
}

/** All habits of a client together; later ones add to earlier ones where a trait is a record. */
export function traitsOf(profile: ClientProfile | undefined): Traits {
  let traits: Traits = {};
  for (const { traits: more } of profile?.habits ?? []) {
    traits = {
      ...traits,
      ...more,
      ...(more.xml === undefined ? {} : { xml: { ...traits.xml, ...more.xml } }),
      ...(more.devInfo === undefined ? {} : { devInfo: { ...traits.devInfo, ...more.devInfo } }),
    };
  }
  return traits;
}
