import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/domain/durations.ts";
import { newId } from "../../src/domain/ids.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { SuggestionRow } from "../../src/domain/suggestion-row.ts";
import { UptakeError } from "../../src/domain/errors.ts";
import { createGroupCommit, RowsRefused } from "../../src/track/group-commit.ts";
import type { GroupCommit, GroupCommitOptions } from "../../src/track/group-commit.ts";
import { keepLog, recordOfSize, until } from "./memory-recorder.ts";
import type { LoggedLine } from "./memory-recorder.ts";

type Written = { recorder: GroupCommit; batches: string[][]; logged: LoggedLine[] };

/** A group commit into memory; `fail` may throw for a batch before it counts as written. */
function collect(
  options: Partial<GroupCommitOptions> = {},
  fail: (rows: readonly SuggestionRow[]) => void | Promise<void> = () => {},
): Written {
  const batches: string[][] = [];
  const { log, logged } = keepLog();
  const recorder = createGroupCommit({
    log,
    random: () => 0,
    async write(rows) {
      await fail(rows);
      batches.push(rows.map(({ id }) => id));
    },
    ...options,
  });
  return { recorder, batches, logged };
}

const records = (count: number, chars?: number): SuggestionRecord[] =>
  Array.from({ length: count }, () => recordOfSize(newId(), chars));

const sqlError = (code: string): Error => Object.assign(new Error("no"), { code });

