import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { decideSampling, isMust, ruleOfAct, type SamplingPolicy } from "../domain/sampling.ts";
import type { Database } from "../store/database.ts";
import { anyLeftOut } from "../store/queries/any-left-out.ts";
import type { ClaimedMessage, MessageKind } from "../store/queries/claim-messages.ts";
import type { HeldMessage } from "../store/queries/hold-messages.ts";
import type { LeavingFeedback } from "../store/queries/leave-out-feedback.ts";
import type { LeavingTrace } from "../store/queries/leave-out-traces.ts";
import type { KeptTrace } from "../store/queries/mark-kept.ts";
import { type FeedbackFacts, readFeedbackFacts } from "../store/queries/read-feedback-facts.ts";
import { readTraceFacts } from "../store/queries/read-trace-facts.ts";
import { createBudget } from "./budget.ts";
import type { Delivery } from "./delivery.ts";
import { createSamplingMeters } from "./sampling-meters.ts";
import { createSamplingSettlement, type SamplingSettlement, type Sifted } from "./sampling-settlement.ts";

/** How soon feedback looks again for a trace that somebody is just deciding on. */
const UNDECIDED_MS = 1000;

export type SamplingDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly instruments: Instruments;
  /** Null: everything is mirrored, and nothing is asked for it but, once, whether anything was left out before. */
  readonly policy: SamplingPolicy | null;
  /** Milliseconds since 1970; says which UTC day it is. */
  readonly now: () => number;
};

/** Decides, between claim and delivery, what is mirrored. All of it is written down before anything is sent. */
export type Sampling = {
  /** Before the rows are read, by the rules. */
  sift(kind: MessageKind, messages: readonly ClaimedMessage[], token: string): Promise<Sifted<ClaimedMessage>>;
  /** When it is known how much they are, by the day's budget. */
  afford(kind: MessageKind, deliveries: readonly Delivery[], token: string): Promise<Sifted<Delivery>>;
};

