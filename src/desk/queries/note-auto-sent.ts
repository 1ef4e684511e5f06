import type { Queryable } from "../../store/database.ts";

// The row is pending until the tracker completes it. If the process dies in between, what was sent stands here already.
const sql = `
  insert into ai_suggestions as s (
    id, project_id, function_name, ticket_id, suggested_response, confidence_score, status, outcome, metadata, created_at
  )
  values ($1, $2, $3, uptake_ticket_id($4), $5, $6, 'pending', 'auto_sent', $7, $8)
  on conflict (id) do update set
    function_name = excluded.function_name,
    suggested_response = excluded.suggested_response,
    confidence_score = excluded.confidence_score,
    outcome = excluded.outcome,
    metadata = s.metadata || excluded.metadata,
    updated_at = now()
  where s.project_id = excluded.project_id and s.outcome = 'pending' and (s.status = 'pending' or s.error_type = 'abandoned')
  returning s.id
`;

export type AutoSent = {
  readonly suggestionId: string;
  readonly projectId: string;
  readonly functionName: string;
  readonly ticketId: string;
  readonly text: string;
  readonly confidence: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** When the run began, as the tracker's record will say. */
  readonly createdAt: Date;
};

/** Writes down that a suggestion goes out without a person; false where it is finished already, and may not. */
export async function noteAutoSent(tx: Queryable, sent: AutoSent): Promise<boolean> {
  const { suggestionId, projectId, functionName, ticketId, text, confidence, metadata, createdAt } = sent;
  const rows = await tx.query(sql, [
    suggestionId,
    projectId,
    functionName,
    ticketId,
    text,
    confidence,
    JSON.stringify(metadata),
    createdAt,
  ]);
  return rows.length > 0;
}
