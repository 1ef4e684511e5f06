import * as fc from "fast-check";
import type { Queryable } from "../../src/store/database.ts";
import { internSeries } from "../../src/store/queries/intern-series.ts";
import { rollDeltas } from "../../src/store/queries/roll-deltas.ts";
import { rollReasonDeltas } from "../../src/store/queries/roll-reason-deltas.ts";

/** Ends of months and years, a leap day, and the hours in which clocks are changed in Europe and America. */
const EDGES = [
  "2024-02-29T23:00Z",
  "2026-01-01T00:00Z",
  "2026-03-01T00:00Z",
  "2026-03-29T01:00Z",
  "2026-11-01T06:00Z",
].map((text) => Date.parse(text));

export const HISTORY_FROM = new Date("2024-01-01T00:00:00Z");
export const HISTORY_TO = new Date("2027-01-01T00:00:00Z");

const SLOTS = 12;
const slot = fc.nat(SLOTS - 1);
/** So that suggestions often share a series. */
const mostly = (usual: string, other: string) => fc.constantFrom(...Array<string>(6).fill(usual), other);
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 5 });

/** Exactly on an hour now and then, mostly in the two hours around an edge so that rows share them, or days away. */
export const moment = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: fc.constant(EDGES[0] ?? 0) }, { weight: 3, arbitrary: fc.constantFrom(...EDGES) }),
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(-3_600_000, -1, 0, 3_600_000) },
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_599_999 }) },
      { weight: 2, arbitrary: fc.integer({ min: -3_600_000, max: -1 }) },
      { weight: 1, arbitrary: fc.integer({ min: -90_000_000, max: 90_000_000 }) },
    ),
  )
  .map(([edge, offset]) => new Date(edge + offset).toISOString());

const duration = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 2000 }),
  fc.integer({ min: 0, max: 7_200_000 }),
);

/** The columns that a host may set and change at any time. */
const columns = {
  function_name: orNull(mostly("suggest", "classify")),
  model: orNull(mostly("small", "large")),
  prompt_version: orNull(mostly("1", "2")),
  environment: orNull(mostly("production", "staging")),
  status: fc.constantFrom("pending", "completed", "completed", "error", "accepted", "rejected"),
  created_at: moment,
  shown_at: orNull(moment),
  latency_ms: orNull(duration),
  time_to_first_token_ms: orNull(duration),
  input_tokens: orNull(fc.nat(4000)),
  output_tokens: orNull(fc.nat(900)),
  cost_usd: orNull(fc.nat(90_000).map((micro) => micro / 1e6)),
  // Tenths, since their reals lie beside the limit of a band; and what is no probability.
  confidence_score: orNull(
    fc.oneof(
      fc.nat(10).map((tenths) => tenths / 10),
      fc.nat(1000).map((permille) => permille / 1000),
      fc.constantFrom(-0.5, 1.5),
    ),
  ),
  error_type: orNull(fc.constantFrom("TimeoutError", "RateLimitError", "")),
};

export const suggestion = fc.record({ slot, ...columns });
export type SuggestionSpec = typeof suggestion extends fc.Arbitrary<infer T> ? T : never;

export const event = fc.record({
  slot,
  type: fc.constantFrom("approval", "revision", "rejection"),
  source: fc.constantFrom("explicit", "inferred"),
  created_at: moment,
  reason: fc.constantFrom("too generic", "off-topic", "incorrect info"),
  kept_ratio: orNull(fc.integer({ min: 0, max: 1000 }).map((permille) => permille / 1000)),
  key: orNull(fc.constantFrom("a", "b", "c")),
  order: fc.nat(0xffff),
});
export type EventSpec = typeof event extends fc.Arbitrary<infer T> ? T : never;

const upTo = <T>(max: number, one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: max });

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("insert" as const), rows: upTo(8, suggestion) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("track" as const), rows: upTo(3, suggestion) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("feedback" as const), events: upTo(4, event) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stranger" as const), event }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("finish" as const),
      slots: upTo(3, slot),
      failed: fc.boolean(),
      latencyMs: duration,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("change" as const), slots: upTo(3, slot), to: suggestion }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("touch" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), slots: upTo(2, slot) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("roll" as const),
      interning: fc.boolean(),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What happened to the suggestions of a project, in order. */
export const history = fc.array(step, { minLength: 1, maxLength: 25 });

