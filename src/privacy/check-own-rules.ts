import { UptakeError } from "../domain/errors.ts";
import type { OwnRule } from "./own-rules.ts";

/** Refuses rules that are none. Throws `invalid_configuration`. */
export function checkOwnRules(rules: readonly OwnRule[]): readonly OwnRule[] {
  for (const [index, rule] of rules.entries()) {
    const given: Readonly<Record<string, unknown>> = { ...rule };
    const does = given["pattern"] instanceof RegExp || typeof given["mask"] === "function";
    if (does && typeof given["name"] === "string" && given["name"] !== "") continue;
    throw new UptakeError(
      "invalid_configuration",
      `mask.rules[${index}]: expected { name, pattern: /…/ } or { name, mask: (text) => text }; give it a name and one of the two`,
      { facts: { index } },
    );
  }
  return rules;
}
