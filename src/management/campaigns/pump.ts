/**
 * What campaigns do as time passes: they begin, start devices at their pace, abort, end. Any process does it, one at a time
 * for each campaign, whose row is locked meanwhile.
 */
import type { Rights } from '../../access/rights';
import {
  cancelQueued,
  dueCampaigns,
  loadTargets,
  loadTemplate,
  pickDevices,
  runningOperations,
  startDevices,
  takeCampaign,
  type Batch,
  type DueCampaign,
} from '../../store/campaign-batch';
import { countDevices, loadCampaign, noteState, updateCampaign, type CampaignRow } from '../../store/campaigns';
import type { Database } from '../../store/database';
import type { Sql } from '../../store/sql';
import { allFitted } from '../device-filter/fits';
import { takeLargeValues } from '../large-values';
import type { RepositoryFileView } from '../repository-types';
import type { TurnLog } from '../turn';
import type { Caller, Ddfs, Operations } from '../types';
import type { WakeUpsOfWork } from '../wake-up-types';
import { decide, pauseOf, type Decision } from './decide';
import { spend, type Paced } from './pace';
import { progressOf } from './progress';
import { judgeFor, restoreCommands, usableItems, type JudgingWith } from './template';
import type { CampaignRules, CampaignState } from './types';

export interface PumpDeps {
  readonly db: Database;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly operations: Pick<Operations, 'cancel'>;
  readonly files: (ids: readonly string[]) => Promise<readonly (RepositoryFileView | null)[]>;
  /** Who a principal is now; null: nobody any more. */
  readonly callerOf: (principal: string) => Promise<Caller | null>;
  readonly rightsOf: (caller: Caller) => Promise<Rights>;
  readonly valueOctets: number;
  /** Absent: devices for which operations were made come by themselves. */
  readonly wakeUps?: WakeUpsOfWork;
  readonly log: TurnLog;
  readonly now?: () => number;
}

export interface CampaignPump {
  /** Does now what is due. */
  advance(): Promise<void>;
}

const CAMPAIGNS_AT_ONCE = 20;
/** Bounds on one batch: devices, commands, and characters of the commands. */
const DEVICES = 500;
const COMMANDS = 10_000;
const CHARACTERS = 8 * 1024 * 1024;
/** Batches of one campaign at one tick. */
const BATCHES = 10;
const CANCELLED_AT_ONCE = 100;
const MAX_RETRIES = 2;
const LONGEST_REASON = 200;
const TAKEN_BACK = 'TAKE_BACK';

/** The maker as far as the campaign goes by him. */
interface Maker {
  readonly principal: string;
  readonly rights: Rights | null;
  readonly using: JudgingWith;
}

/** What came of looking at a campaign once. */
interface Step {
  readonly again: boolean;
  /** Bearers to kick, after the commit. */
  readonly bearers?: readonly string[];
  readonly takeBack?: boolean;
}
const DONE: Step = { again: false };

export function createCampaignPump(deps: PumpDeps): CampaignPump {
  return new Pump(deps);
}

class Pump implements CampaignPump {
  readonly #now: () => number;

  constructor(private readonly deps: PumpDeps) {
    this.#now = deps.now ?? Date.now;
  }

  async advance(): Promise<void> {
    const { db, log } = this.deps;
    for (const due of await dueCampaigns(db.sql, new Date(this.#now()), CAMPAIGNS_AT_ONCE)) {
      try {
        await this.#advanceOne(due);
      } catch (error) {
        log.error({ err: error, campaign: due.id }, 'a campaign could not be taken further; it is tried again');
      }
    }
  }

  async #advanceOne(due: DueCampaign): Promise<void> {
    // Before the transaction: it must ask for nothing else meanwhile.
    const maker = await this.#makerOf(due);
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const step = await this.deps.db.sql.transaction((tx) => this.#step(tx, due.id, maker), { retries: MAX_RETRIES });
      if (step.bearers !== undefined) this.deps.wakeUps?.kick(step.bearers);
      if (step.takeBack === true) await this.#takeBack(due.id);
      if (!step.again) return;
    }
  }

  async #makerOf({ caller: principal, files }: DueCampaign): Promise<Maker> {
    const { deps } = this;
    const caller = await deps.callerOf(principal);
    const rights = caller === null ? null : await deps.rightsOf(caller);
    const found = files.length === 0 ? [] : await deps.files(files);
    const items = rights === null ? new Map<string, never>() : usableItems(found, principal, rights);
    const using = { library: deps.ddfs.library(), valueOctets: deps.valueOctets, items, now: this.#now() };
    return { principal, rights, using };
  }

  async #step(tx: Sql, id: string, maker: Maker): Promise<Step> {
    const now = new Date(maker.using.now);
    if (!(await takeCampaign(tx, id, now))) return DONE;
    const row = await loadCampaign(tx, id);
    if (row === undefined) return DONE;
    const counts = await countDevices(tx, [id]);
    const rules = row.rules as CampaignRules;
    const paced = row.paced as Paced | null;
    const state = row.state as CampaignState;
    const standing = { ...row, state, rules, paced, progress: progressOf(counts) };
    const zones = counts.filter((count) => count.state === 'QUEUED').map(({ zone }) => zone);
    const decision = decide({ ...standing, zones }, DEVICES, maker.using.now);
    return this.#carryOut(tx, row, decision, maker, now);
  }

