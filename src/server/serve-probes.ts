import type { Logger } from "../domain/logger.ts";
import type { ProbeServices } from "../http/probes.ts";
import type { Prometheus } from "../http/prometheus.ts";
import { serveApp, type HttpServer } from "../http/serve.ts";
import { createWorkerApp } from "../http/worker-app.ts";
import type { Parts } from "./assemble.ts";
import { createLook } from "./look.ts";

/** What is asked of a process from outside: what it counted, and whether its database answers. */
export function probeServices({ db }: Pick<Parts, "db">, prometheus: Prometheus): ProbeServices {
  const look = createLook(() => db.query("select 1"));
  return {
    exposition: () => prometheus.expose(),
    isReady: async () => (await look()) !== undefined,
  };
}

/** Serves a worker's `/metrics`, `/healthz` and `/readyz` on loopback. */
export const serveProbes = (
  parts: Parts,
  { port, log, prometheus }: { readonly port: number; readonly log: Logger; readonly prometheus: Prometheus },
): Promise<HttpServer> => serveApp(createWorkerApp({ services: probeServices(parts, prometheus), log }), { port });
