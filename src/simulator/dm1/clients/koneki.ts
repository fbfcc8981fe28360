/** Eclipse Koneki's OMA DM simulator (Java, DM 1.2, XML). */
import { habit, type ClientProfile } from './profile';

export const koneki: ClientProfile = {
  name: 'koneki',
  title: 'Eclipse Koneki OMA DM simulator',
  forms: ['xml'],
  version: '1.2',
  auth: 'basic',
  habits: [
    habit('client-quirks 2', {
      chunkedBody: true,
      headers: { 'content-encoding': 'UTF-8', connection: 'close' },
    }),
    habit('client-quirks 4', { needsRespUri: true, targetFollowsRespUri: true }),
    habit('client-quirks 5', { repeatsUntil212: true }),
    habit('client-quirks 6', { answersNoChallenge: true }),
    habit('client-quirks 11', { maxMsgSize: null }),
    habit('client-quirks 12', { needsFinal: true }),
    habit('client-quirks 14', { dislikes: ['Copy', 'MoreData'] }),
    habit('dm1 8', { largeObjects: false }),
    habit('client-quirks 15', { sessionIds: 'decimal' }),
    habit('client-quirks 16', { devInfo: { names: { DmV: 'DwV' }, oneEach: true } }),
    habit('client-quirks 18', { needsDtdOrder: true }),
    habit('client-quirks 21', { credInEvery: true, emptyCredAfterFumo: true }),
  ],
};
