import { describe, expect, it } from "vitest";
import type { RollupServices } from "../../src/cli/rollup-services.ts";
import { run } from "./fake-services.ts";

const difference = {
  kind: "hour",
  start: new Date("2026-11-20T14:00Z"),
  series: ["default", "suggest", null, "small", "7"],
  detail: "suggestionCount +2",
} as const;

const nothing: RollupServices = {
  check: () =>
    Promise.resolve({
      checkedHourCount: 24,
      differenceCount: 0,
      frozenBefore: null,
      repaired: false,
      interrupted: false,
    }),
  backfill: () => Promise.resolve({ hourCount: 24, frozenBefore: null, resumedAt: null, interrupted: false }),
};

describe("uptake rollup check", () => {
  it("asks for every closed hour from the first on, and ends with 0 where nothing was found", async () => {
    const asked: unknown[] = [];
    const check: RollupServices["check"] = ({ from, to, repair }) => {
      asked.push({ from, to, repair });
      return Promise.resolve({
        checkedHourCount: 24,
        differenceCount: 0,
        frozenBefore: null,
        repaired: false,
        interrupted: false,
      });
    };
    const { code, stdout } = await run(["rollup", "check"], { services: { rollup: { ...nothing, check } } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "24 hours checked: 0 differences\n" });
    await run(["rollup", "check", "--from", "2026-11-01", "--to", "2026-11-08", "--repair"], {
      services: { rollup: { ...nothing, check } },
    });
    expect(asked).toEqual([
      { from: undefined, to: new Date("2026-11-22T10:00Z"), repair: false },
      { from: new Date("2026-11-01T00:00Z"), to: new Date("2026-11-08T00:00Z"), repair: true },
    ]);
  });

  it.each([
    { flags: [], repaired: false, code: 1, last: "run it with --repair to mend them" },
    { flags: ["--repair"], repaired: true, code: 0, last: "mended" },
  ])("prints a line for each difference, and with $flags ends with $code", async ({ flags, repaired, code, last }) => {
    const check: RollupServices["check"] = ({ onDifference }) => {
      onDifference(difference);
      return Promise.resolve({
        checkedHourCount: 24,
        differenceCount: 1,
        frozenBefore: null,
        repaired,
        interrupted: false,
      });
    };
    const answer = await run(["rollup", "check", ...flags], { services: { rollup: { ...nothing, check } } });
    expect(answer.code).toBe(code);
    expect(answer.stdout).toBe(
      `2026-11-20T14:00Z default · suggest · – · small · 7: suggestionCount +2\n24 hours checked: 1 difference\n${last}\n`,
    );
  });

  it("ends with 130 when it was interrupted, whatever it had found by then", async () => {
    const check: RollupServices["check"] = () =>
      Promise.resolve({
        checkedHourCount: 168,
        differenceCount: 0,
        frozenBefore: null,
        repaired: false,
        interrupted: true,
      });
    const { code, stdout } = await run(["rollup", "check"], { services: { rollup: { ...nothing, check } } });
    expect(code).toBe(130);
    expect(stdout).toContain("interrupted; what was not checked is unknown");
  });
});

describe("uptake rollup backfill", () => {
  it("needs a beginning, and says where it goes on", async () => {
    expect(await run(["rollup", "backfill"])).toMatchObject({ code: 2, opened: [] });
    const resumedAt = new Date("2026-11-08T00:00Z");
    const backfill = () => Promise.resolve({ hourCount: 48, frozenBefore: null, resumedAt, interrupted: false });
    const { code, stdout } = await run(["rollup", "backfill", "--from", "2026-11-01"], {
      services: { rollup: { ...nothing, backfill } },
    });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "48 hours counted anew, from 2026-11-08T00:00:00.000Z on, where the last one ended\n",
    });
  });
});
