/** Notification and bootstrap of DM 1.x as documents for a bearer. */
import type { DocumentMaker } from '../adapter';
import { bootstrapAccount, no } from './bootstrap-account';
import { cpBootstrap } from './bootstrap-cp';
import { dmBootstrap } from './bootstrap-dm';
import { RESYNC_NONCE } from './credential';
import { NOTIFICATION_TYPE, notificationPush, notificationSms, sessionIdOf, writeNotification } from './notification';

export const dm1Documents: DocumentMaker = {
  wake({ account, device }, { sessionNo, initiatedBy, uiMode, resync, vendor }) {
    const { serverId, serverAuth } = account;
    if (serverAuth.type === 'NONE' || serverAuth.secret === '') {
      return no(
        'serverAuth',
        'a notification is signed with the secret of the server, and there is none for this device',
      );
    }
    const written = writeNotification(
      {
        // DM 1.3 devices understand the form of 1.2; that of 1.3 is not known here.
        version: device.protocol === 'DM_1_1_2' ? '1.0' : '1.1',
        uiMode,
        initiatedBy,
        sessionNo,
        serverId,
        ...(vendor === undefined ? {} : { vendor }),
      },
      serverAuth.secret,
      resync === undefined ? serverAuth.nonce : RESYNC_NONCE[resync],
    );
    if (!written.ok) return no(written.code === 'NOTIFICATION_SESSION' ? 'sessionNo' : 'serverId', written.message);
    const octets = written.value;
    const wsp = notificationPush(octets);
    return {
      ok: true,
      document: { octets, mediaType: NOTIFICATION_TYPE, wsp, sms: notificationSms(octets, sessionNo) },
      match: sessionIdOf(sessionNo),
    };
  },
  bootstrap(context, request) {
    for (const field of ['moids', 'transport', 'bootstrapServer'] as const)
      if (request[field] !== undefined) return no(field, 'is of DM 2.0');
    const known = bootstrapAccount(context, request);
    if (!known.ok) return known;
    switch (request.profile) {
      case 'CP':
        return cpBootstrap(known.account, request);
      case 'DM':
        return dmBootstrap(known.account, context, request);
      case 'MO':
        return no('profile', 'is of DM 2.0');
    }
  },
};