describe("group commit", () => {
  it("writes a lone record at once, and what comes while a batch is in flight as the next", async () => {
    const releases: (() => void)[] = [];
    const { recorder, batches } = collect({}, () => new Promise((resolve) => releases.push(resolve)));
    const [lone, ...others] = records(8);
    if (lone === undefined) throw new Error("unreachable");
    const first = recorder.record(lone);
    await until(() => releases.length === 1);
    const rest = others.map((record) => recorder.record(record));
    releases[0]?.();
    await first;
    await until(() => releases.length === 2);
    releases[1]?.();
    await Promise.all(rest);
    expect(batches).toEqual([[lone.id], others.map(({ id }) => id)]);
  });

  it("keeps to the largest batch in rows and in bytes, in order", async () => {
    const byRows = collect({ maxBatch: 500 });
    const many = records(1_200);
    await Promise.all(many.map((record) => byRows.recorder.record(record)));
    expect(byRows.batches.map((batch) => batch.length)).toEqual([500, 500, 200]);
    expect(byRows.batches.flat()).toEqual(many.map(({ id }) => id));

    const bySize = collect({ maxBatchBytes: 10_000 });
    await Promise.all(records(5, 4_000).map((record) => bySize.recorder.record(record)));
    await bySize.recorder.record(recordOfSize(newId(), 50_000));
    expect(bySize.batches.map((batch) => batch.length)).toEqual([2, 2, 1, 1]);
  });

  it("drops what finds no room, counts it, and reports it at most once a minute", async () => {
    let isAway = true;
    const { recorder, batches, logged } = collect({ maxWaiting: 100, flushTimeoutMs: 20 }, () => {
      if (isAway) throw sqlError("57P01");
    });
    const outcomes = records(5_000).map((record) =>
      recorder.record(record).then(
        () => 1,
        () => 0,
      ),
    );
    await expect(recorder.flush()).rejects.toThrow("100 of 100 records are not written");
    isAway = false;
    await recorder.flush();
    expect((await Promise.all(outcomes)).filter(Boolean)).toHaveLength(100);
    expect(batches.flat()).toHaveLength(100);
    await recorder.close();
    const dropped = logged.filter(({ event }) => event === "track.dropped").map(({ facts }) => facts["count"]);
    expect(dropped).toEqual([1, 4_899]);
  });

  it("bounds what waits by its size, too", async () => {
    const { recorder } = collect({ maxWaitingBytes: 1_000_000, flushTimeoutMs: 10 }, () => {
      throw sqlError("08006");
    });
    const outcomes = records(1_000, 99_400).map((record) => recorder.record(record).catch(() => "dropped"));
    await recorder.close();
    const lost = await Promise.all(outcomes);
    expect(lost.filter((outcome) => outcome === "dropped")).toHaveLength(1_000);
  });

  it("sends a failed batch again until it is written, whole and once", async () => {
    let failures = 3;
    const { recorder, batches, logged } = collect({}, () => {
      if (failures-- > 0) throw new Error("connection lost");
    });
    const given = records(20);
    await Promise.all(given.map((record) => recorder.record(record)));
    expect(batches).toEqual([given.map(({ id }) => id)]);
    expect(logged).toMatchObject([{ event: "track.write_failed", facts: { count: 1 } }]);
  });

  it("halves a refused batch until the bad record stands alone, which is reported and not tried for ever", async () => {
    const given = records(64);
    const bad = new Set([given[3]?.id, given[40]?.id]);
    let attempts = 0;
    const { recorder, batches, logged } = collect({}, (batch) => {
      attempts++;
      if (batch.some(({ id }) => bad.has(id))) throw sqlError("22P05");
    });
    const outcomes = given.map(async (record) => {
      try {
        await recorder.record(record);
        return "written";
      } catch (error) {
        return String(error);
      }
    });
    const results = await Promise.all(outcomes);
    expect(results.filter((result) => result !== "written")).toHaveLength(2);
    expect(results[3]).toMatch(/refused \(22P05\)/);
    expect(batches.flat()).toHaveLength(62);
    expect(attempts).toBeLessThan(30);
    await recorder.close();
    const refused = logged.filter(({ event }) => event === "track.refused");
    expect(refused.map(({ facts }) => facts["count"])).toEqual([1, 1]);
    expect(refused[0]?.facts).toMatchObject({ suggestionId: given[3]?.id, code: "22P05" });
  });

  it("closes within its deadline, says what is lost, refuses later records, and closes once", async () => {
    const { recorder, logged } = collect({ flushTimeoutMs: 20 }, () => new Promise(() => {}));
    const outcomes = records(3).map((record) => recorder.record(record).catch(String));
    const closing = recorder.close();
    expect(recorder.close()).toBe(closing);
    await closing;
    expect(await Promise.all(outcomes)).toHaveLength(3);
    expect(logged).toMatchObject([{ event: "track.lost_at_close", facts: { count: 3 } }]);
    await expect(recorder.record(recordOfSize(newId()))).rejects.toThrow("closed");
  });

  it("flushes what was recorded before, and nothing at all at once", async () => {
    const { recorder, batches } = collect();
    await recorder.flush();
    for (const record of records(3)) void recorder.record(record);
    await recorder.flush();
    expect(batches.flat()).toHaveLength(3);
  });

  it("gives up the rows that are named as refused, each for its reason, and takes the others as written", async () => {
    let calls = 0;
    const { recorder, logged } = collect({}, (rows) => {
      calls += 1;
      const [, bad] = rows;
      if (bad === undefined) throw new Error("unreachable");
      throw new RowsRefused(new Map([[bad, new UptakeError("invalid_input", "createdAt: lies ahead")]]));
    });
    const results = await Promise.allSettled(records(3).map((record) => recorder.record(record)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "invalid_input", message: "createdAt: lies ahead" } });
    expect(calls).toBe(1);
    expect(logged).toMatchObject([{ event: "track.refused", facts: { error: "createdAt: lies ahead", count: 1 } }]);
  });

  it("leaves whoever asks for it alone for so long", async () => {
    let calls = 0;
    const { recorder } = collect({}, () => {
      calls += 1;
      if (calls === 1) throw new UptakeError("too_many_requests", "later", { facts: { retryAfterMs: 300 } });
    });
    const since = performance.now();
    await Promise.all(records(1).map((record) => recorder.record(record)));
    expect(performance.now() - since).toBeGreaterThanOrEqual(295);
    expect(calls).toBe(2);
  });

  it("also where that is longer than a timer can run", async () => {
    let calls = 0;
    const { recorder } = collect({ flushTimeoutMs: 1 }, () => {
      calls += 1;
      throw new UptakeError("too_many_requests", "in a month", { facts: { retryAfterMs: 30 * DAY_MS } });
    });
    const recorded = Promise.allSettled(records(1).map((record) => recorder.record(record)));
    await until(() => calls === 1);
    await sleep(50);
    expect(calls).toBe(1);
    await recorder.close();
    await recorded;
  });
});
