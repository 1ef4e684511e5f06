import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createApp } from "../../src/http/app.ts";
import { createHostMetrics } from "../../src/metrics/host-metrics.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import type { Database } from "../../src/store/database.ts";
import { fakeServices, openAdmission } from "../http/fake-services.ts";
import { openTestPostgres } from "../support/databases.ts";
import { root, runUptake } from "./run-program.ts";

const airline = join(root, "../shared/data/airline-support.jsonl");
const withAirline = existsSync(airline) ? describe : describe.skip;

/** What all four have to agree on, an hour. */
type Numbers = {
  readonly hour: string;
  readonly suggestions: number;
  readonly accepted: number;
  readonly decided: number;
  readonly errors: number;
  readonly finished: number;
};

type Shown = {
  readonly bucketStart: string;
  readonly suggestionCount: number;
  readonly successRate: { readonly numerator: number; readonly denominator: number };
  readonly errorRate: { readonly numerator: number; readonly denominator: number };
};

/** Rows as JSON shows them, without the empty hours around. */
const fromRows = (rows: readonly Shown[]): Numbers[] =>
  rows
    .filter(({ suggestionCount }) => suggestionCount > 0)
    .map(({ bucketStart, suggestionCount, successRate, errorRate }) => ({
      hour: bucketStart,
      suggestions: suggestionCount,
      accepted: successRate.numerator,
      decided: successRate.denominator,
      errors: errorRate.numerator,
      finished: errorRate.denominator,
    }));

async function fromPlainSql(db: Database): Promise<Numbers[]> {
  const rows = await db.query<Omit<Numbers, "hour"> & { hour: Date }>(
    `select date_trunc('hour', created_at) as hour, count(*) as suggestions,
       count(*) filter (where outcome = 'accepted') as accepted,
       count(*) filter (where outcome in ('accepted', 'revised', 'rejected')) as decided,
       count(*) filter (where status = 'error') as errors,
       count(*) filter (where status <> 'pending') as finished
     from ai_suggestions group by 1 order by 1`,
  );
  return rows.map((row) => ({ ...row, hour: row.hour.toISOString() }));
}

async function fromHostTable(db: Database): Promise<Numbers[]> {
  const rows = await db.query<Omit<Numbers, "hour"> & { hour: Date }>(
    `select period_start as hour,
       max(metric_value) filter (where metric_name = 'suggestion_count') as suggestions,
       max((metadata ->> 'numerator')::int) filter (where metric_name = 'success_rate') as accepted,
       max((metadata ->> 'denominator')::int) filter (where metric_name = 'success_rate') as decided,
       max((metadata ->> 'numerator')::int) filter (where metric_name = 'error_rate') as errors,
       max((metadata ->> 'denominator')::int) filter (where metric_name = 'error_rate') as finished
     from aggregated_metrics where metric_type = 'suggestion' and dimension is null group by 1 order by 1`,
  );
  return rows.map((row) => ({ ...row, hour: row.hour.toISOString() }));
}

withAirline(
  "the numbers of a replay of real conversations (skipped where ../shared/data/airline-support.jsonl is missing)",
  { timeout: 180_000 },
  () => {
    it("are the same over HTTP, from the command line, by plain SQL and in the host's table", async () => {
      const opened = await openTestPostgres();
      onTestFinished(() => opened.drop());
      const { db, url } = opened;
      const cwd = mkdtempSync(join(tmpdir(), "uptake-numbers-"));
      onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
      const env = { DATABASE_URL: url };
      const ran = await runUptake(["replay", airline, "--limit", "80"], { cwd, env });
      expect({ code: ran.code, stderr: ran.code === 0 ? "" : ran.stderr }).toEqual({ code: 0, stderr: "" });
      // Spread over seven hours, since a replay has them all in one.
      await db.query(
        `update ai_suggestions set created_at = date_trunc('hour', created_at) - interval '1 hour' * (ascii(right(id::text, 1)) % 7 + 1)`,
      );
      const now = Date.now();
      const to = new Date(now).toISOString();
      const from = new Date(now - 24 * 3_600_000).toISOString();

      const truth = await fromPlainSql(db);
      expect(truth.reduce((sum, { suggestions }) => sum + suggestions, 0)).toBe(80);

      const services = fakeServices({
        metrics: (request) => readMetrics(db, { ...request, projectId: "default", now: new Date(now) }),
      });
      const app = createApp({ admission: openAdmission, services, log: silentLogger, now: () => now });
      const answer = (await (await app.request(`/v1/metrics?from=${from}&to=${to}&bucket=hour`)).json()) as {
        readonly rows: readonly Shown[];
      };
      expect(fromRows(answer.rows)).toEqual(truth);

      const flags = ["--from", from, "--to", to, "--bucket", "hour", "--json"];
      const printed = await runUptake(["metrics", ...flags], { cwd, env });
      expect(fromRows((JSON.parse(printed.stdout) as { rows: readonly Shown[] }).rows)).toEqual(truth);

      const writer = createHostMetrics({
        db,
        log: silentLogger,
        projectId: "default",
        now: () => now + 3_600_000,
        everyMs: 1000,
      });
      await createRoller({ db, log: silentLogger }).rollAll();
      await writer.writeAll();
      expect(await fromHostTable(db)).toEqual(truth);
    });
  },
);
