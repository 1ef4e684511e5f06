import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createApp } from "../../src/http/app.ts";
import { serveApp } from "../../src/http/serve.ts";
import type { HttpServices } from "../../src/http/services.ts";
import type { MetricsRow } from "../../src/metrics/metrics-row.ts";
import { fakeServices, metricsRow, mirrorStatus, NOW, openAdmission } from "../http/fake-services.ts";
import { HOSTILE, recordHostileSuggestion } from "./hostile.ts";
import { lendBrowser, PHONE } from "./lend-browser.ts";
import { cardText, contrasts, openPage, readable } from "./page-facts.ts";
import { newDataFolder, startDemo, type RunningDemo } from "./running-demo.ts";

const SCHEMES = ["light", "dark"] as const;

const browser = lendBrowser();
let demo: RunningDemo;

beforeAll(async () => {
  const folder = newDataFolder();
  await recordHostileSuggestion(join(folder, "data"));
  demo = await startDemo(folder);
});

afterAll(async () => {
  await demo?.stop();
});

/** The page of an app with these services, in place of the demo's. */
async function withApp(services: Partial<HttpServices>, look: (url: string) => Promise<void>): Promise<void> {
  const app = createApp({
    admission: openAdmission,
    services: fakeServices(services),
    log: silentLogger,
    now: () => NOW,
  });
  const server = await serveApp(app, { port: 0 });
  try {
    await look(server.url);
  } finally {
    await server.close();
  }
}

const percent = (share: number | null): string => `${((share ?? Number.NaN) * 100).toFixed(1)} %`;

async function totals(url: string): Promise<MetricsRow> {
  const answer = await fetch(`${url}/v1/metrics?bucket=total`);
  const { rows } = (await answer.json()) as { readonly rows: readonly MetricsRow[] };
  if (rows[0] === undefined) throw new Error("the demo counted nothing");
  return rows[0];
}

