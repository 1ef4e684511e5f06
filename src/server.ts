// The public path `uptake/server`: what the command line is made of. It knows every part.
import type { Services } from "./cli/services.ts";
import type { Config } from "./config/config.ts";
import type { Logger } from "./domain/logger.ts";
import { backfillRollup } from "./metrics/backfill-rollup.ts";
import { checkRollup } from "./metrics/check-rollup.ts";
import { createAdoptServices } from "./server/adopt-services.ts";
import { assemble, type AssembleOptions, type Parts } from "./server/assemble.ts";
import { createErasureServices } from "./server/erasure-services.ts";
import { createClosers } from "./server/closers.ts";
import { runDemo } from "./server/demo.ts";
import { createInitServices } from "./server/init-services.ts";
import { answerMetrics } from "./server/metrics-services.ts";
import { createKeyServices } from "./server/key-services.ts";
import { createLongRunning } from "./server/long-running.ts";
import { createMoveServices } from "./server/move-services.ts";
import { createMirrorServices } from "./server/mirror-services.ts";
import { replayFile } from "./server/replay-file.ts";
import { verifyDeployment } from "./server/verify-deployment.ts";
import { migrate } from "./store/migrate.ts";
import { openDatabase } from "./store/open-database.ts";

export { readConfig } from "./config/read-config.ts";
export { createPrometheus } from "./http/prometheus.ts";
export { diagnose, type DiagnoseOptions } from "./server/diagnose.ts";
export { createStderrLogger } from "./server/stderr-logger.ts";

/**
 * What the command line is made of. Opens the database at the first use; every command closes what it opened.
 *
 * @example
 * const config = readConfig({ environment: process.env });
 * const services = await openServices(config, { log: createStderrLogger({ debug: false }) });
 * const { table } = await services.metrics({ from, to, bucket: "hour", by: [] }, "summary");
 */
export async function openServices(config: Config, { log }: { readonly log: Logger }): Promise<Services> {
  const closers = createClosers();
  const open = (worker: boolean, instruments?: AssembleOptions["instruments"]): Parts => {
    const parts = assemble(config, { log, worker, instruments });
    closers.push(() => parts.close());
    return parts;
  };
  let quiet: Parts | undefined;
  const partsWithoutWorker = (): Parts => (quiet ??= open(false));

  return {
    async migrate(options) {
      const db = await openDatabase(config);
      closers.push(() => db.close());
      return migrate(db, options);
    },
    metrics: (request, view) =>
      answerMetrics(partsWithoutWorker().db, { ...request, projectId: config.projectId }, view),
    expire: (signal) => partsWithoutWorker().expirer.expireAll(signal),
    keepPartitions: (signal) => partsWithoutWorker().partitions.keepAll(signal),
    retain: (options) => partsWithoutWorker().retention.retainAll(options),
    ...createLongRunning(config, { log, closers, open: (instruments) => open(true, instruments) }),
    keys: createKeyServices(partsWithoutWorker),
    erasure: createErasureServices(config, partsWithoutWorker),
    mirror: createMirrorServices(config, log, partsWithoutWorker),
    adopt: createAdoptServices(config, { log, closers }),
    init: createInitServices(config),
    move: createMoveServices(config, { log, closers }),
    verify: (options) => verifyDeployment(config, options, { log, closers }),
    rollup: {
      async check(options) {
        const { db, roller } = partsWithoutWorker();
        const report = await checkRollup(db, options);
        if (report.repaired) await roller.rollAll();
        return report;
      },
      backfill: (options) => backfillRollup(partsWithoutWorker(), options),
    },
    replay: (options, onProgress, signal) =>
      replayFile(open(true), config, { options, onProgress, signal, closers, log }),
    runDemo: (options, report, signal) => runDemo(config, { ...options, report, signal, log, closers }),
    close: () => closers.close(),
  };
}
