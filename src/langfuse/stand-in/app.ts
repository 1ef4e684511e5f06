import { timingSafeEqual } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { type FailureSwitch, failing } from "./failures.ts";
import { ingest, deleteScore, postScore } from "./intake-scores.ts";
import { exportSpans } from "./intake-spans.ts";
import { readMetrics } from "./read-metrics.ts";
import { readObservations } from "./read-observations.ts";
import { readScores } from "./read-scores.ts";
import type { StandInStore } from "./store.ts";

/** The version that the stand-in says it is: the Langfuse whose code and live answers it follows. */
const VERSION = "4.16.0";

const NOT_ON_V4 =
  "This endpoint is not available on deployments running in Langfuse v4 events_only mode. Use the v2 observations, v2 metrics and v3 scores endpoints instead.";

/** Routes of the old dialect; Langfuse 4 answers 404 with an explanation. */
const LEGACY_READS = ["traces", "traces/:id", "observations", "observations/:id", "sessions", "sessions/:id"];
const LEGACY_SCORES = ["scores", "scores/:id", "v2/scores", "v2/scores/:id", "metrics", "metrics/daily"];
const LEGACY_WRITES = ["traces", "spans", "generations", "events"];

export type StandInApp = {
  readonly store: StandInStore;
  readonly failures: FailureSwitch;
  readonly publicKey: string;
  readonly secretKey: string;
};

/** The routes of a Langfuse 4 (mode `events_only`) that Uptake and the official clients use. */
export function createApp(deps: StandInApp): Hono<StandInContext> {
  const { store } = deps;
  const app = new Hono<StandInContext>();
  app.use(counting(store));
  app.get("/api/public/health", (c) => c.json({ status: "OK", version: VERSION }));
  app.get("/api/public/ready", (c) => c.json({ status: "OK", version: VERSION }));

  const api = new Hono<StandInContext>();
  api.use(failing(deps.failures));
  api.use(authorised(deps));
  api.post("/otel/v1/traces", (c) => exportSpans(c, store));
  api.post("/ingestion", (c) => ingest(c, store));
  api.post("/scores", (c) => postScore(c, store));
  api.delete("/scores/:id", (c) => deleteScore(c, store));
  api.get("/v3/scores", (c) => readScores(c, store));
  api.get("/v2/observations", (c) => readObservations(c, store));
  api.get("/v2/metrics", (c) => readMetrics(c, store));
  api.get("/projects", (c) => {
    const organization = { id: "stand-in-org", name: "Uptake" };
    return c.json({ data: [{ id: PROJECT_ID, name: "Stand-in Langfuse", organization, metadata: {} }] });
  });
  for (const path of [...LEGACY_READS, ...LEGACY_SCORES])
    api.get(`/${path}`, (c) => c.json({ message: NOT_ON_V4 }, 404));
  for (const path of LEGACY_WRITES) api.post(`/${path}`, (c) => c.json({ message: NOT_ON_V4 }, 404));
  app.route("/api/public", api);

  app.notFound((c) =>
    c.json({ message: `${c.req.method} ${c.req.path} is not a route of the stand-in Langfuse` }, 404),
  );
  app.onError((error, c) => c.json({ message: "Internal Server Error", error: String(error) }, 500));
  return app;
}

function counting(store: StandInStore): MiddlewareHandler<StandInContext> {
  return async (c, next) => {
    const route = `${c.req.method} ${c.req.path}`;
    store.requests.set(route, (store.requests.get(route) ?? 0) + 1);
    await next();
  };
}

function authorised({ publicKey, secretKey }: StandInApp): MiddlewareHandler<StandInContext> {
  const expected = Buffer.from(`Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`);
  return async (c, next) => {
    const given = Buffer.from(c.req.header("authorization") ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return c.json({ message: "Invalid credentials. Confirm that you've configured the correct host." }, 401);
    }
    return next();
  };
}
