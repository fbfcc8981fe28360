import fc from 'fast-check';

import {
  COMMAND_TRANSITIONS,
  isEnded,
  MAX_ATTEMPTS,
  OPERATION_TRANSITIONS,
  stateOf,
} from '../../src/management/command-state';
import type { LiveOperation } from '../../src/management/command-state';
import { at, givenCommand, givenOperation, states } from './given';

const OK = { outcome: 'OK', code: 200 } as const;
const FAILED = { outcome: 'NOT_FOUND', code: 404 } as const;

function sentAll(operation: LiveOperation): void {
  for (const command of operation.commands) operation.sent(command, 'Get', null);
}

describe('the life of a command', () => {
  test('queued, sent, answered: the operation runs, then succeeds, and says so once', () => {
    const operation = givenOperation([givenCommand(0, 'get')]);
    operation.sent(at(operation, 0), 'Get', 'L1');
    expect(operation.take()).toMatchObject({
      commands: [{ operation: '7', position: 0, state: 'SENT', carrier: 'Get', sent: true }],
      operation: { id: '7', state: 'RUNNING', ended: false },
    });
    operation.answered(at(operation, 0), { ...OK, result: 'x' });
    expect(operation.take()).toMatchObject({
      commands: [{ state: 'ANSWERED', outcome: 'OK', code: 200, result: 'x', answered: true }],
      operation: { state: 'SUCCEEDED', ended: true },
    });
    expect(operation.take()).toEqual({ commands: [] });
  });

  test('what happens to a command in one turn is one change', () => {
    const operation = givenOperation([givenCommand(0, 'get')]);
    operation.sent(at(operation, 0), 'Get', null);
    operation.answered(at(operation, 0), OK);
    expect(operation.take().commands).toMatchObject([
      { state: 'ANSWERED', sent: true, answered: true, carrier: 'Get' },
    ]);
  });

  test('an accepted command is waited for, and ends when the device tells', () => {
    const operation = givenOperation([givenCommand(0, 'exec')]);
    sentAll(operation);
    operation.accepted(at(operation, 0), 202);
    operation.unanswered(at(operation, 0), 'the session ended');
    operation.requeue(at(operation, 0));
    expect(states(operation)).toEqual(['ACCEPTED']);
    expect(operation.isEnded).toBe(false);
    operation.answered(at(operation, 0), OK);
    expect(operation.take().operation).toEqual({ id: '7', state: 'SUCCEEDED', ended: true });
  });

  test('a command that ends without being sent is answered all the same', () => {
    const operation = givenOperation([givenCommand(0, 'get')]);
    expect(operation.answered(at(operation, 0), { outcome: 'TOO_LARGE' })).toBe(true);
    expect(operation.take().operation).toMatchObject({ state: 'FAILED', ended: true });
  });

  test('an answer that comes after the end changes nothing', () => {
    const operation = givenOperation([givenCommand(0, 'exec')]);
    sentAll(operation);
    operation.unanswered(at(operation, 0), 'lost');
    operation.take();
    expect(operation.answered(at(operation, 0), OK)).toBe(false);
    expect(operation.take()).toEqual({ commands: [] });
    expect(states(operation)).toEqual(['IN_DOUBT']);
  });
});

describe('when a command fails', () => {
  test('STOP skips what is still queued, and nothing that is on its way', () => {
    const operation = givenOperation([0, 1, 2].map((position) => givenCommand(position, 'get')));
    operation.sent(at(operation, 0), 'Get', null);
    operation.sent(at(operation, 1), 'Get', null);
    operation.answered(at(operation, 0), FAILED);
    expect(states(operation)).toEqual(['ANSWERED', 'SENT', 'SKIPPED']);
    operation.answered(at(operation, 1), OK);
    expect(operation.take().operation).toEqual({ id: '7', state: 'FAILED', ended: true });
  });

  test('CONTINUE goes on with the next, and the operation has failed in the end', () => {
    const operation = givenOperation([givenCommand(0, 'get'), givenCommand(1, 'get')], { onFailure: 'CONTINUE' });
    operation.sent(at(operation, 0), 'Get', null);
    operation.answered(at(operation, 0), FAILED);
    expect(states(operation)).toEqual(['ANSWERED', 'QUEUED']);
    operation.answered(at(operation, 1), OK);
    expect(operation.take().operation).toEqual({ id: '7', state: 'FAILED', ended: true });
  });

  test('what the device then says it did not execute is skipped, not sent again', () => {
    const operation = givenOperation([givenCommand(0, 'get'), givenCommand(1, 'replace')]);
    sentAll(operation);
    operation.answered(at(operation, 0), FAILED);
    operation.requeue(at(operation, 1));
    expect(states(operation)).toEqual(['ANSWERED', 'SKIPPED']);
  });
});

