import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createDeskServices } from "../../src/server/desk-services.ts";
import { createLogBook, drain, startStandIn } from "../mirror/set-up.ts";
import { openDeskProgram } from "../server/open-desk-program.ts";
import { openTestPostgres } from "../support/databases.ts";
import { dump, foundIn, secret } from "./plants.ts";

const project = "default";
/** The application's own data, which it needs as the customer wrote it. */
const OWN_TABLES = ["tickets", "ticket_messages", "kb_articles"];

async function openRig() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const scratch = mkdtempSync(join(tmpdir(), "uptake-planted-desk-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const { standIn, address } = await startStandIn();
  const environment = {
    DATABASE_URL: opened.url,
    UPTAKE_SPOOL_DIR: join(scratch, "spool"),
    UPTAKE_CONTENT: "masked",
    UPTAKE_AUTO_SEND: "generate-response=0.01",
    LANGFUSE_PUBLIC_KEY: address.publicKey,
    LANGFUSE_SECRET_KEY: address.secretKey,
    LANGFUSE_BASE_URL: address.baseUrl,
  };
  const log = createLogBook();
  const { config, parts, desk } = await openDeskProgram(environment, log.log);
  const services = createDeskServices(parts, desk, config);
  const sentOut = (): string => JSON.stringify([standIn.observations(), standIn.scores()]);
  return { ...opened, parts, desk, services, log, sentOut };
}

/** Keeps every version of a suggestion's text: a row that is finished later must be masked from its first moment on. */
const REMEMBER = `
  create table every_text (text text);
  create function remember() returns trigger language plpgsql as
    $$ begin insert into every_text values (new.suggested_response); return new; end $$;
  create trigger remember before insert or update on ai_suggestions for each row execute function remember();
`;

/** A ticket of a customer who writes what they should not. */
async function plantTicket({ desk }: Awaited<ReturnType<typeof openRig>>): Promise<string> {
  const id = newId();
  const createdAt = new Date(Date.now() - 60_000).toISOString();
  const message = (position: number) => ({
    id: newId(),
    userId: "customer",
    content: `Where is my invoice? ${secret()}`,
    metadata: { from: secret() },
    position,
    createdAt,
  });
  const ticket = { number: null, title: `invoice ${secret()}`, status: "open", priority: "low" } as const;
  const messages = [message(0), message(1)];
  await desk.store.importTickets([{ ...ticket, id, customerId: "customer", createdAt, messages }]);
  return id;
}

it("keeps a ticket as its customer wrote it, and masks all that goes from it into suggestions, traces and Langfuse", async () => {
  const rig = await openRig();
  const { db, desk, services, parts, log } = rig;
  await db.query(REMEMBER);
  await desk.store.importArticles([{ id: "A-1", title: "Where is my invoice?", content: `Ask ${secret()} for it.` }]);
  const [ticketId, answered] = [await plantTicket(rig), await plantTicket(rig)];

  const suggested = await services.suggest(project, ticketId, "jo");
  expect(suggested.status).toBe("completed");
  const { suggestionId } = suggested;
  const text = `Dear customer, ${secret()}`;
  await services.reply(project, ticketId, { messageId: newId(), text, agentId: "jo", suggestionId });
  const classified = await services.classify(project, ticketId);
  const decision = {
    suggestionId: classified.suggestionId,
    priority: "high",
    agentId: "jo",
    comment: secret(),
  } as const;
  await services.decide(project, ticketId, decision);
  const { delivery } = await desk.respond({ ticket: { id: answered } });
  expect(delivery).toMatchObject({ sent: true });
  await parts.tracker.flush();

  expect(foundIn(JSON.stringify(await db.query("select content from ticket_messages")))).not.toEqual([]);
  expect(await db.query("select from ai_suggestions where position('[email]' in suggested_response) > 0")).not.toEqual(
    [],
  );
  const stored = await dump(db, OWN_TABLES);
  expect(stored).toContain("[email]");
  expect.soft(foundIn(stored), "database but for the desk").toEqual([]);
  const { mirror } = parts;
  if (mirror === null) throw new Error("a Langfuse is set");
  await drain(mirror);
  expect(rig.sentOut()).toContain("[email]");
  expect.soft(foundIn(rig.sentOut()), "Langfuse").toEqual([]);
  expect.soft(foundIn(JSON.stringify(log.lines)), "logs").toEqual([]);
}, 120_000);
