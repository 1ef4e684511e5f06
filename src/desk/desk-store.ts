import { invalidInput, UptakeError } from "../domain/errors.ts";
import { newId } from "../domain/ids.ts";
import { requireText } from "../domain/text.ts";
import type { Database, Queryable } from "../store/database.ts";
import { appendMessage } from "./queries/append-message.ts";
import { insertTickets } from "./queries/insert-tickets.ts";
import type { TicketRow } from "./queries/insert-tickets.ts";
import { lockTicket } from "./queries/lock-ticket.ts";
import { selectThread, type ThreadRow } from "./queries/read-thread.ts";
import { selectTicket } from "./queries/read-ticket.ts";
import { readWaitingMessages } from "./queries/read-waiting-messages.ts";
import type { WaitingMessage } from "./queries/read-waiting-messages.ts";
import { upsertArticles } from "./queries/upsert-articles.ts";
import type { ArticleRow } from "./queries/upsert-articles.ts";

const BATCH = 200;
const MAX_TITLE_CHARS = 500;

/** A ticket as it stood when one of its messages had just been written. */
export type Thread = {
  readonly ticketId: string;
  readonly title: string;
  readonly ticketCreatedAt: Date;
  /** As the customer's messages carry it in their metadata; null is unknown. */
  readonly customerName: string | null;
  /** Imported from a file of past conversations: its knowledge ends where the conversation began. */
  readonly imported: boolean;
  readonly messages: readonly { readonly id: string; readonly from: "customer" | "agent"; readonly text: string }[];
};

/** A ticket as a whole. */
export type OpenTicket = {
  readonly thread: Thread;
  /** Somebody, or something, has replied to the customer already. */
  readonly isAnswered: boolean;
};

export type DeskStore = {
  /** Writes articles by id, in batches; resolves to how many were new or changed. */
  importArticles(articles: readonly ArticleRow[]): Promise<number>;
  /** Writes the tickets that are not there yet, in batches; resolves to how many were new. */
  importTickets(tickets: readonly TicketRow[]): Promise<number>;
  /** The thread up to and including a message; throws `not_found` that names the id. */
  readThread(ticketId: string, messageId: string): Promise<Thread>;
  /**
   * A ticket with all of its messages; title and description may be given where the host has them at hand. A ticket without
   * messages reads as if its description were the first. Throws `not_found`, and `invalid_input` where there is no text at all.
   */
  readTicket(ticket: {
    readonly id: string;
    readonly title?: string | undefined;
    readonly description?: string | undefined;
  }): Promise<OpenTicket>;
  /** Customers' messages that wait for an answer, oldest ticket first. */
  waitingMessages(limit: number): Promise<readonly WaitingMessage[]>;
  /** Adds an agent's reply to a ticket; resolves to the message's id. Throws `not_found`, `invalid_input`. */
  postReply(reply: { ticketId: string; agentId: string; text: string; at: Date; messageId?: string }): Promise<string>;
};

/** The support desk's tables for one project. */
export function createDeskStore({ db, projectId }: { db: Database; projectId: string }): DeskStore {
  return {
    async importArticles(articles) {
      articles.forEach((article, i) => {
        requireText(article.id, `articles[${i}].id`, MAX_TITLE_CHARS);
        requireText(article.title, `articles[${i}].title`, MAX_TITLE_CHARS);
        requireText(article.content, `articles[${i}].content`);
      });
      return inBatches(articles, (batch) => upsertArticles(db, { articles: batch, projectId }));
    },
    async importTickets(tickets) {
      tickets.forEach((ticket, i) => {
        checkTicket(ticket, `tickets[${i}]`);
      });
      return inBatches(tickets, async (batch) => (await insertTickets(db, { tickets: batch, projectId })).length);
    },
    readThread: (ticketId, messageId) => readThread(db, { ticketId, messageId, projectId }),
    readTicket: (ticket) => readTicket(db, ticket, projectId),
    waitingMessages: (limit) => readWaitingMessages(db, { projectId, limit }),
    async postReply({ ticketId, agentId, text, at, messageId = newId() }) {
      requireText(text, "reply.text");
      requireText(agentId, "reply.agentId", MAX_TITLE_CHARS);
      return db.transaction(async (tx) => {
        if (!(await lockTicket(tx, { ticketId, projectId }))) throw unknownTicket(ticketId);
        await appendMessage(tx, { id: messageId, ticketId, userId: agentId, content: text, createdAt: at });
        return messageId;
      });
    },
  };
}

