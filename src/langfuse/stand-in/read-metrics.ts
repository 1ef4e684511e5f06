import type { Context } from "hono";
import { z } from "zod";
import type { StandInContext } from "./context.ts";
import type { StandInStore } from "./store.ts";

const VIEWS = ["observations", "scores-numeric", "scores-categorical", "scores-boolean"] as const;
const dateTime = z.iso.datetime({ offset: true });

const querySchema = z.object({
  view: z.enum(VIEWS),
  dimensions: z
    .array(z.object({ field: z.enum(["name", "environment", "type", "stringValue", "booleanValue"]) }))
    .default([]),
  metrics: z
    .array(
      z.object({
        measure: z.enum(["count", "value", "totalCost", "latency"]),
        aggregation: z.enum(["count", "sum", "avg"]),
      }),
    )
    .min(1),
  filters: z.array(z.unknown()).max(0, "the stand-in Langfuse knows no metric filters").default([]),
  timeDimension: z.object({ granularity: z.enum(["hour", "day"]) }).nullish(),
  fromTimestamp: dateTime,
  toTimestamp: dateTime,
});
type Query = z.infer<typeof querySchema>;

/** One row of a view: when, its dimensions and its measures. */
type Fact = {
  readonly at: string;
  readonly dimensions: Readonly<Record<string, string | null>>;
  readonly measures: Readonly<Record<string, number | null>>;
};

/**
 * `GET /v2/metrics` in the little that a test or the demo asks: count, sum and average by name, environment, type or
 * value, in total or by hour or day. Rows that came twice count twice, as in Langfuse. Anything else is answered 501.
 */
export function readMetrics(c: Context<StandInContext>, store: StandInStore): Response {
  const parsed = querySchema.safeParse(parseJson(c.req.query("query") ?? ""));
  if (!parsed.success) {
    return c.json(
      { message: "the stand-in Langfuse does not know this metrics query", error: parsed.error.issues },
      501,
    );
  }
  const query = parsed.data;
  const from = Date.parse(query.fromTimestamp);
  const to = Date.parse(query.toTimestamp);
  const groups = new Map<string, { key: Record<string, string | null>; facts: Fact[] }>();
  for (const fact of factsOf(query.view, store)) {
    const at = Date.parse(fact.at);
    if (at < from || at >= to) continue;
    const key = keyOf(fact, query);
    const name = JSON.stringify(key);
    const group = groups.get(name) ?? { key, facts: [] };
    group.facts.push(fact);
    groups.set(name, group);
  }
  return c.json({ data: [...groups.values()].map(({ key, facts }) => ({ ...key, ...aggregate(facts, query) })) });
}

function factsOf(view: Query["view"], store: StandInStore): Fact[] {
  if (view === "observations") {
    return store.currentObservations().map((row) => ({
      at: row.startTime,
      dimensions: { name: row.name, environment: row.environment, type: row.type },
      measures: {
        totalCost: row.totalCost,
        latency: row.endTime === null ? null : Date.parse(row.endTime) - Date.parse(row.startTime),
      },
    }));
  }
  const types = {
    "scores-numeric": ["NUMERIC", "BOOLEAN"],
    "scores-categorical": ["CATEGORICAL"],
    "scores-boolean": ["BOOLEAN"],
  };
  const scores = store.currentScores().filter((score) => types[view].includes(score.dataType));
  return scores.map((score) => {
    const value = typeof score.value === "number" ? score.value : null;
    const values = { stringValue: value === null ? String(score.value) : null, booleanValue: String(value === 1) };
    return {
      at: score.timestamp,
      dimensions: { name: score.name, environment: score.environment, ...values },
      measures: { value },
    };
  });
}

function keyOf(fact: Fact, query: Query): Record<string, string | null> {
  const key: Record<string, string | null> = {};
  for (const { field } of query.dimensions) key[field] = fact.dimensions[field] ?? null;
  const granularity = query.timeDimension?.granularity;
  if (granularity === undefined) return key;
  return {
    ...key,
    time_dimension: granularity === "day" ? fact.at.slice(0, 10) : `${fact.at.slice(0, 13)}:00:00.000Z`,
  };
}

function aggregate(facts: readonly Fact[], query: Query): Record<string, number | null> {
  const entries = query.metrics.map(({ measure, aggregation }): [string, number | null] => {
    const name = `${aggregation}_${measure}`;
    if (measure === "count") return [name, facts.length];
    const values = facts.map((fact) => fact.measures[measure]).filter((value) => typeof value === "number");
    const sum = values.reduce((total, value) => total + value, 0);
    if (aggregation === "count") return [name, values.length];
    if (aggregation === "sum") return [name, sum];
    return [name, values.length === 0 ? null : sum / values.length];
  });
  return Object.fromEntries(entries);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
