import type { Privacy } from "../domain/privacy.ts";
import { feedbackToSpan } from "../langfuse/feedback-span.ts";
import { factsOfScore, factsOfSpan, type KeyFacts } from "../langfuse/key-facts.ts";
import { traceToSpans } from "../langfuse/otlp.ts";
import { feedbackToScores } from "../langfuse/scores.ts";
import type { Queryable } from "../store/database.ts";
import type { DeliveryLine } from "../store/queries/read-deliveries.ts";
import { leavingFeedback, leavingTraces } from "./leaving-rows.ts";

/** One line of the ledger and what Langfuse should have for it. */
export type ExpectedDelivery = {
  readonly line: DeliveryLine;
  /** By Langfuse's id: the key facts, or null where only the ledger knows the id. */
  readonly items: ReadonlyMap<string, KeyFacts | null>;
  /** False where the row, or the suggestion that a feedback event is about, is deleted: it cannot be sent again. */
  readonly isSendable: boolean;
};

type Mapped = { readonly isSendable: boolean; readonly items: readonly (readonly [string, KeyFacts])[] };

/** What these lines' rows map to now. Ids come from the ledger and from the rows: one that only one of them has counts too. */
export async function readExpected(
  db: Queryable,
  lines: readonly DeliveryLine[],
  privacy: Privacy,
): Promise<ExpectedDelivery[]> {
  const mapped = new Map([...(await readTraces(db, lines, privacy)), ...(await readFeedback(db, lines, privacy))]);
  return lines.map((line) => {
    const { isSendable, items } = mapped.get(keyOf(line)) ?? { isSendable: false, items: [] };
    const ids = line.langfuseIds.map((id): [string, KeyFacts | null] => [id, null]);
    return { line, isSendable, items: new Map([...ids, ...items]) };
  });
}

export const keyOf = ({ kind, ref }: Pick<DeliveryLine, "kind" | "ref">): string => `${kind}:${ref}`;

const refsOf = (lines: readonly DeliveryLine[], kind: DeliveryLine["kind"]): string[] =>
  lines.filter((line) => line.kind === kind).map((line) => line.ref);

type ByKey = [string, Mapped][];

async function readTraces(db: Queryable, lines: readonly DeliveryLine[], privacy: Privacy): Promise<ByKey> {
  const refs = refsOf(lines, "trace");
  const rows = refs.length === 0 ? [] : await leavingTraces(db, refs, privacy);
  return rows.map((row) => [
    keyOf({ kind: "trace", ref: row.suggestionId }),
    mapEach(() => traceToSpans(row).map((span) => [span.spanId, factsOfSpan(span)])),
  ]);
}

async function readFeedback(db: Queryable, lines: readonly DeliveryLine[], privacy: Privacy): Promise<ByKey> {
  const refs = refsOf(lines, "feedback");
  const rows = refs.length === 0 ? [] : await leavingFeedback(db, refs, privacy);
  // Without its suggestion nobody knows what scores and event were attached to.
  return rows
    .filter((row) => row.status !== null)
    .map((row) => [
      keyOf({ kind: "feedback", ref: row.id }),
      mapEach(() => {
        const span = feedbackToSpan(row);
        const scores = feedbackToScores(row).map((event) => [event.body.id, factsOfScore(event)] as const);
        return [...scores, [span.spanId, factsOfSpan(span)]];
      }),
    ]);
}

/** A row that cannot be mapped any more is compared by the ledger's ids; sent again it becomes a dead letter that says why. */
function mapEach(map: () => readonly (readonly [string, KeyFacts])[]): Mapped {
  try {
    return { isSendable: true, items: map() };
  } catch {
    return { isSendable: true, items: [] };
  }
}