async function inBatches<Row>(
  rows: readonly Row[],
  write: (batch: readonly Row[]) => Promise<number>,
): Promise<number> {
  let written = 0;
  for (let from = 0; from < rows.length; from += BATCH) written += await write(rows.slice(from, from + BATCH));
  return written;
}

function checkTicket(ticket: TicketRow, place: string): void {
  requireText(ticket.title, `${place}.title`, MAX_TITLE_CHARS);
  requireText(ticket.customerId, `${place}.customerId`, MAX_TITLE_CHARS);
  ticket.messages.forEach((message, i) => {
    requireText(message.userId, `${place}.messages[${i}].userId`, MAX_TITLE_CHARS);
    // A message may be blank, such as a photo alone; what Postgres cannot hold, it may not.
    if (message.content.trim() !== "") requireText(message.content, `${place}.messages[${i}].content`);
  });
}

async function readThread(
  db: Queryable,
  at: { ticketId: string; messageId: string; projectId: string },
): Promise<Thread> {
  const rows = await selectThread(db, at);
  const [first] = rows;
  if (first === undefined) throw unknownTicket(at.ticketId);
  if (first.messageId === null) {
    throw new UptakeError("not_found", `message ${at.messageId} is not one of ticket ${at.ticketId}; check both ids`, {
      facts: { ticketId: at.ticketId, messageId: at.messageId },
    });
  }
  return threadOf(at.ticketId, first, rows);
}

async function readTicket(
  db: Queryable,
  given: Parameters<DeskStore["readTicket"]>[0],
  projectId: string,
): Promise<OpenTicket> {
  const ticketId = given.id;
  const ticket = await selectTicket(db, { ticketId, projectId });
  const rows = await selectThread(db, { ticketId, messageId: null, projectId });
  const [first] = rows;
  if (ticket === undefined || first === undefined) throw unknownTicket(ticketId);
  const stored = threadOf(ticketId, first, rows);
  const title = given.title ?? stored.title;
  const description = (given.description ?? ticket.description ?? "").trim();
  if (stored.messages.length === 0 && description === "" && title.trim() === "") {
    throw invalidInput(
      "ticket",
      `ticket ${ticketId} has no message, no description and no title; there is nothing to read yet`,
    );
  }
  const written =
    stored.messages.length > 0 ? stored.messages : [{ id: ticketId, from: "customer" as const, text: description }];
  return {
    thread: { ...stored, title, messages: written },
    isAnswered: stored.messages.some(({ from }) => from === "agent"),
  };
}

function threadOf(ticketId: string, first: ThreadRow, rows: readonly ThreadRow[]): Thread {
  const messages = rows.filter((row) => row.messageId !== null);
  const names = messages.flatMap((row) => (row.fromCustomer === true ? [row.metadata?.["authorName"]] : []));
  return {
    ticketId,
    title: first.title,
    ticketCreatedAt: first.ticketCreatedAt,
    customerName: names.findLast((name) => typeof name === "string") ?? null,
    imported: messages.some((row) => row.metadata?.["imported"] === true),
    messages: messages.map((row) => ({
      id: row.messageId ?? "",
      from: row.fromCustomer === true ? "customer" : "agent",
      text: row.content ?? "",
    })),
  };
}

export function unknownTicket(ticketId: string): UptakeError {
  return new UptakeError("not_found", `ticket ${ticketId} does not exist in this project; check the id`, {
    facts: { ticketId },
  });
}
