import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { z } from "zod";
import type { StandInContext } from "./context.ts";
import type { ScoreFate } from "./failures.ts";
import { takeTraceEvent } from "./intake-events.ts";
import { parseJson } from "./parse-json.ts";
import {
  type IncomingScore,
  scoreBodySchema,
  scoreEventSchema,
  type ScoreOrigin,
  sdkLogSchema,
  toStoredScore,
} from "./score-check.ts";
import type { StandInStore } from "./store.ts";

/** Langfuse's limit for this route. */
const MAX_BODY_BYTES = 4.5 * 1024 * 1024;

const batchSchema = z.object({ batch: z.array(z.unknown()), metadata: z.unknown().optional() });

const TOLD_TO_DROP = "the stand-in was told to drop this score";

type Settled = { readonly id: string; readonly status: number; readonly message?: string; readonly error?: unknown };

/**
 * `POST /ingestion`: 207 with every event settled by itself. Langfuse 4 takes scores and SDK logs only, Langfuse 3 also
 * events about traces and observations.
 */
export async function ingest(c: Context<StandInContext>, store: StandInStore): Promise<Response> {
  const text = await c.req.text();
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) return c.json({ message: "Body exceeded 4.5mb limit" }, 413);
  const batch = batchSchema.safeParse(parseJson(text));
  if (!batch.success) {
    return c.json({ message: "Invalid request data", errors: batch.error.issues.map((issue) => issue.message) }, 400);
  }
  const fateOf = c.get("scoreFate") ?? (() => "stored" as const);
  const settled = batch.data.batch.map((event) => settle(event, store, fateOf));
  const isStored = ({ status }: Settled): boolean => status === 201;
  return c.json({ successes: settled.filter(isStored), errors: settled.filter((event) => !isStored(event)) }, 207);
}

function settle(event: unknown, store: StandInStore, fateOf: (name: string) => ScoreFate): Settled {
  const head = z.object({ id: z.string(), type: z.string() }).partial().safeParse(event).data;
  const id = head?.id ?? "unknown";
  if (head?.type === "sdk-log") {
    const log = sdkLogSchema.safeParse(event);
    return log.success ? { id, status: 201 } : invalid(id, log.error);
  }
  if (head?.type === "score-create") return settleScore(id, event, store, fateOf);
  if (store.dialect === "v3") {
    const error = takeTraceEvent(event, store);
    return error === undefined ? { id, status: 201 } : invalid(id, error);
  }
  const error = `Event type "${head?.type ?? "unknown"}" is not accepted by /api/public/ingestion when LANGFUSE_MIGRATION_V4_WRITE_MODE is events_only. This endpoint only accepts score and log events.`;
  return { id, status: 400, message: "Event type not accepted", error };
}

function settleScore(id: string, event: unknown, store: StandInStore, fateOf: (name: string) => ScoreFate): Settled {
  const parsed = scoreEventSchema.safeParse(event);
  if (!parsed.success) return invalid(id, parsed.error);
  const { body } = parsed.data;
  const fate = fateOf(body.dataType === "CORRECTION" ? "output" : body.name);
  if (typeof fate === "number") return { id, status: fate, message: "the stand-in was told to refuse this score" };
  const timestamp = new Date(parsed.data.timestamp).toISOString();
  const at = { id: body.id ?? id, timestamp, now: new Date().toISOString(), eventId: id };
  if (fate === "dropped") store.dropped.push({ id: at.id, name: body.name, eventId: id, reason: TOLD_TO_DROP });
  else keepOrDrop(store, body, at);
  return { id, status: 201 };
}

function invalid(id: string, error: z.ZodError): Settled {
  return { id, status: 400, message: "Invalid request data", error: error.issues };
}

/** `POST /scores`: one score, stamped with the moment of the post. */
export async function postScore(c: Context<StandInContext>, store: StandInStore): Promise<Response> {
  const parsed = scoreBodySchema.safeParse(parseJson(await c.req.text()));
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  if (parsed.data.source === "EVAL") {
    return c.json({ message: "Invalid request data", error: "source EVAL is reserved for internal evaluators" }, 400);
  }
  const id = parsed.data.id ?? randomUUID();
  const now = new Date().toISOString();
  keepOrDrop(store, parsed.data, { id, timestamp: now, now, eventId: null });
  return c.json({ id });
}

/** What Langfuse's worker does, long after the answer. */
function keepOrDrop(store: StandInStore, body: IncomingScore, at: ScoreOrigin): void {
  const config = body.configId ? store.configs.get(body.configId) : undefined;
  const outcome = toStoredScore(body, at, config);
  if ("score" in outcome) store.addScore(outcome.score);
  else store.dropped.push({ id: at.id, name: body.name, eventId: at.eventId, reason: outcome.reason });
}

/** `DELETE /scores/{id}`: accepted whether or not there is such a score; the log of posts stays. */
export function deleteScore(c: Context<StandInContext>, store: StandInStore): Response {
  store.deleteScore(c.req.param("id") ?? "");
  return c.json({ message: "Score deletion request processed successfully" }, 202);
}
