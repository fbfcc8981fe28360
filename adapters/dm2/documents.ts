/** Notification and bootstrap of DM 2.0 as documents for a bearer. */
import type { DocumentMaker, NoDocument } from '../adapter';
import { moBootstrap } from './bootstrap';
import { notificationName, package0Push, package0Sms, PACKAGE0_TYPE, writePackage0 } from './notification';
import type { Package0Error } from './notification';

/** Members of a request by what is wrong with them. */
const FIELDS: Readonly<Partial<Record<Package0Error, string>>> = {
  FIELD_NOTIFICATION_ID: 'sessionId',
  FIELD_SERVER_ID: 'serverId',
  FIELD_CONNECTIONS: 'connections',
};

export const dm2Documents: DocumentMaker = {
  /** The digest is made with the secret of the server and, as `Auth/Noti/Data`, its nonce, which a session never changes. */
  wake({ account }, { sessionNo, now, connections, requestsMos = true, resync, vendor }) {
    const { serverId, serverAuth } = account;
    if (resync !== undefined) return no('resync', 'is of DM 1.x: a device of DM 2.0 has no nonce to lose');
    if (vendor !== undefined) return no('vendor', 'is of DM 1.x');
    if (serverAuth.type === 'NONE' || serverAuth.secret === '') {
      return no(
        'serverAuth',
        'a notification is signed with the secret of the server, and there is none for this device',
      );
    }
    const written = writePackage0(
      {
        serverId,
        notificationId: sessionNo,
        requestsMos,
        ...(connections === undefined ? {} : { connections }),
        ...(now === undefined ? {} : { timestamp: Math.floor(now / 1000) }),
      },
      { secret: Buffer.from(serverAuth.secret, 'utf8'), data: serverAuth.nonce },
    );
    if (!written.ok) return no(FIELDS[written.code] ?? 'request', written.message);
    const octets = written.value;
    return {
      ok: true,
      document: {
        octets,
        mediaType: PACKAGE0_TYPE,
        wsp: package0Push(octets),
        sms: package0Sms(octets, sessionNo),
      },
      match: notificationName(sessionNo),
    };
  },
  bootstrap(context, request) {
    return request.profile === 'MO' ? moBootstrap(context, request) : no('profile', 'is of DM 1.x');
  },
};

function no(field: string, message: string): NoDocument {
  return { ok: false, field, message };
}
