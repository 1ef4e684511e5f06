import { expect, it, onTestFinished } from "vitest";
import { createClient, type Dropped } from "../../src/client.ts";
import { startServing } from "../http/serving.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const WORTH = 300;

it("loses nothing that was acknowledged and doubles nothing when the server is killed twice and comes back", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  let server = await startServing(postgres.url);
  const dropped: Dropped[] = [];
  const client = createClient({ url: server.url, gatherMs: 1, onDropped: (one) => dropped.push(one) });
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
}, 180_000);
