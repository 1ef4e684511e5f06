import { invalidInput } from "./errors.ts";
import { isUuid } from "./ids.ts";
import { requireText } from "./text.ts";

/** The three acts of a person on a suggestion. */
export type FeedbackType = "approval" | "revision" | "rejection";
export const FEEDBACK_TYPES: readonly FeedbackType[] = ["approval", "revision", "rejection"];

/** `explicit`: a person said so. `inferred`: we compared what was sent with what was suggested. */
export type FeedbackSource = "explicit" | "inferred";

/** What a caller says about one suggestion. */
export type FeedbackInput = {
  readonly suggestionId: string;
  readonly type: FeedbackType;
  /** Why; required for a revision and a rejection that a person states. */
  readonly reason?: string;
  /** What the person really sent. */
  readonly finalText?: string;
  /** The human support agent. */
  readonly agentId?: string;
  /** Same key, same event, however often it is sent; unique per project. */
  readonly idempotencyKey?: string;
  /** When the act happened; now by default. */
  readonly createdAt?: Date;
  readonly metadata?: Readonly<Record<string, unknown>>;
};

/** What a person really sent, to be compared with what was suggested. */
export type SentInput = {
  /** The suggestion to compare with; else the newest open one of the ticket (and message). */
  readonly suggestionId?: string;
  readonly ticketId?: string;
  readonly messageId?: string;
  readonly finalText: string;
  readonly agentId?: string;
  /** The same text for the same suggestion is one event anyway; a key of your own overrides that. */
  readonly idempotencyKey?: string;
  readonly createdAt?: Date;
};

const MAX_REASON_CHARS = 500;
const MAX_KEY_CHARS = 200;
/** Clocks differ; an act further ahead of ours than this is a mistake. */
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Checks one explicit feedback event from outside. Throws {@link UptakeError} `invalid_input` that names the field. */
export function checkFeedback(input: FeedbackInput, now: Date): FeedbackInput {
  requireSuggestionId(input.suggestionId, "feedback.suggestionId");
  requireCommon("feedback", input, now);
  if (!FEEDBACK_TYPES.includes(input.type)) {
    const got = JSON.stringify(input.type) ?? "nothing";
    throw invalidInput("feedback.type", `got ${got}; expected one of ${FEEDBACK_TYPES.join(", ")}`);
  }
  if (input.reason === undefined && input.type !== "approval") {
    throw invalidInput(
      "feedback.reason",
      `missing for a ${input.type}; say why, such as "too generic" (or call sent(), which infers the act and needs no reason)`,
    );
  }
  if (input.reason !== undefined) requireText(input.reason, "feedback.reason", MAX_REASON_CHARS);
  if (input.finalText !== undefined) requireText(input.finalText, "feedback.finalText");
  return input;
}

/** Checks what a caller says was sent. Throws {@link UptakeError} `invalid_input` that names the field. */
export function checkSent(input: SentInput, now: Date): SentInput {
  requireText(input.finalText, "sent.finalText");
  if (input.suggestionId !== undefined) requireSuggestionId(input.suggestionId, "sent.suggestionId");
  if (input.ticketId !== undefined) requireText(input.ticketId, "sent.ticketId", MAX_KEY_CHARS);
  if (input.messageId !== undefined) requireText(input.messageId, "sent.messageId", MAX_KEY_CHARS);
  requireCommon("sent", input, now);
  return input;
}

function requireCommon(
  call: string,
  { agentId, idempotencyKey, createdAt }: Pick<FeedbackInput, "agentId" | "idempotencyKey" | "createdAt">,
  now: Date,
): void {
  if (agentId !== undefined) requireText(agentId, `${call}.agentId`, MAX_KEY_CHARS);
  if (idempotencyKey !== undefined) requireText(idempotencyKey, `${call}.idempotencyKey`, MAX_KEY_CHARS);
  if (createdAt !== undefined) requireTime(createdAt, `${call}.createdAt`, now);
}

function requireSuggestionId(value: unknown, place: string): asserts value is string {
  if (!isUuid(value)) {
    const got = JSON.stringify(value)?.slice(0, 100) ?? "nothing";
    throw invalidInput(
      place,
      `got ${got}; expected a suggestion's id (a UUID), as track() and run.suggest() return it`,
    );
  }
}

function requireTime(value: unknown, place: string, now: Date): void {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw invalidInput(place, "expected a valid Date; leave it out for now");
  }
  if (value.getTime() > now.getTime() + MAX_AHEAD_MS) {
    throw invalidInput(place, `${value.toISOString()} lies more than a day ahead; check the clock`);
  }
}
