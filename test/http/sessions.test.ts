import { expect, it } from "vitest";
import { onTestFinished } from "vitest";
import { LOOPBACK_ONLY } from "../../src/http/guard.ts";
import { createKeyCheck } from "../../src/service/check-api-keys.ts";
import { endApiKey } from "../../src/service/manage-api-keys.ts";
import { createSessions } from "../../src/service/sessions.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { makeKey, openSecured, type SecuredRig } from "./secured-rig.ts";

const OURS = { origin: "http://localhost", "sec-fetch-site": "same-origin", host: "localhost" };
const LISTED = "https://desk.example.com";

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

type Pair = { readonly publicKey: string; readonly secretKey: string };

const signIn = (api: SecuredRig, { publicKey, secretKey }: Pair, headers: Record<string, string> = OURS) =>
  api.post("/session", { publicKey, secretKey }, headers);

const cookieOf = (headers: Headers): string => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";

it("a key that may look becomes a cookie that scripts and other sites never see, and that is let in", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const key = await makeKey(db, "a", ["read"]);
  const signedIn = await signIn(api, key);
  expect(signedIn.status).toBe(204);
  const setCookie = signedIn.headers.get("set-cookie") ?? "";
  expect(setCookie).toMatch(/^uptake_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/u);
  expect(setCookie).not.toContain(key.secretKey);
  const cookie = cookieOf(signedIn.headers);
  expect((await api.get("/v1/mirror", { ...OURS, cookie })).status).toBe(200);
  expect((await api.get("/session", { ...OURS, cookie })).json).toEqual({
    publicKey: key.publicKey,
    isKeyNeeded: true,
    scopes: ["read"],
  });
  // It may do what its key may, and nothing more.
  expect((await api.post("/v1/mirror/retry", {}, { ...OURS, cookie })).status).toBe(403);
  expect(
    (await api.post("/session", { ...key, projectId: undefined, scopes: undefined, name: undefined }, OURS)).status,
  ).toBe(204);
});

it("the cookie is Secure where a proxy in front speaks https", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const { headers } = await signIn(api, await makeKey(db, "a", ["admin"]), { ...OURS, "x-forwarded-proto": "https" });
  expect(headers.get("set-cookie")).toContain("; Secure");
});

it("wrong keys get no cookie, and a key that may not look is told so", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const key = await makeKey(db, "a", ["read"]);
  const wrong = await signIn(api, { ...key, secretKey: "sk-up-wrong" });
  expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null]);
  // A browser that reads Basic would ask for a password itself, over the page's own form.
  const fetched = await signIn(api, { ...key, secretKey: "sk-up-wrong" }, { ...OURS, "sec-fetch-mode": "cors" });
  expect(fetched.headers.get("www-authenticate")).toMatch(/^Bearer/u);
  const writer = await signIn(api, await makeKey(db, "a", ["write"]));
  expect([writer.status, writer.headers.get("set-cookie")]).toEqual([403, null]);
});

it("signing out ends the session everywhere, and so does the end of its key", async () => {
  const db = await openDatabase();
  const [api, elsewhere] = [openSecured(db), openSecured(db)];
  const key = await makeKey(db, "a", ["read"]);
  const [one, two] = [cookieOf((await signIn(api, key)).headers), cookieOf((await signIn(api, key)).headers)];
  expect((await elsewhere.get("/v1/mirror", { ...OURS, cookie: one })).status).toBe(200);
  const out = await api.app.request("/session", { method: "DELETE", headers: { ...OURS, cookie: one } });
  expect([out.status, out.headers.get("set-cookie")]).toEqual([204, expect.stringContaining("Max-Age=0")]);
  expect((await elsewhere.get("/v1/mirror", { ...OURS, cookie: one })).status).toBe(401);
  expect((await elsewhere.get("/v1/mirror", { ...OURS, cookie: two })).status).toBe(200);
  await endApiKey(db, key.publicKey);
  expect((await elsewhere.get("/v1/mirror", { ...OURS, cookie: two })).status).toBe(401);
});

it("a session is over when its time is", async () => {
  const db = await openDatabase();
  const keys = createKeyCheck({ db, now: Date.now, keepMs: 0 });
  const key = await makeKey(db, "a", ["read"]);
  const brief = createSessions({ db, keys, now: Date.now, keepMs: 0, lifetimeMs: -1 });
  expect(await brief.ownerOf((await brief.begin(key)).token)).toBeUndefined();
  const long = createSessions({ db, keys, now: Date.now, keepMs: 0 });
  expect(await long.ownerOf((await long.begin(key)).token)).toMatchObject({ projectId: "a" });
  // What was over is gone from the table when the next began.
  expect(await db.query<{ count: number }>("select count(*) as count from dashboard_sessions")).toEqual([{ count: 1 }]);
});

it("what is in the table lets nobody in", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  await signIn(api, await makeKey(db, "a", ["read"]));
  const [row] = await db.query<{ token_sha256: string }>("select token_sha256 from dashboard_sessions");
  const cookie = `uptake_session=${row?.token_sha256}`;
  expect((await api.get("/v1/mirror", { ...OURS, cookie })).status).toBe(401);
});

it("pages of other origins, listed ones too, act in nobody's name: the cookie counts for our own pages only", async () => {
  const db = await openDatabase();
  const guard = { ...LOOPBACK_ONLY, corsOrigins: [LISTED, "http://localhost:3000"] };
  const api = openSecured(db, { guard });
  const key = await makeKey(db, "a", ["admin"]);
  const cookie = cookieOf((await signIn(api, key)).headers);
  const host = "localhost";
  for (const headers of [
    { host, origin: LISTED, "sec-fetch-site": "cross-site" },
    { host, origin: "http://localhost:3000", "sec-fetch-site": "same-site" },
    { host, origin: "http://localhost:3000" }, // a browser that says no more
    { host, "sec-fetch-site": "same-site" },
  ]) {
    expect((await api.get("/v1/mirror", { ...headers, cookie })).status).toBe(401);
    expect((await api.post("/v1/mirror/retry", {}, { ...headers, cookie })).status).toBe(401);
    expect((await signIn(api, key, headers)).status).toBe(403);
  }
  expect((await api.post("/v1/mirror/retry", {}, { ...OURS, cookie })).json).toEqual({ requeuedCount: 0 });
});

it("while the service is open nobody has to sign in", async () => {
  const db = await openDatabase();
  const api = openSecured(db, { openProjectId: "default" });
  const open = { publicKey: null, isKeyNeeded: false, scopes: ["write", "feedback", "read", "admin"] };
  expect((await api.get("/session", OURS)).json).toEqual(open);
  await makeKey(db, "a", ["read"]);
  expect((await api.get("/session", OURS)).json).toEqual({ publicKey: null, isKeyNeeded: true, scopes: [] });
});
