import type { ReactNode } from "react";
import { useMirror } from "../api/mirror.ts";
import type { MirrorState } from "../api/suggestions.ts";
import { formatMoment } from "../format/format.ts";
import { Badge, type Tone } from "../ui/badge.tsx";

const TONES: Record<MirrorState["state"], Tone> = {
  waiting: "warn",
  delivered: "good",
  dead: "bad",
  left_out: "plain",
  none: "plain",
};

type MirrorLineProps = { readonly state: MirrorState; readonly traceId: string; readonly zone: string };

/** Whether the trace is in Langfuse, and the way to it. */
export function MirrorLine({ state, traceId, zone }: MirrorLineProps): ReactNode {
  const mirror = useMirror();
  const target = mirror.data?.target ?? null;
  return (
    <p className="flex flex-wrap items-center gap-2 text-sm">
      <Badge tone={TONES[state.state]}>mirror: {state.state.replace("_", " ")}</Badge>
      {state.deliveredAt === null ? null : (
        <span className="text-soft">since {formatMoment(state.deliveredAt, zone)}</span>
      )}
      {state.reason === null ? null : <span className="text-soft">{state.reason}</span>}
      {target === null || state.state !== "delivered" ? null : (
        <a href={`${target}/trace/${traceId}`} target="_blank" rel="noreferrer" className="text-accent hover:underline">
          Open in Langfuse
        </a>
      )}
      <code className="text-xs text-soft">{traceId}</code>
    </p>
  );
}
