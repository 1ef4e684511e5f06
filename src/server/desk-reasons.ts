import { CLASSIFY_REASONS, CLASSIFY_TICKET } from "../desk/classify-ticket.ts";
import { DEFAULT_REASONS, type ReasonTaxonomy } from "../domain/reasons.ts";

/** The given taxonomy, in which a classification has reasons of its own unless somebody has chosen others for it. */
export function withDeskReasons(given: ReasonTaxonomy | undefined): ReasonTaxonomy {
  if (given === "open") return given;
  return { [CLASSIFY_TICKET]: [...Object.values(CLASSIFY_REASONS), ...DEFAULT_REASONS], ...given };
}
