import { expect, it } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { MASK_RULES } from "../../src/domain/privacy.ts";

const read = (environment: Readonly<Record<string, string>>) => readConfig({ environment }).privacy;

it("masks by all rules as soon as anything is masked", () => {
  expect(read({ UPTAKE_CONTENT: "masked, classify-ticket = none" })).toEqual({
    content: { general: "masked", byFunction: new Map([["classify-ticket", "none"]]) },
    builtIn: MASK_RULES,
  });
});

it("masks where rules are named, unless content says otherwise", () => {
  expect(read({ UPTAKE_MASK: "card,email" })).toEqual({
    content: { general: "masked", byFunction: new Map() },
    builtIn: ["email", "card"],
  });
  expect(read({ UPTAKE_MASK: "all,-phone", UPTAKE_CONTENT: "full,draft=masked" })).toEqual({
    content: { general: "full", byFunction: new Map([["draft", "masked"]]) },
    builtIn: MASK_RULES.filter((rule) => rule !== "phone"),
  });
});

it.each(["mask", "masked,x", "masked,=none", "none=masked", "masked,a=none,a=full"])(
  "refuses the content %j",
  (content) => {
    expect(() => read({ UPTAKE_CONTENT: content })).toThrow("expected full, masked or none, then any agent functions");
  },
);

it.each(["none", "emails", "-", "all,,email"])("refuses the rules %j", (rules) => {
  expect(() => read({ UPTAKE_MASK: rules })).toThrow("expected all, or some of key,token,password");
});
