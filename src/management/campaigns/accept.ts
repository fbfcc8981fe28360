/** Making a campaign: its request checked, its devices chosen, one narrow row stored for each. */
import { createHash } from 'node:crypto';

import type { Rights } from '../../access/rights';
import { loadTargets, targetsText } from '../../store/campaign-batch';
import { findCampaignByKey, insertCampaign, loadCampaign, noteState } from '../../store/campaigns';
import type { Database } from '../../store/database';
import { MADE_OF_INPUT, SqlError, type Sql } from '../../store/sql';
import { storeCondition } from '../device-filter/condition';
import { allFitted } from '../device-filter/fits';
import { Parameters } from '../device-filter/parameters';
import { deviceKeys, selectionSql, type DeviceSelection } from '../device-list';
import { checkInput } from '../operations';
import type { RepositoryFileView } from '../repository-types';
import { ManagementError, type Caller, type Ddfs } from '../types';
import { checkCampaign } from './input';
import {
  checkTemplate,
  filesOf,
  judgeFor,
  storeCommands,
  usableItems,
  type JudgingWith,
  type Template,
} from './template';
import type { CampaignSample, CampaignView, CreateCampaign, Sight } from './types';
import { missing, viewOf } from './views';

export interface CampaignsDeps {
  readonly db: Database;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly files: (ids: readonly string[]) => Promise<readonly (RepositoryFileView | null)[]>;
  readonly limits: {
    readonly commands: number;
    readonly valueOctets: number;
    readonly waitMs: number;
    readonly expiresInMs: number;
  };
  readonly now?: () => number;
}

/** Devices that a dry run judges. */
const SAMPLES = 20;
/** A device that is deleted while it is chosen spoils the choice; so often it is made again. */
const MAX_TRIES = 3;

/** Of a dry run. */
const NOT_MADE = { id: '', verdict: null, problem: null, startedAt: null, endedAt: null } as const;

export class Acceptance {
  readonly #sql: Sql;
  readonly #now: () => number;

  constructor(private readonly deps: CampaignsDeps) {
    this.#sql = deps.db.sql;
    this.#now = deps.now ?? Date.now;
  }

  async create(input: CreateCampaign, sight: Sight, caller: Caller, rights: Rights): Promise<CampaignView> {
    const now = this.#now();
    const { limits } = this.deps;
    const { name, rules, expiresInMs } = checkCampaign(input, now);
    const { idempotencyKey } = input;
    checkInput({ deviceId: '', commands: input.commands, expiresInMs, idempotencyKey }, limits);
    const requestSha256 = requestHash(input);
    // A repeat is known before it is judged: the devices may be others by now.
    const known = input.dryRun === true ? null : await this.#known(caller, idempotencyKey, requestSha256);
    if (known !== null) return known;
    const commands = storeCommands(input.commands);
    // Twice the largest value, for Base64 and what is around it: the campaign holds it for all devices.
    if (commands.length > 2 * limits.valueOctets)
      throw new ManagementError(
        'LIMIT_VALUE_SIZE',
        `the commands have ${commands.length} characters, at most ${2 * limits.valueOctets}; send large values as a repositoryItem`,
        { limit: 2 * limits.valueOctets },
      );
    const template = {
      commands: input.commands,
      atomic: input.atomic === true,
      sequence: input.sequence === true,
      expiresInMs,
    };
    const files = filesOf(input.commands);
    const items = usableItems(files.length === 0 ? [] : await this.deps.files(files), caller.principal, rights);
    const using = { library: this.deps.ddfs.library(), valueOctets: limits.valueOctets, items, now };
    checkTemplate(template, using);

    const condition = input.condition ?? { kind: 'deviceId', in: [...new Set(input.deviceIds)] };
    const selection: DeviceSelection = { condition, ...sight };
    const isLater = input.startAt !== undefined && input.startAt.getTime() > now;
    const fresh = {
      name,
      state: isLater ? 'SCHEDULED' : 'IN_PROGRESS',
      caller: caller.principal,
      startAt: input.startAt ?? null,
      endAt: input.endAt ?? null,
      at: new Date(now),
    } as const;
    if (input.dryRun === true) {
      const targets = await this.#count(selection);
      checkChosen(targets, input);
      const samples = await this.#sample(selection, template, rights, using);
      const { at, ...what } = fresh;
      return { ...NOT_MADE, ...what, targets, createdAt: at, samples };
    }
    const { atomic, sequence } = template;
    const onFailure = input.onFailure ?? 'STOP';
    const kept = input.condition === undefined ? null : JSON.stringify(storeCondition(condition));
    const row = { commands, atomic, sequence, onFailure, expiresInMs, condition: kept };
    const under = { idempotencyKey: idempotencyKey ?? null, requestSha256 };
    try {
      const insert = { ...fresh, ...row, ...under, rules: JSON.stringify({ ...rules, files }) };
      return await this.#view(await this.#store(selection, input, (tx) => insertCampaign(tx, insert)));
    } catch (error) {
      if (!(error instanceof SqlError) || error.code !== 'UNIQUE_VIOLATION') throw error;
      const first = await this.#known(caller, idempotencyKey, requestSha256);
      if (first === null) throw error;
      return first;
    }
  }

