import type { Hono } from "hono";
import type { StandInContext } from "./context.ts";
import { readMetrics } from "./read-metrics.ts";
import { readObservations } from "./read-observations.ts";
import { readScores } from "./read-scores.ts";
import type { StandInStore } from "./store.ts";

const NOT_ON_V4 =
  "This endpoint is not available on deployments running in Langfuse v4 events_only mode. Learn more about Langfuse v4 at: https://langfuse.com/docs/v4";

/** Routes of the old dialect; Langfuse 4 answers 404 with an explanation. */
const LEGACY_READS = ["traces", "traces/:id", "observations", "observations/:id", "sessions", "sessions/:id"];
const LEGACY_SCORES = ["scores", "scores/:id", "v2/scores", "v2/scores/:id", "metrics", "metrics/daily"];
const LEGACY_WRITES = ["traces", "spans", "generations", "events"];

export function addRoutesOfV4(api: Hono<StandInContext>, store: StandInStore): void {
  api.get("/v3/scores", (c) => readScores(c, store));
  api.get("/v2/observations", (c) => readObservations(c, store));
  api.get("/v2/metrics", (c) => readMetrics(c, store));
  for (const path of [...LEGACY_READS, ...LEGACY_SCORES])
    api.get(`/${path}`, (c) => c.json({ message: NOT_ON_V4 }, 404));
  for (const path of LEGACY_WRITES) api.post(`/${path}`, (c) => c.json({ message: NOT_ON_V4 }, 404));
}
