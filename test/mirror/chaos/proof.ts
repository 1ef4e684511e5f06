import { readFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { feedbackObservationIdOf, scoreIdOf } from "../../../src/domain/ids.ts";
import type { Database } from "../../../src/store/database.ts";
import { createStandInLangfuse, type StandInLangfuse } from "../../../src/testing.ts";
import { readLedger, readOutbox } from "../set-up.ts";

type Taken = { readonly url: string; readonly headers: Record<string, string>; readonly body: string };

/** A stand-in that has been sent everything that the killed ones had taken, in order. */
export async function everythingTaken(file: string): Promise<StandInLangfuse> {
  const standIn = createStandInLangfuse();
  onTestFinished(() => standIn.close());
  const { baseUrl } = await standIn.start();
  for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
    const { url, headers, body } = JSON.parse(line) as Taken;
    await (await fetch(baseUrl + url, { method: "POST", headers, body: Buffer.from(body, "base64") })).text();
  }
  return standIn;
}

/** One committed row, and by which ids Langfuse must have it, said here without the mirror's own mapping. */
type Committed = {
  readonly kind: "trace" | "feedback";
  readonly ref: string;
  readonly traceId: string;
  readonly spanIds: readonly string[];
  readonly scoreIds: readonly string[];
};

async function readCommitted(db: Database): Promise<Committed[]> {
  const traces = await db.query<{ ref: string; traceId: string; spanIds: string[] }>(
    `select s.id as ref, s.trace_id as "traceId",
       array(select o ->> 'id' from jsonb_array_elements(t.observations) o) as "spanIds"
     from ai_suggestions s left join ai_traces t on t.suggestion_id = s.id`,
  );
  const feedback = await db.query<{ id: string; traceId: string; scores: string[] }>(
    `select f.id, s.trace_id as "traceId", array_remove(array['feedback', 'accepted',
       case when f.feedback_reason is not null then 'feedback-reason' end,
       case when f.kept_ratio is not null then 'kept-ratio' end,
       case when f.created_at > coalesce(s.shown_at, s.created_at) then 'time-to-feedback' end,
       case when f.feedback_type = 'revision' then 'output' end], null) as scores
     from ai_feedback_events f left join ai_suggestions s on s.id = f.suggestion_id`,
  );
  return [
    ...traces.map((row): Committed => ({ kind: "trace", ...row, scoreIds: [] })),
    ...feedback.map(({ id, traceId, scores }): Committed => ({
      kind: "feedback",
      ref: id,
      traceId,
      spanIds: [feedbackObservationIdOf(id)],
      scoreIds: scores.map((name) => scoreIdOf(id, name)),
    })),
  ];
}

const spansOf = (row: Committed): string[] => row.spanIds.map((id) => `${row.traceId}:${id}`);
const lineOf = (kind: string, ref: string, ids: readonly string[]): string => `${kind} ${ref} ${ids.toSorted().join()}`;

/** Everything that is in Postgres is once in Langfuse, and in the ledger by the same ids; nothing waits, nothing is dead. */
export async function expectCommittedOnce(db: Database, standIn: StandInLangfuse): Promise<void> {
  const committed = await readCommitted(db);
  expect(await readOutbox(db)).toEqual([]);
  const spans = standIn.observations().map((row) => `${row.traceId}:${row.id}`);
  expect(unequal(spans, committed.flatMap(spansOf))).toEqual({ missing: [], tooMany: [] });
  const scores = standIn.scores().map(({ id }) => id);
  const scoreIds = committed.flatMap((row) => row.scoreIds);
  expect(unequal(scores, scoreIds)).toEqual({ missing: [], tooMany: [] });
  const ledger = (await readLedger(db)).map((line) => lineOf(line.kind, line.ref, line.langfuseIds));
  const lines = committed.map((row) => lineOf(row.kind, row.ref, [...row.spanIds, ...row.scoreIds]));
  expect(unequal(ledger, lines)).toEqual({ missing: [], tooMany: [] });
}

/** What is not there, and what is there once too often: of thousands, only these are worth printing. */
export function unequal(
  actual: readonly string[],
  expected: readonly string[],
): { readonly missing: readonly string[]; readonly tooMany: readonly string[] } {
  const left = new Map<string, number>();
  for (const id of expected) left.set(id, (left.get(id) ?? 0) + 1);
  const tooMany: string[] = [];
  for (const id of actual) {
    const count = left.get(id) ?? 0;
    if (count === 0) tooMany.push(id);
    else left.set(id, count - 1);
  }
  return { missing: [...left].filter(([, count]) => count > 0).map(([id]) => id), tooMany };
}
