/** The library `jose`, which is an ES module and therefore loaded when it is first needed. */
type Jose = typeof import('jose', { with: { 'resolution-mode': 'import' } });
export type JWTVerifyGetKey = import('jose', { with: { 'resolution-mode': 'import' } }).JWTVerifyGetKey;

let loaded: Promise<Jose> | undefined;

export function loadJose(): Promise<Jose> {
  return (loaded ??= import('jose'));
}
