/** Intel's libdmclient (C, DM 1.2). */
import { habit, type ClientProfile } from './profile';

export const libdmclient: ClientProfile = {
  name: 'libdmclient',
  title: 'Intel libdmclient',
  forms: ['wbxml', 'xml'],
  version: '1.2',
  auth: 'md5',
  habits: [
    habit('client-quirks 1', { mediaType: 'plain', namesCharset: true }),
    habit('dm1 13.1', { wbxmlPublicIdAsText: true }),
    habit('client-quirks 4', { targetFollowsRespUri: true }),
    habit('client-quirks 6', { repeatsRefused: true, needsCmdRef: true }),
    habit('client-quirks 7', { breaksOnePad: true }),
    habit('client-quirks 8', { missingCredCode: 0, nonceEachCred: true }),
    habit('client-quirks 9', { needsItemFormat: true }),
    habit('client-quirks 10', { dislikesReferences: true }),
    habit('client-quirks 11', { maxMsgSize: 16_384, buffer: 40_000 }),
    habit('client-quirks 12', { alwaysFinal: true, never1222: true }),
    habit('client-quirks 13', { needsAlertItems: true }),
    habit('client-quirks 14', { dislikes: ['Sequence'] }),
    habit('client-quirks 15', { sessionIds: 'one' }),
    habit('client-quirks 16', { devInfo: { nul: true } }),
    habit('client-quirks 22', { swapsNotifiedId: true }),
    habit('client-quirks 23', { truncatesObjects: true }),
    habit('dm1 20', { atomic: 'noRollback', serverLimit: 'ignored' }),
  ],
};
