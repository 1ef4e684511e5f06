import { newId } from "../../src/domain/ids.ts";
import type { Queryable } from "../../src/store/database.ts";

/** One suggestion as anything may insert it; `at` is SQL. */
export async function insertPlainSuggestion(db: Queryable, at: string, id = newId()): Promise<string> {
  await db.query(
    `insert into ai_suggestions (id, function_name, suggested_response, status, created_at) values ($1, 'f', 'Hi', 'completed', ${at})`,
    [id],
  );
  return id;
}
