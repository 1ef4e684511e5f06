import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { examineConfig, readConfig } from "../../src/config/read-config.ts";
import { runChecks } from "../../src/doctor/check.ts";
import { CONFIG_CHECKS } from "../../src/doctor/config-checks.ts";
import { FINDINGS } from "../../src/doctor/findings.ts";
import { readCostOf } from "../../src/server/read-prices.ts";
import { createStderrLogger } from "../../src/server/stderr-logger.ts";
import { assemble } from "../../src/server/assemble.ts";
import { adopt } from "../../src/store/adoption/adopt.ts";
import { openEmbedded } from "../../src/store/embedded.ts";
import { startHost } from "../adopt/host.ts";
import { run } from "../cli/fake-services.ts";
import { openTestEmbedded } from "../support/databases.ts";
import { examineOnly, found, scratchDir, startDeployment, wrong } from "./rig.ts";

const langfuse = { LANGFUSE_PUBLIC_KEY: "pk-lf-0a1b2c3d", LANGFUSE_SECRET_KEY: "sk-lf-0a1b2c3d" };
const production = { LANGFUSE_TRACING_ENVIRONMENT: "production" };
const nowhere = "postgres://u:sesame@127.0.0.1:9/d";

const mixUps: readonly (readonly [code: string, env: Readonly<Record<string, string>>])[] = [
  ["config.invalid", { UPTAKE_PORT: "no" }],
  ["config.invalid", { LANGFUSE_PUBLIC_KEY: "pk-lf-1" }],
  ["config.unread_variable", { UPTAKE_ENVIROMENT: "production" }],
  ["config.prices", { UPTAKE_PRICES: "/nowhere/prices.json" }],
  ["config.cloud_as_default", { ...langfuse, LANGFUSE_BASE_URL: "https://us.cloud.langfuse.com" }],
  ["config.production_loopback", { ...langfuse, ...production, LANGFUSE_BASE_URL: "http://127.0.0.1:9" }],
  [
    "config.production_dev_key",
    { ...langfuse, ...production, LANGFUSE_BASE_URL: "http://127.0.0.1:9", LANGFUSE_PUBLIC_KEY: "pk-lf-dev" },
  ],
  ["config.production_embedded", { ...production }],
  ["config.production_local_model", { ...production, OPENAI_BASE_URL: "http://localhost:11434/v1" }],
  ["config.no_feedback_secret", { UPTAKE_CORS_ORIGINS: "https://desk.example.com" }],
];

describe("what the variables say", () => {
  it.each(mixUps)("is looked at: %s", async (code, environment) => {
    // These checks alone: one of the addresses is Langfuse's own, which no test asks.
    const needs = { examined: examineConfig({ environment }), environment, readPrices: readCostOf };
    const findings = await runChecks(CONFIG_CHECKS, needs, 5_000);
    expect(findings.filter(({ level }) => level !== "ok").map((finding) => finding.code)).toContain(code);
  });

  it("has nothing wrong where nothing is, in production either, and is not guessed at", async () => {
    const environment = {
      ...langfuse,
      ...production,
      LANGFUSE_BASE_URL: "https://langfuse.acme.net",
      DATABASE_URL: "postgres://u@db.acme.net/d",
    };
    const needs = { examined: examineConfig({ environment }), environment, readPrices: readCostOf };
    const findings = await runChecks(CONFIG_CHECKS, needs, 5_000);
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
  });

  it("is looked at without making a folder", async () => {
    const dir = scratchDir();
    const env = { UPTAKE_DATA_DIR: join(dir, "data"), UPTAKE_SPOOL_DIR: join(dir, "spool") };
    const report = await examineOnly(env);
    expect([wrong(report), readdirSync(dir)]).toEqual([[], []]);
    expect(found(report, "database.unmade")).toBeDefined();
  });

  it("is told with where it comes from, and without secrets", async () => {
    const dir = scratchDir();
    const { stdout, code } = await run(["doctor", "--json", "--data-dir", join(dir, "data")], {
      environment: {
        ...langfuse,
        DATABASE_URL: nowhere,
        LANGFUSE_BASE_URL: "http://127.0.0.1:9",
        UPTAKE_SPOOL_DIR: dir,
      },
    });
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { code: string; found: string }[] };
    expect([code, ok]).toEqual([1, false]);
    const set = findings.filter(({ code }) => code === "config.set").map(({ found }) => found);
    expect(set).toContain("DATABASE_URL = set, not shown (variable)");
    expect(set).toContain(`UPTAKE_DATA_DIR = ${join(dir, "data")} (from --data-dir)`);
    expect(stdout).not.toMatch(/sesame|0a1b2c3d/u);
  });

  it("is all that is told where it is wrong", async () => {
    const report = await examineOnly({ UPTAKE_PORT: "no" });
    expect(report.findings.every(({ code }) => code.startsWith("config."))).toBe(true);
    expect(found(report, "config.invalid")?.remedy).toContain("choose a free port");
  });
});

