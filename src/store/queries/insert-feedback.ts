import type { FeedbackSource, FeedbackType } from "../../domain/feedback.ts";
import { storableJson } from "../../domain/text.ts";
import type { Queryable } from "../database.ts";

/** One row of `ai_feedback_events` to be; its ticket and its time to feedback come from its suggestion. */
export type FeedbackEventRow = {
  readonly id: string;
  readonly suggestionId: string;
  readonly projectId: string;
  readonly type: FeedbackType;
  readonly source: FeedbackSource;
  /** The first one is the primary, which alone the host's own queries know. */
  readonly reasons: readonly string[];
  readonly comment: string | null;
  readonly finalText: string | null;
  readonly agentId: string | null;
  readonly keptRatio: number | null;
  readonly editDistance: number | null;
  readonly compressionDistance: number | null;
  readonly idempotencyKey: string | null;
  readonly createdAt: string;
  readonly metadata: Readonly<Record<string, unknown>>;
};

// A time to feedback that is not positive (an import stamps both with one time) is unknown, so it stays null.
const sql = `
  insert into ai_feedback_events (
    id, suggestion_id, project_id, ticket_id, agent_id, feedback_type, source, agent_response, feedback_reason,
    feedback_reasons, comment, kept_ratio, edit_distance, compression_distance, idempotency_key, metadata, created_at,
    updated_at, time_to_feedback
  )
  select r.id, r."suggestionId", r."projectId", s.ticket_id, uptake_agent_id(r."agentId"),
    uptake_feedback_type(r.type), r.source, r."finalText",
    r.reasons[1], nullif(r.reasons, '{}'), r.comment, r."keptRatio", r."editDistance", r."compressionDistance",
    r."idempotencyKey", r.metadata, r."createdAt", r."createdAt",
    case when r."createdAt" > coalesce(s.shown_at, s.created_at) then r."createdAt" - coalesce(s.shown_at, s.created_at) end
  from json_to_recordset($1::json) as r(
    id uuid, "suggestionId" uuid, "projectId" text, "agentId" text, type text, source text, "finalText" text,
    reasons text[], comment text, "keptRatio" real, "editDistance" real, "compressionDistance" real, "idempotencyKey" text, metadata jsonb,
    "createdAt" timestamptz
  )
  left join ai_suggestions s on s.id = r."suggestionId" and s.project_id = r."projectId"
  on conflict do nothing
  returning id
`;

/** Inserts the events that are not there yet; resolves to the ids of those it inserted. */
export async function insertFeedback(db: Queryable, rows: readonly FeedbackEventRow[]): Promise<ReadonlySet<string>> {
  const inserted = await db.query<{ id: string }>(sql, [storableJson(JSON.stringify(rows))]);
  return new Set(inserted.map((row) => row.id));
}
