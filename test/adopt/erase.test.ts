import { expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { eraseRows, previewRows } from "../../src/store/erasure/erase-rows.ts";
import { retain } from "../../src/store/retention/retain.ts";
import { adopt } from "../../src/store/adoption/adopt.ts";
import { startHost } from "./host.ts";

const settings = { projectId: "default", functionName: "reply", environment: "production", lockTimeoutMs: 1_000 };

it("erases in an adopted database what is Uptake's, and leaves the application's own tables and ids to it", async () => {
  const host = await startHost();
  const { db, ticketId, customer, agent } = host;
  await db.query("insert into ticket_messages (ticket_id, user_id, content) values ($1, $2, 'I am Wilma Planted')", [
    ticketId,
    customer.profileId,
  ]);
  await adopt(db, settings, () => {});
  const suggestionId = newId();
  await db.query(
    `insert into ai_suggestions (id, ticket_id, suggested_response, confidence_score, status)
     values ($1, $2, 'Dear Wilma Planted', 0.5, 'completed')`,
    [suggestionId, ticketId],
  );
  await db.query(
    `insert into ai_feedback_events (suggestion_id, ticket_id, agent_id, feedback_type, agent_response, feedback_reason)
     values ($1, $2, $3, 'revision', 'Dear Wilma Planted', 'tone')`,
    [suggestionId, ticketId, agent.profileId],
  );
  const [before] = await db.query("select outcome, ticket_id from ai_suggestions where id = $1", [suggestionId]);
  const subject = { kind: "customer", id: customer.profileId } as const;
  const { signal } = new AbortController();
  const preview = await previewRows(db, "default", subject);
  expect(preview).toMatchObject({
    counts: { suggestionCount: 1, ticketCount: 0 },
    left: expect.stringContaining("its own tables") as unknown,
  });

  await eraseRows(db, { ...subject, projectId: "default", requestedBy: "a test", signal });
  expect(await db.query("select outcome, ticket_id from ai_suggestions where id = $1", [suggestionId])).toEqual([
    before,
  ]);
  expect(
    await db.query(
      "select s.suggested_response, e.agent_response, e.ticket_id from ai_suggestions s join ai_feedback_events e on e.suggestion_id = s.id",
    ),
  ).toEqual([{ suggested_response: "", agent_response: null, ticket_id: ticketId }]);
  expect(await db.query("select content from ticket_messages")).toEqual([{ content: "I am Wilma Planted" }]);

  const ages = { contentMs: null, tracesMs: null, rowsMs: 1 };
  const options = { now: new Date(Date.now() + 86_400_000), fromTheStart: true, dryRun: false, pauseMs: 0, signal };
  expect(await retain(db, { ages, ...options })).toMatchObject({ kept: [{ kind: "rows", why: "adopted" }] });
}, 120_000);
