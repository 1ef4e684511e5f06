import { setTimeout as sleep } from "node:timers/promises";
import { isObservationId } from "../domain/ids.ts";
import type { Logger } from "../domain/logger.ts";
import type { MirrorFinding, ReconcileReport, TimeRange } from "../domain/mirror-report.ts";
import { asItIs, type Privacy } from "../domain/privacy.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import { MAX_SCORE_IDS, type ReadBackRow } from "../langfuse/read-back-rows.ts";
import type { Database } from "../store/database.ts";
import { countDeliveries } from "../store/queries/count-deliveries.ts";
import { type DeliveryLine, readDeliveries } from "../store/queries/read-deliveries.ts";
import { createCircuit } from "./circuit.ts";
import { compareDelivery, isMissingAny } from "./compare.ts";
import { type ExpectedDelivery, keyOf, readExpected } from "./expected-rows.ts";
import type { Mirror } from "./mirror.ts";
import { createPatientReads, type PatientReads } from "./patient-reads.ts";
import { createRepair, type Repair } from "./repair.ts";

/** Lines of the ledger in memory at once, with what their rows map to. */
const PAGE_SIZE = 100;
/** Requests to Langfuse at once. */
const READERS = 4;
const READ_BACK_OFF = { baseMs: 500, capMs: 30_000 };
const VISIBILITY_DELAY_MS = 15_000;

export type ReconcileDeps = {
  readonly db: Database;
  readonly langfuse: LangfuseClient;
  /** Delivers what `repair` puts back into the outbox. */
  readonly mirror: Mirror;
  readonly log: Logger;
  /** As the mirror has it; else everything masked would look different. */
  readonly privacy?: Privacy;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** How long Langfuse may take to show what it has accepted; 15 s by default. */
  readonly visibilityDelayMs?: number;
};

export type ReconcileRequest = {
  /** By the time of delivery. */
  readonly range: TimeRange;
  /** Puts back into the outbox what has something missing, and waits for it to be delivered. */
  readonly repair: boolean;
  readonly onFinding: (finding: MirrorFinding) => void;
  readonly onProgress: (done: number, total: number | null) => void;
  /** Ends it early, with `interrupted`. */
  readonly signal: AbortSignal;
};

type Counts = Record<"checked" | "missing" | "doubled" | "different" | "gone", number>;

type Job = Required<ReconcileDeps> &
  ReconcileRequest & { readonly reads: PatientReads; readonly repairing: Repair | null; readonly counts: Counts };

/**
 * Compares the ledger with Langfuse, a page of lines at a time and by exact ids. Throws `mirror_failed` when Langfuse
 * cannot be read; what was found until then has been told to `onFinding`.
 */
export async function reconcile(deps: ReconcileDeps, request: ReconcileRequest): Promise<ReconcileReport> {
  const { signal, repair } = request;
  const giveUp = (): void => deps.langfuse.giveUp();
  signal.addEventListener("abort", giveUp);
  const circuit = createCircuit({ ...READ_BACK_OFF, now: deps.now, random: deps.random });
  const job: Job = {
    visibilityDelayMs: VISIBILITY_DELAY_MS,
    privacy: asItIs,
    ...deps,
    ...request,
    reads: createPatientReads({ circuit, log: deps.log, signal }),
    repairing: repair ? createRepair(deps, signal) : null,
    counts: { checked: 0, missing: 0, doubled: 0, different: 0, gone: 0 },
  };
  try {
    await checkAll(job);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return reportOf(job);
}

function reportOf({ counts, repairing, signal }: Job): ReconcileReport {
  return {
    checkedCount: counts.checked,
    missingCount: counts.missing,
    doubledCount: counts.doubled,
    differentCount: counts.different,
    goneCount: counts.gone,
    requeuedCount: repairing?.counts.requeued ?? 0,
    mendedCount: repairing?.counts.mended ?? 0,
    unmendedCount: repairing?.counts.unmended ?? 0,
    interrupted: signal.aborted,
  };
}

async function checkAll(job: Job): Promise<void> {
  const { db, range, signal, onProgress, counts } = job;
  const total = await countDeliveries(db, range);
  let after: DeliveryLine | undefined;
  for (;;) {
    signal.throwIfAborted();
    const lines = await readDeliveries(db, range, { after, limit: PAGE_SIZE });
    if (lines.length === 0) return;
    await checkPage(job, lines);
    counts.checked += lines.length;
    onProgress(counts.checked, Math.max(total, counts.checked));
    after = lines.at(-1);
  }
}

async function checkPage(job: Job, lines: readonly DeliveryLine[]): Promise<void> {
  const expected = await readExpected(job.db, lines, job.privacy);
  let findings = await findingsOf(job, expected);
  const young = expected.filter(
    ({ line }) => isMissingAny(findings.get(keyOf(line)) ?? []) && ageMs(job, line) < job.visibilityDelayMs,
  );
  if (young.length > 0) {
    // Langfuse has taken it and may not show it yet: that is no finding before the delay is over.
    const youngest = Math.min(...young.map(({ line }) => ageMs(job, line)));
    await sleep(job.visibilityDelayMs - youngest, undefined, { signal: job.signal });
    findings = new Map([...findings, ...(await findingsOf(job, young))]);
  }
  for (const finding of [...findings.values()].flat()) {
    job.counts[finding.problem] += 1;
    job.onFinding(finding);
  }
  const broken = expected.filter(({ line }) => isMissingAny(findings.get(keyOf(line)) ?? []));
  const sendable = broken.filter(({ isSendable }) => isSendable);
  job.counts.gone += broken.length - sendable.length;
  await job.repairing?.mend(sendable.map(({ line }) => line));
}

const ageMs = (job: Job, line: DeliveryLine): number => Math.max(0, job.now() - line.deliveredAt.getTime());

type Findings = Map<string, MirrorFinding[]>;

/**
 * One request a trace and one for every {@link MAX_SCORE_IDS} scores, some side by side. A feedback event has both:
 * scores by their ids, and an observation in its trace.
 */
async function findingsOf(job: Job, expected: readonly ExpectedDelivery[]): Promise<Findings> {
  const traces = expected.filter(({ line }) => line.kind === "trace");
  const feedback = expected.filter(({ line }) => line.kind === "feedback");
  const findings: Findings = new Map();
  await sideBySide(traces, async (delivery) => {
    const rows = await job.reads.read(() => job.langfuse.readObservations(delivery.line.traceId));
    findings.set(keyOf(delivery.line), compareDelivery(delivery, rows));
  });
  const rows = await rowsOfFeedback(job, feedback);
  for (const delivery of feedback) findings.set(keyOf(delivery.line), compareDelivery(delivery, rows));
  return findings;
}

async function rowsOfFeedback(job: Job, feedback: readonly ExpectedDelivery[]): Promise<ReadBackRow[]> {
  const rows: ReadBackRow[] = [];
  const ids = new Set(feedback.flatMap(({ items }) => [...items.keys()]));
  const scoreIds = [...ids].filter((id) => !isObservationId(id));
  await sideBySide(chunksOf(scoreIds, MAX_SCORE_IDS), async (chunk) => {
    rows.push(...(await job.reads.read(() => job.langfuse.readScores(chunk))));
  });
  const traceIds = [...new Set(feedback.map(({ line }) => line.traceId))];
  await sideBySide(traceIds, async (traceId) => {
    const observations = await job.reads.read(() => job.langfuse.readObservations(traceId));
    rows.push(...observations.filter(({ id }) => ids.has(id)));
  });
  return rows;
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}

/** Ends with the first failure; the others then take nothing more. */
async function sideBySide<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: READERS }, worker));
}
