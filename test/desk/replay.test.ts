import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replay, type ReplayOptions } from "../../src/desk/replay.ts";
import { readConversations, type Conversation, type ReplayItem } from "../../src/desk/replay-source.ts";
import { UptakeError } from "../../src/domain/errors.ts";
import type { Model } from "../../src/models/model.ts";
import type { Database } from "../../src/store/database.ts";
import { describeOnPostgres, openTestEmbedded } from "../support/databases.ts";
import { openDesk } from "./desk-rig.ts";

type Rig = Awaited<ReturnType<typeof openDesk>>;

function conversation(line: number, ...texts: readonly string[]): Conversation {
  const messages = texts.map((content, i) => ({
    role: i % 2 === 0 ? ("user" as const) : ("assistant" as const),
    content,
    toolCalls: [],
  }));
  return { line, id: `c-${line}`, messages };
}

async function* from(items: readonly ReplayItem[]): AsyncGenerator<ReplayItem> {
  yield* items;
}

const conversations = [
  conversation(1, "Reset my reader", "Hold the button for ten seconds.", "It still blinks", "Then we replace it."),
  conversation(2, "Please reset the reader", "Hold the button for ten seconds.", "Thanks"),
  conversation(
    3,
    "Refund a receipt",
    "Tap Refund.",
    "The reader blinks, reset it?",
    "Hold the button for ten seconds.",
  ),
];

function run(db: Database, rig: Rig, given: Partial<ReplayOptions> & { items?: readonly ReplayItem[] } = {}) {
  return replay({
    db,
    projectId: "default",
    conversations: from(given.items ?? conversations),
    generate: rig.generate,
    retriever: rig.retriever,
    model: rig.model.name,
    prompt: { name: "reply", version: 1 },
    sent: (input) => rig.feedback.sent(input),
    concurrency: 4,
    now: rig.now,
    ...given,
  });
}

/** Pairs of a suggestion and a past reply it was shown that it must not see: of its own or of a later conversation. */
const leaks = (db: Database) =>
  db.query(
    `select s.id, m.id as reply
     from ai_suggestions s
     join tickets own on own.id = s.ticket_id::uuid
     cross join lateral jsonb_array_elements(s.metadata -> 'retrieved') r
     join ticket_messages m on r ->> 'kind' = 'reply' and m.id = (r ->> 'id')::uuid
     join tickets t on t.id = m.ticket_id
     where t.id = own.id or t.created_at >= own.created_at`,
  );

const shownReplies = (db: Database) =>
  db.query<{ n: number }>(
    `select count(*) as n from ai_suggestions s, jsonb_array_elements(s.metadata -> 'retrieved') r where r ->> 'kind' = 'reply'`,
  );

