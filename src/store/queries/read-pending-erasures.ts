import type { Queryable } from "../database.ts";

/** An erasure that is not done everywhere. Whom it is about nobody can say: that is a hash. */
export type PendingErasure = {
  readonly id: string;
  /** Since it was first asked for. */
  readonly ageSeconds: number;
  /** Where something is left to do: `database`, `spool`, `langfuse`. */
  readonly places: readonly string[];
};

const sql = `
  select
    id,
    extract(epoch from now() - requested_at)::double precision as "ageSeconds",
    array(
      select place from unnest(array['database', 'spool', 'langfuse']) place
      where e.places #>> array[place, 'state'] is distinct from 'done'
    ) as places
  from erasures e
  where state = 'pending'
  order by requested_at
`;

/** Oldest first. */
export const readPendingErasures = (db: Queryable): Promise<readonly PendingErasure[]> => db.query<PendingErasure>(sql);
