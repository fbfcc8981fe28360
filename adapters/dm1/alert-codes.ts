/** Alert codes of DM. Source: OMA-TS-DM_Protocol, "Alert codes". */
export const ALERT = {
  DISPLAY: 1100,
  CONFIRM: 1101,
  TEXT_INPUT: 1102,
  SINGLE_CHOICE: 1103,
  MULTIPLE_CHOICE: 1104,
  SERVER_INITIATED: 1200,
  CLIENT_INITIATED: 1201,
  NEXT_MESSAGE: 1222,
  SESSION_ABORT: 1223,
  CLIENT_EVENT: 1224,
  NO_END_OF_DATA: 1225,
  GENERIC: 1226,
} as const;

/** Code in an Alert's Data; undefined for what is no number. */
export function readAlertCode(data: string | undefined): number | undefined {
  const digits = data?.trim() ?? '';
  return /^\d{1,4}$/.test(digits) ? Number(digits) : undefined;
}

/** Whether an Alert with this code opens a session, at whatever MsgID it comes. */
export function opensSession(code: number | undefined): boolean {
  return code === ALERT.SERVER_INITIATED || code === ALERT.CLIENT_INITIATED;
}
