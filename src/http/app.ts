import { Hono } from "hono";
import type { Logger } from "../domain/logger.ts";
import { parseMetricsRequest } from "../domain/metrics-request.ts";
import { onlyLoopbackHost, securityHeaders } from "./guard.ts";
import { addProbes, PROBE_PATHS } from "./probes.ts";
import { nothingHere, problemLogged, reply } from "./problem.ts";
import type { HttpServices } from "./services.ts";
import { statusPage, STATUS_PAGE_POLICY, statusProblemPage } from "./status-page.ts";

const DAY_MS = 86_400_000;

/**
 * The status page and the JSON behind it, for this machine only:
 * `/?renew=off`, `/v1/metrics?from&to&bucket&by&zone`, `/v1/mirror`, and the probes. Errors are
 * `{ error: { code, message, details } }`; those of the page are a page, which goes on renewing itself.
 */
export function createApp(deps: {
  readonly services: HttpServices;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}): Hono {
  const { services, log, now } = deps;
  const app = new Hono();
  app.use(securityHeaders(STATUS_PAGE_POLICY));
  app.use(onlyLoopbackHost);

  app.get("/", async (context) => {
    const to = new Date(now());
    const range = { from: new Date(to.getTime() - DAY_MS), to, by: [] };
    const [totals, hours, mirror] = await Promise.all([
      services.metrics({ ...range, bucket: "total" }),
      services.metrics({ ...range, bucket: "hour" }),
      services.mirrorStatus(),
    ]);
    const isRenewing = context.req.query("renew") !== "off";
    return context.html(statusPage({ at: to, isRenewing, total: totals[0], hours, mirror }));
  });

  app.get("/v1/metrics", async (context) => {
    const { from, to, bucket, by, zone } = context.req.query();
    const request = parseMetricsRequest(
      { from, to, bucket, by, zone },
      { now: new Date(now()), place: (name) => name, bucket: "hour" },
    );
    return context.json({ ...request, rows: await services.metrics(request) });
  });

  app.get("/v1/mirror", async (context) => context.json(await services.mirrorStatus()));

  addProbes(app, services);

  app.notFound(nothingHere(`/, /v1/metrics, /v1/mirror, ${PROBE_PATHS}`));
  app.onError((error, context) => {
    const problem = problemLogged(log, error, context);
    return context.req.path === "/"
      ? context.html(statusProblemPage(problem), problem.status)
      : reply(context, problem);
  });
  return app;
}
