import type { MetricsQuery } from "../../src/metrics/metrics-query.ts";
import type { MetricsDimension } from "../../src/domain/metrics-request.ts";
import type { MetricsRow } from "../../src/metrics/metrics-row.ts";
import type { Queryable } from "../../src/store/database.ts";

/** A suggestion as it lies in its table; nothing that our triggers write is read. */
type Suggestion = {
  readonly id: string;
  readonly functionName: string | null;
  readonly model: string | null;
  readonly promptVersion: string | null;
  readonly environment: string | null;
  readonly createdAt: Date;
  readonly shownAt: Date | null;
  readonly status: string;
  readonly latencyMs: number | null;
  readonly timeToFirstTokenMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
};

type Feedback = {
  readonly id: string;
  readonly suggestionId: string;
  readonly type: "approval" | "revision" | "rejection";
  readonly source: string;
  readonly createdAt: Date;
  readonly keptRatio: number | null;
};

type Judged = Suggestion & {
  readonly outcome: Feedback["type"] | null;
  readonly timeToFeedbackMs: number | null;
  readonly keptRatio: number | null;
};

/** Exact figures of one bucket and combination of dimensions, by the same names as in a `MetricsRow`. */
export type PlainRow = { readonly key: string; readonly exact: Record<string, unknown>; readonly durations: Durations };
type Durations = Readonly<Record<"latency" | "timeToFirstToken" | "timeToFeedback", readonly number[]>>;

/** The metrics recomputed plainly from all suggestions and feedback events: no triggers, no contribution, no histogram. */
export async function plainMetrics(db: Queryable, query: MetricsQuery): Promise<PlainRow[]> {
  const suggestions = await db.query<Suggestion>(
    `select id, function_name as "functionName", model, prompt_version as "promptVersion", environment,
       created_at as "createdAt", shown_at as "shownAt", status, latency_ms as "latencyMs",
       time_to_first_token_ms as "timeToFirstTokenMs", input_tokens as "inputTokens", output_tokens as "outputTokens",
       cost_usd as "costUsd"
     from ai_suggestions where project_id = $1`,
    [query.projectId],
  );
  const events = await db.query<Feedback>(
    `select id, suggestion_id as "suggestionId", feedback_type as type, source, created_at as "createdAt",
       kept_ratio as "keptRatio"
     from ai_feedback_events where project_id = $1`,
    [query.projectId],
  );
  const groups = new Map<string, Judged[]>();
  for (const suggestion of suggestions) {
    const hourMs = Math.floor(suggestion.createdAt.getTime() / 3_600_000) * 3_600_000;
    if (hourMs < query.from.getTime() || hourMs >= query.to.getTime()) continue;
    const judged = judge(
      suggestion,
      events.filter(({ suggestionId }) => suggestionId === suggestion.id),
    );
    const key = keyOf(bucketOf(suggestion.createdAt, query), query.by, dimensionsOf(suggestion));
    groups.set(key, [...(groups.get(key) ?? []), judged]);
  }
  return [...groups].map(([key, group]) => ({ key, ...countUp(group) }));
}

/** What makes a row of the metrics comparable with a plain row. */
export const rowKey = (row: MetricsRow, by: readonly MetricsDimension[]): string =>
  keyOf(row.bucketStart, by, row.dimensions);

function keyOf(bucket: Date, by: readonly MetricsDimension[], dimensions: MetricsRow["dimensions"]): string {
  return JSON.stringify([bucket, ...by.toSorted().map((name) => [name, dimensions[name]])]);
}

const dimensionsOf = (suggestion: Suggestion) => ({
  function: suggestion.functionName,
  model: suggestion.model,
  promptVersion: suggestion.promptVersion,
  environment: suggestion.environment,
});

function bucketOf(createdAt: Date, { bucket, from }: MetricsQuery): Date {
  if (bucket === "total") return from;
  return new Date(
    `${createdAt.toISOString().slice(0, bucket === "day" ? 10 : 13)}${bucket === "day" ? "T00" : ""}:00:00Z`,
  );
}

/** The newest explicit event decides, else the newest inferred one; of two at one moment the one with the larger id. */
function judge(suggestion: Suggestion, events: readonly Feedback[]): Judged {
  const oldestFirst = events.toSorted(
    (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
  );
  const deciding = oldestFirst.findLast(({ source }) => source === "explicit") ?? oldestFirst.at(-1);
  const first = oldestFirst[0];
  const startMs = (suggestion.shownAt ?? suggestion.createdAt).getTime();
  const passedMs = first === undefined ? 0 : first.createdAt.getTime() - startMs;
  return {
    ...suggestion,
    outcome: deciding?.type ?? null,
    timeToFeedbackMs: passedMs > 0 ? passedMs : null,
    keptRatio: oldestFirst.findLast(({ keptRatio }) => keptRatio !== null)?.keptRatio ?? null,
  };
}

function countUp(group: readonly Judged[]): Omit<PlainRow, "key"> {
  const count = (test: (one: Judged) => boolean): number => group.filter(test).length;
  const known = (value: (one: Judged) => number | null): number[] => group.map(value).filter((one) => one !== null);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const ratio = (above: number, below: number): number | null => (below === 0 ? null : above / below);

  const accepted = count(({ outcome }) => outcome === "approval");
  const revised = count(({ outcome }) => outcome === "revision");
  const rejected = count(({ outcome }) => outcome === "rejection");
  const decided = accepted + revised + rejected;
  const errors = count(({ status }) => status === "error");
  const completed = count(({ status }) => ["completed", "accepted", "rejected"].includes(status));
  const costs = known(({ costUsd }) => costUsd).map((cost) => Math.round(cost * 1e6));
  const kept = known(({ keptRatio }) => keptRatio);
  const latencies = known(({ latencyMs }) => latencyMs);
  const withInput = count(({ inputTokens }) => inputTokens !== null);
  const withOutput = count(({ outputTokens }) => outputTokens !== null);
  return {
    exact: {
      suggestionCount: group.length,
      completedCount: completed,
      errorCount: errors,
      shownCount: count(({ shownAt }) => shownAt !== null),
      decidedCount: decided,
      acceptedCount: accepted,
      revisedCount: revised,
      rejectedCount: rejected,
      expiredCount: 0,
      "successRate.value": ratio(accepted, decided),
      "usableRate.value": ratio(accepted + revised, decided),
      "errorRate.value": ratio(errors, completed + errors),
      latencyMeanMs: ratio(sum(latencies), latencies.length),
      latencyKnownCount: latencies.length,
      keptRatioPpm: kept.length === 0 ? null : Math.round((sum(kept) / kept.length) * 1e5),
      keptRatioKnownCount: kept.length,
      inputTokens: withInput === 0 ? null : sum(known(({ inputTokens }) => inputTokens)),
      outputTokens: withOutput === 0 ? null : sum(known(({ outputTokens }) => outputTokens)),
      inputTokensKnownCount: withInput,
      outputTokensKnownCount: withOutput,
      costMicroUsd: costs.length === 0 ? null : sum(costs),
      costKnownCount: costs.length,
    },
    durations: {
      latency: latencies,
      timeToFirstToken: known(({ timeToFirstTokenMs }) => timeToFirstTokenMs),
      timeToFeedback: known(({ timeToFeedbackMs }) => timeToFeedbackMs),
    },
  };
}
