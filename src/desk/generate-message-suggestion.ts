import { invalidInput } from "../domain/errors.ts";
import type { Model } from "../models/model.ts";
import type { Database } from "../store/database.ts";
import type { Tracker } from "../track/tracker.ts";
import type { Run, Suggestion } from "../track/types.ts";
import { createDeskStore, type DeskStore, type Thread } from "./desk-store.ts";
import { filePrompts, type Prompts } from "./prompts.ts";
import type { Retriever } from "./retrieve.ts";
import { optionalUuidOf, type RunOptions, uuidOf } from "./run-options.ts";
import { suggestReply } from "./suggest-reply.ts";

export const GENERATE_MESSAGE_SUGGESTION = "generate-message-suggestion";

export type GenerateInput = {
  /** UUID of the ticket. */
  readonly ticketId: string;
  /** UUID of the customer's message to answer; later messages of the ticket are not read. */
  readonly messageId: string;
  /** Takes over this id, such as that of a host's pending row; a new one by default. */
  readonly suggestionId?: string | undefined;
  /** The person or program in whose name the host asks; kept with the suggestion. */
  readonly systemUserId?: string | undefined;
};

export type GenerateMessageSuggestion = (input: GenerateInput, options?: RunOptions) => Promise<Suggestion>;

export type GenerateDeps = {
  readonly tracker: Pick<Tracker, "track">;
  readonly db: Database;
  readonly model: Model;
  readonly retriever: Pick<Retriever, "retrieve">;
  readonly projectId: string;
  /** The files that Uptake ships by default. */
  readonly prompts?: Prompts | undefined;
};

/**
 * The agent function that suggests a reply to a customer's message. The suggestion's metadata holds `retrieved` (all that
 * the model was shown), `sources` (what its reasoning says it used) and `reasoning`.
 *
 * Throws `invalid_input` for ids that are no UUIDs (nothing is recorded then); `not_found` for an unknown ticket or
 * message, `invalid_input` for a message without text and `model_failed` are recorded with the suggestion and rethrown.
 *
 * @example
 * const generate = createGenerateMessageSuggestion({ tracker, db, model, retriever, projectId: "default" });
 * const { text, confidence } = await generate({ ticketId, messageId });
 */
export function createGenerateMessageSuggestion(deps: GenerateDeps): GenerateMessageSuggestion {
  const parts = { ...deps, desk: createDeskStore(deps), prompts: deps.prompts ?? filePrompts() };
  return async (input, options = {}) => {
    const asked = {
      ...input,
      ticketId: uuidOf(input.ticketId, "ticketId"),
      messageId: uuidOf(input.messageId, "messageId"),
      suggestionId: optionalUuidOf(input.suggestionId, "suggestionId"),
    };
    const tracked = deps.tracker.track(
      GENERATE_MESSAGE_SUGGESTION,
      (given: GenerateInput, run: Run) => suggest(parts, given, options, run),
      {
        suggestionId: (given) => given.suggestionId,
        ticketId: (given) => given.ticketId,
        messageId: (given) => given.messageId,
      },
    );
    return tracked(asked);
  };
}

type Parts = GenerateDeps & { readonly desk: DeskStore; readonly prompts: Prompts };

async function suggest(parts: Parts, input: GenerateInput, options: RunOptions, run: Run): Promise<Suggestion> {
  const { ticketId, messageId, systemUserId } = input;
  const thread = await parts.desk.readThread(ticketId, messageId);
  requireQuestion(thread, messageId);
  const template = await parts.prompts(GENERATE_MESSAGE_SUGGESTION);
  const { suggestedResponse, confidence, metadata } = await suggestReply(parts, { thread, template }, options, run);
  return run.suggest(suggestedResponse, { confidence, ticketId, messageId, systemUserId, metadata });
}

function requireQuestion(thread: Thread, messageId: string): void {
  const message = thread.messages.at(-1);
  if (message?.from !== "customer") {
    throw invalidInput("messageId", `message ${messageId} was written by an agent; expected a message of the customer`);
  }
  if (message.text.trim() === "") {
    throw invalidInput("messageId", `message ${messageId} has no text; there is nothing to answer yet`);
  }
}
