import { beforeAll, expect, it } from "vitest";
import { listTickets } from "../../src/desk/queries/list-tickets.ts";
import { HOUR_MS } from "../../src/domain/durations.ts";
import { hourOf } from "../../src/domain/hour.ts";
import { newId } from "../../src/domain/ids.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { claimPending } from "../../src/store/queries/claim-pending.ts";
import { closeAbandoned } from "../../src/store/queries/close-abandoned.ts";
import { expireSuggestions } from "../../src/store/queries/expire-suggestions.ts";
import { findOpenSuggestion } from "../../src/store/queries/find-open-suggestion.ts";
import { listSuggestions } from "../../src/store/queries/list-suggestions.ts";
import { readActs } from "../../src/store/queries/read-acts.ts";
import { readNewestFeedback, readNewestSuggestion } from "../../src/store/queries/read-first-steps.ts";
import { readRecentFeedback, readRecentSuggestions } from "../../src/store/queries/read-recent-changes.ts";
import { describeOnPostgres } from "../support/databases.ts";

const projectId = "default";
const COUNT = 300_000;
/** The newest of them; one every six seconds before. */
const NEWEST = Date.parse("2026-03-02T09:00:00.000Z");
const TABLES = ["ai_suggestions", "ai_feedback_events"];

async function fill(db: Database): Promise<void> {
  for (const table of TABLES) await db.query(`alter table ${table} disable trigger user`);
  await db.query(
    `insert into ai_suggestions (id, ticket_id, suggested_response, status, outcome, created_at, deciding_feedback_at)
     select md5(n::text)::uuid, 'T-' || n, 'yes', 'completed', 'accepted', at, at
     from generate_series(1, $2::integer) n, lateral (select $1::timestamptz - ($2 - n) * interval '6 seconds') made (at)`,
    [new Date(NEWEST), COUNT],
  );
  await db.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, created_at)
     select id, 'approval', created_at from ai_suggestions order by created_at`,
  );
  for (const table of TABLES) await db.query(`alter table ${table} enable trigger user`);
  for (const table of TABLES) await db.query(`vacuum analyze ${table}`);
}

/** The tables of which there may be millions, and how a plan comes to their rows. */
const SCAN =
  /(?<how>\w+(?: Heap| Only)? Scan)(?: Backward)?(?: using \w+)? on (?<table>ai_suggestions|ai_feedback_events)\b/u;

/** Passes statements on, and takes down how each reads those tables. */
function watched(db: Queryable, scans: string[]): Queryable {
  return {
    async query(text, values) {
      for (const row of await db.query<{ "QUERY PLAN": string }>(`explain (costs off) ${text}`, values)) {
        const { how, table } = SCAN.exec(row["QUERY PLAN"])?.groups ?? {};
        if (how !== undefined) scans.push(`${how} on ${table}`);
      }
      return db.query(text, values);
    },
  };
}

const claim = { projectId, unnamed: "f", of: { functions: ["f"] }, limit: 1, leaseMs: 1000, token: newId() };
const reply = {
  ticketId: "T-7",
  projectId,
  finalTexts: ["yes"],
  finalTextDigests: ["x"],
  isKeyed: false,
  at: new Date(NEWEST),
};

/** What programs and pages ask again and again, some of it every second. */
const ASKED: Readonly<Record<string, (db: Queryable) => Promise<unknown>>> = {
  "an hour of the host's metrics": (db) => readActs(db, hourOf(new Date(NEWEST - 20 * 24 * HOUR_MS)), projectId),
  "what has just changed": (db) => readRecentSuggestions(db, projectId, 200),
  "feedback of the last minute": (db) => readRecentFeedback(db, projectId, { limit: 200, withinSeconds: 60 }),
  "the newest suggestion": (db) => readNewestSuggestion(db, projectId),
  "the newest feedback": (db) => readNewestFeedback(db, projectId),
  "a page of suggestions": (db) => listSuggestions(db, { projectId, limit: 100 }),
  "a page further down": (db) => {
    const after = {
      createdAtMicros: (NEWEST - 24 * HOUR_MS) * 1000,
      suggestionId: "ffffffff-0000-7000-8000-000000000000",
    };
    return listSuggestions(db, { projectId, limit: 100, after });
  },
  "the queue of tickets": (db) => listTickets(db, { projectId, queue: "waiting", limit: 50 }),
  "the suggestion that a reply answers": (db) => findOpenSuggestion(db, reply),
  "pending rows": (db) => claimPending(db, claim),
  "what is to expire": (db) =>
    expireSuggestions(db, { projectId, windows: { expireAfterMs: HOUR_MS, byFunction: new Map() }, limit: 100 }),
  "what died unfinished": (db) => closeAbandoned(db, { projectId, afterMs: HOUR_MS, limit: 100 }),
};

describeOnPostgres("of 300,000 suggestions few are read for", (open) => {
  let db: Database;
  beforeAll(async () => {
    db = await open();
    await fill(db);
  });

  it.each(Object.keys(ASKED))("%s", async (name) => {
    const scans: string[] = [];
    await ASKED[name]?.(watched(db, scans));
    expect(scans).not.toEqual([]);
    expect(scans.filter((scan) => scan.includes("Seq Scan"))).toEqual([]);
  });
});