describe("this machine", () => {
  it("has a Node that is too old", async () => {
    const report = await examineOnly({ UPTAKE_DATA_DIR: join(scratchDir(), "data") }, { nodeVersion: "18.20.1" });
    expect(wrong(report)).toContain("node.old");
  });

  it("has a spool whose process is gone, and damage in it", async () => {
    const { doctor, spoolDir, env } = await startDeployment();
    const config = readConfig({ environment: { ...env, DATABASE_URL: nowhere, UPTAKE_DURABILITY: "background" } });
    const parts = assemble(config, { log: createStderrLogger({ debug: false }), worker: false });
    parts.tracker.track("f", (_: unknown, run) => run.suggest("Hi"))();
    await parts.close().catch(() => {});
    const segment = readdirSync(spoolDir).find((name) => name.endsWith(".spool")) ?? "";
    const report = await doctor({ DATABASE_URL: nowhere });
    expect(found(report, "spool.leftovers")?.found).toContain("has 1 records of a process that is gone");

    const bytes = readFileSync(join(spoolDir, segment));
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 0xff;
    writeFileSync(join(spoolDir, segment), bytes);
    const damaged = await doctor({ DATABASE_URL: nowhere });
    expect(found(damaged, "spool.damaged")?.found).toMatch(/is damaged at byte 0$/u);
    expect(wrong(damaged)).not.toContain("spool.leftovers");

    const lock = { pid: 1, token: "t", startedAt: null, host: `not-${hostname()}` };
    writeFileSync(join(spoolDir, `${segment.replace(/\.\d+\.spool$/u, "")}.lock`), JSON.stringify(lock));
    expect(wrong(await doctor({ DATABASE_URL: nowhere }))).toContain("spool.owner_elsewhere");
  });

  it("has what an earlier replay set aside, and a spool that is nearly full", async () => {
    const { doctor, spoolDir } = await startDeployment();
    mkdirSync(spoolDir);
    appendFileSync(join(spoolDir, "x.0.damaged"), Buffer.alloc(220 * 1024 * 1024));
    expect(wrong(await doctor())).toEqual(["spool.damaged", "spool.full"]);
  });

  it("has a spool that cannot be written", async () => {
    const { doctor, spoolDir } = await startDeployment();
    const isRoot = process.getuid?.() === 0;
    if (isRoot) writeFileSync(spoolDir, "a file, which is no folder, for root may write everywhere");
    else {
      mkdirSync(spoolDir);
      chmodSync(spoolDir, 0o500);
    }
    expect(wrong(await doctor())).toEqual(["spool.unwritable"]);
  });
});

describe("an adopted database", () => {
  it("is well after adopting, and is found open where row-level security was switched off", async () => {
    const host = await startHost();
    const settings = { projectId: "default", functionName: "f", environment: "default", lockTimeoutMs: 200 };
    await adopt(host.db, settings, () => {});
    const env = { DATABASE_URL: host.url, UPTAKE_SPOOL_DIR: join(scratchDir(), "spool") };
    const report = await examineOnly(env);
    expect(wrong(report)).toEqual([]);
    expect(found(report, "row_security.on")).toBeDefined();
    await host.db.query("alter table ai_traces disable row level security");
    expect(found(await examineOnly(env), "row_security.off")?.found).toBe("row-level security is off on ai_traces");
  });
});

describe("the embedded database", () => {
  it("is looked at where it is free, and left to the process that has it open", async () => {
    const embedded = await openTestEmbedded();
    const { db, dataDir } = embedded;
    const env = { UPTAKE_DATA_DIR: dataDir, UPTAKE_SPOOL_DIR: join(scratchDir(), "spool") };
    expect(found(await examineOnly(env), "database.in_use")?.found).toContain(`in use by process ${process.pid}`);
    await db.close();
    expect(wrong(await examineOnly(env, { timeoutMs: 30_000 }))).toEqual([]);
    const reopened = await openEmbedded({ dataDir });
    await reopened.close();
    await embedded.drop().catch(() => {});
  });
});

describe("docs/doctor.md", () => {
  it("has every finding with its level and remedy, and none that there is not", () => {
    const page = readFileSync(new URL("../../docs/doctor.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+|[a-z_]+\.[a-z_]+)` +\| (warn|fail) +\| (.+?) +\|$/gmu)];
    const documented = Object.fromEntries(rows.map(([, code = "", level, remedy]) => [code, { level, remedy }]));
    expect(documented).toEqual(FINDINGS);
  });
});
