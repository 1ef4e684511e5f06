import { newId, traceIdOf } from "../../src/domain/ids.ts";
import {
  createFeedbackService,
  type FeedbackService,
  type FeedbackSettings,
} from "../../src/feedback/feedback-service.ts";
import type { Database } from "../../src/store/database.ts";

export const SUGGESTED = "Your refund was sent today and reaches your card within five days.";

type ServiceOptions = FeedbackSettings & { projectId?: string; flush?: () => Promise<void> };

export const serviceOn = (db: Database, { projectId, flush, ...settings }: ServiceOptions = {}): FeedbackService =>
  createFeedbackService({
    db,
    projectId: projectId ?? "default",
    now: () => new Date(),
    ...settings,
    flushSuggestions: flush ?? (async () => {}),
  });

type SuggestionValues = {
  id?: string;
  ticketId?: string;
  text?: string;
  status?: string;
  functionName?: string;
  projectId?: string;
  ageMinutes?: number;
};

/** One suggestion as a host's own insert would make it; resolves to its id. */
export async function insertSuggestion(db: Database, over: SuggestionValues = {}): Promise<string> {
  const id = over.id ?? newId();
  await db.query(
    `insert into ai_suggestions (id, ticket_id, suggested_response, status, function_name, trace_id, project_id, created_at, updated_at)
     select $1, $2, $3, $4, $5, $6, $7, made.at, made.at from (select now() - $8 * interval '1 minute' as at) made`,
    [
      id,
      over.ticketId ?? "t1",
      over.text ?? SUGGESTED,
      over.status ?? "completed",
      over.functionName ?? "reply",
      traceIdOf(id),
      over.projectId ?? "default",
      over.ageMinutes ?? 0,
    ],
  );
  return id;
}

export type Standing = { outcome: string; status: string; errorType: string | null };

export async function standingOf(db: Database, id: string): Promise<Standing | undefined> {
  const [row] = await db.query<Standing>(
    `select outcome, status, error_type as "errorType" from ai_suggestions where id = $1`,
    [id],
  );
  return row;
}

export const eventCount = async (db: Database): Promise<number> =>
  (await db.query<{ n: number }>("select count(*) as n from ai_feedback_events"))[0]?.n ?? -1;
