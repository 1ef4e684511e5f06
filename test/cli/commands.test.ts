import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "uptake-commands-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Result = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the built program in an empty folder, with nothing of this process's configuration. */
function uptake(argv: readonly string[], environment: Record<string, string> = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env["PATH"], ...environment };
    const child = spawn(process.execPath, [main, ...argv], { cwd: folder, env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe("the built program", () => {
  const mirror = ["mirror status", "mirror retry", "mirror reconcile", "mirror reexport"];
  const keys = ["keys create", "keys list", "keys revoke", "keys rotate"];
  it.each(["demo", "serve", "replay", "migrate", "worker", "metrics", ...mirror, ...keys])(
    "explains %s with an example and the exit codes",
    async (command) => {
      const { code, stdout, stderr } = await uptake([...command.split(" "), "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ .*uptake ${command}`, "u"));
      expect(stdout).toContain("--database-url <url>");
      expect(stdout).toContain("130  interrupted");
    },
  );

  it("lists its commands and variables with --help, and its version with --version", async () => {
    const help = await uptake(["--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("LANGFUSE_SECRET_KEY");
    const version = await uptake(["--version"]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
  });

  it.each([
    [["dmeo"], "unknown command 'dmeo' (Did you mean demo?)"],
    [["metrics", "--form", "7d"], "unknown option '--form' (Did you mean --from?)"],
    [["metrics", "extra"], "too many arguments"],
    [["metrics", "--bucket", "week"], "--bucket: got"],
    [["mirror", "stauts"], "unknown command 'stauts' (Did you mean status?)"],
    [["mirror", "reconcile", "--from", "soon"], "--from: got"],
    [["demo", "--port", "http"], "--port: got"],
    [["replay", "missing.jsonl"], "missing.jsonl: no such file"],
  ])("ends %j with 2 and one line on stderr", async (argv, message) => {
    const { code, stdout, stderr } = await uptake(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^uptake: [^\n]*\n$/u);
    expect(stderr).toContain(message);
  });

  it("shows the help on stderr and ends with 2 when no command is given", async () => {
    const { code, stdout, stderr } = await uptake([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Commands:");
  });

  it("shows the commands of the mirror on stderr and ends with 2 when none of them is given", async () => {
    const { code, stdout, stderr } = await uptake(["mirror"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("reconcile [options]");
  });

  it("refuses half a pair of Langfuse keys at the start and does not show the half it has", async () => {
    const { code, stderr } = await uptake(["metrics"], { LANGFUSE_SECRET_KEY: "sk-lf-hunter2" });
    expect(code).toBe(2);
    expect(stderr).toContain("LANGFUSE_PUBLIC_KEY: the public key is missing");
    expect(stderr).not.toContain("hunter2");
  });
});

/** These run on the embedded database, in one data directory, one after the other. */
describe("the built program on an embedded database", { timeout: 180_000 }, () => {
  it("makes the tables once", async () => {
    const first = await uptake(["migrate"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/applied .*\n.*the database is at version \d+\n$/su);
    const second = await uptake(["migrate"]);
    expect(second.stdout).toMatch(/^nothing to apply; the database is at version \d+\n$/u);
  });

  it("says that there are no suggestions yet", async () => {
    const { code, stdout } = await uptake(["metrics"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "No suggestions in this range.\n" });
  });

  it("replays conversations, names malformed lines, and creates nothing twice", async () => {
    const messages = [
      { role: "user", content: "Hello, where is my parcel?" },
      { role: "assistant", content: "Could you give me the number of your order?" },
    ];
    const lines = [JSON.stringify({ id: "conversation-1", resolved: true, messages }), "{ not JSON", ""];
    const file = join(folder, "conversations.jsonl");
    writeFileSync(file, lines.join("\n"));
    const first = await uptake(["replay", file]);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain(`${file}:2: `);
    expect(first.stdout).toContain("1 suggestion made, 0 known from before, 0 failed\n");
    expect(first.stdout).toContain("1 malformed line left out\n");
    const second = await uptake(["replay", file]);
    expect(second.stdout).toContain("0 suggestions made, 1 known from before, 0 failed\n");
  });

  it("does the whole loop of the demo offline and ends with 0", async () => {
    const { code, stdout, stderr } = await uptake(["demo", "--once", "--data-dir", "demo-data"]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Model: uptake-retrieval, the offline retrieval model");
    expect(stdout).toMatch(/^mirrored [1-9]\d* traces, [1-9]\d* scores to http:\/\/127\.0\.0\.1:\d+$/mu);
    expect(stdout).toContain("success rate");
  });
});
