/** Nokia's Symbian devices and the older ones before them. */
import { habit, type ClientProfile } from './profile';

export const symbian: ClientProfile = {
  name: 'symbian',
  title: 'Symbian and old Nokia devices',
  forms: ['wbxml', 'xml'],
  version: '1.1',
  auth: 'md5',
  habits: [
    habit('dm1 20', { opaqueHeader: true, accountPlace: './SyncML/DMAcc' }),
    habit('dm1 13.2', { wbxmlNamespaceAttribute: true }),
    habit('dm1 9.3', { alertTarget: './DevInfo' }),
    habit('client-quirks 16', { addressesWithoutDot: true, metaOnCommand: true }),
  ],
};
