import type { Outgoing } from "./outgoing.ts";
import { parseObject, type SendAnswer } from "./send-answer.ts";

/**
 * Reads Langfuse's 207: every event is settled by itself. An event that Langfuse refused (4xx) is in `rejected`. One
 * that failed on its side makes the batch `unavailable`, to be sent again; but where other events of it were stored, or
 * Langfuse says nothing about one, the batch is `unsure`: what is there must be looked up first.
 */
export function answerToIngestion(body: string, scores: readonly Outgoing[]): SendAnswer {
  const answer = parseObject(body);
  if (answer === undefined || !Array.isArray(answer["successes"]) || !Array.isArray(answer["errors"])) {
    return { kind: "unsure", message: "the answer to the scores is not Langfuse's; check LANGFUSE_BASE_URL" };
  }
  const stored = new Set(answer["successes"].map((entry) => readEntry(entry).id));
  const failed = new Map(answer["errors"].map((entry) => [readEntry(entry).id, readEntry(entry)]));
  const rejected = new Map<string, string>();
  for (const { eventId: id } of scores) {
    const failure = failed.get(id);
    if (failure !== undefined && failure.status >= 400 && failure.status < 500 && failure.status !== 429) {
      rejected.set(id, failure.reason);
    } else if (failure !== undefined || !stored.has(id)) {
      const message = failure?.reason ?? `Langfuse did not say what became of event ${id}`;
      return { kind: failure !== undefined && stored.size === 0 ? "unavailable" : "unsure", message };
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
