import { Hono } from "hono";
import type { Logger } from "../domain/logger.ts";
import type { Sessions } from "../service/sessions.ts";
import { addDocument } from "./add-document.ts";
import { addRoutes, type Admission, REQUEST_LIMITS, type RequestLimits } from "./add-routes.ts";
import { packed } from "./gzip.ts";
import { addDashboard } from "./dashboard.ts";
import { type GuardSettings, LOOPBACK_ONLY, onlyKnownHosts, onlyKnownOrigins, securityHeaders } from "./guard.ts";
import { nothingHere, problemLogged, reply } from "./problem.ts";
import type { Route } from "./route.ts";
import { apiRoutes } from "./routes.ts";
import { sessionRoutes } from "./routes/session.ts";
import type { HttpServices } from "./services.ts";
import { STATUS_PAGE_POLICY, statusProblemPage } from "./status-page.ts";
import { STATUS_PATH, statusRoute } from "./status-route.ts";

export type AppOptions = {
  readonly services: HttpServices;
  readonly admission: Admission;
  readonly log: Logger;
  /** What is done to messages that quote what was sent; nothing by default. */
  readonly said?: <Value>(value: Value) => Value;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly guard?: GuardSettings;
  readonly limits?: RequestLimits;
  /** Routes beside those of the API, such as the agent functions; they stand in the document, too. */
  readonly routes?: readonly Route[];
  /** Who is signed in to the dashboard; without it nobody can. */
  readonly sessions?: Sessions;
  /** Where the built dashboard lies; without it `/` leads to the status page. */
  readonly dashboard?: string | null;
};

/**
 * The dashboard (`/`), the status page (`/status?renew=off`), the API under `/v1` with its document (`/openapi.json`, `/docs`), and the probes. Errors are
 * `{ error: { code, message, details } }`; those of the page are a page, which goes on renewing itself.
 */
export function createApp(options: AppOptions): Hono {
  const { services, admission, log, said = asItCame, now, guard = LOOPBACK_ONLY, limits = REQUEST_LIMITS } = options;
  const app = new Hono();
  app.use(securityHeaders(STATUS_PAGE_POLICY));
  app.use(packed);
  app.use(onlyKnownHosts(guard));
  app.use(onlyKnownOrigins(guard));

  const routes = [...apiRoutes(services, now), ...(options.routes ?? [])];
  addDocument(app, routes);
  const sessions = options.sessions === undefined ? [] : sessionRoutes(options.sessions, admission);
  addRoutes(app, [statusRoute(services, now), ...sessions, ...routes], { admission, limits });
  if (typeof options.dashboard === "string") addDashboard(app, options.dashboard);
  else app.get("/", (context) => context.redirect(STATUS_PATH));

  app.notFound(nothingHere);
  app.onError((error, context) => {
    const problem = said(problemLogged(log, error, context));
    // Without credentials a browser asks for them; a page in their place would keep it from asking.
    const isPage = context.req.path === STATUS_PATH && problem.status >= 500;
    return isPage ? context.html(statusProblemPage(problem), problem.status) : reply(context, problem);
  });
  return app;
}

const asItCame = <Value>(value: Value): Value => value;
