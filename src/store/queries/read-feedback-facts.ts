import type { Queryable } from "../database.ts";

/** A claimed feedback message and how it stands with the trace that it belongs to. */
export type FeedbackFacts = {
  /** Of the message. */
  readonly id: number;
  readonly suggestionId: string;
  readonly type: string;
  readonly isTraceDelivered: boolean;
  /** The rule by which the trace is left out; null: it is not. */
  readonly leftOutBy: string | null;
  /** Null: the trace is not in the outbox. */
  readonly waitingTrace: {
    readonly keptBy: string | null;
    readonly isCharged: boolean;
    readonly isDead: boolean;
    /** Until it is looked at; below 0 where it is due or in work. */
    readonly dueInMs: number;
  } | null;
};

const sql = `
  select
    o.id,
    e.suggestion_id as "suggestionId",
    e.feedback_type::text as type,
    exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = e.suggestion_id) as "isTraceDelivered",
    l.rule as "leftOutBy",
    case when t.id is not null then
      json_build_object(
        'keptBy', t.kept_by, 'isCharged', t.charged_on is not null, 'isDead', t.dead_at is not null,
        'dueInMs', extract(epoch from t.available_at - now()) * 1000
      )
    end as "waitingTrace"
  from langfuse_outbox o
  join ai_feedback_events e on e.id = o.ref
  join ai_suggestions s on s.id = e.suggestion_id and s.project_id = e.project_id
  left join langfuse_outbox t on t.kind = 'trace' and t.ref = e.suggestion_id
  left join langfuse_left_out l on l.suggestion_id = e.suggestion_id
  where o.id = any ($1::bigint[])
`;

/** Of messages whose event and suggestion are there; in no particular order. */
export const readFeedbackFacts = (db: Queryable, messageIds: readonly number[]): Promise<readonly FeedbackFacts[]> =>
  db.query<FeedbackFacts>(sql, [messageIds]);
