import type { Config } from "../config/config.ts";
import type { Logger } from "../domain/logger.ts";
import type { MetricsRequest } from "../domain/metrics-request.ts";
import { createApp } from "../http/app.ts";
import { serveApp, type HttpServer } from "../http/serve.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { readMirrorStatus } from "../store/queries/read-mirror-status.ts";
import type { Parts } from "./assemble.ts";

/** Serves the status page and its JSON on loopback. */
export function serveStatus(
  parts: Parts,
  config: Config,
  { port, log, target }: { readonly port: number; readonly log: Logger; readonly target: string | null },
): Promise<HttpServer> {
  const services = {
    metrics: (request: MetricsRequest) => readMetrics(parts.db, { ...request, projectId: config.projectId }),
    mirrorStatus: async () => ({ ...(await readMirrorStatus(parts.db)), target }),
  };
  return serveApp(createApp({ services, log, now: Date.now }), { port });
}
