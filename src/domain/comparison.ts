import { compressionDistance } from "./compression-distance.ts";
import { editDistance } from "./edit-distance.ts";
import { keptRatio } from "./kept-ratio.ts";
import { comparableText, SENT_PARTS, type SentPart } from "./sent-parts.ts";

/** How a final text stands to its suggestion; each 0–1, undefined where it cannot be known. */
export type Comparison = {
  readonly keptRatio: number | undefined;
  readonly editDistance: number | undefined;
  readonly compressionDistance: number | undefined;
};

/** Compares a final text with its suggestion, white space and the ignored parts aside. Pure. */
export function compareTexts(
  suggestion: string,
  finalText: string,
  ignored: readonly SentPart[] = SENT_PARTS,
): Comparison {
  const suggested = comparableText(suggestion, ignored);
  const sent = comparableText(finalText, ignored);
  return {
    keptRatio: keptRatio(suggested, sent),
    editDistance: editDistance(suggested, sent),
    compressionDistance: compressionDistance(suggested, sent),
  };
}
