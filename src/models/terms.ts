/**
 * Words that say nothing about what a message is about: English function words, and the greetings and thanks that
 * every support message has.
 */
const STOP_WORDS = new Set(
  `a about after again all also am an and any are as at be because been before being but by can could did do does doing
  don done down during each else few for from further get getting give go going got had has have having he her here hers
  him his how however i if in into is isn it its itself just let ll m may me might more most much must my myself need no nor
  not now of off on once one only or other our ours out over own please re s same say says she should so some still such
  t than that the their theirs them then there these they this those through to too under until up us ve very want was
  we were what when where which while who whom why will with would yes you your yours
  hi hello hey dear thanks thank regards best kind wishes sincerely cheers ok okay sorry help sure great morning afternoon
  evening looking like know tell`.split(/\s+/),
);

const WORD = /[\p{L}\p{N}]+/gu;
const MARKS = /\p{M}+/gu;

/** The words of a text that can match: folded to lower case without accents, function words left out, endings cut. */
export function termsOf(text: string): string[] {
  const words = text.normalize("NFKD").replaceAll(MARKS, "").toLowerCase().match(WORD) ?? [];
  const terms: string[] = [];
  for (const word of words) {
    if (word.length < 2 || STOP_WORDS.has(word)) continue;
    terms.push(stem(word));
  }
  return terms;
}

/**
 * A light stemmer: plural endings after Harman's S-stemmer ("How effective is suffixing?", JASIS 42, 1991), then -ing and -ed.
 * Crude on purpose: matching "refunded" with "refund" is all it is for.
 */
function stem(word: string): string {
  let stem = word;
  if (stem.length > 4 && stem.endsWith("ies") && !/[ae]ies$/.test(stem)) stem = `${stem.slice(0, -3)}y`;
  else if (stem.length > 3 && stem.endsWith("s") && !/[us]s$/.test(stem)) stem = stem.slice(0, -1);
  if (stem.length > 5 && stem.endsWith("ing")) stem = undouble(stem.slice(0, -3));
  else if (stem.length > 4 && stem.endsWith("ed")) stem = undouble(stem.slice(0, -2));
  // "charge", "charged" and "charging" must meet.
  return stem.length > 4 && stem.endsWith("e") ? stem.slice(0, -1) : stem;
}

const undouble = (word: string): string => (/([bdgmnprt])\1$/.test(word) ? word.slice(0, -1) : word);
