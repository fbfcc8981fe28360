/** 3. Every value that was acknowledged is stored: what devices were told to write and wrote, and what they told. */
import type { Fate } from './operations-held';
import type { Findings } from './findings';
import { CELLS } from './object';
import type { DeviceRecord } from './record';
import type { Stored } from './stored';

export function checkValues(
  findings: Findings,
  stored: Stored,
  fates: readonly Fate[],
  records: ReadonlyMap<string, DeviceRecord>,
): void {
  for (const [deviceId, record] of records) {
    const document = stored.documents.get(deviceId);
    const own = fates.filter((fate) => fate.deviceId === deviceId);
    for (let n = 0; n < CELLS; n += 1) {
      const path = `Cell${n}`;
      const confirmed = new Set(
        own.filter(isConfirmed).flatMap(({ planned }) => (planned.path === path ? [planned.value] : [])),
      );
      const written = record.written(path);
      const last = written.findLastIndex((value) => confirmed.has(value));
      if (last < 0) continue;
      // What was written later without an answer that came, may be known by a read.
      const allowed = written.slice(last);
      const held = document?.[path];
      findings.check(
        typeof held === 'string' && allowed.includes(held),
        () => `${deviceId} ${path}: ${String(held)} is stored where ${allowed.join(', then ')} was written`,
      );
    }
    for (const fate of own.filter(isConfirmed)) checkBoxed(findings, fate, own, document, record);
  }
}

const isConfirmed = ({ stored: { state, outcome } }: Fate): boolean => state === 'ANSWERED' && outcome === 'OK';

/** What was added is stored until it is deleted; a delete of a higher priority can come before the add. */
function checkBoxed(
  findings: Findings,
  { name, planned }: Fate,
  own: readonly Fate[],
  document: Readonly<Record<string, unknown>> | undefined,
  record: DeviceRecord,
): void {
  const [folder, box = ''] = planned.path.split('/');
  if (folder !== 'Box') return;
  const stored = (document?.['Box'] as Record<string, unknown> | undefined)?.[box];
  if (planned.kind === 'delete') {
    const isLeft = stored !== undefined && stored === record.left(planned.path);
    findings.check(stored === undefined || isLeft, () => `${name} is OK, and ${String(stored)} is stored`);
    return;
  }
  const isDeleted = own.some(
    (other) => other.planned.kind === 'delete' && other.planned.path === planned.path && isTouched(other),
  );
  if (planned.kind === 'add' && !isDeleted)
    findings.check(stored === planned.value, () => `${name} is OK, and ${String(stored)} is stored`);
}

const isTouched = ({ stored: { state } }: Fate): boolean => state === 'ANSWERED' || state === 'IN_DOUBT';

/** Alerts that devices no longer keep, for a server took them. */
export function checkAlerts(findings: Findings, stored: Stored, taken: ReadonlyMap<string, readonly string[]>): void {
  for (const [deviceId, texts] of taken) {
    const rows = stored.alerts.get(deviceId) ?? [];
    for (const text of texts)
      findings.check(
        rows.some((row) => row.includes(`"${text}"`)),
        () => `${deviceId}: the alert ${text} was taken and is not stored`,
      );
  }
}

/** What devices put where they were told to. */
export function checkTold(
  findings: Findings,
  stored: Stored,
  told: ReadonlyMap<string, { readonly told: readonly string[]; readonly toldSurely: number }>,
): void {
  for (const [deviceId, { told: texts, toldSurely }] of told) {
    if (toldSurely === 0) continue;
    const allowed = texts.slice(toldSurely - 1);
    const held = stored.documents.get(deviceId)?.['Told'];
    findings.check(
      typeof held === 'string' && allowed.includes(held),
      () => `${deviceId} Told: ${String(held)} is stored where ${allowed.join(', then ')} was told`,
    );
  }
}
