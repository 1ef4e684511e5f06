import type { Config } from "../config/config.ts";
import { runPendingRow } from "../desk/agent-functions.ts";
import { createHeldRecorder } from "../desk/pending/held-recorder.ts";
import { createPendingWorker, type PendingWorker } from "../desk/pending/pending-worker.ts";
import type { Logger } from "../domain/logger.ts";
import { maskedLogger } from "../privacy/masked-logger.ts";
import { createTracker } from "../track/tracker.ts";
import type { Parts } from "./assemble.ts";
import type { Desk } from "./open-desk.ts";

/** A worker over the parts that runs the agent functions whose pending rows the configuration names. */
export function assemblePendingWorker(
  parts: Parts,
  desk: Pick<Desk, "withTracker">,
  config: Config,
  given: Logger,
): PendingWorker {
  const { db, recorder, costOf, modelBudget, privacy, pendingMeters: meters } = parts;
  const log = maskedLogger(given, privacy);
  const { projectId, environment, release } = config;
  const { runPending, runConcurrency, runTimeoutMs } = config.desk;
  const held = createHeldRecorder(recorder);
  const about = { projectId, environment, release, now: Date.now, log, costOf };
  const admitModelCall = modelBudget?.(projectId);
  const tracker = createTracker({ recorder: held.recorder, ...about, admitModelCall });
  const functions = desk.withTracker(tracker);
  const worker = createPendingWorker({
    db,
    log,
    projectId,
    functions: runPending,
    run: (row, options) => runPendingRow(functions, row, options),
    held,
    recorder,
    said: privacy.said,
    meters,
    concurrency: runConcurrency,
    timeoutMs: runTimeoutMs,
    random: Math.random,
    now: Date.now,
  });
  return {
    start: () => worker.start(),
    async stop() {
      await worker.stop();
      await tracker.close();
    },
  };
}
