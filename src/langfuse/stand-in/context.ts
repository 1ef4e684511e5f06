import type { HttpBindings } from "@hono/node-server";
import type { ScoreFate, SpanPick } from "./failures.ts";

/** What the stand-in's handlers get from the server underneath, and what trouble they are to make. */
export type StandInContext = {
  Bindings: HttpBindings;
  Variables: { scoreFate?: (name: string) => ScoreFate; badSpans?: SpanPick };
};

/** The one project that every key pair of the stand-in belongs to. */
export const PROJECT_ID = "stand-in";
