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

const MAX_REASON_CHARS = 500;
const MAX_KEY_CHARS = 200;
/** Clocks differ; an act further ahead of ours than this is a mistake. */
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Checks one explicit feedback event from outside. Throws {@link UptakeError} `invalid_input` that names the field. */
export function checkFeedback(input: FeedbackInput, now: Date): FeedbackInput {
  requireSuggestionId(input.suggestionId, "feedback.suggestionId");
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
  if (input.agentId !== undefined) requireText(input.agentId, "feedback.agentId", MAX_KEY_CHARS);
  if (input.idempotencyKey !== undefined) requireText(input.idempotencyKey, "feedback.idempotencyKey", MAX_KEY_CHARS);
  if (input.createdAt !== undefined) requireTime(input.createdAt, now);
  return input;
}

export function requireSuggestionId(value: unknown, place: string): asserts value is string {
  if (!isUuid(value)) {
    const got = JSON.stringify(value)?.slice(0, 100) ?? "nothing";
    throw invalidInput(
      place,
      `got ${got}; expected a suggestion's id (a UUID), as track() and run.suggest() return it`,
    );
  }
}

function requireTime(value: unknown, now: Date): void {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw invalidInput("feedback.createdAt", "expected a valid Date; leave it out for now");
  }
  if (value.getTime() > now.getTime() + MAX_AHEAD_MS) {
    throw invalidInput("feedback.createdAt", `${value.toISOString()} lies more than a day ahead; check the clock`);
  }
}
