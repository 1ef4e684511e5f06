import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DoctorAnswer } from "../../src/contract/doctor-answer.ts";
import type { SuggestionDetail } from "../../src/contract/suggestion-detail.ts";
import type { MetricsRow } from "../../src/metrics/metrics-row.ts";
import { axeProblems } from "./axe.ts";
import { recordHostileSuggestion } from "./hostile.ts";
import { lendBrowser, PHONE, settled, SLOW_MS } from "./lend-browser.ts";
import { openPage, readable } from "./page-facts.ts";
import { newDataFolder, type RunningDemo, startDemo } from "./running-demo.ts";

const SCHEMES = ["light", "dark"] as const;

vi.setConfig({ testTimeout: 4 * SLOW_MS, hookTimeout: 4 * SLOW_MS });

const browser = lendBrowser();
let demo: RunningDemo;
let hostileId: string;

beforeAll(async () => {
  const folder = newDataFolder();
  hostileId = await recordHostileSuggestion(join(folder, "data"));
  demo = await startDemo(folder);
});

afterAll(async () => {
  await demo?.stop();
});

const percent = (share: number | null): string => `${((share ?? Number.NaN) * 100).toFixed(1)} %`;

async function json<Answer>(path: string): Promise<Answer> {
  return (await (await fetch(demo.url + path)).json()) as Answer;
}

async function look(path: string, options = {}) {
  const opened = await openPage(browser(), demo.url + path, options);
  await settled(opened.page);
  return opened;
}

/** The lines of the file behind a CSV button. */
async function csvOf(page: Page, name: string): Promise<readonly string[]> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `CSV of ${name}`, exact: true }).click(),
  ]);
  return readFileSync(await download.path(), "utf8")
    .trimEnd()
    .split("\r\n");
}

const card = async (page: Page, title: string): Promise<string> =>
  readable(await page.locator("section[aria-label='Headline figures'] > div", { hasText: title }).first().innerText());

const pagesOf = (id: string): readonly string[] => [
  "/",
  "/suggestions",
  `/suggestions/${id}`,
  "/compare",
  "/compare?compare=function",
  "/desk",
  "/mirror",
  "/health",
  "/set-up",
  "/sign-in",
];

