import type { Config } from "../config/config.ts";
import type { Logger } from "../domain/logger.ts";
import type { MetricsRequest } from "../domain/metrics-request.ts";
import { createApp } from "../http/app.ts";
import type { Prometheus } from "../http/prometheus.ts";
import { serveApp, type HttpServer } from "../http/serve.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { readMirrorStatus } from "../store/queries/read-mirror-status.ts";
import type { Parts } from "./assemble.ts";
import { probeServices } from "./serve-probes.ts";

export type StatusOptions = {
  readonly port: number;
  readonly log: Logger;
  /** Address of the Langfuse that is mirrored into. */
  readonly target: string | null;
  readonly prometheus: Prometheus;
};

/** Serves the status page, its JSON and the probes on loopback. */
export function serveStatus(
  parts: Parts,
  config: Config,
  { port, log, target, prometheus }: StatusOptions,
): Promise<HttpServer> {
  const services = {
    ...probeServices(parts, prometheus),
    metrics: (request: MetricsRequest) => readMetrics(parts.db, { ...request, projectId: config.projectId }),
    mirrorStatus: async () => ({ ...(await readMirrorStatus(parts.db)), target }),
  };
  return serveApp(createApp({ services, log, now: Date.now }), { port });
}
