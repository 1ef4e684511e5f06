import { timingSafeEqual } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { deleteTrace, deleteTraces } from "./delete-traces.ts";
import { type FailureSwitch, failing } from "./failures.ts";
import { ingest, deleteScore, postScore } from "./intake-scores.ts";
import { exportSpans } from "./intake-spans.ts";
import { addPromptRoutes } from "./prompts.ts";
import { addRoutesOfV3 } from "./routes-v3.ts";
import { addRoutesOfV4 } from "./routes-v4.ts";
import { addScoreConfigRoutes } from "./score-configs.ts";
import type { StandInStore } from "./store.ts";

/** The versions that the stand-in says it is: the Langfuse whose code and live answers it follows. */
const VERSION = { v4: "4.16.0", v3: "3.225.4", v3Before200: "3.199.0" } as const;

export type StandInApp = {
  readonly store: StandInStore;
  readonly failures: FailureSwitch;
  /** Whether Langfuse 3 has `v3/scores`, as from 3.200 on. */
  readonly offersScoresV3: boolean;
  readonly publicKey: string;
  readonly secretKey: string;
};

/** The routes of a Langfuse 4 (mode `events_only`) or 3 (mode `legacy`) that Uptake and the official clients use. */
export function createApp(deps: StandInApp): Hono<StandInContext> {
  const { store } = deps;
  const app = new Hono<StandInContext>();
  app.use(counting(store));
  const version = VERSION[store.dialect === "v3" && !deps.offersScoresV3 ? "v3Before200" : store.dialect];
  app.get("/api/public/health", (c) => c.json({ status: "OK", version }));
  app.get("/api/public/ready", (c) => c.json({ status: "OK", version }));

  const api = new Hono<StandInContext>();
  api.use(failing(deps.failures));
  api.use(authorised(deps));
  api.post("/otel/v1/traces", (c) => exportSpans(c, store));
  api.post("/ingestion", (c) => ingest(c, store));
  api.post("/scores", (c) => postScore(c, store));
  api.delete("/scores/:id", (c) => deleteScore(c, store));
  api.delete("/traces", (c) => deleteTraces(c, store));
  api.delete("/traces/:id", (c) => deleteTrace(c, store));
  addScoreConfigRoutes(api, store);
  addPromptRoutes(api, store);
  api.get("/projects", (c) => {
    const organization = { id: "stand-in-org", name: "Uptake" };
    return c.json({ data: [{ id: PROJECT_ID, name: "Stand-in Langfuse", organization, metadata: {} }] });
  });
  if (store.dialect === "v4") addRoutesOfV4(api, store);
  else addRoutesOfV3(api, store, deps.offersScoresV3);
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
