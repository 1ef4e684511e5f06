// The public path `uptake/server`: what the command line is made of. It knows every part.
import type { ServiceDeps, Services } from "./cli/services.ts";
import type { Config } from "./config/config.ts";
import type { WorkerKind } from "./domain/worker-report.ts";
import { backfillRollup } from "./metrics/backfill-rollup.ts";
import { checkRollup } from "./metrics/check-rollup.ts";
import { createAdoptServices } from "./server/adopt-services.ts";
import { assemble, type AssembleOptions, type Parts } from "./server/assemble.ts";
import { createErasureServices } from "./server/erasure-services.ts";
import { createClosers } from "./server/closers.ts";
import { createInitServices } from "./server/init-services.ts";
import { answerMetrics } from "./server/metrics-services.ts";
import { createKeyServices } from "./server/key-services.ts";
import { createMoveServices } from "./server/move-services.ts";
import { createMirrorServices } from "./server/mirror-services.ts";
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
export async function openServices(config: Config, { log, sources }: ServiceDeps): Promise<Services> {
  const closers = createClosers();
  const open = (kind?: WorkerKind, instruments?: AssembleOptions["instruments"]): Parts => {
    const parts = assemble(config, { log, worker: kind !== undefined, kind, instruments });
    closers.push(() => parts.close());
    return parts;
  };
  let quiet: Parts | undefined;
  const partsWithoutWorker = (): Parts => (quiet ??= open());
  // What has the service, the desk or a model in it is loaded when it is asked for: half of all modules, that most commands
  // start without.
  const longRunning = async () =>
    (await import("./server/long-running.ts")).createLongRunning(config, { log, closers, sources, open });

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
    startWorker: async (options) => (await longRunning()).startWorker(options),
    serve: async (options) => (await longRunning()).serve(options),
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
    async replay(options, onProgress, signal) {
      const { replayFile } = await import("./server/replay-file.ts");
      return replayFile(open("replay"), config, { options, onProgress, signal, closers, log });
    },
    async runDemo(options, report, signal) {
      const { runDemo } = await import("./server/demo.ts");
      return runDemo(config, { ...options, report, signal, log, closers, sources });
    },
    close: () => closers.close(),
  };
}
