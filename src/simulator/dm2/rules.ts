/** What a DM 2.0 device holds against its server: each rule with its section of the digest. */
import type { ProtocolViolation } from '../report';

export const DM2_RULES = {
  HTTP_STATUS: { section: '2.5', text: 'a package that is accepted is answered with HTTP 200 and a Package#2' },
  HTTP_CONTENT_TYPE: { section: '2.2', text: 'a Package#2 is application/vnd.oma.dm.request+json' },
  UNREADABLE: { section: '4.2', text: 'a Package#2 is a JSON object' },
  CMD_MISSING: { section: '4.2', text: 'a Package#2 has an array CMD' },
  PARAMETER_TYPE: { section: '4.2', text: 'a command is an array of strings' },
  COMMAND_UNKNOWN: { section: '5', text: 'a command is one of the twelve' },
  COMMAND_PARAMETERS: { section: '5', text: 'a command has the parameters of its definition' },
  CLIENT_URI: { section: '8.1', text: 'a ClientURI follows the grammar' },
  CLIENT_URI_WILDCARD: { section: '8.3', text: 'no wildcard in HGET, DELETE, EXEC and SUB' },
  SERVER_URI: { section: '9', text: 'a ServerURI is an absolute HTTP address' },
  CONT_MISSING: { section: '20', text: 'a Package#2 that expects an answer begins with CONT' },
  CONT_REUSED: { section: '20', text: 'each CONT hands out a new address' },
  END_NOT_LAST: { section: '5', text: 'END is the last command' },
  END_DROPS_OUTCOME: { section: '5', text: 'no command whose outcome matters stands before END' },
  MO_DOCUMENT: {
    section: '10.2',
    text: 'what an HGET fetches as MO data is an array of entries with ClientURI and MOData',
  },
} as const satisfies Record<string, { readonly section: string; readonly text: string }>;

export type Dm2Rule = keyof typeof DM2_RULES;

export function violation(rule: Dm2Rule, detail: string): ProtocolViolation {
  return { protocol: 'dm2', rule, section: DM2_RULES[rule].section, detail: `${DM2_RULES[rule].text}: ${detail}` };
}
