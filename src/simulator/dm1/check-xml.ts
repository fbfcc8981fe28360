/**
 * What the parsed message no longer shows: order of children, Cred at wrong places, unused elements, numeric references.
 * XML only; WBXML that decodes has no counterpart for most of it.
 * Source: dm1 4.1 (order), 4.3; client-quirks 10, 18.
 */
import { SaxesParser } from 'saxes';

import type { ProtocolViolation } from '../report';
import { violation } from './rules';

const COMMANDS = [
  'Alert',
  'Atomic',
  'Copy',
  'Exec',
  'Get',
  'Results',
  'Sequence',
  'Status',
  'Add',
  'Replace',
  'Delete',
];
const ORDER: Readonly<Record<string, readonly string[]>> = {
  SyncML: ['SyncHdr', 'SyncBody'],
  SyncHdr: ['VerDTD', 'VerProto', 'SessionID', 'MsgID', 'Target', 'Source', 'RespURI', 'Cred', 'Meta'],
  Target: ['LocURI', 'LocName'],
  Source: ['LocURI', 'LocName'],
  Cred: ['Meta', 'Data'],
  Chal: ['Meta'],
  Item: ['Target', 'Source', 'SourceParent', 'TargetParent', 'Meta', 'Data', 'MoreData'],
  Add: ['CmdID', 'Meta', 'Item'],
  Replace: ['CmdID', 'Meta', 'Item'],
  Copy: ['CmdID', 'Meta', 'Item'],
  Delete: ['CmdID', 'Meta', 'Item'],
  Get: ['CmdID', 'Meta', 'Item'],
  Exec: ['CmdID', 'Meta', 'Correlator', 'Item'],
  Alert: ['CmdID', 'Data', 'Correlator', 'Item'],
  Results: ['CmdID', 'MsgRef', 'CmdRef', 'Meta', 'TargetRef', 'SourceRef', 'Item'],
  Status: ['CmdID', 'MsgRef', 'CmdRef', 'Cmd', 'TargetRef', 'SourceRef', 'Chal', 'Data', 'Item'],
  Meta: ['Format', 'Type', 'Mark', 'Size', 'NextNonce', 'MaxMsgSize', 'MaxObjSize', 'EMI'],
};
const UNUSED = new Set(['NoResp', 'NoResults', 'Archive', 'SftDel', 'Lang', 'NumberOfChanges', 'Anchor', 'Mem']);

export function checkXml(body: Uint8Array): readonly ProtocolViolation[] {
  const text = Buffer.from(body).toString('utf8');
  const found: ProtocolViolation[] = [];
  const reference = /&#[^;]{0,12};?/.exec(text.replace(/<!\[CDATA\[[^]*?(?:\]\]>|$)/g, ''));
  if (reference !== null) found.push(violation('XML_REFERENCE', reference[0]));
  const stack: { readonly name: string; last: number }[] = [];
  // Depth inside Data: what stands there belongs to another document.
  let inData = 0;
  const parser = new SaxesParser({ xmlns: false, fragment: false });
  parser.on('error', () => undefined);
  parser.on('opentag', (tag) => {
    const name = tag.name.replace(/^.*:/, '');
    const parent = stack.at(-1);
    if (inData > 0 || parent?.name === 'Data') {
      inData += 1;
      return;
    }
    stack.push({ name, last: -1 });
    if (parent === undefined) return;
    if (UNUSED.has(name)) found.push(violation('XML_UNUSED_ELEMENT', `${name} in ${parent.name}`));
    else if (name === 'Cred' && parent.name !== 'SyncHdr')
      found.push(violation('CRED_IN_COMMAND', `Cred in ${parent.name}`));
    else checkOrder(parent, name, found);
  });
  parser.on('closetag', () => {
    if (inData > 0) inData -= 1;
    else stack.pop();
  });
  try {
    parser.write(text).close();
  } catch {
    // The codec says what is wrong with the document.
  }
  return found;
}

function checkOrder(parent: { readonly name: string; last: number }, name: string, found: ProtocolViolation[]): void {
  if (parent.name === 'SyncBody') {
    if (parent.last === 1) found.push(violation('XML_ORDER', `${name} after Final`));
    if (name === 'Final') parent.last = 1;
    return;
  }
  if (parent.name === 'Atomic' || parent.name === 'Sequence') {
    const rank = name === 'CmdID' ? 0 : name === 'Meta' ? 1 : COMMANDS.includes(name) ? 2 : -1;
    if (rank < parent.last) found.push(violation('XML_ORDER', `${name} in ${parent.name}`));
    parent.last = Math.max(parent.last, rank);
    return;
  }
  const order = ORDER[parent.name];
  if (order === undefined) return;
  const rank = order.indexOf(name);
  if (rank < 0) found.push(violation('XML_ORDER', `${name} does not belong in ${parent.name}`));
  else if (rank < parent.last)
    found.push(violation('XML_ORDER', `${name} after ${order[parent.last] ?? ''} in ${parent.name}`));
  parent.last = Math.max(parent.last, rank);
}
