/** The DM engine of Motorola's and other Android devices. */
import { habit, type ClientProfile } from './profile';

export const android: ClientProfile = {
  name: 'android',
  title: 'Android (Motorola engine)',
  forms: ['wbxml', 'xml'],
  version: '1.2',
  auth: 'md5',
  habits: [
    habit('dm1 13.1', { wbxmlPublicIdAsText: true }),
    habit('dm1 20', {
      needsNumericSession: true,
      needsOwnVersion: true,
      needsLength: true,
      encodesNames: true,
      serverLimit: 'lowers',
      maxObjSize: 262_080,
    }),
    habit('dm1 16.4', { serverIdBelow: 24 }),
  ],
};
