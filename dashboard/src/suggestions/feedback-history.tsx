import type { ReactNode } from "react";
import type { FeedbackEvent } from "../api/suggestions.ts";
import { formatMoment, formatPercent } from "../format/format.ts";
import { type Column, CsvButton } from "../ui/data-table.tsx";
import { Badge, type Tone } from "../ui/badge.tsx";

const TONES: Record<FeedbackEvent["type"], Tone> = { approval: "good", revision: "warn", rejection: "bad" };

const CSV_FIELDS = [
  "feedbackId",
  "createdAt",
  "type",
  "source",
  "agentId",
  "keptRatio",
  "comment",
  "finalText",
] as const satisfies readonly (keyof FeedbackEvent)[];

const CSV_COLUMNS: readonly Column<FeedbackEvent>[] = [
  ...CSV_FIELDS.map((field) => ({
    head: field,
    cell: (event: FeedbackEvent) => event[field],
    value: (event: FeedbackEvent) => event[field],
  })),
  { head: "reasons", cell: ({ reasons }) => reasons.join("; "), value: ({ reasons }) => reasons.join("; ") },
  { head: "mirror", cell: ({ mirror }) => mirror.state, value: ({ mirror }) => mirror.state },
];

type FeedbackHistoryProps = { readonly events: readonly FeedbackEvent[]; readonly zone: string };

/** Every act of a person, the oldest first; the last explicit one decides. */
export function FeedbackHistory({ events, zone }: FeedbackHistoryProps): ReactNode {
  if (events.length === 0) return <p className="text-soft">Nobody has acted on it yet.</p>;
  return (
    <>
      <ol className="grid grid-cols-1 gap-3">
        {events.map((event) => (
          <li key={event.feedbackId} className="border-l-2 border-line pl-3">
            <p className="flex flex-wrap items-center gap-2 tabular-nums">
              <Badge tone={TONES[event.type]}>{event.type}</Badge>
              <span className="text-sm text-soft">
                {formatMoment(event.createdAt, zone)} by {event.agentId ?? "somebody"}, {event.source}
                {event.keptRatio === null ? "" : `, kept ${formatPercent(event.keptRatio)}`}
                {event.mirror.state === "delivered" ? "" : `, mirror: ${event.mirror.state.replace("_", " ")}`}
              </span>
            </p>
            {event.reasons.length === 0 ? null : <p>{event.reasons.join(", ")}</p>}
            {event.comment === null ? null : <p className="whitespace-pre-wrap">{event.comment}</p>}
          </li>
        ))}
      </ol>
      <CsvButton name="Feedback history" columns={CSV_COLUMNS} rows={events} />
    </>
  );
}
