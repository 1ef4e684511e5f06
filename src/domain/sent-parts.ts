import { UptakeError } from "./errors.ts";

/** Parts of a sent text that say nothing about the suggestion: mail programs and habits put them there. */
export type SentPart = "quote" | "signature" | "closing" | "greeting";

type Rule = { readonly part: SentPart; readonly strip: (text: string) => string };

/** Words that a closing line begins with; the lines after it are names. */
const CLOSING =
  /^[ \t]*(?:(?:kind|best|warm|warmest|many)?[ \t]*regards|best(?: wishes)?|all the best|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|cheers|many thanks|thanks|thank you|mit freundlichen grüßen|(?:viele|beste|liebe|freundliche) grüße|cordialement|bien à vous|un saludo|saludos(?: cordiales)?|atentamente)[ \t]*[,.!]?[ \t]*$/iu;
const GREETING =
  /^[ \t]*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|sehr geehrte[rs]?|bonjour|hola|buenos días)(?=[\s,!.:]|$)[^\n.?!:;]{0,50}[,!:.]?[ \t]*$/iu;
const SIGNATURE = /^--[ \t]*$/u;
const QUOTED = /^[ \t]*>/u;
/** What mail programs put above the mail that is answered. */
const QUOTE_HEADER =
  /^[ \t]*(?:-{2,}[ \t]*(?:original message|forwarded message|ursprüngliche nachricht)[ \t]*-{2,}|_{20,})[ \t]*$/iu;
const WROTE = /^[ \t]*(?:on|am|le|el)\b.{4,200}(?:wrote|schrieb.{0,100}|a écrit|escribió)[ \t]*:[ \t]*$/iu;
/** A closing is followed by a name and little else. */
const MAX_CLOSING_LINES = 4;
const MAX_CLOSING_LINE_CHARS = 60;

/**
 * The rules, in the order in which they are used: each sees what the one before has left, so a signature under which the
 * answered mail is quoted is still found at the end.
 */
const RULES: readonly Rule[] = [
  { part: "quote", strip: withoutQuote },
  { part: "signature", strip: (text) => before(text, (line) => SIGNATURE.test(line)) },
  { part: "closing", strip: withoutClosing },
  { part: "greeting", strip: withoutGreeting },
];

export const SENT_PARTS: readonly SentPart[] = RULES.map(({ part }) => part);

/** Refuses names that no rule has. Throws `invalid_configuration`. */
export function checkSentParts(parts: readonly SentPart[]): void {
  for (const part of parts) {
    if (SENT_PARTS.includes(part)) continue;
    const got = JSON.stringify(part);
    throw new UptakeError(
      "invalid_configuration",
      `ignoreInSent: got ${got}; expected some of ${SENT_PARTS.join(", ")}, or [] to compare texts as they are`,
      { facts: { part } },
    );
  }
}

/**
 * The text that is compared: without the ignored parts, every run of white space one space, in Unicode's composed form. Of
 * a text that is nothing but such parts, all of it.
 *
 * @example comparableText("Hi Mia,\n\nIt is on its way.\n\n-- \nJo", SENT_PARTS) // "It is on its way."
 */
export function comparableText(text: string, ignored: readonly SentPart[]): string {
  const lines = text.replaceAll(/\r\n?/gu, "\n");
  const stripped = RULES.reduce((rest, { part, strip }) => (ignored.includes(part) ? strip(rest) : rest), lines);
  const kept = evenSpaces(stripped);
  return kept === "" ? evenSpaces(lines) : kept;
}

const evenSpaces = (text: string): string => text.normalize("NFC").replaceAll(/\s+/gu, " ").trim();

function before(text: string, isEnd: (line: string) => boolean): string {
  const lines = text.split("\n");
  const end = lines.findIndex(isEnd);
  return end === -1 ? text : lines.slice(0, end).join("\n");
}

function withoutQuote(text: string): string {
  const above = before(text, (line) => QUOTE_HEADER.test(line));
  const lines = above.split("\n");
  return lines.filter((line) => !QUOTED.test(line) && !WROTE.test(line)).join("\n");
}

/** A closing line among the last lines, everything after which is short enough to be a name. */
function withoutClosing(text: string): string {
  const lines = text.trimEnd().split("\n");
  const from = Math.max(1, lines.length - MAX_CLOSING_LINES - 1);
  for (let at = from; at < lines.length; at += 1) {
    // Of a long one that ends in blanks the pattern would try every way to share them out.
    const line = lines[at] ?? "";
    const isClosing = line.length <= MAX_CLOSING_LINE_CHARS && CLOSING.test(line);
    if (isClosing && lines.slice(at + 1).every((line) => line.length <= MAX_CLOSING_LINE_CHARS)) {
      return lines.slice(0, at).join("\n");
    }
  }
  return text;
}

/** A greeting that stands on a line of its own, before anything else. */
function withoutGreeting(text: string): string {
  const lines = text.trimStart().split("\n");
  return lines.length > 1 && GREETING.test(lines[0] ?? "") ? lines.slice(1).join("\n") : text;
}
