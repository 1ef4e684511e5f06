import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { type ServedDesk, serveDesk } from "./desk-rig.ts";
import { HOSTILE } from "./hostile.ts";
import { DESKTOP, lendBrowser, PHONE } from "./lend-browser.ts";
import { openPage, readable } from "./page-facts.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Longer than what is sent can be taken back. */
const SENT = { timeout: 15_000 };

const browser = lendBrowser();
let desk: ServedDesk;

beforeAll(async () => {
  desk = await serveDesk();
});

afterAll(async () => {
  await desk?.close();
});

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const reply = (page: Page) => page.getByRole("textbox", { name: /Your reply/u });
const panel = (page: Page) => page.getByRole("region", { name: "Suggestion" });

async function open(url: string, options = DESKTOP) {
  const opened = await openPage(browser(), url, options);
  await opened.page.getByRole("list", { name: "Messages" }).waitFor();
  return opened;
}

/** What axe finds, and by how many pixels the page is wider than its window; with a picture where one is asked for. */
async function complaintsAbout(page: Page, name: string) {
  const violations = await page.evaluate<{ id: string; nodes: unknown[] }[]>(
    `${axe}; axe.run("main").then(({ violations }) => violations.map(({ id, nodes }) => ({
       id, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) })))`,
  );
  const overflow = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  const pictures = process.env["UPTAKE_TEST_PICTURES"];
  if (pictures !== undefined) await page.screenshot({ path: `${pictures}/desk-${name}.png`, fullPage: true });
  return { violations, overflow };
}

