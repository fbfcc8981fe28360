/**
 * Answers that are secrets of a person (a prompt with `password`): sealed before they reach a row, opened for callers for
 * an hour, then taken out of the store.
 */
import type { Effect, Json } from '../../adapters/adapter';
import type { Sql } from '../store/sql';
import type { Secrets } from '../store/secrets';
import type { CommandView } from './types';

/** How long a caller can read the answer after it came, milliseconds. */
export const SECRET_ANSWER_LIFE_MS = 3_600_000;

/** Place of the sealed text, for {@link Secrets.encrypt}. */
export const ANSWER_CONTEXT = 'command/answer';

/** `resultMeta` of a command whose result holds a secret. */
export const SECRET_META: Json = { text: { secret: true } };

/** The same effects, with the text of secret answers sealed. */
export function sealAnswers(effects: readonly Effect[], secrets: Secrets): readonly Effect[] {
  if (!effects.some((effect) => effect.kind === 'commandAnswered' && effect.secret === true)) return effects;
  return effects.map((effect) => {
    if (effect.kind !== 'commandAnswered' || effect.secret !== true) return effect;
    return { ...effect, data: sealAnswer(effect.data as { readonly [member: string]: Json }, secrets) };
  });
}

/** An answer with its text sealed, if it has one. */
export function sealAnswer(answer: { readonly [member: string]: Json }, secrets: Secrets): Json {
  const { text } = answer;
  return typeof text === 'string' ? { ...answer, text: null, sealed: secrets.encrypt(text, ANSWER_CONTEXT) } : answer;
}

/** A command as callers see it: a secret answer in clear while its hour lasts, afterwards without its text. */
export function openAnswer(
  command: CommandView & { readonly answeredAt?: string | null },
  secrets: Secrets,
  now: number,
): CommandView {
  const { answeredAt, ...view } = command;
  const result = view.result as { readonly [member: string]: Json } | null;
  if (view.kind !== 'show' || result === null || typeof result['sealed'] !== 'string') return view;
  const { sealed, ...answer } = result;
  const isOver = answeredAt == null || Date.parse(answeredAt) + SECRET_ANSWER_LIFE_MS <= now;
  return {
    ...view,
    result: { ...answer, text: isOver ? null : (secrets.decrypt(sealed as string, ANSWER_CONTEXT) ?? null) },
  };
}

/** Takes secret answers out of the store whose hour is over. */
export async function forgetAnswers(sql: Sql, now: number): Promise<void> {
  await sql.query(
    `UPDATE command SET result = result - 'sealed' WHERE result ? 'sealed' AND answered_at < $1::timestamptz`,
    [new Date(now - SECRET_ANSWER_LIFE_MS)],
  );
}
