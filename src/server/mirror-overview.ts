import type { HttpMirrorStatus } from "../http/services.ts";
import type { Queryable } from "../store/database.ts";
import { readDeadLetters } from "../store/queries/read-dead-letters.ts";
import { readMirrorStatus } from "../store/queries/read-mirror-status.ts";
import { readSamplingReport } from "../store/queries/read-sampling-report.ts";
import { readWorkers } from "../store/queries/read-workers.ts";
import { readVerification } from "../store/queries/verifications.ts";

const REASONS_SHOWN = 20;

/** How the mirror stands, for one project or (undefined) for all; workers and the last check are everybody's. */
export async function readMirrorOverview(
  db: Queryable,
  { target, dailyUnitLimit }: { readonly target: string | null; readonly dailyUnitLimit: number | null },
  projectId?: string,
): Promise<HttpMirrorStatus> {
  const [status, sampling, workers, lastVerification] = await Promise.all([
    readMirrorStatus(db, projectId),
    readSamplingReport(db, dailyUnitLimit, projectId),
    readWorkers(db),
    readVerification(db, target),
  ]);
  return {
    target,
    waitingCount: status.waiting,
    oldestWaitingSeconds: status.oldestWaitingSeconds,
    heldCount: status.held,
    deliveredLastMinuteCount: status.deliveredLastMinute,
    deliveredTraceCount: status.deliveredTraces,
    deliveredFeedbackCount: status.deliveredFeedback,
    deliveredScoreCount: status.deliveredScores,
    deliveredFeedbackObservationCount: status.deliveredFeedbackObservations,
    deadCount: status.dead,
    dead: status.dead === 0 ? [] : await readDeadLetters(db, REASONS_SHOWN, projectId),
    sampling,
    workers,
    lastVerification,
  };
}
