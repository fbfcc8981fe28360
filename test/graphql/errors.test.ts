import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { GraphQLError } from 'graphql';

import { ERROR_CODES } from '../../src/graphql/error-codes';
import { formatError } from '../../src/graphql/errors';
import { ManagementError } from '../../src/management/types';

describe('Error codes', () => {
  test('docs/errors.md has one row for each code, with the text of the code list', () => {
    const rows = readFileSync(join(__dirname, '..', '..', 'docs', 'errors.md'), 'utf8').matchAll(
      /^\| `([A-Z_]+)` \| (.*?) \|/gm,
    );
    const told = [...rows]
      .map(([, code, text]) => [code, text])
      .filter(([code]) => code !== 'STALE' && code !== 'BAD_VALUE');
    expect(told).toEqual(Object.entries(ERROR_CODES));
  });
});

describe('What a caller sees of an error', () => {
  const logged: string[] = [];
  const format = (thrown: Error): ReturnType<typeof formatError> => {
    const located = new GraphQLError(thrown.message, { path: ['device'], originalError: thrown });
    return formatError(
      { message: located.message, path: ['device'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      located,
      (id) => logged.push(id),
    );
  };

  test('an error of the middle keeps its code and details', () => {
    expect(format(new ManagementError('NOT_SUPPORTED_BY_DEVICE', 'No ACLs there.', { dm: { status: 406 } }))).toEqual({
      message: 'No ACLs there.',
      path: ['device'],
      extensions: { code: 'NOT_SUPPORTED_BY_DEVICE', dm: { status: 406 } },
    });
  });

  test('details cannot take the place of the code', () => {
    expect(format(new ManagementError('NOT_FOUND', 'x', { code: 'OK' })).extensions).toEqual({ code: 'NOT_FOUND' });
  });

  test('any other error is INTERNAL, its id that of the log, its text hidden', () => {
    const seen = format(new TypeError('password of the database'));
    expect(seen).toEqual({
      message: `The gateway failed (${logged[0]}).`,
      path: ['device'],
      extensions: { code: 'INTERNAL', id: logged[0] },
    });
  });
});
