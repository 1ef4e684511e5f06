import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";

export type UntrackedRow = { readonly id: string; readonly feedbackId: string };

/**
 * Rows as they lie in a database that nobody tracked yet: finished suggestions made a minute apart from the time on, with an
 * approval each, no recorded run, and no message of either.
 */
export async function insertUntracked(
  db: Database,
  count: number,
  { from = "2026-02-01T00:00:00Z", status = "completed" }: { readonly from?: string; readonly status?: string } = {},
): Promise<UntrackedRow[]> {
  const rows = Array.from({ length: count }, () => ({ id: newId(), feedbackId: newId() }));
  const json = JSON.stringify(rows.map((row, index) => ({ ...row, index })));
  await withoutTriggers(db, async () => {
    await db.query(
      `insert into ai_suggestions (id, suggested_response, status, created_at)
       select id, 'Hello ' || index, $2, $3::timestamptz + index * interval '1 minute'
       from json_to_recordset($1::json) as r (id uuid, index integer)`,
      [json, status, from],
    );
    await db.query(
      `insert into ai_feedback_events (id, suggestion_id, feedback_type, created_at)
       select "feedbackId", id, 'approval', $2::timestamptz + index * interval '1 minute' + interval '30 seconds'
       from json_to_recordset($1::json) as r (id uuid, "feedbackId" uuid, index integer)`,
      [json, from],
    );
  });
  return rows;
}

async function withoutTriggers(db: Database, work: () => Promise<void>): Promise<void> {
  const turn = async (how: "enable" | "disable") => {
    for (const table of ["ai_suggestions", "ai_feedback_events"])
      await db.query(`alter table ${table} ${how} trigger user`);
  };
  await turn("disable");
  await work();
  await turn("enable");
}
