/** Whether a request to the Data Repository comes from a device: by the same proofs as a package. */
import type { Context, Inbound, Proof } from '../../adapter';
import { authenticate } from './authenticate';
import { challengeWire, refusalWire } from './wires';

/** For a device that is known; what it has proved of itself outside of HTTP stands in `inbound.peer`. */
export function proveDevice(inbound: Inbound, deviceId: string, context: Context): Proof {
  const envelope = {
    device: deviceId,
    opens: false,
    final: true,
    sha256: '',
    protocol: 'DM_2_0',
    message: undefined,
    inbound,
  } as const;
  const verdict = authenticate(envelope, context);
  if (verdict.ok) return { ok: true };
  const { status, stale, counted, reason } = verdict;
  const reply = status === 403 ? refusalWire(403) : challengeWire(envelope, context, stale);
  return { ok: false, reply, counted, reason };
}
