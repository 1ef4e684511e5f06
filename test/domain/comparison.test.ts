import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareTexts } from "../../src/domain/comparison.ts";
import { checkSentParts, comparableText, SENT_PARTS, type SentPart } from "../../src/domain/sent-parts.ts";

const BODY = "Your refund was sent today and reaches your card within five days.";

const words = fc
  .array(fc.constantFrom("refund", "card", "order", "is", "on", "its", "way", "today", "sent"), {
    minLength: 2,
    maxLength: 20,
  })
  .map((list) => list.join(" "));
const space = fc.constantFrom(" ", "  ", "\n", "\t", "\r\n", "\u00A0");
const trailer = fc.constantFrom(
  "\n-- \nJo Miller\nSupport desk",
  "\n--\nJo",
  "\n\nBest regards,\nJo",
  "\n\nKind regards\nJo Miller\nSupport",
  "\nMit freundlichen Grüßen\nJo",
  "\n\n> Where is my refund?\n> Mia",
  "\n\nOn 3 March 2026 at 10:00 Mia <mia@example.org> wrote:\n> Where is my refund?",
  "\n\n-----Original Message-----\nFrom: Mia\nWhere is my refund?",
);
const greeting = fc.constantFrom("Hi Mia,\n\n", "Hello\n", "Dear Ms Miller,\n", "Guten Tag Frau Müller,\n\n");

describe("what is compared", () => {
  it.each<[SentPart, string]>([
    ["quote", `${BODY}\n\nOn 3 March 2026 at 10:00 Mia wrote:\n> Where is it?`],
    ["signature", `${BODY}\n-- \nJo\nSupport desk\nhttps://desk.example.org`],
    ["closing", `${BODY}\n\nBest regards,\nJo`],
    ["greeting", `Hi Mia,\n\n${BODY}`],
  ])("leaves out a %s, and keeps it where that part is not ignored", (part, text) => {
    expect(comparableText(text, [part])).toBe(BODY);
    const others = SENT_PARTS.filter((other) => other !== part);
    expect(comparableText(text, others)).toBe(text.replaceAll(/\s+/gu, " ").trim());
    expect(comparableText(text, [])).toBe(text.replaceAll(/\s+/gu, " ").trim());
  });

  it("finds a signature under which the answered mail is quoted", () => {
    expect(comparableText(`Hello Mia,\n${BODY}\n\nCheers,\nJo\n-- \nDesk\n\n> Where?\n> Mia`, SENT_PARTS)).toBe(BODY);
  });

  it("does not take sentences for greetings or closings", () => {
    for (const text of [
      `Hi Mia! ${BODY}`,
      "Thanks for waiting.\nYour card was sent.",
      "Thanks\nYour card was sent to the address that we have for you, and it will take some days until it arrives.",
      "Hello, your order is ready. Come in.\nWe are open.",
      "Dear me: it broke.\nSorry.",
    ])
      expect(comparableText(text, SENT_PARTS)).toBe(text.replaceAll(/\s+/gu, " "));
  });

  it("is all of a text that is nothing but such parts", () => {
    expect(comparableText("Best regards,\nJo", SENT_PARTS)).toBe("Best regards, Jo");
    expect(comparableText("> quoted", SENT_PARTS)).toBe("> quoted");
  });

  it("answers at once for a closing with a lot of nothing behind it", { timeout: 5_000 }, () => {
    const text = `${BODY}\nThanks${" ".repeat(190_000)}Jo`;
    expect(comparableText(text, SENT_PARTS)).toBe(`${BODY} Thanks Jo`);
  });

  it("refuses the name of a part that no rule has", () => {
    expect(() => checkSentParts(["footer" as SentPart])).toThrow(
      'ignoreInSent: got "footer"; expected some of quote, signature, closing, greeting, or []',
    );
  });
});

describe("comparing a final text with its suggestion", () => {
  it("finds nothing changed whatever the white space, greeting, signature or quoted mail", () => {
    fc.assert(
      fc.property(words, fc.array(space, { maxLength: 30 }), greeting, trailer, (text, spaces, hello, end) => {
        const spaced = text.split(" ").reduce((all, word, index) => `${all}${spaces[index] ?? " "}${word}`);
        const same = { keptRatio: 1, editDistance: 0 };
        expect(compareTexts(text, `  ${spaced} \n`)).toMatchObject(same);
        expect(compareTexts(text, text + end)).toMatchObject(same);
        expect(compareTexts(text + end, text)).toMatchObject(same);
        expect(compareTexts(text, hello + text + end)).toEqual(compareTexts(text, text));
      }),
    );
  });

  it("gives each number between 0 and 1, or none", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        for (const value of Object.values(compareTexts(a, b))) {
          if (value === undefined) continue;
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
