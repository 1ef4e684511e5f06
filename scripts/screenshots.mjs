// Takes pictures of every page of the dashboard, in light and dark, at the widths of a desktop and a phone, into
// docs/images/ (or the folder that is given): npm run build && node scripts/screenshots.mjs [FOLDER]. Runs the demo, offline,
// and adds two weeks of made-up history to it, so that the charts have something to show.
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const folder = resolve(process.argv[2] ?? "docs/images");
const only = process.argv[3];
const MAX_BYTES = 250_000;
const WIDTHS = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
const DAY_MS = 86_400_000;
/** On a machine that may be busy with other work. */
const PATIENCE_MS = 120_000;

mkdirSync(folder, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), "uptake-screenshots-"));
const demo = spawn(process.execPath, [resolve("dist/cli/main.js"), "demo", "--port", "0", "--data-dir", "data"], {
  cwd: scratch,
  env: { PATH: process.env.PATH },
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const url = await ready(demo);
  await addHistory(url);
  await takeAll(url);
} finally {
  demo.kill("SIGINT");
  await new Promise((done) => demo.once("close", done));
  rmSync(scratch, { recursive: true, force: true });
}

async function ready({ stdout }) {
  let url;
  for await (const line of createInterface({ input: stdout })) {
    url ??= /^Dashboard: (http:\S+)/.exec(line)?.[1];
    if (url !== undefined && line.startsWith("mirrored ")) break;
  }
  if (url === undefined) throw new Error("the demo ended before its dashboard was up");
  stdout.resume();
  return url;
}

/** Always the same number for the same words, 0–1. */
function chance(...words) {
  return createHash("sha256").update(words.join(" ")).digest().readUInt32BE(0) / 2 ** 32;
}

async function addHistory(url) {
  const now = Date.now();
  const suggestions = [];
  const feedback = [];
  for (let index = 0; index < 900; index++) {
    const ago = 14 * DAY_MS * (1 - index / 900) + chance("at", index) * 3_600_000;
    const createdAt = now - ago - 3_600_000;
    const hour = new Date(createdAt).getUTCHours();
    if (chance("night", index) < 0.7 && (hour < 6 || hour > 20)) continue;
    const version = ago < 5 * DAY_MS ? 3 : ago < 10 * DAY_MS ? 2 : 1;
    const suggestionId = randomUUID();
    const isError = chance("error", index) < 0.03;
    const latencyMs = Math.round(700 + 2_400 * chance("latency", index) ** 3 + (version === 3 ? -150 : 0));
    suggestions.push({
      suggestionId,
      functionName: chance("function", index) < 0.75 ? "draft-reply" : "classify-ticket",
      createdAt: new Date(createdAt).toISOString(),
      model: ago < 3 * DAY_MS && index % 2 === 0 ? "gpt-4.1" : "gpt-4.1-mini",
      prompt: { name: "reply", version },
      environment: "production",
      ticketId: `T-${1000 + (index % 400)}`,
      latencyMs,
      costUsd: 0.0008 + 0.002 * chance("cost", index),
      inputTokens: 900 + Math.round(600 * chance("in", index)),
      outputTokens: 120 + Math.round(90 * chance("out", index)),
      confidence: Number((0.35 + 0.6 * chance("confidence", index)).toFixed(2)),
      ...(isError
        ? { error: { type: "TimeoutError", message: "the model did not answer within 20 s" } }
        : {
            text: "Thanks for the details. Your refund was approved this morning and arrives within three working days.",
          }),
    });
    if (isError || chance("open", index) < 0.15) continue;
    const good = 0.34 + 0.14 * version + 0.25 * (chance("confidence", index) - 0.5);
    const roll = chance("decision", index);
    const type = roll < good ? "approval" : roll < good + 0.22 ? "revision" : "rejection";
    const reasons = ["too generic", "off-topic", "too long", "incorrect info", "wrong tone"];
    feedback.push({
      suggestionId,
      type,
      createdAt: new Date(createdAt + latencyMs + 5_000 + 600_000 * chance("wait", index) ** 4).toISOString(),
      agentId: ["jo", "sam", "kim"][index % 3],
      ...(type === "approval"
        ? {}
        : {
            reason: reasons[Math.floor(reasons.length * chance("reason", index) ** 2)],
            finalText: "Thanks for the details. Your refund was approved today and arrives within three working days.",
          }),
    });
  }
  for (let at = 0; at < suggestions.length; at += 300)
    await post(`${url}/v1/suggestions`, suggestions.slice(at, at + 300));
  for (let at = 0; at < feedback.length; at += 300) await post(`${url}/v1/feedback`, feedback.slice(at, at + 300));
  await delivered(url);
}

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok || text.includes('"error":{')) throw new Error(`${address}: ${answer.status} ${text.slice(0, 500)}`);
}

async function delivered(url) {
  for (let tries = 0; tries < 120; tries++) {
    const { waitingCount } = await (await fetch(`${url}/v1/mirror`)).json();
    if (waitingCount === 0) return;
    await new Promise((done) => setTimeout(done, 500));
  }
}

async function newestOf(url, outcome) {
  const search = new URLSearchParams({
    outcome,
    function: "generate-message-suggestion",
    status: "completed",
    limit: "1",
  });
  const { suggestions } = await (await fetch(`${url}/v1/suggestions?${search}`)).json();
  if (suggestions.length === 0) throw new Error(`the demo has no suggestion that is ${outcome}`);
  return suggestions[0];
}

async function takeAll(url) {
  const revised = await newestOf(url, "revised");
  // Of the desk's tickets one that waits, with a suggestion to decide about.
  const open = await newestOf(url, "pending");
  const pages = {
    overview: "/?range=30d&zone=UTC",
    suggestions: "/suggestions?zone=UTC",
    suggestion: `/suggestions/${revised.suggestionId}?zone=UTC`,
    desk: `/desk/${open.ticketId}?zone=UTC`,
    compare: "/compare?range=30d&a=2&b=3&zone=UTC",
    mirror: "/mirror?zone=UTC",
    health: "/health",
    "set-up": "/set-up",
    "sign-in": "/sign-in",
  };
  const browser = await chromium.launch({
    executablePath: process.env.UPTAKE_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  for (const [name, path] of Object.entries(pages)) {
    if (only !== undefined && only !== name) continue;
    for (const [width, viewport] of Object.entries(WIDTHS)) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
        page.setDefaultTimeout(PATIENCE_MS);
        await page.goto(url + path);
        await page.locator("h1").waitFor();
        await page.locator(".animate-pulse").first().waitFor({ state: "detached" });
        await page.evaluate("document.fonts.ready");
        const file = join(folder, `${name}-${width}-${colorScheme}.png`);
        const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        if (wide > 0) console.error(`${file}: ${wide} px wider than the window`);
        await page.screenshot({ path: file, animations: "disabled" });
        const { size } = statSync(file);
        if (size > MAX_BYTES) console.error(`${file}: ${size} bytes, more than ${MAX_BYTES}`);
        await page.close();
      }
    }
  }
  await browser.close();
}
