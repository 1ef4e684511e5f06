import { UptakeError } from "../domain/errors.ts";
import { createTaskPool } from "../domain/task-pool.ts";
import type { Database } from "../store/database.ts";
import { createDeskStore } from "./desk-store.ts";
import type { GenerateMessageSuggestion } from "./generate-message-suggestion.ts";
import { readMessages } from "./queries/read-messages.ts";
import type { StoredMessage } from "./queries/read-messages.ts";
import { readSuggestionStates } from "./queries/read-suggestion-states.ts";
import type { SuggestionState } from "./queries/read-suggestion-states.ts";
import type { Conversation, LineProblem, ReplayItem } from "./replay-source.ts";
import { MAX_TRIES, replaySuggestionId, ticketOf } from "./replay-ticket.ts";
import type { ReplayAnswerer, ReplayTicket, ReplayTurn } from "./replay-ticket.ts";
import type { Retriever } from "./retrieve.ts";

export type ReplaySummary = {
  /** Conversations taken up, new or not. */
  readonly conversations: number;
  /** Customer turns that a text reply followed; the sum of created, skipped and failed. */
  readonly turns: number;
  readonly created: number;
  /** Their suggestion was there already. */
  readonly skipped: number;
  readonly failed: number;
  /** Feedback events inferred, also those that an interrupted replay still owed. */
  readonly feedback: number;
  readonly malformedLines: number;
};

export type ReplayOptions = ReplayAnswerer & {
  readonly db: Database;
  readonly projectId: string;
  readonly conversations: AsyncIterable<ReplayItem>;
  readonly generate: GenerateMessageSuggestion;
  readonly retriever: Pick<Retriever, "add">;
  /** Infers feedback from the text really sent; the same key again must change nothing. */
  readonly sent: (input: {
    readonly suggestionId: string;
    readonly finalText: string;
    readonly idempotencyKey: string;
    readonly createdAt: Date;
  }) => Promise<unknown>;
  /** Turns under way at once. */
  readonly concurrency: number;
  /** Most turns to take up, skipped ones included; all by default. */
  readonly limit?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onProgress?: (summary: ReplaySummary) => void;
  readonly onProblem?: (problem: LineProblem) => void;
  readonly onFailure?: (error: unknown, turn: { readonly line: number; readonly messageId: string }) => void;
};

/**
 * Replays recorded conversations: imports each as a ticket, suggests a reply for every customer turn that a text reply
 * followed, and infers feedback from the reply really sent. Streams: memory does not grow with the file. A failed turn
 * is counted and the rest continues. Run again, it creates nothing twice; a turn that failed is tried anew.
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const count = { conversations: 0, turns: 0, created: 0, skipped: 0, failed: 0, feedback: 0, malformedLines: 0 };
  const desk = createDeskStore(options);
  const pool = createTaskPool(options.concurrency);
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const clock = risingClock(options.now);

  const reportProblem = (problem: LineProblem) => {
    count.malformedLines += 1;
    options.onProblem?.(problem);
  };
  const runTurn = async (turn: ReplayTurn, line: number, conversation: Prepared) => {
    try {
      count[await replayTurn(options, turn, conversation, () => (count.feedback += 1))] += 1;
    } catch (error) {
      count.failed += 1;
      options.onFailure?.(error, { line, messageId: turn.messageId });
    }
    options.onProgress?.({ ...count });
  };

  try {
    for await (const item of options.conversations) {
      if (count.turns >= limit) break;
      if ("problem" in item) {
        reportProblem(item);
        continue;
      }
      const prepared = await prepare(options, desk, item, clock());
      if ("problem" in prepared) {
        reportProblem(prepared);
        continue;
      }
      count.conversations += 1;
      for (const turn of prepared.recorded.turns.slice(0, limit - count.turns)) {
        count.turns += 1;
        await pool.run(() => runTurn(turn, item.line, prepared));
      }
    }
  } finally {
    await pool.idle();
  }
  return { ...count };
}

type Prepared = {
  readonly recorded: ReplayTicket;
  readonly stored: ReadonlyMap<string, StoredMessage>;
  readonly states: ReadonlyMap<string, SuggestionState>;
};

/** Imports the conversation, and reads what earlier replays left of it. */
async function prepare(
  { db, projectId, model, prompt, retriever }: ReplayOptions,
  desk: Pick<ReturnType<typeof createDeskStore>, "importTickets">,
  conversation: Conversation,
  createdAt: Date,
): Promise<Prepared | LineProblem> {
  const recorded = ticketOf(conversation, projectId, createdAt);
  const isNew = (await desk.importTickets([recorded.ticket])) > 0;
  const messages = await readMessages(db, recorded.ticket.id);
  const same =
    messages.length === recorded.ticket.messages.length &&
    messages.every((message, i) => message.content === recorded.ticket.messages[i]?.content);
  if (!same) {
    const problem = `conversation ${JSON.stringify(conversation.id)} was imported before with other messages; give it another id`;
    return { line: conversation.line, problem };
  }
  // What was there already the retriever reads from the database, with the time of its own import.
  if (isNew) retriever.add(recorded.replies);
  const stored = new Map(messages.map((message) => [message.id, message]));
  const ids = recorded.turns.flatMap(({ messageId }) => triesOf(stored.get(messageId), { model, prompt }));
  return { recorded, stored, states: isNew ? new Map() : await readSuggestionStates(db, ids) };
}

const triesOf = (message: StoredMessage | undefined, answerer: ReplayAnswerer): string[] =>
  message === undefined
    ? []
    : Array.from({ length: MAX_TRIES }, (_, attempt) => replaySuggestionId(message, answerer, attempt));

async function replayTurn(
  { db, generate, sent, model, prompt }: ReplayOptions,
  turn: ReplayTurn,
  { recorded, stored, states }: Prepared,
  onFeedback: () => void,
): Promise<"created" | "skipped"> {
  const tries = triesOf(stored.get(turn.messageId), { model, prompt });
  const finished = tries.map((id) => states.get(id)).find((state) => state !== undefined && !state.failed);
  const judge = async (suggestionId: string, createdAt: Date) => {
    // The recording does not say when the reply was sent. Stamped like the suggestion, its time to feedback is unknown.
    await sent({ suggestionId, finalText: turn.finalText, idempotencyKey: `replay:${suggestionId}`, createdAt });
    onFeedback();
  };
  if (finished !== undefined) {
    // One whose feedback is still owed may have expired since.
    if (["pending", "expired"].includes(finished.outcome)) await judge(finished.id, finished.createdAt);
    return "skipped";
  }
  const suggestionId = tries.find((id) => !states.has(id));
  if (suggestionId === undefined) {
    throw new UptakeError(
      "model_failed",
      `message ${turn.messageId} has failed in ${MAX_TRIES} replays; see error_message of its suggestions`,
      { facts: { messageId: turn.messageId } },
    );
  }
  await generate({ ticketId: recorded.ticket.id, messageId: turn.messageId, suggestionId });
  const state = (await readSuggestionStates(db, [suggestionId])).get(suggestionId);
  if (state === undefined) {
    throw new UptakeError(
      "database_unavailable",
      `suggestion ${suggestionId} is made but not committed yet; replay again later, which adds only its feedback`,
      { facts: { suggestionId } },
    );
  }
  await judge(suggestionId, state.createdAt);
  return "created";
}

/** A clock that never shows the same millisecond twice, so that conversations are in order of their times. */
function risingClock(now: () => number): () => Date {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Math.floor(now()));
    return new Date(last);
  };
}
