import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { startPostgres } from "../../test/support/postgres-server.ts";
import { fillHistory, type History } from "./fill.ts";

export type OpenHistory = {
  readonly url: string;
  readonly db: Database;
  readonly close: () => Promise<void>;
};

/**
 * A history in a Postgres of our own, which is removed in the end; or in the database at `url`, where it stays for the next
 * bench that wants it. Throws where that one holds another history.
 */
export async function openHistory(history: History, url: string | undefined): Promise<OpenHistory> {
  const postgres = url === undefined ? await startPostgres({ isDurable: true }) : undefined;
  const place = url ?? postgres?.url ?? "";
  const db = await openPostgres({ url: place, maxConnections: 1 });
  await migrate(db);
  const [found] = await db.query<{ n: number }>("select count(*) as n from ai_suggestions");
  const count = found?.n ?? 0;
  if (count === 0) await fillHistory(db, history);
  else if (count !== history.count) {
    throw new Error(`${place} holds ${count} suggestions; expected ${history.count} of this bench, or none`);
  }
  return {
    url: place,
    db,
    async close() {
      await db.close();
      await postgres?.stop();
    },
  };
}
