import type { Privacy } from "../domain/privacy.ts";
import type { TraceSource } from "../domain/trace-source.ts";
import type { Queryable } from "../store/database.ts";
import { type MirroredFeedbackRow, readFeedbackForMirror } from "../store/queries/read-feedback-for-mirror.ts";
import { readTracesForMirror } from "../store/queries/read-traces-for-mirror.ts";

// The only way of rows to Langfuse. What the host wrote was never masked by us; what we wrote stays as it is.

export async function leavingTraces(db: Queryable, ids: readonly string[], privacy: Privacy): Promise<TraceSource[]> {
  return (await readTracesForMirror(db, ids)).map(privacy.trace);
}

export async function leavingFeedback(
  db: Queryable,
  ids: readonly string[],
  privacy: Privacy,
): Promise<MirroredFeedbackRow[]> {
  return (await readFeedbackForMirror(db, ids)).map((row) => privacy.feedback(row));
}
