import { describe, expect, it } from "vitest";
import type { Services } from "../../src/cli/services.ts";
import type { PartitionReport } from "../../src/domain/partition-report.ts";
import { run } from "./fake-services.ts";

const nothing: PartitionReport = { made: [], unmade: [], dropped: [], kept: [], otherCount: 0 };
const keeping = (report: PartitionReport | null): Partial<Services> => ({
  keepPartitions: () => Promise.resolve(report),
});

describe("uptake partitions", () => {
  it("prints what it made, dropped and kept, and ends with 1 where something is left", async () => {
    const report: PartitionReport = {
      made: ["ai_suggestions_2027_02"],
      unmade: [{ table: "ai_traces_2027_02", why: "blocked" }],
      dropped: [{ month: "2025-09-01", suggestionCount: 1 }],
      kept: [
        { month: "2025-10-01", why: "waiting", amount: 3 },
        { month: "2025-11-01", why: "blocked", amount: null },
      ],
      otherCount: 2,
    };
    const { code, stdout, opened } = await run(["partitions", "--retain-months", "12"], { services: keeping(report) });
    expect(code).toBe(1);
    expect(opened).toMatchObject([{ retainMonths: 12 }]);
    expect(stdout.split("\n")).toEqual([
      "made ai_suggestions_2027_02",
      "not made ai_traces_2027_02: others hold locks; run it again",
      "dropped 2025-09: 1 suggestion",
      "deleted 2 suggestions outside of the months",
      "kept 2025-10: 3 messages of it have yet to reach Langfuse (uptake mirror status)",
      "kept 2025-11: others hold locks on it; run it again",
      "",
    ]);
  });

  it("says so where there is nothing to do, and where there are no partitions", async () => {
    expect(await run(["partitions"], { services: keeping(nothing) })).toMatchObject({
      code: 0,
      stdout: "nothing to do in 2026-11\n",
    });
    const { code, stdout } = await run(["partitions"], { services: keeping(null) });
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining("have no partitions") as unknown });
  });

  it("refuses a retention that is no number of months", async () => {
    for (const months of ["0", "1.5", "-3", "13m"])
      expect(await run(["partitions", `--retain-months=${months}`])).toMatchObject({ code: 2, opened: [] });
  });
});

describe("uptake migrate --partition", () => {
  it("passes it on, and knows months only", async () => {
    const asked: unknown[] = [];
    const migrate: Services["migrate"] = (options) => {
      asked.push(options);
      return Promise.resolve({ applied: [], version: 8 });
    };
    await run(["migrate", "--partition", "month"], { services: { migrate } });
    await run(["migrate"], { services: { migrate } });
    expect(asked).toEqual([{ partition: "month" }, { partition: undefined }]);
    expect(await run(["migrate", "--partition", "day"])).toMatchObject({ code: 2, opened: [] });
  });
});

describe("uptake rollup check", () => {
  it("says first which hours it left out", async () => {
    const report = { checkedHourCount: 24, differenceCount: 0, repaired: false, interrupted: false };
    const check = () => Promise.resolve({ ...report, frozenBefore: new Date("2026-01-01T00:00Z") });
    const backfill = () => Promise.reject(new Error("unused"));
    const { code, stdout } = await run(["rollup", "check"], { services: { rollup: { check, backfill } } });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        "left out: hours before 2026-01-01T00:00Z, whose suggestions were dropped by retention; what was counted of them stays\n" +
        "24 hours checked: 0 differences\n",
    });
  });
});
