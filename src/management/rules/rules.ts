/** Rules as callers see them. What they do is the turn's. */
import { checkName, findDatabaseKey, notFound, pageOf } from '../../access/inputs';
import type { Database } from '../../store/database';
import { keepRulePlace } from '../../store/rule-place';
import { deleteRule, insertRule, listRules, updateRule, type RuleRow, type RuleWrite } from '../../store/rules';
import { EVERY_DEVICE, storeCondition } from '../device-filter/condition';
import type { LiveProfiles } from '../profiles/live';
import { isAdministrator, type Caller, type Ddfs } from '../types';
import { checkAction, checkPace, checkTrigger, EVENTS_WITHOUT_MESSAGE } from './input';
import type { Action, CreateRule, Pace, Rules, RuleView, Trigger, UpdateRule } from './types';

export interface RulesDeps {
  readonly db: Database;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly live: Pick<LiveProfiles, 'changed'>;
  readonly now?: () => number;
}

export function createRules({ db, ddfs, live, now = Date.now }: RulesDeps): Rules {
  const checked = ({ name, enabled, condition, trigger, action, pace }: UpdateRule): Partial<RuleWrite> => ({
    ...(name === undefined ? {} : { name: checkName(name, 'name') }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(condition === undefined ? {} : { condition: JSON.stringify(storeCondition(condition)) }),
    ...(trigger === undefined ? {} : { trigger: JSON.stringify(checkTrigger(trigger)) }),
    ...(action === undefined ? {} : { action: JSON.stringify(checkAction(action, ddfs.library(), now())) }),
    ...(pace === undefined ? {} : { pace: JSON.stringify(checkPace(pace)) }),
  });

  const changed = async (): Promise<void> => {
    await keepRulePlace(db.sql, EVENTS_WITHOUT_MESSAGE);
    await live.changed();
  };

  return {
    async create(input: CreateRule, caller) {
      const { enabled = true, condition = EVERY_DEVICE, pace = {} } = input;
      const write = checked({ ...input, enabled, condition, pace }) as RuleWrite;
      const row = await insertRule(db.sql, caller.principal, new Date(now()), write);
      await changed();
      return viewOf(row);
    },
    async update(id, changes, caller) {
      const row = await updateRule(db.sql, keyOf(id), ownerOf(caller), new Date(now()), checked(changes));
      if (row === undefined) throw notFound('rule');
      await changed();
      return viewOf(row);
    },
    async delete(id, caller) {
      const row = await deleteRule(db.sql, keyOf(id), ownerOf(caller));
      if (row === undefined) throw notFound('rule');
      await changed();
      return viewOf(row);
    },
    async get(id, caller) {
      const rows = findDatabaseKey(id) === undefined ? [] : await listRules(db.sql, ownerOf(caller), 1, null, id);
      return rows[0] === undefined ? null : viewOf(rows[0]);
    },
    async list(caller, first, after) {
      if (after !== undefined && findDatabaseKey(after) === undefined) return { items: [], hasNext: false };
      return pageOf(await listRules(db.sql, ownerOf(caller), first + 1, after ?? null), first, viewOf);
    },
  };
}

/** Null: everybody's rules. */
function ownerOf(caller: Caller): string | null {
  return isAdministrator(caller) ? null : caller.principal;
}

function keyOf(id: string): string {
  if (findDatabaseKey(id) === undefined) throw notFound('rule');
  return id;
}

function viewOf({ condition: _, trigger, action, pace, ...row }: RuleRow): RuleView {
  return { ...row, trigger: trigger as Trigger, action: action as Action, pace: pace as Pace };
}
