/** Funambol's client, which comes from data synchronisation. */
import { habit, type ClientProfile } from './profile';

export const funambol: ClientProfile = {
  name: 'funambol',
  title: 'Funambol',
  forms: ['wbxml', 'xml'],
  version: '1.2',
  auth: 'md5',
  habits: [
    habit('dm1 20', { mediaType: 'plain', copy: true }),
    habit('dm1 13.1', { wbxmlPublicIdAsText: true }),
    habit('client-quirks 16', { membersFirst: true, sameCmdId: true, bodyReversed: true }),
  ],
};
