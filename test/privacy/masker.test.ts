import * as fc from "fast-check";
import { expect, it } from "vitest";
import { MASK_RULES } from "../../src/domain/privacy.ts";
import { createMasker, FAILED } from "../../src/privacy/masker.ts";
import { BUILT_IN, type OwnRule, type RuleFailure } from "../../src/privacy/own-rules.ts";

/** A machine that others work on pauses for longer than a rule may. */
const PATIENT = [1_000];

function maskerWith(own: readonly OwnRule[], ruleTimesMs: readonly number[] = PATIENT) {
  const failures: RuleFailure[] = [];
  const masker = createMasker({ builtIn: MASK_RULES, own, onFailure: (one) => failures.push(one), ruleTimesMs });
  return { ...masker, failures };
}

const { text, json, value } = maskerWith([]);

const fragment = fc.oneof(
  fc.string({ maxLength: 6, unit: "binary" }),
  fc.constantFrom(
    "@",
    "a@b.de",
    "mia@example.com",
    ".",
    " ",
    "\n",
    '"',
    "\\",
    "+49",
    "0171",
    "1234567",
    "4111 1111 1111 1111",
  ),
  fc.constantFrom(
    "DE89 3704 0044 0532 0130 00",
    "Bearer ",
    "abc123def456ghi",
    "sk-",
    "eyJabcdefgh1.eyJabc",
    "password=",
    "://u:p@h.de",
  ),
  fc.constantFrom(
    "-----BEGIN PRIVATE KEY-----",
    "[email]",
    "[",
    "]",
    "[masked: rule failed]",
    " [cut: 3 of 9 characters]",
    "1",
    "0",
    "-",
    "AB",
  ),
);
const texts = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""));
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.integer(),
    fc.constantFrom(4111111111111111, true, null),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(texts, fc.constantFrom("password", "api_key", "__proto__")), tie("any"), { maxKeys: 3 }),
  ),
})).any;

it("never throws, and masked again a text stays as it is", () => {
  fc.assert(
    fc.property(texts, (given) => {
      const masked = text(given);
      expect(text(masked)).toBe(masked);
    }),
    { numRuns: 2_000 },
  );
});

it("keeps JSON JSON, of the same shape, and masks it the way its texts are masked", () => {
  fc.assert(
    fc.property(values, (given) => {
      const masked = json(JSON.stringify(given));
      const read: unknown = JSON.parse(masked);
      expect(json(masked)).toBe(masked);
      expect(Array.isArray(read)).toBe(Array.isArray(given));
      expect(JSON.stringify(value(JSON.parse(JSON.stringify(given))))).toBe(JSON.stringify(read));
    }),
    { numRuns: 1_000 },
  );
});

it("masks the same in JSON as in a text, whatever stands before it", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("\n", "\t", '"', "\\", "\u0001", "é"),
      fc.constantFrom("mia@example.com", "0171 1234567", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"),
      (before, found) => {
        expect(JSON.parse(json(JSON.stringify({ deep: [before + found] })))).toEqual({ deep: [text(before + found)] });
        expect(text(before + found)).not.toContain(found);
      },
    ),
  );
});

it("masks secrets by the name of their property, and nothing that is only called a little like one", () => {
  const given = {
    password: "x",
    Authorization: { a: 1 },
    "x-api-key": 5,
    max_tokens: 4,
    passwordSet: true,
    hasPassword: true,
  };
  expect(value(given)).toEqual({
    password: "[secret]",
    Authorization: "[secret]",
    "x-api-key": "[secret]",
    max_tokens: 4,
    passwordSet: true,
    hasPassword: true,
  });
});

it("keeps two addresses apart that are keys", () => {
  expect(value({ "a@b.de": 1, "c@d.de": 2, "[email]": 3 })).toEqual({ "[email]": 1, "[email] 2": 2, "[email] 3": 3 });
});

it("hands back the very same JSON where there is nothing to mask", () => {
  const given = '{"a":  "two spaces",  "n": 1.0}';
  expect(json(given)).toBe(given);
});

it("uses patterns and functions of the application's own, before the built-in ones", () => {
  const rules = [
    { name: "customer", pattern: /KD-\d{6}/ },
    { name: "name", mask: (given: string) => given.replaceAll("Mia", "[name]") },
    { name: "plain", pattern: /xyz/g, replacement: "$&" },
  ];
  const { text, failures } = maskerWith(rules);
  expect(text("Mia, KD-123456, KD-654321, xyz, mia@example.com")).toBe("[name], [customer], [customer], $&, [email]");
  expect(failures).toEqual([]);
});

it("masks a text whole that takes the built-in rules too long, and says so", () => {
  const { text, value, failures } = maskerWith([], [2, 3]);
  const given = "mia@example.com ".repeat(400_000);
  expect(text(given)).toBe(FAILED);
  expect(value([given])).toBe(FAILED);
  expect(failures).toEqual([BUILT_IN, BUILT_IN].map((rule) => ({ rule, reason: "time" })));
});

it.each([
  ["a pattern that backtracks for ever", { name: "bad", pattern: /^(a+)+$/ }, "time"],
  [
    "a function that never returns",
    {
      name: "bad",
      mask: () => {
        for (;;);
      },
    },
    "time",
  ],
  [
    "a function that throws",
    {
      name: "bad",
      mask: () => {
        throw new Error("no");
      },
    },
    "threw",
  ],
  ["a function that gives no text", { name: "bad", mask: () => 5 as unknown as string }, "no text"],
] as const)("masks the whole text after %s", (_what, rule, reason) => {
  const { text, value, json, failures } = maskerWith([rule], reason === "time" ? [2, 3] : PATIENT);
  const given = `${"a".repeat(50)}!`;
  const startMs = performance.now();
  expect(text(given)).toBe(FAILED);
  // The clock of a crowded machine; without a stop it would be years.
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(value({ deep: given })).toEqual({ masked: FAILED });
  expect(json(JSON.stringify([given]))).toBe(JSON.stringify(FAILED));
  expect(failures).toEqual(Array.from({ length: 3 }, () => ({ rule: "bad", reason })));
});
