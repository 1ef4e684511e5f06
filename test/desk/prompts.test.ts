import { LangfuseClient } from "@langfuse/client";
import { describe, expect, it } from "vitest";
import { createCachedPrompt } from "../../src/desk/cached-prompt.ts";
import { messagesOf, type PromptTemplate } from "../../src/desk/prompt-template.ts";
import { createPrompts } from "../../src/desk/prompts.ts";
import type { PromptSelector } from "../../src/domain/desk-settings.ts";
import { createPromptReader } from "../../src/langfuse/prompt-api.ts";
import { createLogBook, startStandIn } from "../mirror/set-up.ts";

const TEXT = "Short.\n=== user ===\n{{articles}}\n{{pastReplies}}\n{{thread}}";
const templateOf = (version: number): PromptTemplate => ({ reference: { name: "p", version }, messages: [] });

describe("a prompt that is loaded from elsewhere", () => {
  function cacheOver(load: () => Promise<PromptTemplate>) {
    let at = 0;
    const failures: boolean[] = [];
    const onFailure = (_error: unknown, isKnown: boolean) => void failures.push(isKnown);
    const cache = createCachedPrompt({ load, freshMs: 60_000, retryMs: 10_000, now: () => at, onFailure });
    return { read: cache, failures, pass: (ms: number) => (at += ms) };
  }
  const version = async (read: () => Promise<PromptTemplate | undefined>) => (await read())?.reference.version;

  it("is loaded once, given at once while it is fresh, and renewed beside what goes on with the old one", async () => {
    let loads = 0;
    let go = () => {};
    const { read, pass } = cacheOver(async () => {
      loads += 1;
      if (loads === 2) await new Promise<void>((resolve) => (go = resolve));
      return templateOf(loads);
    });
    expect(await Promise.all([version(read), version(read)])).toEqual([1, 1]);
    pass(59_999);
    expect(await version(read)).toBe(1);
    expect(loads).toBe(1);
    pass(1);
    expect(await version(read)).toBe(1);
    expect(loads).toBe(2);
    go();
    await expect.poll(() => version(read)).toBe(2);
    expect(loads).toBe(2);
  });

  it("goes on with the last one when it cannot be renewed, and asks again after the pause only", async () => {
    let loads = 0;
    const { read, pass, failures } = cacheOver(async () => {
      loads += 1;
      if (loads === 2) throw new Error("away");
      return templateOf(loads);
    });
    await read();
    pass(60_000);
    expect(await version(read)).toBe(1);
    await Promise.resolve();
    expect(await version(read)).toBe(1);
    expect([loads, failures]).toEqual([2, [true]]);
    pass(10_000);
    await read();
    expect(await version(read)).toBe(3);
  });

  it("keeps nobody waiting but the first, where its source hangs", async () => {
    let fail = (_error: Error) => {};
    let loads = 0;
    const { read, pass, failures } = cacheOver(() => {
      loads += 1;
      return new Promise((_, reject) => (fail = reject));
    });
    const first = read();
    fail(new Error("time is over"));
    expect(await first).toBeUndefined();
    expect(await read()).toBeUndefined();
    pass(10_000);
    expect(await read()).toBeUndefined(); // a second one is under way, and nobody waits for it
    expect([loads, failures]).toEqual([2, [false]]);
  });
});

