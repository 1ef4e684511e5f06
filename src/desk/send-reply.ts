import { namedId } from "../domain/ids.ts";
import type { Database, Queryable } from "../store/database.ts";
import type { HeldBack } from "./auto-send.ts";
import { insertAutomaticReply } from "./queries/insert-automatic-reply.ts";
import { lockTicket } from "./queries/lock-ticket.ts";
import { noteAutoSent } from "./queries/note-auto-sent.ts";
import { readReplyState } from "./queries/read-reply-state.ts";
import { readSentReply, type SentReply } from "./queries/read-sent-reply.ts";

/** Whose name an automatic reply carries where the caller gives none. */
export const AUTOMATIC_USER_ID = "uptake";

export type ReplyToSend = {
  readonly suggestionId: string;
  readonly projectId: string;
  readonly functionName: string;
  readonly ticketId: string;
  readonly userId: string;
  readonly text: string;
  readonly confidence: number;
  readonly threshold: number;
  /** When the run began. */
  readonly startedAt: Date;
  readonly now: () => Date;
  /** The suggestion's text as it is stored; the message is the person's, and goes out as it is. */
  readonly stored: string;
};

/** The id of the message that a suggestion becomes when it is sent automatically: one, however often it is tried. */
export const automaticMessageId = (suggestionId: string): string => namedId("automatic-reply", suggestionId);

/** What the suggestion's run has sent before, in a process that died. */
export const sentBefore = (db: Queryable, suggestionId: string): Promise<SentReply | undefined> =>
  readSentReply(db, automaticMessageId(suggestionId));

/** The part of a suggestion's metadata that says what became of the reply. */
export type DeliveryNote =
  | { readonly sent: true; readonly messageId: string; readonly threshold?: number }
  | { readonly sent: false; readonly reason: HeldBack; readonly threshold?: number };

/**
 * Sends a reply without a person: the message and the note on the suggestion in one transaction, under the lock that every
 * reply to the ticket takes, so that of two first replies one goes out. Undefined where it was sent; else why not.
 */
export async function sendReply(db: Database, reply: ReplyToSend): Promise<HeldBack | undefined> {
  try {
    return await db.transaction((tx) => sendIn(tx, reply));
  } catch (error) {
    if (error instanceof SuggestionFinished) return "suggestion_finished";
    // The answer to a commit may be lost where the commit was not.
    const arrived = await sentBefore(db, reply.suggestionId).catch(() => undefined);
    if (arrived === undefined) throw error;
    return undefined;
  }
}

/** Rolls the message back. */
class SuggestionFinished extends Error {}

async function sendIn(tx: Queryable, reply: ReplyToSend): Promise<HeldBack | undefined> {
  const { suggestionId, projectId, functionName, ticketId, text, confidence, threshold, startedAt } = reply;
  await lockTicket(tx, { ticketId, projectId });
  const id = automaticMessageId(suggestionId);
  if ((await readSentReply(tx, id)) !== undefined) return undefined;
  const { isOpen, isAnswered } = await readReplyState(tx, ticketId);
  if (isAnswered) return "already_answered";
  if (!isOpen) return "ticket_not_open";
  await insertAutomaticReply(tx, {
    id,
    ticketId,
    userId: reply.userId,
    content: text,
    confidence,
    metadata: { suggestion_id: suggestionId, function_name: functionName, threshold },
    createdAt: reply.now(),
  });
  const delivery: DeliveryNote = { sent: true, messageId: id, threshold };
  const noted = {
    suggestionId,
    projectId,
    functionName,
    ticketId,
    text: reply.stored,
    confidence,
    createdAt: startedAt,
  };
  if (!(await noteAutoSent(tx, { ...noted, metadata: { delivery } }))) throw new SuggestionFinished();
  return undefined;
}
