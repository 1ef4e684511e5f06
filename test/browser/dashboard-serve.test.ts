import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { formatDuration, formatRatio, formatUsd } from "../../dashboard/src/format/format.ts";
import { newId } from "../../src/domain/ids.ts";
import type { MetricsRow, Rate } from "../../src/metrics/metrics-row.ts";
import type { CalibrationRow } from "../../src/metrics/read-calibration.ts";
import type { ReasonRow } from "../../src/metrics/read-reasons.ts";
import type { SurvivalRow } from "../../src/metrics/read-survival.ts";
import { lendBrowser, settled, SLOW_MS } from "./lend-browser.ts";
import { openPage, readable } from "./page-facts.ts";
import { newDataFolder } from "./running-demo.ts";
import { type RunningServe, startServe, uptake } from "./running-serve.ts";

const FROM = "2026-03-20T00:00:00.000Z";
const TO = "2026-04-04T00:00:00.000Z";
const HOUR_MS = 3_600_000;
/** One with a change of clocks in the range, one half an hour off, one ahead of the date line. */
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"];

vi.setConfig({ testTimeout: 4 * SLOW_MS, hookTimeout: 4 * SLOW_MS });

const browser = lendBrowser();
let folder: string;
let serve: RunningServe;

beforeAll(async () => {
  folder = newDataFolder();
  serve = await startServe(folder);
  await addHistory(serve.url);
});

