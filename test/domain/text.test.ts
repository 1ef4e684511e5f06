import { describe, expect, it } from "vitest";
import { UptakeError } from "../../src/domain/errors.ts";
import { requireText, storableJson, storableText } from "../../src/domain/text.ts";

const problemOf = (value: unknown): string => {
  try {
    requireText(value, "sent.finalText");
  } catch (error) {
    if (error instanceof UptakeError) return `${error.code} ${error.message}`;
  }
  return "accepted";
};

describe("text from outside", () => {
  it("is refused with its place, what is wrong and what to do", () => {
    expect(problemOf("Hello")).toBe("accepted");
    expect(problemOf(" \n\t")).toBe("invalid_input sent.finalText: is empty; expected text");
    expect(problemOf(undefined)).toBe("invalid_input sent.finalText: got undefined; expected text");
    expect(problemOf("x".repeat(1_000_000))).toMatch(/is 1000000 characters long; at most 200000 are kept/);
    expect(problemOf("ab\0c")).toMatch(/NUL character at index 2.*remove it/);
    expect(problemOf("cut \ud83d")).toMatch(/half of a surrogate pair/);
  });
});

describe("text that must be kept", () => {
  it("loses only what Postgres cannot hold", () => {
    expect(storableText("a\0b\ud83d")).toBe("a\uFFFDb\uFFFD");
    expect(storableText("😀 ok")).toBe("😀 ok");
  });

  it("is repaired inside JSON without touching escaped backslashes", () => {
    const value = { text: "a\0b\ud83dc", literal: "\\u0000", quote: '"\\"', emoji: "😀", control: "\u0001" };
    const repaired: unknown = JSON.parse(storableJson(JSON.stringify(value)));
    expect(repaired).toEqual({ ...value, text: "a\uFFFDb\uFFFDc" });
  });
});
