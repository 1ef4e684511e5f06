import type { MaskRuleName } from "../domain/privacy.ts";
import { ibanLength, isCard, isIban } from "./checksums.ts";
import { isSecretName, SECRET_NAME_HINT } from "./secret-names.ts";

/**
 * One thing that is found in texts. `hint` is cheap and also right for the text's JSON, where quotes and line breaks are
 * escaped: where it says no there is nothing to mask. Every pattern here takes time linear in the text: what repeats is
 * bounded, or cannot begin in more than one way.
 */
export type Rule = {
  readonly name: MaskRuleName;
  readonly hint: (text: string) => boolean;
  readonly mask: (text: string) => string;
};

const KEY_STARTS = [
  "pk-lf-",
  "AKIA",
  "ASIA",
  "ghp_",
  "gho_",
  "ghu_",
  "ghs_",
  "ghr_",
  "github_pat_",
  "xox",
  "AIza",
].concat("k_live_", "k_test_", "PRIVATE KEY");
const SK_HINT = /sk-[\w-]{16}/;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g;
const KEY =
  /(?<![\w-])(?:sk-[\w-]{16,}|pk-lf-[\w-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{22,}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{35}|[sr]k_(?:live|test)_\w{16,})/g;

function holdsKey(text: string): boolean {
  for (const start of KEY_STARTS) if (text.includes(start)) return true;
  return text.includes("sk-") && SK_HINT.test(text);
}

/** `sk-` begins words, too; a key has digits. */
const maskKeys = (text: string): string =>
  text.replace(PRIVATE_KEY, "[private key]").replace(KEY, (found) => (/\d/.test(found) ? "[key]" : found));

const JWT = /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{4,}(?:\.[\w-]*){0,3}/g;
const BEARER = /\b(bearer|basic)(\s{1,4})([\w.~+/=-]{12,})/gi;
/** In JSON the space may be an escaped line break. */
const BEARER_HINT = /(?:bearer|basic)[\s\\nrt]{1,9}[\w.~+/=-]{12}/i;

const maskTokens = (text: string): string =>
  text
    .replace(JWT, "[token]")
    .replace(BEARER, (found, scheme: string, space: string, token: string) =>
      /\d/.test(token) ? `${scheme}${space}[token]` : found,
    );

const URL_PASSWORD = /(:\/\/[^\s:@/?#[\]]{0,100}:)(?!\[password\]@)([^\s@/]{1,200})(?=@)/g;
/** `password=…`, and `"password": "…"` in JSON that stands inside a text, which tool calls are made of. */
const NAMED =
  /(?<![\w-])([a-z][\w-]{1,60})((?:\\?["'])?\s{0,3}[=:]\s{0,3})(\\?["'])?(?!\[secret\])([^\s"'\\,;&<>{}]{3,500})/gi;

const URL_PASSWORD_HINT = /:\/\/[^\s:@/?#[\]]{0,100}:/;

const holdsPassword = (text: string): boolean =>
  (text.includes("://") && URL_PASSWORD_HINT.test(text)) || SECRET_NAME_HINT.test(text);

const maskPasswords = (text: string): string =>
  text
    .replace(URL_PASSWORD, "$1[password]")
    .replace(NAMED, (found, name: string, sign: string, quote: string | undefined) => {
      // In prose a colon means something else: "Password: please choose a new one".
      if (quote === undefined && !sign.includes("=")) return found;
      return isSecretName(name) ? `${name}${sign}${quote ?? ""}[secret]` : found;
    });

const LOCAL_PART = /[\p{L}\p{N}._%+&'=!#$*?^`{|}~-]/u;
const MAX_LOCAL_CHARS = 64;
const DOMAIN = /(?!\dx\.)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}\p{L}{2,24}[\p{L}\p{N}]*/uy;

/** From each @ to both sides, which looks at nothing twice. */
function maskEmails(text: string): string {
  let out = "";
  let done = 0;
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    let from = at;
    while (from > done && at - from < MAX_LOCAL_CHARS && LOCAL_PART.test(text[from - 1] ?? "")) from--;
    if (from === at) continue;
    DOMAIN.lastIndex = at + 1;
    if (!DOMAIN.test(text)) continue;
    out += `${text.slice(done, from)}[email]`;
    done = DOMAIN.lastIndex;
    at = done - 1;
  }
  return done === 0 ? text : out + text.slice(done);
}

const IBAN_HINT = /[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]){11}/;
const IBAN = /(?<![A-Za-z\d])[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]){11,30}/g;

/** A match may run into the words behind it; how long an IBAN is, its country says. */
function maskIbans(text: string): string {
  return text.replace(IBAN, (found) => {
    const length = ibanLength(found.slice(0, 2)) ?? Number.POSITIVE_INFINITY;
    let plain = "";
    let end = 0;
    while (end < found.length && plain.length < length) {
      const char = found[end++] ?? "";
      if (char !== " " && char !== "-") plain += char;
    }
    return isIban(plain) ? `[iban]${found.slice(end)}` : found;
  });
}

const CARD_HINT = /\d(?:[ -]?\d){12}/;
const DIGITS = /(?<![\w.+])\d+(?:[ -]\d+)*(?!\w|\.\d)/g;
const FOUR = 4;
/** Lengths of the groups: so far, and of a whole card. */
const BEGUN = /^(?:4{1,4}|46)$/;
const WHOLE = /^(?:4{3,4}[1-4]|46[45])$/;

/** Of the groups of digits in a row, those that are a card's: fours, or as American Express and Diners write them. */
function maskCards(text: string): string {
  return text.replace(DIGITS, (found) => {
    if (found.length < 13) return found;
    const parts = found.split(/([ -])/);
    const out: string[] = [];
    for (let at = 0; at < parts.length;) {
      const end = cardEnd(parts, at);
      out.push(end === undefined ? (parts[at] ?? "") : "[card]", parts[end ?? at + 1] ?? "");
      at = (end ?? at + 1) + 1;
    }
    return out.join("");
  });
}

/** Where the card that begins at this group ends; undefined where there is none. */
function cardEnd(parts: readonly string[], from: number): number | undefined {
  let digits = parts[from] ?? "";
  if (digits.length !== FOUR) return isCard(digits) ? from + 1 : undefined;
  let shape = "4";
  let found: number | undefined;
  for (let at = from + 2; at < parts.length && BEGUN.test(shape); at += 2) {
    const group = parts[at] ?? "";
    digits += group;
    shape += group.length;
    if (WHOLE.test(shape) && isCard(digits)) found = at + 1;
  }
  return found;
}

const PHONE_HINT =
  /\+[1-9](?:[ ./()-]{0,2}\d){7}|00[1-9]\d{0,2}[ ./()-]|\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}|0[1-9]\d{0,4}\)?[ /-](?:[ /-]?\d){5}/;
