import { describe, expect, it, onTestFinished } from "vitest";
import { measuredFetch } from "../../src/langfuse/measured-fetch.ts";
import type { MirrorDeps } from "../../src/mirror/mirror.ts";
import type { Failure } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { watch } from "../support/exposition.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";

async function openMetered(
  failures: readonly Failure[] = [],
  settings: Partial<MirrorDeps> & { timeoutMs?: number } = {},
) {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const { standIn, address } = await startStandIn();
  for (const failure of failures) standIn.failNext(failure);
  const { instruments, read } = watch();
  const fetch = measuredFetch(globalThis.fetch, instruments);
  const { mirror, book } = mirrorTo(db, address, { instruments, fetch, concurrency: 1, ...settings });
  /** Attempts by outcome, those that never happened left out. */
  async function attempts(kind: "trace" | "feedback"): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const { name, labels, value } of (await read()).samples) {
      if (name !== "uptake_mirror_attempts_total" || labels["kind"] !== kind || value === 0) continue;
      counts[labels["outcome"] ?? ""] = value;
    }
    return counts;
  }
  return { db, standIn, mirror, book, read, attempts };
}

const TRACES = "POST /api/public/otel/v1/traces";

describe("what the mirror tells of itself", () => {
  it("counts what was delivered, after how many attempts and how long", async () => {
    const { db, mirror, read, attempts } = await openMetered();
    expect((await read()).value("uptake_mirror_attempts_total", { kind: "trace", outcome: "dead" })).toBe(0);
    const made = await insertSamples(db, 5);
    await insertFeedbackOn(
      db,
      made.slice(0, 3).map(({ id }) => id),
    );
    await db.query(`update langfuse_outbox set created_at = now() - interval '100 seconds' where kind = 'feedback'`);
    await drain(mirror);
    expect(await attempts("trace")).toEqual({ done: 5 });
    expect(await attempts("feedback")).toEqual({ done: 3 });
    const exposed = await read();
    const name = "uptake_mirror_delivery_lag_seconds";
    const lagSum = exposed.value(`${name}_sum`, { kind: "feedback" }) ?? 0;
    expect(lagSum).toBeGreaterThanOrEqual(300);
    expect(lagSum).toBeLessThan(3 * 300);
    expect(exposed.value(`${name}_bucket`, { kind: "feedback", le: "60" })).toBe(0);
    expect(exposed.value(`${name}_bucket`, { kind: "feedback", le: "300" })).toBe(3);
    expect(exposed.value(`${name}_count`, { kind: "trace" })).toBe(5);
    expect(exposed.value("uptake_mirror_delivery_attempts_sum", { kind: "trace" })).toBe(5);
    expect(exposed.value("uptake_mirror_circuit_open")).toBe(0);
    const requests = "uptake_langfuse_request_duration_seconds_count";
    expect(exposed.value(requests, { route: TRACES, status: "2xx" })).toBe(2);
    expect(exposed.value(requests, { route: "POST /api/public/ingestion", status: "2xx" })).toBe(1);
  });

  it("counts a retry, and shows the circuit open until Langfuse is back", async () => {
    const { db, standIn, mirror, book, read, attempts } = await openMetered();
    standIn.setFailure({ status: 503 });
    await insertSamples(db, 4);
    mirror.start();
    await until("it has failed", () => book.named("mirror.unavailable").length > 0);
    await until("that is counted", async () => (await attempts("trace"))["retry"] !== undefined);
    expect((await read()).value("uptake_mirror_circuit_open")).toBe(1);
    standIn.setFailure(null);
    await drain(mirror);
    const exposed = await read();
    expect(exposed.value("uptake_mirror_circuit_open")).toBe(0);
    const { done, retry = 0 } = await attempts("trace");
    expect(done).toBe(4);
    expect(exposed.value("uptake_mirror_delivery_attempts_sum", { kind: "trace" })).toBe(4 + retry);
    expect(
      exposed.value("uptake_langfuse_request_duration_seconds_count", { route: TRACES, status: "5xx" }),
    ).toBeGreaterThan(0);
  });

  it("counts what is unsure, and what the read-back found", async () => {
    const { db, mirror, read, attempts } = await openMetered([{ closeAfterAccept: true }]);
    await insertSamples(db, 4);
    await drain(mirror);
    expect(await attempts("trace")).toEqual({ unsure: 4, done: 4 });
    const exposed = await read();
    expect(exposed.value("uptake_mirror_read_backs_total", { kind: "trace", result: "found" })).toBe(4);
    expect(exposed.value("uptake_mirror_read_backs_total", { kind: "trace", result: "missing" })).toBe(0);
    expect(exposed.value("uptake_langfuse_request_duration_seconds_count", { route: TRACES, status: "none" })).toBe(1);
  });

  it("counts the halving of a refused batch, and the dead letter it ends with", async () => {
    const { db, standIn, mirror, read, attempts } = await openMetered();
    const [bad] = await insertSamples(db, 4);
    standIn.setFailure({ refuseSpans: { traceId: bad?.traceId ?? "" } });
    await drain(mirror);
    // Four, then the two with the bad one, and then it stands alone.
    expect(await attempts("trace")).toEqual({ split: 4 + 2, done: 3, dead: 1 });
    expect((await read()).value("uptake_mirror_delivery_attempts_count", { kind: "trace" })).toBe(3);
  });
});
