import { existsSync } from 'node:fs';

import { describeShared, describeWith, requireTool, sharedPath } from '../support/shared';

describeShared('shared reference material', () => {
  test('its path is found from the checkout', () => {
    expect(existsSync(sharedPath('vectors', 'dm1'))).toBe(true);
  });
});

describeWith('libwbxml', 'an independent WBXML decoder', () => {
  test('is a program that exists', () => {
    expect(existsSync(requireTool('libwbxml'))).toBe(true);
  });
});
