/** The shapes that the compiler of DDFs shares with those who resolve its types. */
import type {
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLFieldConfigMap,
  GraphQLInputFieldConfigMap,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLScalarType,
} from 'graphql';

import type { AccessVerb, AllowedValues, DdfFormat } from '../ddf/model';
import type { FilterTree } from '../ddf/predicate';

/** Work that lets others run between its parts. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** A type, or a function that gives it once all types exist. */
export type Late<T> = T | (() => T);

/** Types that are made elsewhere and that generated types point to. */
export interface OutsideTypes {
  readonly scalars: {
    readonly BigInt: GraphQLScalarType;
    readonly Base64: GraphQLScalarType;
    readonly Date: GraphQLScalarType;
    readonly Time: GraphQLScalarType;
    readonly Duration: GraphQLScalarType;
  };
  readonly MoInfo: Late<GraphQLObjectType>;
  readonly Operation: Late<GraphQLObjectType>;
  /** Has the value STOP. */
  readonly OnFailure: GraphQLEnumType;
}

/** Name of the scalar that a leaf has in GraphQL; `Presence` is a Boolean that tells whether the leaf exists. */
export type LeafScalar = 'String' | 'Int' | 'BigInt' | 'Boolean' | 'Float' | 'Base64' | 'Date' | 'Time' | 'Presence';

/** A node as one or several versions of the MO describe it. Versions are sorted; versions '' (none told) are left out. */
export interface NodeVariant {
  /** Raw name, '' for an unnamed node. */
  readonly name: string;
  /** Raw names joined by `/`, `*` for an unnamed node, '/' and '%' in names percent-encoded; '' is the MO's root. */
  readonly path: string;
  readonly format: DdfFormat;
  /** Union over its versions. */
  readonly access: readonly AccessVerb[];
  /** What each version says ('' for DDFs that tell none), where they disagree on the access types. */
  readonly accessIn?: ReadonlyMap<string, readonly AccessVerb[]>;
  readonly versions: readonly string[];
  /** Whether a DDF that tells no version describes it; then it counts for every version. */
  readonly unversioned: boolean;
}

/** What one definition says of a node's values. */
export interface NodeRule {
  /** '' where the definition tells none: it counts for every version. */
  readonly version: string;
  /** Absent: this definition says nothing. */
  readonly allowed?: AllowedValues;
}

/** A value of a closed list, with a name for it. */
export interface EnumValue {
  /** UPPER_SNAKE. */
  readonly name: string;
  /** As the DDF writes it: what devices know. */
  readonly raw: string;
  readonly description?: string;
}

export interface NodeEnum {
  readonly typeName: string;
  readonly values: readonly EnumValue[];
}

/** On which Windows releases a node is there; by Microsoft's DDFs. */
export interface Applicability {
  readonly osBuild?: string;
  readonly csp?: string;
  /** Numbers of editions, as the file writes them. */
  readonly editions?: readonly string[];
}

/** How the names of an unnamed node's entries come about: the server makes them up, the device has its own, or a rule in words. */
export type Naming = { readonly by: 'server' | 'device' } | { readonly by: 'rule'; readonly text: string };

/** What a vendor's elements tell people of a node. */
export interface NodeNotes {
  readonly applicability?: Applicability;
  /** Of unnamed nodes. */
  readonly naming?: Naming;
  /** Who restarts the device when the node was changed. */
  readonly reboot?: 'automatic' | 'server';
  /** The node is changed together with its siblings, all or none. */
  readonly isAtomic?: boolean;
}

/** A node of a family: what its versions say of it, under one GraphQL name. */
export interface MoNode extends NodeNotes {
  /** Field name in object types and inputs; for the root the family's name in camelCase. */
  readonly fieldName: string;
  /** Field name among the root fields of inputs, where words such as `wait` are taken. Elsewhere the same as `fieldName`. */
  readonly inputName: string;
  /** Field name in filters, where words such as `and` are taken. */
  readonly filterName: string;
  /** Name of the object type (interior and unnamed nodes). */
  readonly typeName: string;
  readonly kind: 'interior' | 'leaf';
  /** An unnamed node: a list of entries with `nodeName`. Never set on the root. */
  readonly isList: boolean;
  /** Leaves only. */
  readonly scalar?: LeafScalar;
  /** Leaves whose values are a closed list with good names: GraphQL shows the names. */
  readonly enumeration?: NodeEnum;
  /** At least one; the newest version first. */
  readonly variants: readonly NodeVariant[];
  /** Union over the variants, alphabetical. */
  readonly access: readonly AccessVerb[];
  readonly title?: string;
  readonly description?: string;
  readonly defaultValue?: string;
  readonly mimeTypes: readonly string[];
  /** As the newest definition that says something says it: for people. */
  readonly allowed?: AllowedValues;
  /** What each definition says, the newest first; empty where none says anything. */
  readonly rules: readonly NodeRule[];
  readonly deprecated?: { readonly since?: string };
  /** Some DDF describes this interior node without children (an extension point), so others may turn up. */
  readonly isOpen: boolean;
  /** Versions disagree on its shape: another field stands for the same raw name, and a value fits only one of them. */
  readonly hasTwin: boolean;
  readonly children: readonly MoNode[];
}

/** All versions of one MO, merged and named. */
export interface MoFamily {
  /** MOID without version, or the canonical place. */
  readonly family: string;
  /** PascalCase; the name of the root's object type. */
  readonly name: string;
  /** MOIDs of the definitions, sorted. */
  readonly moids: readonly string[];
  /** Sorted from old to new, '' left out. */
  readonly versions: readonly string[];
  readonly root: MoNode;
}

export type MutationKind = 'replace' | 'add' | 'delete' | 'exec';

