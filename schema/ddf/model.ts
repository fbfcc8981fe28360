/**
 * The plain model of a DDF: everything that a file says of its nodes, nothing of GraphQL.
 * Source: OMA-TS-DM_TND, "Device Description Framework"; Microsoft's elements as in DDFv2.xsd.
 */

export type DdfFormat = 'b64' | 'bin' | 'bool' | 'chr' | 'int' | 'node' | 'null' | 'xml' | 'date' | 'time' | 'float';
export type AccessVerb = 'Add' | 'Copy' | 'Delete' | 'Exec' | 'Get' | 'Replace';

/** Where something stands in its file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** An oddity that was tolerated: one of a kind in a file, with the place of the first. */
export interface DdfWarning extends Place {
  readonly code: string;
  readonly message: string;
  /** How often the file has it. */
  readonly count: number;
}

/** Values that a leaf may take, where the file says so. */
export type AllowedValues =
  | {
      readonly kind: 'enum';
      readonly values: readonly { readonly value: string; readonly description?: string }[];
      readonly delimiter?: string;
    }
  | {
      readonly kind: 'range';
      readonly ranges: readonly { readonly min?: bigint; readonly max?: bigint }[];
      readonly text: string;
    }
  /** `delimiter`: the value is a list, each element of which has the pattern. */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly delimiter?: string }
  | { readonly kind: 'flags'; readonly values: readonly { readonly value: string; readonly description?: string }[] }
  /** ADMX, JSON, SDDL, XSD …: kept as text. */
  | { readonly kind: 'other'; readonly type: string; readonly text: string };

/** An element that is not of the DTD (a vendor's), kept whole. */
export interface ExtensionElement {
  readonly name: string;
  readonly namespace?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly ExtensionElement[];
}

export interface DdfNode {
  /** '' for an unnamed node (empty NodeName or `*`). */
  readonly name: string;
  readonly format: DdfFormat;
  readonly access: readonly AccessVerb[];
  /** `max` absent: any number. */
  readonly occurrence: { readonly min: number; readonly max?: number };
  readonly permanent: boolean;
  readonly title?: string;
  readonly description?: string;
  readonly defaultValue?: string;
  readonly mimeTypes: readonly string[];
  /** DDFName: the MOID on an MO's root. */
  readonly ddfName?: string;
  readonly caseSensitive?: boolean;
  readonly allowed?: AllowedValues;
  /** The file's own mark, with the version where it tells one. */
  readonly deprecated?: { readonly since?: string };
  /** What the comment `Status: Required` or `Status: Optional` behind the NodeName says. Source: TND 1.3. */
  readonly status?: 'required' | 'optional';
  /** Commands that a comment such as `No Get` inside AccessType forbids; they are never in `access`. Source: TND 1.3. */
  readonly forbidden?: readonly AccessVerb[];
  /** `Value`: what the node holds when it is created. */
  readonly initialValue?: string;
  /** RTProperties: names of the run-time properties that the node has, with their defaults ('' where none is told). */
  readonly runtimeProperties?: Readonly<Record<string, string>>;
  /** All elements of the node that the DTD does not have, in the order of the file. */
  readonly extensions: readonly ExtensionElement[];
  readonly children: readonly DdfNode[];
  readonly at: Place;
}

/** An MO type as one file describes it. */
export interface MoDefinition {
  /** MOID where the file names one, else the canonical root path (`./Vendor/MSFT/BitLocker`). */
  readonly moid: string;
  /** MOID without its version; the identity of all versions. */
  readonly family: string;
  /** '' where the MOID has none. */
  readonly version: string;
  /** Fixed place of the root on a DM 1.x device, such as `./DevInfo`; absent: anywhere. For an unnamed root: its parent. */
  readonly place?: string;
  readonly root: DdfNode;
}

export interface DdfDocument {
  readonly verDtd?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly mos: readonly MoDefinition[];
  /** Elements directly below MgmtTree that the DTD does not have, such as Microsoft's `Diagnostics`. */
  readonly extensions: readonly ExtensionElement[];
  readonly warnings: readonly DdfWarning[];
}

export interface DdfRefusal extends Place {
  readonly code: string;
  readonly message: string;
}
