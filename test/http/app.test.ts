import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { UptakeError } from "../../src/domain/errors.ts";
import { silentLogger, type Logger } from "../../src/domain/logger.ts";
import type { MetricsQuery } from "../../src/metrics/metrics-query.ts";
import { createApp } from "../../src/http/app.ts";
import type { HttpServices } from "../../src/http/services.ts";
import { rateOf } from "../../src/metrics/metrics-row.ts";
import { fakeServices, metricsRow, mirrorStatus, NOW, openAdmission } from "./fake-services.ts";

const appOf = (replaced: Partial<HttpServices> = {}, log: Logger = silentLogger) =>
  createApp({ services: fakeServices(replaced), admission: openAdmission, log, now: () => NOW });

type ErrorBody = { readonly error: { readonly code: string; readonly message: string; readonly details: string[] } };
/** The page as it is read: a space that no line breaks at is a space. */
const pageOf = async (response: Response): Promise<string> => (await response.text()).replaceAll("\u00A0", " ");

const errorOf = async (response: Response): Promise<ErrorBody["error"]> => ((await response.json()) as ErrorBody).error;

describe("GET /status", () => {
  it("shows both metrics of the last 24 hours first, then the hours, then the mirror", async () => {
    const asked: MetricsQuery[] = [];
    const app = appOf({
      metrics(request) {
        asked.push(request);
        return Promise.resolve([metricsRow()]);
      },
    });
    const response = await app.request("/status");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    const from = new Date("2026-11-21T10:20:30.400Z");
    const to = new Date(NOW);
    const range = { from, to, by: [], projectId: "default", now: to };
    expect(asked).toEqual([
      { ...range, bucket: "total" },
      { ...range, bucket: "hour" },
    ]);
    const page = await pageOf(response);
    const order = [
      "62.5 %",
      "10 of 16 decided suggestions were accepted",
      "95 % interval: 38.6 % to 81.5 %",
      "5.0 %",
      "2 of 40 finished runs failed",
      "850 ms",
      "95th percentile: 3.2 s",
      "16 decided:",
      '<time datetime="2026-11-22T09:00:00.000Z"',
      "38.6–81.5 %",
      "850 ms / 3.2 s",
      "37 traces",
      "70 scores with 16 human-feedback events",
    ];
    const places = order.map((text) => page.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(page).toContain("copied into Langfuse at https://langfuse.example.com");
    expect(page).toContain("the oldest for 1.5 min");
    expect(page).toContain("refused for good");
    expect(page).toMatch(/<meta http-equiv="refresh" content="5" ?\/?>/u);
  });

  it("lists the newest hour first", async () => {
    const hours = ["2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"].map((start) =>
      metricsRow({ bucketStart: new Date(start) }),
    );
    const page = await (await appOf({ metrics: () => Promise.resolve(hours) }).request("/status")).text();
    const places = ["09", "08"].map((hour) => page.indexOf(`"2026-11-22T${hour}:00:00.000Z"`));
    expect(places).not.toContain(-1);
    expect(places[0]).toBeLessThan(places[1] ?? -1);
  });

  it("stands still on demand", async () => {
    const page = await (await appOf().request("/status?renew=off")).text();
    expect(page).not.toContain("http-equiv");
    expect(page).toContain('<a href="/status">');
  });

  it("shows what is unknown as unknown, in the cards and in the hours", async () => {
    const unknown = metricsRow({
      decidedCount: 0,
      acceptedCount: 0,
      revisedCount: 0,
      rejectedCount: 0,
      successRate: rateOf(0, 0),
      errorRate: rateOf(0, 0),
      latencyP50Ms: null,
      latencyP95Ms: null,
      latencyKnownCount: 0,
      timeToFeedbackP50Ms: null,
    });
    const page = await pageOf(await appOf({ metrics: () => Promise.resolve([unknown]) }).request("/status"));
    expect(page.match(/<dd class="value">–<\/dd>/gu)).toHaveLength(4);
    expect(page.match(/<td>–<\/td>/gu)).toHaveLength(4);
    for (const words of ["nothing decided yet", "nothing finished yet", "no run timed yet", "no feedback yet"]) {
      expect(page).toContain(words);
    }
    expect(page).not.toMatch(/0\.0 %|0 ms|0 of 0/u);
  });

  it("says that nothing happened yet, and shows no zeros for it", async () => {
    const app = appOf({
      metrics: () => Promise.resolve([]),
      mirror: () => Promise.resolve({ ...mirrorStatus, target: null, waitingCount: 0, oldestWaitingSeconds: null }),
    });
    const page = await (await app.request("/status")).text();
    expect(page).toContain("No suggestions in the last 24 hours.");
    expect(page).toContain("No Langfuse is set");
    expect(page).toContain("nothing waits");
    expect(page).not.toContain("0.0 %");
  });

  it("escapes what comes from outside", async () => {
    const target = 'https://langfuse.example.com/"><script>alert(1)</script>';
    const app = appOf({ mirror: () => Promise.resolve({ ...mirrorStatus, target }) });
    const page = await (await app.request("/status")).text();
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;");
  });

  it("allows its one style sheet by hash, and nothing else", async () => {
    const response = await appOf().request("/status");
    const page = await response.text();
    const styles = [...page.matchAll(/<style>([^]*?)<\/style>/gu)].map(([, css]) => css ?? "");
    expect(styles).toHaveLength(1);
    const hash = createHash("sha256")
      .update(styles[0] ?? "")
      .digest("base64");
    expect(response.headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(page).not.toMatch(/ style=| on\w+=|<script/u);
  });
});

describe("GET /v1/metrics", () => {
  it("answers the question with its rows", async () => {
    const path = "/v1/metrics?from=2026-11-01&to=2026-11-22T00:00Z&bucket=day&by=function,model";
    const response = await appOf().request(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-11-22T00:00:00.000Z",
      bucket: "day",
      by: ["function", "model"],
      rows: [{ suggestionCount: 40, successRate: { numerator: 10, denominator: 16, value: 0.625 } }],
    });
  });

  it("answers 400 with everything that is wrong, named as in the query", async () => {
    const response = await appOf().request("/v1/metrics?from=soon&bucket=week&by=colour");
    expect(response.status).toBe(400);
    const { code, details } = await errorOf(response);
    expect(code).toBe("invalid_input");
    expect(details.map((detail) => detail.split(":")[0])).toEqual(["from", "bucket", "by"]);
  });
});

describe("the other routes", () => {
  it("give the state of the mirror and of the server", async () => {
    const app = appOf();
    expect(await (await app.request("/v1/mirror")).json()).toEqual(JSON.parse(JSON.stringify(mirrorStatus)));
    expect(await (await app.request("/healthz")).json()).toEqual({ status: "ok" });
    expect(await (await app.request("/readyz")).json()).toEqual({ status: "ready" });
    expect(await (await app.request("/metrics")).text()).toBe("up 1\n");
  });

  it.each(["/nothing", "/v1", "/v1/metrics/x"])("answer 404 to %s", async (path) => {
    const response = await appOf().request(path);
    expect(response.status).toBe(404);
    expect((await errorOf(response)).code).toBe("not_found");
  });
});

describe("every answer", () => {
  const hosts = ["127.0.0.1:4100", "localhost:4100", "LOCALHOST", "[::1]:4100", "127.0.0.1"];
  it.each(hosts)("is given to Host %s", async (host) => {
    expect((await appOf().request("/healthz", { headers: { host } })).status).toBe(200);
  });

  const foreign = [
    "evil.example",
    "evil.example:4100",
    "127.0.0.1.evil.example",
    "evil.127.0.0.1",
    "evil-localhost:4100",
    "localhost.evil.example",
    "192.168.0.5:4100",
    "127.0.0.1:4100@evil",
  ];
  it.each(foreign)("is refused to Host %s, on every path and before anything is read", async (host) => {
    const metrics = () => Promise.reject(new Error("was read"));
    for (const path of ["/status", "/v1/metrics", "/healthz", "/nothing"]) {
      const response = await appOf({ metrics }).request(path, { headers: { host } });
      expect(response.status).toBe(403);
      expect((await errorOf(response)).code).toBe("host_not_allowed");
    }
  });

  it.each(["/status", "/v1/metrics", "/nothing", "/v1/metrics?bucket=x"])(
    "carries the security headers: %s",
    async (path) => {
      const { headers } = await appOf().request(path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
    },
  );

  it("says nothing of an unexpected error, which is logged whole", async () => {
    const logged: unknown[] = [];
    const log: Logger = { ...silentLogger, error: (event, facts) => logged.push([event, facts]) };
    const metrics = () => Promise.reject(new Error("password hunter2 of relation secret_table"));
    for (const path of ["/status", "/v1/metrics"]) {
      const response = await appOf({ metrics }, log).request(path);
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(text).toContain("internal_error");
      expect(text).not.toMatch(/hunter2|secret_table/u);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    }
    expect(JSON.stringify(logged)).toContain("hunter2");
    expect(logged).toHaveLength(2);
  });

  it("says nothing of an error of ours that is not for callers", async () => {
    const refused = new UptakeError("mirror_failed", "langfuse.internal refused the key");
    const response = await appOf({ mirror: () => Promise.reject(refused) }).request("/v1/mirror");
    expect(response.status).toBe(500);
    expect(JSON.stringify(await errorOf(response))).not.toContain("langfuse.internal");
  });

  it("says 503 while the database is away, without its address", async () => {
    const away = new UptakeError("database_unavailable", "db.internal:5432 refused the connection");
    const response = await appOf({ mirror: () => Promise.reject(away) }).request("/v1/mirror");
    expect(response.status).toBe(503);
    expect(JSON.stringify(await errorOf(response))).not.toContain("db.internal");
  });

  it("is a page for whoever looks at the page, which tries again", async () => {
    const away = new UptakeError("database_unavailable", "db.internal:5432 refused the connection");
    const response = await appOf({ mirror: () => Promise.reject(away) }).request("/status");
    expect(response.status).toBe(503);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).toContain("the database cannot be reached");
    expect(page).toContain('http-equiv="refresh"');
    expect(page).not.toContain("db.internal");
  });
});
