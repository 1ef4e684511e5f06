import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import type { FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";

const LATE_MS = 3 * 24 * 3_600_000;

/** One suggestion an hour that nobody has judged. */
const sql = `
select distinct on (date_trunc('hour', created_at, 'UTC')) id, created_at as "createdAt"
from ai_suggestions
where outcome = 'expired' and created_at < '2026-04-01'
order by date_trunc('hour', created_at, 'UTC'), created_at`;

/** A late approval in every hour of the history. */
export async function feedbackInOldHours(db: Database): Promise<FeedbackEventRow[]> {
  const open = await db.query<{ id: string; createdAt: Date }>(sql);
  return open.map(({ id, createdAt }) => ({
    id: newId(),
    suggestionId: id,
    projectId: "default",
    type: "approval",
    source: "explicit",
    reasons: [],
    comment: null,
    finalText: null,
    agentId: "agent-1",
    keptRatio: 1,
    editDistance: null,
    compressionDistance: null,
    idempotencyKey: null,
    createdAt: new Date(createdAt.getTime() + LATE_MS).toISOString(),
    metadata: {},
  }));
}
