import { beforeEach, describe, expect, it } from "vitest";
import { createDeskStore } from "../../src/desk/desk-store.ts";
import { createKnowledgeIndex } from "../../src/desk/knowledge-index.ts";
import type { TicketRow } from "../../src/desk/queries/insert-tickets.ts";
import { createRetriever } from "../../src/desk/retrieve.ts";
import { namedId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { describeOnPostgres } from "../support/databases.ts";

const thread = { title: "", customerName: null, messages: [{ from: "customer" as const, text: "Reset the reader?" }] };
const ticketId = (name: string) => namedId("retrieve", name);

function ticket(name: string, day: number, reply: string): TicketRow {
  const createdAt = new Date(Date.UTC(2026, 0, day)).toISOString();
  const message = (position: number, userId: string, content: string) => {
    return { id: namedId("retrieve", name, String(position)), userId, content, metadata: {}, position, createdAt };
  };
  return {
    id: ticketId(name),
    number: null,
    title: name,
    status: "closed",
    priority: "low",
    customerId: "c",
    createdAt,
    messages: [message(0, "c", "How do I reset"), message(1, "c", "my reader?"), message(2, "a", reply)],
  };
}

describeOnPostgres("retriever", (open) => {
  let db: Database;
  const desk = () => createDeskStore({ db, projectId: "default" });
  const retriever = () => createRetriever({ db, projectId: "default", now: () => Date.now(), refreshMs: 0 });
  beforeEach(async () => {
    db = await open();
  });

  it("finds articles and past replies, each reply with the whole question it answered", async () => {
    await desk().importArticles([{ id: "reader", title: "Reset the reader", content: "Hold the button." }]);
    await desk().importTickets([ticket("one", 1, "Hold it for ten seconds.")]);
    const found = await retriever().retrieve({ thread, ticketId: ticketId("new") });
    expect(found.articles.map((article) => article.id)).toEqual(["reader"]);
    expect(found.pastReplies).toMatchObject([
      {
        question: "How do I reset\n\nmy reader?",
        reply: "Hold it for ten seconds.",
        score: expect.any(Number) as unknown,
      },
    ]);
  });

  it("never finds the replies of the ticket itself", async () => {
    await desk().importTickets([ticket("one", 1, "Hold it."), ticket("two", 2, "Press it.")]);
    const found = await retriever().retrieve({ thread, ticketId: ticketId("one") });
    expect(found.pastReplies.map((reply) => reply.reply)).toEqual(["Press it."]);
  });

  it("finds for a past conversation only replies of tickets created before it", async () => {
    await desk().importTickets([
      ticket("one", 1, "Hold it."),
      ticket("two", 2, "Press it."),
      ticket("three", 3, "Tap it."),
    ]);
    const before = new Date(Date.UTC(2026, 0, 2));
    const found = await retriever().retrieve({ thread, ticketId: ticketId("two"), before });
    expect(found.pastReplies.map((reply) => reply.reply)).toEqual(["Hold it."]);
  });

  it("sees new replies and changed or removed articles at the next look, each reply once", async () => {
    const seeing = retriever();
    await desk().importArticles([{ id: "reader", title: "Reader", content: "Old text." }]);
    expect((await seeing.retrieve({ thread, ticketId: ticketId("new") })).pastReplies).toEqual([]);
    await desk().importTickets([ticket("one", 1, "Hold it.")]);
    await desk().importArticles([{ id: "reader", title: "Reader", content: "New text." }]);
    const found = await seeing.retrieve({ thread, ticketId: ticketId("new") });
    expect(found.pastReplies).toHaveLength(1);
    expect(found.articles).toMatchObject([{ content: "New text." }]);
    await db.query("delete from kb_articles");
    await desk().importTickets([ticket("two", 2, "Press it.")]);
    const later = await seeing.retrieve({ thread, ticketId: ticketId("new") });
    expect(later.pastReplies.map((reply) => reply.reply).sort()).toEqual(["Hold it.", "Press it."]);
    expect(later.articles).toEqual([]);
  });

  it("knows nothing of another project's desk", async () => {
    const foreign = createDeskStore({ db, projectId: "another" });
    await foreign.importArticles([{ id: "foreign", title: "Reset the reader", content: "Only for them." }]);
    await foreign.importTickets([ticket("theirs", 1, "Only for them.")]);
    await desk().importTickets([ticket("one", 1, "Hold it.")]);
    const { articles, pastReplies } = await retriever().retrieve({ thread, ticketId: ticketId("new") });
    expect(articles).toEqual([]);
    expect(pastReplies.map(({ reply }) => reply)).toEqual(["Hold it."]);
  });

  it("reads a history of several pages", async () => {
    const many = Array.from({ length: 2_500 }, (_, i) => ticket(`t${i}`, 1 + (i % 3), `Answer ${i}.`));
    await desk().importTickets(many);
    const index = retriever();
    await index.refresh();
    const lucky = { ...thread, messages: [{ from: "customer" as const, text: "answer 2499 please" }] };
    expect((await index.retrieve({ thread: lucky, ticketId: ticketId("new") })).pastReplies[0]?.reply).toBe(
      "Answer 2499.",
    );
  });
});

describe("knowledge index", () => {
  it("forgets the oldest replies when it is full", () => {
    const index = createKnowledgeIndex({ maxReplies: 8 });
    const reply = (n: number) => ({
      id: String(n),
      ticketId: ticketId("past"),
      ticketCreatedAt: new Date(n),
      question: `reader${n} blinks`,
      reply: "Hold it.",
    });
    index.addReplies(Array.from({ length: 9 }, (_, n) => reply(n)));
    const ask = (n: number) => {
      const messages = [{ from: "customer" as const, text: `reader${n}` }];
      return index.search({ thread: { ...thread, messages }, ticketId: ticketId("new") }).pastReplies.length;
    };
    expect([0, 1, 2, 3, 8].map(ask)).toEqual([0, 0, 0, 1, 1]);
  });
});
