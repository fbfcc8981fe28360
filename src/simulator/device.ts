/** What the simulated devices of both protocols have in common. */
import type { SessionReport } from './report';
import type { DeviceTree } from './tree';

/** Why a session begins. */
export interface SessionTrigger {
  /** `bootstrap`: DM 2.0, the first session after the account was installed. */
  readonly initiatedBy?: 'client' | 'server' | 'bootstrap';
  /** DM 1.x: the SessionID of the notification; at most 4 characters. Default: counted, in upper-case hex. */
  readonly sessionId?: string;
  /** DM 2.0: the NOTIFICATION-ID. */
  readonly notificationId?: number;
  /** DM 2.0: REQ-MOS, whether the notification asks for the MOs. */
  readonly requestsMos?: boolean;
}

/** A session that is run message by message. Between two steps it can be left alone for as long as one likes. */
export interface Stepper {
  /** Sends the next message and takes its answer; false when the session is over. Never rejects. */
  step(): Promise<boolean>;
  report(): SessionReport;
}

export interface SimulatedDevice {
  readonly protocol: 'dm1' | 'dm2';
  readonly deviceId: string;
  readonly tree: DeviceTree;
  begin(trigger?: SessionTrigger): Stepper;
  /** Runs a whole session. Never rejects. */
  connect(trigger?: SessionTrigger): Promise<SessionReport>;
}
