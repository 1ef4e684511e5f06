import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createUptake } from "../../src/index.ts";
import { importSampleDesk, sampleMessageId, sampleTicketId } from "../../src/desk/sample.ts";
import { newId } from "../../src/domain/ids.ts";
import { createApp } from "../../src/http/app.ts";
import { openTo } from "../../src/http/caller.ts";
import { functionRoutes } from "../../src/http/routes/functions.ts";
import { createFunctionServices } from "../../src/server/function-services.ts";
import { assemblePendingWorker } from "../../src/server/pending-worker.ts";
import { createApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { fakeServices } from "../http/fake-services.ts";
import { startServing } from "../http/serving.ts";
import { createLogBook } from "../mirror/set-up.ts";
import { deskScript, SCRIPTED_MODEL, startScriptedModel } from "../models/scripted-model.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { openDeskProgram } from "./open-desk-program.ts";

// The limit itself is tested beside it; here, that whatever asks a model asks for it first.

const SPENT = "model_budget_spent";
const of = { ticketId: sampleTicketId(1026), messageId: sampleMessageId(1026, 0) };

/** A day on which a project has spent more than its limit of five dollars. */
async function spend(db: Database, projectId: string): Promise<void> {
  await db.query(
    `insert into ai_suggestions (project_id, function_name, suggested_response, status, cost_usd)
     values ($1, 'reply', 'x', 'completed', 6)`,
    [projectId],
  );
}

async function openPostgres() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened;
}

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "uptake-budget-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

async function openService(project: string) {
  const { db, url } = await openPostgres();
  const scripted = await startScriptedModel(deskScript({ text: "Scripted.", confidence: 0.7 }));
  const environment = {
    DATABASE_URL: url,
    UPTAKE_SPOOL_DIR: join(newFolder(), "spool"),
    UPTAKE_MODEL_DAILY_LIMIT_USD: "5",
    UPTAKE_RUN_PENDING: "generate-message-suggestion",
    OPENAI_BASE_URL: scripted.baseUrl,
    UPTAKE_MODEL: SCRIPTED_MODEL,
  };
  const book = createLogBook();
  const { config, parts, desk } = await openDeskProgram(environment, book.log);
  await importSampleDesk(desk.store, { at: new Date() });
  await db.query("update tickets set project_id = $1", [project]);
  await spend(db, project);
  const app = createApp({
    services: fakeServices(),
    admission: { authenticate: openTo(project), admit: () => Promise.resolve() },
    log: book.log,
    now: Date.now,
    routes: functionRoutes(createFunctionServices(parts, desk, config), book.log),
  });
  const ask = async () => {
    const body = JSON.stringify({ message_id: of.messageId, ticket_id: of.ticketId });
    const headers = { "content-type": "application/json" };
    const path = "/functions/v1/generate-message-suggestion";
    const response = await app.request(path, { method: "POST", headers, body });
    return { status: response.status, retryAfter: response.headers.get("retry-after"), text: await response.text() };
  };
  /** The first call asks what was spent, beside itself. */
  const isKnown = (): Promise<void> =>
    eventually("it is known what was spent", () => book.named("model.budget_spent").length === 1);
  return { db, parts, desk, config, book, scripted, ask, isKnown };
}

describe("a model budget that is spent", () => {
  it.each(["default", "other"])("refuses the service's agent functions of project %s with 429", async (project) => {
    const { ask, isKnown, scripted } = await openService(project);
    expect(await ask()).toMatchObject({ status: 200 });
    await isKnown();
    const askedCount = scripted.asked.length;
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, text: expect.stringContaining(SPENT) as unknown });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    expect(Number(refused.retryAfter)).toBeLessThanOrEqual(86_400);
    expect(scripted.asked).toHaveLength(askedCount);
  });

  it("ends a pending row, and asks no model for it", async () => {
    const { db, parts, desk, config, book, ask, isKnown, scripted } = await openService("default");
    await ask();
    await isKnown();
    const askedCount = scripted.asked.length;
    const id = newId();
    await db.query(
      `insert into ai_suggestions (id, ticket_id, message_id, suggested_response, status, function_name)
       values ($1, $2, $3, 'Processing...', 'pending', 'generate-message-suggestion')`,
      [id, of.ticketId, of.messageId],
    );
    const worker = assemblePendingWorker(parts, desk, config, book.log);
    onTestFinished(() => worker.stop());
    worker.start();
    const row = async () => (await db.query("select status, error_message from ai_suggestions where id = $1", [id]))[0];
    await expect.poll(row, { timeout: 20_000 }).toMatchObject({
      status: "error",
      error_message: expect.stringContaining("UPTAKE_MODEL_DAILY_LIMIT_USD") as unknown,
    });
    expect(scripted.asked).toHaveLength(askedCount);
  });

  it("is asked for through a server as well", async () => {
    const { db, url: databaseUrl } = await openPostgres();
    await spend(db, "default");
    const { publicKey, secretKey } = await createApiKey(db, {
      projectId: "default",
      scopes: ["write", "read"],
      name: "t",
    });
    const { url } = await startServing(databaseUrl, {});
    for (const name of ["UPTAKE_URL", "UPTAKE_KEY", "DATABASE_URL"]) vi.stubEnv(name, undefined);
    vi.stubEnv("UPTAKE_MODEL_DAILY_LIMIT_USD", "5");
    onTestFinished(() => void vi.unstubAllEnvs());
    const book = createLogBook();
    const { log } = book;
    const uptake = createUptake({ url, key: `${publicKey}:${secretKey}`, log, spoolDir: join(newFolder(), "spool") });
    onTestFinished(() => uptake.close());
    await uptake.start();
    const reply = uptake.track("reply", async (_: string, run) =>
      run.suggest(await run.generate({ model: "m" }, async () => "hello")),
    );
    await reply("a");
    await expect.poll(() => book.named("model.budget_spent"), { timeout: 20_000 }).toHaveLength(1);
    await expect(reply("b")).rejects.toMatchObject({ code: SPENT });
  });
});
