import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createApp } from "../../src/http/app.ts";
import { DASHBOARD_POLICY } from "../../src/http/dashboard.ts";
import { fakeServices, NOW, openAdmission } from "./fake-services.ts";

const PAGE = "<!doctype html><title>Uptake</title>";
const SCRIPT = `"a script";`;

function appWith(dashboard: string | null) {
  return createApp({
    services: fakeServices(),
    admission: openAdmission,
    log: silentLogger,
    now: () => NOW,
    dashboard,
  });
}

function built(): string {
  const directory = mkdtempSync(join(tmpdir(), "uptake-dashboard-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, "assets"));
  writeFileSync(join(directory, "index.html"), PAGE);
  writeFileSync(join(directory, "assets/index-abc.js"), SCRIPT);
  return directory;
}

it("every address of the dashboard is its page, under a policy that lets nothing inline run", async () => {
  const app = appWith(built());
  for (const path of ["/", "/suggestions", "/suggestions/0199d1c0", "/compare", "/mirror", "/set-up", "/sign-in"]) {
    const response = await app.request(path);
    expect(await response.text()).toBe(PAGE);
    expect(response.headers.get("content-security-policy")).toBe(DASHBOARD_POLICY);
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
  }
  expect(DASHBOARD_POLICY).not.toMatch(/unsafe|data:|https?:|\*/u);
  expect((await app.request("/nothing")).status).toBe(404);
});

it("a file with its hash in its name is kept for good, packed for whoever takes it, and not sent again", async () => {
  const app = appWith(built());
  const response = await app.request("/assets/index-abc.js", { headers: { "accept-encoding": "gzip" } });
  expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(gunzipSync(await response.arrayBuffer()).toString()).toBe(SCRIPT);
  const etag = response.headers.get("etag") ?? "";
  expect((await app.request("/assets/index-abc.js", { headers: { "if-none-match": etag } })).status).toBe(304);
  for (const path of ["/assets/../index.html", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/none.js"])
    expect([200, 404]).toContain((await app.request(path)).status);
});

it("where no dashboard is built the status page stands in", async () => {
  const response = await appWith(null).request("/");
  expect([response.status, response.headers.get("location")]).toEqual([302, "/status"]);
});
