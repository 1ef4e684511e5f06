import { expect, it } from "vitest";
import { isDecided, pairsOf } from "../../dashboard/src/compare/pairs.ts";
import { RULED_COLUMNS, ruledOf } from "../../dashboard/src/mirror/ruled.ts";

it("what sampling kept has no count of feedback, in the CSV neither: unknown is not zero", () => {
  const rows = ruledOf({
    kept: [{ rule: "sample", traceCount: 3 }],
    leftOut: [{ rule: "sample", traceCount: 9, feedbackCount: 0 }],
    unitsToday: null,
    dailyUnitLimit: null,
  });
  expect(rows.map((row) => RULED_COLUMNS.map(({ value }) => value(row)))).toEqual([
    ["mirrored", "sample", 3, null],
    ["left out", "sample", 9, 0],
  ]);
});

it("people disagree where both of a ticket's suggestions were decided, and not where one went out by itself", () => {
  const outcomes = ["pending", "expired", "auto_sent", "accepted", "revised", "rejected"] as const;
  expect(outcomes.filter((outcome) => isDecided({ outcome }))).toEqual(["accepted", "revised", "rejected"]);
  const of = (ticketId: string | null, outcome: (typeof outcomes)[number]) => ({ ticketId, outcome });
  const ones = [of("a", "accepted"), of("b", "auto_sent"), of(null, "accepted"), of("c", "revised")].filter(isDecided);
  const others = [of("a", "rejected"), of("b", "rejected"), of(null, "rejected"), of("c", "accepted")].filter(
    isDecided,
  );
  expect(pairsOf(ones, others)).toEqual([{ one: of("a", "accepted"), other: of("a", "rejected") }]);
});
