import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { asItIs } from "../../src/domain/privacy.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { REQUEST_LIMITS } from "../../src/http/add-routes.ts";
import { createApp } from "../../src/http/app.ts";
import { openTo } from "../../src/http/caller.ts";
import type { GuardSettings } from "../../src/http/guard.ts";
import { createPrometheus } from "../../src/http/prometheus.ts";
import { createRateLimit } from "../../src/http/rate.ts";
import { serveApp } from "../../src/http/serve.ts";
import type { HttpServices } from "../../src/http/services.ts";
import type { Parts } from "../../src/server/assemble.ts";
import { serveHttp } from "../../src/server/serve-http.ts";
import { endApiKey } from "../../src/service/manage-api-keys.ts";
import { openTestPostgres } from "../support/databases.ts";
import { fakeServices, metricsRow, NOW, openAdmission } from "./fake-services.ts";
import { makeKey } from "./secured-rig.ts";

const given = JSON.stringify({ functionName: "f", text: "Hello" });
const JSON_TYPE = { "content-type": "application/json" };

type Options = {
  readonly services?: Partial<HttpServices>;
  readonly timeoutMs?: number;
  readonly answerTimeoutMs?: number;
};

const taken: Partial<HttpServices> = {
  takeSuggestions: (_projectId, all) =>
    Promise.resolve(
      all.map(() => ({ ok: true, suggestionId: "0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d", traceId: "t", created: true })),
    ),
};

/** The app on a port of its own, with short limits. */
async function serve({ services = taken, timeoutMs = 300, answerTimeoutMs = 300 }: Options = {}): Promise<string> {
  const limits = { ...REQUEST_LIMITS, timeoutMs, answerTimeoutMs };
  const app = createApp({
    services: fakeServices(services),
    admission: openAdmission,
    log: silentLogger,
    now: () => NOW,
    limits,
  });
  const server = await serveApp(app, { port: 0 });
  onTestFinished(() => server.close());
  return server.url;
}

const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;

