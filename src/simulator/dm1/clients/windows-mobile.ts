/** Windows Mobile 5 and 6. */
import { habit, type ClientProfile } from './profile';

export const windowsMobile: ClientProfile = {
  name: 'windows-mobile',
  title: 'Windows Mobile',
  forms: ['wbxml', 'xml'],
  version: '1.2',
  auth: 'md5',
  habits: [
    habit('dm1 9.2', { alerts: [1100, 1101, 1103] }),
    habit('dm1 20', { alertTarget: './DevInfo' }),
    habit('dm1 15.4', { accountPlace: './SyncML/DMAcc' }),
    habit('client-quirks 16', { noAtomicStatus: true, statusTwice: true, devInfo: { withRoot: true } }),
  ],
};
