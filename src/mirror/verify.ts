import type { VerifiedMessage, VerifiedPlace, VerifyCleanUp, VerifyReport } from "../domain/verify-report.ts";
import { type Attempt, createPatience } from "./patience.ts";
import { createProblems } from "./problems.ts";
import { failureOf } from "./read-back.ts";
import type { Check, VerifyDeps, VerifyRequest } from "./verify-check.ts";
import { lookForAll } from "./verify-looks.ts";
import { type CheckedMessage, loadMessages } from "./verify-messages.ts";
import { sendAll } from "./verify-sending.ts";

/**
 * Sends the samples as the mirror would, one message a request, looks for each observation and score by its id until it
 * is there and as it should be, and has the traces deleted again. Everything wrong with Langfuse is in the report.
 */
export async function verify(deps: VerifyDeps, request: VerifyRequest): Promise<VerifyReport> {
  const { signal } = request;
  const giveUp = (): void => deps.langfuse.giveUp();
  signal.addEventListener("abort", giveUp);
  const check: Check = {
    ...deps,
    ...request,
    messages: await loadMessages(deps, request.samples),
    problems: createProblems(),
  };
  let place: VerifiedPlace | null = null;
  try {
    place = await findPlace(check);
    if (place !== null && (await sendAll(check))) await lookForAll(check);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return reportOf(check, place, await cleanUp(check));
}

function reportOf(check: Check, place: VerifiedPlace | null, cleanedUp: VerifyCleanUp): VerifyReport {
  const { baseUrl, messages, signal } = check;
  const problems = check.problems.list();
  return {
    ok: problems.length === 0 && !signal.aborted,
    baseUrl,
    place,
    messages: messages.map((message) => describeMessage(message, baseUrl, place)),
    problems,
    cleanUp: cleanedUp,
    interrupted: signal.aborted,
  };
}

function describeMessage(
  { sample, traceId, items }: CheckedMessage,
  baseUrl: string,
  place: VerifiedPlace | null,
): VerifiedMessage {
  const projectId = place?.projectId ?? null;
  return {
    ...sample,
    traceId,
    url: projectId === null ? null : `${baseUrl}/project/${encodeURIComponent(projectId)}/traces/${traceId}`,
    items: items.map(({ langfuseId, kind, name, takenAt, seenAt }) => ({
      kind,
      langfuseId,
      name,
      seenAfterMs: takenAt === null || seenAt === null ? null : Math.max(0, seenAt - takenAt),
    })),
  };
}

/** Whether it is there, takes the keys, and how it is read. */
async function findPlace(check: Check): Promise<VerifiedPlace | null> {
  const { langfuse, problems } = check;
  const patience = createPatience(check);
  const found = await patience.ask(async (): Promise<Attempt<VerifiedPlace>> => {
    const health = await langfuse.health();
    if (health.kind !== "ok") return health;
    const { version, project, projectId } = health;
    return langfuse.dialect().then((dialect) => ({ value: { version, dialect, project, projectId } }), failureOf);
  }, ["unavailable", "unsure"]);
  if (!("kind" in found)) return found.value;
  problems.add(patience.inVain(found));
  return null;
}

/** Langfuse deletes a trace's scores with it. One attempt: what it says is in the report. */
async function cleanUp({ messages, langfuse, keep }: Check): Promise<VerifyCleanUp> {
  const sent = messages.filter(({ items, isUnderWay }) => isUnderWay || items.some(({ takenAt }) => takenAt !== null));
  const traceIds = [...new Set(sent.map(({ traceId }) => traceId))];
  const traceCount = traceIds.length;
  if (traceCount === 0) return { kind: "nothing sent" };
  if (keep) return { kind: "kept", traceCount };
  const answer = await langfuse.deleteTraces(traceIds);
  return answer.kind === "accepted"
    ? { kind: "asked", traceCount }
    : { kind: "failed", traceCount, reason: answer.message };
}
