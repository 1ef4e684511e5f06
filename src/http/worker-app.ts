import { Hono } from "hono";
import type { Logger } from "../domain/logger.ts";
import { addRoutes, REQUEST_LIMITS } from "./add-routes.ts";
import { openTo } from "./caller.ts";
import { LOOPBACK_ONLY, onlyKnownHosts, onlyKnownOrigins, securityHeaders } from "./guard.ts";
import { PROBE_PATHS, probeRoutes, type ProbeServices } from "./probes.ts";
import { problemLogged, reply } from "./problem.ts";

/** What a worker shows of itself, to this machine only: `/metrics`, `/healthz`, `/readyz`. */
export function createWorkerApp({ services, log }: { readonly services: ProbeServices; readonly log: Logger }): Hono {
  const app = new Hono();
  app.use(securityHeaders("default-src 'none'"));
  app.use(onlyKnownHosts(LOOPBACK_ONLY));
  app.use(onlyKnownOrigins(LOOPBACK_ONLY));
  const admission = { authenticate: openTo(""), admit: () => Promise.resolve() };
  addRoutes(app, probeRoutes(services), { admission, limits: REQUEST_LIMITS });
  app.notFound((context) => {
    const message = `no ${context.req.method} ${context.req.path.slice(0, 200)} here; there are GET ${PROBE_PATHS}`;
    return reply(context, { status: 404, code: "not_found", message, details: [] });
  });
  app.onError((error, context) => reply(context, problemLogged(log, error, context)));
  return app;
}
