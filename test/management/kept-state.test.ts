import fc from 'fast-check';

import { readState, writeState, type KeptState } from '../../src/management/kept-state';

const stateWith = (text: string): KeptState => ({ a: { machine: { text } } as never, n: [text] });

describe("A session's state", () => {
  test('comes back as it was, whatever a device said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(readState(JSON.parse(writeState(stateWith(text))))).toEqual(stateWith(text));
      }),
    );
  });

  test.each(['a\0b', '\ud800', 'x\udfff', 'a\\u0000b'])('that holds %j is text that PostgreSQL takes', (text) => {
    const written = writeState(stateWith(text));
    expect(written).not.toMatch(/\\u0000|\\ud[89a-f]/);
    expect(readState(JSON.parse(written))).toEqual(stateWith(text));
  });

  test('is plain JSON where nothing is odd', () => {
    expect(JSON.parse(writeState(stateWith('Zürich 😀')))).toEqual(stateWith('Zürich 😀'));
  });
});
