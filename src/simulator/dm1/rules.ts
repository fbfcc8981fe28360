/** What a DM 1.x device holds against its server: each rule with its section of the digest. */
import type { ProtocolViolation } from '../report';

export const DM1_RULES = {
  HTTP_STATUS: { section: '12', text: 'every message is answered with HTTP 200' },
  HTTP_CONTENT_TYPE: { section: '12', text: 'the answer has the media type of the request' },
  HTTP_CONTENT_LENGTH: { section: '12', text: 'the answer has a Content-Length and is not chunked' },
  HTTP_CACHE_CONTROL: { section: '12', text: 'the answer must not be cached: Cache-Control private or no-store' },
  UNREADABLE: { section: '21', text: 'the body is a SyncML message' },
  XML_REFERENCE: { section: '4.3', text: 'only the five named entities are used in XML that is sent' },
  XML_ORDER: { section: '4.1', text: 'children stand in the order of the DTD' },
  XML_UNUSED_ELEMENT: { section: '4.1', text: 'elements that DM does not use are not sent' },
  MESSAGE_TOO_LARGE: { section: '3', text: 'a message is no larger than the MaxMsgSize of the receiver' },
  NAMESPACE: { section: '1', text: 'the namespace of the request is mirrored' },
  VERSION: { section: '1', text: 'VerDTD and VerProto of the request are mirrored' },
  SESSION_ID: { section: '3', text: 'the SessionID is constant for the session' },
  MSG_ID: { section: '3', text: 'the MsgID starts at 1 and grows by one a message' },
  HEADER_TARGET: { section: '3', text: 'the Target of a server message is the device' },
  HEADER_SOURCE: { section: '3', text: 'the Source of a server message is the server' },
  RESP_URI: {
    section: '3',
    text: 'every server message has an absolute RespURI without `&`, the same for the session',
  },
  CMD_ID: { section: '3', text: 'CmdIDs are unique in a message and never 0' },
  CRED_IN_COMMAND: { section: '3', text: 'Cred stands only in SyncHdr' },
  STATUS_SYNCHDR_MISSING: { section: '2.4', text: 'the SyncHdr of each message is answered by a Status' },
  STATUS_ALERT_MISSING: { section: '2.4', text: 'each Alert is answered by a Status' },
  STATUS_REPLACE_MISSING: { section: '2.4', text: 'the Replace of DevInfo is answered by a Status' },
  STATUS_TWICE: { section: '2.4', text: 'a command is answered once' },
  STATUS_ORDER: { section: '2.4', text: 'Status elements stand first: of SyncHdr, then in the order of the commands' },
  STATUS_MSG_REF: { section: '3', text: 'MsgRef is the MsgID of the message that is answered' },
  STATUS_CMD_REF: { section: '3', text: 'CmdRef is the CmdID of a command of that message' },
  STATUS_CMD: { section: '3', text: 'Cmd names the command that is answered' },
  STATUS_REFS: { section: '3', text: 'TargetRef and SourceRef are those of what is answered' },
  STATUS_CODE: { section: '10', text: 'a status is a number' },
  STATUS_NOT_DUE: { section: '2.4', text: 'a Status is never answered, and Results only when not 200' },
  REFUSAL_COMMANDS: { section: '2.6', text: 'a refusal holds nothing but Status elements' },
  REFUSAL_INCOMPLETE: { section: '2.6', text: 'a refusal answers every command with 401 or 407' },
  REFUSAL_CODE: { section: '2.6', text: '407 answers a message without credential, 401 one with' },
  CHALLENGE: { section: '11.2', text: 'a Chal names a type; NextNonce has 16 octets for md5 and is absent for basic' },
  AUTHENTICATED_CODE: { section: '10.1', text: 'an authenticated SyncHdr is answered with 212, under HMAC with 200' },
  NEXT_NONCE_MISSING: {
    section: '11.3',
    text: 'the message that accepts an md5 or HMAC credential hands out the next nonce',
  },
  SERVER_CREDENTIAL: { section: '11.3', text: 'the server proves itself after one challenge' },
  FINAL_MISSING: { section: '2.3', text: 'Final stands in every message that ends a package' },
  FINAL_UNEXPECTED: { section: '2.3', text: 'no Final in a next-message response and with MoreData' },
  COMMANDS_BEFORE_FINAL: { section: '2.3', text: 'no commands while the package of the client is unfinished' },
  NEXT_MESSAGE_MISSING: { section: '2.3', text: 'an unfinished package is answered by Alert 1222 or 1223' },
  NOT_FOR_CLIENT: { section: '5', text: 'a client gets only commands of DM that a server may send' },
  ALERT_CODE: { section: '9.1', text: 'a server sends the alerts 1100 to 1104, 1222, 1223 and 1225' },
  UI_ALERT_ITEMS: { section: '9.2', text: 'a user interaction has options and text as its first Items' },
  CORRELATOR: { section: '3', text: 'a server sends Correlator in Exec only' },
  ITEM_MISSING: { section: '4.1', text: 'a command has an Item' },
  ITEM_TARGET: { section: '5', text: 'an Item names its Target' },
  ITEM_FORMAT: { section: '4.3', text: 'each Item of Add and Replace has Meta/Format inside' },
  ITEM_DATA: { section: '4.3', text: 'each Item of Add and Replace has Data' },
  LOC_URI: { section: '6.1', text: 'a LocURI has no leading or trailing `/`, no `..` and no empty name' },
  ATOMIC_CONTENT: { section: '5', text: 'no Get, Exec or Atomic inside Atomic' },
  CONTAINER_EMPTY: { section: '4.1', text: 'Atomic and Sequence hold commands' },
  MORE_DATA: {
    section: '8',
    text: 'a chunk has Size with the first, is the last of its message, and the next chunk follows at once',
  },
  OBJECT_TOO_LARGE: { section: '3', text: 'an object is no larger than the MaxObjSize of the receiver' },
  REPEAT: { section: '2.7', text: 'a repeated message gets the same answer, octet for octet' },
} as const satisfies Record<string, { readonly section: string; readonly text: string }>;

export type Dm1Rule = keyof typeof DM1_RULES;

export function violation(rule: Dm1Rule, detail: string): ProtocolViolation {
  return { protocol: 'dm1', rule, section: DM1_RULES[rule].section, detail: `${DM1_RULES[rule].text}: ${detail}` };
}
