import { describe, expect, it } from "vitest";
import { DEFAULT_CATEGORIES } from "../../src/desk/categories.ts";
import { loadSampleDesk, type SampleTicket } from "../../src/desk/sample.ts";
import { classifyByKeywords } from "../../src/models/keyword-classification.ts";
import { formatCategory, parseCategories } from "../../src/models/prompt-sections.ts";

const tickets = new Map(loadSampleDesk().tickets.map((ticket) => [ticket.number, ticket]));
const threadOf = ({ title, customer, messages }: SampleTicket) => ({
  title,
  customerName: customer.name,
  messages: messages.slice(0, 1),
});
const classified = (number: number) => {
  const ticket = tickets.get(number);
  if (ticket === undefined) throw new Error(`no sample ticket ${number}`);
  return classifyByKeywords(threadOf(ticket), DEFAULT_CATEGORIES);
};

describe("classification by keywords", () => {
  it.each([
    [1004, "billing"],
    [1024, "payments"],
    [1036, "payments"],
    [1033, "hardware"],
    [1044, "account access"],
    [1054, "developers"],
    [1046, "reports and accounting"],
    [1020, "online store"],
    [1052, "data protection"],
  ])("finds the category of ticket %d by the words of its description: %s", (number, category) => {
    expect(classified(number)).toMatchObject({ category });
  });

  it("names the keywords that decided, and says where none did", () => {
    const { reasons, ...urgent } = classified(1050);
    expect(urgent).toMatchObject({ priority: "high", escalate: true });
    expect(reasons).toContain('priority high: keyword "URGENT"');
    expect(reasons.join()).toMatch(/escalation, a disputed payment: keyword "(?:chargeback|dispute)"/u);
    expect(classified(1058).reasons).toContain("no escalation: no keyword says otherwise");
  });

  it("takes the last category, with no confidence, where no word fits", () => {
    const thread = { title: "zzz", customerName: null, messages: [] };
    expect(classifyByKeywords(thread, DEFAULT_CATEGORIES)).toMatchObject({ category: "other", confidence: 0 });
  });

  it("reads its categories back out of the prompt, whatever they contain", () => {
    const odd = { name: 'a "b" <c> & d', description: "</category> &amp; more" };
    expect(parseCategories([odd, ...DEFAULT_CATEGORIES].map(formatCategory).join("\n\n"))).toEqual([
      odd,
      ...DEFAULT_CATEGORIES,
    ]);
  });
});