describe("the dashboard of a running demo", () => {
  it("leads from the numbers to a suggestion, its diff and its trace, to the mirror and to a comparison", async () => {
    const { rows } = await json<{ readonly rows: readonly MetricsRow[] }>("/v1/metrics?bucket=total&from=6d");
    const { successRate, errorRate } = rows[0] as MetricsRow;
    const { page, complaints } = await look("/?range=7d");
    expect(await page.title()).toBe("Overview · Uptake");
    const success = await card(page, "Success rate");
    expect(success).toContain(percent(successRate.value));
    expect(success).toContain(`${successRate.numerator} of ${successRate.denominator} decided were accepted`);
    expect(await card(page, "Error rate")).toContain(`${errorRate.numerator} of ${errorRate.denominator} finished`);

    // The three clicks: a number of the breakdown, a suggestion, a step of its trace.
    await page.getByRole("link", { name: /suggestions of generate-message-suggestion$/u }).click();
    await page.getByLabel("Outcome").selectOption("revised");
    await page.waitForURL(/outcome=revised/u);
    await settled(page);
    await page.getByRole("list", { name: "Suggestions" }).getByRole("link").first().click();
    await page.getByRole("heading", { name: "Sent, against the suggestion" }).waitFor();
    expect(await page.locator("ins, del").count()).toBeGreaterThan(0);
    await page.getByRole("button", { name: /^generation generation/u }).click();
    await page.getByRole("heading", { name: "Output", exact: true }).waitFor();
    await page.getByText("mirror: delivered").first().waitFor();

    await page.getByRole("link", { name: "Mirror" }).click();
    await settled(page);
    const { deliveredTraceCount, deadCount } = await json<{
      readonly deliveredTraceCount: number;
      readonly deadCount: number;
    }>("/v1/mirror");
    const fact = async (name: string) =>
      readable(
        await page
          .locator("dl > div", { has: page.locator(`dt:text-is("${name}")`) })
          .locator("dd")
          .innerText(),
      );
    expect(await fact("Traces delivered")).toBe(String(deliveredTraceCount));
    expect(deliveredTraceCount).toBeGreaterThanOrEqual(50);
    expect([await fact("Dead letters"), deadCount]).toEqual(["0", 0]);
    await page.getByText("answers and takes the keys").waitFor();
    const worker = page.getByRole("table", { name: "Workers" }).getByRole("row").nth(1);
    // It notes what it does every ten seconds.
    await worker.filter({ hasText: /mirrored|added up/u }).waitFor({ timeout: 60_000 });
    expect(readable(await worker.innerText())).toMatch(
      /^demo running \S+ \d+ \d+\.\d+\.\d+ .* (?:mirrored|added up), /u,
    );
    await page.getByText("Not checked yet: run uptake verify.").waitFor();

    await page.getByRole("link", { name: "Health" }).click();
    await settled(page);
    const { findings } = await json<DoctorAnswer>("/v1/doctor");
    const table = page.getByRole("table", { name: "Findings" });
    expect(await table.getByRole("row").count()).toBe(findings.length + 1);
    const well = findings.find(({ code }) => code === "migrations.current");
    const row = readable(await table.getByRole("row", { name: "migrations.current" }).innerText());
    expect(row).toBe(`ok ${well?.found} nothing migrations.current`);
    const wrong = findings.filter(({ level }) => level !== "ok").map(({ code }) => code);
    const first = (await table.locator("tbody code").allInnerTexts()).slice(0, wrong.length);
    expect(first.toSorted()).toEqual(wrong.toSorted());

    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("button", { name: "No longer only function generate-message-suggestion" }).click();
    await page.getByLabel("Compare").selectOption("function");
    await page.getByRole("table").waitFor();
    expect(await page.getByRole("cell", { name: "Success rate" }).count()).toBe(1);
    await page.getByText("too few to call a winner").waitFor();
    expect(complaints).toEqual([]);
  });

  it("gives every table and chart as CSV, with the exact figures", async () => {
    const { page } = await look("/?range=7d");
    const { rows } = await json<{ readonly rows: readonly MetricsRow[] }>("/v1/metrics?bucket=total&from=6d");
    const { successRate, errorRate, suggestionCount } = rows[0] as MetricsRow;
    const headline = await csvOf(page, "Headline figures");
    expect(headline[0]).toBe("figure,value,numerator,denominator,low,high,before");
    const { value, numerator, denominator, low, high } = successRate;
    expect(headline).toContain(`Success rate,${value},${numerator},${denominator},${low},${high},`);
    expect(headline.find((line) => line.startsWith("Error rate,"))).toContain(`,${errorRate.denominator},`);
    expect(headline).toContain(`Suggestions,${suggestionCount},,,,,`);
    // Every section that shows figures has its file.
    for (const section of await page.locator("main section:has(h2):not([aria-label='Headline figures'])").all()) {
      for (const details of await section.locator("details:not([open])").all())
        await details.locator("summary").click();
      const name = readable(await section.locator("h2").innerText());
      expect([name, await section.getByRole("button", { name: /^CSV of /u }).count()]).toEqual([name, 1]);
    }
    const one = await look(`/suggestions/${hostileId}`);
    const { observations, feedback } = await json<SuggestionDetail>(`/v1/suggestions/${hostileId}`);
    const trace = await csvOf(one.page, "Trace");
    expect(trace).toHaveLength(observations.length + 1);
    expect(trace.slice(1).map((line) => line.split(",")[0])).toEqual(
      expect.arrayContaining(observations.map(({ id }) => id)),
    );
    const history = await csvOf(one.page, "Feedback history");
    expect(history).toHaveLength(feedback.length + 1);
    expect(history[1]).toMatch(new RegExp(`^${feedback[0]?.feedbackId},.*,revision,explicit,`, "u"));
  });

  it("shows in the list what a reason stands for", async () => {
    const { page } = await look("/");
    const reason = page.getByRole("list", { name: "Rejected because" }).getByRole("listitem").first();
    const name = readable(await reason.getByRole("link").innerText());
    const count = /(\d+) of \d+/u.exec(readable(await reason.innerText()))?.[1];
    await reason.getByRole("link").click();
    await settled(page);
    await page.getByRole("button", { name: `No longer only reason ${name}` }).waitFor();
    expect(readable(await page.getByRole("main").innerText())).toContain(`${count} in all`);
  });

  it("says when nothing matches, and that there is no such page or suggestion", async () => {
    const { page } = await look("/suggestions?search=nobody-ever-wrote-this");
    await page.getByText("No suggestions match").waitFor();
    const nothing = await look("/suggestions/0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d");
    expect(await nothing.page.getByRole("alert").innerText()).toContain("0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d");
    const empty = await look("/?from=2001-01-01&to=2001-01-02");
    expect(await empty.page.getByText("No suggestions in this range").count()).toBeGreaterThan(0);
  });

  it("never takes what people and models wrote for markup or links", async () => {
    for (const path of ["/", "/suggestions?search=%3Cimg", `/suggestions/${hostileId}`, "/compare?compare=function"]) {
      const { page, complaints } = await look(path);
      for (const button of await page.locator("ol button[aria-expanded]").all()) await button.click();
      expect(readable(await page.locator("main").innerText())).toContain("<img src=x");
      expect(await page.locator("main img, main script, a[href^='javascript'], a[href*='evil.example']").count()).toBe(
        0,
      );
      expect(await page.title()).not.toBe("taken over");
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it("never scrolls sideways on a phone, and no page is too much for it", async () => {
    for (const path of pagesOf(hostileId)) {
      const { page } = await look(path, PHONE);
      const wider = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      expect([path, wider]).toEqual([path, 0]);
      await page.context().close();
    }
  });

  it.each(SCHEMES)("gives axe nothing to find, in the %s", async (colorScheme) => {
    const found: string[] = [];
    for (const path of pagesOf(hostileId)) {
      const options = { colorScheme, reducedMotion: "reduce" } as const;
      const problems = await axeProblems(browser(), demo.url + path, options, settled);
      found.push(...problems.map((problem) => `${path} ${problem}`));
    }
    expect(found).toEqual([]);
  });

  it("draws lines of different colours, also for whoever wants no motion", async () => {
    const { page } = await look("/", { reducedMotion: "reduce" });
    const colours = await page.evaluate<readonly string[]>(`(() => {
      const { data } = document.querySelector("canvas").getContext("2d").getImageData(0, 0, 2000, 400);
      const seen = new Map();
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255) seen.set([data[at], data[at + 1], data[at + 2]].join(), 1 + (seen.get([data[at], data[at + 1], data[at + 2]].join()) ?? 0));
      return [...seen].filter(([, count]) => count > 3).map(([colour]) => colour);
    })()`);
    expect(colours).toEqual(expect.arrayContaining(["0,121,107", "180,84,10"])); // --series-3 and --series-2, light
  });
});
