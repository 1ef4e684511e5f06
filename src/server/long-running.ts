import type { Services } from "../cli/services.ts";
import type { Config } from "../config/config.ts";
import type { ConfigSources } from "../config/read-config.ts";
import type { PendingWorker } from "../desk/pending/pending-worker.ts";
import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import type { WorkerKind } from "../domain/worker-report.ts";
import { createPrometheus } from "../http/prometheus.ts";
import { deskRoutes } from "../http/routes/desk.ts";
import { functionRoutes } from "../http/routes/functions.ts";
import type { Parts } from "./assemble.ts";
import type { Closers } from "./closers.ts";
import { createDeskServices } from "./desk-services.ts";
import { createFunctionServices } from "./function-services.ts";
import { type Desk, openDesk } from "./open-desk.ts";
import { assemblePendingWorker } from "./pending-worker.ts";
import { serveHttp } from "./serve-http.ts";
import { serveProbes } from "./serve-probes.ts";

export type LongRunningDeps = {
  readonly log: Logger;
  readonly closers: Closers;
  /** Where the configuration came from, for what is said about the deployment. */
  readonly sources: ConfigSources | undefined;
  /** Parts with a worker. */
  readonly open: (kind: WorkerKind, instruments: Instruments | undefined) => Parts;
};

/** What stays up until it is stopped: the worker, and the service, which is a worker as well. */
export function createLongRunning(
  config: Config,
  { log, closers, sources, open }: LongRunningDeps,
): Pick<Services, "startWorker" | "serve"> {
  const startPending = async (parts: Parts, opened?: Desk): Promise<PendingWorker | undefined> => {
    if (config.desk.runPending.length === 0) return undefined;
    const desk = opened ?? (await openDesk(parts, config, { closers, log }));
    const pending = assemblePendingWorker(parts, desk, config, log);
    closers.push(() => pending.stop());
    pending.start();
    return pending;
  };

  return {
    async startWorker({ port }) {
      const prometheus = port === null ? null : createPrometheus();
      const parts = open("worker", prometheus?.instruments);
      const server = port === null || prometheus === null ? null : await serveProbes(parts, { port, log, prometheus });
      if (server !== null) closers.push(() => server.close());
      await parts.start();
      const pending = await startPending(parts);
      const stop = async (): Promise<void> => {
        await pending?.stop();
        await parts.close();
      };
      return { url: server?.url ?? null, stop };
    },
    async serve({ port, host }) {
      const prometheus = createPrometheus();
      const parts = open("serve", prometheus.instruments);
      await parts.start();
      const target = config.langfuse?.baseUrl ?? null;
      const desk = await openDesk(parts, config, { closers, log });
      const routes = [
        ...functionRoutes(createFunctionServices(parts, desk, config), log),
        ...deskRoutes(createDeskServices(parts, desk, config)),
      ];
      const server = await serveHttp(parts, config, { port, host, log, target, prometheus, sources, routes });
      closers.push(() => server.close());
      const pending = await startPending(parts, desk);
      const stop = async (): Promise<void> => {
        await server.close();
        await pending?.stop();
        await parts.close();
      };
      return { url: server.url, stop };
    },
  };
}
