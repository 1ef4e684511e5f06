import { describe, expect, it } from "vitest";
import { readPromptFile } from "../../src/desk/prompt-files.ts";
import { renderReplyPrompt } from "../../src/desk/prompt.ts";
import { parseSections } from "../../src/models/prompt-sections.ts";

const thread = (texts: readonly string[]) => ({
  title: "Help",
  customerName: "Ana",
  messages: texts.map((text) => ({ from: "customer" as const, text })),
});
const template = readPromptFile("generate-message-suggestion");
const article = { id: "a", title: "A", content: "Tap it. $& costs $1", score: 2 };

describe("reply prompt", () => {
  it("has a system and a user message, whose sections a model can read back", () => {
    const messages = renderReplyPrompt(template, { articles: [article], pastReplies: [], thread: thread(["How?"]) });
    expect(messages.map((message) => message.role)).toEqual(["system", "user"]);
    expect(parseSections(messages[1]?.content ?? "")).toEqual({
      articles: [article],
      pastReplies: [],
      thread: thread(["How?"]),
    });
  });

  it("leaves what looks like a placeholder in a customer's text alone", () => {
    const [, user] = renderReplyPrompt(template, {
      articles: [article],
      pastReplies: [],
      thread: thread(["{{articles}} $'"]),
    });
    expect(parseSections(user?.content ?? "")?.thread.messages).toEqual([
      { from: "customer", text: "{{articles}} $'" },
    ]);
  });

  it("has a bound: the newest 20 messages, long ones cut in the middle", () => {
    const texts = [...Array.from({ length: 30 }, (_, i) => `message ${i}`), `begin${"x".repeat(200_000)}end`];
    const [, user] = renderReplyPrompt(template, { articles: [], pastReplies: [], thread: thread(texts) });
    const sections = parseSections(user?.content ?? "");
    expect(sections?.thread.messages).toHaveLength(20);
    expect(sections?.thread.messages.at(-1)?.text).toMatch(/^beginx+\n\[…\]\nx+end$/);
    expect(user?.content.length).toBeLessThan(10_000);
  });
});
