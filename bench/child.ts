/** Child processes that are asked one thing after another. */
import { fork } from 'node:child_process';
import { join } from 'node:path';

export interface Child {
  /** Rejects with what went wrong there, or when the child is gone. */
  ask<Answer>(request: object): Promise<Answer>;
  /** Lets the child end what it has open. */
  stop(): Promise<void>;
}

type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** @param module  compiled file below this folder, without extension */
export function startChild(module: string, env: Readonly<Record<string, string>> = {}, execArgv: string[] = []): Child {
  const child = fork(join(__dirname, `${module}.js`), [], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    execArgv,
  });
  const waiting: { resolve(value: never): void; reject(error: Error): void }[] = [];
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', (reply: Reply) => {
    const first = waiting.shift();
    if (reply.ok) first?.resolve(reply.value as never);
    else first?.reject(new Error(`${module}: ${reply.reason}`));
  });
  void gone.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${module} ended`));
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.send(request);
      }),
    stop: async () => {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** The child's side: answers requests in their order, and ends once its parent lets go. */
export function answerParent<Request>(answer: (request: Request) => Promise<unknown>, end: () => Promise<void>): void {
  let last: Promise<void> = Promise.resolve();
  const reply = (message: Reply): void => void process.send?.(message);
  process.on('message', (request: Request) => {
    last = last
      .then(() => answer(request))
      .then(
        (value) => reply({ ok: true, value }),
        (error: unknown) =>
          reply({ ok: false, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.once('disconnect', () => {
    void last.then(end).finally(() => process.exit());
  });
}
