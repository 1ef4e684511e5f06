import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { newId } from "../../src/domain/ids.ts";
import { assemble, type Parts } from "../../src/server/assemble.ts";
import { createErasureServices } from "../../src/server/erasure-services.ts";
import type { Database } from "../../src/store/database.ts";
import type { Run } from "../../src/track/types.ts";
import { createLogBook, drain, startStandIn } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";

const NAME = "Wilma Planted";
const EMAIL = "wilma@planted.example";
const CUSTOMER = "customer-planted-1";
const PERSON = `${NAME} <${EMAIL}>`;
const signal = new AbortController().signal;

async function dump(db: Database): Promise<string> {
  const tables = await db.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public'",
  );
  const all = tables.map(({ name }) => db.query(`select row_to_json(t)::text as row from "${name}" t`));
  return JSON.stringify(await Promise.all(all));
}

function filesIn(dir: string): string {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => join(dir, name));
  return files
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "latin1"))
    .join("");
}

/** A run that is under way until it is let go on. */
function trackLate({ tracker }: Parts, ticketId: string): () => Promise<unknown> {
  let goOn: () => void = () => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  const late = tracker.track("draft", async (_input: unknown, run: Run) => {
    await gate;
    return run.suggest(`Late, dear ${PERSON}`, { ticketId, systemUserId: CUSTOMER });
  })({ question: PERSON });
  return async () => {
    goOn();
    await late;
    await tracker.flush();
  };
}

async function trackEverywhere({ tracker, feedback }: Parts, ticketId: string): Promise<void> {
  const about = { ticketId, systemUserId: CUSTOMER, metadata: { customerId: CUSTOMER, name: NAME, tags: [EMAIL] } };
  const draft = tracker.track("draft", async (_input: unknown, run: Run) => {
    await run.observe(`look up ${NAME}`, { input: PERSON, metadata: { of: EMAIL } }, () =>
      Promise.resolve({ found: PERSON }),
    );
    await run.generate({ model: "m", messages: [{ content: PERSON }] }, () =>
      Promise.resolve({ choices: [{ message: { content: PERSON } }] }),
    );
    return run.suggest(`Dear ${PERSON}`, about);
  });
  const failing = tracker.track("draft", (_input: unknown, run: Run) => {
    run.annotate({ ticketId: CUSTOMER });
    run.suggest("", about);
    return Promise.reject(new Error(`no such person: ${PERSON}`));
  });
  const { suggestionId } = await draft({ question: PERSON, ticketId });
  await failing({ from: PERSON }).catch(() => {});
  const said = { reason: "too long", comment: PERSON, finalText: `Dear ${PERSON}`, metadata: { to: EMAIL } };
  await feedback.feedback({ suggestionId, type: "revision", idempotencyKey: `${ticketId}-1`, ...said });
  await tracker.flush();
}

async function fillDesk(db: Database): Promise<string> {
  const ticketId = newId();
  await db.query("insert into tickets (id, title, description, customer_id) values ($1, $2, $2, $3)", [
    ticketId,
    PERSON,
    CUSTOMER,
  ]);
  await db.query("insert into ticket_messages (id, ticket_id, user_id, content, position) values ($1, $2, $3, $4, 0)", [
    newId(),
    ticketId,
    CUSTOMER,
    `I am ${PERSON}`,
  ]);
  return ticketId;
}

it("finds a person nowhere after an erasure: database, spool, Langfuse, receipt", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db, url } = opened;
  const spoolDir = mkdtempSync(join(tmpdir(), "uptake-erased-"));
  onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }));
  const { standIn, address } = await startStandIn();
  const code = {
    databaseUrl: url,
    spoolDir,
    durability: "background",
    langfusePublicKey: address.publicKey,
    langfuseSecretKey: address.secretKey,
    langfuseBaseUrl: address.baseUrl,
  };
  const config = readConfig({ code, environment: {} });
  const log = createLogBook();
  const parts = assemble(config, { log: log.log, worker: false });
  onTestFinished(() => parts.close());
  const traces = [NAME, EMAIL, CUSTOMER];
  const foundIn = (text: string): string[] => traces.filter((trace) => text.includes(trace));
  const kept = (): string => JSON.stringify([standIn.currentObservations(), standIn.currentScores()]);

  const ticketId = await fillDesk(db);
  await trackEverywhere(parts, ticketId);
  const { mirror } = parts;
  if (mirror === null) throw new Error("a Langfuse is set");
  await drain(mirror);
  traces.push(ticketId);
  expect(foundIn(await dump(db))).toEqual(traces);
  expect(foundIn(kept())).toEqual(traces);

  // A dead letter quotes what Langfuse said of it; a run began before the erasure and ends after it.
  await db.query(
    `insert into langfuse_outbox (kind, ref, dead_at, last_error)
     select 'feedback', id, now(), $1 from ai_feedback_events`,
    [`400 ${PERSON}`],
  );
  const end = trackLate(parts, ticketId);

  const services = createErasureServices(config, () => parts);
  const subject = { kind: "customer", id: CUSTOMER } as const;
  expect(await services.preview(subject)).toMatchObject({ counts: { suggestionCount: 2, ticketCount: 1 } });
  const receipt = await services.erase(subject, { by: "the test", waitMs: 1, signal });
  expect(receipt).toMatchObject({
    counts: { suggestionCount: 2, traceCount: 2, feedbackCount: 1, ticketCount: 1, ticketMessageCount: 1 },
    places: { database: { state: "done" }, spool: { state: "done" }, langfuse: { state: "pending" } },
  });
  expect.soft(foundIn(JSON.stringify(receipt)), "receipt").toEqual([]);
  expect.soft(foundIn(await dump(db)), "database").toEqual([]);
  expect.soft(foundIn(filesIn(spoolDir)), "spool").toEqual([]);
  expect.soft(foundIn(kept()), "Langfuse").toEqual([]);
  expect.soft(foundIn(JSON.stringify(log.lines)), "logs").toEqual([]);
  // What was under way when it was erased comes late and brings nothing back.
  await end();
  expect.soft(await db.query("select from ai_suggestions"), "its row, emptied").toHaveLength(3);
  expect.soft(foundIn(await dump(db)), "database, later").toEqual([]);
  await drain(mirror);
  expect.soft(foundIn(kept()), "Langfuse, later").toEqual([]);
}, 120_000);
