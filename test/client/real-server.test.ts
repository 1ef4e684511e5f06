import { expect, it, onTestFinished } from "vitest";
import { createClient, type Dropped } from "../../src/client.ts";
import { newId } from "../../src/domain/ids.ts";
import { startServing } from "../http/serving.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const WORTH = 300;
/** Of so many answers one is lost on its way, though the server has done what it was asked. */
const LOST_EVERY = 7;

function losingAnswers(): { readonly fetch: typeof fetch; lostCount(this: void): number } {
  let answerCount = 0;
  let lostCount = 0;
  return {
    async fetch(url, init) {
      const response = await fetch(url, init);
      answerCount += 1;
      if (answerCount % LOST_EVERY !== 0) return response;
      lostCount += 1;
      await response.arrayBuffer();
      throw new Error("the answer was lost");
    },
    lostCount: () => lostCount,
  };
}

it("loses nothing that was acknowledged and doubles nothing when answers are lost, and the server is killed twice and comes back", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  let server = await startServing(postgres.url);
  const dropped: Dropped[] = [];
  const { fetch, lostCount } = losingAnswers();
  const client = createClient({ url: server.url, gatherMs: 1, onDropped: (one) => dropped.push(one), fetch });
  onTestFinished(() => client.close(0));
  const suggestions = new Set<string>();
  const events = new Set<string>();
  const over = new AbortController();
  const callers = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        const { suggestionId } = await client.suggestion({ functionName: "f", text: "Hello there" });
        suggestions.add(suggestionId);
        const { feedbackId } = await client.feedback({ suggestionId, type: "approval" });
        events.add(feedbackId);
      }
    }),
  );
  for (let life = 1; life <= 2; life += 1) {
    await eventually("some are acknowledged", () => suggestions.size > life * WORTH, 60_000);
    server.kill("SIGKILL");
    await server.ended;
    server = await startServing(postgres.url, {}, new URL(server.url).port);
  }
  await eventually("it goes on", () => suggestions.size > 3 * WORTH, 60_000);
  over.abort();
  await callers;
  await client.flush();
  const ids = async (sql: string) => (await postgres.db.query<{ id: string }>(sql)).map(({ id }) => id).sort();
  expect(await ids("select id from ai_suggestions")).toEqual([...suggestions].sort());
  expect(await ids("select id from ai_feedback_events")).toEqual([...events].sort());
  expect(dropped).toEqual([]);
  expect(lostCount()).toBeGreaterThan(0);
}, 180_000);

it("tells of everything that will not be recorded: what the server refuses, and what it never took", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const server = await startServing(postgres.url);
  const dropped: Dropped[] = [];
  const client = createClient({ url: server.url, gatherMs: 1, onDropped: (one) => dropped.push(one) });
  onTestFinished(() => client.close(0));
  const { suggestionId } = await client.suggestion({ functionName: "f", text: "Hello there" });
  const refused = client.feedback({ suggestionId: newId(), type: "approval" });
  const taken = client.feedback({ suggestionId, type: "approval" });
  await expect(refused).rejects.toMatchObject({ code: "suggestion_not_found" });
  await taken;
  server.kill("SIGKILL");
  await server.ended;
  const late = client.suggestion({ functionName: "f", text: "too late" });
  await client.close(0);
  await expect(late).rejects.toMatchObject({ code: "closed" });
  expect(dropped.map(({ kind, error }) => [kind, error.code])).toEqual([
    ["feedback", "suggestion_not_found"],
    ["suggestion", "closed"],
  ]);
}, 180_000);
