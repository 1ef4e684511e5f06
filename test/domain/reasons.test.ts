import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReasonReader, DEFAULT_REASONS, type ReasonTaxonomy } from "../../src/domain/reasons.ts";

const read = (given: string | readonly string[] | undefined, taxonomy?: ReasonTaxonomy, functionName = "draft-reply") =>
  createReasonReader(taxonomy).read(given, "feedback.reason", functionName);

describe("reasons", () => {
  it("are one whatever their spelling", () => {
    for (const spelling of ["too generic", "too_generic", "Too Generic", " TOO-GENERIC ", "too  generic"])
      expect(read(spelling).reasons).toEqual(["too generic"]);
    for (const spelling of ["off-topic", "off topic", "Off_Topic"])
      expect(read(spelling).reasons).toEqual(["off-topic"]);
    expect(read("incorrect information").reasons).toEqual(["incorrect info"]);
  });

  it("keep their order, the first one the primary, and none twice", () => {
    expect(read(["too long", "off topic", "Too_Long", "off-topic"]).reasons).toEqual(["too long", "off-topic"]);
    expect(read(undefined).reasons).toEqual([]);
  });

  it("that nobody knows are refused with the choice and the nearest match", () => {
    expect(() => read("to generic")).toThrow(
      /^feedback\.reason: "to generic" is no reason here; did you mean "too generic"\? Expected one of "irrelevant", "off-topic"/u,
    );
    expect(() => read(["too long", "zzzzzz"])).toThrow(
      /^feedback\.reason\[1\]: "zzzzzz" is no reason here Expected one of/u,
    );
  });

  it("are each agent function's own where it has some, and else those for all others", () => {
    const taxonomy = { "draft-reply": ["rude", { name: "stale", aliases: ["outdated"] }], "*": ["wrong category"] };
    expect(read(["Outdated", "rude"], taxonomy).reasons).toEqual(["stale", "rude"]);
    expect(() => read("too long", taxonomy)).toThrow('Expected one of "rude", "stale"');
    expect(read("wrong_category", taxonomy, "classify").reasons).toEqual(["wrong category"]);
    expect(() => read("rude", taxonomy, "classify")).toThrow('Expected one of "wrong category"');
    expect(read("too long", { "draft-reply": ["rude"] }, "classify").reasons).toEqual(["too long"]);
  });

  it("may be anything where the set is open, known spellings still being one", () => {
    for (const taxonomy of ["open", { "draft-reply": "open" }] as const) {
      expect(read(["Bad_Vibe", "bad vibe", "Too_Generic"], taxonomy).reasons).toEqual(["bad vibe", "too generic"]);
    }
  });

  it("that nobody knows are kept as other, with their text, where the set says so", () => {
    const taxonomy = { "draft-reply": { reasons: ["too long"], unknown: "other" } } as const;
    expect(read(["Bad vibe", "too_long", "worse vibe"], taxonomy)).toEqual({
      reasons: ["other", "too long"],
      unknown: ["Bad vibe", "worse vibe"],
    });
  });

  it("refuse what is no text, empty, too long or too many, by its place", () => {
    expect(() => read(" ")).toThrow(/^feedback\.reason: is empty/u);
    expect(() => read(["too long", ""])).toThrow(/^feedback\.reason\[1\]: is empty/u);
    expect(() => read("x".repeat(501), "open")).toThrow("at most 500");
    expect(() => read(Array<string>(21).fill("too long"))).toThrow("got 21 reasons; at most 20");
    expect(() => read(7 as unknown as string)).toThrow("got number; expected a reason or a list of reasons");
    expect(() => read([7] as unknown as string[])).toThrow(/^feedback\.reason\[0\]: got number/u);
  });

  it("that contradict each other, or are none, are refused when the taxonomy is made", () => {
    const make = (taxonomy: ReasonTaxonomy) => () => createReasonReader(taxonomy);
    expect(make({ f: [] })).toThrow('reasons["f"]: names no reason; name some, or say "open"');
    expect(make({ f: ["a", { name: "b", aliases: ["A"] }] })).toThrow('"A" stands for both "a" and "b"');
    expect(make({ f: ["_"] })).toThrow('"_" is no name for a reason');
  });

  it("read from any spelling of a known name give that name", () => {
    const names = DEFAULT_REASONS.map((reason) => (typeof reason === "string" ? reason : reason.name));
    const separator = fc.constantFrom(" ", "_", "-", "  ");
    fc.assert(
      fc.property(fc.constantFrom(...names), separator, fc.boolean(), (name, between, upper) => {
        const spelled = name.replaceAll(/[ -]/gu, between);
        expect(read(upper ? spelled.toUpperCase() : spelled).reasons).toEqual([name]);
      }),
    );
  });
});
