import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { createDeskStore } from "../../src/desk/desk-store.ts";
import { importSampleDesk, sampleMessageId, sampleTicketId } from "../../src/desk/sample.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { openServices } from "../../src/server.ts";
import { createApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

type State = { readonly functionName: string; readonly status: string; readonly model: string | null };

const statesOf = (db: Database) =>
  db.query<State>(`select function_name as "functionName", status, model from ai_suggestions order by function_name`);

/** A desk with a pending row of each of two agent functions. */
async function deskWithPending() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db, url } = opened;
  const scratch = mkdtempSync(join(tmpdir(), "uptake-long-running-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  await importSampleDesk(createDeskStore({ db, projectId: "default" }), { at: new Date() });
  for (const name of ["classify-ticket", "generate-message-suggestion"]) {
    await db.query(
      `insert into ai_suggestions (ticket_id, message_id, suggested_response, confidence_score, function_name)
       values ($1, $2, 'Processing...', 0, $3)`,
      [sampleTicketId(1026), sampleMessageId(1026, 0), name],
    );
  }
  const servicesWith = async (environment: Record<string, string>) => {
    const config = readConfig({
      environment: { DATABASE_URL: url, UPTAKE_SPOOL_DIR: join(scratch, "spool"), ...environment },
    });
    const services = await openServices(config, { log: silentLogger });
    onTestFinished(() => services.close());
    return services;
  };
  return { db, servicesWith };
}

it("a worker runs the pending rows of the agent functions that are named, and of no other", async () => {
  const { db, servicesWith } = await deskWithPending();
  const services = await servicesWith({ UPTAKE_RUN_PENDING: "classify-ticket" });
  const worker = await services.startWorker({ port: null });
  await eventually(
    "one is answered",
    async () => (await statesOf(db)).some(({ status }) => status === "completed"),
    20_000,
  );
  await worker.stop();
  expect(await statesOf(db)).toEqual([
    { functionName: "classify-ticket", status: "completed", model: "uptake-retrieval" },
    { functionName: "generate-message-suggestion", status: "pending", model: null },
  ]);
});

it.each(["127.0.0.1", "127.0.0.2", "::1", "0:0:0:0:0:0:0:1", "::", "localhost"])(
  "the service is asked under the address that it says, listening on %s",
  async (host) => {
    const { db, servicesWith } = await deskWithPending();
    await createApiKey(db, { projectId: "default", scopes: ["read"], name: "" });
    const { url } = await (await servicesWith({})).serve({ port: 0, host });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  },
);

it("the service has the agent functions, runs pending rows where told to, and describes its routes", async () => {
  const { db, servicesWith } = await deskWithPending();
  const services = await servicesWith({ UPTAKE_RUN_PENDING: "generate-message-suggestion" });
  const service = await services.serve({ port: 0, host: "127.0.0.1" });
  const { url } = service;
  const answered = await fetch(`${url}/functions/v1/classify-ticket`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ticket: { id: sampleTicketId(1050) } }),
  });
  expect(await answered.json()).toMatchObject({ status: "completed", category: "payments" });
  await eventually(
    "the pending row is answered",
    async () =>
      (await statesOf(db)).some(
        ({ functionName, status }) => functionName === "generate-message-suggestion" && status === "completed",
      ),
    20_000,
  );
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { readonly paths: Record<string, unknown> };
  expect(Object.keys(document.paths).filter((path) => path.startsWith("/functions/"))).toHaveLength(4);
  await service.stop();
});
