import type { Hono } from "hono";
import type { Exposition } from "./prometheus.ts";

export type ProbeServices = {
  /** Everything observed, for Prometheus; never rejects for a database that is away. */
  exposition(): Promise<Exposition>;
  /** Whether the database answers. */
  isReady(): Promise<boolean>;
};

/** What the routes of {@link addProbes} are, for an answer that names what there is. */
export const PROBE_PATHS = "/metrics, /healthz and /readyz";

/** `/metrics` for Prometheus, `/healthz` (this process answers) and `/readyz` (its database answers too). */
export function addProbes(app: Hono, services: ProbeServices): void {
  app.get("/metrics", async (context) => {
    const { contentType, text } = await services.exposition();
    return context.body(text, 200, { "content-type": contentType });
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) =>
    (await services.isReady())
      ? context.json({ status: "ready" })
      : context.json({ status: "the database does not answer" }, 503),
  );
}
