/** Who reads events on and on, by whichever gateway answers, and goes on after a failure behind the last one that it got. */
import { setTimeout as sleep } from 'node:timers/promises';

import { readGlobalId } from '../../src/graphql/global-id';
import type { Caller } from './caller';

const EVENTS = 'query ($after: ID) { events(after: $after, first: 37) { nodes { id } } }';
const PAUSE_MS = 60;

export class Reader {
  /** Places of events, as they came. */
  readonly places: string[] = [];
  #after: string | null = null;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly caller: Caller) {}

  begin(): void {
    this.#running = this.#run();
  }

  /** Reads what is left. Throws what made it fail before. */
  async finish(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    while (await this.#page());
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) if (!(await this.#page())) await sleep(PAUSE_MS);
  }

  async #page(): Promise<boolean> {
    const { events } = await this.caller.ask<{ events: { nodes: readonly { id: string }[] } }>(EVENTS, {
      after: this.#after,
    });
    for (const { id } of events.nodes) this.places.push(readGlobalId(id)?.key ?? id);
    this.#after = events.nodes.at(-1)?.id ?? this.#after;
    return events.nodes.length > 0;
  }
}