describe('when the answer to a sent command is lost', () => {
  test.each(['get', 'getAcl', 'replace', 'setAcl', 'delete'])(
    '%s is sent again, and ends in doubt after enough tries',
    (kind) => {
      const operation = givenOperation([givenCommand(0, kind)]);
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        sentAll(operation);
        operation.unanswered(at(operation, 0), 'lost');
        expect(operation.take()).toMatchObject({ commands: [{ state: 'QUEUED', request: { attempts: attempt } }] });
      }
      sentAll(operation);
      operation.unanswered(at(operation, 0), 'lost');
      expect(operation.take()).toMatchObject({
        commands: [{ state: 'IN_DOUBT', error: 'lost' }],
        operation: { state: 'IN_DOUBT', ended: true },
      });
    },
  );

  test.each(['add', 'copy', 'exec', 'show'])('%s is in doubt, for it may have been executed', (kind) => {
    const operation = givenOperation([givenCommand(0, kind), givenCommand(1, 'get')]);
    operation.sent(at(operation, 0), 'Exec', null);
    operation.unanswered(at(operation, 0), 'lost');
    expect(states(operation)).toEqual(['IN_DOUBT', 'SKIPPED']);
    expect(operation.take().operation).toMatchObject({ state: 'IN_DOUBT', ended: true });
  });

  test.each(['add', 'copy'])('%s is followed by a read, where its sending said that one can tell', (kind) => {
    const operation = givenOperation([givenCommand(0, kind, { request: { settle: true } }), givenCommand(1, 'get')]);
    operation.sent(at(operation, 0), 'Add', null);
    operation.unanswered(at(operation, 0), 'lost');
    expect(operation.take().commands).toMatchObject([
      { state: 'QUEUED', request: { check: kind === 'add' ? 'TARGET' : 'SOURCE', attempts: 1 } },
    ]);
    // The read itself is asked again, and leaves a doubt when it stays without answer.
    for (let attempt = 2; attempt <= MAX_ATTEMPTS + 1; attempt++) {
      expect(states(operation)).toEqual(['QUEUED', 'QUEUED']);
      operation.sent(at(operation, 0), 'Get', null);
      operation.unanswered(at(operation, 0), 'lost');
    }
    expect(states(operation)).toEqual(['IN_DOUBT', 'SKIPPED']);
  });

  test('an add in doubt is not looked for any more when it is cancelled or expires, and not where it may be repeated', () => {
    const lost = (more: object, settings = {}): LiveOperation => {
      const operation = givenOperation([givenCommand(0, 'add', { request: { settle: true }, ...more })], settings);
      sentAll(operation);
      operation.unanswered(at(operation, 0), 'lost');
      return operation;
    };
    expect(states(lost({}, { cancelRequested: true }))).toEqual(['IN_DOUBT']);
    const expired = lost({});
    expired.end('EXPIRED');
    expect(states(expired)).toEqual(['IN_DOUBT']);
    expect(lost({ repeatable: true }).commands[0]?.request).toEqual({ settle: true, attempts: 1 });
  });

  test('a read that was sent with another goes back by itself', () => {
    const operation = givenOperation([givenCommand(0, 'get')]);
    operation.sentWith(at(operation, 0), '3.0', 'Get', 'L1');
    expect(operation.take().commands).toMatchObject([{ state: 'SENT', carrier: 'Get', request: { joined: '3.0' } }]);
    operation.unanswered(at(operation, 0), 'lost');
    expect(operation.take().commands).toMatchObject([{ state: 'QUEUED', request: { attempts: 1 } }]);
    expect(at(operation, 0).request['joined']).toBeUndefined();
  });

  test('an exec that may be repeated is sent again', () => {
    const operation = givenOperation([givenCommand(0, 'exec', { repeatable: true })]);
    sentAll(operation);
    operation.unanswered(at(operation, 0), 'lost');
    expect(states(operation)).toEqual(['QUEUED']);
  });

  test('a delete that was sent again and finds nothing is done', () => {
    const operation = givenOperation([givenCommand(0, 'delete')]);
    sentAll(operation);
    operation.unanswered(at(operation, 0), 'lost');
    sentAll(operation);
    operation.answered(at(operation, 0), { ...FAILED, error: 'no such node' });
    expect(operation.take()).toMatchObject({
      commands: [{ outcome: 'OK', code: 404, error: null }],
      operation: { state: 'SUCCEEDED' },
    });
  });

  test('a delete that was sent once and finds nothing has failed', () => {
    const operation = givenOperation([givenCommand(0, 'delete')]);
    sentAll(operation);
    operation.answered(at(operation, 0), FAILED);
    expect(at(operation, 0).outcome).toBe('NOT_FOUND');
  });

  test('what was surely not executed goes back without counting as a try', () => {
    const operation = givenOperation([givenCommand(0, 'exec')]);
    sentAll(operation);
    operation.requeue(at(operation, 0));
    expect(operation.take()).toMatchObject({ commands: [{ state: 'QUEUED' }] });
    expect(at(operation, 0).request['attempts']).toBeUndefined();
  });
});

