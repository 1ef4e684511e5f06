import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { startServing } from "../http/serving.ts";
import { root } from "../server/run-program.ts";
import { eventually } from "../support/eventually.ts";
import { lendBrowser } from "./lend-browser.ts";

// A page of one origin, an Uptake server of another: as a help desk has it.

const TEXT = "A refund takes five working days.";
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

const browser = lendBrowser();

/** The example's files, and the built client under /uptake, from an origin of their own. */
async function servePage(place: { fill: Readonly<Record<string, string>> }): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const file = path.startsWith("/uptake/")
      ? join(root, "dist", path.slice("/uptake/".length))
      : join(root, "examples/browser-feedback", path);
    try {
      const text = readFileSync(file, "utf8").replaceAll(
        /\{\{(\w+)\}\}/gu,
        (_, name: string) => place.fill[name] ?? "",
      );
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Page and server, and a suggestion whose token the page has. */
async function startPlace() {
  const place: { fill: Readonly<Record<string, string>> } = { fill: {} };
  const origin = await servePage(place);
  const { url } = await startServing("", {
    UPTAKE_FEEDBACK_SECRET: "a-secret-of-forty-characters-or-so-it-is",
    UPTAKE_CORS_ORIGINS: origin,
  });
  const response = await fetch(`${url}/v1/suggestions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ functionName: "draft-reply", ticketId: "42", text: TEXT }),
  });
  const { suggestionId, feedbackToken: token } = (await response.json()) as Readonly<Record<string, string>>;
  if (suggestionId === undefined || token === undefined) throw new TypeError("there is no suggestion with a token");
  place.fill = { url, suggestionId, token, text: TEXT };
  return { url, origin, suggestionId, token };
}

async function openPage(address: string): Promise<Page> {
  const page = await browser().newPage();
  onTestFinished(() => page.close());
  await page.goto(address);
  return page;
}

type Standing = { readonly outcome: string; readonly shownAt: string | null };

async function standingOf({ url, suggestionId }: { readonly url: string; readonly suggestionId: string }) {
  const response = await fetch(`${url}/v1/suggestions/${suggestionId}`);
  return (await response.json()) as Standing & { readonly feedback: readonly unknown[] };
}

it(
  "the example page reports what was seen and sent, from another origin and with its token only",
  { timeout: 240_000 },
  async () => {
    const place = await startPlace();
    const page = await openPage(`${place.origin}/index.html`);
    await page.getByRole("button", { name: "Send" }).click();
    await page.waitForFunction(`document.querySelector("output").textContent !== ""`);
    expect(await page.locator("output").textContent()).toBe("approval");
    const standing = await standingOf(place);
    expect(standing.outcome).toBe("accepted");
    expect(standing.shownAt).not.toBeNull();
  },
);

it("what waits when a page is left arrives all the same, once", { timeout: 240_000 }, async () => {
  const place = await startPlace();
  const page = await openPage(`${place.origin}/index.html`);
  // Waits for company for a minute, so that leaving is what sends it.
  const options = JSON.stringify({ url: place.url, key: place.token, gatherMs: 60_000 });
  const feedback = JSON.stringify({ suggestionId: place.suggestionId, type: "rejection", reason: "irrelevant" });
  await page.addScriptTag({
    type: "module",
    content: `import { createClient } from "uptake/client";
      void createClient(${options}).feedback(${feedback});
      document.title = "said";`,
  });
  await page.waitForFunction(`document.title === "said"`);
  expect((await standingOf(place)).feedback).toEqual([]);
  await page.goto("about:blank");
  await eventually("the feedback is there", async () => (await standingOf(place)).feedback.length > 0);
  expect((await standingOf(place)).feedback).toHaveLength(1);
});
