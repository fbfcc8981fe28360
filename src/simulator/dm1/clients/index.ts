/** The real clients that the simulator plays. */
import { android } from './android';
import { funambol } from './funambol';
import { hs20 } from './hs20';
import { koneki } from './koneki';
import { libdmclient } from './libdmclient';
import type { ClientProfile } from './profile';
import { samsung } from './samsung';
import { symbian } from './symbian';
import { windowsMobile } from './windows-mobile';
import { windows } from './windows';

export { habit, traitsOf, type ClientProfile, type Habit } from './profile';

export const DM1_CLIENTS: readonly ClientProfile[] = [
  windows,
  libdmclient,
  android,
  koneki,
  samsung,
  hs20,
  symbian,
  windowsMobile,
  funambol,
];

/** The client of a name. */
export function clientNamed(name: string): ClientProfile | undefined {
  return DM1_CLIENTS.find((client) => client.name === name);
}
