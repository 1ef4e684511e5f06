import { describe, expect, it } from "vitest";
import { createDeskStore } from "../../src/desk/desk-store.ts";
import { importSampleDesk, loadSampleDesk } from "../../src/desk/sample.ts";
import { isUuid } from "../../src/domain/ids.ts";
import { describeOnPostgres } from "../support/databases.ts";

describe("sample desk", () => {
  const { articles, tickets } = loadSampleDesk();

  it("has at least 30 articles and 40 open tickets, each with an id of its own", () => {
    expect(articles.length).toBeGreaterThanOrEqual(30);
    expect(tickets.filter((ticket) => ticket.status === "open").length).toBeGreaterThanOrEqual(40);
    expect(new Set(articles.map((article) => article.id)).size).toBe(articles.length);
    expect(new Set(tickets.map((ticket) => ticket.number)).size).toBe(tickets.length);
  });

  it("has the shape that its type says", () => {
    for (const { id, title, content } of articles) {
      expect([typeof id, typeof title, typeof content]).toEqual(["string", "string", "string"]);
    }
    for (const ticket of tickets) {
      expect(["low", "medium", "high"]).toContain(ticket.priority);
      expect(ticket.customer).toEqual({
        name: expect.any(String) as unknown,
        email: expect.stringContaining("@") as unknown,
      });
      expect(ticket.messages[0]?.from).toBe("customer");
      for (const message of ticket.messages) {
        expect(["customer", "agent"]).toContain(message.from);
        expect(typeof message.text).toBe("string");
      }
    }
  });

  it("says of every open ticket which articles answer it, all of which exist, and what its agent does", () => {
    const ids = new Set(articles.map((article) => article.id));
    for (const { status, messages, answeredBy = [], agent } of tickets) {
      if (status === "resolved") continue;
      expect(messages.at(-1)?.from).toBe("customer");
      expect(["send", "edit", "reject", "none"]).toContain(agent?.act);
      expect([typeof agent?.reason, typeof agent?.ownReply]).toEqual(["string", "string"]);
      expect(answeredBy.filter((id) => !ids.has(id))).toEqual([]);
      const edited = agent?.act !== "edit" || (agent.addBefore ?? agent.addAfter ?? "") !== "";
      expect(edited).toBe(true);
    }
  });
});

describeOnPostgres("import of the sample desk", (open) => {
  it("happens once, resolved tickets before open ones, and the open ones wait", async () => {
    const db = await open();
    const desk = createDeskStore({ db, projectId: "default" });
    const { articles, tickets } = loadSampleDesk();
    const openTickets = tickets.filter((ticket) => ticket.status === "open");
    const at = new Date("2026-03-01T12:00:00Z");
    expect(await importSampleDesk(desk, { at })).toEqual({ articles: articles.length, tickets: tickets.length });
    expect(await importSampleDesk(desk, { at: new Date() })).toEqual({ articles: 0, tickets: 0 });
    const [order] = await db.query<{ lastResolved: Date; firstOpen: Date; last: Date }>(
      `select max(created_at) filter (where status = 'resolved') as "lastResolved",
         min(created_at) filter (where status = 'open') as "firstOpen", max(created_at) as last from tickets`,
    );
    expect(order?.lastResolved.getTime()).toBeLessThan(order?.firstOpen.getTime() ?? 0);
    expect(order?.last.getTime()).toBeLessThan(at.getTime());
    const waiting = await desk.waitingMessages(1_000);
    expect(waiting).toHaveLength(openTickets.length);
    expect(waiting.every(({ ticketId, messageId }) => isUuid(ticketId) && isUuid(messageId))).toBe(true);
  });
});