afterAll(async () => {
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
    confidence: (index % 10) / 10,
    costUsd: index / 10_000,
    ...(index % 16 === 0 ? { error: { type: "TimeoutError", message: "it took too long" } } : {}),
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

type Only = Readonly<Record<string, string>>;
const NO_FILTER: Only = {};
const CASES = [
  ...ZONES.map((zone) => [zone, NO_FILTER] as const),
  ["Europe/Berlin", { function: "classify" }] as const,
];

type Shown = {
  readonly cards: string;
  readonly days: readonly string[];
  readonly waits: string;
  readonly reasons: string;
  readonly calibration: string;
};

/** What the overview says: its headline figures, each day of its chart, and what stands under the other charts. */
async function shownIn(zone: string, only: Only): Promise<Shown> {
  const search = new URLSearchParams({ from: FROM, to: TO, zone, ...only });
  const { page } = await openPage(browser(), `${serve.url}/?${search.toString()}`);
  await settled(page);
  const textOf = async (name: string): Promise<string> =>
    readable(await page.getByRole("region", { name, exact: true }).innerText());
  const section = page.getByRole("region", { name: "Success rate and error rate" }).first();
  await section.getByText("As a table").click();
  const rows = await section.locator("tbody tr").all();
  const days = await Promise.all(
    rows.map(async (row) => {
      // Beside each rate is its interval.
      const [time = "", success = "", , , errors = ""] = await row.locator("td").allInnerTexts();
      return [time, success, errors].map(readable).join(" | ");
    }),
  );
  const shown = {
    cards: await textOf("Headline figures"),
    days,
    waits: await textOf("Time to feedback"),
    reasons: await textOf("Reasons"),
    calibration: await textOf("Confidence calibration"),
  };
  await page.close();
  return shown;
}

const percent = (share: number | null): string => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);

function momentIn(zone: string, moment: string): string {
  const format = { timeZone: zone, dateStyle: "short", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat("sv-SE", format).format(new Date(moment));
}

/** The rows of a view as the command line gives them. */
async function counted<Row>(view: string, bucket: string, zone: string, only: Only): Promise<readonly Row[]> {
  const filters = Object.entries(only).flatMap(([name, value]) => [`--${name}`, value]);
  const range = ["--from", FROM, "--to", TO, "--bucket", bucket, "--by", "", "--zone", zone];
  const text = await uptake(folder, "metrics", "--view", view, ...range, ...filters, "--json");
  return (JSON.parse(text) as { readonly rows: readonly Row[] }).rows;
}

type CountedDay = Omit<MetricsRow, "bucketStart"> & { readonly bucketStart: string };

const rateText = ({ value, numerator, denominator }: Rate): string =>
  `${percent(value)} ${numerator} of ${denominator}`;

/** The sentences and figures that must be on the page. */
function headlineOf(row: MetricsRow): readonly string[] {
  const { acceptedCount, revisedCount, rejectedCount } = row;
  return [
    `Success rate ${rateText(row.successRate)} decided`,
    `Error rate ${rateText(row.errorRate)} finished`,
    `Coverage ${rateText(row.coverage)} shown`,
    `Latency ${readable(formatDuration(row.latencyP50Ms))} p95 ${readable(formatDuration(row.latencyP95Ms))}`,
    `Cost per accepted ${formatUsd(row.costPerAcceptedUsd)}`,
    `Suggestions ${row.suggestionCount} ${row.decidedCount} decided`,
    `${acceptedCount} accepted, ${revisedCount} revised, ${rejectedCount} rejected`,
  ];
}

it("says the same as uptake metrics for the same range, zone and filters", async () => {
  const shown: Shown[] = [];
  for (const [zone, only] of CASES) shown.push(await shownIn(zone, only));
  // The embedded database is one process's: the command line comes after the server.
  await serve.stop();
  try {
    for (const [index, [zone, only]] of CASES.entries()) {
      const page = shown[index];
      if (page === undefined) throw new Error("there is nothing to compare");
      expect(page.days.length).toBeGreaterThan(14);
      await expectSeries(page, zone, only);
      // The others are of the whole range, which no zone changes.
      if (index === 0 || only !== NO_FILTER) await expectWhole(page, zone, only);
    }
  } finally {
    serve = await startServe(folder, serve.port);
  }
});

async function expectSeries(page: Shown, zone: string, only: Only): Promise<void> {
  const [total] = await counted<MetricsRow>("summary", "total", zone, only);
  if (total === undefined) throw new Error("nothing was counted");
  expect([total.errorCount > 0, total.costPerAcceptedUsd !== null]).toEqual([true, true]);
  for (const text of headlineOf(total)) expect(page.cards).toContain(text);
  const days = await counted<CountedDay>("summary", "day", zone, only);
  const said = days.map(({ bucketStart, successRate, errorRate }) =>
    [momentIn(zone, bucketStart), percent(successRate.value), percent(errorRate.value)].join(" | "),
  );
  expect(page.days).toEqual(said);
}

async function expectWhole(page: Shown, zone: string, only: Only): Promise<void> {
  const [wait] = await counted<SurvivalRow>("survival", "total", zone, only);
  const median = readable(formatDuration(wait?.medianMs ?? null));
  expect(wait?.openCount).toBeGreaterThan(0);
  expect(page.waits).toContain(
    `Half have feedback within ${median}; ${wait?.decidedCount} decided, ${wait?.openCount} open.`,
  );
  const [reason] = await counted<ReasonRow>("reasons", "total", zone, only);
  expect(page.reasons).toContain(`${reason?.share.numerator} of ${reason?.share.denominator}`);
  const [calibration] = await counted<CalibrationRow>("calibration", "total", zone, only);
  const brier = formatRatio(calibration?.brierScore ?? null);
  expect(page.calibration).toContain(`Brier score ${brier} over ${calibration?.knownCount} decided`);
}

it("says that the server is away, shows on what it knows, and comes back by itself", async () => {
  const { page } = await openPage(browser(), `${serve.url}/mirror`);
  await settled(page);
  const search = new URLSearchParams({ from: FROM, to: TO }).toString();
  const { page: overview } = await openPage(browser(), `${serve.url}/?${search}`);
  await settled(overview);
  const figures = overview.getByRole("region", { name: "Headline figures" });
  const known = await figures.innerText();
  await serve.stop();
  await page.getByText("Not up to date: The server does not answer").first().waitFor({ timeout: SLOW_MS });
  expect(await page.getByText("Traces delivered").count()).toBe(1);
  const saysOld = figures.locator("xpath=preceding-sibling::p[@role='status']");
  await saysOld.getByText("Not up to date: The server does not answer").waitFor({ timeout: SLOW_MS });
  expect(await figures.innerText()).toBe(known);
  serve = await startServe(folder, serve.port);
  for (const one of [page, overview]) {
    await one.getByText("Not up to date").first().waitFor({ state: "detached", timeout: SLOW_MS });
  }
  await overview.close();
});

it("a change made elsewhere shows without a touch", async () => {
  const { page } = await openPage(browser(), `${serve.url}/suggestions`);
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
  const { page } = await openPage(browser(), `${serve.url}/mirror?zone=UTC`);
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
