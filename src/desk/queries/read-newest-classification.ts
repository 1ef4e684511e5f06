import type { Queryable } from "../../store/database.ts";

const sql = `
  select distinct on (s.outcome in ('accepted', 'revised')) s.id as "suggestionId", s.metadata -> 'classification' as suggested, s.outcome, s.confidence_score as confidence,
    said.chosen, said.final_text as "finalText", s.created_at as "createdAt"
  from ai_suggestions s
  left join lateral (
    select e.metadata -> 'chosen' as chosen, e.agent_response as final_text
    from ai_feedback_events e
    where e.suggestion_id = s.id and e.project_id = s.project_id and e.source = 'explicit'
    order by e.created_at desc, e.id desc
    limit 1
  ) said on true
  where s.ticket_id = uptake_ticket_id($1) and s.project_id = $2 and s.function_name = $3 and s.status = 'completed'
  order by s.outcome in ('accepted', 'revised'), s.created_at desc, s.id desc
`;

export type NewestClassification = {
  readonly suggestionId: string;
  readonly confidence: number | null;
  readonly suggested: unknown;
  readonly outcome: string;
  /** What the newest explicit feedback chose in its place, if anything. */
  readonly chosen: unknown;
  readonly finalText: string | null;
};

/** How a ticket was classified last, and what a person said about it; before it the last one that a person has decided, where that is another. */
export async function readNewestClassifications(
  db: Queryable,
  of: { readonly ticketId: string; readonly projectId: string; readonly functionName: string },
): Promise<readonly NewestClassification[]> {
  const rows = await db.query<NewestClassification & { readonly createdAt: Date }>(sql, [
    of.ticketId,
    of.projectId,
    of.functionName,
  ]);
  const [undecided, decided] = rows;
  // What was suggested before a person decided is of no account any more.
  const isOld = undecided !== undefined && decided !== undefined && undecided.createdAt <= decided.createdAt;
  return isOld ? [decided] : rows;
}
