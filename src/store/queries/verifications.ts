import type { KeptVerification } from "../../domain/kept-verification.ts";
import type { Queryable } from "../database.ts";

const keepSql = `
  insert into mirror_verifications (base_url, ok, langfuse_version, project, seen_after_ms, problem)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (base_url) do update set
    verified_at = now(),
    ok = excluded.ok,
    langfuse_version = excluded.langfuse_version,
    project = excluded.project,
    seen_after_ms = excluded.seen_after_ms,
    problem = excluded.problem
`;

const readSql = `
  select base_url as "baseUrl", verified_at as "verifiedAt", ok, langfuse_version as version, project,
    seen_after_ms as "seenAfterMs", problem
  from mirror_verifications
  order by base_url is distinct from $1, verified_at desc
  limit 1
`;

/** In place of what was kept of the same Langfuse. */
export async function keepVerification(db: Queryable, kept: Omit<KeptVerification, "verifiedAt">): Promise<void> {
  const { baseUrl, ok, version, project, seenAfterMs, problem } = kept;
  await db.query(keepSql, [baseUrl, ok, version, project, seenAfterMs, problem]);
}

/** The last of this Langfuse, else of any; null where none was kept. */
export async function readVerification(db: Queryable, baseUrl: string | null): Promise<KeptVerification | null> {
  const [row] = await db.query<KeptVerification>(readSql, [baseUrl]);
  return row ?? null;
}