describe('an atomic group whose answer is lost', () => {
  test('of replaces and deletes goes back as a whole', () => {
    const operation = givenOperation([givenCommand(0, 'replace'), givenCommand(1, 'delete')], { atomic: true });
    sentAll(operation);
    for (const command of operation.commands) operation.unanswered(command, 'lost');
    expect(states(operation)).toEqual(['QUEUED', 'QUEUED']);
  });

  test('with an add in it is in doubt as a whole', () => {
    const operation = givenOperation([givenCommand(0, 'replace'), givenCommand(1, 'add')], { atomic: true });
    sentAll(operation);
    for (const command of operation.commands) operation.unanswered(command, 'lost');
    expect(states(operation)).toEqual(['IN_DOUBT', 'IN_DOUBT']);
  });

  test('and of which a part was answered, is never sent in part', () => {
    const operation = givenOperation(
      [0, 1, 2].map((position) => givenCommand(position, 'replace')),
      { atomic: true },
    );
    sentAll(operation);
    operation.answered(at(operation, 0), OK);
    operation.unanswered(at(operation, 1), 'lost');
    operation.requeue(at(operation, 2));
    expect(states(operation)).toEqual(['ANSWERED', 'IN_DOUBT', 'SKIPPED']);
  });
});

describe('an operation that is cancelled or expires', () => {
  test('ends what is queued; what is sent is still answered', () => {
    const operation = givenOperation([givenCommand(0, 'get'), givenCommand(1, 'get')], { cancelRequested: true });
    operation.sent(at(operation, 0), 'Get', null);
    operation.end('CANCELLED');
    expect(operation.take().operation).toMatchObject({ state: 'RUNNING', ended: false });
    operation.answered(at(operation, 0), OK);
    expect(operation.take().operation).toEqual({ id: '7', state: 'CANCELLED', ended: true });
  });

  test('after a cancel, a read without answer is cancelled and a write is in doubt', () => {
    const operation = givenOperation([givenCommand(0, 'get'), givenCommand(1, 'replace')], {
      cancelRequested: true,
      onFailure: 'CONTINUE',
    });
    sentAll(operation);
    for (const command of operation.commands) operation.unanswered(command, 'lost');
    expect(states(operation)).toEqual(['CANCELLED', 'IN_DOUBT']);
  });

  test('a write that waits to be sent again is in doubt when it expires, for it may have been executed', () => {
    const operation = givenOperation([givenCommand(0, 'replace'), givenCommand(1, 'replace')]);
    operation.sent(at(operation, 0), 'Replace', null);
    operation.unanswered(at(operation, 0), 'lost');
    operation.end('EXPIRED');
    expect(operation.take().operation).toMatchObject({ state: 'IN_DOUBT', ended: true });
  });
});

