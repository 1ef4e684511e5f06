import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import type { ProbeServices } from "../../src/http/probes.ts";
import { createWorkerApp } from "../../src/http/worker-app.ts";
import { fakeServices } from "./fake-services.ts";

const appOf = (replaced: Partial<ProbeServices> = {}) =>
  createWorkerApp({ services: fakeServices(replaced), log: silentLogger });

describe("what a worker shows of itself", () => {
  it("has metrics for Prometheus under their own content type", async () => {
    const response = await appOf().request("/metrics");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toBe("up 1\n");
  });

  it("is ready while the database answers, and healthy all the same when it does not", async () => {
    expect((await appOf().request("/readyz")).status).toBe(200);
    const away = appOf({ isReady: () => Promise.resolve(false) });
    expect((await away.request("/readyz")).status).toBe(503);
    expect((await away.request("/healthz")).status).toBe(200);
  });

  it("answers to loopback names only, and names its paths where there is none", async () => {
    for (const path of ["/metrics", "/readyz", "/"])
      expect((await appOf().request(path, { headers: { host: "evil.example" } })).status).toBe(403);
    const nothing = await appOf().request("/v1/mirror");
    expect(nothing.status).toBe(404);
    expect(await nothing.text()).toContain("there are GET /metrics, /healthz and /readyz");
  });

  it("logs what fails and says nothing of it outside", async () => {
    const logged: unknown[] = [];
    const log = { ...silentLogger, error: (event: string, facts = {}) => void logged.push([event, facts]) };
    const services = fakeServices({ exposition: () => Promise.reject(new Error("secret-host")) });
    const response = await createWorkerApp({ services, log }).request("/metrics");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret-host");
    expect(logged).toEqual([
      ["http.failed", { method: "GET", path: "/metrics", error: expect.stringContaining("secret-host") as string }],
    ]);
  });
});
