import { describe, expect, it } from "vitest";
import { MASK_RULES } from "../../src/domain/privacy.ts";
import { createMasker, FAILED } from "../../src/privacy/masker.ts";

const never = (): never => {
  throw new Error("no rule of ours fails");
};
const { text: mask } = createMasker({ builtIn: MASK_RULES, own: [], onFailure: never });

/** In parts, so that nobody who searches for keys takes these for some. */
const join = (...parts: readonly string[]): string => parts.join("");

const found: Readonly<Record<string, readonly (readonly [text: string, masked: string])[]>> = {
  key: [
    [join("use sk-", "proj-abc123DEF456ghi789"), "use [key]"],
    [join("(sk-lf-", "12345678-1234-1234-1234-123456789012)"), "([key])"],
    [join("pk-lf-", "12345678-1234-1234-1234-123456789012"), "[key]"],
    [join("AKIA", "IOSFODNN7EXAMPLE"), "[key]"],
    [join("ghp_", "abcdefghijklmnopqrstuvwxyz0123456789"), "[key]"],
    [join("github_pat_", "11ABCDEFG0abcdefghijkl_0123456789"), "[key]"],
    [join("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"), "[key]"],
    [
      join("-----BEGIN RSA PRIVATE ", "KEY-----\nMIIEpAIB\nAAKC\n-----END RSA PRIVATE KEY-----\nbye"),
      "[private key]\nbye",
    ],
    [join("-----BEGIN PRIVATE ", "KEY-----\nMIIEpAIB cut of"), "[private key]"],
  ],
  token: [
    ["Authorization: Bearer abc123.def456-ghi789", "Authorization: Bearer [token]"],
    ["authorization: basic dXNlcjpwYXNzd29yZDE=", "authorization: basic [token]"],
    [join("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"), "[token]"],
  ],
  password: [
    ["postgres://app:hun$ter2@db.example.com/x", "postgres://app:[password]@db.example.com/x"],
    ['{"password":"hunter2","user":"mia"}', '{"password":"[secret]","user":"mia"}'],
    ["OPENAI_API_KEY=abcdefgh", "OPENAI_API_KEY=[secret]"],
  ],
  email: [
    ["mail mia@example.com.", "mail [email]."],
    ["<Mia.O'Neil+desk@mail.example.co.uk>", "<[email]>"],
    ["müller@bücher.example, a@b.de", "[email], [email]"],
    ["line\nmia@example.com", "line\n[email]"],
  ],
  iban: [
    ["DE89 3704 0044 0532 0130 00 THANKS", "[iban] THANKS"],
    ["to GB29NWBK60161331926819", "to [iban]"],
    ["FR14 2004 1010 0505 0001 3M02 606.", "[iban]."],
  ],
  card: [
    ["card 4111 1111 1111 1111 exp 12/29", "card [card] exp 12/29"],
    ["5500-0000-0000-0004", "[card]"],
    ["378282246310005", "[card]"],
    ["3782 822463 10005", "[card]"],
    ["order 12 4111 1111 1111 1111", "order 12 [card]"],
  ],
  phone: [
    ["call +49 30 1234567 now", "call [phone] now"],
    ["+1 (555) 010-9999", "[phone]"],
    ["0049 171 1234567", "[phone]"],
    ["(555) 123-4567", "[phone]"],
    ["555-123-4567", "[phone]"],
    ["0171 1234567", "[phone]"],
    ["030/12345678", "[phone]"],
    ["01 23 45 67 89", "[phone]"],
    ["020 7946 0958", "[phone]"],
  ],
};

describe.each(Object.entries(found))("%s", (_name, pairs) => {
  it.each(pairs)("masks %j", (text, masked) => {
    expect(mask(text)).toBe(masked);
  });
});

it.each([
  "order 10248-2231, invoice INV-2026-000123",
  "Order 4111 1111 1111 1112 has a wrong check digit",
  "order no. 0012345678",
  "#0171-1234567",
  "at 2026-11-26T03:56:08.123Z, or 26/11/2026 12:30:45",
  "from 01-02-2026 10:30 to 01/02/2026",
  "0198f2a4-5b6c-7d8e-9f01-234567890abc",
  "12345678-1234-1234-1234-123456789012",
  "0198f2a45b6c7d8e9f01234567890abc 4f3a9b2c1d0e5f67",
  "EUR 1,234,567.89 or $1299.00 or +1500000",
  "version 1.2.3, node 20.19.0, 10.20.30.40:5432",
  "1732579200000 and 1732579200000000000",
  "npm i pkg@1.2.3 and @scope/name, icon@2x.png",
  "https://example.com:8080/a?b=c",
  "Password: please choose a new one; your password was reset",
  "token=12 max_tokens=400, the secret is out",
  "task-force-of-the-whole-company and desk-classification",
  "Basic troubleshooting, bearer of bad news",
  "DE12 3456 7890 1234 5678 90 has wrong check digits",
  "I waited 300 250 times",
  "[email] [phone] [card] [iban] [key] [token] [secret] [password] [private key]",
])("leaves %j alone", (text) => {
  expect(mask(text)).toBe(text);
});

it("takes the end off that was cut, where half a secret may stand", () => {
  const masked = mask(`${"x ".repeat(100)}mia@exam [cut: 20 of 228 characters]`);
  expect(masked).toMatch(/x \[masked\] \[cut: 20 of 228 characters\]$|x\[masked\] \[cut: 20 of 228 characters\]$/);
  expect(masked).not.toContain("mia@");
  expect(mask(masked)).toBe(masked);
});

it("uses the rules that are asked for", () => {
  const { text } = createMasker({ builtIn: ["email"], own: [], onFailure: never });
  expect(text("mia@example.com, 555-123-4567")).toBe("[email], 555-123-4567");
});

it.each(
  ["0".repeat(200_000), "1 ".repeat(100_000), "a@".repeat(100_000), "A1".repeat(100_000), "+1 ".repeat(66_000)].concat(
    "eyJ".repeat(66_000),
    "://".repeat(66_000),
    'a="'.repeat(66_000),
    "-----BEGIN PRIVATE KEY-----".repeat(7_000),
    "01 23 45 67 89 ".repeat(13_000),
    "bearer ".repeat(28_000),
    "a.".repeat(100_000) + "@",
    "@" + "a.".repeat(100_000),
  ),
)("takes linear time for a long text (%#)", (long) => {
  // Quadratic time would be minutes; what takes longer than it may is masked whole, which `never` does not let pass.
  const { text } = createMasker({ builtIn: MASK_RULES, own: [], onFailure: never, ruleTimesMs: [10_000] });
  expect(text(long)).not.toBe(FAILED);
});
