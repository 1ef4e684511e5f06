import type { NewSuggestion } from "../contract/new-suggestion.ts";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import type { Privacy } from "../domain/privacy.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { Queryable } from "../store/database.ts";
import { findKnownSuggestions, type KnownSuggestion } from "../store/queries/find-known-suggestions.ts";
import type { InsertFate } from "../store/queries/insert-suggestions.ts";
import { newRecord } from "./new-record.ts";

/** What became of one suggestion: committed, or why it was refused. */
export type IntakeResult =
  | { readonly ok: true; readonly suggestionId: string; readonly traceId: string; readonly created: boolean }
  | { readonly ok: false; readonly error: UptakeError };

export type SuggestionIntake = {
  /**
   * Records finished runs that other programs tell about; resolves once all of them are committed or refused, in their order.
   * Rejects with `database_unavailable` where that takes too long; what waits may still be committed then, so send the same
   * ids or keys again.
   */
  take(projectId: string, given: readonly Placed[]): Promise<readonly IntakeResult[]>;
};

/** A suggestion, and what it is called in messages. */
export type Placed = { readonly given: NewSuggestion; readonly place: string };

export type IntakeDependencies = {
  readonly db: Queryable;
  /** Resolves once the record is committed, or its id was taken already. */
  readonly record: (record: SuggestionRecord) => Promise<InsertFate>;
  /** What is done to texts before they are stored, and compared with what is. */
  readonly privacy: Privacy;
  readonly now: () => Date;
  readonly timeoutMs: number;
};

/** Data that Postgres refuses, such as a ticket id that is no UUID where an adopted table wants one. */
const REFUSED = /^(?:21|22|23|44|54|P0)/u;

export function createSuggestionIntake({ db, record, privacy, now, timeoutMs }: IntakeDependencies): SuggestionIntake {
  async function recordOne({ given, place }: Placed, projectId: string, at: Date): Promise<IntakeResult> {
    let made: SuggestionRecord;
    let fate: InsertFate;
    try {
      made = privacy.record(newRecord(given, { projectId, now: at, place }));
      fate = await record(made);
    } catch (error) {
      const refusal = refusalOf(error, place);
      if (refusal === undefined) throw error;
      return { ok: false, error: refusal };
    }
    const { id: suggestionId, traceId } = made;
    if (fate === "written") return { ok: true, suggestionId, traceId, created: true };
    const [known] = await findKnownSuggestions(db, [suggestionId]);
    if (known !== undefined && isSame(known, made)) return { ok: true, suggestionId, traceId, created: false };
    return { ok: false, error: taken(given, place) };
  }

  return {
    async take(projectId, given) {
      const at = now();
      return withinTime(Promise.all(given.map((one) => recordOne(one, projectId, at))), timeoutMs);
    },
  };
}

const isSame = (known: KnownSuggestion, { projectId, functionName, suggestedResponse }: SuggestionRecord): boolean =>
  known.projectId === projectId && known.functionName === functionName && known.suggestedResponse === suggestedResponse;

/** The same words whether it is another suggestion of the project or anybody else's. */
function taken({ suggestionId }: NewSuggestion, place: string): UptakeError {
  const field = suggestionId === undefined ? "idempotencyKey" : "suggestionId";
  return new UptakeError(
    "suggestion_id_taken",
    `${place}.${field}: stands for another suggestion already; give every suggestion one of its own`,
  );
}

function refusalOf(error: unknown, place: string): UptakeError | undefined {
  if (!(error instanceof UptakeError)) return undefined;
  if (error.code === "invalid_input") return error;
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (!REFUSED.test(code)) return undefined;
  return invalidInput(
    place,
    "the database refuses a value of it, such as an id of a ticket that is no UUID where that is wanted",
  );
}

async function withinTime<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new UptakeError(
          "database_unavailable",
          `not committed within ${timeoutMs} ms; send it again under the same id or key`,
        ),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
