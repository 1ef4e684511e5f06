import type { Queryable } from "../../store/database.ts";

const sql = `
  select id, function_name as "functionName", status, outcome, suggested_response as text, confidence_score as confidence,
    coalesce(trace_id, replace(id::text, '-', '')) as "traceId", error_type as "errorType", error_message as "errorMessage", metadata
  from ai_suggestions
  where id = $1 and project_id = $2
`;

/** A suggestion as it stands. */
export type Suggested = {
  readonly id: string;
  readonly functionName: string | null;
  readonly status: string;
  readonly outcome: string;
  readonly text: string;
  readonly confidence: number | null;
  readonly traceId: string;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
};

/** One suggestion of the project, by its id. */
export async function readSuggested(
  db: Queryable,
  { suggestionId, projectId }: { readonly suggestionId: string; readonly projectId: string },
): Promise<Suggested | undefined> {
  const [row] = await db.query<Suggested>(sql, [suggestionId, projectId]);
  return row;
}
