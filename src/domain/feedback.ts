import { DAY_MS } from "./durations.ts";
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
  /** Why: one reason or several, the first one the primary; required for a revision and a rejection that a person states. */
  readonly reason?: string | readonly string[];
  /** What the person adds in words of their own. */
  readonly comment?: string;
  /** What the person really sent. */
  readonly finalText?: string;
  /** What was suggested, where the texts of the agent function are not stored; compared with `finalText`, and not stored. */
  readonly suggestedText?: string;
  /** The human support agent. */
  readonly agentId?: string;
  /** Same key, same event, however often it is sent; unique per project. */
  readonly idempotencyKey?: string;
  /** When the act happened; now by default. */
  readonly createdAt?: Date;
  /** Details of a revision or a rejection; an approval has none, and what describes the suggestion stays with the suggestion. */
  readonly metadata?: Readonly<Record<string, unknown>>;
};

/** What a person really sent, to be compared with what was suggested. */
export type SentInput = {
  /** The suggestion to compare with; else the newest open one of the ticket (and message). */
  readonly suggestionId?: string;
  readonly ticketId?: string;
  readonly messageId?: string;
  readonly finalText: string;
  /** What was suggested, where the texts of the agent function are not stored; compared, and not stored. */
  readonly suggestedText?: string;
  readonly agentId?: string;
  /** The same text for the same suggestion is one event anyway; a key of your own overrides that. */
  readonly idempotencyKey?: string;
  readonly createdAt?: Date;
};

/** Who has seen a suggestion, and when. */
export type ShownInput = {
  /** The human support agent. */
  readonly agentId?: string;
  /** Now by default. */
  readonly at?: Date;
};

const MAX_COMMENT_CHARS = 10_000;
const MAX_METADATA_CHARS = 20_000;
const MAX_KEY_CHARS = 200;
/** Clocks differ; an act further ahead of ours than this is a mistake. */
const MAX_AHEAD_MS = DAY_MS;

/**
 * Checks one explicit feedback event from outside, all but its reasons' names. Throws {@link UptakeError} `invalid_input`
 * that names the field of `place`, such as `feedback.type` or `feedback[3].type`.
 */
export function checkFeedback(input: FeedbackInput, now: Date, place = "feedback"): FeedbackInput {
  if (typeof input !== "object" || input === null) {
    throw invalidInput(place, "expected an object with suggestionId and type");
  }
  requireSuggestionId(input.suggestionId, `${place}.suggestionId`);
  requireCommon(place, input, now);
  if (!FEEDBACK_TYPES.includes(input.type)) {
    const got = JSON.stringify(input.type) ?? "nothing";
    throw invalidInput(`${place}.type`, `got ${got}; expected one of ${FEEDBACK_TYPES.join(", ")}`);
  }
  if (input.type !== "approval" && (input.reason === undefined || input.reason.length === 0)) {
    const problem = input.reason === "" ? "is empty" : "missing";
    throw invalidInput(
      `${place}.reason`,
      `${problem} for a ${input.type}; say why, such as "too generic" (or call sent(), which infers the act and needs no reason)`,
    );
  }
  if (input.comment !== undefined) requireText(input.comment, `${place}.comment`, MAX_COMMENT_CHARS);
  if (input.finalText !== undefined) requireText(input.finalText, `${place}.finalText`);
  if (input.suggestedText !== undefined) requireText(input.suggestedText, `${place}.suggestedText`);
  if (input.metadata !== undefined) requireMetadata(input, `${place}.metadata`);
  return input;
}

function requireMetadata({ type, metadata }: FeedbackInput, place: string): void {
  const json = jsonOf(metadata);
  if (!json.startsWith("{")) throw invalidInput(place, "expected an object that JSON can hold");
  if (json === "{}") return;
  if (type === "approval") {
    throw invalidInput(
      place,
      "an approval has none; what describes the suggestion belongs to the suggestion (run.suggest takes metadata), a remark into comment",
    );
  }
  if (json.length > MAX_METADATA_CHARS) {
    throw invalidInput(
      place,
      `is ${json.length} characters of JSON; at most ${MAX_METADATA_CHARS} are kept, so shorten it`,
    );
  }
}

/** Empty where there is none: a function, a circle, a bigint. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

/** Checks what a caller says was sent. Throws {@link UptakeError} `invalid_input` that names the field. */
export function checkSent(input: SentInput, now: Date): SentInput {
  requireText(input.finalText, "sent.finalText");
  if (input.suggestedText !== undefined) requireText(input.suggestedText, "sent.suggestedText");
  if (input.suggestionId !== undefined) requireSuggestionId(input.suggestionId, "sent.suggestionId");
  if (input.ticketId !== undefined) requireText(input.ticketId, "sent.ticketId", MAX_KEY_CHARS);
  if (input.messageId !== undefined) requireText(input.messageId, "sent.messageId", MAX_KEY_CHARS);
  requireCommon("sent", input, now);
  return input;
}

/** Checks what a caller says was shown. Throws {@link UptakeError} `invalid_input` that names the field. */
export function checkShown(suggestionId: unknown, { agentId, at }: ShownInput, now: Date, place: string): void {
  requireSuggestionId(suggestionId, place);
  if (agentId !== undefined) requireText(agentId, "shown.agentId", MAX_KEY_CHARS);
  if (at !== undefined) requireTime(at, "shown.at", now);
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
  if (value.getTime() < 0) {
    throw invalidInput(place, `${value.toISOString()} lies before 1970; expected when the act happened`);
  }
  if (value.getTime() > now.getTime() + MAX_AHEAD_MS) {
    throw invalidInput(place, `${value.toISOString()} lies more than a day ahead; check the clock`);
  }
}