/** By how many pixels the page is wider than its window. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

const colours = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(
    `["body", ".card", ".note", "a"].flatMap((selector) => {
       const { color, backgroundColor } = getComputedStyle(document.querySelector(selector));
       return [color, backgroundColor].filter((colour) => colour !== "rgba(0, 0, 0, 0)");
     })`,
  );

// Standing still, so that no renewal falls into the middle of a look.
const still = (url: string): string => `${url}/status?renew=off`;

describe("the status page of a running demo", () => {
  it("has a title, a language and one heading, and gives the browser nothing to complain about", async () => {
    const { page, complaints } = await openPage(browser(), still(demo.url));
    expect(await page.title()).toBe("Uptake status");
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    expect(await page.locator("h1").allTextContents()).toEqual(["Uptake status"]);
    expect(await page.evaluate<number>("document.styleSheets[0].cssRules.length")).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
  });

  it("says the same as the JSON, with what each rate was counted from and its interval", async () => {
    const { successRate, errorRate, suggestionCount } = await totals(demo.url);
    const { page } = await openPage(browser(), still(demo.url));
    expect(successRate.denominator).toBeGreaterThan(10);
    expect(await cardText(page, "Success rate")).toBe(
      `Success rate ${percent(successRate.value)} ${successRate.numerator} of ${successRate.denominator} decided suggestions ` +
        `were accepted 95 % interval: ${percent(successRate.low)} to ${percent(successRate.high)}`,
    );
    expect(await cardText(page, "Error rate")).toBe(
      `Error rate ${percent(errorRate.value)} ${errorRate.numerator} of ${errorRate.denominator} finished runs failed ` +
        `95 % interval: ${percent(errorRate.low)} to ${percent(errorRate.high)}`,
    );
    expect(await cardText(page, "Suggestions")).toContain(`Suggestions ${suggestionCount} `);
    expect(await page.locator(".card dt").first().textContent()).toBe("Success rate");
  });

  it("names every row and column of the hours to a screen reader", async () => {
    const { page } = await openPage(browser(), still(demo.url));
    const table = page.getByRole("table", { name: "By the hour" });
    const columns = await table.getByRole("columnheader").allTextContents();
    expect(columns.slice(0, 3)).toEqual(["Hour (UTC)", "Success rate", "Error rate"]);
    const hours = (await table.getByRole("rowheader").allTextContents()).map(readable);
    expect(hours.length).toBeGreaterThan(0);
    for (const hour of hours) expect(hour).toMatch(/^\d{4}-\d\d-\d\d \d\d:00$/u);
    expect(await table.getByRole("cell").count()).toBe(hours.length * (columns.length - 1));
  });

  it("renews itself, and stands still on demand", async () => {
    const { page, complaints } = await openPage(browser(), `${demo.url}/status`);
    await page.waitForEvent("load", { timeout: 15_000 });
    await page.getByRole("link", { name: "stand still" }).click();
    await page.waitForURL(still(demo.url));
    expect(await page.locator("meta[http-equiv=refresh]").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it("never scrolls sideways at the width of a phone, and shows both rates of an hour there", async () => {
    const { page } = await openPage(browser(), still(demo.url), PHONE);
    expect(await overflow(page)).toBe(0);
    const errorRateOfAnHour = await page.locator("tbody tr").first().locator("td").nth(1).boundingBox();
    if (errorRateOfAnHour === null) throw new Error("the error rate of the hour has no place on the page");
    expect(errorRateOfAnHour.x + errorRateOfAnHour.width).toBeLessThanOrEqual(390);
  });

  it("has colours of its own in the dark", async () => {
    const { page } = await openPage(browser(), still(demo.url), { colorScheme: "light" });
    const light = await colours(page);
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await colours(page);
    expect(dark).toHaveLength(light.length);
    dark.forEach((colour, index) => expect(colour).not.toBe(light[index]));
  });

  it("never takes what an application or its customer wrote for markup", async () => {
    const byFunction = `${demo.url}/v1/metrics?bucket=total&by=function`;
    expect(await (await fetch(byFunction)).text()).toContain("<img src=x");
    for (const url of [still(demo.url), byFunction]) {
      const { page, complaints } = await openPage(browser(), url);
      expect(await page.locator("img, script").count()).toBe(0);
      expect(await page.title()).not.toBe("taken over");
      expect(complaints).toEqual([]);
    }
  });
});

describe("the status page", () => {
  it.each(SCHEMES)("is readable in the %s: every text has the contrast of WCAG AA", async (colorScheme) => {
    await withApp({}, async (url) => {
      expect(mirrorStatus.deadCount).toBeGreaterThan(0); // so that the colours of an alert are among them
      const { page } = await openPage(browser(), still(url), { colorScheme });
      const found = await contrasts(page);
      expect(found.length).toBeGreaterThan(30);
      expect(found.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    });
  });

  it("shows markup in the address of Langfuse as text", async () => {
    const target = `https://langfuse.example.com/${HOSTILE}`;
    await withApp({ mirror: () => Promise.resolve({ ...mirrorStatus, target }) }, async (url) => {
      const { page, complaints } = await openPage(browser(), still(url), PHONE);
      expect(await page.locator("img").count()).toBe(0);
      expect(readable(await page.locator("main").textContent())).toContain(target);
      expect(await page.title()).toBe("Uptake status");
      expect(await overflow(page)).toBe(0);
      expect(complaints).toEqual([]);
    });
  });

  it("has room on a phone for large numbers and a day of hours", async () => {
    const large = {
      suggestionCount: 12_345_678,
      acceptedCount: 9_876_543,
      latencyP50Ms: 3_599_000,
      latencyP95Ms: 86e6,
    };
    const metrics: HttpServices["metrics"] = ({ bucket }) =>
      Promise.resolve(
        Array.from({ length: bucket === "total" ? 1 : 25 }, (_, hour) =>
          metricsRow({ ...large, bucketStart: new Date(Date.UTC(2026, 10, 21, hour)) }),
        ),
      );
    await withApp({ metrics }, async (url) => {
      const { page } = await openPage(browser(), still(url), PHONE);
      expect(await page.locator("tbody tr").count()).toBe(25);
      expect(await overflow(page)).toBe(0);
    });
  });

  it("is still a page while the numbers cannot be read, and comes back by itself", async () => {
    let isAway = true;
    const metrics = (): Promise<MetricsRow[]> =>
      isAway ? Promise.reject(new Error("connection lost")) : Promise.resolve([metricsRow()]);
    await withApp({ metrics }, async (url) => {
      const { page } = await openPage(browser(), `${url}/status`);
      expect(readable(await page.locator("main").textContent())).toContain("The numbers cannot be shown now");
      isAway = false;
      await page.locator(".card").first().waitFor({ timeout: 15_000 });
      expect(await cardText(page, "Success rate")).toContain("10 of 16 decided");
    });
  });
});
