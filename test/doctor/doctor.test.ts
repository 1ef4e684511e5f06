import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { setUpScoreConfigs } from "../../src/mirror/set-up-score-configs.ts";
import { createApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { insertPlainSuggestion } from "./plain-suggestion.ts";
import { type Deployment, examineOnly, found, startDeployment, wrong } from "./rig.ts";

type Breakage = {
  readonly code: string;
  readonly by: string;
  readonly partitioned?: true;
  /** Breaks it; what comes back is said to the doctor besides. */
  readonly breakIt: (deployment: Deployment) => Promise<Parameters<Deployment["doctor"]> | void>;
  readonly says: RegExp;
};

const run =
  (...statements: readonly string[]) =>
  async ({ db }: { readonly db: Database }): Promise<void> => {
    for (const sql of statements) await db.query(sql);
  };
const YEAR_MS = 365 * 86_400_000;
const OLD_HOUR = "date_trunc('hour', now()) - interval '90 minutes'";

const breakages: readonly Breakage[] = [
  {
    code: "triggers.missing",
    by: "dropping one",
    breakIt: run("drop trigger ai_suggestions_inserted on ai_suggestions"),
    says: /^ai_suggestions has no trigger ai_suggestions_inserted$/u,
  },
  {
    code: "triggers.disabled",
    by: "disabling one",
    breakIt: run("alter table ai_feedback_events disable trigger ai_feedback_events_immutable"),
    says: /ai_feedback_events_immutable on ai_feedback_events is disabled/u,
  },
  {
    code: "migrations.missing",
    by: "a database of an older program",
    breakIt: run("delete from schema_migrations where version = (select max(version) from schema_migrations)"),
    says: /older than this program/u,
  },
  {
    code: "migrations.newer",
    by: "a database of a newer program",
    breakIt: run("insert into schema_migrations (version, name, checksum) values (999, '0999_later', 'x')"),
    says: /version 999/u,
  },
  {
    code: "migrations.edited",
    by: "another text of a migration",
    breakIt: run("update schema_migrations set checksum = 'x' where version = 1"),
    says: /another program's migrations/u,
  },
  {
    code: "clock.wrong",
    by: "a clock that is an hour behind",
    breakIt: async () => [{}, { now: () => Date.now() - 3_600_000 }],
    says: /3[56]\d{5} ms ahead of this machine's/u,
  },
  {
    code: "clock.skew",
    by: "a clock that is ten seconds ahead",
    breakIt: async () => [{}, { now: () => Date.now() + 10_000 }],
    says: /9\d{3}|10000 ms behind/u,
  },
  {
    code: "mirror.lag",
    by: "a message that has waited for a day",
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, "now()");
      await db.query("update langfuse_outbox set created_at = now() - interval '1 day'");
    },
    says: /1 messages wait for Langfuse, the oldest for 86\d{3} s/u,
  },
  {
    code: "mirror.dead_letters",
    by: "a message that Langfuse refused",
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, "now()");
      await db.query("update langfuse_outbox set dead_at = now(), last_error = 'too long'");
    },
    says: /1 × trace refused for good: too long/u,
  },
  {
    code: "mirror.no_langfuse",
    by: "unsetting the keys while messages wait",
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, "now()");
      return [{ LANGFUSE_PUBLIC_KEY: "", LANGFUSE_SECRET_KEY: "" }];
    },
    says: /1 messages wait .* no keys are set/u,
  },
  {
    code: "rollup.differs",
    by: "losing what a statement added",
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, OLD_HOUR);
      await db.query("delete from rollup_deltas");
    },
    says: /\d+ differences in the last 24 closed hours, such as .*suggestionCount \+1/u,
  },
  {
    code: "rollup.lag",
    by: "deltas that nobody adds up",
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, "now()");
      return [{}, { limits: { waitingDeltaCount: 0 } }];
    },
    says: /deltas wait to be added up/u,
  },
  {
    code: "erasures.pending",
    by: "an erasure that was killed in the middle, an hour ago",
    breakIt: run(
      `insert into erasures (id, project_id, subject_kind, subject_sha256, requested_by, requested_at, places)
       values ('0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d', 'default', 'ticket', 'x', 'somebody', now() - interval '61 minutes',
         '{"spool": {"state": "done", "note": ""}, "langfuse": {"state": "pending", "note": "it still shows 1"}}'),
       (gen_random_uuid(), 'default', 'ticket', 'y', 'somebody', now() - interval '59 minutes', '{}')`,
    ),
    says: /^erasure 0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d is pending for 366\d s: database, langfuse$/u,
  },
  {
    code: "bloat.queue",
    by: "dead rows in the outbox",
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, "now()");
      await db.query("delete from langfuse_outbox");
      return [{}, { limits: { deadRowCount: 0, queueBytes: 1 } }];
    },
    says: /dead rows in \d+ MB/u,
  },
  {
    code: "partitions.unmade",
    by: "a year without a worker",
    partitioned: true,
    breakIt: async () => [{}, { now: () => Date.now() + YEAR_MS }],
    says: /no partition for 20\d\d-\d\d/u,
  },
  {
    code: "partitions.crowded",
    by: "rows that have no month",
    partitioned: true,
    breakIt: async ({ db }) => {
      await insertPlainSuggestion(db, "now()", "01d00000-0000-7000-8000-000000000000");
      return [{}, { limits: { unplacedCount: 0 } }];
    },
    says: /ai_suggestions_other holds more than 0 rows/u,
  },
  {
    code: "keys.missing",
    by: "listening beyond this machine without keys",
    breakIt: async () => [{ UPTAKE_HOST: "0.0.0.0" }],
    says: /host 0\.0\.0\.0\) and there are no API keys/u,
  },
  {
    code: "keys.expiring",
    by: "a key that ends tomorrow",
    breakIt: async ({ db }) => {
      await createApiKey(db, { projectId: "default", scopes: ["read"], name: "desk" });
      await db.query("update api_keys set expires_at = now() + interval '1 day'");
    },
    says: /\(desk\) is taken until 20/u,
  },
  {
    code: "keys.unused",
    by: "a key that nobody has used for months",
    breakIt: async ({ db }) => {
      await createApiKey(db, { projectId: "default", scopes: ["read"], name: "desk" });
      await createApiKey(db, { projectId: "default", scopes: ["read"], name: "just made" });
      await db.query(
        `update api_keys set created_at = now() - interval '1 year', last_used_at = now() - interval '91 days'
         where name = 'desk'`,
      );
    },
    says: /\(desk\) was last used on 20/u,
  },
  {
    code: "langfuse.keys_refused",
    by: "a wrong key",
    breakIt: async () => [{ LANGFUSE_SECRET_KEY: "sk-lf-wrong" }],
    says: /401/u,
  },
  {
    code: "langfuse.unreachable",
    by: "stopping Langfuse",
    breakIt: ({ standIn }) => standIn.close(),
    says: /ECONNREFUSED|fetch failed|refused/u,
  },
  {
    code: "langfuse.not_langfuse",
    by: "an address with a path",
    breakIt: async ({ env }) => [{ LANGFUSE_BASE_URL: `${env["LANGFUSE_BASE_URL"]}/nowhere` }],
    says: /404/u,
  },
  {
    code: "score_configs.unsound",
    by: "another project's score configs",
    breakIt: async ({ db, env }) => {
      const keys = { publicKey: env["LANGFUSE_PUBLIC_KEY"] ?? "", secretKey: env["LANGFUSE_SECRET_KEY"] ?? "" };
      const place = { ...keys, baseUrl: env["LANGFUSE_BASE_URL"] ?? "", fetch, timeoutMs: 5_000 };
      await setUpScoreConfigs(db, createLangfuseClient(place));
      await db.query("update score_configs set config_id = 'gone' where name = 'kept-ratio'");
    },
    says: /score config kept-ratio: it is not in this project/u,
  },
  {
    code: "locks.old_transaction",
    by: "a transaction that is left open",
    breakIt: async ({ db }) => {
      let end = (): void => {};
      let held: Promise<unknown> = Promise.resolve();
      await new Promise<void>((opened) => {
        held = db.transaction(async (tx) => {
          await tx.query("select 1");
          opened();
          await new Promise<void>((resolve) => (end = resolve));
        });
      });
      onTestFinished(async () => {
        end();
        await held;
      });
      return [{}, { limits: { transactionSeconds: 0 } }];
    },
    says: /session \d+ \(uptake\) has a transaction open/u,
  },
];

