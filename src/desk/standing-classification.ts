import type { Category, Classification } from "../models/classification.ts";
import type { Queryable } from "../store/database.ts";
import { readClassification } from "./classification-answer.ts";
import { CLASSIFY_TICKET } from "./classify-ticket.ts";
import { type NewestClassification, readNewestClassifications } from "./queries/read-newest-classification.ts";

export type StandingDeps = {
  readonly db: Queryable;
  readonly projectId: string;
  readonly categories: readonly Category[];
};

/**
 * How a ticket stands classified: what a person chose, else what was suggested; both where it was classified once more after a
 * person had decided. `unusable` where a person has rejected it, or changed it without saying into what; none where it was never
 * classified.
 */
export async function standingClassifications(
  { db, projectId, categories }: StandingDeps,
  ticketId: string,
): Promise<readonly (Classification | "unusable")[]> {
  const newest = await readNewestClassifications(db, { ticketId, projectId, functionName: CLASSIFY_TICKET });
  return newest.map((one) => {
    const standing = readClassification(valueOf(one), categories);
    return typeof standing === "string" ? "unusable" : standing;
  });
}

/** A ticket's newest classification for people: what counts, and who has said so. */
export type ShownClassification = Classification & {
  readonly suggestionId: string;
  readonly state: "suggested" | "confirmed" | "changed" | "rejected";
  readonly confidence: number | null;
  readonly reasons: readonly string[];
};

/** What a person chose, else what was suggested, also where somebody has rejected it; null where neither can be read. */
export function shownClassification(
  newest: NewestClassification | undefined,
  categories: readonly Category[],
): ShownClassification | null {
  if (newest === undefined) return null;
  const suggested = readClassification(newest.suggested, categories);
  const standing = readClassification(valueOf(newest), categories);
  const value = typeof standing === "string" ? suggested : standing;
  if (typeof value === "string") return null;
  const { suggestionId, confidence, outcome } = newest;
  return {
    suggestionId,
    state: stateOf(outcome, standing),
    ...value,
    confidence,
    reasons: reasonsOf(newest.suggested),
  };
}

function stateOf(outcome: string, standing: Classification | string): ShownClassification["state"] {
  if (typeof standing === "string") return "rejected";
  if (outcome === "revised") return "changed";
  return outcome === "accepted" ? "confirmed" : "suggested";
}

function reasonsOf(suggested: unknown): readonly string[] {
  const reasons =
    typeof suggested === "object" && suggested !== null && "reasons" in suggested ? suggested.reasons : [];
  return Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === "string") : [];
}

function valueOf({ suggested, outcome, chosen, finalText }: NewestClassification): unknown {
  if (outcome === "rejected") return null;
  if (outcome !== "revised") return suggested;
  return chosen ?? parsed(finalText);
}

/** A person may also revise by way of the general feedback call, whose final text is the classification as JSON. */
function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
