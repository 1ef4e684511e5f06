import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { MirrorAnswer } from "../api/mirror.ts";
import { formatAgo, formatMoment, UNKNOWN } from "../format/format.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { Section } from "../ui/section.tsx";
import { useNow } from "../url/use-now.ts";

type Worker = MirrorAnswer["workers"][number];

const TONES: Readonly<Record<Worker["state"], Tone>> = { running: "good", silent: "bad", stopped: "plain" };

const columnsIn = (zone: string, now: number): readonly Column<Worker>[] => [
  { head: "Kind", align: "left", cell: ({ kind }) => kind, value: ({ kind }) => kind },
  {
    head: "State",
    align: "left",
    cell: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge>,
    value: ({ state }) => state,
  },
  { head: "Host", align: "left", cell: ({ host }) => host, value: ({ host }) => host },
  { head: "Process", cell: ({ pid }) => pid, value: ({ pid }) => pid },
  { head: "Version", cell: ({ version }) => version, value: ({ version }) => version },
  { head: "Started", cell: ({ startedAt }) => formatMoment(startedAt, zone), value: ({ startedAt }) => startedAt },
  { head: "Last seen", cell: ({ seenAt }) => formatAgo(seenAt, now), value: ({ seenAt }) => seenAt },
  {
    head: "Last did",
    cell: ({ lastAct, lastActAt }) => (lastAct === null ? UNKNOWN : `${lastAct}, ${formatAgo(lastActAt, now)}`),
    value: ({ lastAct }) => lastAct,
  },
  { head: "Did so at", cell: ({ lastActAt }) => formatMoment(lastActAt, zone), value: ({ lastActAt }) => lastActAt },
];

type WorkersProps = { readonly query: UseQueryResult<MirrorAnswer>; readonly zone: string };

/** Every process that mirrored and added up within a day. */
export function WorkersSection({ query, zone }: WorkersProps): ReactNode {
  const now = useNow(5_000);
  return (
    <Section
      title="Workers"
      hint="Every process that mirrored and added up within a day; each notes itself every ten seconds."
      query={query}
      isEmpty={({ workers }) => workers.length === 0}
      empty="None was seen within a day. Start uptake serve or uptake worker."
    >
      {({ workers }) => (
        <DataTable name="Workers" columns={columnsIn(zone, now)} rows={workers} rowKey={({ id }) => id} />
      )}
    </Section>
  );
}
