import type { Queryable } from "../../store/database.ts";

const sql = `
  select s.id as "suggestionId", s.metadata -> 'classification' as suggested, s.outcome, s.confidence_score as confidence,
    said.chosen, said.final_text as "finalText"
  from ai_suggestions s
  left join lateral (
    select e.metadata -> 'chosen' as chosen, e.agent_response as final_text
    from ai_feedback_events e
    where e.suggestion_id = s.id and e.project_id = s.project_id and e.source = 'explicit'
    order by e.created_at desc, e.id desc
    limit 1
  ) said on true
  where s.ticket_id = uptake_ticket_id($1) and s.project_id = $2 and s.function_name = $3 and s.status = 'completed'
  order by s.created_at desc, s.id desc
  limit 1
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

/** How a ticket was classified last, and what a person said about it. */
export async function readNewestClassification(
  db: Queryable,
  of: { readonly ticketId: string; readonly projectId: string; readonly functionName: string },
): Promise<NewestClassification | undefined> {
  const [row] = await db.query<NewestClassification>(sql, [of.ticketId, of.projectId, of.functionName]);
  return row;
}
