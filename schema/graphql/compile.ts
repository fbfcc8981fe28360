/** Types, Device fields and mutations of all families of a library. */
import type { DdfLibrary } from '../ddf/library';
import { moDirective, nodeDirective } from './directives';
import type { CompileOptions, CompiledSchemaPart, OutsideTypes } from './types';

export function compileFamilies(_library: DdfLibrary, _outside: OutsideTypes, _options: CompileOptions = {}): CompiledSchemaPart {
  return { families: [], deviceFields: {}, mutationFields: {}, types: [], directives: [moDirective, nodeDirective], refusals: [] };
}
