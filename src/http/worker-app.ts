import { Hono } from "hono";
import type { Logger } from "../domain/logger.ts";
import { onlyLoopbackHost, securityHeaders } from "./guard.ts";
import { addProbes, PROBE_PATHS, type ProbeServices } from "./probes.ts";
import { nothingHere, problemLogged, reply } from "./problem.ts";

/** What a worker shows of itself, to this machine only: `/metrics`, `/healthz`, `/readyz`. */
export function createWorkerApp({ services, log }: { readonly services: ProbeServices; readonly log: Logger }): Hono {
  const app = new Hono();
  app.use(securityHeaders("default-src 'none'"));
  app.use(onlyLoopbackHost);
  addProbes(app, services);
  app.notFound(nothingHere(PROBE_PATHS));
  app.onError((error, context) => reply(context, problemLogged(log, error, context)));
  return app;
}
