import type { Queryable } from "../database.ts";
import { applyOldFeedback } from "../queries/apply-old-feedback.ts";

/** Suggestions a transaction, so that the host's writers never wait for more of them. */
const BATCH_SIZE = 500;

/**
 * Lets the feedback that was there before us decide its suggestions, batch by batch; resolves to how many it decided.
 * What is done stays done, so it may be stopped by the signal and begun anew.
 */
export async function backfillOutcomes(
  db: Queryable,
  { onProgress, signal }: { readonly onProgress: (done: number) => void; readonly signal: AbortSignal },
): Promise<number> {
  let after: string | null = null;
  let done = 0;
  while (!signal.aborted) {
    const { lastId, appliedCount }: Awaited<ReturnType<typeof applyOldFeedback>> = await applyOldFeedback(
      db,
      after,
      BATCH_SIZE,
    );
    if (lastId === null) break;
    after = lastId;
    done += appliedCount;
    if (appliedCount > 0) onProgress(done);
  }
  return done;
}
