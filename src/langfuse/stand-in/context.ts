import type { HttpBindings } from "@hono/node-server";

/** What the stand-in's handlers get from the server underneath. */
export type StandInContext = { Bindings: HttpBindings };

/** The one project that every key pair of the stand-in belongs to. */
export const PROJECT_ID = "stand-in";
