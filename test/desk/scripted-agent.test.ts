import { describe, expect, it } from "vitest";
import { scriptedAct } from "../../src/desk/scripted-agent.ts";

const script = { reason: "too generic", ownReply: "My own words." };
const answeredBy = ["refunds"];
const right = { text: "Tap Refund.", sourceIds: ["refunds", "reader"] };
const wrong = { text: "Hold the button.", sourceIds: ["reader", "refunds"] };
const rejection = { kind: "feedback", type: "rejection", reason: "too generic", finalText: "My own words." };

describe("scripted agent", () => {
  it("sends what quotes the right article as it is", () => {
    expect(scriptedAct(right, { answeredBy, agent: { act: "send", ...script } })).toEqual({
      kind: "sent",
      finalText: "Tap Refund.",
    });
  });

  it("puts words before and after, with the reason", () => {
    const agent = { act: "edit" as const, addBefore: "Hi Ana,", addAfter: "Ines", ...script };
    expect(scriptedAct(right, { answeredBy, agent })).toEqual({
      kind: "feedback",
      type: "revision",
      reason: "too generic",
      finalText: "Hi Ana,\n\nTap Refund.\n\nInes",
    });
  });

  it("rejects as scripted", () => {
    expect(scriptedAct(right, { answeredBy, agent: { act: "reject", ...script } })).toEqual(rejection);
  });

  it.each(["send", "edit"] as const)("rejects what was built from another source, though the script says %s", (act) => {
    expect(scriptedAct(wrong, { answeredBy, agent: { act, ...script } })).toEqual(rejection);
    expect(scriptedAct({ text: "Tell us more.", sourceIds: [] }, { answeredBy, agent: { act, ...script } })).toEqual(
      rejection,
    );
  });

  it("does nothing where the agent would not have answered", () => {
    expect(scriptedAct(wrong, { answeredBy: [], agent: { act: "none", ...script } })).toEqual({ kind: "none" });
    expect(scriptedAct(right, {})).toEqual({ kind: "none" });
  });
});
