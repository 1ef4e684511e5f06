import { onTestFinished } from "vitest";
import { createAgentFunctions, runPendingRow } from "../../../src/desk/agent-functions.ts";
import { createHeldRecorder } from "../../../src/desk/pending/held-recorder.ts";
import { createPendingMeters } from "../../../src/desk/pending/pending-meters.ts";
import { createPendingWorker, type PendingWorkerDeps } from "../../../src/desk/pending/pending-worker.ts";
import { importSampleDesk, sampleMessageId, sampleTicketId } from "../../../src/desk/sample.ts";
import { noInstruments } from "../../../src/domain/instruments.ts";
import { newId } from "../../../src/domain/ids.ts";
import type { Database } from "../../../src/store/database.ts";
import { createTracker } from "../../../src/track/tracker.ts";
import { createLogBook } from "../../mirror/set-up.ts";
import { type Script, startScriptedModel } from "../../models/scripted-model.ts";
import { openDesk, PROJECT, type RigOptions } from "../desk-rig.ts";

export const SAMPLE = 1026;
export const OF_SAMPLE = { ticketId: sampleTicketId(SAMPLE), messageId: sampleMessageId(SAMPLE, 0) };

/** A desk whose pending rows are run by as many workers as are started. */
export async function pendingDesk(db: Database, script: Script, options: RigOptions = {}) {
  const scripted = await startScriptedModel(script);
  const rig = await openDesk(db, scripted.model, options);
  onTestFinished(() => rig.close());
  await importSampleDesk(rig.desk, { at: new Date() });
  const book = createLogBook();

  function startWorker(over: Partial<PendingWorkerDeps> = {}) {
    const held = createHeldRecorder(rig.recorder);
    const about = { projectId: PROJECT, environment: null, release: null, now: Date.now, log: book.log };
    const tracker = createTracker({ recorder: held.recorder, ...about });
    const functions = createAgentFunctions({ ...rig.ofDesk, tracker });
    const worker = createPendingWorker({
      db,
      log: book.log,
      projectId: PROJECT,
      functions: ["generate-message-suggestion", "generate-response", "classify-ticket"],
      run: (row, given) => runPendingRow(functions, row, given),
      held,
      recorder: rig.recorder,
      meters: createPendingMeters(noInstruments),
      concurrency: 4,
      timeoutMs: 10_000,
      random: () => 0,
      now: Date.now,
      pollMs: 10,
      leaseMs: 5_000,
      retries: { maxAttempts: 3, baseMs: 20, capMs: 100 },
      ...over,
    });
    worker.start();
    onTestFinished(() => worker.stop());
    return worker;
  }
  return { ...rig, scripted, book, startWorker };
}

type PendingValues = { functionName?: string | null; ticketId?: string; messageId?: string | null; text?: string };

/** A row as the host's front end or trigger inserts it. */
export async function insertPending(db: Database, over: PendingValues = {}): Promise<string> {
  const id = newId();
  await db.query(
    `insert into ai_suggestions (id, ticket_id, message_id, suggested_response, confidence_score, status, function_name, metadata)
     values ($1, $2, $3, $4, 0, 'pending', $5, '{"host": true}')`,
    [
      id,
      over.ticketId ?? OF_SAMPLE.ticketId,
      over.messageId === undefined ? OF_SAMPLE.messageId : over.messageId,
      over.text ?? "Processing...",
      over.functionName === undefined ? null : over.functionName,
    ],
  );
  return id;
}

export type PendingState = {
  readonly id: string;
  readonly status: string;
  readonly outcome: string;
  readonly functionName: string | null;
  readonly text: string;
  readonly confidence: number | null;
  readonly model: string | null;
  readonly promptName: string | null;
  readonly inputTokens: number | null;
  readonly latencyMs: number | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly traceCount: number;
  readonly claimCount: number;
  readonly outboxCount: number;
};

export const statesOf = (db: Database): Promise<readonly PendingState[]> =>
  db.query<PendingState>(
    `select id, status, outcome, function_name as "functionName", suggested_response as text, confidence_score as confidence, model,
       prompt_name as "promptName", input_tokens as "inputTokens", latency_ms as "latencyMs", error_type as "errorType",
       error_message as "errorMessage", metadata,
       (select count(*)::integer from ai_traces t where t.suggestion_id = s.id) as "traceCount",
       (select count(*)::integer from ai_pending_claims c where c.suggestion_id = s.id) as "claimCount",
       (select count(*)::integer from langfuse_outbox o where o.kind = 'trace' and o.ref = s.id) as "outboxCount"
     from ai_suggestions s order by created_at, id`,
  );

export const allFinished = async (db: Database): Promise<boolean> =>
  (await statesOf(db)).every(({ status, claimCount }) => status !== "pending" && claimCount === 0);