describe("limits", () => {
  it("a body of 20 MB is refused before it has come, and one that grows to it as well", async () => {
    const url = await serve();
    const declared = await fetch(`${url}/v1/suggestions`, {
      method: "POST",
      headers: JSON_TYPE,
      body: "x".repeat(20_000_000),
    }).catch(() => undefined);
    // The server may end the connection while the rest is still being sent; whoever reads the answer finds 413.
    expect([413, undefined]).toContain(declared?.status);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(
        `${url}/v1/suggestions`,
        { method: "POST", headers: { ...JSON_TYPE, "transfer-encoding": "chunked" } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sending.on("error", reject);
      sending.write("x".repeat(3_000_000));
      sending.write("x".repeat(3_000_000));
    });
    expect(status).toBe(413);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("a body that does not come is not waited for", async () => {
    const { hostname, port } = new URL(await serve());
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    const head = [
      "POST /v1/suggestions HTTP/1.1",
      `host: ${hostname}:${port}`,
      "content-type: application/json",
      "content-length: 100",
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n{"functionName"`);
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /u);
    expect(answer).toContain("request_timeout");
  });

  it("an answer that does not come is given up, saying when to try again", async () => {
    const url = await serve({ services: { metrics: () => new Promise(() => {}) } });
    const response = await fetch(`${url}/v1/metrics`);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await codeOf(response)).toBe("too_slow");
  });

  it("whoever asks too often is told when to come back, and nobody else is", async () => {
    const admit = createRateLimit(3);
    const callers = ["a", "b"].map((rateKey) => ({
      projectId: "p",
      scopes: new Set<never>(),
      suggestionId: null,
      rateKey,
    }));
    const [a, b] = callers;
    if (a === undefined || b === undefined) throw new Error("two callers");
    for (let time = 0; time < 3; time += 1) await admit(a);
    await expect(admit(a)).rejects.toMatchObject({ code: "too_many_requests", facts: { retryAfterSeconds: 1 } });
    await admit(b);
    const app = createApp({
      services: fakeServices(),
      admission: { authenticate: openTo("p"), admit: createRateLimit(1) },
      log: silentLogger,
      now: () => NOW,
    });
    const statuses = await Promise.all([1, 2].map(async () => app.request("/v1/mirror")));
    expect(statuses.map(({ status }) => status)).toEqual([200, 429]);
    expect(statuses[1]?.headers.get("retry-after")).toBe("1");
  });

  it("a feedback token may ask five times a second, however often keys may", async () => {
    const admit = createRateLimit(null);
    const holder = { projectId: "p", scopes: new Set<never>(), suggestionId: "one", rateKey: "one" };
    for (let time = 0; time < 5; time += 1) await admit(holder);
    await expect(admit(holder)).rejects.toMatchObject({ code: "too_many_requests" });
    await admit({ ...holder, suggestionId: "another", rateKey: "another" });
    for (let time = 0; time < 20; time += 1) await admit({ ...holder, suggestionId: null, rateKey: "pk-up-a" });
  });

  it("large answers are packed for whoever takes them so, and only for them", async () => {
    const app = createApp({
      services: fakeServices({ metrics: () => Promise.resolve(Array.from({ length: 20 }, () => metricsRow())) }),
      admission: openAdmission,
      log: silentLogger,
      now: () => NOW,
    });
    const plain = await app.request("/v1/metrics");
    expect(plain.headers.get("content-encoding")).toBeNull();
    const packed = await app.request("/v1/metrics", { headers: { "accept-encoding": "br, gzip" } });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    const bytes = Buffer.from(await packed.arrayBuffer());
    expect(gunzipSync(bytes).toString()).toBe(await plain.text());
    const small = await app.request("/healthz", { headers: { "accept-encoding": "gzip" } });
    expect([small.headers.get("content-encoding"), await small.json()]).toEqual([null, { status: "ok" }]);
  });
});

describe("pages of other origins", () => {
  const desk = "https://desk.example.com";
  const appWith = (guard: GuardSettings) =>
    createApp({ services: fakeServices(taken), admission: openAdmission, guard, log: silentLogger, now: () => NOW });
  const post = (headers: Record<string, string>) => ({
    method: "POST",
    headers: { ...JSON_TYPE, ...headers },
    body: given,
  });
  const guard = { allowedHosts: ["uptake.example.com"], corsOrigins: [desk] };

  it.each([
    "https://evil.example",
    "null",
    "http://desk.example.com",
    "https://desk.example.com.evil.example",
    "http://localhost:9",
  ])("%s may not call", async (origin) => {
    for (const init of [post({ origin }), { headers: { origin } }, { method: "OPTIONS", headers: { origin } }]) {
      const response = await appWith(guard).request("http://localhost/v1/suggestions", init);
      expect([response.status, await codeOf(response)]).toEqual([403, "origin_not_allowed"]);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  it("a browser that calls a request cross-site without naming its origin is believed", async () => {
    const response = await appWith(guard).request(
      "http://localhost/v1/suggestions",
      post({ "sec-fetch-site": "cross-site" }),
    );
    expect(response.status).toBe(403);
  });

  it("one that is listed may, after it has asked", async () => {
    const app = appWith(guard);
    const asked = await app.request("http://localhost/v1/suggestions", {
      method: "OPTIONS",
      headers: { origin: desk, "access-control-request-method": "POST" },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe(desk);
    expect(asked.headers.get("access-control-allow-headers")).toContain("authorization");
    const answered = await app.request("http://localhost/v1/suggestions", post({ origin: desk }));
    expect([answered.status, answered.headers.get("access-control-allow-origin")]).toEqual([201, desk]);
    expect(answered.headers.get("access-control-allow-credentials")).toBeNull();
    // A page reads when to come back; a cache keeps the answers for each origin apart.
    expect(answered.headers.get("access-control-expose-headers")).toBe("retry-after");
    expect(answered.headers.get("vary")).toMatch(/\borigin\b/u);
  });

  it("its own pages may, under every name that it answers to, and under no other", async () => {
    const app = appWith(guard);
    for (const host of ["localhost:4100", "uptake.example.com"]) {
      const response = await app.request(`http://${host}/v1/suggestions`, post({ origin: `https://${host}`, host }));
      expect(response.status).toBe(201);
    }
    for (const host of [
      "other.example.com",
      "localhost.example.com",
      "127.0.0.1.example.com",
      "uptake.example.com.net",
    ]) {
      const other = await app.request(`http://${host}/v1/suggestions`, post({ host }));
      expect([host, other.status, await codeOf(other)]).toEqual([host, 403, "host_not_allowed"]);
    }
  });
});

describe("serveHttp", () => {
  it.each([
    ["0.0.0.0", {}],
    ["127.0.0.1", { UPTAKE_ALLOWED_HOSTS: "uptake.example.com" }],
  ])("refuses to let others in on %s without a key, and serves with one, never openly", async (host, environment) => {
    const opened = await openTestPostgres();
    onTestFinished(() => opened.drop());
    const config = readConfig({ environment: { DATABASE_URL: opened.url, ...environment } });
    const tracker = { flush: () => Promise.resolve() };
    // Only what the service takes of the parts.
    const parts = { db: opened.db, tracker, privacy: asItIs } as unknown as Parts;
    const options = { port: 0, host, log: silentLogger, target: null, prometheus: createPrometheus() };
    await expect(serveHttp(parts, config, options)).rejects.toMatchObject({
      code: "invalid_configuration",
      message: expect.stringContaining("uptake keys create") as string,
    });
    const { publicKey } = await makeKey(opened.db, "default", ["read"]);
    await endApiKey(opened.db, publicKey);
    await expect(serveHttp(parts, config, options)).rejects.toMatchObject({ code: "invalid_configuration" });
    await makeKey(opened.db, "default", ["read"]);
    const server = await serveHttp(parts, config, options);
    onTestFinished(() => server.close());
    // Not even where somebody has emptied the table.
    await opened.db.query("delete from api_keys");
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/mirror`);
    expect(response.status).toBe(401);
  });
});
