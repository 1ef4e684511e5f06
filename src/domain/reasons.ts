import { editDistance } from "./edit-distance.ts";
import { UptakeError, invalidInput } from "./errors.ts";
import { requireText } from "./text.ts";

/** A reason that can be chosen; its aliases are other spellings of it that come from forms and older rows. */
export type Reason = string | { readonly name: string; readonly aliases: readonly string[] };

/**
 * Why people may reject or revise what one agent function suggests.
 *
 * - a list: these and no others; an unknown reason is refused with the list
 * - `{ reasons, unknown: "other" }`: an unknown one is kept as `other`, with its text in the comment
 * - `"open"`: any text is a reason; only its spelling is made even
 */
export type ReasonSet =
  | readonly Reason[]
  | { readonly reasons: readonly Reason[]; readonly unknown: "refuse" | "other" }
  | "open";

/** By agent function; `"*"` is for all others. `"open"` alone: any text, everywhere. */
export type ReasonTaxonomy = "open" | Readonly<Record<string, ReasonSet>>;

/** The reasons of a support desk, for every agent function that has no others. */
export const DEFAULT_REASONS: readonly Reason[] = [
  "irrelevant",
  "off-topic",
  { name: "incorrect info", aliases: ["incorrect information", "incorrect", "wrong info"] },
  "too generic",
  "too long",
  { name: "wrong tone", aliases: ["tone"] },
  "incomplete",
  "error",
  "other",
];

/** What an unknown reason is kept as where a set says so. */
export const OTHER_REASON = "other";

const MAX_REASON_CHARS = 500;
const MAX_REASONS = 20;
/** A spelling further off than this is another word. */
const NEAREST_MAX_DISTANCE = 0.4;

/** Canonical reasons, the first one the primary; `unknown` are texts that were kept as {@link OTHER_REASON}. */
export type ReadReasons = { readonly reasons: readonly string[]; readonly unknown: readonly string[] };

export type ReasonReader = {
  /** Throws `invalid_input` naming the place, the choice and the nearest match. */
  read(given: string | readonly string[] | undefined, place: string, functionName: string | null): ReadReasons;
  /** What a person may choose from; where any text is a reason, what is offered. */
  choices(functionName: string | null): readonly string[];
};

type Known = {
  readonly names: readonly string[];
  readonly bySpelling: ReadonlyMap<string, string>;
  readonly unknown: "refuse" | "other" | "keep";
};

/** Throws `invalid_configuration` for a set in which one spelling stands for two reasons, or that has none. */
export function createReasonReader(taxonomy: ReasonTaxonomy = {}): ReasonReader {
  const sets = new Map<string, Known>(
    Object.entries(taxonomy === "open" ? { "*": taxonomy } : taxonomy).map(([functionName, set]) => [
      functionName,
      knownReasons(set, `reasons[${JSON.stringify(functionName)}]`),
    ]),
  );
  const fallback = sets.get("*") ?? knownReasons(DEFAULT_REASONS, "reasons");
  const knownOf = (functionName: string | null): Known => sets.get(functionName ?? "") ?? fallback;
  return {
    choices: (functionName) => knownOf(functionName).names,
    read(given, place, functionName) {
      const texts = typeof given === "string" ? [given] : (given ?? []);
      if (!Array.isArray(texts))
        throw invalidInput(place, `got ${typeof given}; expected a reason or a list of reasons`);
      if (texts.length > MAX_REASONS) {
        throw invalidInput(place, `got ${texts.length} reasons; at most ${MAX_REASONS} are kept, so choose`);
      }
      return readEach(texts, knownOf(functionName), (index) =>
        typeof given === "string" ? place : `${place}[${index}]`,
      );
    },
  };
}

function readEach(texts: readonly unknown[], known: Known, placeOf: (index: number) => string): ReadReasons {
  const reasons = new Set<string>();
  const unknown: string[] = [];
  for (const [index, text] of texts.entries()) {
    const place = placeOf(index);
    requireText(text, place, MAX_REASON_CHARS);
    const name = known.bySpelling.get(fold(text));
    if (name !== undefined) reasons.add(name);
    else if (known.unknown === "keep") reasons.add(fold(text) || text.trim());
    else if (known.unknown === "refuse") throw unknownReason(text, known.names, place);
    else {
      reasons.add(OTHER_REASON);
      unknown.push(text.trim());
    }
  }
  return { reasons: [...reasons], unknown };
}

function unknownReason(text: string, names: readonly string[], place: string): UptakeError {
  const spelled = fold(text);
  const [nearest] = names
    .map((name) => ({ name, distance: editDistance(spelled, fold(name)) ?? 1 }))
    .filter(({ distance }) => distance <= NEAREST_MAX_DISTANCE)
    .sort((a, b) => a.distance - b.distance);
  const hint = nearest === undefined ? "" : `; did you mean "${nearest.name}"?`;
  const choice = names.map((name) => `"${name}"`).join(", ");
  const got = JSON.stringify(text.slice(0, 80));
  return invalidInput(
    place,
    `${got} is no reason here${hint} Expected one of ${choice}; the reasons option of createUptake adds others, or "open" takes any`,
    { reason: text, nearest: nearest?.name, reasons: names },
  );
}

function knownReasons(set: ReasonSet, place: string): Known {
  if (set === "open") return { ...spellings(DEFAULT_REASONS, place), unknown: "keep" };
  const { reasons, unknown } = isList(set) ? { reasons: set, unknown: "refuse" as const } : set;
  return { ...spellings(reasons, place), unknown };
}

const isList = (set: Exclude<ReasonSet, "open">): set is readonly Reason[] => Array.isArray(set);

function spellings(reasons: readonly Reason[], place: string): Pick<Known, "names" | "bySpelling"> {
  if (reasons.length === 0) throw invalidReasons(place, 'names no reason; name some, or say "open"');
  const bySpelling = new Map<string, string>();
  const names = reasons.map((reason) => (typeof reason === "string" ? reason : reason.name));
  for (const [index, reason] of reasons.entries()) {
    const name = names[index] ?? "";
    for (const spelling of [name, ...(typeof reason === "string" ? [] : reason.aliases)]) {
      const folded = fold(spelling);
      const taken = bySpelling.get(folded);
      if (folded === "" || spelling.length > MAX_REASON_CHARS) {
        throw invalidReasons(place, `${JSON.stringify(spelling.slice(0, 80))} is no name for a reason`);
      }
      if (taken !== undefined && taken !== name) {
        throw invalidReasons(place, `"${spelling}" stands for both "${taken}" and "${name}"; keep it for one of them`);
      }
      bySpelling.set(folded, name);
    }
  }
  return { names, bySpelling };
}

const invalidReasons = (place: string, problem: string): UptakeError =>
  new UptakeError("invalid_configuration", `${place}: ${problem}`, { facts: { place } });

/** `too_generic`, `Too Generic` and `too-generic` are one spelling. */
const fold = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\s_\-–—]+/gu, " ")
    .trim();
