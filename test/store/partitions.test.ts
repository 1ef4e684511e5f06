import { expect, it, onTestFinished, describe } from "vitest";
import { migrate } from "../../src/store/migrate.ts";
import { openTestPostgres } from "../support/databases.ts";

describe("x", () => {
  it("migrates", async () => {
    const opened = await openTestPostgres({ migrated: false });
    onTestFinished(() => opened.drop());
    await migrate(opened.db, { partition: "month" });
    console.log(
      await opened.db.query(
        "select relname, relkind, pg_get_expr(relpartbound, oid) b, reloptions from pg_class where relname like 'ai_suggestions%' or relname like 'ai_traces%' order by 1",
      ),
    );
    console.log(await opened.db.query("select uptake_new_id() id, now()"));
    await opened.db.query(
      "insert into ai_suggestions (suggested_response, status) select 'x', 'completed' from generate_series(1,1000)",
    );
    await opened.db.query(
      "insert into ai_suggestions (id, suggested_response, status) select gen_random_uuid(), 'x', 'completed' from generate_series(1,10000)",
    );
    console.log(await opened.db.query("select tableoid::regclass::text t, count(*) from ai_suggestions group by 1"));
    console.log(await opened.db.query("select uptake_empty_month(date_trunc('month', now())::date)"));
    await opened.db.query("delete from langfuse_outbox");
    console.log(await opened.db.query("select uptake_empty_month(date_trunc('month', now())::date)"));
    console.log(await opened.db.query("select uptake_empty_month(date_trunc('month', now())::date)"));
    console.log(
      await opened.db.query("select uptake_remove_month('ai_suggestions', date_trunc('month', now())::date)"),
    );
    console.log(await opened.db.query("select uptake_drop_others((now() + interval '1 day')::date, 100)"));
    console.log(await opened.db.query("select * from retention_drops"));
  });
});
