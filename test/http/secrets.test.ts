import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createFeedbackTokens } from "../../src/service/feedback-tokens.ts";
import { endApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { startStandIn } from "../mirror/set-up.ts";
import { deskScript, SCRIPTED_MODEL, startScriptedModel } from "../models/scripted-model.ts";
import { runUptake } from "../server/run-program.ts";
import { eventually } from "../support/eventually.ts";
import type { Place } from "./document-requests.ts";
import { basic, bearer, makeKey, SECRET } from "./secured-rig.ts";
import { type Asked, MARKER, startWholeService, type WholeService } from "./whole-service.ts";

// No secret in a log line, an answer, a trace, the database or the spool, whatever is asked with whatever credentials.

const PASSWORD = "the-password-of-the-database";
const MODEL_KEY = "sk-key-of-the-model-provider";
const LANGFUSE = { publicKey: "pk-lf-of-the-tests", secretKey: "sk-lf-secret-of-the-tests" };

type Pair = { readonly publicKey: string; readonly secretKey: string };

/** Every way in which a secret may stand somewhere; of a pair also as HTTP carries it. */
const spelled = (secret: string): readonly string[] => [
  secret,
  Buffer.from(secret).toString("base64").replace(/=+$/u, ""),
];
const spelledPair = ({ publicKey, secretKey }: Pair): readonly string[] => [
  ...spelled(secretKey.replace(/^sk-up-/u, "")),
  ...spelled(secretKey),
  ...spelled(`${publicKey}:${secretKey}`),
];

type Secrets = Map<string, readonly string[]>;
const foundIn = (text: string, secrets: Secrets): readonly string[] =>
  [...secrets].filter(([, spellings]) => spellings.some((spelling) => text.includes(spelling))).map(([name]) => name);

async function dump(db: Database): Promise<string> {
  const tables = await db.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    texts.push(JSON.stringify(await db.query(`select row_to_json(t)::text as row from "${name}" t`)));
  }
  return texts.join("\n");
}

function filesUnder(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return names
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "latin1"))
    .join("\n");
}

/** Whole, but for the two that are the point of their answer: a new suggestion's token, and the cookie of who signs in. */
function told({ operation }: Pick<Place, "operation">, { status, headers, text }: Asked): string {
  const isMade = operation.operationId === "recordSuggestions" && status < 300;
  const kept = isMade ? text.replaceAll(/"feedbackToken":"[^"]+"/gu, "") : text;
  return `${operation.operationId} ${status} ${JSON.stringify([...headers])} ${kept}`;
}

const needsCredentials = ({ operation }: Place): boolean => operation.security.length > 0;

async function signIn({ send }: WholeService, pair: Pair): Promise<Asked> {
  return send("post", "/session", { body: { publicKey: pair.publicKey, secretKey: pair.secretKey } });
}