/** Plays histories into one project, whose ids it makes: `slot` and `order` decide how they sort. */
export function createPlayer(db: Queryable, projectNumber: number) {
  const projectId = `project-${projectNumber}`;
  const prefix = projectNumber.toString(16).padStart(8, "0");
  const deleted = new Set<number>();
  let eventCount = 0;

  const suggestionId = (slot: number): string => `${prefix}-0000-7000-8000-${String(slot).padStart(12, "0")}`;
  const eventId = (order: number): string =>
    `${prefix}-0001-7000-8000-${order.toString(16).padStart(4, "0")}${(eventCount++).toString(16).padStart(8, "0")}`;

  /** A deleted suggestion does not come back under its id. */
  const rowsOf = (specs: readonly SuggestionSpec[]) =>
    [...new Map(specs.map((spec) => [spec.slot, spec])).values()]
      .filter(({ slot }) => !deleted.has(slot))
      .map(({ slot, ...values }) => ({ id: suggestionId(slot), project_id: projectId, ...values }));

  const insert = (specs: readonly SuggestionSpec[], onConflict: string): Promise<unknown> =>
    db.query(
      `insert into ai_suggestions (id, project_id, suggested_response, function_name, model, prompt_version, environment,
         status, created_at, shown_at, latency_ms, time_to_first_token_ms, input_tokens, output_tokens, cost_usd,
         confidence_score, error_type)
       select id, project_id, 'text', function_name, model, prompt_version, environment,
         status, created_at, shown_at, latency_ms, time_to_first_token_ms, input_tokens, output_tokens, cost_usd,
         confidence_score, error_type
       from json_populate_recordset(null::ai_suggestions, $1::json) on conflict (id) ${onConflict}`,
      [JSON.stringify(rowsOf(specs))],
    );

  const feedback = (events: readonly EventSpec[], project = projectId): Promise<unknown> =>
    db.query(
      `insert into ai_feedback_events (id, project_id, suggestion_id, feedback_type, feedback_reason, source, created_at, kept_ratio, idempotency_key)
       select id, project_id, suggestion_id, feedback_type, feedback_reason, source, created_at, kept_ratio, idempotency_key
       from json_populate_recordset(null::ai_feedback_events, $1::json)
       on conflict (project_id, idempotency_key) where idempotency_key is not null do nothing`,
      [
        JSON.stringify(
          events.map(({ slot, order, type, key, reason, ...values }) => ({
            id: eventId(order),
            project_id: project,
            suggestion_id: suggestionId(slot),
            feedback_type: type,
            // An inferred event says no reason.
            feedback_reason: values.source === "explicit" ? reason : null,
            idempotency_key: key === null ? null : `${key}-${slot}`,
            ...values,
          })),
        ),
      ],
    );

  const change = (slots: readonly number[], to: SuggestionSpec): Promise<unknown> =>
    db.query(
      `update ai_suggestions s set (function_name, model, prompt_version, environment, created_at, shown_at, latency_ms, input_tokens, cost_usd, confidence_score, error_type)
         = (select n.function_name, n.model, n.prompt_version, n.environment, n.created_at, n.shown_at, n.latency_ms, n.input_tokens, n.cost_usd, n.confidence_score, n.error_type
            from json_populate_record(null::ai_suggestions, $2::json) n)
       where id = any ($1::uuid[])`,
      [slots.map(suggestionId), JSON.stringify(to)],
    );

  async function play(one: Step): Promise<void> {
    switch (one.kind) {
      case "insert":
        await insert(one.rows, "do nothing");
        break;
      case "track":
        await insert(
          one.rows,
          "do update set status = excluded.status, latency_ms = excluded.latency_ms, model = excluded.model where ai_suggestions.status = 'pending'",
        );
        break;
      case "feedback":
        await feedback(one.events);
        break;
      case "stranger":
        await feedback([one.event], "another project");
        break;
      case "finish":
        await db.query(
          "update ai_suggestions set status = $2, latency_ms = $3 where id = any ($1::uuid[]) and status = 'pending'",
          [one.slots.map(suggestionId), one.failed ? "error" : "completed", one.latencyMs],
        );
        break;
      case "change":
        await change(one.slots, one.to);
        break;
      case "touch":
        await db.query(`update ai_suggestions set metadata = '{"seen": true}' where project_id = $1`, [projectId]);
        break;
      case "delete":
        for (const slot of one.slots) deleted.add(slot);
        await db.query("delete from ai_suggestions where id = any ($1::uuid[])", [one.slots.map(suggestionId)]);
        break;
      case "roll":
        if (one.interning) await internSeries(db);
        await rollDeltas(db, one.limit);
        await rollReasonDeltas(db, one.limit);
        break;
    }
  }
  return { projectId, play, insert: (specs: readonly SuggestionSpec[]) => insert(specs, "do nothing"), feedback };
}
