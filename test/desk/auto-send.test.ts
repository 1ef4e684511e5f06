import { describe, expect, it } from "vitest";
import { type AutoSendFacts, type Escalation, heldBackBy } from "../../src/desk/auto-send.ts";

type Case = Omit<AutoSendFacts, "escalation"> & { readonly escalation: Escalation };
const fine: Case = { threshold: 0.8, confidence: 0.9, isAnswered: false, escalation: "no" };

describe("whether a first reply goes out without a person", () => {
  it.each<[string, Partial<Case>, string | undefined]>([
    ["everything allows it", {}, undefined],
    ["no threshold is set", { threshold: undefined, confidence: 1 }, "auto_send_off"],
    ["the confidence is below the threshold", { confidence: 0.79 }, "confidence_not_above_threshold"],
    ["the confidence is the threshold", { confidence: 0.8 }, "confidence_not_above_threshold"],
    ["the confidence is just above it", { confidence: 0.8000001 }, undefined],
    ["the threshold is 1, which nothing is above", { threshold: 1, confidence: 1 }, "confidence_not_above_threshold"],
    ["the confidence is none", { confidence: Number.NaN }, "confidence_not_above_threshold"],
    ["somebody has answered", { isAnswered: true }, "already_answered"],
    ["the classification escalates", { escalation: "yes" }, "escalated"],
    ["the classification escalates, however sure the reply is", { escalation: "yes", confidence: 1 }, "escalated"],
    [
      "nothing allows it",
      { threshold: undefined, confidence: 0, isAnswered: true, escalation: "yes" },
      "auto_send_off",
    ],
    [
      "only the switch allows it",
      { confidence: 0, isAnswered: true, escalation: "yes" },
      "confidence_not_above_threshold",
    ],
    ["somebody has answered what escalates", { isAnswered: true, escalation: "yes" }, "already_answered"],
    ["nobody knows whether it escalates", { escalation: "unknown" }, "escalation_unknown"],
  ])("when %s", async (_what, over, expected) => {
    const { escalation, ...facts } = { ...fine, ...over };
    expect(await heldBackBy({ ...facts, escalation: async () => escalation })).toBe(expected);
  });

  it("asks for the classification once, and only where nothing else holds the reply back", async () => {
    let asked = 0;
    const escalation = async (): Promise<Escalation> => {
      asked += 1;
      return "no";
    };
    await heldBackBy({ ...fine, confidence: 0.1, escalation });
    await heldBackBy({ ...fine, isAnswered: true, escalation });
    await heldBackBy({ ...fine, threshold: undefined, escalation });
    expect(asked).toBe(0);
    await heldBackBy({ ...fine, escalation });
    expect(asked).toBe(1);
  });
});
