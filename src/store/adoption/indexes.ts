import type { Queryable } from "../database.ts";
import type { SchemaObject } from "./objects.ts";

/** An index that our triggers need on a host's table, made without holding up its writers. Its name is ours alone. */
export type NeededIndex = {
  readonly table: string;
  readonly name: string;
  readonly leads: string;
  readonly sql: string;
};

/** Over columns that the host has: made first, so that no trigger ever has to look through a whole table. */
export const HOST_INDEXES: readonly NeededIndex[] = [
  {
    table: "ai_suggestions",
    name: "uptake_suggestions_ticket",
    leads: "ticket_id",
    sql: "create index concurrently uptake_suggestions_ticket on ai_suggestions (ticket_id, created_at desc) where ticket_id is not null",
  },
  {
    table: "ai_suggestions",
    name: "uptake_suggestions_created",
    leads: "created_at",
    sql: "create index concurrently uptake_suggestions_created on ai_suggestions using brin (created_at) with (autosummarize = on)",
  },
  {
    table: "ai_feedback_events",
    name: "uptake_feedback_created",
    leads: "created_at",
    sql: "create index concurrently uptake_feedback_created on ai_feedback_events using brin (created_at) with (autosummarize = on)",
  },
  {
    table: "ai_feedback_events",
    name: "uptake_feedback_suggestion",
    leads: "suggestion_id",
    sql: "create index concurrently uptake_feedback_suggestion on ai_feedback_events (suggestion_id)",
  },
];

/** Over columns of ours; none of the host's can serve. */
export const OWN_INDEXES: readonly NeededIndex[] = [
  {
    table: "ai_suggestions",
    name: "uptake_suggestions_open",
    leads: "",
    sql: "create index concurrently uptake_suggestions_open on ai_suggestions (created_at) where status = 'pending' or (status = 'completed' and outcome = 'pending')",
  },
  {
    table: "ai_suggestions",
    name: "uptake_suggestions_pending",
    leads: "",
    sql: "create index concurrently uptake_suggestions_pending on ai_suggestions (created_at) where status = 'pending'",
  },
  {
    table: "ai_suggestions",
    name: "uptake_suggestions_newest",
    leads: "",
    sql: "create index concurrently uptake_suggestions_newest on ai_suggestions (left(project_id, 100), created_at, id)",
  },
  {
    table: "ai_feedback_events",
    name: "uptake_feedback_idempotency",
    leads: "",
    sql: "create unique index concurrently uptake_feedback_idempotency on ai_feedback_events (project_id, idempotency_key) where idempotency_key is not null",
  },
];

const there = `
  select t.relname::text as "table", c.relname::text as name, a.attname::text as leads, i.indisvalid as "isValid",
    i.indpred is null as "isWhole"
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_class t on t.oid = i.indrelid and t.relnamespace = 'public'::regnamespace
  left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
  where t.relname in ('ai_suggestions', 'ai_feedback_events')
`;

type Found = { table: string; name: string; leads: string | null; isValid: boolean; isWhole: boolean };

/**
 * The statements that make those of the indexes that are missing. One of the host's that begins with the same column
 * serves as well; one of ours that an interrupted build left invalid is dropped and made anew.
 */
export async function missingIndexes(db: Queryable, needed: readonly NeededIndex[]): Promise<string[]> {
  const found = await db.query<Found>(there);
  return needed.flatMap(({ table, name, leads, sql }) => {
    const ours = found.find((index) => index.name === name);
    if (ours?.isValid === false) return [`drop index concurrently ${name}`, sql];
    const serves = (index: Found): boolean =>
      index.table === table && index.leads === leads && index.isValid && index.isWhole;
    return ours !== undefined || found.some(serves) ? [] : [sql];
  });
}

/** Those of ours that are there, to be noted as such: they were made outside of the transaction that notes the rest. */
export const ownIndexes = (objects: readonly SchemaObject[]): SchemaObject[] =>
  objects.filter(
    ({ kind, name }) => kind === "index" && [...HOST_INDEXES, ...OWN_INDEXES].some((needed) => needed.name === name),
  );
