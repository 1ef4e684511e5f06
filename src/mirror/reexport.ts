import type { ReexportReport, TimeRange } from "../domain/mirror-report.ts";
import type { Database } from "../store/database.ts";
import { countDeliveries } from "../store/queries/count-deliveries.ts";
import { type DeliveryLine, readDeliveries } from "../store/queries/read-deliveries.ts";
import { requeueDelivered } from "../store/queries/requeue-delivered.ts";

const PAGE_SIZE = 1000;

export type ReexportRequest = {
  /** By the time of delivery. */
  readonly range: TimeRange;
  /** Sends everything again, also what Langfuse has; otherwise the mirror reads back and sends only what is missing. */
  readonly force: boolean;
  readonly onProgress: (done: number, total: number | null) => void;
  /** Ends it early, with `interrupted`; what was put back stays so. */
  readonly signal: AbortSignal;
};

/** Puts the messages that were delivered in the range back into the outbox, a page at a time. */
export async function reexport(db: Database, request: ReexportRequest): Promise<ReexportReport> {
  const { range, force, onProgress, signal } = request;
  const total = await countDeliveries(db, range);
  let doneCount = 0;
  let requeuedCount = 0;
  let after: DeliveryLine | undefined;
  while (!signal.aborted) {
    const lines = await readDeliveries(db, range, { after, limit: PAGE_SIZE });
    if (lines.length === 0) break;
    requeuedCount += await requeueDelivered(db, lines, !force);
    doneCount += lines.length;
    onProgress(doneCount, Math.max(total, doneCount));
    after = lines.at(-1);
  }
  return { requeuedCount, alreadyThereCount: doneCount - requeuedCount, interrupted: signal.aborted };
}
