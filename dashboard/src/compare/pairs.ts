import type { SuggestionSummary } from "../api/suggestions.ts";

type Decided = Pick<SuggestionSummary, "ticketId" | "outcome">;
type Pair<Row> = { readonly one: Row; readonly other: Row };

const MOST_PAIRS = 5;

/** Whether a person has decided on it; what went out by itself, nobody has. */
export const isDecided = ({ outcome }: Pick<Decided, "outcome">): boolean =>
  outcome === "accepted" || outcome === "revised" || outcome === "rejected";

/** The latest of each ticket on both sides, where exactly one of the two was rejected. */
export function pairsOf<Row extends Decided>(ones: readonly Row[], others: readonly Row[]): readonly Pair<Row>[] {
  return others
    .flatMap((other) => {
      const one = ones.find(({ ticketId }) => ticketId !== null && ticketId === other.ticketId);
      return one === undefined || (one.outcome === "rejected") === (other.outcome === "rejected")
        ? []
        : [{ one, other }];
    })
    .slice(0, MOST_PAIRS);
}
