import { invalidInput } from "../domain/errors.ts";

/** Deeper than any run of an agent function; whoever walks what was stored does so without fear for its stack. */
export const MAX_JSON_DEPTH = 64;

/**
 * Reads JSON from outside. Refuses what `JSON.parse` would take with a shrug: nesting without end, and one key twice, of which
 * it keeps the last. Looks at strings only as far as their ends and at nothing else than braces, so it costs by the number
 * of values and not by their size. Throws `invalid_input`.
 */
export function parseJson(text: string): unknown {
  scan(text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalidInput("body", `is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const SPACE = 0x20;

function scan(text: string): void {
  /** Keys of the objects that are open; null for an array, whose texts are none. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (keys !== undefined && keys !== null) noteKey(text, { start: at + 1, end }, keys);
      at = end;
    } else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      open.push(char === OPEN_BRACE ? new Set() : null);
      if (open.length > MAX_JSON_DEPTH) {
        throw invalidInput("body", `is nested deeper than ${MAX_JSON_DEPTH} levels; flatten it`);
      }
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) open.pop();
  }
}

/** The index of the closing quote, or of the last character where there is none: then it is no JSON anyway. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length - 1 : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

function noteKey(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  keys: Set<string>,
): void {
  let at = end + 1;
  // White space is the only thing below it that JSON allows here.
  while (text.charCodeAt(at) <= SPACE) at += 1;
  if (text.charCodeAt(at) !== COLON) return;
  const key = spelled(text.slice(start, end));
  if (keys.has(key)) {
    throw invalidInput("body", `has the key ${JSON.stringify(key.slice(0, 80))} twice in one object; keep one of them`);
  }
  keys.add(key);
}

/** The same key may be spelled with escapes and without. */
function spelled(key: string): string {
  if (!key.includes("\\")) return key;
  try {
    return String(JSON.parse(`"${key}"`));
  } catch {
    return key;
  }
}
