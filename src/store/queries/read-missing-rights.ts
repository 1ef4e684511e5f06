import type { Queryable } from "../database.ts";

export type MissingRights = {
  readonly role: string;
  /** `select on ai_suggestions`, … */
  readonly missing: readonly string[];
  readonly mayCreate: boolean;
};

const sql = `
  select current_user::text as role,
    has_schema_privilege('public', 'create') as "mayCreate",
    array(
      select right_name || ' on ' || table_name
      from unnest($1::text[]) table_name, unnest(array['select', 'insert', 'update', 'delete']) right_name
      where to_regclass('public.' || table_name) is not null
        and not has_table_privilege('public.' || table_name, right_name)
      order by 1
    ) as missing
`;

/** What this role may not do with these tables. */
export async function readMissingRights(db: Queryable, tables: readonly string[]): Promise<MissingRights> {
  const [row] = await db.query<MissingRights>(sql, [tables]);
  return row ?? { role: "", missing: [], mayCreate: true };
}
