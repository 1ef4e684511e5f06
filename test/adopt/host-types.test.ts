import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createUptake } from "../../src/create-uptake.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { adopt } from "../../src/store/adoption/adopt.ts";
import { listSuggestions } from "../../src/store/queries/list-suggestions.ts";
import { readSuggestion } from "../../src/store/queries/read-suggestion.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const settings = { projectId: "default", functionName: "reply", environment: "production", lockTimeoutMs: 1_000 };

/** Ids and confidences of these types, nothing required, a generated column, a view on top and a trigger of its own. */
const hostOf = (id: string, confidence: string, act: string): string => `
  create table ai_suggestions (
    id uuid primary key default gen_random_uuid(), ticket_id ${id}, message_id ${id}, suggested_response text,
    confidence_score ${confidence}, system_user_id ${id}, metadata jsonb, status text default 'pending',
    created_at timestamptz default now(), updated_at timestamptz default now(),
    "Length of text" integer generated always as (length(suggested_response)) stored
  );
  create table ai_feedback_events (
    id uuid primary key default gen_random_uuid(), suggestion_id uuid references ai_suggestions on delete cascade, ticket_id ${id},
    agent_id ${id}, feedback_type ${act}, agent_response text, feedback_reason text, time_to_feedback interval, metadata jsonb,
    created_at timestamptz default now(), updated_at timestamptz default now()
  );
  create view finished as select * from ai_suggestions where status <> 'pending';
  create function touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
  create trigger touch before update on ai_suggestions for each row execute function touch()`;

it.each([
  ["bigint", "double precision", "character(10)"],
  ["integer", "numeric(4,3)", "character varying(20)"],
  ["character varying(36)", "real", "text"],
])(
  "a host whose ids are %s, confidences %s and acts %s is tracked, counted and mirrored",
  async (id, confidence, act) => {
    const opened = await openTestPostgres({ migrated: false });
    onTestFinished(() => opened.drop());
    const { db, url } = opened;
    await db.query(hostOf(id, confidence, act));
    await adopt(db, settings, () => {});
    await db.query(
      `insert into finished (ticket_id, message_id, suggested_response, confidence_score, status, system_user_id)
     values ('17', '3', 'Your refund is on its way.', 0.5, 'completed', '4');
     insert into ai_feedback_events (suggestion_id, ticket_id, agent_id, feedback_type) select id, '17', '9', 'approval' from ai_suggestions`,
    );
    const standIn = createStandInLangfuse();
    const { baseUrl, publicKey, secretKey } = await standIn.start();
    onTestFinished(() => standIn.close());
    const spoolDir = mkdtempSync(join(tmpdir(), "uptake-spool-"));
    onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }));
    const langfuse = { baseUrl, publicKey, secretKey };
    const uptake = createUptake({ databaseUrl: url, spoolDir, langfuse, log: silentLogger });
    onTestFinished(() => uptake.close());
    await uptake.start();
    const draft = uptake.track("reply", (ticketId: string, run) => run.suggest("Four.", { ticketId, confidence: 0.5 }));
    const { suggestionId } = draft("17");
    expect(await uptake.sent({ ticketId: "17", finalText: "Four.", agentId: "9" })).toMatchObject({ suggestionId });

    const listed = await listSuggestions(db, { projectId: "default", ticketId: "17", limit: 9 });
    expect(listed.map(({ ticketId, outcome }) => [ticketId, outcome])).toEqual([
      ["17", "accepted"],
      ["17", "accepted"],
    ]);
    const first = await readSuggestion(db, listed[1]?.suggestionId ?? "", "default");
    expect(first).toMatchObject({ ticketId: "17", messageId: "3", systemUserId: "4" });
    const range = {
      from: new Date(Date.now() - 3_600_000),
      to: new Date(Date.now() + 3_600_000),
      bucket: "total",
    } as const;
    const [row] = await readMetrics(db, { projectId: "default", ...range, by: ["confidenceBand"] });
    expect(row).toMatchObject({ suggestionCount: 2, acceptedCount: 2, dimensions: { confidenceBand: "0.5-0.6" } });
    await eventually(
      "two acts arrive",
      () => standIn.observations().filter(({ type }) => type === "EVENT").length === 2,
    );
    const scores = standIn.scores().filter(({ name }) => name === "accepted");
    expect(scores.map(({ value }) => value)).toEqual([1, 1]);
    expect(new Set(standIn.observations().map(({ sessionId }) => sessionId))).toEqual(new Set(["17"]));
    expect(await db.query("select from langfuse_outbox where dead_at is not null")).toEqual([]);
  },
);
