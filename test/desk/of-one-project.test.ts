import { beforeAll, expect, it } from "vitest";
import { findFunctionOf } from "../../src/desk/queries/find-function-of.ts";
import { insertTickets } from "../../src/desk/queries/insert-tickets.ts";
import { listTickets } from "../../src/desk/queries/list-tickets.ts";
import { lockTicket } from "../../src/desk/queries/lock-ticket.ts";
import { noteAutoSent } from "../../src/desk/queries/note-auto-sent.ts";
import { readArticles } from "../../src/desk/queries/read-articles.ts";
import { readArticlesDigest } from "../../src/desk/queries/read-articles-digest.ts";
import { readDeskMessages } from "../../src/desk/queries/read-desk-messages.ts";
import { readDeskSuggestion } from "../../src/desk/queries/read-desk-suggestion.ts";
import { readNewestClassifications } from "../../src/desk/queries/read-newest-classification.ts";
import { FIRST_REPLY, readPastReplies } from "../../src/desk/queries/read-past-replies.ts";
import { readSuggested } from "../../src/desk/queries/read-suggested.ts";
import { selectThread } from "../../src/desk/queries/read-thread.ts";
import { selectTicket } from "../../src/desk/queries/read-ticket.ts";
import { readWaitingMessages } from "../../src/desk/queries/read-waiting-messages.ts";
import { upsertArticles } from "../../src/desk/queries/upsert-articles.ts";
import { newId } from "../../src/domain/ids.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";

const [waitingId, answeredId] = [newId(), newId()];
const [replyId, classificationId, runningId] = [newId(), newId(), newId()];
const CLASSIFY = "classify-ticket";

/** A desk of the project `mine`: a ticket that waits, one that was answered, an article, and suggestions. */
async function fill(db: Database): Promise<void> {
  const createdAt = "2026-03-02T09:00:00Z";
  const about = {
    number: null,
    title: "Router",
    status: "open" as const,
    priority: "low" as const,
    customerId: "c-1",
    createdAt,
  };
  const message = (userId: string, position: number) => {
    return { id: newId(), userId, content: `Says ${userId}`, metadata: {}, position, createdAt };
  };
  const tickets = [
    { id: waitingId, ...about, messages: [message("c-1", 0)] },
    { id: answeredId, ...about, messages: [message("c-1", 0), message("agent", 1)] },
  ];
  await insertTickets(db, { tickets, projectId: "mine" });
  await upsertArticles(db, { articles: [{ id: "a-1", title: "Router", content: "Restart it." }], projectId: "mine" });
  await db.query(
    `insert into ai_suggestions (id, project_id, function_name, ticket_id, suggested_response, status, metadata)
     values ($1, 'mine', 'reply', $4, 'Hello', 'completed', '{}'), ($2, 'mine', $5, $4, 'Billing', 'completed', '{}'),
       ($3, 'mine', 'generate-response', $4, '', 'pending', '{}')`,
    [replyId, classificationId, runningId, waitingId, CLASSIFY],
  );
}

const page = { limit: 10 };
const sent = {
  suggestionId: runningId,
  functionName: "generate-response",
  ticketId: waitingId,
  text: "x",
  confidence: 1,
};

/** Each statement of the desk that is of a project; what it finds there, and not elsewhere. */
const FOUND: Readonly<Record<string, (db: Queryable, projectId: string) => Promise<unknown>>> = {
  "the function behind a suggestion": (db, projectId) =>
    findFunctionOf(db, { suggestionId: replyId, projectId, ticketId: waitingId }),
  "the tickets that wait": (db, projectId) => listTickets(db, { projectId, queue: "waiting", ...page }),
  "the tickets that are answered": (db, projectId) => listTickets(db, { projectId, queue: "answered", ...page }),
  "all tickets": (db, projectId) => listTickets(db, { projectId, queue: "all", ...page }),
  "a ticket to lock": (db, projectId) => lockTicket(db, { ticketId: waitingId, projectId }),
  articles: (db, projectId) => readArticles(db, projectId),
  "a ticket's messages": (db, projectId) => readDeskMessages(db, { ticketId: waitingId, projectId }),
  "a ticket's suggestion": (db, projectId) => readDeskSuggestion(db, { ticketId: waitingId, projectId }),
  "a ticket's classification": (db, projectId) =>
    readNewestClassifications(db, { ticketId: waitingId, projectId, functionName: CLASSIFY }),
  "past replies": (db, projectId) =>
    readPastReplies(db, { projectId, after: FIRST_REPLY, overlapSeconds: 0, limit: 10 }),
  "a suggestion": (db, projectId) => readSuggested(db, { suggestionId: replyId, projectId }),
  "a thread": (db, projectId) => selectThread(db, { ticketId: waitingId, messageId: null, projectId }),
  "a ticket": (db, projectId) => selectTicket(db, { ticketId: waitingId, projectId }),
  "messages that wait": (db, projectId) => readWaitingMessages(db, { projectId, limit: 10 }),
  "a run to be sent": (db, projectId) => noteAutoSent(db, { ...sent, projectId, metadata: {}, createdAt: new Date() }),
};

const isNothing = (found: unknown): boolean =>
  found === undefined || found === false || (Array.isArray(found) && found.length === 0);

describeEachDatabase("the desk of another project has not", (open) => {
  let db: Database;
  beforeAll(async () => {
    db = await open();
    await fill(db);
  });

  it.each(Object.keys(FOUND))("%s", async (name) => {
    expect(isNothing(await FOUND[name]?.(db, "another"))).toBe(true);
    expect(isNothing(await FOUND[name]?.(db, "mine"))).toBe(false);
  });

  it("its articles' digest, nor may it write them", async () => {
    const digest = await readArticlesDigest(db, "mine");
    expect(await readArticlesDigest(db, "another")).not.toBe(digest);
    const articles = [{ id: "a-1", title: "Taken", content: "over" }];
    expect(await upsertArticles(db, { articles, projectId: "another" })).toBe(0);
    expect(await readArticlesDigest(db, "mine")).toBe(digest);
  });
});
