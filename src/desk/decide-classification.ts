import { invalidInput, UptakeError } from "../domain/errors.ts";
import type { FeedbackInput, FeedbackType } from "../domain/feedback.ts";
import type { Category, Classification } from "../models/classification.ts";
import type { Queryable } from "../store/database.ts";
import { classificationText, readClassification } from "./classification-answer.ts";
import { CLASSIFY_REASONS, CLASSIFY_TICKET } from "./classify-ticket.ts";
import { readSuggested } from "./queries/read-suggested.ts";
import { requireUuid } from "./run-options.ts";

/** What a person makes of a classification: what is left out stays as it was suggested; nothing at all confirms it. */
export type ClassificationDecision = Partial<Classification> & {
  readonly suggestionId: string;
  readonly agentId?: string | undefined;
  readonly comment?: string | undefined;
  readonly idempotencyKey?: string | undefined;
};

export type DecidedClassification = {
  readonly feedbackId: string;
  readonly type: Extract<FeedbackType, "approval" | "revision">;
  /** How the ticket is classified from now on. */
  readonly classification: Classification;
  /** The fields that the person changed. */
  readonly changed: readonly (keyof Classification)[];
};

export type DecideDeps = {
  readonly db: Queryable;
  readonly projectId: string;
  readonly categories: readonly Category[];
  /** Records one explicit feedback event; resolves to its receipt. */
  readonly feedback: (input: FeedbackInput) => Promise<{ readonly feedbackId: string }>;
  /** Makes sure that suggestions made so far can be found. */
  readonly flushSuggestions: () => Promise<void>;
};

const FIELDS = ["category", "priority", "sentiment", "escalate"] as const;

/**
 * Records what a person made of a classification: an approval where nothing is changed, else a revision with a reason for each
 * changed field, the whole choice as final text and `metadata.chosen`. The newest decision counts, for auto-sending too.
 * Throws `suggestion_not_found`, and `invalid_input` for what is no classification.
 */
export async function decideClassification(
  deps: DecideDeps,
  decision: ClassificationDecision,
): Promise<DecidedClassification> {
  const suggested = await readSuggestedClassification(deps, decision.suggestionId);
  const classification = readClassification({ ...suggested, ...given(decision) }, deps.categories);
  if (typeof classification === "string") throw invalidInput("classification", classification);
  const changed = FIELDS.filter((field) => classification[field] !== suggested[field]);
  const { suggestionId, agentId, comment, idempotencyKey } = decision;
  const [type, about] =
    changed.length === 0
      ? (["approval", {}] as const)
      : ([
          "revision",
          { reason: changed.map((field) => CLASSIFY_REASONS[field]), metadata: { chosen: classification } },
        ] as const);
  const receipt = await deps.feedback({
    suggestionId,
    type,
    finalText: classificationText(classification),
    ...about,
    ...(agentId === undefined ? {} : { agentId }),
    ...(comment === undefined ? {} : { comment }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  return { feedbackId: receipt.feedbackId, type, classification, changed };
}

const given = (decision: ClassificationDecision): Partial<Classification> =>
  Object.fromEntries(FIELDS.flatMap((field) => (decision[field] === undefined ? [] : [[field, decision[field]]])));

async function readSuggestedClassification(deps: DecideDeps, suggestionId: string): Promise<Classification> {
  requireUuid(suggestionId, "suggestionId");
  const of = { suggestionId, projectId: deps.projectId };
  let row = await readSuggested(deps.db, of);
  if (row === undefined) {
    await deps.flushSuggestions();
    row = await readSuggested(deps.db, of);
  }
  if (row === undefined) {
    throw new UptakeError(
      "suggestion_not_found",
      `suggestionId: no suggestion ${suggestionId} in this project; check the id`,
      {
        facts: { suggestionId },
      },
    );
  }
  const suggested = readClassification(row.metadata?.["classification"], deps.categories);
  if (row.functionName !== CLASSIFY_TICKET || typeof suggested === "string") {
    throw invalidInput(
      "suggestionId",
      `suggestion ${suggestionId} is no finished classification; give one that ${CLASSIFY_TICKET} made`,
    );
  }
  return suggested;
}
