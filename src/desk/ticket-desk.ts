import { readCursor, writeCursor } from "../domain/cursor.ts";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import type { FeedbackType, SentInput } from "../domain/feedback.ts";
import type { Category } from "../models/classification.ts";
import type { Database, Queryable } from "../store/database.ts";
import type { DeskService } from "./desk-service.ts";
import { CLASSIFY_TICKET } from "./classify-ticket.ts";
import { unknownTicket } from "./desk-store.ts";
import { appendMessage } from "./queries/append-message.ts";
import { findMessage } from "./queries/find-message.ts";
import { findFunctionOf } from "./queries/find-function-of.ts";
import { type ListedTicket, listTickets, type TicketFilter } from "./queries/list-tickets.ts";
import { lockTicket } from "./queries/lock-ticket.ts";
import { type DeskMessage, readDeskMessages } from "./queries/read-desk-messages.ts";
import { type DeskSuggestion, readDeskSuggestion } from "./queries/read-desk-suggestion.ts";
import { type EarlierReply, readEarlierReply } from "./queries/read-earlier-reply.ts";
import { type ShownClassification, shownClassification } from "./standing-classification.ts";

/** A ticket of a queue. */
export type QueuedTicket = Omit<ListedTicket, "classification" | "sortedAtMicros" | "description"> & {
  readonly classification: ShownClassification | null;
};

export type TicketPage = { readonly tickets: readonly QueuedTicket[]; readonly nextCursor: string | null };

/** A ticket with everything that its agent needs. */
export type WorkedTicket = Omit<QueuedTicket, "suggestion" | "lastText" | "lastAt" | "lastFrom"> & {
  readonly description: string | null;
  readonly messages: readonly DeskMessage[];
  readonly suggestion: DeskSuggestion | null;
};

export type AgentReply = {
  readonly ticketId: string;
  /** Chosen by who sends: the same id is the same message, however often it is sent. */
  readonly messageId: string;
  readonly text: string;
  readonly agentId: string;
  /** What the agent had before them; else the newest open suggestion of the ticket. */
  readonly suggestionId?: string | undefined;
};

export type PostedReply<Receipt> = {
  readonly messageId: string;
  /** False where the message was there already. */
  readonly created: boolean;
  /** What was inferred from it; undefined where there was no suggestion to compare with. */
  readonly receipt: Receipt | undefined;
};

export type TicketDeskDeps<Receipt> = {
  readonly db: Database;
  /** For the queue, which is searched through. */
  readonly reading: Queryable;
  readonly projectId: string;
  readonly categories: readonly Category[];
  readonly functions: Pick<DeskService, "suggestReply" | "classify">;
  /** Records what was sent, in one transaction with what is written. */
  readonly sentWith: <Written>(
    input: SentInput,
    write: (tx: Queryable) => Promise<Written>,
    counts?: (type: FeedbackType) => boolean,
  ) => Promise<{ readonly written: Written; readonly receipt: Receipt | undefined }>;
  readonly flushSuggestions: () => Promise<void>;
  readonly now: () => Date;
};

/** What an agent does at the desk: look at the queue, read a ticket, answer it, ask for suggestions. */
export type TicketDesk<Receipt> = {
  list(
    filter: Omit<TicketFilter, "projectId" | "after" | "ticketId"> & { cursor?: string | undefined },
  ): Promise<TicketPage>;
  /** Throws `not_found`. */
  read(ticketId: string): Promise<WorkedTicket>;
  /** Posts a reply and records what it says about the suggestion. Throws `not_found`, `message_id_taken`, `invalid_input`. */
  reply(reply: AgentReply): Promise<PostedReply<Receipt>>;
  /** Has a reply to the customer's newest message suggested. Throws `not_found`, and `invalid_input` where there is none. */
  suggest(ticketId: string, agentId: string | undefined): ReturnType<DeskService["suggestReply"]>;
  classify(ticketId: string): ReturnType<DeskService["classify"]>;
  /** Throws `not_found` for an unknown ticket, `invalid_input` for a suggestion that is no classification of it. */
  requireClassification(ticketId: string, suggestionId: string): Promise<void>;
};

