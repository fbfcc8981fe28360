/** A start that cannot be. The message says what to change. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
