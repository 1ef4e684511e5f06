import { beforeEach, describe, expect, it } from "vitest";
import { createDeskStore } from "../../src/desk/desk-store.ts";
import type { TicketRow } from "../../src/desk/queries/insert-tickets.ts";
import { namedId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";

const createdAt = "2026-01-02T03:04:05.000Z";
const ticketId = namedId("test-ticket");
const messageId = (position: number) => namedId("test-message", String(position));
const message = (position: number, userId: string, content: string, metadata = {}) => ({
  id: messageId(position),
  userId,
  content,
  metadata,
  position,
  createdAt,
});
const ticket: TicketRow = {
  id: ticketId,
  number: null,
  title: "Reader",
  status: "open",
  priority: "high",
  customerId: "ana@shop.example",
  createdAt,
  messages: [
    message(0, "ana@shop.example", "It blinks.", { authorName: "Ana Silva" }),
    message(1, "ines", "Which colour?"),
    message(2, "ana@shop.example", "Red."),
  ],
};

describeEachDatabase("desk store", (open) => {
  let db: Database;
  const desk = () => createDeskStore({ db, projectId: "default" });
  beforeEach(async () => {
    db = await open();
  });

  it("imports tickets once, however often they come", async () => {
    expect(await desk().importTickets([ticket])).toBe(1);
    expect(await desk().importTickets([ticket, { ...ticket, id: namedId("other"), messages: [] }])).toBe(1);
    const [row] = await db.query<{ n: number }>("select count(*) as n from ticket_messages");
    expect(row?.n).toBe(3);
  });

  it("imports more tickets than one batch holds, and keeps given numbers", async () => {
    const many = Array.from({ length: 450 }, (_, i) => {
      return { ...ticket, id: namedId("many", String(i)), number: 5_000 + i, messages: [] };
    });
    expect(await desk().importTickets(many)).toBe(450);
    const [row] = await db.query<{ max: number }>("select max(ticket_number) as max from tickets");
    expect(row?.max).toBe(5_449);
  });

  it("imports articles by id and counts only what is new or changed", async () => {
    const articles = [
      { id: "a", title: "A", content: "one" },
      { id: "b", title: "B", content: "two" },
    ];
    expect(await desk().importArticles(articles)).toBe(2);
    expect(await desk().importArticles([...articles.slice(0, 1), { id: "b", title: "B", content: "new" }])).toBe(1);
  });

  it("reads a thread up to the message asked for, and no further", async () => {
    await desk().importTickets([ticket]);
    const thread = await desk().readThread(ticketId, messageId(1));
    expect(thread).toMatchObject({
      title: "Reader",
      customerName: "Ana Silva",
      imported: false,
      messages: [
        { from: "customer", text: "It blinks." },
        { from: "agent", text: "Which colour?" },
      ],
    });
  });

  it("names the ticket or message that it does not know, also one of another project", async () => {
    await desk().importTickets([ticket]);
    const unknown = namedId("nobody");
    await expect(desk().readThread(unknown, messageId(0))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(`ticket ${unknown}`) as unknown,
    });
    await expect(desk().readThread(ticketId, unknown)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(`message ${unknown}`) as unknown,
    });
    const elsewhere = createDeskStore({ db, projectId: "elsewhere" });
    await expect(elsewhere.readThread(ticketId, messageId(0))).rejects.toMatchObject({ code: "not_found" });
  });

  it("lists what waits for an answer, until a reply is posted", async () => {
    await desk().importTickets([ticket]);
    expect(await desk().waitingMessages(10)).toEqual([{ ticketId, messageId: messageId(2) }]);
    await desk().postReply({ ticketId, agentId: "ines", text: "Charge it.", at: new Date() });
    expect(await desk().waitingMessages(10)).toEqual([]);
  });

  it("numbers replies posted at the same moment one after the other, and takes the same id once", async () => {
    await desk().importTickets([ticket]);
    const reply = { ticketId, agentId: "ines", text: "Charge it.", at: new Date() };
    await Promise.all(Array.from({ length: 8 }, () => desk().postReply(reply)));
    const id = namedId("reply");
    await desk().postReply({ ...reply, messageId: id });
    await desk().postReply({ ...reply, messageId: id });
    const rows = await db.query<{ position: number }>("select position from ticket_messages order by position");
    expect(rows.map((row) => row.position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("refuses what Postgres cannot hold before anything is written", async () => {
    const bad = { ...ticket, messages: [message(0, "ana@shop.example", "a\0b")] };
    await expect(desk().importTickets([ticket, bad])).rejects.toThrow(/tickets\[1\]\.messages\[0\]\.content.*NUL/);
    expect(await db.query("select id from tickets")).toEqual([]);
    const blank = { ticketId, agentId: "ines", text: " ", at: new Date() };
    await expect(desk().postReply(blank)).rejects.toThrow(/reply\.text.*empty/);
    await expect(
      desk().postReply({ ticketId: namedId("nobody"), agentId: "ines", text: "Hi", at: new Date() }),
    ).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("a ticket's message", () => {
  it("may be blank, such as a photo alone", async () => {
    const silent = { query: async () => [] };
    // Cast: the check runs before the database is asked, and only `query` is used.
    const db = silent as unknown as Database;
    const blank = { ...ticket, messages: [message(0, "ana@shop.example", "")] };
    await expect(createDeskStore({ db, projectId: "default" }).importTickets([blank])).resolves.toBe(0);
  });
});
