import { expect, it, onTestFinished } from "vitest";
import { sweepPendingClaims } from "../../../src/store/queries/sweep-pending-claims.ts";
import { openTestPostgres } from "../../support/databases.ts";
import { built, startChild } from "../../support/child.ts";
import { eventually } from "../../support/eventually.ts";
import { deskScript, SCRIPTED_MODEL } from "../../models/scripted-model.ts";
import { PROJECT } from "../desk-rig.ts";
import { insertPending, pendingDesk, statesOf } from "./pending-rig.ts";

const ROWS = 12;
const LEASE_MS = 1_000;

/** A worker in a process of its own, over the built program. */
const workerScript = (url: string, baseUrl: string): string => `
  import { createAgentFunctions, runPendingRow } from "${built("desk/agent-functions.js")}";
  import { createHeldRecorder } from "${built("desk/pending/held-recorder.js")}";
  import { createPendingMeters } from "${built("desk/pending/pending-meters.js")}";
  import { createPendingWorker } from "${built("desk/pending/pending-worker.js")}";
  import { createRetriever } from "${built("desk/retrieve.js")}";
  import { noInstruments } from "${built("domain/instruments.js")}";
  import { silentLogger as log } from "${built("domain/logger.js")}";
  import { createModel } from "${built("models/openai-model.js")}";
  import { openPostgres } from "${built("store/postgres.js")}";
  import { insertSuggestions } from "${built("store/queries/insert-suggestions.js")}";
  import { createGroupCommit } from "${built("track/group-commit.js")}";
  import { createTracker } from "${built("track/tracker.js")}";
  const projectId = "${PROJECT}", now = Date.now;
  const db = await openPostgres({ url: "${url}", maxConnections: 4 });
  const recorder = createGroupCommit({ write: (records) => insertSuggestions(db, records), log });
  const held = createHeldRecorder(recorder);
  const tracker = createTracker({ recorder: held.recorder, projectId, environment: null, release: null, now, log });
  const model = createModel({ baseUrl: "${baseUrl}", apiKey: "none", model: "${SCRIPTED_MODEL}", timeoutMs: 20000 });
  const retriever = createRetriever({ db, projectId, now });
  const functions = createAgentFunctions({ tracker, db, model, retriever, projectId, now, sendAbove: 0.8 });
  createPendingWorker({
    db, log, projectId, functions: ["generate-message-suggestion", "generate-response"], held, recorder,
    run: (row, options) => runPendingRow(functions, row, options), meters: createPendingMeters(noInstruments),
    concurrency: 3, timeoutMs: 20000, random: Math.random, now, pollMs: 20, leaseMs: ${LEASE_MS},
    retries: { maxAttempts: 20, baseMs: 20, capMs: 100 },
  }).start();
  setInterval(() => {}, 60_000);
  console.log("started");
`;

it("a worker that is killed is followed by another: each row completed once, each reply sent once, one trace an id", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db, url } = opened;
  let held: (() => void)[] = [];
  let isHolding = true;
  const desk = await pendingDesk(
    db,
    async (asked, index) => {
      // Every other question is answered at once, so that a worker dies before, while and after it writes.
      if (isHolding && index % 2 === 0) await new Promise<void>((resolve) => held.push(resolve));
      return deskScript()(asked, index);
    },
    { sendAbove: 0.8 },
  );
  const openTickets = await db.query<{ id: string }>(
    `select t.id from tickets t join ticket_messages m on m.ticket_id = t.id
     where t.status = 'open' and t.ticket_number < 1090 group by t.id having count(*) = 1 order by t.ticket_number limit $1`,
    [ROWS],
  );
  for (const { id } of openTickets) {
    await insertPending(db);
    await insertPending(db, { functionName: "generate-response", ticketId: id, messageId: null });
  }

  for (let life = 0; life < 4; life += 1) {
    const askedBefore = desk.scripted.asked.length;
    const child = startChild(workerScript(url, desk.scripted.baseUrl));
    expect(await child.line()).toBe("started");
    await eventually("it is in the middle of something", () => desk.scripted.asked.length >= askedBefore + 3, 20_000);
    child.kill("SIGKILL");
    await child.ended;
    for (const release of held) release();
    held = [];
  }
  const noneIsPending = async () => (await statesOf(db)).every(({ status }) => status !== "pending");
  const doneByTheKilled = (await statesOf(db)).filter(({ status }) => status !== "pending").length;
  expect(doneByTheKilled).toBeLessThan(openTickets.length * 2);
  isHolding = false;
  for (const release of held) release();
  desk.startWorker({ leaseMs: LEASE_MS, retries: { maxAttempts: 20, baseMs: 20, capMs: 100 } });
  await eventually("all rows are finished", noneIsPending, 30_000);

  const states = await statesOf(db);
  const ofRows = states.filter(({ functionName }) => functionName !== "classify-ticket");
  expect(ofRows).toHaveLength(openTickets.length * 2);
  for (const state of states) expect(state).toMatchObject({ status: "completed", traceCount: 1, outboxCount: 1 });
  const messages = await db.query<{ ticket_id: string; n: number }>(
    "select ticket_id, count(*)::integer as n from ticket_messages where message_type = 'auto_suggestion' group by 1",
  );
  expect(messages.map(({ n }) => n)).toEqual(Array(openTickets.length).fill(1));
  const [wrong] = await db.query<{ n: number }>(
    `select count(*)::integer as n from ai_suggestions s
     left join ticket_messages m on m.metadata ->> 'suggestion_id' = s.id::text
     where s.function_name = 'generate-response'
       and (s.outcome <> 'auto_sent' or m.content is distinct from s.suggested_response)`,
  );
  expect(wrong?.n).toBe(0);
  // Who dies between completing a row and letting go of it leaves the claim, to be swept after its lease.
  await eventually("no claim is left", async () => {
    await sweepPendingClaims(db);
    return (await db.query("select from ai_pending_claims")).length === 0;
  });
}, 120_000);