describe("an operation's state", () => {
  const of = (...commands: readonly [state: string, outcome?: string][]): string =>
    stateOf(commands.map(([state, outcome = null]) => ({ state, outcome })));

  test('is the first that fits: in doubt, failed, cancelled, expired, superseded, succeeded', () => {
    expect(of(['IN_DOUBT'], ['ANSWERED', 'NOT_FOUND'], ['CANCELLED'])).toBe('IN_DOUBT');
    expect(of(['ANSWERED', 'NOT_FOUND'], ['CANCELLED'], ['EXPIRED'])).toBe('FAILED');
    expect(of(['CANCELLED'], ['EXPIRED'], ['ANSWERED', 'OK'])).toBe('CANCELLED');
    expect(of(['EXPIRED'], ['SUPERSEDED'])).toBe('EXPIRED');
    expect(of(['SUPERSEDED'], ['ANSWERED', 'OK'])).toBe('SUPERSEDED');
    expect(of(['ANSWERED', 'OK'], ['ANSWERED', 'OK'])).toBe('SUCCEEDED');
  });

  test('is QUEUED until something was sent, and RUNNING until all have ended', () => {
    expect(of(['QUEUED'], ['QUEUED'])).toBe('QUEUED');
    expect(of(['SENT'], ['QUEUED'])).toBe('RUNNING');
    expect(of(['ANSWERED', 'OK'], ['QUEUED'])).toBe('RUNNING');
    expect(of(['ACCEPTED'], ['SKIPPED'])).toBe('RUNNING');
  });
});

describe('whatever happens, in whatever order', () => {
  const kinds = fc.constantFrom('get', 'replace', 'add', 'delete', 'exec', 'copy', 'show', 'setAcl');
  const happening = fc.record({
    what: fc.constantFrom('sent', 'accepted', 'ok', 'failed', 'unanswered', 'notExecuted', 'supersede', 'skip', 'take'),
    position: fc.nat(3),
  });

  test('a command that ended stays as it is, moves are those of the table, and the operation ends exactly once', () => {
    fc.assert(
      fc.property(
        fc.array(kinds, { minLength: 1, maxLength: 4 }),
        fc.record({
          atomic: fc.boolean(),
          cancelRequested: fc.boolean(),
          onFailure: fc.constantFrom('STOP', 'CONTINUE'),
        }),
        fc.array(happening, { maxLength: 60 }),
        (commands, settings, happenings) => {
          const operation = givenOperation(
            commands.map((kind, position) => givenCommand(position, kind)),
            settings,
          );
          let ends = 0;
          const take = (): void => void (operation.take().operation?.ended === true && ends++);
          for (const { what, position } of happenings) {
            const before = states(operation);
            const stateBefore = stateOf(operation.commands);
            const command = operation.command(position % commands.length);
            if (command === undefined) continue;
            if (what === 'sent') operation.sent(command, 'X', null);
            if (what === 'accepted') operation.accepted(command, 202);
            // Only what was sent is answered well, and only what is all of its operation is superseded.
            if (what === 'ok' && command.state !== 'QUEUED') operation.answered(command, OK);
            if (what === 'failed') operation.answered(command, FAILED);
            if (what === 'unanswered') operation.unanswered(command, 'lost');
            if (what === 'notExecuted') operation.requeue(command);
            if (what === 'supersede' && commands.length === 1) operation.supersede(command);
            if (what === 'skip') operation.end('EXPIRED');
            if (what === 'take') take();
            const stateNow = stateOf(operation.commands);
            if (stateNow !== stateBefore) expect(OPERATION_TRANSITIONS[stateBefore]).toContain(stateNow);
            states(operation).forEach((state, index) => {
              const was = before[index] ?? '';
              if (state === was) return;
              expect(isEnded(was)).toBe(false);
              // A lost answer may take a command through the queue to its end in one step.
              const ways = COMMAND_TRANSITIONS[was as keyof typeof COMMAND_TRANSITIONS];
              const direct = ways.some((way) => way === state);
              expect(direct || ways.some((way) => COMMAND_TRANSITIONS[way].some((next) => next === state))).toBe(true);
            });
          }
          for (const command of operation.commands) operation.answered(command, OK);
          take();
          take();
          expect(operation.isEnded).toBe(true);
          expect(ends).toBe(1);
        },
      ),
    );
  });
});
