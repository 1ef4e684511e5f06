import { describe, expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { claimMessages } from "../../src/store/queries/claim-messages.ts";
import { settleDelivered } from "../../src/store/queries/settle-delivered.ts";
import { describeOnPostgres } from "../support/databases.ts";

const BACKLOG = 10_000;
const LIMIT = 100;

const fill = (db: Database): Promise<unknown> =>
  db.query(
    `insert into langfuse_outbox (kind, ref) select 'trace', gen_random_uuid() from generate_series(1, ${BACKLOG}::int)`,
  );

type Reads = { readonly tableScans: number; readonly rowsByIndex: number };

async function countReads(tx: Queryable): Promise<Reads> {
  const [reads] = await tx.query<Reads>(
    `select seq_scan as "tableScans", idx_tup_fetch as "rowsByIndex"
     from pg_stat_xact_user_tables where relname = 'langfuse_outbox'`,
  );
  if (reads === undefined) throw new Error("this database counts no reads");
  return reads;
}

/** What the work reads of the outbox, in its statements and in their triggers. */
async function readsOf(db: Database, work: (tx: Queryable) => Promise<unknown>): Promise<Reads> {
  return db.transaction(async (tx) => {
    const before = await countReads(tx);
    await work(tx);
    const after = await countReads(tx);
    return {
      tableScans: after.tableScans - before.tableScans,
      rowsByIndex: after.rowsByIndex - before.rowsByIndex,
    };
  });
}

describeOnPostgres("an outbox with a backlog", (open) => {
  describe.each([
    { state: "is due, and no statistics tell so", change: "select 1" },
    { state: "is due", change: "analyze langfuse_outbox" },
    {
      state: "is half delivered",
      change: `delete from langfuse_outbox where id <= ${BACKLOG / 2}; analyze langfuse_outbox`,
    },
    {
      state: "is mostly postponed",
      change: `update langfuse_outbox set available_at = now() + interval '1 hour' where id % 100 <> 0; analyze langfuse_outbox`,
    },
    {
      state: "is mostly dead",
      change: `update langfuse_outbox set dead_at = now() where id % 100 <> 0; analyze langfuse_outbox`,
    },
  ])("that $state", ({ change }) => {
    it("is claimed from without reading more of it than is claimed", async () => {
      const db = await open();
      await fill(db);
      await db.query(change);
      const reads = await readsOf(db, async (tx) => {
        const claimed = await claimMessages(tx, { limit: LIMIT, leaseMs: 60_000, token: newId() });
        expect(claimed).toHaveLength(LIMIT);
      });
      expect(reads.tableScans).toBe(0);
      // Once to find a message, once to take it.
      expect(reads.rowsByIndex).toBeLessThan(3 * LIMIT);
    });

    it("is not read to settle what was delivered of it", async () => {
      const db = await open();
      await fill(db);
      await db.query(change);
      const token = newId();
      const claimed = await claimMessages(db, { limit: LIMIT, leaseMs: 60_000, token });
      const delivered = claimed.map(({ id }) => ({ id, traceId: "0".repeat(32), langfuseIds: ["a", "b"] }));
      const reads = await readsOf(db, async (tx) => {
        expect((await settleDelivered(tx, token, delivered)).size).toBe(LIMIT);
      });
      expect(reads.tableScans).toBe(0);
      expect(reads.rowsByIndex).toBeLessThan(2 * LIMIT);
    });

    it("is not read by an insert that looks whether the mirror has to be woken", async () => {
      const db = await open();
      await fill(db);
      await db.query(change);
      const reads = await readsOf(db, (tx) =>
        tx.query("insert into ai_suggestions (suggested_response, status) values ('text', 'completed')"),
      );
      expect(reads.tableScans).toBe(0);
      expect(reads.rowsByIndex).toBeLessThan(10);
    });
  });
});
