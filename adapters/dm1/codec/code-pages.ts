/**
 * WBXML tokens and public identifiers of SyncML, Meta Information and the DM Description Framework.
 * Source: OMA SyncML RepPro 1.2, "WBXML Definitions"; OMA-TS-DM_TND, "Tokens".
 */
export const PAGE_SYNCML = 0;
export const PAGE_METINF = 1;
export const PAGE_DMDDF = 2;
export type CodePage = typeof PAGE_SYNCML | typeof PAGE_METINF | typeof PAGE_DMDDF;

export const NAMESPACE_METINF = 'syncml:metinf';
export const NAMESPACE_DMDDF = 'syncml:dmddf1.2';

/** First token of a page's names; they count up from here. Empty: reserved. */
const FIRST_TOKEN = 0x05;

const NAMES: Readonly<Record<CodePage, readonly string[]>> = {
  [PAGE_SYNCML]: (
    'Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName LocURI Map ' +
    'MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel Source ' +
    'SourceRef Status Sync SyncBody SyncHdr SyncML Target TargetRef - VerDTD VerProto NumberOfChanges MoreData Field ' +
    'Filter Record FilterType SourceParent TargetParent Move Correlator'
  ).split(' '),
  [PAGE_METINF]: (
    'Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type Version ' +
    'MaxObjSize FieldLevel'
  ).split(' '),
  [PAGE_DMDDF]: (
    'AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete Description DFFormat ' +
    'DFProperties DFTitle DFType Dynamic Exec float Format Get int Man MgmtTree MIME Mod Name Node node NodeName null ' +
    'Occurrence One OneOrMore OneOrN Path Permanent Replace RTProperties Scope Size time Title TStamp Type Value VerDTD ' +
    'VerNo xml ZeroOrMore ZeroOrN ZeroOrOne'
  ).split(' '),
};

/** Token of each name, by page. */
export const TOKENS: Readonly<Record<CodePage, ReadonlyMap<string, number>>> = {
  [PAGE_SYNCML]: tokensOf(PAGE_SYNCML),
  [PAGE_METINF]: tokensOf(PAGE_METINF),
  [PAGE_DMDDF]: tokensOf(PAGE_DMDDF),
};

/** Names by page and token (0 to 3F), for decoding. A token that is not assigned has no name. */
export const TAG_NAMES: readonly (readonly (string | undefined)[])[] = [PAGE_SYNCML, PAGE_METINF, PAGE_DMDDF].map(
  (page) => {
    const names = new Array<string | undefined>(64).fill(undefined);
    for (const [name, token] of TOKENS[page as CodePage]) names[token] = name;
    return names;
  },
);

function tokensOf(page: CodePage): ReadonlyMap<string, number> {
  const tokens = new Map<string, number>();
  NAMES[page].forEach((name, index) => {
    if (name !== '-') tokens.set(name, FIRST_TOKEN + index);
  });
  return tokens;
}

/** Which vocabulary a document is of. */
export type Vocabulary = 'syncml' | 'metinf' | 'dmddf' | 'provisioning' | 'unknown';

export interface PublicId {
  readonly vocabulary: Vocabulary;
  /** Namespace of the root in the document's XML form. */
  readonly namespace?: string;
  /** Code page on which the root stands. */
  readonly page: CodePage;
}

export const PUBLIC_ID_SYNCML_1_0 = 0x0fd1;
export const PUBLIC_ID_SYNCML_1_1 = 0x0fd3;
export const PUBLIC_ID_SYNCML_1_2 = 0x1201;
export const PUBLIC_TEXT_DMDDF = '-//OMA//DTD-DM-DDF 1.2//EN';

const syncml = (version: string): PublicId => ({
  vocabulary: 'syncml',
  namespace: `SYNCML:SYNCML${version}`,
  page: PAGE_SYNCML,
});
const METINF: PublicId = { vocabulary: 'metinf', namespace: NAMESPACE_METINF, page: PAGE_METINF };
const DMDDF: PublicId = { vocabulary: 'dmddf', namespace: NAMESPACE_DMDDF, page: PAGE_DMDDF };
export const UNKNOWN_PUBLIC_ID: PublicId = { vocabulary: 'unknown', page: PAGE_SYNCML };

/** Public identifiers that came as a number. */
export const PUBLIC_NUMBERS: ReadonlyMap<number, PublicId> = new Map([
  [PUBLIC_ID_SYNCML_1_0, syncml('1.0')],
  [PUBLIC_ID_SYNCML_1_1, syncml('1.1')],
  [PUBLIC_ID_SYNCML_1_2, syncml('1.2')],
  [0x1202, METINF],
  [0x0b, { vocabulary: 'provisioning', page: PAGE_SYNCML } as PublicId],
]);

const SYNCML_TEXT = /^-\/\/(?:SYNCML|OMA)\/\/DTD (?:SyncML|SYNCML) (\d\.\d)/;

/** A public identifier that came as text. */
export function publicIdOfText(text: string): PublicId {
  const version = SYNCML_TEXT.exec(text)?.[1];
  if (version) return syncml(version);
  if (/^-\/\/OMA\/\/DTD[- ]DM-DDF/.test(text)) return DMDDF;
  if (/^-\/\/(?:SYNCML|OMA)\/\/DTD (?:MetInf|SYNCML-METINF)/.test(text)) return METINF;
  if (text.startsWith('-//WAPFORUM//DTD PROV')) return { vocabulary: 'provisioning', page: PAGE_SYNCML };
  return UNKNOWN_PUBLIC_ID;
}

/** Number of the public identifier under which messages of a namespace travel. */
export function publicNumberOf(namespace: string | undefined, verDtd: string): number {
  if (namespace === 'SYNCML:SYNCML1.0') return PUBLIC_ID_SYNCML_1_0;
  if (namespace === 'SYNCML:SYNCML1.1') return PUBLIC_ID_SYNCML_1_1;
  return namespace === undefined && verDtd === '1.1' ? PUBLIC_ID_SYNCML_1_1 : PUBLIC_ID_SYNCML_1_2;
}

/** The same identifier as text, as clients of the reference toolkit write it. */
export function publicTextOf(publicNumber: number): string {
  if (publicNumber === PUBLIC_ID_SYNCML_1_0) return '-//SYNCML//DTD SyncML 1.0//EN';
  return publicNumber === PUBLIC_ID_SYNCML_1_1 ? '-//SYNCML//DTD SyncML 1.1//EN' : '-//SYNCML//DTD SyncML 1.2//EN';
}
