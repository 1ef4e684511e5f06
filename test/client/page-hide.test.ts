import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { createClient, type UptakeClient } from "../../src/client.ts";
import { newUuid } from "../../src/client/uuid.ts";

// What a browser has and Node has not: a document that can be hidden. In a real one: test/browser/client.test.ts.

/** What browsers let through after a page has gone, all requests together (Fetch standard, 4.6: 64 KiB). */
const BROWSER_BYTES = 64 * 1_024;

type Page = { hide(): void; show(): void; leave(): void; listenerCount(): number };

/** An event target that counts who listens. */
function countedTarget() {
  const target = new EventTarget();
  let listenerCount = 0;
  const { addEventListener, removeEventListener } = target;
  return Object.assign(target, {
    listenerCount: () => listenerCount,
    addEventListener(...given: Parameters<EventTarget["addEventListener"]>) {
      listenerCount += 1;
      addEventListener.apply(target, given);
    },
    removeEventListener(...given: Parameters<EventTarget["removeEventListener"]>) {
      listenerCount -= 1;
      removeEventListener.apply(target, given);
    },
  });
}

let page: Page;
beforeEach((context) => {
  const around = countedTarget();
  const document = Object.assign(countedTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", document);
  vi.stubGlobal("addEventListener", around.addEventListener);
  vi.stubGlobal("removeEventListener", around.removeEventListener);
  const become = (state: string): void => {
    document.visibilityState = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  page = {
    hide: () => become("hidden"),
    show: () => become("visible"),
    leave: () => void around.dispatchEvent(new Event("pagehide")),
    listenerCount: () => around.listenerCount() + document.listenerCount(),
  };
  // After the clients are closed, which stop listening then.
  context.onTestFinished(() => void vi.unstubAllGlobals());
});

type Request = { readonly path: string; readonly bytes: number; readonly keepalive: boolean };

/** Its queues wait for company for a minute, so that nothing but leaving sends. */
function openClient(): { readonly client: UptakeClient; readonly requests: Request[] } {
  const requests: Request[] = [];
  const client = createClient({
    url: "https://uptake.example.com",
    gatherMs: 60_000,
    async fetch(url, init) {
      const text = String(init?.body);
      requests.push({
        path: new URL(String(url)).pathname,
        bytes: Buffer.byteLength(text),
        keepalive: init?.keepalive === true,
      });
      const given = JSON.parse(text) as unknown;
      return Response.json(Array.isArray(given) ? { results: given.map(() => ({ ok: true })) } : { recorded: true });
    },
  });
  onTestFinished(() => client.close(0));
  return { client, requests };
}

const act = () => ({ suggestionId: newUuid(), type: "approval" }) as const;

it.each(["hide", "leave"] as const)(
  "what waits when a page is gone (%s) is sent at once, in requests that outlive it, and once",
  async (how) => {
    const { client, requests } = openClient();
    const receipts = [client.feedback(act()), client.feedback(act()), client.sent({ ticketId: "1", finalText: "Hi" })];
    page.show();
    expect(requests).toEqual([]);
    page[how]();
    expect(requests).toMatchObject([
      { path: "/v1/feedback", keepalive: true },
      { path: "/v1/sent", keepalive: true },
    ]);
    await Promise.all(receipts);
    await client.flush();
    page[how]();
    expect(requests).toHaveLength(2);
  },
);

it("sends no more than a browser lets through after its page, all queues together, and keeps the rest", async () => {
  const { client, requests } = openClient();
  // Of two bytes each, as UTF-8 has them.
  const large = { ...act(), finalText: "é".repeat(10_000) };
  const all = [
    client.suggestion({ functionName: "f", text: "é".repeat(10_000) }),
    ...[1, 2].map(() => client.feedback(large)),
    client.sent({ ticketId: "1", finalText: "é".repeat(10_000) }),
    client.sent({ ticketId: "2", finalText: "Hi" }),
  ];
  page.leave();
  const left = [...requests];
  expect(left.map(({ path }) => path)).toEqual(["/v1/suggestions", "/v1/feedback", "/v1/sent"]);
  expect(left.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(BROWSER_BYTES);
  await Promise.all([all[0], all[1], all[4]]);
  await client.flush();
  await Promise.all(all);
  expect(requests.slice(left.length).map(({ path, keepalive }) => [path, keepalive])).toEqual([
    ["/v1/feedback", false],
    ["/v1/sent", false],
  ]);
});

it("a client that is closed listens no more", async () => {
  const { client, requests } = openClient();
  expect(page.listenerCount()).toBe(2);
  await client.close();
  expect(page.listenerCount()).toBe(0);
  const refused = client.feedback(act());
  page.hide();
  page.leave();
  await expect(refused).rejects.toMatchObject({ code: "closed" });
  expect(requests).toEqual([]);
});
