/**
 * ServerURI templates, as a client fills them in. A server hands templates out unchanged.
 * Source: OMA-TS-DM_Protocol-V2_0, 6.2.
 */
import { percentEncode } from './percent';

export type ServerUriParameter = 'DevID' | 'MCC' | 'MNC' | 'CMCC' | 'CMNC' | 'SPName';
export type ServerUriValues = Readonly<Partial<Record<ServerUriParameter, string>>>;

const PARAMETERS: readonly string[] = ['DevID', 'MCC', 'MNC', 'CMCC', 'CMNC', 'SPName'];

/**
 * Replaces each `[Parameter]` by its percent-encoded value, or by `-1` where the parameter is unknown or has no value
 * (no mobile network). Values are not templates. Brackets of an IPv6 host stay.
 */
export function expandServerUri(template: string, values: ServerUriValues): string {
  return template.replace(/\[([A-Za-z]{1,32})\]/g, (_, name: string) => {
    const value = PARAMETERS.includes(name) ? values[name as ServerUriParameter] : undefined;
    return value === undefined ? '-1' : percentEncode(value);
  });
}
