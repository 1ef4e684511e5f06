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
  readonly confidence: number | null;
  readonly errorType: string | null;
};

type Feedback = {
  readonly id: string;
  readonly suggestionId: string;
  readonly type: "approval" | "revision" | "rejection";
  readonly source: string;
  readonly createdAt: Date;
  readonly keptRatio: number | null;
  readonly reason: string | null;
};

export type Judged = Suggestion & {
  readonly outcome: Feedback["type"] | null;
  readonly deciding: Feedback | null;
  readonly timeToFeedbackMs: number | null;
  readonly keptRatio: number | null;
};

/** Exact figures of one bucket and combination of dimensions, by the same names as in a `MetricsRow`. */
export type PlainRow = {
  readonly key: string;
  readonly exact: Record<string, unknown>;
  readonly means: Means;
  readonly durations: Durations;
};
const HOUR_MS = 3_600_000;
const FINISHED = ["completed", "accepted", "rejected"];

/** Sums of fractions, which floating point adds up in another order to another last digit. */
type Means = Readonly<Record<"keptRatioMean" | "costPerAcceptedUsd", number | null>>;
type Durations = Readonly<Record<"latency" | "timeToFirstToken" | "timeToFeedback", readonly number[]>>;

/** The metrics recomputed plainly from all suggestions and feedback events: no triggers, no contribution, no histogram. */
export async function plainMetrics(db: Queryable, query: MetricsQuery): Promise<PlainRow[]> {
  const groups = new Map<string, Judged[]>();
  for (const judged of await readJudged(db, query.projectId)) {
    const hourMs = Math.floor(judged.createdAt.getTime() / HOUR_MS) * HOUR_MS;
    if (hourMs < query.from.getTime() || hourMs >= query.to.getTime()) continue;
    const key = keyOf(bucketName(new Date(hourMs), query), query.by, plainDimensions(judged));
    groups.set(key, [...(groups.get(key) ?? []), judged]);
  }
  return [...groups].map(([key, group]) => ({ key, ...countUp(group) }));
}

/** All suggestions of a project, with what their feedback events come to. */
export async function readJudged(db: Queryable, projectId: string): Promise<Judged[]> {
  const suggestions = await db.query<Suggestion>(
    `select id, function_name as "functionName", model, prompt_version as "promptVersion", environment,
       created_at as "createdAt", shown_at as "shownAt", status, latency_ms as "latencyMs",
       time_to_first_token_ms as "timeToFirstTokenMs", input_tokens as "inputTokens", output_tokens as "outputTokens",
       cost_usd as "costUsd", confidence_score as confidence, error_type as "errorType"
     from ai_suggestions where project_id = $1`,
    [projectId],
  );
  const events = await db.query<Feedback>(
    `select id, suggestion_id as "suggestionId", feedback_type as type, source, created_at as "createdAt",
       kept_ratio as "keptRatio", feedback_reason as reason
     from ai_feedback_events where project_id = $1`,
    [projectId],
  );
  return suggestions.map((suggestion) =>
    judge(
      suggestion,
      events.filter(({ suggestionId }) => suggestionId === suggestion.id),
    ),
  );
}

/** What makes a row of the metrics comparable with a plain row. */
export const rowKey = (row: MetricsRow, query: MetricsQuery): string =>
  keyOf(bucketName(row.bucketStart, query), query.by, row.dimensions);

function keyOf(bucket: string, by: readonly MetricsDimension[], dimensions: MetricsRow["dimensions"]): string {
  return JSON.stringify([bucket, ...by.toSorted().map((name) => [name, dimensions[name]])]);
}

export const plainDimensions = (suggestion: Suggestion): MetricsRow["dimensions"] => ({
  function: suggestion.functionName,
  model: suggestion.model,
  promptVersion: suggestion.promptVersion,
  environment: suggestion.environment,
  confidenceBand: bandOf(suggestion),
});

/** The confidence of a run that suggested something, if it is a probability. */
export function plainConfidence({ status, confidence }: Suggestion): number | null {
  const isKnown = FINISHED.includes(status) && confidence !== null && confidence >= 0 && confidence <= 1;
  return isKnown ? confidence : null;
}

function bandOf(suggestion: Suggestion): string | null {
  const confidence = plainConfidence(suggestion);
  if (confidence === null) return null;
  const limits = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
  const low = limits.findLast((limit) => limit <= confidence) ?? 0;
  return `${low.toFixed(1)}-${(low + 0.1).toFixed(1)}`;
}

/** The bucket of an hour, by the name a person of the zone would call it; days by the day on which the hour starts. */
function bucketName(hour: Date, { bucket, zone = "UTC" }: MetricsQuery): string {
  if (bucket === "total") return "total";
  if (bucket === "hour") return hour.toISOString();
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(hour);
}

/** The newest explicit event decides, else the newest inferred one; of two at one moment the one with the larger id. */
function judge(suggestion: Suggestion, events: readonly Feedback[]): Judged {
  const oldestFirst = events.toSorted(
    (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
  );
  const deciding = oldestFirst.findLast(({ source }) => source === "explicit") ?? oldestFirst.at(-1);
  const first = oldestFirst[0];
  const startMs = (suggestion.shownAt ?? suggestion.createdAt).getTime();
  const isFinished = FINISHED.includes(suggestion.status);
  const passedMs = first === undefined || !isFinished ? 0 : first.createdAt.getTime() - startMs;
  return {
    ...suggestion,
    outcome: deciding?.type ?? null,
    deciding: deciding ?? null,
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
  const completed = count(({ status }) => FINISHED.includes(status));
  const completedCostKnown = count(({ status, costUsd }) => FINISHED.includes(status) && costUsd !== null);
  const shown = count(({ shownAt }) => shownAt !== null);
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
      errorsByType: tally(group.filter(({ status }) => status === "error").map(({ errorType }) => errorType || null)),
      shownCount: shown,
      decidedCount: decided,
      acceptedCount: accepted,
      revisedCount: revised,
      rejectedCount: rejected,
      expiredCount: 0,
      "successRate.value": ratio(accepted, decided),
      "usableRate.value": ratio(accepted + revised, decided),
      "coverage.value": ratio(
        count(({ shownAt, outcome }) => shownAt !== null && outcome !== null),
        shown,
      ),
      "errorRate.value": ratio(errors, completed + errors),
      latencyMeanMs: ratio(sum(latencies), latencies.length),
      latencyKnownCount: latencies.length,
      keptRatioKnownCount: kept.length,
      inputTokens: withInput === 0 ? null : sum(known(({ inputTokens }) => inputTokens)),
      outputTokens: withOutput === 0 ? null : sum(known(({ outputTokens }) => outputTokens)),
      inputTokensKnownCount: withInput,
      outputTokensKnownCount: withOutput,
      costMicroUsd: costs.length === 0 ? null : sum(costs),
      costKnownCount: costs.length,
      completedCostKnownCount: completedCostKnown,
    },
    means: {
      keptRatioMean: ratio(sum(kept), kept.length),
      costPerAcceptedUsd:
        completedCostKnown === completed && costs.length > 0 ? ratio(sum(costs) / 1e6, accepted) : null,
    },
    durations: {
      latency: latencies,
      timeToFirstToken: known(({ timeToFirstTokenMs }) => timeToFirstTokenMs),
      timeToFeedback: known(({ timeToFeedbackMs }) => timeToFeedbackMs),
    },
  };
}

/** How often each value occurs, as a text that no order changes. */
function tally(values: readonly (string | null)[]): string {
  const counts = new Map<string | null, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => `${JSON.stringify(value)}: ${count}`)
    .toSorted()
    .join(", ");
}
