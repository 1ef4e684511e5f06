/** Reads a JSON object that comes in pieces, and tells one of its texts while it grows. */
export type FieldStream = (piece: string) => void;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };
const HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

/**
 * Tells each piece of the text field `name` of the object's own level, unescaped, as soon as it is there; half an escape
 * or half a character waits for its other half. Says nothing where the field is missing or no text, and never throws: whether the whole is
 * right, its reader finds out at the end.
 */
export function createFieldStream(name: string, onText: (text: string) => void): FieldStream {
  let depth = 0;
  /** Inside a string: its text so far, where it is a key, or what is not told yet. */
  let text: string | undefined;
  let escape = "";
  let key = "";
  let isValue = false;

  const tell = (isOver: boolean): void => {
    if (text === undefined || text === "" || !isValue || depth !== 1 || key !== name) return;
    const held = isOver ? "" : (HIGH_SURROGATE.exec(text)?.[0] ?? "");
    const told = text.slice(0, text.length - held.length);
    if (told !== "") onText(told);
    text = held;
  };

  function inString(character: string): void {
    if (escape !== "") {
      escape += character;
      if (escape[1] === "u" && escape.length < 6) return;
      text += escape[1] === "u" ? fromHex(escape.slice(2)) : (ESCAPES[character] ?? character);
      escape = "";
    } else if (character === "\\") escape = character;
    else if (character === '"') {
      tell(true);
      if (!isValue && depth === 1) key = text ?? "";
      text = undefined;
    } else text += character;
  }

  function between(character: string): void {
    if (character === '"') text = "";
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    else if (depth === 1 && (character === ":" || character === ",")) isValue = character === ":";
  }

  return (piece) => {
    for (const character of piece) {
      if (text === undefined) between(character);
      else inString(character);
    }
    tell(false);
  };
}

const fromHex = (digits: string): string => String.fromCharCode(Number.parseInt(digits, 16) || 0xfffd);
