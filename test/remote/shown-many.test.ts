import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createConnection } from "../../src/remote/connection.ts";
import { createRemoteFeedback } from "../../src/remote/remote-feedback.ts";
import { openApi } from "../http/api-rig.ts";
import { openTestEmbedded } from "../support/databases.ts";

const AT_ONCE = 8;

/** The real app over a real database; no request goes through before `AT_ONCE` have been under way together. */
async function openRig() {
  const opened = await openTestEmbedded();
  onTestFinished(() => opened.drop());
  const api = openApi(opened.db);
  let underWayCount = 0;
  let mostCount = 0;
  let isRefusing = false;
  let refusedCount = 0;
  let open = (): void => {};
  const together = new Promise<void>((resolve) => (open = resolve));
  const connection = createConnection({
    url: "http://127.0.0.1",
    key: null,
    timeoutMs: 60_000,
    async fetch(url, init) {
      if (isRefusing) refusedCount += 1;
      if (isRefusing)
        return Response.json({ error: { code: "forbidden", message: "no", details: [] } }, { status: 403 });
      mostCount = Math.max(mostCount, (underWayCount += 1));
      if (underWayCount === AT_ONCE) open();
      await together;
      const response = await api.app.request(url, init);
      underWayCount -= 1;
      return response;
    },
  });
  const flushSuggestions = () => Promise.resolve();
  const { shown } = createRemoteFeedback({ connection, now: () => new Date(), flushSuggestions });
  return {
    db: opened.db,
    api,
    shown,
    mostCount: () => mostCount,
    refuseAll: () => void (isRefusing = true),
    refusedCount: () => refusedCount,
  };
}

it("many views over a server go eight at once, and their results stand in the order of the ids", async () => {
  const { db, api, shown, mostCount } = await openRig();
  const ids = Array.from({ length: 30 }, newId);
  const there = ids.filter((_, at) => at % 3 !== 0);
  await api.post(
    "/v1/suggestions",
    there.map((suggestionId) => ({ functionName: "f", text: "Hello", suggestionId })),
  );
  const results = await shown(ids, { agentId: "jo" });
  expect(results.map((result) => (result.ok ? result.receipt.suggestionId : result.error.code))).toEqual(
    ids.map((id) => (there.includes(id) ? id : "suggestion_not_found")),
  );
  expect(mostCount()).toBe(AT_ONCE);
  const [row] = await db.query<{ count: number }>(
    "select count(*)::int as count from ai_suggestions where shown_at is not null",
  );
  expect(row?.count).toBe(there.length);
});

it("many views over a server that refuses them all reject, and no more are asked for", async () => {
  const { shown, refuseAll, refusedCount } = await openRig();
  refuseAll();
  await expect(shown(Array.from({ length: 30 }, newId))).rejects.toMatchObject({ code: "forbidden" });
  expect(refusedCount()).toBeLessThanOrEqual(AT_ONCE);
});
