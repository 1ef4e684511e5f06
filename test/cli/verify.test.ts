import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { VerifyOptions } from "../../src/cli/verify-options.ts";
import type { VerifyReport } from "../../src/domain/verify-report.ts";
import type { LangfuseDialect } from "../../src/testing.ts";
import { startStandIn } from "../mirror/set-up.ts";
import { runUptake } from "../server/run-program.ts";
import { goodVerify, run } from "./fake-services.ts";

const scratch = mkdtempSync(join(tmpdir(), "uptake-verify-cli-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** One run with services that report this, and the options that they were given. */
async function report(result: Partial<VerifyReport>, ...flags: string[]) {
  const given: VerifyOptions[] = [];
  const verify = (options: VerifyOptions): Promise<VerifyReport> => {
    given.push(options);
    return Promise.resolve({ ...goodVerify, ...result });
  };
  return { ...(await run(["verify", ...flags], { services: { verify } })), given };
}

const [message] = goodVerify.messages;
if (message === undefined) throw new Error("the sample report has a message");

describe("uptake verify", () => {
  it("prints what was seen of each message, after how long, and where, and ends with 0", async () => {
    const { code, stdout, stderr, closedCount } = await report({});
    expect({ code, stderr, closedCount }).toEqual({ code: 0, stderr: "", closedCount: 1 });
    expect(stdout.split("\n")).toEqual([
      "Langfuse 4.16.0 at https://langfuse.example.com, project Desk, read as v4",
      "",
      "                   observations  scores  seen after  in Langfuse",
      "explicit approval           1/1     2/2       1.2 s  https://langfuse.example.com/project/p-1/traces/a1",
      "",
      "Langfuse was asked to delete 1 trace with its scores, which takes it a while",
      "all well: everything was taken and seen",
      "",
    ]);
  });

  it("prints every problem and ends with 1", async () => {
    const unseen = message.items.map((item) => ({ ...item, seenAfterMs: null }));
    const messages = [{ ...message, url: null, items: unseen }];
    const { code, stdout } = await report({ ok: false, messages, problems: ["explicit approval: not there", "b"] });
    expect(code).toBe(1);
    expect(stdout).toContain("explicit approval           0/1     0/2           –  a1\n");
    expect(stdout).toContain("problem: explicit approval: not there\nproblem: b\n");
    expect(stdout).toMatch(/not well: 2 problems\n$/u);
  });

  it("has no table where no Langfuse was reached", async () => {
    const cleanUp = { kind: "nothing sent" } as const;
    const { code, stdout } = await report({ ok: false, place: null, problems: ["nobody there"], cleanUp });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "problem: nobody there\nnothing was sent\nnot well: 1 problem\n",
    });
  });

  it("says what may be left behind, which is no reason to end with 1", async () => {
    const failed = await report({ cleanUp: { kind: "failed", traceCount: 3, reason: "answered 429" } });
    expect(failed.code).toBe(0);
    expect(failed.stdout).toContain(
      "3 traces of the session uptake-verify may still be there, as deleting failed: answered 429\n",
    );
    const kept = await report({ cleanUp: { kind: "kept", traceCount: 3 } });
    expect(kept.stdout).toContain("3 traces kept, in the session uptake-verify\n");
  });

  it("passes its flags on, a minute's patience by default", async () => {
    const options = async (...flags: string[]) => {
      const [given] = (await report({}, ...flags)).given;
      return { patienceMs: given?.patienceMs, keep: given?.keep };
    };
    expect(await options()).toEqual({ patienceMs: 60_000, keep: false });
    expect(await options("--patience", "5", "--keep")).toEqual({ patienceMs: 5000, keep: true });
  });

  it("prints the whole report with --json, and ends as without", async () => {
    const good = await report({}, "--json");
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout)).toEqual(goodVerify);
    const bad = await report({ ok: false, problems: ["x"] }, "--json");
    expect([bad.code, JSON.parse(bad.stdout)]).toEqual([1, { ...goodVerify, ok: false, problems: ["x"] }]);
  });

  it("ends with 130 when it was interrupted", async () => {
    const { code, stdout } = await report({ ok: false, interrupted: true });
    expect(code).toBe(130);
    expect(stdout).toMatch(/interrupted; what was not seen is unknown\n$/u);
  });

  it.each(["0", "-1", "1.5", "soon", "3601"])("refuses a patience of %s with 2", async (patience) => {
    const { code, stderr, opened } = await report({}, "--patience", patience);
    expect({ code, opened }).toEqual({ code: 2, opened: [] });
    expect(stderr).toContain("Expected a whole number of at least 1 and at most 3600.");
  });

  it("has no flags for a database, since it opens none", async () => {
    const { stdout } = await run(["verify", "--help"]);
    expect(stdout).toContain("--patience <seconds>");
    expect(stdout).not.toContain("--database-url");
    expect(stdout).not.toContain("--data-dir");
  });
});

describe("uptake verify as a process of its own", () => {
  const uptake = (env: Record<string, string>, ...flags: string[]) =>
    runUptake(["verify", ...flags], { cwd: scratch, env });

  async function start(dialect: LangfuseDialect) {
    const { standIn, address } = await startStandIn({ dialect });
    const { baseUrl, publicKey, secretKey } = address;
    const env = { LANGFUSE_BASE_URL: baseUrl, LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey };
    return { standIn, baseUrl, env };
  }

  it.each<[LangfuseDialect, string]>([
    ["v4", "4.16.0"],
    ["v3", "3.225.4"],
  ])("passes against a Langfuse of dialect %s, from the variables alone", async (dialect, version) => {
    const { standIn, baseUrl, env } = await start(dialect);
    const unreachable = "postgres://nobody@127.0.0.1:9/none";
    const { code, stdout } = await uptake({
      ...env,
      DATABASE_URL: unreachable,
      LANGFUSE_TRACING_ENVIRONMENT: "staging",
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("all well: ") as unknown });
    expect(stdout).toContain(`Langfuse ${version} at ${baseUrl}, project Stand-in Langfuse, read as ${dialect}\n`);
    expect(new Set(standIn.observations().map(({ environment }) => environment))).toEqual(new Set(["staging"]));
    expect([standIn.currentObservations(), standIn.currentScores()]).toEqual([[], []]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it("ends with 1 and says in JSON which score did not arrive", async () => {
    const { standIn, env } = await start("v4");
    standIn.setFailure({ dropScores: { name: "accepted" } });
    const { code, stdout } = await uptake(env, "--patience", "1", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/taken, but not seen within 1 s: score accepted$/u)],
      cleanUp: { kind: "asked", traceCount: 3 },
    });
  });

  it("ends with 1 and the remedy for wrong keys, and with 2 without any", async () => {
    const { env } = await start("v4");
    const wrong = await uptake({ ...env, LANGFUSE_SECRET_KEY: "sk-lf-wrong" });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain("check that LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY belong to one project");
    const keyless = await uptake({});
    expect(keyless).toMatchObject({ code: 2, stdout: "" });
    expect(keyless.stderr).toContain("no Langfuse keys are set, so there is nothing to verify");
  });
});