/** Credentials of every kind, good and bad, each of which is a secret. */
async function credentials(service: WholeService, secrets: Secrets) {
  const { db, admin, about } = service;
  const reader = await makeKey(db, "a", ["read"]);
  const other = await makeKey(db, "b", ["admin"]);
  const revoked = await makeKey(db, "a", ["admin"]);
  await endApiKey(db, revoked.publicKey);
  const mistyped = { publicKey: admin.publicKey, secretKey: `${admin.secretKey.slice(0, -3)}AAA` };
  const cookie = ((await signIn(service, admin)).headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const lapsed = createFeedbackTokens({ secrets: [SECRET], lifetimeMs: -1, now: Date.now });
  const lapsedToken = lapsed.issue({ projectId: "a", suggestionId: about.suggestionId }) ?? "";
  for (const [name, pair] of Object.entries({ admin, reader, other, revoked, mistyped })) {
    secrets.set(`key ${name}`, spelledPair(pair));
  }
  secrets.set("cookie", spelled(cookie.replace("uptake_session=", "")));
  secrets.set("feedback token", spelled(about.feedbackToken));
  secrets.set("lapsed token", spelled(lapsedToken));
  const headers: Record<string, string>[] = [
    basic(admin),
    basic(reader),
    basic(other),
    basic(revoked),
    basic(mistyped),
    bearer(admin.secretKey),
    bearer(`${admin.publicKey}:${admin.secretKey}`),
    bearer(lapsedToken),
    bearer(about.feedbackToken),
    { authorization: admin.secretKey },
    { authorization: `Digest ${admin.secretKey}` },
    { cookie },
    { cookie: `${cookie}x` },
    { cookie, origin: "https://elsewhere.example" },
  ];
  return { headers, reader, mistyped, cookie };
}

/** Allows no connections and ends those that there are, until the returned function allows them again. */
async function shutOut(databaseUrl: string): Promise<() => Promise<void>> {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  url.pathname = "/postgres";
  const server = await openPostgres({ url: url.href, maxConnections: 1 });
  onTestFinished(() => server.close());
  await server.query(`alter database ${name} allow_connections false`);
  await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  return async () => void (await server.query(`alter database ${name} allow_connections true`));
}

it("no secret is in a log line, an answer, a trace, the database or the spool after every route was asked with every key", async () => {
  const { standIn, address } = await startStandIn(LANGFUSE);
  const model = await startScriptedModel(deskScript());
  const spool = mkdtempSync(join(tmpdir(), "uptake-secrets-"));
  onTestFinished(() => rmSync(spool, { recursive: true, force: true }));
  const withPassword = (url: string): string => Object.assign(new URL(url), { password: PASSWORD }).href;
  const langfuse = {
    LANGFUSE_PUBLIC_KEY: address.publicKey,
    LANGFUSE_SECRET_KEY: address.secretKey,
    LANGFUSE_BASE_URL: address.baseUrl,
  };
  const openai = { OPENAI_API_KEY: MODEL_KEY, OPENAI_BASE_URL: model.baseUrl, UPTAKE_MODEL: SCRIPTED_MODEL };
  const env = { ...langfuse, ...openai, UPTAKE_DEBUG: "1", UPTAKE_SPOOL_DIR: spool };
  const service = await startWholeService(env, withPassword);
  const { db, places, ask, send, serving, databaseUrl } = service;
  const secrets: Secrets = new Map([
    ["database password", spelled(PASSWORD)],
    ["model key", spelled(MODEL_KEY)],
    ["Langfuse key", spelledPair(LANGFUSE)],
    ["feedback secret", spelled(SECRET)],
  ]);
  const { headers, reader, mistyped, cookie } = await credentials(service, secrets);
  const answers: string[] = [];
  const statuses = new Set<number>();
  async function askAll(sets: readonly Record<string, string>[]): Promise<void> {
    const pairs = sets.flatMap((set) => places.map((place) => ({ set, place })));
    const asked = await Promise.all(pairs.map(async ({ set, place }) => ({ place, answer: await ask(place, set) })));
    for (const { place, answer } of asked) {
      statuses.add(answer.status);
      answers.push(told(place, answer));
    }
  }

  await askAll(headers);
  for (const path of ["/", "/status", "/docs", "/openapi.json", "/session", "/nowhere"]) {
    for (const set of headers) answers.push(JSON.stringify([path, await send("get", path, { headers: set })]));
  }
  answers.push((await signIn(service, mistyped)).text, (await signIn(service, reader)).text);
  // Bodies that hold a secret where none belongs, which a message might quote.
  const misplaced = { publicKey: mistyped.publicKey, secret_key: mistyped.secretKey };
  answers.push((await send("post", "/session", { body: misplaced })).text);
  // Faults of our own: what is asked for is not there, then the database is not.
  await db.query("alter table ai_suggestions rename to gone");
  await db.query("alter table tickets rename to gone_too");
  await askAll(headers.slice(0, 1));
  await db.query("alter table gone rename to ai_suggestions");
  await db.query("alter table gone_too rename to tickets");
  const letIn = await shutOut(databaseUrl);
  await askAll(headers.slice(0, 2));
  await letIn();
  standIn.failNext({ status: 401 }, 1);
  await eventually("it is back", async () => (await send("get", "/readyz")).status === 200, 30_000);
  await askAll(headers.slice(0, 1));
  await eventually(
    "traces and scores arrive",
    () => standIn.observations().length > 0 && standIn.scores().length > 0,
    60_000,
  );
  const signedOut = await send("delete", "/session", { headers: { cookie } });
  expect(signedOut.status).toBe(204);
  serving.kill("SIGTERM");
  expect(await serving.ended).toBe(0);

  for (const status of [200, 201, 401, 403, 404, 409, 500, 503]) expect([...statuses]).toContain(status);
  expect(places.filter(needsCredentials).length).toBeGreaterThan(22);
  const nowhere = withPassword("postgres://nobody@127.0.0.1:1/none");
  const commands = [
    { url: withPassword(databaseUrl), args: ["keys", "list"] },
    { url: withPassword(databaseUrl), args: ["doctor"] },
    { url: nowhere, args: ["doctor"] },
    { url: nowhere, args: ["metrics", "--debug"] },
  ];
  const ran = await Promise.all(
    commands.map(({ url, args }) => runUptake(args, { cwd: spool, env: { ...env, DATABASE_URL: url } })),
  );
  const outputs: Readonly<Record<string, readonly [text: string, sign: string]>> = {
    answers: [answers.join("\n"), "unauthorized"],
    logs: [serving.told(), "http.failed"],
    traces: [JSON.stringify([standIn.observations(), standIn.scores()]), MARKER],
    database: [await dump(db), MARKER],
    spool: [filesUnder(spool), ""],
    commands: [JSON.stringify(ran), "ECONNREFUSED"],
  };
  for (const [where, [text, sign]] of Object.entries(outputs)) {
    expect.soft(text.includes(sign), `${where} is what it should be`).toBe(true);
    expect.soft(foundIn(text, secrets), where).toEqual([]);
  }
}, 240_000);
