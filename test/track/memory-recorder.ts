import type { Logger } from "../../src/domain/logger.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { Recorder } from "../../src/track/recorder.ts";
import { createTracker } from "../../src/track/tracker.ts";
import type { Tracker, TrackerDeps } from "../../src/track/tracker.ts";

/** A recorder that keeps records in memory, and a tracker on it. */
export function trackInMemory(overrides: Partial<TrackerDeps> = {}): {
  tracker: Tracker;
  records: SuggestionRecord[];
  logged: LoggedLine[];
} {
  const records: SuggestionRecord[] = [];
  const recorder: Recorder = {
    async record(record) {
      records.push(record);
    },
    async flush() {},
    async close() {},
  };
  const { log, logged } = keepLog();
  const tracker = createTracker({
    recorder,
    projectId: "default",
    environment: "test",
    release: "r1",
    now: Date.now,
    log,
    ...overrides,
  });
  return { tracker, records, logged };
}

export type LoggedLine = { readonly level: string; readonly event: string; readonly facts: Record<string, unknown> };

export function keepLog(): { log: Logger; logged: LoggedLine[] } {
  const logged: LoggedLine[] = [];
  const keep =
    (level: string) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      void logged.push({ level, event, facts });
  return { log: { info: keep("info"), warn: keep("warn"), error: keep("error") }, logged };
}

export const observationsOf = (record: SuggestionRecord | undefined): readonly Observation[] =>
  JSON.parse(record?.observationsJson ?? "[]") as Observation[];

export const metadataOf = (record: SuggestionRecord | undefined): Record<string, unknown> =>
  JSON.parse(record?.metadataJson ?? "{}") as Record<string, unknown>;

/** Polls until the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition did not come true within ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** One record of about this many characters. */
export function recordOfSize(id: string, chars = 100): SuggestionRecord {
  return {
    id,
    projectId: "default",
    functionName: "f",
    ticketId: null,
    messageId: null,
    systemUserId: null,
    suggestedResponse: "x".repeat(chars),
    confidenceScore: null,
    status: "completed",
    createdAt: "2026-01-02T03:04:05.678Z",
    environment: null,
    release: null,
    model: null,
    promptName: null,
    promptVersion: null,
    traceId: id.replaceAll("-", ""),
    observationId: "0123456789abcdef",
    latencyMs: 1,
    timeToFirstTokenMs: null,
    inputTokens: null,
    outputTokens: null,
    costUsd: null,
    errorType: null,
    errorMessage: null,
    metadataJson: "{}",
    observationsJson: "[]",
  };
}
