import type { BackfillReport, TimeRange } from "../domain/mirror-report.ts";
import type { Database } from "../store/database.ts";
import { countBackfill } from "../store/queries/count-backfill.ts";
import { enqueueMissing } from "../store/queries/enqueue-missing.ts";

/** Suggestions looked at in one statement, which also bounds the messages it writes. */
const PAGE_SIZE = 500;

export type BackfillRequest = {
  /** By the time a suggestion was made. */
  readonly range: TimeRange;
  readonly dryRun: boolean;
  /** Sends without asking Langfuse first. */
  readonly force: boolean;
  readonly onProgress: (done: number, total: number | null) => void;
  /** Ends it early, with `interrupted`; what was enqueued stays so. */
  readonly signal: AbortSignal;
};

/**
 * Puts suggestions that were never mirrored, and their feedback, into the outbox, a page at a time. Each page is one
 * statement that also looks at outbox and ledger, so after a kill it is simply run again.
 */
export async function backfill(db: Database, request: BackfillRequest): Promise<BackfillReport> {
  const { range, dryRun, force, onProgress, signal } = request;
  const { suggestionCount: total, orphanCount } = await countBackfill(db, range);
  const counts = { traceCount: 0, feedbackCount: 0, pendingCount: 0, leftOutCount: 0 };
  let doneCount = 0;
  let after: string | null = null;
  while (!signal.aborted) {
    const page = await enqueueMissing(db, range, { after, limit: PAGE_SIZE, unsure: !force, dryRun });
    if (page.last === null) break;
    after = page.last;
    doneCount += page.suggestionCount;
    counts.traceCount += page.traceCount;
    counts.feedbackCount += page.feedbackCount;
    counts.pendingCount += page.pendingCount;
    counts.leftOutCount += page.leftOutCount;
    onProgress(doneCount, Math.max(total, doneCount));
  }
  return { ...counts, orphanCount, interrupted: signal.aborted };
}