export function createTicketDesk<Receipt>(deps: TicketDeskDeps<Receipt>): TicketDesk<Receipt> {
  const { db, reading, projectId, categories, functions } = deps;
  return {
    async list({ cursor, limit, ...filter }) {
      const after = cursor === undefined ? undefined : readCursor(cursor);
      // One more than asked for tells whether there is a next page.
      const rows = await listTickets(reading, { ...filter, projectId, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const hasMore = rows.length > page.length && last !== undefined;
      return {
        tickets: page.map((row) => queued(row, categories)),
        nextCursor: hasMore ? writeCursor({ at: last.sortedAtMicros, id: last.ticketId }) : null,
      };
    },
    read: (ticketId) => readWorked(deps, ticketId),
    reply: (reply) => postReply(deps, reply),
    async suggest(ticketId, agentId) {
      await requireTicket(db, { ticketId, projectId });
      const newest = (await readDeskMessages(db, { ticketId, projectId })).findLast(({ from }) => from === "customer");
      if (newest === undefined) {
        throw invalidInput(
          "ticketId",
          `ticket ${ticketId} has no message of the customer; there is nothing to answer yet`,
        );
      }
      return functions.suggestReply({ ticketId, messageId: newest.messageId, systemUserId: agentId });
    },
    async classify(ticketId) {
      await requireTicket(db, { ticketId, projectId });
      return functions.classify({ ticket: { id: ticketId } });
    },
    requireClassification: (ticketId, suggestionId) =>
      requireMadeFor(deps, { ticketId, suggestionId }, "classification"),
  };
}

function queued(row: ListedTicket, categories: readonly Category[]): QueuedTicket {
  const { classification, sortedAtMicros: _order, description: _text, ...ticket } = row;
  return { ...ticket, classification: shownClassification(classification ?? undefined, categories) };
}

type OfTicket = { readonly ticketId: string; readonly projectId: string };

async function requireTicket(db: Queryable, of: OfTicket): Promise<ListedTicket> {
  const [row] = await listTickets(db, { ...of, queue: "all", limit: 1 });
  if (row === undefined) throw unknownTicket(of.ticketId);
  return row;
}

async function readWorked<Receipt>(
  { db, projectId, categories, flushSuggestions }: TicketDeskDeps<Receipt>,
  ticketId: string,
): Promise<WorkedTicket> {
  const of = { ticketId, projectId };
  await flushSuggestions();
  const [row, messages, suggestion] = await Promise.all([
    requireTicket(db, of),
    readDeskMessages(db, of),
    readDeskSuggestion(db, of),
  ]);
  const { lastText: _text, lastAt: _at, lastFrom: _from, ...ticket } = queued(row, categories);
  return { ...ticket, description: row.description, messages, suggestion: suggestion ?? null };
}

/** A suggestion of another ticket would be compared with what has nothing to do with it. */
async function requireMadeFor<Receipt>(
  { db, projectId, flushSuggestions }: TicketDeskDeps<Receipt>,
  { ticketId, suggestionId }: { readonly ticketId: string; readonly suggestionId: string },
  what: "reply" | "classification",
): Promise<void> {
  await requireTicket(db, { ticketId, projectId });
  await flushSuggestions();
  const found = await findFunctionOf(db, { suggestionId, projectId, ticketId });
  if (found !== undefined && (found.functionName === CLASSIFY_TICKET) === (what === "classification")) return;
  throw invalidInput("suggestionId", `suggestion ${suggestionId} is no ${what} for ticket ${ticketId}; check both ids`);
}

/**
 * Whether another message after the reply to a suggestion still says something about it: one that uses it does, such as after
 * "I look into it"; one of other words, such as "you are welcome", does not. What went out by itself was nobody's to use.
 */
const saysMore = (type: FeedbackType, { isAutoSent, isCompared }: EarlierReply): boolean =>
  !isAutoSent && !(isCompared && type === "rejection");

async function postReply<Receipt>(
  deps: TicketDeskDeps<Receipt>,
  { ticketId, messageId, text, agentId, suggestionId }: AgentReply,
): Promise<PostedReply<Receipt>> {
  const { db, projectId, now } = deps;
  if (suggestionId === undefined) await requireTicket(db, { ticketId, projectId });
  else await requireMadeFor(deps, { ticketId, suggestionId }, "reply");
  const at = now();
  const compared = suggestionId === undefined ? { ticketId } : { suggestionId };
  // Under the key that an adopted database's messages have, too: one message is one act.
  const idempotencyKey = `message:${messageId}`;
  const earlier = suggestionId && (await readEarlierReply(db, { suggestionId, projectId, idempotencyKey }));
  const { written, receipt } = await deps.sentWith(
    { ...compared, finalText: text, agentId, idempotencyKey, createdAt: at },
    async (tx) => {
      if (!(await lockTicket(tx, { ticketId, projectId }))) throw unknownTicket(ticketId);
      const standing = await findMessage(tx, messageId);
      if (standing === undefined) {
        await appendMessage(tx, { id: messageId, ticketId, userId: agentId, content: text, createdAt: at });
        return true;
      }
      const isSame = standing.ticketId === ticketId && standing.text === text && standing.userId === agentId;
      if (isSame) return false;
      throw new UptakeError(
        "message_id_taken",
        `messageId: ${messageId} stands for another message already; look at the ticket, and give a new message an id of its own`,
        { facts: { messageId } },
      );
    },
    (type) => !earlier || saysMore(type, earlier),
  );
  return { messageId, created: written, receipt };
}
