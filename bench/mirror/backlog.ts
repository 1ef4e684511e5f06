import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { claimMessages } from "../../src/store/queries/claim-messages.ts";
import { readMirrorStatus } from "../../src/store/queries/read-mirror-status.ts";
import type { Receiver, Worker } from "./children.ts";
import { rssMbOf } from "./cpu.ts";

const FILLED_AT_ONCE = 50_000;
const CLAIMED = 200;
const SAMPLE_MS = 500;

/** A UUID of version 7 for the parameter `i`, so that rows lie in the order of their ids, as those of the tracker do. */
const uuid = (kind: string): string =>
  `(lpad(to_hex(1772355600000 + i), 12, '0') || '7${kind}008000' || lpad(to_hex(i), 12, '0'))::uuid`;

/**
 * Rows of a host's own, small, and a message for each: half suggestions, half feedback on them. Without the triggers,
 * since an insert of so many at once is not what they are made for.
 */
export async function fillBacklog(db: Database, messageCount: number): Promise<void> {
  const tables = ["ai_suggestions", "ai_feedback_events"];
  await db.query(`truncate langfuse_outbox, langfuse_deliveries, ai_traces, ${tables.join(", ")}`);
  for (const table of tables) await db.query(`alter table ${table} disable trigger user`);
  for (let from = 1; from <= messageCount / 2; from += FILLED_AT_ONCE) {
    const range = [from, Math.min(from + FILLED_AT_ONCE - 1, messageCount / 2)];
    await db.query(
      `insert into ai_suggestions (id, suggested_response, status, function_name)
       select ${uuid("0")}, 'Reply ' || i, 'completed', 'reply' from generate_series($1::bigint, $2::bigint) i`,
      range,
    );
    await db.query(
      `insert into ai_feedback_events (id, suggestion_id, feedback_type)
       select ${uuid("1")}, ${uuid("0")}, 'approval' from generate_series($1::bigint, $2::bigint) i`,
      range,
    );
    await db.query(
      `insert into langfuse_outbox (kind, ref)
       select kind, ref from generate_series($1::bigint, $2::bigint) i
       cross join lateral (values ('trace', ${uuid("0")}), ('feedback', ${uuid("1")})) message (kind, ref)`,
      range,
    );
  }
  for (const table of tables) await db.query(`alter table ${table} enable trigger user`);
  await db.query("analyze");
}

async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** How long a claim takes now; it is undone. */
export async function timeClaim(db: Database): Promise<number> {
  let tookMs = Number.NaN;
  const undo = new Error("undo");
  const claimed = db.transaction(async (tx) => {
    tookMs = await timeMs(() => claimMessages(tx, { limit: CLAIMED, leaseMs: 60_000, token: newId() }));
    throw undo;
  });
  await claimed.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
  return tookMs;
}

/** What `uptake mirror status` asks the database. */
export const timeStatus = (db: Database): Promise<number> => timeMs(() => readMirrorStatus(db));

export type Sample = {
  readonly atMs: number;
  readonly rssMb: number;
  readonly claimMs: number;
  readonly spanCount: number;
};

/** Lets the worker deliver for so long; samples on the way. */
export async function sampleWorker(
  { db, sink, worker }: { db: Database; sink: Receiver; worker: Worker },
  seconds: number,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const [claimMs, { spanCount }] = [await timeClaim(db), await sink.report()];
    samples.push({ atMs: performance.now(), rssMb: rssMbOf(worker.pid), claimMs, spanCount });
    await sleep(SAMPLE_MS);
  }
  return samples;
}
