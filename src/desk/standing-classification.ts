import type { Category, Classification } from "../models/classification.ts";
import type { Queryable } from "../store/database.ts";
import { readClassification } from "./classification-answer.ts";
import { CLASSIFY_TICKET } from "./classify-ticket.ts";
import { type NewestClassification, readNewestClassification } from "./queries/read-newest-classification.ts";

export type StandingDeps = {
  readonly db: Queryable;
  readonly projectId: string;
  readonly categories: readonly Category[];
};

/**
 * How a ticket stands classified: what a person chose, else what was suggested. `unusable` where a person has rejected it, or
 * changed it without saying into what; undefined where it was never classified.
 */
export async function standingClassification(
  { db, projectId, categories }: StandingDeps,
  ticketId: string,
): Promise<Classification | "unusable" | undefined> {
  const newest = await readNewestClassification(db, { ticketId, projectId, functionName: CLASSIFY_TICKET });
  if (newest === undefined) return undefined;
  const standing = readClassification(valueOf(newest), categories);
  return typeof standing === "string" ? "unusable" : standing;
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
