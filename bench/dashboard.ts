/**
 * The dashboard with many suggestions behind it, in a real Chromium over loopback: how long the overview takes, each request
 * of it by itself, and what a list of 100,000 suggestions stalls for while it is scrolled through and filtered.
 *
 *     npm run build && npx tsx bench/dashboard.ts [--rows 10000000] [--list 100000] [--loads 5] [--reads 20] [--database URL]
 *
 * 10 million rows are 8 GB of disk and, on two cores, half an hour before the first figure; a `--database` in
 * which bench/reading.ts has left them saves that.
 */
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import type { Database } from "../src/store/database.ts";
import { bytesOf, type LongTask, longTaskText, watchBudget } from "../test/browser/page-budget.ts";
import { launchChromium } from "../test/support/chromium.ts";
import { type Serving, serveOver } from "./dashboard/serving.ts";
import { median, table, writeSection } from "./report.ts";
import { backfillHistory, FILLED_FROM, filledTo, type History } from "./rollup/fill.ts";
import { openHistory } from "./rollup/open-history.ts";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    list: { type: "string", default: "100000" },
    loads: { type: "string", default: "5" },
    reads: { type: "string", default: "20" },
    database: { type: "string" },
  },
});
const history: History = { count: Number(options.rows), days: 30 };
const listCount = Math.min(Number(options.list), history.count);
const loadCount = Number(options.loads);
const readCount = Number(options.reads);

/** Long enough for anything; what takes longer is broken, and not slow. */
const PATIENCE_MS = 600_000;
const BUDGET = { overviewMs: 1_000, chartMs: 50, taskMs: 100 };

const range = `from=${FILLED_FROM.toISOString()}&to=${filledTo(history).toISOString()}&zone=UTC`;
const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const longest = (tasks: readonly LongTask[]): number => Math.max(0, ...tasks.map(({ durationMs }) => durationMs));

async function settled(page: Page): Promise<void> {
  await page.locator("h1").waitFor({ timeout: PATIENCE_MS });
  await page.locator(".animate-pulse").first().waitFor({ state: "detached", timeout: PATIENCE_MS });
}

type Load = {
  readonly interactiveMs: number;
  readonly wholeMs: number;
  readonly tasks: readonly LongTask[];
  readonly byteCount: number;
  readonly paths: readonly string[];
};

/** One cold load: nothing is in this browser's cache. Interactive: the figures, both lines and the breakdown are there. */
async function loadOverview(browser: Browser, { url }: Serving): Promise<Load> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  const budget = await watchBudget(page);
  await page.goto(`${url}/?${range}`);
  await page.locator("section[aria-label='Headline figures']").waitFor({ timeout: PATIENCE_MS });
  await page.locator("canvas").nth(1).waitFor({ timeout: PATIENCE_MS });
  await page
    .getByRole("table", { name: /Breakdown|Agent function/u })
    .first()
    .waitFor({ timeout: PATIENCE_MS });
  const interactiveMs = await budget.now();
  await settled(page);
  const wholeMs = await budget.now();
  const answers = await budget.answers();
  const load = {
    interactiveMs,
    wholeMs,
    tasks: await budget.longTasks(),
    byteCount: bytesOf(answers),
    paths: answers.map(({ path }) => path),
  };
  await context.close();
  return load;
}

/** Each request of the overview by itself, so that none waits for another. */
async function readCharts({ url }: Serving, paths: readonly string[]): Promise<readonly string[][]> {
  const rows: string[][] = [];
  for (const path of paths) {
    const took: number[] = [];
    let byteCount = 0;
    for (let i = 0; i < readCount; i++) {
      const startedAt = performance.now();
      byteCount = (await (await fetch(url + path)).text()).length;
      took.push(performance.now() - startedAt);
    }
    const sorted = took.toSorted((a, b) => a - b);
    const p95 = sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
    const { pathname, searchParams } = new URL(path, url);
    const what = ["bucket", "by", "durations"]
      .map((name) => searchParams.get(name) ?? "")
      .filter((text) => text !== "");
    rows.push([`${pathname} ${what.join(", ")}`, ms(median(took)), ms(p95), `${(byteCount / 1000).toFixed(0)} kB`]);
  }
  return rows;
}

type Step = { readonly name: string; readonly tookMs: number; readonly tasks: readonly LongTask[] };

