import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import type { Queryable } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { openTransaction } from "./open-transaction.ts";

const insert = (db: Queryable, promptVersion: string): Promise<unknown> =>
  db.query(
    "insert into ai_suggestions (id, suggested_response, prompt_version, created_at) values ($1, 'text', $2, '2026-03-01T10:00Z')",
    [randomUUID(), promptVersion],
  );

describe("a new combination of dimensions", () => {
  it("does not make its writers wait for one another, in whatever order they come to it", async () => {
    const opened = await openTestPostgres();
    const { db } = opened;
    try {
      const commitSlow = await openTransaction(db, (tx) => insert(tx, "1"));
      await db.transaction(async (quick) => {
        await quick.query("set local lock_timeout = '1s'");
        await insert(quick, "2");
        await insert(quick, "1");
      });
      await commitSlow((tx) => insert(tx, "2"));
      const query = {
        projectId: "default",
        from: new Date("2026-03-01T00:00Z"),
        to: new Date("2026-03-02T00:00Z"),
        bucket: "total",
        by: ["promptVersion"],
      } as const;
      const before = await readMetrics(db, query);
      expect(before.map((row) => [row.dimensions.promptVersion, row.suggestionCount])).toEqual([
        ["1", 2],
        ["2", 2],
      ]);
      expect(await createRoller({ db, log: silentLogger }).rollAll()).toBe(4);
      expect(await readMetrics(db, query)).toEqual(before);
    } finally {
      await opened.drop();
    }
  });
});
