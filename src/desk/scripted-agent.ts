import type { SampleTicket } from "./sample.ts";

/** What the scripted agent of the sample desk does with a suggestion. */
export type ScriptedAct =
  | { readonly kind: "sent"; readonly finalText: string }
  | {
      readonly kind: "feedback";
      readonly type: "revision" | "rejection";
      readonly reason: string;
      readonly finalText: string;
    }
  | { readonly kind: "none" };

/**
 * What the agent of a sample ticket does: acts as scripted when the suggestion was built first of all from an article
 * that answers the ticket, and rejects it when it was built from anything else. Who would not have answered at all
 * (`none`) does nothing either way.
 */
export function scriptedAct(
  suggestion: { readonly text: string; readonly sourceIds: readonly string[] },
  { answeredBy, agent }: Pick<SampleTicket, "answeredBy" | "agent">,
): ScriptedAct {
  if (agent === undefined || agent.act === "none") return { kind: "none" };
  const [mainSource] = suggestion.sourceIds;
  const rightSource = mainSource !== undefined && (answeredBy ?? []).includes(mainSource);
  if (!rightSource || agent.act === "reject") {
    return { kind: "feedback", type: "rejection", reason: agent.reason, finalText: agent.ownReply };
  }
  if (agent.act === "send") return { kind: "sent", finalText: suggestion.text };
  const parts = [agent.addBefore, suggestion.text, agent.addAfter].filter((part) => part !== undefined);
  return { kind: "feedback", type: "revision", reason: agent.reason, finalText: parts.join("\n\n") };
}
