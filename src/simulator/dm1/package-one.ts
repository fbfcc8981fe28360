/** Drafts of what a client sends of its own: Package 1 and alerts. Source: dm1 2.1, 9.3, 15.1, 18. */
import type { Item } from '../../../adapters/dm1/message';
import type { PendingOperation } from '../behaviour';
import type { DeviceTree } from '../tree';
import { locUriOf } from './address';
import { textData } from './data';
import { alertOf, type Draft } from './drafts';
import { alertItem, type DeviceAlert } from './memory';
import type { Traits } from './traits';

/** The Replace of DevInfo. */
export function devInfoDraft(tree: DeviceTree): Draft {
  const nodes = [...(tree.find(['DevInfo'])?.children?.values() ?? [])].filter(
    ({ children }) => children === undefined,
  );
  const items = nodes.map(({ name, value }): Item => ({
    source: { locUri: `./DevInfo/${name}` },
    meta: { format: 'chr', type: 'text/plain' },
    data: textData(typeof value === 'string' ? value : ''),
  }));
  return { kind: 'Replace', cmdId: '', items };
}

/** Alert 1226 for the end of an Exec or of the device's own, 1224 for an event. */
export function alertDraft(alert: PendingOperation | DeviceAlert, traits: Traits = {}): Draft {
  const told = 'executed' in alert ? completionAlert(alert) : alert;
  const target = told.target ?? (told.source === undefined ? undefined : traits.alertTarget);
  const item = alertItem({ ...told, ...(target === undefined ? {} : { target }) });
  if (told.event === true) return alertOf(1224, [item]);
  return alertOf(1226, [item], traits.noCorrelator === true ? undefined : alert.correlator);
}

function completionAlert(operation: PendingOperation): DeviceAlert {
  const { resultCode, identifier, target } = operation;
  const good = resultCode < 300 || (resultCode >= 1200 && resultCode < 1300);
  return {
    type: operation.alertType,
    source: locUriOf(operation.source),
    ...(target === undefined ? {} : { target: locUriOf(target) }),
    format: identifier === undefined ? 'chr' : 'xml',
    mark: good ? 'informational' : 'warning',
    // SCOMO: two elements without a root.
    data:
      identifier === undefined
        ? String(resultCode)
        : `<ResultCode>${resultCode}</ResultCode><Identifier>${escapeXml(identifier)}</Identifier>`,
  };
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
