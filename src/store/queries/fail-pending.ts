import { storableText } from "../../domain/text.ts";
import type { Queryable } from "../database.ts";

const sql = `
  update ai_suggestions
  set status = 'error', error_type = $3, error_message = $4, updated_at = now(),
    function_name = coalesce(function_name, $5)
  where id = $1 and project_id = $2 and status = 'pending'
`;

/** Closes a pending row as an error without a run; one that is finished stays as it is. */
export async function failPending(
  db: Queryable,
  row: {
    readonly suggestionId: string;
    readonly projectId: string;
    readonly errorType: string;
    readonly message: string;
    readonly functionName: string;
  },
): Promise<void> {
  const { suggestionId, projectId, errorType, message, functionName } = row;
  await db.query(sql, [suggestionId, projectId, errorType, storableText(message), functionName]);
}
