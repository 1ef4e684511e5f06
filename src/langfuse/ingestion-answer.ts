import type { ScoreEvent } from "./scores.ts";
import { parseObject, type SendAnswer } from "./send-answer.ts";

/**
 * Reads Langfuse's 207: every event is settled by itself. An event that Langfuse refused (4xx) is in `rejected`. One
 * that failed on its side, or that it says nothing about, makes the batch `unavailable`: sending scores again is
 * harmless, since the same ids overwrite, and better than taking silence for success.
 */
export function answerToIngestion(body: string, events: readonly ScoreEvent[]): SendAnswer {
  const answer = parseObject(body);
  if (answer === undefined || !Array.isArray(answer["successes"]) || !Array.isArray(answer["errors"])) {
    return { kind: "unsure", message: "the answer to the scores is not Langfuse's; check LANGFUSE_BASE_URL" };
  }
  const stored = new Set(answer["successes"].map((entry) => readEntry(entry).id));
  const failed = new Map(answer["errors"].map((entry) => [readEntry(entry).id, readEntry(entry)]));
  const rejected = new Map<string, string>();
  for (const { id } of events) {
    const failure = failed.get(id);
    if (failure !== undefined && failure.status >= 400 && failure.status < 500 && failure.status !== 429) {
      rejected.set(id, failure.reason);
    } else if (failure !== undefined || !stored.has(id)) {
      return { kind: "unavailable", message: failure?.reason ?? `Langfuse did not say what became of event ${id}` };
    }
  }
  return { kind: "accepted", rejected };
}

type Entry = { readonly id: string; readonly status: number; readonly reason: string };

function readEntry(entry: unknown): Entry {
  const { id, status, message, error } = Object(entry) as Record<string, unknown>; // any value, read defensively
  const code = typeof status === "number" ? status : 500;
  const said = [message, error].filter((part) => part !== undefined && part !== null && part !== "");
  const text = said.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(": ");
  return { id: String(id), status: code, reason: `${code}${text === "" ? "" : `: ${text}`}`.slice(0, 1000) };
}
