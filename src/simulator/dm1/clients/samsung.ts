/** Samsung's FOTA client. */
import { habit, type ClientProfile } from './profile';

export const samsung: ClientProfile = {
  name: 'samsung',
  title: 'Samsung FOTA client',
  forms: ['wbxml', 'xml'],
  version: '1.2',
  auth: 'md5',
  habits: [
    habit('dm1 13.1', { wbxmlPublicIdAsText: true }),
    habit('dm1 3', { sessionIds: 'lowerHex' }),
    habit('dm1 20', { execResult: 450 }),
  ],
};
