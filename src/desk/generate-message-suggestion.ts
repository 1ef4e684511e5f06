import { invalidInput } from "../domain/errors.ts";
import { isUuid } from "../domain/ids.ts";
import type { Model } from "../models/model.ts";
import { openQuestion } from "../models/thread-query.ts";
import { OFFLINE_MODEL } from "../models/tokens.ts";
import type { Database } from "../store/database.ts";
import type { Tracker } from "../track/tracker.ts";
import type { Run, Suggestion } from "../track/types.ts";
import { createDeskStore } from "./desk-store.ts";
import type { DeskStore, Thread } from "./desk-store.ts";
import type { Retrieved } from "./knowledge-index.ts";
import { renderReplyPrompt, REPLY_PROMPT, REPLY_SCHEMA } from "./prompt.ts";
import { citedSources, parseReplyAnswer, retrievedSources } from "./reply-answer.ts";
import type { Retriever } from "./retrieve.ts";

export const GENERATE_MESSAGE_SUGGESTION = "generate-message-suggestion";

/** Facts, not flair: the same ticket should get the same suggestion. */
const MODEL_PARAMETERS = { temperature: 0.2 };

export type GenerateInput = {
  /** UUID of the ticket. */
  readonly ticketId: string;
  /** UUID of the customer's message to answer; later messages of the ticket are not read. */
  readonly messageId: string;
  /** Takes over this id, such as that of a host's pending row; a new one by default. */
  readonly suggestionId?: string | undefined;
};

export type GenerateMessageSuggestion = (input: GenerateInput) => Promise<Suggestion>;

export type GenerateDeps = {
  readonly tracker: Pick<Tracker, "track">;
  readonly db: Database;
  readonly model: Model;
  readonly retriever: Pick<Retriever, "retrieve">;
  readonly projectId: string;
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
  const desk = createDeskStore(deps);
  const tracked = deps.tracker.track(
    GENERATE_MESSAGE_SUGGESTION,
    (input: GenerateInput, run: Run) => suggestReply(deps, desk, input, run),
    {
      suggestionId: (input) => input.suggestionId,
      ticketId: (input) => input.ticketId,
      messageId: (input) => input.messageId,
    },
  );
  return async (input) => {
    requireUuid(input.ticketId, "ticketId");
    requireUuid(input.messageId, "messageId");
    if (input.suggestionId !== undefined) requireUuid(input.suggestionId, "suggestionId");
    return tracked(input);
  };
}

async function suggestReply(deps: GenerateDeps, desk: DeskStore, input: GenerateInput, run: Run): Promise<Suggestion> {
  const { ticketId, messageId } = input;
  const thread = await desk.readThread(ticketId, messageId);
  requireQuestion(thread, messageId);
  const retrieved = await searchKnowledge(deps.retriever, thread, run);
  const sources = retrievedSources(retrieved);
  const { suggestedResponse, confidence, reasoning } = await askModel(deps.model, thread, retrieved, run);
  return run.suggest(suggestedResponse, {
    confidence,
    ticketId,
    messageId,
    metadata: { reasoning, sources: citedSources(reasoning, sources), retrieved: sources },
  });
}

function searchKnowledge(retriever: Pick<Retriever, "retrieve">, thread: Thread, run: Run): Promise<Retrieved> {
  const options = { type: "retriever" as const, input: { query: openQuestion(thread), title: thread.title } };
  let found: Retrieved = { articles: [], pastReplies: [] };
  // The observation keeps ids and scores; the texts themselves are in the generation's messages.
  const observed = run.observe("search-knowledge", options, async () => {
    found = await retriever.retrieve({
      thread,
      ticketId: thread.ticketId,
      before: thread.imported ? thread.ticketCreatedAt : undefined,
    });
    return retrievedSources(found);
  });
  return observed.then(() => found);
}

async function askModel(model: Model, thread: Thread, retrieved: Retrieved, run: Run) {
  const messages = renderReplyPrompt({ ...retrieved, thread });
  let content = "";
  await run.generate(
    {
      model: model.name,
      modelParameters: MODEL_PARAMETERS,
      messages,
      prompt: REPLY_PROMPT,
      // The offline model really costs nothing; what another model costs is not known here.
      costUsd: model.name === OFFLINE_MODEL ? 0 : undefined,
    },
    async () => {
      const answer = await model.complete({ messages, jsonSchema: REPLY_SCHEMA, ...MODEL_PARAMETERS });
      content = answer.content;
      return answer.completion;
    },
  );
  return parseReplyAnswer(content, model.name);
}

function requireUuid(value: unknown, place: string): void {
  if (isUuid(value)) return;
  throw invalidInput(place, `got ${JSON.stringify(value)?.slice(0, 100) ?? "nothing"}; expected a UUID`);
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
