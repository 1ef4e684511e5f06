import { expect, it, onTestFinished } from "vitest";
import { createDeskStore } from "../../src/desk/desk-store.ts";
import { importSampleDesk, sampleTicketId } from "../../src/desk/sample.ts";
import { sendReply } from "../../src/desk/send-reply.ts";
import { newId } from "../../src/domain/ids.ts";
import { openTestPostgres } from "../support/databases.ts";

// What is only found out while a reply is sent, under the ticket's lock: in the order of docs/agent-functions.md.

const ticketId = sampleTicketId(1026);

async function openDesk() {
  const { db, drop } = await openTestPostgres();
  onTestFinished(drop);
  const store = createDeskStore({ db, projectId: "default" });
  await importSampleDesk(store, { at: new Date() });
  const suggestionId = newId();
  const facts = {
    answered: () => store.postReply({ ticketId, agentId: "jo", text: "On it.", at: new Date() }),
    closed: () => db.query("update tickets set status = 'resolved' where id = $1", [ticketId]),
    waiting: () => db.query("update tickets set status = 'pending' where id = $1", [ticketId]),
    finished: () =>
      db.query(
        "insert into ai_suggestions (id, suggested_response, status) values ($1, 'From elsewhere', 'completed')",
        [suggestionId],
      ),
  };
  const send = () =>
    sendReply(db, {
      suggestionId,
      projectId: "default",
      functionName: "generate-response",
      ticketId,
      userId: "uptake",
      text: "Hello",
      stored: "Hello",
      confidence: 0.9,
      threshold: 0.8,
      startedAt: new Date(),
      now: () => new Date(),
    });
  const sentCount = async (): Promise<number> =>
    (await db.query("select from ticket_messages where message_type = 'auto_suggestion'")).length;
  return { facts, send, sentCount };
}

type Fact = keyof Awaited<ReturnType<typeof openDesk>>["facts"];

it.each<[readonly Fact[], string | undefined]>([
  [[], undefined],
  [["answered"], "already_answered"],
  [["closed"], "ticket_not_open"],
  [["waiting"], "ticket_not_open"],
  [["finished"], "suggestion_finished"],
  [["answered", "closed", "finished"], "already_answered"],
  [["closed", "finished"], "ticket_not_open"],
])("a reply to a ticket that is %j is held back by %s", async (such, reason) => {
  const { facts, send, sentCount } = await openDesk();
  for (const fact of such) await facts[fact]();
  expect(await send()).toBe(reason);
  expect(await sentCount()).toBe(reason === undefined ? 1 : 0);
  // Again, as a run that is repeated does: what has gone out is not sent twice, what was held back stays so.
  expect(await send()).toBe(reason);
  expect(await sentCount()).toBe(reason === undefined ? 1 : 0);
});
