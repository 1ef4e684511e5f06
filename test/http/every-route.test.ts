import { expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { SCOPES, type Scope } from "../../src/domain/api-key.ts";
import { newId } from "../../src/domain/ids.ts";
import { createApp } from "../../src/http/app.ts";
import { openApiDocument } from "../../src/http/openapi.ts";
import { apiRoutes } from "../../src/http/routes.ts";
import { deskRoutes } from "../../src/http/routes/desk.ts";
import { functionRoutes } from "../../src/http/routes/functions.ts";
import { createFeedbackTokens } from "../../src/service/feedback-tokens.ts";
import { endApiKey, rotateApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import type { Place } from "./document-requests.ts";
import { fakeServices, noDesk, noFunctions, noSessions, openAdmission } from "./fake-services.ts";
import { basic, bearer, makeKey, SECRET } from "./secured-rig.ts";
import { MARKER, OPERATIONS_WITH_EXAMPLES, operationsWithBodies, startWholeService } from "./whole-service.ts";
import type { WholeService } from "./whole-service.ts";

// Every route of the document that the running service hands out, so that none can be forgotten.

/** Tables that are derived from the others, some while after. */
const DERIVED = /^(?:rollup_|ai_metrics_|ai_feedback_reasons|metric_series|aggregated_metrics)/u;

/** Written by the running service itself every few seconds, whoever asks. */
const ITS_OWN = "uptake_workers";

/** Every row that is not of project `b`, so what must not change by anything that is refused. */
async function truth(db: Database): Promise<Readonly<Record<string, unknown>>> {
  const tables = await db.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  const kept: Record<string, unknown> = {};
  for (const { name } of tables) {
    if (DERIVED.test(name) || name === ITS_OWN) continue;
    kept[name] = await db.query(
      `select (to_jsonb(t) - 'last_used_at')::text as row from "${name}" t
       where to_jsonb(t)->>'project_id' is distinct from 'b' order by 1`,
    );
  }
  return kept;
}

const needsCredentials = ({ operation }: Place): boolean => operation.security.length > 0;
/** As the document says it. */
const scopesOf = ({ operation }: Place): readonly string[] =>
  [...(/Scope: (?<list>.*)\.$/mu.exec(operation.description ?? "")?.groups?.["list"] ?? "").matchAll(/`(\w+)`/gu)].map(
    ([, scope = ""]) => scope,
  );

async function sessionCookie({ send }: WholeService, key: { publicKey: string; secretKey: string }): Promise<string> {
  const { publicKey, secretKey } = key;
  const signedIn = await send("post", "/session", { body: { publicKey, secretKey } });
  expect(signedIn.status).toBe(204);
  return (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

/** Credentials that are none, by what is wrong with them. */
async function wrongCredentials(service: WholeService): Promise<Readonly<Record<string, Record<string, string>>>> {
  const { db, admin, about, send } = service;
  const other = await makeKey(db, "b", ["admin"]);
  const revoked = await makeKey(db, "a", ["admin"]);
  await endApiKey(db, revoked.publicKey);
  const old = await makeKey(db, "a", ["admin"]);
  await rotateApiKey(db, old.publicKey, 0);
  const signedOut = await sessionCookie(service, admin);
  await send("delete", "/session", { headers: { cookie: signedOut } });
  const subject = { projectId: "a", suggestionId: about.suggestionId };
  const lapsed = createFeedbackTokens({ secrets: [SECRET], lifetimeMs: -1, now: Date.now });
  const forged = createFeedbackTokens({ secrets: ["another secret of tests"], lifetimeMs: 60_000, now: Date.now });
  const token = about.feedbackToken;
  return {
    none: {},
    empty: { authorization: "" },
    scheme: { authorization: `Digest ${admin.publicKey}:${admin.secretKey}` },
    unknown: basic({ publicKey: "pk-up-AAAAAAAAAAAAAAAA", secretKey: admin.secretKey }),
    "no secret": basic({ ...admin, secretKey: "" }),
    "another's secret": basic({ ...admin, secretKey: other.secretKey }),
    "secret first": basic({ publicKey: admin.secretKey, secretKey: admin.publicKey }),
    "public key alone": bearer(admin.publicKey),
    "secret alone": bearer(admin.secretKey),
    injected: { authorization: "Basic ' or 1=1 --" },
    revoked: basic(revoked),
    rotated: basic(old),
    "lapsed token": bearer(lapsed.issue(subject) ?? ""),
    "forged token": bearer(forged.issue(subject) ?? ""),
    "cut token": bearer(token.slice(0, -1)),
    "altered token": bearer(`${token.slice(0, 20)}${token[20] === "A" ? "B" : "A"}${token.slice(21)}`),
    "token as password": basic({ publicKey: "ft", secretKey: token }),
    "unknown cookie": { cookie: `uptake_session=${"A".repeat(43)}` },
    "signed out": { cookie: signedOut },
    "cookie to another site": { cookie: await sessionCookie(service, admin), "sec-fetch-site": "same-site" },
  };
}

it("every route of the document refuses every wrong key, and does its work with the right one", async () => {
  const service = await startWholeService();
  const { db, admin, places, ask, send } = service;
  expect(operationsWithBodies(places).toSorted()).toEqual([...OPERATIONS_WITH_EXAMPLES].toSorted());
  expect(places.filter(needsCredentials).length).toBeGreaterThan(22);
  const wrong = await wrongCredentials(service);
  const before = await truth(db);
  for (const place of places) {
    const expected = needsCredentials(place) ? 401 : 200;
    for (const [what, headers] of Object.entries(wrong)) {
      const { status, text } = await ask(place, headers);
      expect([place.operation.operationId, what, status]).toEqual([place.operation.operationId, what, expected]);
      expect(text).not.toContain(MARKER);
    }
  }
  for (const [what, headers] of Object.entries(wrong)) {
    expect([what, (await send("get", "/status", { headers })).status]).toEqual([what, 401]);
  }
  expect(await truth(db)).toEqual(before);
  // The right key differs from the wrong ones in nothing else.
  for (const place of places) {
    const { status, text } = await ask(place, basic(admin));
    expect([place.operation.operationId, status, text]).toEqual([
      place.operation.operationId,
      expect.toBeOneOf([200, 201]),
      text,
    ]);
  }
  expect(await truth(db)).not.toEqual(before);
}, 180_000);

it("every route of the document refuses a key or cookie whose scope is too small, and a token of another suggestion", async () => {
  const service = await startWholeService();
  const { db, admin, about, places, ask, send } = service;
  const guarded = places.filter(needsCredentials);
  const keys = new Map<Scope, Record<string, string>>();
  for (const scope of SCOPES.filter((one) => one !== "admin")) keys.set(scope, basic(await makeKey(db, "a", [scope])));
  const looking = { cookie: await sessionCookie(service, await makeKey(db, "a", ["read"])) };
  // One for each route, since a token may ask five times a second only.
  const others = await send("post", "/v1/suggestions", {
    headers: basic(admin),
    body: guarded.map(() => ({ functionName: "f", text: "another" })),
  });
  const { results } = JSON.parse(others.text) as { readonly results: readonly { readonly feedbackToken: string }[] };
  const ownTokens = createFeedbackTokens({ secrets: [SECRET], lifetimeMs: 60_000, now: Date.now });
  const before = await truth(db);
  let refusedCount = 0;
  for (const [index, place] of guarded.entries()) {
    const { operationId } = place.operation;
    const scopes = scopesOf(place);
    expect([operationId, scopes.length]).toEqual([operationId, expect.toBeOneOf([1, 2])]);
    const tries: [string, Record<string, string>][] = [...keys]
      .filter(([scope]) => !scopes.includes(scope))
      .map(([scope, headers]) => [scope, headers]);
    if (!scopes.includes("read")) tries.push(["cookie of a key that may look", looking]);
    tries.push(["token of another suggestion", bearer(results[index]?.feedbackToken ?? "")]);
    for (const [what, headers] of tries) {
      const { status, text } = await ask(place, headers);
      expect([operationId, what, status]).toEqual([operationId, what, 403]);
      expect(text).not.toContain(MARKER);
      refusedCount += 1;
    }
    if (scopes.includes("feedback")) continue;
    const own = { projectId: "a", suggestionId: newId() };
    const asked = await ask(place, bearer(ownTokens.issue(own) ?? ""), { ...about, suggestionId: own.suggestionId });
    expect([operationId, "its own token", asked.status]).toEqual([operationId, "its own token", 403]);
  }
  expect(refusedCount).toBeGreaterThan(guarded.length * 2);
  expect(await truth(db)).toEqual(before);
}, 180_000);

/** What names nothing of another's is answered, with one's own, which is nothing, or with what is no project's. */
const ABOUT_ONESELF = new Set([
  "listSuggestions",
  "readMetrics",
  "readReasons",
  "readCalibration",
  "readSurvival",
  "readMirror",
  "retryMirror",
  "readSetUp",
  "readDoctor",
  "live",
  "exposeMetrics",
  "isAlive",
  "isReady",
  "listDeskTickets",
]);

it("no route of the document shows or changes anything of another project, for its admin neither", async () => {
  const { db, places, ask, send } = await startWholeService();
  await db.query("update langfuse_outbox set dead_at = now() where project_id = 'a'");
  const headers = basic(await makeKey(db, "b", ["admin"]));
  const before = await truth(db);
  for (const place of places) {
    const { operationId } = place.operation;
    const { status, text } = await ask(place, headers);
    const expected = ABOUT_ONESELF.has(operationId) ? [200] : [404, 409];
    expect([operationId, status, text]).toEqual([operationId, expect.toBeOneOf(expected), text]);
    expect([operationId, text.includes(MARKER)]).toEqual([operationId, false]);
  }
  expect((await send("get", "/status", { headers })).text).not.toContain(MARKER);
  expect(await truth(db)).toEqual(before);
}, 180_000);

/** Of the dashboard and for people; each is tried by name elsewhere. */
const IN_NO_DOCUMENT = [
  "GET /",
  "GET /openapi.json",
  "GET /docs",
  "GET /status",
  "GET /session",
  "POST /session",
  "DELETE /session",
];

it("there is no route but those of the document, and the few that are named here", () => {
  const routes = [...functionRoutes(noFunctions, silentLogger), ...deskRoutes(noDesk)];
  const services = fakeServices();
  const app = createApp({
    services,
    admission: openAdmission,
    log: silentLogger,
    now: Date.now,
    routes,
    sessions: noSessions,
  });
  const there = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`);
  const document = openApiDocument([...apiRoutes(services, Date.now), ...routes]);
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/gu, ":$1")}`),
  );
  expect([...new Set(there)].toSorted()).toEqual([...documented, ...IN_NO_DOCUMENT].toSorted());
});
