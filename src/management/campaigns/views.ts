/** Campaigns of the store as callers see them. */
import type { CampaignRow } from '../../store/campaigns';
import type { CampaignState, CampaignView } from './types';

export function viewOf(row: CampaignRow): CampaignView {
  const { id, name, state, verdict, caller, targets, problem, startAt, endAt, createdAt, startedAt, endedAt } = row;
  return {
    id,
    name,
    state: state as CampaignState,
    verdict: verdict as CampaignView['verdict'],
    caller,
    targets,
    problem,
    startAt,
    endAt,
    createdAt,
    startedAt,
    endedAt,
    samples: [],
  };
}

export function missing(): never {
  throw new Error('a campaign vanished after it was stored');
}
