import type { ReactNode } from "react";
import type { SuggestionSummary } from "../api/suggestions.ts";
import { Badge, type Tone } from "../ui/badge.tsx";

const TONES: Record<SuggestionSummary["outcome"], Tone> = {
  pending: "plain",
  accepted: "good",
  revised: "warn",
  rejected: "bad",
  expired: "plain",
  auto_sent: "plain",
};

/** What became of a suggestion; a run that failed or still runs has nothing to be decided yet. */
export function OutcomeBadge({ status, outcome }: Pick<SuggestionSummary, "status" | "outcome">): ReactNode {
  if (status === "error") return <Badge tone="bad">error</Badge>;
  if (status === "pending") return <Badge tone="plain">running</Badge>;
  return <Badge tone={TONES[outcome]}>{outcome === "pending" ? "open" : outcome}</Badge>;
}
