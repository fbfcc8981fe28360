/** Which allowed values hold for a node in one version of its MO. */
import type { AllowedValues } from '../ddf/model';
import type { MoNode } from './types';

/**
 * A value is allowed that one of these allows; empty where everything is.
 *
 * Definitions of one version speak together, and those without a version for every one; a version of which none says
 * anything allows everything.
 *
 * @param version absent: the device's is not known, so each may be the one
 */
export function allowedIn(node: MoNode, version: string | undefined): readonly AllowedValues[] {
  if (node.rules.length === 0) return [];
  const ofAll = saidBy(node, '');
  if (version !== undefined) return [...saidBy(node, version), ...ofAll];
  const versions = new Set(node.rules.map((rule) => rule.version).filter((known) => known !== ''));
  if (ofAll.length > 0) return [...ofAll, ...[...versions].flatMap((known) => saidBy(node, known))];
  const said = [...versions].map((known) => saidBy(node, known));
  return said.every((rules) => rules.length > 0) ? said.flat() : [];
}

function saidBy(node: MoNode, version: string): readonly AllowedValues[] {
  return node.rules.flatMap((rule) => (rule.version === version && rule.allowed ? [rule.allowed] : []));
}
