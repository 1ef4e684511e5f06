import {
  type ErasureCounts,
  type ErasurePlace,
  type ErasurePlaces,
  type ErasureReceipt,
  NOTHING_ERASED,
} from "../../domain/erasure.ts";
import type { Queryable } from "../database.ts";

const columns = `
  id, project_id as "projectId", subject_kind as "subjectKind", subject_sha256 as "subjectSha256",
  requested_by as "requestedBy", requested_at as "requestedAt", finished_at as "finishedAt", state, counts, places
`;

type StoredErasure = Omit<ErasureReceipt, "counts" | "places"> & {
  readonly counts: Partial<ErasureCounts>;
  readonly places: Partial<ErasurePlaces>;
};

const NOT_YET: ErasurePlace = { state: "pending", note: "not reached yet" };

/** The receipt of an erasure; undefined where there is none. */
export async function readErasure(db: Queryable, id: string): Promise<ErasureReceipt | undefined> {
  const [row] = await db.query<StoredErasure>(`select ${columns} from erasures where id = $1`, [id]);
  if (row === undefined) return undefined;
  const places = { database: NOT_YET, spool: NOT_YET, langfuse: NOT_YET, ...row.places };
  return { ...row, counts: { ...NOTHING_ERASED, ...row.counts }, places };
}

/** Ids of the erasures that are under way, oldest first. */
export async function listPendingErasures(db: Queryable): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>("select id from erasures where state = 'pending' order by requested_at");
  return rows.map(({ id }) => id);
}

/** What an erasure keeps out, as hashes. */
export async function readFenced(db: Queryable, id: string): Promise<ReadonlySet<string>> {
  const sql = `select subject_sha256 as sha256 from erased_subjects where erasure_id = $1`;
  return new Set((await db.query<{ sha256: string }>(sql, [id])).map(({ sha256 }) => sha256));
}

const add = `
  update erasures e
  set counts = (
    select jsonb_object_agg(key, value::bigint + coalesce((e.counts ->> key)::bigint, 0)) from jsonb_each_text($2::jsonb)
  ) || '{}'
  where e.id = $1
`;

/** Adds to what an erasure has erased so far. All counts, each time. */
export async function addErased(tx: Queryable, id: string, counts: ErasureCounts): Promise<void> {
  await tx.query(add, [id, JSON.stringify(counts)]);
}

// Done is what is done in all places, whoever does the last of them.
const note = `
  with noted as (
    update erasures set places = places || jsonb_build_object($2::text, $3::jsonb) where id = $1
    returning id, places
  )
  select not exists (
    select from unnest(array['database', 'spool', 'langfuse']) place
    where noted.places #>> array[place, 'state'] is distinct from 'done'
  ) as "isDone"
  from noted
`;

const finish = `
  update erasures set state = 'done', finished_at = now() where id = $1 and state = 'pending' returning id
`;

/** Notes how a place stands; resolves to whether that was the last one to be done. */
export async function noteErasure(
  db: Queryable,
  id: string,
  place: keyof ErasurePlaces,
  standing: ErasurePlace,
): Promise<boolean> {
  const [noted] = await db.query<{ isDone: boolean }>(note, [id, place, JSON.stringify(standing)]);
  return noted?.isDone === true && (await db.query(finish, [id])).length > 0;
}
