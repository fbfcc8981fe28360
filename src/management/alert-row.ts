/** A device's alert as it is stored: without what the store cannot hold. */
import type { Effect, Json } from '../../adapters/adapter';
import type { AlertRow } from '../store/turn-apply';
import { storable, storableText } from './tree';

/** `source` and `target`: its addresses as callers see them. */
export function alertRowOf(
  effect: Extract<Effect, { kind: 'alertRaised' }>,
  { source, target }: { readonly source: Json; readonly target: Json },
): AlertRow {
  return {
    type: storableText(effect.type),
    mark: storableText(effect.mark),
    source: storable(source),
    target: storable(target),
    correlator: textOrNull(effect.correlator),
    format: textOrNull(effect.format),
    mime: textOrNull(effect.mime),
    data: storable(effect.data),
    resultCode: effect.resultCode ?? null,
  };
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text);
}
