/** The Hotspot 2.0 online sign-up client of hostap (C, DM 1.2, XML). */
import { habit, type ClientProfile } from './profile';

export const hs20: ClientProfile = {
  name: 'hs20',
  title: 'Hotspot 2.0 (hs20) OSU client',
  forms: ['xml'],
  version: '1.2',
  auth: 'none',
  habits: [
    habit('client-quirks 4', { targetFollowsRespUri: true }),
    habit('client-quirks 6', { answersNoChallenge: true }),
    habit('client-quirks 11', { maxMsgSize: null }),
    habit('client-quirks 12', { needsFinal: true }),
    habit('client-quirks 14', { firstItemOnly: true }),
    habit('client-quirks 15', { sessionIds: 'one' }),
    habit('client-quirks 24', {
      tellsDevDetail: 'Reversed-Domain-Name: org.wi-fi.hotspot2dot0.SubscriptionCreation',
    }),
    habit('dm1 20', {
      hdrStatusCode: 212,
      hdrStatusWithoutCmdRef: true,
      capitalFormats: true,
      xml: { lastInStatus: 'TargetRef' },
      commands: ['Exec', 'Add', 'Replace', 'Get'],
    }),
  ],
};