describeOnPostgres("replay", (open) => {
  let db: Database;
  let rig: Rig;
  beforeEach(async () => {
    db = await open();
    rig = await openDesk(db);
  });
  afterEach(() => rig.close());

  it("suggests a reply for every turn that a text reply followed, and infers feedback from what was sent", async () => {
    const summary = await run(db, rig);
    expect(summary).toEqual({
      conversations: 3,
      turns: 5,
      created: 5,
      skipped: 0,
      failed: 0,
      feedback: 5,
      malformedLines: 0,
    });
    const [second] = await db.query(
      `select s.suggested_response as text, s.outcome, s.kept_ratio as kept, s.decided_at = s.created_at as "sameTime"
       from ai_suggestions s join ticket_messages m on m.id = s.message_id::uuid where m.content = 'Please reset the reader'`,
    );
    expect(second).toEqual({ text: "Hold the button for ten seconds.", outcome: "accepted", kept: 1, sameTime: true });
  });

  it("creates nothing twice when it runs again, also in a new process", async () => {
    await run(db, rig);
    const again = await openDesk(db);
    expect(await run(db, again)).toMatchObject({ turns: 5, created: 0, skipped: 5, failed: 0, feedback: 0 });
    await again.close();
    const counts = await db.query(
      `select (select count(*) from tickets) as tickets, (select count(*) from ai_suggestions) as suggestions,
         (select count(*) from ai_feedback_events) as feedback`,
    );
    expect(counts).toEqual([{ tickets: 3, suggestions: 5, feedback: 5 }]);
  });

  it("never shows a conversation its own replies, nor those of later ones", async () => {
    await run(db, rig);
    expect((await shownReplies(db))[0]?.n).toBeGreaterThan(0);
    expect(await leaks(db)).toEqual([]);
    // The same again where all conversations are in the database beforehand, as in a replay with another model.
    const other: Model = { ...rig.model, name: "another-model" };
    const later = await openDesk(db, other);
    expect(await run(db, later)).toMatchObject({ created: 5 });
    await later.close();
    expect(await leaks(db)).toEqual([]);
  });

  it("takes up at most so many turns, and continues there the next time", async () => {
    expect(await run(db, rig, { limit: 3 })).toMatchObject({ turns: 3, created: 3 });
    expect(await run(db, rig)).toMatchObject({ turns: 5, created: 2, skipped: 3 });
  });

  it("counts a failed turn, continues with the rest, and tries it anew the next time", async () => {
    const failures: unknown[] = [];
    let calls = 0;
    const flaky: Model = {
      ...rig.model,
      complete(request) {
        calls += 1;
        if (calls === 2) return Promise.reject(new UptakeError("model_failed", "out of order"));
        return rig.model.complete(request);
      },
    };
    const shaky = await openDesk(db, flaky);
    const onFailure = (error: unknown) => failures.push(error);
    expect(await run(db, shaky, { onFailure })).toMatchObject({ turns: 5, created: 4, failed: 1, feedback: 4 });
    expect(failures).toMatchObject([{ code: "model_failed", message: "out of order" }]);
    expect(await run(db, shaky)).toMatchObject({ created: 1, skipped: 4, failed: 0, feedback: 1 });
    await shaky.close();
    const states = await db.query("select status, count(*) as n from ai_suggestions group by status order by status");
    expect(states).toEqual([
      { status: "completed", n: 5 },
      { status: "error", n: 1 },
    ]);
  });

  it("infers the feedback that an interrupted replay still owed", async () => {
    const broken = () => Promise.reject(new Error("cut"));
    expect(await run(db, rig, { sent: broken })).toMatchObject({ created: 0, failed: 5, feedback: 0 });
    // A worker has come by in the meantime.
    await db.query(
      "update ai_suggestions set outcome = 'expired' where id = (select min(id::text)::uuid from ai_suggestions)",
    );
    expect(await run(db, rig)).toMatchObject({ created: 0, skipped: 5, failed: 0, feedback: 5 });
  });

  it("reports malformed lines and a conversation that changed since its import, and goes on", async () => {
    const problems: unknown[] = [];
    const items = [
      { line: 1, problem: "is not JSON" },
      ...conversations,
      { ...conversation(2, "Other", "Words"), line: 9 },
      conversation(10, "Reset the reader", "Hold it."),
    ];
    const summary = await run(db, rig, { items, onProblem: (problem) => problems.push(problem) });
    expect(summary).toMatchObject({ conversations: 4, turns: 6, created: 6, malformedLines: 2 });
    expect(problems).toMatchObject([
      { line: 1 },
      { line: 9, problem: expect.stringContaining("other messages") as unknown },
    ]);
  });
});

describe("replay at any concurrency", () => {
  it("has never more turns under way than allowed, and gives the same suggestions", async () => {
    const texts = async (concurrency: number) => {
      const embedded = await openTestEmbedded();
      const { db } = embedded;
      const desk = await openDesk(db);
      let running = 0;
      let most = 0;
      const generate: Rig["generate"] = async (input) => {
        running += 1;
        most = Math.max(most, running);
        return desk.generate(input).finally(() => (running -= 1));
      };
      await run(db, desk, { concurrency, generate });
      const rows = await db.query("select message_id, suggested_response from ai_suggestions order by message_id");
      await desk.close();
      await embedded.drop();
      return { rows, most };
    };
    const alone = await texts(1);
    const together = await texts(3);
    expect(together.rows).toEqual(alone.rows);
    expect(alone.most).toBe(1);
    expect(together.most).toBe(3);
  });
});

const real = fileURLToPath(new URL("../../../shared/data/airline-support.jsonl", import.meta.url));
describe.skipIf(!existsSync(real))("replay of real conversations (skipped where ../shared/data is missing)", () => {
  it("takes 150 turns without a failure and without a leak", async () => {
    const embedded = await openTestEmbedded();
    const { db } = embedded;
    const rig = await openDesk(db);
    const summary = await run(db, rig, { conversations: readConversations(real), limit: 150 });
    expect(summary).toMatchObject({ turns: 150, created: 150, failed: 0, feedback: 150 });
    expect((await shownReplies(db))[0]?.n).toBeGreaterThan(300);
    expect(await leaks(db)).toEqual([]);
    await rig.close();
    await embedded.drop();
  });
});
