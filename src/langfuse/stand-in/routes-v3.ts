import type { Context, Hono } from "hono";
import type { StandInContext } from "./context.ts";
import { getObservation, listObservations } from "./read-observations-v1.ts";
import { readScores } from "./read-scores.ts";
import { getScore, listScores } from "./read-scores-v2.ts";
import { getTrace, listTraces } from "./read-traces.ts";
import type { StandInStore } from "./store.ts";

/** What a Next.js server says of a route that it does not have. */
const NO_SUCH_PAGE = "<!DOCTYPE html><html><body><h1>404</h1><h2>This page could not be found.</h2></body></html>";

/** Langfuse 3 has these, the stand-in does not. */
const NOT_PLAYED = ["sessions", "sessions/:id", "scores", "scores/:id", "metrics", "metrics/daily"];

/** The reads of Langfuse 3 as it is set up by default: without the routes over the tables of version 4. */
export function addRoutesOfV3(api: Hono<StandInContext>, store: StandInStore, offersScoresV3: boolean): void {
  const played =
    (read: (c: Context<StandInContext>, store: StandInStore) => Response) => (c: Context<StandInContext>) =>
      c.req.query("filter") === undefined
        ? read(c, store)
        : c.json({ message: "the stand-in Langfuse does not know `filter`; use the plain parameters" }, 501);
  api.get("/traces", played(listTraces));
  api.get("/traces/:id", played(getTrace));
  api.get("/observations", played(listObservations));
  api.get("/observations/:id", played(getObservation));
  api.get("/v2/scores", played(listScores));
  api.get("/v2/scores/:id", played(getScore));
  api.get("/v3/scores", (c) => (offersScoresV3 ? readScores(c, store) : c.html(NO_SUCH_PAGE, 404)));
  for (const name of ["observations", "metrics"]) {
    const message = `The ${name} v2 API is only available in a Langfuse v4 write mode. Learn more at: https://langfuse.com/docs/v4`;
    api.get(`/v2/${name}`, (c) => c.json({ message, error: "LangfuseNotFoundError" }, 404));
  }
  for (const path of NOT_PLAYED)
    api.get(`/${path}`, (c) =>
      c.json({ message: `the stand-in Langfuse does not play GET /${path} of version 3` }, 501),
    );
}