describe("uptake doctor", () => {
  it("finds nothing wrong where nothing is, quickly, and changes nothing", async () => {
    const { db, doctor } = await startDeployment();
    await insertPlainSuggestion(db, OLD_HOUR);
    await db.query(
      `insert into erasures (id, project_id, subject_kind, subject_sha256, requested_by, requested_at)
       values (gen_random_uuid(), 'default', 'ticket', 'x', 'somebody', now() - interval '59 minutes')`,
    );
    const before = await db.query("select xmin::text, * from ai_suggestions");
    const report = await doctor();
    expect(wrong(report)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        "database.reached",
        "migrations.current",
        "triggers.all",
        "rollup.right",
        "langfuse.place",
        "clock.same",
      ]),
    );
    expect(found(report, "langfuse.place")?.found).toMatch(/^Langfuse 4\..* project Stand-in Langfuse, read as v4$/u);
    expect(await db.query("select xmin::text, * from ai_suggestions")).toEqual(before);
  });

  it.each(breakages)("finds $code after $by", async ({ code, breakIt, says, partitioned }) => {
    const deployment = await startDeployment({ partitioned: partitioned === true });
    const [env, options] = (await breakIt(deployment)) ?? [];
    const report = await deployment.doctor(env, options);
    expect(wrong(report)).toContain(code);
    const line = found(report, code);
    expect(line?.found).toMatch(says);
    expect(line?.remedy).toMatch(/\.$/u);
    expect(report.ok).toBe(!report.findings.some(({ level }) => level === "fail"));
    expect(JSON.stringify(report)).not.toContain(deployment.env["LANGFUSE_SECRET_KEY"]);
  });

  it("finds which rights a role lacks, and that it may make no tables", async () => {
    const { db, env, doctor } = await startDeployment();
    const role = `reader_${process.pid}_${Date.now()}`;
    await db.query(`create role ${role} login`);
    await db.query(`grant select on all tables in schema public to ${role}`);
    onTestFinished(async () => {
      await db.query(`drop owned by ${role}`).then(() => db.query(`drop role ${role}`));
    });
    const url = new URL(env["DATABASE_URL"] ?? "");
    url.username = role;
    const report = await doctor({ DATABASE_URL: url.href });
    expect(found(report, "rights.missing")?.found).toMatch(/may not .*insert on ai_suggestions/u);
    expect(found(report, "rights.missing")?.found).not.toContain("update on ai_feedback_events");
    await db.query(`grant all on all tables in schema public to ${role}`);
    expect(wrong(await doctor({ DATABASE_URL: url.href }))).toEqual(["rights.create"]);
  });

  it("says of a Postgres that is not there what to do, and goes on with the rest", async () => {
    const { doctor } = await startDeployment();
    const report = await doctor({ DATABASE_URL: "postgres://nobody:sesame@127.0.0.1:9/none" });
    expect(wrong(report)).toEqual(["database.unreachable"]);
    expect(found(report, "database.unreachable")?.found).toMatch(/127\.0\.0\.1:9.*Start Postgres there/u);
    expect(found(report, "langfuse.place")).toBeDefined();
    expect(JSON.stringify(report)).not.toContain("sesame");
  });

  it("gives up on a server that never answers, within its three seconds", async () => {
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const report = await examineOnly({
      DATABASE_URL: `postgres://u@127.0.0.1:${port}/d`,
      LANGFUSE_API_KEY: "pk-lf-a:sk-lf-b",
      LANGFUSE_BASE_URL: `http://127.0.0.1:${port}`,
    });
    expect(wrong(report)).toEqual(expect.arrayContaining(["database.unreachable"]));
    expect(wrong(report).some((code) => code.startsWith("langfuse.") || code === "check.unfinished")).toBe(true);
    expect(report.tookMs).toBeLessThan(3_000);
  });

  it("finds an empty database, and an application's that was never adopted", async () => {
    const { db, doctor } = await startDeployment();
    await db.query("drop schema public cascade");
    await db.query("create schema public");
    expect(wrong(await doctor())).toEqual(["migrations.missing"]);
    await db.query("create table ai_suggestions (id uuid)");
    expect(wrong(await doctor())).toEqual(["migrations.not_adopted"]);
  });
});
