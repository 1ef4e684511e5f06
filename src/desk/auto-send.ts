/** Whether a person has to see a ticket first: as the newest classification has it, a person's override included. */
export type Escalation = "yes" | "no" | "unknown";

/** What the decision to send a reply without a person rests on. */
export type AutoSendFacts = {
  /** Undefined: nothing is set for this agent function. */
  readonly threshold: number | undefined;
  readonly confidence: number;
  readonly isAnswered: boolean;
  /** Asked last, and only where nothing else holds the reply back: it may take a model call. */
  readonly escalation: () => Promise<Escalation>;
};

/** Why a reply stays a suggestion. */
export type HeldBack =
  | "auto_send_off"
  | "confidence_not_above_threshold"
  | "already_answered"
  | "escalated"
  | "escalation_unknown"
  /** Only found out while sending: the ticket was closed, or the suggestion finished by somebody else. */
  | "ticket_not_open"
  | "suggestion_finished";

type Rule = { readonly reason: HeldBack; readonly holdsBack: (facts: AutoSendFacts) => boolean | Promise<boolean> };

/** In this order; the first that holds the reply back is the reason that is recorded. What is not known is not a yes. */
const RULES: readonly Rule[] = [
  { reason: "auto_send_off", holdsBack: ({ threshold }) => threshold === undefined },
  {
    reason: "confidence_not_above_threshold",
    holdsBack: ({ confidence, threshold }) => !(confidence > (threshold ?? Number.POSITIVE_INFINITY)),
  },
  { reason: "already_answered", holdsBack: ({ isAnswered }) => isAnswered },
  { reason: "escalated", holdsBack: async ({ escalation }) => (await escalation()) === "yes" },
  { reason: "escalation_unknown", holdsBack: async ({ escalation }) => (await escalation()) !== "no" },
];

/** Why the reply may not go out without a person; undefined where it may. */
export async function heldBackBy(facts: AutoSendFacts): Promise<HeldBack | undefined> {
  let asked: Promise<Escalation> | undefined;
  const once = { ...facts, escalation: () => (asked ??= facts.escalation()) };
  for (const { reason, holdsBack } of RULES) if (await holdsBack(once)) return reason;
  return undefined;
}
