import type { LangfuseStanding } from "../domain/langfuse-standing.ts";
import type { Database } from "../store/database.ts";
import type { Reading } from "../store/reading.ts";
import {
  type NewestFeedback,
  type NewestSuggestion,
  readNewestFeedback,
  readNewestSuggestion,
} from "../store/queries/read-first-steps.ts";

/** What is there of all that Uptake needs to be of use. */
export type SetUp = {
  readonly database: { readonly kind: Database["kind"] };
  readonly langfuse: LangfuseStanding;
  readonly suggestion: NewestSuggestion | null;
  readonly feedback: NewestFeedback | null;
};

export type SetUpDependencies = {
  readonly db: Reading;
  /** How it stands with the Langfuse that is set. */
  readonly langfuse: () => Promise<LangfuseStanding>;
};

export async function readSetUp({ db, langfuse }: SetUpDependencies, projectId: string): Promise<SetUp> {
  const [standing, suggestion, feedback] = await Promise.all([
    langfuse(),
    readNewestSuggestion(db, projectId),
    readNewestFeedback(db, projectId),
  ]);
  return {
    database: { kind: db.kind },
    langfuse: standing,
    suggestion: suggestion ?? null,
    feedback: feedback ?? null,
  };
}