/**
 * What `extensions.moql` holds.
 * - object type of a root: `mo`; of another interior node or of a list's element: `node`
 * - fields of object types: `mo` (MoInfo), `nodeName`, `nodeNames` (names of all children), `value` (an element that is
 *   a leaf, or a root that is a leaf), `leaf`, `interior`, `list`
 * - fields of Device: `instance` and `instances`; fields of Mutation: `mutation`
 * - input object types: `input`; their fields that stand for nodes: `inputNode`
 * - enums: `enum`; their values: `enumValue`
 * - filter types: `filter`; their fields that stand for nodes: `filterNode`
 */
export type MoqlExtension =
  | ({ readonly kind: 'mo' | 'node' | 'nodeName' | 'nodeNames' | 'value' | 'leaf' | 'interior' | 'list' } & Described)
  | ({ readonly kind: 'enum' | 'filter' | 'filterNode' } & Described)
  | ({ readonly kind: 'enumValue'; readonly raw: string } & Described)
  | ({ readonly kind: 'instance' | 'instances' } & Described)
  | ({ readonly kind: 'mutation' | 'input' | 'inputNode'; readonly mutation: MutationKind } & Described);

interface Described {
  readonly family: MoFamily;
  readonly node: MoNode;
  /** Of the newest variant. */
  readonly path: string;
  readonly format: DdfFormat;
  readonly access: readonly AccessVerb[];
  readonly versions: readonly string[];
}

export interface CompileRefusal {
  readonly code: 'NAME_CLASH' | 'BAD_NAME';
  readonly message: string;
  /** Families that cannot stand together; the first keeps its name, the others were left out. */
  readonly families: readonly string[];
}

export interface CompileOptions {
  /** Names asked for when a DDF was added: family → PascalCase name. */
  readonly names?: ReadonlyMap<string, string>;
  /** Names of types, and of fields of Device and Mutation, that generated ones must not take. */
  readonly taken?: {
    readonly types?: readonly string[];
    readonly deviceFields?: readonly string[];
    readonly mutationFields?: readonly string[];
  };
}

/** What the DDFs add to the schema. No field has a resolver; `extensions.moql` tells what it stands for. */
export interface CompiledSchemaPart {
  /** Sorted by name. */
  readonly families: readonly MoFamily[];
  /** `fumo(miid, maxAge, wait)` and `fumoInstances(maxAge, wait)` of each family. */
  readonly deviceFields: GraphQLFieldConfigMap<unknown, unknown>;
  /** `replaceFumo(input)` … */
  readonly mutationFields: GraphQLFieldConfigMap<unknown, unknown>;
  /** For `DeviceFilter`: `fumo: FumoFilter`; holds when some instance fulfils it. */
  readonly filterFields: GraphQLInputFieldConfigMap;
  /** Object types and filters of the roots (all others are reached from them and from the fields). */
  readonly types: readonly GraphQLNamedType[];
  /** All types of the families that were not there before, or were another. */
  readonly fresh: readonly GraphQLNamedType[];
  /** `@mo` and `@node`. */
  readonly directives: readonly GraphQLDirective[];
  readonly refusals: readonly CompileRefusal[];
}

/** Everything of JSON; MO values are documents keyed by raw node names. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Source of a generated object type while a query runs: a part of an MO's values document. */
export interface MoSource<C = unknown> {
  /** Interior: an object keyed by raw names; an element that is a leaf: its scalar. */
  readonly values: Json;
  /** Raw names joined by '/', below the MO's root: of this very node. */
  readonly path: string;
  /** Of a list's element. */
  readonly nodeName?: string;
  /** Of the MO on the device; absent where it is not known. */
  readonly version?: string;
  /** What the resolver of the root put in; handed down unchanged. */
  readonly context: C;
}

/** `misfit`: the device has a value that its type cannot show; `path` names it. */
export type ReadResult =
  | { readonly misfit?: false; readonly value: unknown }
  | { readonly misfit: true; readonly value: null; readonly path: string };

/** A value on its way to a device, in the adapters' words: bin → octets, b64 → base64 text, int → number, or bigint beyond 2^53−1. */
export interface InputValue {
  readonly format: DdfFormat;
  readonly mime?: string;
  readonly data: string | number | bigint | boolean | null | Uint8Array;
}

/** One command of a generated mutation; `value` absent: an interior node (add, replace) or no argument (exec). */
export interface GeneratedCommand {
  readonly kind: MutationKind;
  /** Raw names joined by '/'; '' is the MO's root. */
  readonly path: string;
  readonly value?: InputValue;
}

export type CommandsResult =
  | { readonly ok: true; readonly commands: readonly GeneratedCommand[] }
  | {
      readonly ok: false;
      readonly code: 'BAD_USER_INPUT' | 'NOT_IN_DDF' | 'ACCESS_TYPE' | 'BAD_FORMAT' | 'OUT_OF_RANGE' | 'LIMIT_COMMANDS';
      readonly message: string;
      readonly path: string;
    };

export type { FilterOperator, FilterTree, FilterValue } from '../ddf/predicate';

export type FilterResult =
  | { readonly ok: true; readonly tree: FilterTree }
  | { readonly ok: false; readonly code: 'BAD_USER_INPUT' | 'LIMIT_FILTER'; readonly message: string };

/** What every generated mutation's input has beside the tree. */
export interface MutationControls {
  readonly deviceId: string;
  readonly miid?: string | null;
  readonly atomic?: boolean | null;
  readonly onFailure?: unknown;
  readonly priority?: number | null;
  readonly expiresIn?: unknown;
  readonly wait?: unknown;
  readonly dryRun?: boolean | null;
  readonly idempotencyKey?: string | null;
}
