import type { MaskRuleName } from "../domain/privacy.ts";
import { BUILT_IN_RULES, type Rule } from "./built-in-rules.ts";
import { createOwnRules, type OwnRule, type RuleFailure } from "./own-rules.ts";
import { isSecretName } from "./secret-names.ts";

/** Stands where a rule failed: nobody knows what it would have masked. */
export const FAILED = "[masked: rule failed]";
const SECRET = "[secret]";
/** Behind what was cut off there may be half a secret, which no rule knows any more. */
const CUT = / \[cut: \d+ of \d+ characters\]$/;
const CUT_CHARS = 100;
const CUT_OFF = "[masked]";
/** What a replacement leaves may fit another rule; after so many rounds it is given up. */
const MAX_ROUNDS = 5;
/** The built-in rules are linear: a text up to this long takes them well under a millisecond, less than the clock costs. */
const UNTIMED_CHARS = 10_000;

export type MaskerOptions = {
  readonly builtIn: readonly MaskRuleName[];
  readonly own: readonly OwnRule[];
  readonly onFailure: (failure: RuleFailure) => void;
  /** How long masking may take where it is timed, go by go. */
  readonly ruleTimesMs?: readonly number[] | undefined;
};

/** Replaces what the rules find. Nothing throws; masked again, everything stays as it is. */
export type Masker = {
  text(this: void, text: string): string;
  /** The same of all texts in a value, and of secrets by their name; a new value where one of them changes. */
  value(this: void, value: unknown): unknown;
  /** The same of JSON; the very same text where there is nothing to mask. */
  json(this: void, json: string): string;
  /** False where JSON (or a text) surely stays as it is. */
  mayChange(this: void, json: string): boolean;
};

export function createMasker({ builtIn, own, onFailure, ruleTimesMs }: MaskerOptions): Masker {
  const rules = BUILT_IN_RULES.filter(({ name }) => builtIn.includes(name));
  const byName = builtIn.includes("password");
  const isTimed = own.length > 0;
  const timed = createOwnRules(own, ruleTimesMs);
  const mayChange = (text: string): boolean => isTimed || mayHold(rules, text);
  const builtInText = (text: string): string => (mayHold(rules, text) ? untilStable(rules, text) : text);

  function within<Result>(walk: (mask: (text: string) => string) => Result, failed: Result, chars: number): Result {
    if (!isTimed && chars <= UNTIMED_CHARS) return walk(builtInText);
    const result = timed.run((mask) => walk((text) => builtInText(mask(text))));
    if (!isFailure(result)) return result;
    onFailure(result);
    return failed;
  }

  const masked = (value: unknown, chars?: number): unknown => {
    try {
      const failed = isPlainObject(value) ? { masked: FAILED } : FAILED;
      return within((mask) => walkValue(value, { mask, byName }), failed, chars ?? charsOf(value));
    } catch {
      // Nested so deep that the stack does not hold it.
      return isPlainObject(value) ? { masked: FAILED } : FAILED;
    }
  };

  return {
    mayChange,
    text: (text) => (mayChange(text) ? within((mask) => mask(text), FAILED, text.length) : text),
    value: (value) => masked(value),
    json(json) {
      if (!mayChange(json)) return json;
      try {
        return JSON.stringify(masked(JSON.parse(json), json.length));
      } catch {
        return JSON.stringify(FAILED);
      }
    },
  };
}

/** About how many characters of texts are in a value; counts no further than it has to. */
function charsOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  let chars = 0;
  for (const [key, property] of Object.entries(value)) {
    chars += key.length + charsOf(property);
    if (chars > UNTIMED_CHARS) break;
  }
  return chars;
}

const isFailure = (result: unknown): result is RuleFailure =>
  typeof result === "object" && result !== null && "rule" in result && "reason" in result;

function mayHold(rules: readonly Rule[], text: string): boolean {
  for (const { hint } of rules) if (hint(text)) return true;
  return text.includes(" [cut: ");
}

function untilStable(rules: readonly Rule[], text: string): string {
  let before = text;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let after = before;
    for (const { hint, mask } of rules) if (hint(after)) after = mask(after);
    after = withoutCutEnd(after);
    if (after === before) return after;
    before = after;
  }
  return FAILED;
}

function withoutCutEnd(text: string): string {
  const cut = text.includes(" [cut: ") ? CUT.exec(text) : null;
  if (cut === null) return text;
  const kept = text.slice(0, cut.index);
  return kept.endsWith(CUT_OFF) ? text : `${kept.slice(0, -CUT_CHARS)}${CUT_OFF}${cut[0]}`;
}

type Walk = { readonly mask: (text: string) => string; readonly byName: boolean };

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const MIN_CARD_NUMBER = 1e12;

function walkValue(value: unknown, walk: Walk): unknown {
  if (typeof value === "string") return walk.mask(value);
  if (typeof value === "number") return walkNumber(value, walk);
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map((item) => walkValue(item, walk)) : walkProperties(value, walk);
}

/** The number of a card may be a number, too. */
function walkNumber(value: number, { mask }: Walk): unknown {
  if (!Number.isSafeInteger(value) || value < MIN_CARD_NUMBER) return value;
  const masked = mask(String(value));
  return masked === String(value) ? value : masked;
}

function walkProperties(value: object, walk: Walk): Record<string, unknown> {
  // A null prototype, so that a property called __proto__ is one more property.
  const out = Object.create(null) as Record<string, unknown>;
  for (const [key, property] of Object.entries(value)) {
    let name = walk.mask(key);
    // Two addresses as keys are two keys still.
    for (let count = 2; Object.hasOwn(out, name); count++) name = `${walk.mask(key)} ${count}`;
    out[name] = walk.byName && isSecret(key, property) ? SECRET : walkValue(property, walk);
  }
  return out;
}

/** A flag, or nothing at all, says nothing. */
const isSecret = (name: string, value: unknown): boolean =>
  value !== null && value !== "" && typeof value !== "boolean" && value !== undefined && isSecretName(name);
