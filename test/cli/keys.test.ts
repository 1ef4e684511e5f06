import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createKeyCheck } from "../../src/service/check-api-keys.ts";
import { openTestPostgres } from "../support/databases.ts";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function uptake(databaseUrl: string, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [main, "keys", ...args], {
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...texts })));
}

type Made = { readonly publicKey: string; readonly secretKey: string };
const made = ({ stdout }: Ran): Made => JSON.parse(stdout) as Made;

it("makes, lists, rotates and revokes keys; a secret is shown once, by whoever made it", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const keys = createKeyCheck({ db: opened.db, now: Date.now, keepMs: 0 });
  const shown = await uptake(opened.url, "create", "--name", "desk", "--scopes", "read,feedback", "--project", "a");
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(
    /^public key {2}pk-up-[\w-]{16}\nsecret key {2}sk-up-[\w-]{43}\nproject {5}a\nscopes {6}read, feedback$/mu,
  );
  expect(shown.stderr).toContain("shown this once");
  const first = made(await uptake(opened.url, "create", "--json"));
  expect(await keys.ownerOf(first)).toMatchObject({
    projectId: "default",
    scopes: new Set(["write", "feedback", "read"]),
  });
  const unset = made(await uptake(opened.url, "create", "--json", "--project", ""));
  expect(await keys.ownerOf(unset)).toMatchObject({ projectId: "default" });
  const next = made(await uptake(opened.url, "rotate", first.publicKey, "--grace", "1h", "--json"));
  expect(await keys.ownerOf(first)).toBeDefined();
  expect(await keys.ownerOf(next)).toMatchObject({ projectId: "default" });
  expect(await uptake(opened.url, "revoke", next.publicKey)).toMatchObject({
    code: 0,
    stdout: `revoked ${next.publicKey}\n`,
  });
  expect(await keys.ownerOf(next)).toBeUndefined();
  const { stdout } = await uptake(opened.url, "list");
  expect(stdout).toMatch(/read,feedback {2,}taken {2,}never {2,}desk$/mu);
  expect(stdout).toMatch(new RegExp(`^${first.publicKey} .*taken until `, "mu"));
  expect(stdout).toMatch(new RegExp(`^${next.publicKey} .*revoked `, "mu"));
  expect(stdout).not.toContain("sk-up-");
  expect(await uptake(opened.url, "revoke", next.publicKey)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no key") as string,
  });
  expect(await uptake(opened.url, "create", "--scopes", "all")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("write,feedback,read,admin") as string,
  });
});