  async #carryOut(tx: Sql, row: CampaignRow, decision: Decision, maker: Maker, now: Date): Promise<Step> {
    const { id } = row;
    const enter = async (state: CampaignState, more: object = {}, told: object = {}): Promise<Step> => {
      await updateCampaign(tx, id, now, { state, problem: null, dueAt: now, ...more });
      if (state !== row.state) await noteState(tx, id, now, { state, was: row.state, by: 'gateway', ...told });
      return { again: true };
    };
    switch (decision.kind) {
      case 'wait': {
        const kept = decision.paced === null ? {} : { paced: JSON.stringify(decision.paced) };
        await updateCampaign(tx, id, now, { ...kept, problem: row.problem, dueAt: new Date(decision.until) });
        return DONE;
      }
      case 'begin':
        return enter('IN_PROGRESS', { started: true });
      case 'giveUp':
        await cancelQueued(tx, id, 'the campaign came to its end');
        return { again: true };
      case 'abort':
        await cancelQueued(tx, id, 'the campaign was aborted');
        return enter('ABORTED');
      case 'takeBack':
        await updateCampaign(tx, id, now, { problem: null, dueAt: new Date(now.getTime() + pauseOf(row)) });
        return { ...DONE, takeBack: true };
      case 'end': {
        const { state, verdict } = decision;
        await enter(state, { verdict, ended: true }, { verdict });
        return DONE;
      }
      case 'start':
        if (maker.rights === null) {
          const problem = 'the key of its maker is no longer valid';
          await enter('PAUSED', { problem }, { problem });
          return DONE;
        }
        return this.#start(tx, row, decision, { ...maker, rights: maker.rights }, now);
    }
  }

  async #start(
    tx: Sql,
    row: CampaignRow,
    { count, zones, paced, allowed }: Extract<Decision, { readonly kind: 'start' }>,
    maker: Maker & { readonly rights: Rights },
    now: Date,
  ): Promise<Step> {
    const commands = restoreCommands(await loadTemplate(tx, row.id));
    const size = JSON.stringify(commands).length;
    const most = Math.max(1, Math.min(count, Math.floor(COMMANDS / commands.length), Math.floor(CHARACTERS / size)));
    const devices = await pickDevices(tx, row.id, zones, most);
    const template = { ...row, commands, expiresInMs: Number(row.expiresInMs) };
    const plans = new Plans();
    const rejected: Batch['rejected'][number][] = [];
    const targets = await allFitted(tx, maker.rights, await loadTargets(tx, devices));
    const started = targets.flatMap((target) => {
      const judgement = judgeFor(target, template, maker.rights, maker.using);
      if ('refusal' in judgement) {
        const { code, message } = judgement.refusal;
        rejected.push({ device: target.key, code, reason: message.slice(0, LONGEST_REASON) });
        return [];
      }
      const { rows, expiresAt } = judgement;
      return [{ device: target.key, plan: plans.add(rows), expiresAt: expiresAt.toISOString() }];
    });
    const { atomic, sequence, onFailure } = row;
    const isGroup = commands.length > 1;
    await startDevices(tx, {
      campaign: row.id,
      caller: `campaign:${row.id}`,
      atomic: atomic && isGroup,
      sequence: sequence && isGroup,
      onFailure,
      at: now,
      plans: plans.rows,
      blobs: plans.blobs,
      started,
      rejected,
    });
    const left = spend(paced, allowed === Infinity ? 0 : started.length, now.getTime());
    await updateCampaign(tx, row.id, now, { problem: null, paced: JSON.stringify(left), dueAt: now });
    if (started.length === 0) return { again: true };
    const keys = started.map(({ device }) => device);
    return { again: true, bearers: await this.deps.wakeUps?.within(tx, keys) };
  }

  async #takeBack(id: string): Promise<void> {
    const { db, operations, log } = this.deps;
    const by: Caller = { principal: `campaign:${id}`, name: TAKEN_BACK, admin: false };
    for (const { device, operation } of await runningOperations(db.sql, id, CANCELLED_AT_ONCE)) {
      try {
        await operations.cancel(device, operation, by);
      } catch (error) {
        log.warn({ err: error, device, operation }, 'an operation of a campaign could not be cancelled');
      }
    }
  }
}

/** Commands of a batch, those that are the same for several devices once. */
class Plans {
  readonly #numbers = new Map<string, number>();
  readonly #blobs = new Map<string, Batch['blobs'][number]>();
  readonly rows: (readonly unknown[])[] = [];

  add(commands: Parameters<typeof takeLargeValues>[0]): number {
    const large = takeLargeValues(commands);
    for (const blob of large.blobs) this.#blobs.set(blob.sha256, blob);
    const text = JSON.stringify(large.rows);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.rows.push(large.rows) - 1;
    this.#numbers.set(text, number);
    return number;
  }

  get blobs(): Batch['blobs'] {
    return [...this.#blobs.values()];
  }
}
