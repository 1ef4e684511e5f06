import { rmSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import type { MetricsRow } from "../../src/metrics/metrics-row.ts";
import { launchChromium } from "../support/chromium.ts";
import { openPage, readable } from "./page-facts.ts";
import { newDataFolder } from "./running-demo.ts";
import { type RunningServe, startServe, uptake } from "./running-serve.ts";

const FROM = "2026-03-20T00:00:00.000Z";
const TO = "2026-04-04T00:00:00.000Z";
const HOUR_MS = 3_600_000;
/** One with a change of clocks in the range, one half an hour off, one ahead of the date line. */
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"];

/** On a machine that may be busy with other work. */
const SLOW_MS = 90_000;
vi.setConfig({ testTimeout: 4 * SLOW_MS, hookTimeout: 4 * SLOW_MS });

let browser: Browser;
let folder: string;
let serve: RunningServe;

beforeAll(async () => {
  browser = await launchChromium();
  folder = newDataFolder();
  serve = await startServe(folder);
  await addHistory(serve.url);
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

afterAll(async () => {
  await browser?.close();
  await serve?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function addHistory(url: string): Promise<void> {
  const suggestions = Array.from({ length: 240 }, (_, index) => ({
    suggestionId: newId(),
    functionName: index % 3 === 0 ? "classify" : "draft-reply",
    text: `reply ${index}`,
    createdAt: new Date(Date.parse(FROM) + index * 1.4 * HOUR_MS).toISOString(),
    latencyMs: 200 + index,
  }));
  const acts = suggestions
    .filter((_, index) => index % 4 !== 0)
    .map(({ suggestionId, createdAt }, index) => ({
      suggestionId,
      createdAt: new Date(Date.parse(createdAt) + 60_000).toISOString(),
      ...(index % 5 < 3 ? { type: "approval" } : { type: "rejection", reason: "too generic" }),
    }));
  await post(url, "/v1/suggestions", suggestions);
  await post(url, "/v1/feedback", acts);
}

async function post(url: string, path: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  expect([path, response.ok, await response.text()]).toEqual([path, true, expect.not.stringContaining('"error":{')]);
}

async function settled(page: Page): Promise<void> {
  await page.locator("h1").waitFor({ timeout: SLOW_MS });
  await page.locator(".animate-pulse").first().waitFor({ state: "detached", timeout: SLOW_MS });
}

const NO_FILTER: Readonly<Record<string, string>> = {};
const CASES = [
  ...ZONES.map((zone) => [zone, NO_FILTER] as const),
  ["Europe/Berlin", { function: "classify" }] as const,
];

type Shown = { readonly card: string; readonly days: readonly string[] };

/** What the overview says: the card of the success rate, and each day of its chart. */
async function shownIn(zone: string, only: Readonly<Record<string, string>>): Promise<Shown> {
  const search = new URLSearchParams({ from: FROM, to: TO, zone, ...only });
  const { page } = await openPage(browser, `${serve.url}/?${search.toString()}`);
  await settled(page);
  const card = page.locator("section[aria-label='Headline figures'] > div", { hasText: "Success rate" });
  const section = page.getByRole("region", { name: "Success rate and error rate" }).first();
  await section.getByText("As a table").click();
  const rows = await section.locator("tbody tr").all();
  const days = await Promise.all(
    rows.map(async (row) => (await row.locator("td").allInnerTexts()).slice(0, 2).map(readable).join(" | ")),
  );
  const shown = { card: readable(await card.innerText()), days };
  await page.close();
  return shown;
}

const percent = (share: number | null): string => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);

function momentIn(zone: string, moment: string): string {
  const format = { timeZone: zone, dateStyle: "short", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat("sv-SE", format).format(new Date(moment));
}

async function counted(bucket: string, zone: string, only: Readonly<Record<string, string>>) {
  const filters = Object.entries(only).flatMap(([name, value]) => [`--${name}`, value]);
  const range = ["--from", FROM, "--to", TO, "--bucket", bucket, "--by", "", "--zone", zone];
  const text = await uptake(folder, "metrics", ...range, ...filters, "--json");
  const { rows } = JSON.parse(text) as {
    readonly rows: readonly (Omit<MetricsRow, "bucketStart"> & { readonly bucketStart: string })[];
  };
  return rows;
}

it("says the same as uptake metrics for the same range, zone and filters", async () => {
  const shown: Shown[] = [];
  for (const [zone, only] of CASES) shown.push(await shownIn(zone, only));
  // The embedded database is one process's: the command line comes after the server.
  await serve.stop();
  for (const [index, [zone, only]] of CASES.entries()) {
    const [total] = await counted("total", zone, only);
    const rate = total?.successRate;
    expect(shown[index]?.card).toContain(`${percent(rate?.value ?? null)} ${rate?.numerator} of ${rate?.denominator}`);
    const days = await counted("day", zone, only);
    expect(days.length).toBeGreaterThan(14);
    const said = days.map(
      ({ bucketStart, successRate }) => `${momentIn(zone, bucketStart)} | ${percent(successRate.value)}`,
    );
    expect(shown[index]?.days).toEqual(said);
  }
  serve = await startServe(folder, serve.port);
});

it("says that the server is away, shows on what it knows, and comes back by itself", async () => {
  const { page } = await openPage(browser, `${serve.url}/mirror`);
  await settled(page);
  await serve.stop();
  await page.getByText("Not up to date: The server does not answer").first().waitFor({ timeout: SLOW_MS });
  expect(await page.getByText("Traces delivered").count()).toBe(1);
  serve = await startServe(folder, serve.port);
  await page.getByText("Not up to date").first().waitFor({ state: "detached", timeout: SLOW_MS });
});

it("a change made elsewhere shows without a touch", async () => {
  const { page } = await openPage(browser, `${serve.url}/suggestions`);
  await settled(page);
  await page.getByText("No suggestions match").waitFor();
  await post(serve.url, "/v1/suggestions", { functionName: "draft-reply", text: "just made" });
  await page.getByText("just made").waitFor({ timeout: SLOW_MS });
  expect(await page.getByText("No suggestions match").count()).toBe(0);
});

// Last: with the first key the service is closed for good.
it("asks for a key once there is one, refuses a wrong one, leads back, and lets out again", async () => {
  await serve.stop();
  const key = JSON.parse(await uptake(folder, "keys", "create", "--scopes", "read", "--json")) as {
    readonly publicKey: string;
    readonly secretKey: string;
  };
  serve = await startServe(folder, serve.port);
  const { page } = await openPage(browser, `${serve.url}/mirror?zone=UTC`);
  await page.waitForURL(/\/sign-in\?back=/u);
  await page.getByLabel("Public key").fill(key.publicKey);
  await page.getByLabel("Secret key").fill("sk-up-wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("this key is not known").waitFor();
  await page.getByLabel("Secret key").fill(key.secretKey);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${serve.url}/mirror?zone=UTC`);
  await page.getByText("Traces delivered").waitFor();
  expect(await page.evaluate<string>("document.cookie")).toBe("");
  await page.reload();
  await page.getByText("Traces delivered").waitFor();
  // About the whole deployment, so for an admin; who is none is told so.
  await page.getByRole("link", { name: "Health" }).click();
  await page.getByRole("alert").getByText('this needs the scope "admin"').waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/u);
  await page.goto(`${serve.url}/`);
  await page.waitForURL(/\/sign-in/u);
});
