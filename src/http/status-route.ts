import { DAY_MS } from "../domain/durations.ts";
import type { Route } from "./route.ts";
import type { HttpServices } from "./services.ts";
import { statusPage } from "./status-page.ts";

export const STATUS_PATH = "/status";

/** `GET /status`: the status page, for whoever runs no script. No part of the API, so it is in no document. */
export const statusRoute = (services: Pick<HttpServices, "metrics" | "mirror">, now: () => number): Route => ({
  method: "get",
  path: STATUS_PATH,
  operationId: "showStatus",
  summary: "The status page",
  scopes: ["read"],
  answers: { 200: { description: "A page", contentType: "text/html" } },
  async handle({ context, caller: { projectId } }) {
    const to = new Date(now());
    const range = { from: new Date(to.getTime() - DAY_MS), to, by: [], projectId, now: to };
    const [totals, hours, mirror] = await Promise.all([
      services.metrics({ ...range, bucket: "total" }),
      services.metrics({ ...range, bucket: "hour" }),
      services.mirror(projectId),
    ]);
    const isRenewing = context.req.query("renew") !== "off";
    return context.html(statusPage({ at: to, isRenewing, total: totals[0], hours, mirror }));
  },
});
