import { describe, expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { gaugeBacklog } from "../../src/server/backlog-gauges.ts";
import type { Database } from "../../src/store/database.ts";
import { eraseRows } from "../../src/store/erasure/erase-rows.ts";
import { noteErasure } from "../../src/store/queries/erasures.ts";
import { readBacklog } from "../../src/store/queries/read-backlog.ts";
import { insertFeedbackOn, insertSamples } from "../mirror/rows.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { watch } from "../support/exposition.ts";

const NEVER = new AbortController().signal;

function metered(read: Parameters<typeof gaugeBacklog>[1]) {
  const { instruments, read: look } = watch();
  let askedCount = 0;
  gaugeBacklog(instruments, () => {
    askedCount += 1;
    return read();
  });
  return {
    read: look,
    askedCount: () => askedCount,
  };
}

describeOnPostgres("the backlog as gauges", (open) => {
  const openMetered = async (): Promise<{ db: Database } & ReturnType<typeof metered>> => {
    const db = await open();
    return { db, ...metered(() => readBacklog(db)) };
  };

  it("shows what waits, since when, what is dead, and the deltas, with one query a look", async () => {
    const { db, read, askedCount } = await openMetered();
    const made = await insertSamples(db, 3);
    await insertFeedbackOn(
      db,
      made.map(({ id }) => id),
    );
    await db.query(`update langfuse_outbox set created_at = now() - interval '90 seconds' where ref = $1`, [
      made[0]?.id,
    ]);
    await db.query(`update langfuse_outbox set dead_at = now() where ref = $1`, [made[1]?.id]);
    const exposed = await read();
    expect(exposed.value("uptake_database_up")).toBe(1);
    expect(exposed.value("uptake_mirror_waiting_messages", { kind: "trace" })).toBe(2);
    expect(exposed.value("uptake_mirror_waiting_messages", { kind: "feedback" })).toBe(3);
    expect(exposed.value("uptake_mirror_dead_messages", { kind: "trace" })).toBe(1);
    expect(exposed.value("uptake_mirror_dead_messages", { kind: "feedback" })).toBe(0);
    const oldest = exposed.value("uptake_mirror_oldest_waiting_seconds", { kind: "trace" });
    expect(oldest).toBeGreaterThanOrEqual(90);
    expect(oldest).toBeLessThan(300);
    expect(exposed.value("uptake_rollup_waiting_deltas")).toBeGreaterThan(0);
    expect(askedCount()).toBe(1);
    await read();
    expect(askedCount()).toBe(2);
  });

  it("shows zero waiting and no age where nothing waits", async () => {
    const { read } = await openMetered();
    const exposed = await read();
    expect(exposed.value("uptake_erasures_pending")).toBe(0);
    expect(exposed.value("uptake_erasures_oldest_pending_seconds")).toBeUndefined();
    expect(exposed.value("uptake_mirror_waiting_messages", { kind: "trace" })).toBe(0);
    expect(exposed.value("uptake_mirror_oldest_waiting_seconds", { kind: "trace" })).toBeUndefined();
    expect(exposed.value("uptake_rollup_waiting_deltas")).toBe(0);
  });
});

describeOnPostgres("erasures as gauges", (open) => {
  it("are those that are not done everywhere, and how long the oldest has been asked for", async () => {
    const db = await open();
    const erase = async (id: string) =>
      eraseRows(db, { kind: "suggestion", id, projectId: "default", requestedBy: "a test", signal: NEVER });
    const [first, second, done] = [await erase(newId()), await erase(newId()), await erase(newId())];
    for (const [id, hours] of [
      [second.id, 2],
      [done.id, 5],
    ])
      await db.query("update erasures set requested_at = now() - $2 * interval '1 hour' where id = $1", [id, hours]);
    for (const place of ["spool", "langfuse"] as const) {
      await noteErasure(db, done.id, place, { state: "done", note: "" });
      await noteErasure(db, first.id, place, { state: "pending", note: "" });
    }
    const exposed = await metered(() => readBacklog(db)).read();
    expect(exposed.value("uptake_erasures_pending")).toBe(2);
    const oldest = exposed.value("uptake_erasures_oldest_pending_seconds");
    expect(oldest).toBeGreaterThanOrEqual(7200);
    expect(oldest).toBeLessThan(7500);
  });
});

describe("the backlog of a database that does not answer", () => {
  const silent = () => {
    const ends: (() => void)[] = [];
    onTestFinished(() => ends.forEach((end) => end()));
    return new Promise<never>((_, reject) => ends.push(() => reject(new Error("the test is over"))));
  };

  it.each([
    ["fails", () => Promise.reject(new Error("away"))],
    ["hangs", silent],
  ])("is unknown and not zero when it %s, and the rest is shown", async (_, read) => {
    const exposed = await metered(read).read();
    expect(exposed.samples).toEqual([{ name: "uptake_database_up", labels: {}, value: 0 }]);
  });

  it("is not asked again while it hangs", async () => {
    const { read, askedCount } = metered(silent);
    await read();
    await read();
    expect(askedCount()).toBe(1);
  });
});
