import type { Queryable } from "../database.ts";

/** One message that goes back into the outbox. */
export type PostponedMessage = {
  readonly id: number;
  /** Some of it may be in Langfuse: the next holder reads back first. */
  readonly unsure: boolean;
};

export type Postponement = {
  readonly messages: readonly PostponedMessage[];
  readonly delayMs: number;
  /** Null keeps the message's last error. */
  readonly error: string | null;
  /** False where nothing was tried, so the attempt that the claim counted is taken back. */
  readonly counted: boolean;
};

const sql = `
  update langfuse_outbox o
  set locked_until = null,
    locked_by = null,
    unsure = p.unsure,
    available_at = case when $3::double precision > 0
      then now() + $3::double precision * interval '1 millisecond' else o.available_at end,
    last_error = coalesce($4, o.last_error),
    attempts = case when $5 then o.attempts else o.attempts - 1 end
  from json_to_recordset($1::json) as p (id bigint, unsure boolean)
  where o.id = p.id and o.locked_by = $2
  returning o.id
`;

/**
 * Gives messages back, to be claimed again after the delay (0: at once, in their old place); others' are left alone.
 * Resolves to how many the token still held.
 */
export async function settlePostponed(db: Queryable, token: string, postponement: Postponement): Promise<number> {
  const { messages, delayMs, error, counted } = postponement;
  const rows = await db.query(sql, [JSON.stringify(messages), token, delayMs, error, counted]);
  return rows.length;
}
