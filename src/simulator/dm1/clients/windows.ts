/** Windows 10 and 11, mobile device management. */
import { habit, type ClientProfile } from './profile';

export const windows: ClientProfile = {
  name: 'windows',
  title: 'Windows 10/11 MDM',
  forms: ['xml', 'wbxml'],
  version: '1.2',
  auth: 'basic',
  habits: [
    habit('client-quirks 1', { namesCharset: true }),
    habit('dm1 12', {
      urlQuery: 'mode=Maintenance&Platform=WoA',
      headers: {
        'user-agent': 'MSFT OMA DM Client/1.2.0.1',
        'client-request-id': '9f2c0c71-2d0d-4f0c-8a35-5a9d7d1e0b11',
        'ms-cv': 'u0HkS3Xn8kCDcz1p.1.0',
      },
    }),
    habit('client-quirks 2', { needsLength: true }),
    habit('client-quirks 4', { targetFollowsRespUri: false }),
    habit('client-quirks 6', { answersNoChallenge: true }),
    habit('client-quirks 11', { maxMsgSize: null }),
    habit('client-quirks 14', { firstItemOnly: true }),
    habit('client-quirks 15', { sessionIds: 'decimal' }),
    habit('client-quirks 16', {
      deletedCode: 0,
      xml: {
        noDeclaration: true,
        singleQuotes: true,
        crlf: true,
        attributes: {
          SyncBody: 'xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM"',
          Data: 'msft:originalerror="0x0"',
        },
      },
    }),
    habit('client-quirks 19', { emptyAnswerEnds: true }),
    habit('client-quirks 20', { hdrStatusWantsEcho: true }),
    habit('client-quirks 24', {
      opening: [{ type: 'com.microsoft/MDM/LoginStatus', event: true, data: 'user' }],
    }),
    habit('dm1 20', {
      firstCmdId: 2,
      alerts: [],
      encodesNames: true,
      resultsWithoutMsgRef: true,
      noCorrelator: true,
      dislikesLeadingSlash: true,
      needsDtdOrder: true,
      devInfoValues: { DmV: '1.3' },
    }),
    habit('dm1 15.4', { accountPlace: './SyncML/DMAcc' }),
  ],
};