  /** What the caller made under the key. Errors: IDEMPOTENCY_CONFLICT. */
  async #known(caller: Caller, key: string | undefined, sha256: string): Promise<CampaignView | null> {
    const found = key === undefined ? undefined : await findCampaignByKey(this.#sql, caller.principal, key);
    if (found === undefined) return null;
    if (found.requestSha256 !== sha256)
      throw new ManagementError(
        'IDEMPOTENCY_CONFLICT',
        'this idempotencyKey was used for another campaign; take a new one',
      );
    return this.#view(found.id);
  }

  /** The campaign with a row for each device that is chosen now. */
  async #store(
    selection: DeviceSelection,
    input: CreateCampaign,
    insert: (tx: Sql) => Promise<string>,
  ): Promise<string> {
    const zone = (input.windows ?? []).length > 0 ? (input.timeZone ?? 'UTC') : null;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#sql.transaction(async (tx) => {
          const id = await insert(tx);
          const parameters = new Parameters([id, zone]);
          const { text, values } = parameters.statement(targetsText(selectionSql(selection, parameters)));
          const [row] = await tx.query<{ count: number }>(text, values);
          const targets = row?.count ?? 0;
          checkChosen(targets, input);
          await tx.query('UPDATE campaign SET targets = $2 WHERE id = $1', [id, targets]);
          const { state, caller, createdAt } = (await loadCampaign(tx, id)) ?? missing();
          await noteState(tx, id, createdAt, { state, by: caller });
          return id;
        });
      } catch (error) {
        if (!(error instanceof SqlError) || error.code !== 'FOREIGN_KEY_VIOLATION' || tries >= MAX_TRIES) throw error;
      }
    }
  }

  async #count(selection: DeviceSelection): Promise<number> {
    const parameters = new Parameters();
    const { text, values } = parameters.statement(
      `${MADE_OF_INPUT}SELECT count(*)::int AS count FROM device d WHERE ${selectionSql(selection, parameters)}`,
    );
    const [row] = await this.#sql.query<{ count: number }>(text, values);
    return row?.count ?? 0;
  }

  async #sample(
    selection: DeviceSelection,
    template: Template,
    rights: Rights,
    using: JudgingWith,
  ): Promise<readonly CampaignSample[]> {
    const chosen = await loadTargets(this.#sql, await deviceKeys(this.#sql, selection, SAMPLES));
    const targets = await allFitted(this.#sql, rights, chosen);
    return targets.map((target) => {
      const judgement = judgeFor(target, template, rights, using);
      return { device: target.key, refusal: 'refusal' in judgement ? judgement.refusal : null };
    });
  }

  async #view(id: string): Promise<CampaignView> {
    return viewOf((await loadCampaign(this.#sql, id)) ?? missing());
  }
}

function requestHash(input: CreateCampaign): string {
  const text = JSON.stringify(input, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  return createHash('sha256').update(text).digest('hex');
}

/** A list must be found whole; so that a typing error is noticed, a filter must fit something. */
function checkChosen(targets: number, { deviceIds }: CreateCampaign): void {
  const wanted = new Set(deviceIds).size;
  if (deviceIds !== undefined && targets < wanted)
    throw new ManagementError('NOT_FOUND', `${wanted - targets} of the devices in deviceIds do not exist`);
  if (targets === 0) throw new ManagementError('BAD_USER_INPUT', 'where: no device fits', { field: 'where' });
}