describe("prompts from Langfuse", () => {
  async function setUp(selector: PromptSelector = { name: "desk/reply", label: "production" }) {
    const { standIn, address } = await startStandIn();
    const official = new LangfuseClient(address);
    const book = createLogBook();
    let at = 0;
    const reader = createPromptReader({ ...address, fetch: globalThis.fetch, timeoutMs: 300 });
    const prompts = createPrompts({
      selectors: new Map([["generate-message-suggestion", selector]]),
      fetchPrompt: async (asked) => {
        const { name, version, prompt } = await reader(asked);
        return { reference: { name, version }, messages: typeof prompt === "string" ? messagesOf(prompt) : prompt };
      },
      log: book.log,
      now: () => at,
    });
    return { standIn, official, book, prompts, reader, pass: (ms: number) => (at += ms) };
  }

  it("are found by label, text or chat, and follow the label", async () => {
    const { official, prompts, pass, book } = await setUp();
    await official.api.prompts.create({ type: "text", name: "desk/reply", prompt: TEXT, labels: ["production"] });
    expect(await prompts("generate-message-suggestion")).toEqual({
      reference: { name: "desk/reply", version: 1 },
      messages: [
        { role: "system", content: "Short." },
        { role: "user", content: "{{articles}}\n{{pastReplies}}\n{{thread}}" },
      ],
    });
    const chat = [
      { role: "system", content: "Chat." },
      { role: "user", content: "{{ articles }} {{pastReplies}} {{thread}}" },
    ];
    await official.api.prompts.create({ type: "chat", name: "desk/reply", prompt: chat, labels: ["production"] });
    pass(60_000);
    await prompts("generate-message-suggestion");
    await expect
      .poll(async () => (await prompts("generate-message-suggestion")).reference)
      .toEqual({ name: "desk/reply", version: 2 });
    expect((await prompts("generate-message-suggestion")).messages).toEqual(chat);
    // Another agent function keeps its file.
    expect((await prompts("classify-ticket")).reference).toEqual({ name: "classify", version: 1 });
    expect(book.lines).toEqual([]);
  });

  it("by version are asked for once, for good", async () => {
    const { official, prompts, pass, standIn } = await setUp({ name: "desk/reply", version: 1 });
    await official.api.prompts.create({ type: "text", name: "desk/reply", prompt: TEXT });
    await official.api.prompts.create({
      type: "text",
      name: "desk/reply",
      prompt: `new ${TEXT}`,
      labels: ["production"],
    });
    for (let i = 0; i < 3; i += 1) {
      expect((await prompts("generate-message-suggestion")).reference).toEqual({ name: "desk/reply", version: 1 });
      pass(3_600_000);
    }
    expect(Object.entries(standIn.requests()).filter(([route]) => route.startsWith("GET"))).toEqual([
      ["GET /api/public/v2/prompts/desk%2Freply", 1],
    ]);
  });

  it.each<[string, (set: Awaited<ReturnType<typeof setUp>>) => unknown, RegExp]>([
    ["has no such prompt", () => {}, /there is none/],
    ["is away", ({ standIn }) => standIn.close(), /cannot be read/],
    ["hangs", ({ standIn }) => standIn.setFailure({ hang: true }), /cannot be read/],
    ["fails", ({ standIn }) => standIn.setFailure({ status: 500 }), /status 500/],
    [
      "has one that would be blind",
      ({ official }) =>
        official.api.prompts.create({
          type: "text",
          name: "desk/reply",
          prompt: "Hi {{thread}}",
          labels: ["production"],
        }),
      /has no \{\{articles\}\}, \{\{pastReplies\}\}; generate-message-suggestion needs them/,
    ],
    [
      "has one with messages to be put in",
      ({ official }) =>
        official.api.prompts.create({
          type: "chat",
          name: "desk/reply",
          prompt: [{ type: "placeholder", name: "history" }],
          labels: ["production"],
        }),
      /neither a text nor a chat/,
    ],
  ])(
    "give way to the file, under a version that Langfuse cannot mistake, where Langfuse %s",
    async (_what, arrange, message) => {
      const set = await setUp();
      await arrange(set);
      const { reference, messages } = await set.prompts("generate-message-suggestion");
      expect(reference).toEqual({ name: "reply", version: "file:1" });
      expect(messages[0]?.content).toContain("You write replies for a support desk.");
      expect(set.book.lines).toMatchObject([
        {
          level: "warn",
          event: "desk.prompt_unavailable",
          facts: {
            functionName: "generate-message-suggestion",
            prompt: "langfuse:desk/reply@production",
            used: "file",
            message: expect.stringMatching(message) as unknown,
          },
        },
      ]);
      expect(JSON.stringify(set.book.lines)).not.toContain("sk-lf");
    },
  );

  it("are refused by the stand-in as by Langfuse", async () => {
    const { official } = await setUp();
    await expect(official.api.prompts.get("none")).rejects.toMatchObject({ statusCode: 404 });
    await official.api.prompts.create({ type: "text", name: "one", prompt: "x" });
    await expect(official.api.prompts.get("one")).rejects.toMatchObject({ statusCode: 404 });
    expect(await official.api.prompts.get("one", { label: "latest" })).toMatchObject({
      version: 1,
      labels: ["latest"],
    });
    await expect(official.api.prompts.get("one", { label: "latest", version: 1 })).rejects.toMatchObject({
      statusCode: 400,
    });
    await expect(
      official.api.prompts.create({ type: "text", name: "one", prompt: "x", labels: ["No Good"] }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });
});
