import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { startServing } from "../http/serving.ts";
import { root } from "../server/run-program.ts";
import { openTestPostgres } from "../support/databases.ts";

// As `npx tsx` does, but without the process of its own that it puts between.
const TSX = ["--import", import.meta.resolve("tsx")];
const SECRET = "a-secret-of-forty-characters-or-so-it-is";

type Service = { readonly db: Database; readonly env: Readonly<Record<string, string>> };

/** `uptake serve` with a key, over an empty database. */
async function startService(): Promise<Service> {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const scopes = ["write", "read"] as const;
  const { publicKey, secretKey } = await createApiKey(postgres.db, { projectId: "default", scopes, name: "test" });
  const { url } = await startServing(postgres.url, { UPTAKE_FEEDBACK_SECRET: SECRET });
  return { db: postgres.db, env: { UPTAKE_URL: url, UPTAKE_KEY: `${publicKey}:${secretKey}` } };
}

type Running = {
  line(): Promise<string>;
  terminate(): Promise<number | null>;
  /** Of what ends by itself: its exit code. */
  end(): Promise<number | null>;
};

/** A program that goes on, with nothing of this process's configuration. */
function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const cwd = mkdtempSync(join(tmpdir(), "uptake-example-"));
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const ended = new Promise<number | null>((resolve) => void child.once("close", resolve));
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(cwd, { recursive: true, force: true });
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`it ended without another line; its errors: ${errors}`);
      return next.value;
    },
    async terminate() {
      child.kill("SIGTERM");
      return ended;
    },
    end: () => ended,
  };
}

const example = (path: string): string => join(root, "examples", path);

async function post(url: string, body: object, method = "POST"): Promise<Readonly<Record<string, unknown>>> {
  const request = new Request(url, { method: "POST", body: JSON.stringify(body) });
  const response = await fetch(new Request(request, { method, headers: { "content-type": "application/json" } }));
  expect(response.status).toBe(200);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** Each suggestion's text and what became of it. */
const stored = (db: Database) =>
  db.query<{ text: string; outcome: string }>(
    "select suggested_response as text, outcome from ai_suggestions order by created_at",
  );

const QUESTION = { ticketId: "42", question: "Where is my refund?" };
const REPLY = "A refund takes five working days.";

describe("the examples of integrations", { timeout: 300_000 }, () => {
  it("express-route: drafts a reply, takes what was sent, and commits before it ends", async () => {
    const { db, env } = await startService();
    const app = start(process.execPath, [...TSX, example("express-route/main.ts"), "0"], env);
    const port = /port: (\d+)/u.exec(await app.line())?.[1] ?? "";
    const tickets = `http://127.0.0.1:${port}/tickets/42`;
    const { text } = await post(`${tickets}/suggestion`, QUESTION);
    expect(text).toBe(`Thank you for asking. ${REPLY}`);
    expect(await post(`${tickets}/reply`, { text })).toEqual({ sent: true, feedback: "approval" });
    expect(await app.terminate()).toBe(0);
    expect(await stored(db)).toEqual([{ text, outcome: "accepted" }]);
  });

  it("next-route: drafts a reply and takes a button's word for it", async () => {
    const { db, env } = await startService();
    const host = join(root, "test/examples/next-host.ts");
    const app = start(process.execPath, [...TSX, host, example("next-route/app/api/suggestion/route.ts")], env);
    const url = await app.line();
    const { suggestionId, text } = await post(url, QUESTION);
    expect(text).toBe(REPLY);
    expect(await post(url, { suggestionId, isGood: false }, "PUT")).toMatchObject({ type: "rejection", created: true });
    expect(await stored(db)).toEqual([{ text: REPLY, outcome: "rejected" }]);
  });

  it("supabase-function: records over HTTP, and hands out a token that lets a page report", async () => {
    const { db, env } = await startService();
    const shim = join(root, "test/examples/deno-shim.ts");
    const app = start(process.execPath, [...TSX, shim, example("supabase-function/index.ts")], env);
    const { text, suggestionId, feedbackToken } = await post(await app.line(), QUESTION);
    expect(text).toBe(REPLY);
    expect(await stored(db)).toEqual([{ text: REPLY, outcome: "pending" }]);
    const seen = await fetch(`${env["UPTAKE_URL"]}/v1/suggestions/${String(suggestionId)}/shown`, {
      method: "POST",
      headers: { authorization: `Bearer ${String(feedbackToken)}` },
    });
    expect(seen.status).toBe(200);
  });

  it("curl: records, reports and asks with a shell only", async () => {
    const { db, env } = await startService();
    const run = start("/bin/sh", [example("curl/track.sh")], env);
    expect(JSON.parse(await run.line())).toMatchObject({ created: true });
    expect(JSON.parse(await run.line())).toMatchObject({ recorded: true, type: "approval" });
    const { rows } = JSON.parse(await run.line()) as { rows: readonly object[] };
    expect(rows).toMatchObject([{ suggestionCount: 1, acceptedCount: 1, dimensions: { function: "draft-reply" } }]);
    expect(await run.end()).toBe(0);
    expect(await stored(db)).toEqual([{ text: REPLY, outcome: "accepted" }]);
  });
});
