import { invalidInput } from "../domain/errors.ts";
import type { Model } from "../models/model.ts";
import type { ObservationHandle, Run, Suggestion } from "../track/types.ts";
import { type Escalation, type HeldBack, heldBackBy } from "./auto-send.ts";
import type { ClassifyTicket } from "./classify-ticket.ts";
import type { OpenTicket } from "./desk-store.ts";
import type { Retriever } from "./retrieve.ts";
import type { RunOptions } from "./run-options.ts";
import { AUTOMATIC_USER_ID, automaticMessageId, type DeliveryNote, sendReply, sentBefore } from "./send-reply.ts";
import { standingClassifications } from "./standing-classification.ts";
import { suggestReply, type WrittenReply } from "./suggest-reply.ts";
import {
  createTicketFunction,
  type TicketFunctionDeps,
  type TicketInput,
  type TicketParts,
} from "./ticket-function.ts";

export const GENERATE_RESPONSE = "generate-response";

/** A first reply: sent, or a suggestion for a person. */
export type FirstReply = Suggestion & { readonly delivery: DeliveryNote };
export type GenerateResponse = (input: TicketInput, options?: RunOptions) => Promise<FirstReply>;

export type GenerateResponseDeps = TicketFunctionDeps & {
  readonly model: Model;
  readonly retriever: Pick<Retriever, "retrieve">;
  /** Sorts a ticket that nobody has sorted yet, before a reply may go out. */
  readonly classify: ClassifyTicket;
  /** Above which confidence a reply is sent without a person; undefined: none ever is. */
  readonly sendAbove?: number | undefined;
  /** What is stored of a suggestion's text; all of it by default. */
  readonly storedText?: ((text: string, functionName: string) => string) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/**
 * The agent function that answers a new ticket. Its reply is sent only where every rule of `auto-send.ts` lets it, as a
 * message `auto_suggestion` of the ticket; its suggestion then has the outcome `auto_sent`, which is nobody's approval.
 * Else it is a suggestion like any other. `metadata.delivery` says which, and why.
 *
 * Throws as {@link createGenerateMessageSuggestion} does; a run that is repeated under the same suggestion id sends nothing twice.
 */
export const createGenerateResponse = (deps: GenerateResponseDeps): GenerateResponse =>
  createTicketFunction(GENERATE_RESPONSE, deps, respond);

type Parts = TicketParts<GenerateResponseDeps>;

async function respond(parts: Parts, input: TicketInput, options: RunOptions, run: Run): Promise<FirstReply> {
  const startedAt = new Date(parts.now());
  const about = { ticketId: input.ticket.id, systemUserId: input.systemUserId };
  const ticket = await parts.desk.readTicket(input.ticket);
  const before = await sentBefore(parts.db, run.suggestionId);
  if (before !== undefined) {
    const delivery = { sent: true, messageId: automaticMessageId(run.suggestionId) } as const;
    const { content, confidence } = before;
    return { ...run.suggest(content, { ...about, confidence, metadata: { delivery } }), delivery };
  }
  requireQuestion(ticket);
  const template = await parts.prompts(GENERATE_RESPONSE);
  const reply = await suggestReply(parts, { thread: ticket.thread, template }, options, run);
  const delivery = await deliver(parts, { input, ticket, reply, startedAt }, options, run);
  const { suggestedResponse: text, confidence } = reply;
  return { ...run.suggest(text, { ...about, confidence, metadata: { ...reply.metadata, delivery } }), delivery };
}

type Written = {
  readonly input: TicketInput;
  readonly ticket: OpenTicket;
  readonly reply: WrittenReply;
  readonly startedAt: Date;
};

async function deliver(parts: Parts, written: Written, options: RunOptions, run: Run): Promise<DeliveryNote> {
  const { sendAbove: threshold } = parts;
  const { confidence } = written.reply;
  const { isAnswered } = written.ticket;
  const escalation = () => findEscalation(parts, written.input, options, run);
  const reason =
    (await heldBackBy({ threshold, confidence, isAnswered, escalation })) ?? (await send(parts, written, run));
  const limit = threshold === undefined ? {} : { threshold };
  return reason === undefined
    ? { sent: true, messageId: automaticMessageId(run.suggestionId), ...limit }
    : { sent: false, reason, ...limit };
}

function send(parts: Parts, { input, reply, startedAt }: Written, run: Run): Promise<HeldBack | undefined> {
  const { db, projectId, sendAbove = 1, storedText = (text: string) => text } = parts;
  const { suggestedResponse: text, confidence } = reply;
  const toSend = {
    suggestionId: run.suggestionId,
    projectId,
    functionName: GENERATE_RESPONSE,
    ticketId: input.ticket.id,
    userId: input.systemUserId ?? AUTOMATIC_USER_ID,
    text,
    confidence,
    threshold: sendAbove,
    stored: storedText(text, GENERATE_RESPONSE),
    startedAt,
    now: () => new Date(parts.now()),
  };
  return run.observe("send-reply", { type: "tool" }, (observation: ObservationHandle) => {
    observation.update({ output: { messageId: automaticMessageId(run.suggestionId) } });
    return sendReply(db, toSend);
  });
}

/** As somebody has sorted the ticket; else it is sorted now, as a suggestion of its own. A failure of that is no "no". */
function findEscalation(parts: Parts, { ticket }: TicketInput, { signal }: RunOptions, run: Run): Promise<Escalation> {
  return run.observe("check-escalation", { type: "guardrail" }, async (observation: ObservationHandle) => {
    const standing = await standingClassifications(parts, ticket.id);
    if (standing.some((one) => one !== "unusable" && one.escalate)) return "yes";
    if (standing.length > 0) return standing.includes("unusable") ? "unknown" : "no";
    try {
      const { escalate, suggestionId } = await parts.classify({ ticket }, { signal });
      observation.update({ metadata: { classification: suggestionId } });
      return escalate ? "yes" : "no";
    } catch (error) {
      if (signal?.aborted === true) throw error;
      observation.update({ level: "WARNING", statusMessage: "the ticket could not be classified" });
      return "unknown";
    }
  });
}

function requireQuestion({ thread, isAnswered }: OpenTicket): void {
  const last = thread.messages.at(-1);
  if (isAnswered && last?.from === "agent") {
    throw invalidInput(
      "ticket",
      `ticket ${thread.ticketId} was answered already; expected one that waits for its first reply`,
    );
  }
  if (thread.messages.every(({ text }) => text.trim() === "")) {
    throw invalidInput("ticket", `ticket ${thread.ticketId} has no text; there is nothing to answer yet`);
  }
}
