import { beforeAll, describe, expect, it } from "vitest";
import type { MetricsView } from "../../src/domain/metrics-request.ts";
import { answerMetrics } from "../../src/server/metrics-services.ts";
import type { Database } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";

const query = {
  projectId: "default",
  from: new Date("2026-03-01T00:00Z"),
  to: new Date("2026-03-02T00:00Z"),
  bucket: "total",
  by: ["function"],
  now: new Date("2026-03-03T00:00Z"),
} as const;

describeEachDatabase("the answers of uptake metrics", (open) => {
  let db: Database;

  beforeAll(async () => {
    db = await open();
    await db.query(
      `insert into ai_suggestions (id, suggested_response, function_name, status, confidence_score, created_at)
       select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'text', 'reply, short', 'completed', 0.8, '2026-03-01T10:00Z'
       from generate_series(1, 4) n`,
    );
    await db.query(
      `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, created_at)
       select ('00000000-0000-7000-8000-00000000000' || n)::uuid, type, 'too long', '2026-03-01T10:00Z'::timestamptz + n * interval '2 minutes'
       from unnest(array['approval', 'rejection']) with ordinality acts (type, n)`,
    );
  });

  const answer = (view: MetricsView) => answerMetrics(db, query, view);

  it("say why, with what the shares are of", async () => {
    const { table, csv } = await answer("reasons");
    expect(table.split("\n").slice(3)).toEqual([
      "reply, short",
      expect.stringMatching(/^ *rejected +100\.0 % \[20\.7, 100\.0\] 1\/1 +too long$/u),
      "",
    ]);
    expect(csv).toMatch(
      /^2026-03-01T00:00:00.000Z,2026-03-02T00:00:00.000Z,false,"reply, short",rejected,too long,1,1,1,/mu,
    );
  });

  it("say how far confidences can be trusted", async () => {
    const { table, csv } = await answer("calibration");
    expect(table.split("\n").slice(4)).toEqual([
      expect.stringMatching(/^ *0\.8-0\.9 +4 +2 +0\.80 +50\.0 % \[9\.5, 90\.5\] 1\/2$/u),
      "reply, short: Brier score 0.340 of 2 decided; mean confidence 0.80 accepted, 0.80 rejected",
      "",
    ]);
    expect(csv.split("\r\n")).toHaveLength(3);
  });

  it("say how long feedback takes, the open ones taken into account", async () => {
    const { table, csv, rows } = await answer("survival");
    const lines = table.split("\n");
    expect(lines).toContainEqual(expect.stringMatching(/^ *1\.0 min +0\.0 % +0$/u));
    expect(lines).toContainEqual(expect.stringMatching(/^ *5\.0 min +50\.0 % +2$/u));
    expect(lines).toContainEqual(expect.stringMatching(/^ *7\.0 d +– +2$/u));
    expect(lines.at(-2)).toMatch(/^reply, short: 2 with feedback, 2 still open; half have feedback after 4\.\d min$/u);
    expect(csv.split("\r\n")).toHaveLength(4);
    expect(rows).toHaveLength(1);
  });

  it("are of the same rows in every view of one row a bucket", async () => {
    const answers = await Promise.all((["summary", "rates", "speed", "cost", "errors"] as const).map(answer));
    expect(new Set(answers.map(({ csv }) => csv)).size).toBe(1);
    expect(new Set(answers.map(({ table }) => table)).size).toBe(5);
  });
});

describe("an answer about nothing", () => {
  it.each(["summary", "reasons", "calibration", "survival"] as const)("is a sentence in the view %s", async (view) => {
    const nothing = { query: () => Promise.resolve([]) };
    const { table, csv } = await answerMetrics(nothing, query, view);
    expect(table).toMatch(/^No [a-z ]+ in this range\.\n$/u);
    expect(csv).toBe("");
  });
});