export function createSampling(deps: SamplingDeps): Sampling {
  const { db, policy } = deps;
  const settle = createSamplingSettlement({ db, log: deps.log, meters: createSamplingMeters(deps.instruments) });
  if (policy !== null) return samplingBy(policy, { ...deps, settle });

  // Where sampling was on once, feedback on what was left out still must not go without its trace.
  const afterwards = samplingBy(ALL, { ...deps, settle });
  let asked: Promise<boolean> | undefined;
  const isAnyLeftOut = (): Promise<boolean> => {
    asked ??= anyLeftOut(db).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
  return {
    sift: async (kind, messages, token) =>
      (await isAnyLeftOut()) ? afterwards.sift(kind, messages, token) : { going: messages, undecided: [] },
    afford: async (_, deliveries) => ({ going: deliveries, undecided: [] }),
  };
}

const ALL: SamplingPolicy = {
  rates: { general: 1, byFunction: new Map() },
  keep: { revision: true, slowMs: null, lowConfidence: null, expensiveUsd: null },
  windowMs: 0,
  dailyUnits: null,
};

function samplingBy(
  policy: SamplingPolicy,
  { settle, ...deps }: SamplingDeps & { readonly settle: SamplingSettlement },
): Sampling {
  const parts = { db: deps.db, policy, settle };
  const budget = policy.dailyUnits === null ? null : createBudget({ ...deps, limit: policy.dailyUnits, settle });
  return {
    sift: (kind, messages, token) =>
      kind === "trace" ? siftTraces(parts, messages, token) : siftFeedback(parts, messages, token),
    afford: async (kind, deliveries, token) =>
      budget === null ? { going: deliveries, undecided: [] } : budget.afford(kind, deliveries, token),
  };
}

type Parts = { readonly db: Database; readonly policy: SamplingPolicy; readonly settle: SamplingSettlement };

async function siftTraces(
  { db, policy, settle }: Parts,
  messages: readonly ClaimedMessage[],
  token: string,
): Promise<Sifted<ClaimedMessage>> {
  const facts = new Map((await readTraceFacts(db, idsOf(messages))).map((row) => [row.id, row]));
  const going: ClaimedMessage[] = [];
  const kept: KeptTrace[] = [];
  const held: HeldMessage[] = [];
  const leaving: LeavingTrace[] = [];
  for (const message of messages) {
    const row = facts.get(message.id);
    const decision =
      row === undefined || row.keptBy !== null || row.isDelivered ? null : decideSampling(policy, row, row.ageMs);
    const about = { id: message.id, unsure: message.wasUnsure, keptBy: null };
    if (decision?.kind === "hold") held.push({ ...about, forMs: decision.forMs });
    else if (decision?.kind === "leave") leaving.push({ ...about, rule: decision.rule });
    else going.push(message);
    if (decision?.kind === "keep") kept.push({ suggestionId: message.ref, rule: decision.rule });
  }
  await settle.keep(kept);
  const done = [...(await settle.hold(token, held)), ...(await settle.leaveTraces(token, leaving))];
  return { going, undecided: without(messages, going, done) };
}

async function siftFeedback(
  { db, policy, settle }: Parts,
  messages: readonly ClaimedMessage[],
  token: string,
): Promise<Sifted<ClaimedMessage>> {
  const facts = new Map((await readFeedbackFacts(db, idsOf(messages))).map((row) => [row.id, row]));
  const going: ClaimedMessage[] = [];
  const brought = new Map<string, KeptTrace>();
  const held: HeldMessage[] = [];
  const leaving: (LeavingFeedback & { readonly rule: string })[] = [];
  for (const message of messages) {
    const row = facts.get(message.id);
    const fate: FeedbackFate = row === undefined ? { kind: "go" } : fateOf(policy, row);
    const about = { id: message.id, unsure: message.wasUnsure };
    const suggestionId = row?.suggestionId ?? "";
    if (fate.brings !== undefined && !isMust(brought.get(suggestionId)?.rule ?? null))
      brought.set(suggestionId, { suggestionId, rule: fate.brings });
    if (fate.kind === "hold") held.push({ ...about, keptBy: null, forMs: fate.forMs });
    else if (fate.kind === "leave") leaving.push({ ...about, suggestionId, rule: fate.rule });
    else going.push(message);
  }
  await settle.keep([...brought.values()]);
  const done = [...(await settle.hold(token, held)), ...(await settle.leaveFeedback(token, leaving))];
  return { going, undecided: without(messages, going, done) };
}

type FeedbackFate = { readonly brings?: string } & (
  | { readonly kind: "go" }
  | { readonly kind: "hold"; readonly forMs: number }
  | { readonly kind: "leave"; readonly rule: string }
);

/** Feedback goes where its trace goes, and never before that is certain. */
function fateOf(
  policy: SamplingPolicy,
  { type, isTraceDelivered, waitingTrace, leftOutBy }: FeedbackFacts,
): FeedbackFate {
  if (isTraceDelivered || waitingTrace?.isDead === true) return { kind: "go" };
  const rule = ruleOfAct(type, policy.keep);
  const stops = policy.dailyUnits?.stops === true;
  if (waitingTrace !== null) {
    const { keptBy, isCharged, dueInMs } = waitingTrace;
    const isCertain = keptBy !== null && (!stops || isCharged || isMust(keptBy));
    if (rule !== null && isMust(rule)) return isMust(keptBy) ? { kind: "go" } : { kind: "go", brings: rule };
    if (isCertain) return { kind: "go" };
    if (rule === null) return { kind: "hold", forMs: Math.max(dueInMs, UNDECIDED_MS) };
    return stops ? { kind: "hold", forMs: UNDECIDED_MS, brings: rule } : { kind: "go", brings: rule };
  }
  if (leftOutBy === null) return { kind: "go" };
  if (rule !== null && isMust(rule)) return { kind: "go", brings: rule };
  // What the budget left out only a rejection brings back.
  if (rule === null || leftOutBy === "budget") return { kind: "leave", rule: leftOutBy };
  return stops ? { kind: "hold", forMs: UNDECIDED_MS, brings: rule } : { kind: "go", brings: rule };
}

const idsOf = (messages: readonly ClaimedMessage[]): readonly number[] => messages.map(({ id }) => id);

function without(
  messages: readonly ClaimedMessage[],
  going: readonly ClaimedMessage[],
  done: readonly number[],
): readonly ClaimedMessage[] {
  const gone = new Set([...going.map(({ id }) => id), ...done]);
  return messages.filter(({ id }) => !gone.has(id));
}