const INTERNATIONAL = /(?<![\w.+-])(?:\+[1-9]|00[1-9]\d{0,2}[ ./()-])(?:[ ./()-]{0,2}\d){7,14}(?!\w)/g;
const NORTH_AMERICAN = /(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?![\w-]|\.\d)/g;
const NATIONAL = /(?<![\w.+#-])\(?0[1-9]\d{0,4}\)?[ /-](?:[ /-]?\d){5,9}(?!\w|:\d)/g;
const DATE = /^\d{1,2}[-/ ]\d{1,2}[-/ ](?:19|20)\d\d/;
const MIN_NATIONAL_DIGITS = 9;

const maskPhones = (text: string): string =>
  text
    .replace(INTERNATIONAL, "[phone]")
    .replace(NORTH_AMERICAN, "[phone]")
    .replace(NATIONAL, (found) => {
      const digits = found.replaceAll(/\D/g, "");
      return digits.length >= MIN_NATIONAL_DIGITS && !DATE.test(found) ? "[phone]" : found;
    });

/** In this order: each sees what the one before has left. */
export const BUILT_IN_RULES: readonly Rule[] = [
  { name: "key", hint: holdsKey, mask: maskKeys },
  { name: "token", hint: (text) => text.includes("eyJ") || BEARER_HINT.test(text), mask: maskTokens },
  { name: "password", hint: holdsPassword, mask: maskPasswords },
  { name: "email", hint: (text) => text.includes("@"), mask: maskEmails },
  { name: "iban", hint: (text) => IBAN_HINT.test(text), mask: maskIbans },
  { name: "card", hint: (text) => CARD_HINT.test(text), mask: maskCards },
  { name: "phone", hint: (text) => PHONE_HINT.test(text), mask: maskPhones },
];
