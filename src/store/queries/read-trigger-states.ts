import type { Queryable } from "../database.ts";

export type TriggerState = { readonly table: string; readonly name: string; readonly isEnabled: boolean };

// 'O' fires in ordinary sessions, 'A' always; 'D' is disabled and 'R' fires in replicas only.
const sql = `
  select c.relname::text as "table", t.tgname::text as name, t.tgenabled in ('O', 'A') as "isEnabled"
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
`;

/** Every trigger in `public`. */
export const readTriggerStates = (db: Queryable): Promise<readonly TriggerState[]> => db.query<TriggerState>(sql);
