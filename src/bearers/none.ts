/** The bearer `none`: the device is left to come by itself. A list of bearers that names it ends there. */
import { refused, type Bearer } from './bearer';

export const NONE = 'none';

export const noneBearer: Bearer = {
  name: NONE,
  kind: 'none',
  send: () => Promise.resolve(refused('the device is left to come by itself')),
  close: () => Promise.resolve(),
};
