import { invalidInput } from "./errors.ts";

/** Longest text Uptake stores for one suggestion or final text, in UTF-16 units; what people send is far below. */
export const MAX_TEXT_CHARS = 200_000;

/** Requires a text that is not blank, not too long, and that Postgres can hold. Throws `invalid_input` naming the place. */
export function requireText(value: unknown, place: string, maxChars = MAX_TEXT_CHARS): asserts value is string {
  if (typeof value !== "string") throw invalidInput(place, `got ${typeof value}; expected text`);
  if (value.trim() === "") throw invalidInput(place, "is empty; expected text");
  if (value.length > maxChars) {
    throw invalidInput(place, `is ${value.length} characters long; at most ${maxChars} are kept, so shorten it`);
  }
  const nul = value.indexOf("\0");
  if (nul !== -1)
    throw invalidInput(place, `holds a NUL character at index ${nul}, which Postgres cannot store; remove it`);
  if (!value.isWellFormed()) {
    throw invalidInput(place, "holds half of a surrogate pair (a character cut in two); cut texts at whole characters");
  }
}

/** The same text with NUL and lone surrogates, which Postgres cannot hold, as U+FFFD. */
export function storableText(text: string): string {
  const wellFormed = text.toWellFormed();
  // To look is a fraction of what replacing nothing costs.
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\uFFFD") : wellFormed;
}

const ESCAPE = /\\(?:u([0-9a-f]{4})|.)/gi;

/**
 * The same JSON text with `\u0000` and lone surrogates, which Postgres' jsonb refuses, as `\ufffd`.
 * `JSON.stringify` writes both as escapes, so text without `\u` is returned as it is, at the cost of one search.
 */
export function storableJson(json: string): string {
  if (!json.includes("\\u")) return json;
  return json.replace(ESCAPE, (escape: string, hex: string | undefined) => {
    const unit = hex === undefined ? -1 : Number.parseInt(hex, 16);
    const lost = unit === 0 || (unit >= 0xd800 && unit <= 0xdfff);
    return lost ? "\\ufffd" : escape;
  });
}