describe("the desk", () => {
  it("sends a suggestion as it is, after a while in which that can be undone, and records the approval", async () => {
    const { url, ticketId, suggestionId, text } = await desk.suggested(1026);
    const { page, complaints } = await open(url);
    await page.getByLabel("Your name").fill("Jo");
    await button(page, /Accept and send/u).click();
    await button(page, /Undo/u).waitFor();
    expect(await desk.messagesOf(ticketId)).toEqual([]);
    const sent = page.waitForRequest((request) => request.url().endsWith("/reply"), SENT);
    await button(page, /Undo/u).waitFor({ state: "detached", ...SENT });
    // Which one was accepted is said, and not guessed from what is open.
    expect((await sent).postDataJSON()).toMatchObject({ suggestionId, text });
    await panel(page).getByText("accepted", { exact: true }).waitFor();
    expect(await desk.messagesOf(ticketId)).toEqual([{ content: text, userId: "Jo" }]);
    expect(await desk.feedbackOn(suggestionId)).toMatchObject([{ type: "approval", source: "inferred", agent: "Jo" }]);
    expect(complaints).toEqual([]);
  });

  it("sends what was edited, and records the revision without a further click", async () => {
    const { url, ticketId, suggestionId, text } = await desk.suggested(1027);
    const { page } = await open(url);
    await button(page, /^Edit/u).click();
    expect(await reply(page).inputValue()).toBe(text);
    const edited = `${text.slice(0, Math.floor(text.length * 0.7))} – and a sentence of my own about all of the rest.`;
    await reply(page).fill(edited);
    await button(page, /^Send/u).click();
    expect(await reply(page).inputValue()).toBe("");
    await panel(page).getByText("revised", { exact: true }).waitFor(SENT);
    expect(await desk.messagesOf(ticketId)).toMatchObject([{ content: edited }]);
    expect(await desk.feedbackOn(suggestionId)).toMatchObject([{ type: "revision", source: "inferred" }]);
  });

  it("rejects with several reasons, the first one first, and a comment", async () => {
    const { url, suggestionId, ticketId } = await desk.suggested(1028);
    const { page } = await open(url);
    await button(page, /^Reject/u).click();
    const form = page.getByRole("form", { name: "Reject" });
    expect(await form.getByRole("button", { name: /Reject it/u }).isDisabled()).toBe(true);
    await form.getByLabel("too generic").check();
    await form.getByLabel("irrelevant").check();
    await form.getByLabel("Comment").fill("It answers another question.");
    await form.getByRole("button", { name: /Reject it/u }).click();
    await panel(page).getByText("rejected", { exact: true }).waitFor();
    expect(await desk.feedbackOn(suggestionId)).toEqual([
      {
        type: "rejection",
        source: "explicit",
        reasons: ["too generic", "irrelevant"],
        comment: "It answers another question.",
        agent: "agent",
      },
    ]);
    expect(await desk.messagesOf(ticketId)).toEqual([]);
  });

  it("shows how a ticket is classified and why, and takes another opinion", async () => {
    const { url, ticketId } = await desk.suggested(1029);
    const { page } = await open(url);
    await button(page, "Classify").click();
    const section = page.getByRole("region", { name: "Classification" });
    await section.getByText("suggested", { exact: true }).waitFor();
    await section.getByText(/Why, with confidence/u).click();
    await section.getByRole("listitem").first().waitFor();
    await section.getByLabel("Category").selectOption("hardware");
    await section.getByLabel("Escalate").selectOption("yes");
    await button(page, "Save the change").click();
    await section.getByText("changed", { exact: true }).waitFor();
    expect(await section.getByLabel("Category").inputValue()).toBe("hardware");
    const [made] = await desk.db.query<{ id: string }>(
      "select id from ai_suggestions where ticket_id = $1 and function_name = 'classify-ticket'",
      [ticketId],
    );
    expect(await desk.feedbackOn(made?.id ?? "")).toMatchObject([
      { type: "revision", reasons: ["wrong category", "wrong escalation"] },
    ]);
  });

  it("takes a sending back: nothing goes out, and the text is there to go on with", async () => {
    const { url, ticketId, suggestionId, text } = await desk.suggested(1030);
    const { page } = await open(url);
    await button(page, /Accept and send/u).click();
    await button(page, /Undo/u).click();
    expect(await reply(page).inputValue()).toBe(text);
    await button(page, /Undo/u).waitFor({ state: "detached" });
    // The next sending goes out; the one that was taken back would have gone before it.
    await reply(page).fill("Another text altogether");
    await button(page, /^Send/u).click();
    await expect.poll(() => desk.messagesOf(ticketId), SENT).toMatchObject([{ content: "Another text altogether" }]);
    expect(await desk.feedbackOn(suggestionId)).toMatchObject([{ type: "rejection", source: "inferred" }]);
  });

  it("keeps what is typed through a reload, for each ticket its own", async () => {
    const { url } = await desk.suggested(1031);
    const other = await desk.suggested(1032);
    const { page } = await open(url);
    await reply(page).fill("Half a sent");
    await page.reload();
    await reply(page).waitFor();
    expect(await reply(page).inputValue()).toBe("Half a sent");
    await page.goto(other.url);
    await reply(page).waitFor();
    expect(await reply(page).inputValue()).toBe("");
    // Editing does not replace it.
    await page.goto(url);
    await button(page, /Go on editing/u).click();
    expect(await reply(page).inputValue()).toBe("Half a sent");
  });

  it("sends at once when the page is left, and once only", async () => {
    const { url, ticketId, text } = await desk.suggested(1033);
    const { page } = await open(url);
    await button(page, /Accept and send/u).click();
    await button(page, /Undo/u).waitFor();
    await page.goto("about:blank");
    await expect.poll(() => desk.messagesOf(ticketId), { timeout: 4_000 }).toMatchObject([{ content: text }]);
    // The next page does not know that it has arrived, and sends the same message once more.
    const sent = page.waitForResponse((response) => response.url().endsWith("/reply"), SENT);
    await page.goto(url);
    expect((await sent).status()).toBe(200);
    expect(await desk.messagesOf(ticketId)).toHaveLength(1);
  });

  it("says why a reply could not be sent, keeps it, and sends it once when the server is back", async () => {
    const { url, ticketId } = await desk.suggested(1034);
    const { page } = await open(url);
    // It arrives, and the answer is lost.
    await page.route("**/reply", async (route) => {
      await route.fetch();
      await route.abort();
    });
    await reply(page).fill("My own words");
    await reply(page).press("Control+Enter");
    await page.getByRole("alert").filter({ hasText: "Not sent" }).waitFor(SENT);
    expect(await reply(page).inputValue()).toBe("My own words");
    await page.unroute("**/reply");
    // Neither taking it back nor a reload makes it another message.
    await button(page, /^Send/u).click();
    await button(page, /Undo/u).click();
    await page.reload();
    await button(page, /^Send/u).click();
    await button(page, /Undo/u).waitFor();
    await button(page, /Undo/u).waitFor({ state: "detached", ...SENT });
    expect(await reply(page).inputValue()).toBe("");
    expect(await desk.messagesOf(ticketId)).toMatchObject([{ content: "My own words" }]);
  });

  it("sends at once what waits when the desk is left for another page", async () => {
    const { url, ticketId, text } = await desk.suggested(1041);
    const { page } = await open(url);
    await button(page, /Accept and send/u).click();
    await page.getByRole("link", { name: "Suggestions" }).click();
    await expect.poll(() => desk.messagesOf(ticketId), { timeout: 4_000 }).toMatchObject([{ content: text }]);
  });

  it("reports a suggestion as shown once it is in sight, and not before", async () => {
    const { url, suggestionId } = await desk.suggested(1035);
    const shownAt = async () =>
      (
        await desk.db.query<{ at: Date | null }>("select shown_at as at from ai_suggestions where id = $1", [
          suggestionId,
        ])
      )[0]?.at;
    const { page } = await open(url, PHONE);
    expect(await shownAt()).toBeNull();
    const reported = page.waitForResponse((response) => response.url().endsWith("/shown"));
    await panel(page).scrollIntoViewIfNeeded();
    await reported;
    const first = await shownAt();
    expect(first).toBeInstanceOf(Date);
    await page.reload();
    await panel(page).scrollIntoViewIfNeeded();
    expect(await shownAt()).toEqual(first);
  });

  it("is worked by keyboard alone", async () => {
    const [one, two] = [await desk.suggested(1036), await desk.suggested(1037)];
    const { page } = await openPage(browser(), `${desk.url}/desk?search=103`, DESKTOP);
    await page.getByRole("list", { name: "Tickets" }).waitFor();
    const press = (key: string) => page.keyboard.press(key);
    const goTo = async (ticketId: string, key: string) => {
      for (let steps = 0; steps < 20 && !page.url().includes(ticketId); steps += 1) await press(key);
      await panel(page).waitFor();
    };
    await press("?");
    await page.getByRole("region", { name: "Keys" }).waitFor();
    await press("?");
    await goTo(one.ticketId, "j");
    await press("e");
    await page.keyboard.type("a j r ");
    expect(await reply(page).inputValue()).toContain("a j r ");
    await press("Control+Enter");
    await button(page, /Undo/u).waitFor();
    await press("Escape");
    await press("u");
    await button(page, /Undo/u).waitFor({ state: "detached" });
    await goTo(two.ticketId, "ArrowDown");
    await press("r");
    await press("Space");
    await press("Control+Enter");
    await panel(page).getByText("rejected", { exact: true }).waitFor();
    await press("g");
    await panel(page).getByText("open", { exact: true }).waitFor(SENT);
    await press("a");
    await button(page, /Undo/u).waitFor({ state: "detached", ...SENT });
    await panel(page).getByText("accepted", { exact: true }).waitFor();
    await goTo(one.ticketId, "ArrowUp");
    expect(await reply(page).inputValue()).toContain("a j r ");
    expect(await desk.messagesOf(one.ticketId)).toEqual([]);
    expect(await desk.feedbackOn(two.suggestionId)).toMatchObject([{ type: "rejection" }]);
  });

  it("never takes what a customer or a model wrote for markup or a link", async () => {
    const ticketId = newId();
    const messageId = newId();
    const createdAt = new Date().toISOString();
    const metadata = { authorName: HOSTILE };
    const message = { id: messageId, userId: HOSTILE, content: HOSTILE, metadata, position: 0, createdAt };
    const about = { number: null, title: HOSTILE, status: "open" as const, priority: "low" as const };
    await desk.desk.store.importTickets([
      { id: ticketId, ...about, customerId: HOSTILE, createdAt, messages: [message] },
    ]);
    const made = { functionName: HOSTILE, text: HOSTILE, model: HOSTILE, ticketId, messageId };
    const headers = { "content-type": "application/json" };
    await fetch(`${desk.url}/v1/suggestions`, { method: "POST", headers, body: JSON.stringify(made) });
    const { page, complaints } = await open(`${desk.url}/desk/${ticketId}`);
    await panel(page).getByText("onerror").first().waitFor();
    expect(readable(await panel(page).textContent())).toContain(HOSTILE);
    expect(await page.locator("main img, main script, main a[href^='javascript'], main a[href^='http']").count()).toBe(
      0,
    );
    await button(page, /^Edit/u).click();
    await button(page, /^Send/u).click();
    await panel(page).getByText("accepted", { exact: true }).waitFor(SENT);
    expect(await page.title()).toBe("Desk · Uptake");
    expect(complaints).toEqual([]);
  });

  it.each([
    ["light", DESKTOP],
    ["dark", DESKTOP],
    ["light", PHONE],
    ["dark", PHONE],
  ] as const)(
    "has nothing that axe complains about in the %s at %o, and does not scroll sideways",
    async (scheme, size) => {
      const { url, ticketId } = await desk.suggested(1038);
      await desk.desk.classify({ ticket: { id: ticketId } });
      const { page } = await openPage(browser(), url, { ...size, colorScheme: scheme });
      await panel(page).waitFor();
      const name = `${scheme}-${size.viewport.width}`;
      await button(page, /^Reject/u).click();
      await page.getByLabel("too generic").check();
      expect(await complaintsAbout(page, `rejecting-${name}`)).toEqual({ violations: [], overflow: 0 });
      await page.keyboard.press("Escape");
      await button(page, /Keys/u).click();
      await button(page, /Accept and send/u).click();
      await button(page, /Undo/u).waitFor();
      expect(await complaintsAbout(page, `sending-${name}`)).toEqual({ violations: [], overflow: 0 });
      await button(page, /Undo/u).click();
      await button(page, /Undo/u).waitFor({ state: "detached" });
    },
  );

  it("says what is wrong where there is no such ticket, and where nobody waits", async () => {
    const { page } = await openPage(browser(), `${desk.url}/desk/${newId()}?search=zzzz`, DESKTOP);
    await page.getByRole("alert").filter({ hasText: "does not exist" }).waitFor(SENT);
    await page.getByText("No ticket matches").waitFor();
    expect(await button(page, "Try again").count()).toBe(1);
  });
});
