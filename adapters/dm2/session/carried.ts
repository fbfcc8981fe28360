/** How a command travels in the next Package#2, or why it does not. */
import type { Effect, Outcome, Token } from '../../adapter';
import type { PackageCommand } from '../package';
import type { Place, SentEntry } from './machine';

export type Carried =
  /** Ends here: it cannot be carried, or the probe has told its outcome. */
  | { readonly kind: 'answered'; readonly outcome: Outcome; readonly code?: number; readonly message?: string }
  /** Ends here by what the device brought already. */
  | { readonly kind: 'settled'; readonly effects: readonly Effect[] }
  | {
      readonly kind: 'sent';
      readonly command: PackageCommand;
      readonly entry: SentEntry;
      readonly item?: Effect;
      /** Token of the page that it opens. */
      readonly page?: Token;
    }
  | {
      readonly kind: 'probed';
      readonly command: PackageCommand;
      readonly entry: SentEntry;
      readonly at: Place;
      readonly item?: Effect;
    };

export function unsupported(message: string): Carried {
  return { kind: 'answered', outcome: 'UNSUPPORTED', message };
}
