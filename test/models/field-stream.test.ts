import { describe, expect, it } from "vitest";
import { createFieldStream } from "../../src/models/field-stream.ts";

/** What is told of the field when the text comes in pieces of that size. */
function toldIn(json: string, size: number, field = "reply"): string[] {
  const told: string[] = [];
  const stream = createFieldStream(field, (text) => told.push(text));
  for (let at = 0; at < json.length; at += size) stream(json.slice(at, at + size));
  return told;
}

const reply = 'Hi "Ana",\n\tc:\\temp – é 🎉 \u2028 {not: "a key"}, [x]';

describe("a field of a JSON text that comes in pieces", () => {
  it.each([1, 2, 3, 5, 8, 1000])("is told as it grows, the same in pieces of %d characters", (size) => {
    const json = JSON.stringify({
      before: { reply: "nested" },
      list: ["reply", ":"],
      reply,
      after: "x",
      confidence: 1,
    });
    const told = toldIn(json, size);
    expect(told.join("")).toBe(reply);
    expect(told.length).toBeGreaterThanOrEqual(Math.min(20, reply.length / size));
    for (const piece of told) expect(piece.isWellFormed()).toBe(true);
  });

  it("is unescaped, also where an escaped character comes in two halves", () => {
    const json = String.raw`{"reply":"a\ud83c\udf89b\u00e9\/\"\n"}`;
    for (const size of [1, 4, 7]) {
      const told = toldIn(json, size);
      expect(told.join("")).toBe('a🎉bé/"\n');
      for (const piece of told) expect(piece.isWellFormed()).toBe(true);
    }
  });

  it("is nothing where it is missing, no text, or the whole is no object", () => {
    for (const json of [
      '{"other":"x"}',
      '{"reply":5,"x":"reply"}',
      '["reply","x"]',
      '"reply"',
      "sure!",
      '{"reply":{"a":"b"}}',
    ]) {
      expect(toldIn(json, 1)).toEqual([]);
    }
  });
});
