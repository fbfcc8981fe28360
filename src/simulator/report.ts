/** What a session of a simulated device came to, and what the device objected to. */

/** A message of the server that the facts forbid. */
export interface ProtocolViolation {
  readonly protocol: 'dm1' | 'dm2';
  /** Code from the protocol's table of rules. */
  readonly rule: string;
  /** Section of the protocol digest, such as `2.4`. */
  readonly section: string;
  readonly detail: string;
}

export interface TranscriptEntry {
  /** `out`: sent by the device; `in`: received by it. */
  readonly direction: 'out' | 'in';
  readonly url: string;
  readonly method: string;
  /** HTTP status, of what was received. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A status that the device saw (DM 1.x: of its own commands) or gave (DM 2.0, and DM 1.x with `by: 'device'`). */
export interface SeenStatus {
  readonly by: 'server' | 'device';
  readonly command: string;
  readonly target?: string;
  readonly code: string;
}

export interface SessionReport {
  readonly protocol: 'dm1' | 'dm2';
  readonly deviceId: string;
  readonly messages: readonly TranscriptEntry[];
  readonly statusesSeen: readonly SeenStatus[];
  /** Who ended the session; `error`: a violation, or no answer at all. */
  readonly ended: 'server' | 'client' | 'error';
  /** The server accepted the device's credentials, or asked for none. */
  readonly authenticated: boolean;
  /** What the client that is played did not survive: `died at …`. */
  readonly died?: string;
  /** The device left the session in the middle, as it was told to. */
  readonly brokenOff?: boolean;
  readonly violations: readonly ProtocolViolation[];
  readonly log: readonly string[];
}

/** Collects a report while a session runs. */
export class SessionRecord {
  readonly messages: TranscriptEntry[] = [];
  readonly statusesSeen: SeenStatus[] = [];
  readonly violations: ProtocolViolation[] = [];
  readonly log: string[] = [];
  ended: SessionReport['ended'] | undefined;
  authenticated = false;
  died: string | undefined;
  brokenOff = false;

  constructor(
    private readonly protocol: 'dm1' | 'dm2',
    private readonly deviceId: string,
  ) {}

  report(): SessionReport {
    return {
      protocol: this.protocol,
      deviceId: this.deviceId,
      messages: [...this.messages],
      statusesSeen: [...this.statusesSeen],
      ended: this.ended ?? 'error',
      authenticated: this.authenticated,
      ...(this.died === undefined ? {} : { died: this.died }),
      ...(this.brokenOff ? { brokenOff: true } : {}),
      violations: [...this.violations],
      log: [...this.log],
    };
  }
}
