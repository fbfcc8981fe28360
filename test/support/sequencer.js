'use strict';

const { default: TestSequencer } = require('@jest/test-sequencer');

/**
 * Files that take long, the longest first, for machines that have not run them yet. Jest sorts by how long each took there
 * before, and by size where it does not know; one of these begun last would leave all workers but one idle.
 */
const LONG = [
  'schema/fuzz',
  'gateway/chaos',
  'gateway/ddf-swaps.db',
  'gateway/quirks-messages',
  'adapters/dm1/fuzz',
  'gateway/killed.db',
  'gateway/catalogue-contract',
  'cli/gateway.db',
  'http/show-page',
  'store/durability',
  'gateway/dm1-refused',
  'adapters/dm2/fuzz',
  'gateway/sessions.db',
  'gateway/repository.db',
  'gateway/two-processes.db',
  'gateway/dm1/08-large-objects.db',
  'adapters/dm1/codec/vectors',
  'schema/corpus',
  'gateway/bootstrap.db',
  'repository/retention.db',
  'cli/serve',
  'store/embedded-statements',
  'http/playground',
  'docs/examples',
];

const rankOf = ({ path }) => {
  const rank = LONG.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return rank === -1 ? LONG.length : rank;
};

module.exports = class extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isKnown = sorted.every(({ duration }) => duration !== undefined);
    return isKnown ? sorted : sorted.sort((a, b) => rankOf(a) - rankOf(b));
  }
};