/** Scrolls through the list to its `listCount`th suggestion, as far down as it goes each time; then filters and searches it. */
async function useList(browser: Browser, { url }: Serving): Promise<readonly Step[]> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  const budget = await watchBudget(page);
  const steps: Step[] = [];
  const step = async (name: string, act: () => Promise<void>): Promise<void> => {
    const from = await budget.now();
    await act();
    const tookMs = (await budget.now()) - from;
    const tasks = (await budget.longTasks()).filter(({ startMs }) => startMs >= from);
    steps.push({ name, tookMs, tasks });
  };
  const status = `document.querySelector("section p[role=status]")?.textContent ?? ""`;
  await step("open", async () => {
    await page.goto(`${url}/suggestions?${range}`);
    await settled(page);
  });
  await step(`scroll through ${listCount.toLocaleString("en")}`, async () => {
    // In the page, since a round trip for each page of the list would be most of the time.
    await page.evaluate(`(async () => {
      const read = () => Number((${status}).replace(/\\D/g, ""));
      while (read() < ${listCount} && (${status}).includes("more below")) {
        scrollTo(0, document.documentElement.scrollHeight);
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    })()`);
  });
  await step("scroll back up in 200 steps", async () => {
    await page.evaluate(`(async () => {
      for (let left = 200; left >= 0; left--) {
        scrollTo(0, (document.documentElement.scrollHeight * left) / 200);
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    })()`);
  });
  const filtered = async (act: () => Promise<unknown>): Promise<void> => {
    await Promise.all([
      page.waitForResponse((response) => response.url().includes("/v1/suggestions?"), { timeout: PATIENCE_MS }),
      act(),
    ]);
    await page.waitForFunction(`!(${status}).startsWith("${listCount.toLocaleString("en")}")`, undefined, {
      timeout: PATIENCE_MS,
    });
  };
  await step("only rejected", () => filtered(() => page.getByLabel("Outcome").selectOption("rejected")));
  await step("text holds “Reply 77”", () => filtered(() => page.getByLabel("Text holds").fill("Reply 77")));
  await step("text that nothing holds", () => filtered(() => page.getByLabel("Text holds").fill("nobody wrote this")));
  await page.close();
  return steps;
}

/** Waits until the worker, which runs in the same process, has written the host's hourly metrics of all that was counted. */
async function catchUp(db: Database): Promise<void> {
  for (;;) {
    const [due] = await db.query("select from aggregated_metrics_due limit 1");
    if (due === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const verdict = (isKept: boolean): string => (isKept ? "kept" : "**not kept**");

async function main(): Promise<void> {
  const { db, url, close } = await openHistory(history, options.database);
  const [counted] = await db.query("select from ai_metrics_hourly limit 1");
  if (counted === undefined) await backfillHistory(db, history);
  const serving = await serveOver(url);
  await catchUp(db);
  const browser = await launchChromium();
  const loads: Load[] = [];
  for (let i = 0; i < loadCount; i++) loads.push(await loadOverview(browser, serving));
  const paths = (loads[0]?.paths ?? []).filter((path) => path.startsWith("/v1/") && path.includes("?"));
  const charts = await readCharts(serving, paths);
  const steps = await useList(browser, serving);
  await browser.close();
  await serving.stop();
  await close();

  const interactiveMs = median(loads.map((load) => load.interactiveMs));
  const slowestChart = Math.max(...charts.map(([, p50]) => Number(p50)));
  const listTask = longest(steps.slice(1).flatMap(({ tasks }) => tasks));
  writeSection("dashboard", [
    "## What the dashboard costs to look at",
    "",
    `\`npx tsx bench/dashboard.ts --rows ${history.count}\`: ${history.count.toLocaleString("en")} suggestions of 20 functions over 30 days, feedback on 60 %; \`uptake serve\` and a headless Chromium on the same machine.`,
    "",
    `**Overview** of all 30 days, median of ${loadCount} cold loads: figures, lines and breakdown after ${ms(interactiveMs)} ms (budget ${BUDGET.overviewMs}: ${verdict(interactiveMs < BUDGET.overviewMs)}), everything after ${ms(median(loads.map((load) => load.wholeMs)))} ms; ${loads[0]?.byteCount.toLocaleString("en")} bytes in ${loads[0]?.paths.length} requests. Long tasks: ${longTaskText(loads.flatMap(({ tasks }) => tasks))}, over all loads.`,
    "",
    `**Requests** of it, ${readCount} times each, one after the other (budget ${BUDGET.chartMs} ms each: ${verdict(slowestChart < BUDGET.chartMs)}):`,
    "",
    table(["request", "p50 ms", "p95 ms", "unpacked"], charts),
    "",
    `**List** (budget: no task over ${BUDGET.taskMs} ms: ${verdict(listTask <= BUDGET.taskMs)}):`,
    "",
    table(
      ["step", "took ms", "long tasks", "longest ms"],
      steps.map(({ name, tookMs, tasks }) => [name, ms(tookMs), String(tasks.length), ms(longest(tasks))]),
    ),
  ]);
}

await main();
