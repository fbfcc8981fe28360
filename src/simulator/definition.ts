/**
 * What may stand in a device's tree: the device maker's own description of it, independent of protocol.
 * Source: OMA-TS-DM_TND, "Device Description Framework"; dm1 6.5 (permanent and dynamic nodes).
 */
import type { DmFormat } from '../../adapters/adapter';

export type Verb = 'Add' | 'Copy' | 'Delete' | 'Exec' | 'Get' | 'Replace';

/** A value as a device keeps it: text in the lexical form of its format, octets for `bin`. */
export type Stored = string | Uint8Array;

export interface NodeDefinition {
  /** '' for an unnamed node: any name, any number of them. */
  readonly name: string;
  readonly format: DmFormat;
  readonly access: readonly Verb[];
  /** Permanent nodes appear with their parent and are never added, deleted or renamed. */
  readonly permanent: boolean;
  /** MIME type of a leaf; absent: text/plain, or octets for `bin`. */
  readonly mime?: string;
  /** MO identifier, on the root of an MO. */
  readonly moid?: string;
  /** DM 2.0: the instance's identifier; absent: the node's name. */
  readonly miid?: string;
  readonly acl?: string;
  /** Value of a leaf when it appears. */
  readonly initial?: Stored;
  /** Nodes that exist from the start below an unnamed definition, or dynamic ones that exist from the start. */
  readonly present?: readonly PresentNode[];
  readonly children?: readonly NodeDefinition[];
}

/** A dynamic node that a new device has: its name and the values of what is below it. */
export interface PresentNode {
  readonly name: string;
  readonly values?: Readonly<Record<string, Stored>>;
}

/** The definition of a child: the one of that name, else the unnamed one. */
export function definitionOfChild(parent: NodeDefinition, name: string): NodeDefinition | undefined {
  let unnamed: NodeDefinition | undefined;
  for (const child of parent.children ?? []) {
    if (child.name === name) return child;
    if (child.name === '') unnamed = child;
  }
  return unnamed;
}

const G: readonly Verb[] = ['Get'];

/** A permanent interior node. */
export function folder(
  name: string,
  children: readonly NodeDefinition[],
  more: Partial<NodeDefinition> = {},
): NodeDefinition {
  return { name, format: 'node', access: G, permanent: true, children, ...more };
}

/** A permanent leaf; readable only unless `more.access` says otherwise. */
export function leaf(
  name: string,
  format: DmFormat,
  initial: Stored | undefined,
  more: Partial<NodeDefinition> = {},
): NodeDefinition {
  return { name, format, access: G, permanent: true, ...(initial === undefined ? {} : { initial }), ...more };
}

/** A permanent node without value that can be executed. */
export function command(name: string): NodeDefinition {
  return { name, format: 'null', access: ['Exec'], permanent: true, initial: '' };
}
