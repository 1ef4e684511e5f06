import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../store/database.ts";
import { countInOutbox } from "../store/queries/count-in-outbox.ts";
import type { DeliveryLine } from "../store/queries/read-deliveries.ts";
import { requeueDelivered } from "../store/queries/requeue-delivered.ts";
import type { Mirror } from "./mirror.ts";

/** How long one page of repaired messages may take; what is not delivered by then waits in the outbox. */
const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 200;

export type Repair = {
  /** Messages put back into the outbox, of these those delivered again by now, and those that still wait or died. */
  readonly counts: { readonly requeued: number; readonly mended: number; readonly unmended: number };
  /** Puts messages back, in doubt, so that the mirror reads back and sends only what is missing; waits until they are delivered. */
  mend(lines: readonly DeliveryLine[]): Promise<void>;
};

/** `mirror` is started with the first message and stopped by whoever made it. */
export function createRepair(deps: { readonly db: Database; readonly mirror: Mirror }, signal: AbortSignal): Repair {
  const { db, mirror } = deps;
  const counts = { requeued: 0, mended: 0, unmended: 0 };
  let isInTime = true;

  async function leftAfterDelivery(lines: readonly DeliveryLine[]): Promise<number> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    for (;;) {
      const { waitingCount, deadCount } = await countInOutbox(db, lines);
      if (waitingCount === 0 || !isInTime) return waitingCount + deadCount;
      // Once Langfuse takes nothing, the pages after this one only queue: they need not wait as long again.
      if (deadline.aborted) isInTime = false;
      else await sleep(LOOK_EVERY_MS);
    }
  }

  return {
    counts,
    async mend(lines) {
      if (lines.length === 0) return;
      counts.requeued += await requeueDelivered(db, lines, true);
      mirror.start();
      const left = await leftAfterDelivery(lines);
      counts.unmended += left;
      counts.mended += lines.length - left;
    },
  };
}
