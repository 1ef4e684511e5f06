import { describe, expect, it } from "vitest";
import { confidenceOf } from "../../src/models/confidence.ts";
import { composeReply } from "../../src/models/retrieval-reply.ts";

const refund = {
  id: "refund-card-sale",
  title: "Refund a card sale",
  content: "Open Sales, find the receipt and tap Refund.\n\nThe dinosaur paragraph is about something else altogether.",
  score: 14,
};
const reader = { id: "reader", title: "Pair the reader", content: "Hold the button until it blinks.", score: 2 };
const asking = (text: string, customerName: string | null = "Maeve Corrigan") => ({
  title: "A question",
  customerName,
  messages: [{ from: "customer" as const, text }],
});

describe("reply of the offline model", () => {
  it("greets by first name, quotes the matching paragraph and cites the article", () => {
    const reply = composeReply({
      articles: [refund, reader],
      pastReplies: [],
      thread: asking("How do I refund a receipt?"),
    });
    expect(reply.suggestedResponse).toBe(
      "Hi Maeve,\n\nOpen Sales, find the receipt and tap Refund.\n\nJust reply here if this does not solve it.",
    );
    expect(reply.reasoning).toContain("[article:refund-card-sale]");
    expect(reply.confidence).toBeGreaterThan(0.5);
  });

  it("repeats a past reply without the greeting and signature of other people, and says that it must be checked", () => {
    const past = {
      id: "r1",
      question: "Do you take bitcoin?",
      reply: "Hello Olaf,\n\nwe do not take bitcoin.\n\nKind regards,\nTomasz\nBrightloom Support",
      score: 9,
    };
    const reply = composeReply({ articles: [], pastReplies: [past], thread: asking("Can I pay with bitcoin?", null) });
    expect(reply.suggestedResponse).toBe("We do not take bitcoin.");
    expect(reply.reasoning).toMatch(/\[reply:r1\].*|checked/);
  });

  it("asks for detail with hardly any confidence when nothing matches", () => {
    const reply = composeReply({ articles: [refund], pastReplies: [], thread: asking("Quantum flux?") });
    expect(reply.suggestedResponse).toContain("tell us a little more");
    expect(reply.confidence).toBeLessThan(0.05);
    expect(reply.reasoning).not.toContain("[");
  });

  it("does not answer a message before the agent's last reply", () => {
    const thread = {
      title: "Re",
      customerName: null,
      messages: [
        { from: "customer" as const, text: "How do I pair the reader?" },
        { from: "agent" as const, text: "Hold the button." },
        { from: "customer" as const, text: "And how do I refund a sale from a receipt?" },
      ],
    };
    const articles = [
      { ...refund, score: 8 },
      { ...reader, score: 8 },
    ];
    expect(composeReply({ articles, pastReplies: [], thread }).reasoning).toContain("[article:refund-card-sale]");
  });
});

describe("confidence", () => {
  it("grows with the score, the lead over the runner-up and the coverage", () => {
    const base = { score: 5, margin: 0.1, coverage: 0.2, fromArticle: false };
    const low = confidenceOf(base);
    for (const better of [{ score: 20 }, { margin: 0.8 }, { coverage: 0.7 }, { fromArticle: true }]) {
      expect(confidenceOf({ ...base, ...better })).toBeGreaterThan(low);
    }
  });
});
