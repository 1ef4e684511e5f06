import type { Context } from "hono";
import { z } from "zod";
import type { StandInContext } from "./context.ts";
import type { StandInStore } from "./store.ts";

const bodySchema = z.strictObject({ traceIds: z.array(z.string()).min(1).max(1000) });

/** `DELETE /traces`: accepted whether or not there are such traces, and gone at once; Langfuse's worker takes some seconds. */
export async function deleteTraces(c: Context<StandInContext>, store: StandInStore): Promise<Response> {
  const parsed = bodySchema.safeParse(await c.req.json().catch(() => undefined));
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  store.deleteTraces(new Set(parsed.data.traceIds));
  return c.json({ message: "Traces deleted successfully" });
}

/** `DELETE /traces/{id}`. */
export function deleteTrace(c: Context<StandInContext>, store: StandInStore): Response {
  store.deleteTraces(new Set([c.req.param("id") ?? ""]));
  return c.json({ message: "Trace deleted successfully" });
}
