import type { DeviceKnowledge, Effect, SessionState } from '../adapter';

/**
 * What cannot be done alike for all clients: one entry for each habit, learned from the device and kept with its features.
 *
 * | quirk | feature | evidence |
 * |---|---|---|
 * | answers from a small buffer, and dies of its own answer when asked for too much | `dm1.mostGets` | client-quirks 11 (libdmclient: 40,000 octets, though it announces 16,384) |
 */
export const FEATURE_MOST_GETS = 'dm1.mostGets';

/** A device that falls silent for other reasons, such as a bad network, is not made slower than this. */
const LEAST_GETS = 4;

/** Gets that one message may hold for this device; undefined: as many as usual. */
export function mostGets(device: DeviceKnowledge | undefined): number | undefined {
  const known = device?.features[FEATURE_MOST_GETS];
  return typeof known === 'number' && known >= 1 ? known : undefined;
}

/** A session that fell silent at several Gets: next time half as many, for the answer may have been too much for the client. */
export function afterSilence(old: SessionState, device: DeviceKnowledge | undefined): readonly Effect[] {
  const asked = old.sent.filter(({ carrier }) => carrier === 'Get').length;
  const most = Math.max(LEAST_GETS, Math.floor(asked / 2));
  return asked <= LEAST_GETS || most >= (mostGets(device) ?? Infinity)
    ? []
    : [
        {
          kind: 'featureLearned',
          feature: FEATURE_MOST_GETS,
          value: most,
          evidence: `it fell silent at ${asked} Gets in one message`,
        },
      ];
}
