import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { MirrorAnswer } from "../api/mirror.ts";
import { formatDuration, formatMoment } from "../format/format.ts";
import { Badge } from "../ui/badge.tsx";
import { Facts } from "../ui/facts.tsx";
import { Section } from "../ui/section.tsx";

type VerificationProps = { readonly query: UseQueryResult<MirrorAnswer>; readonly zone: string };

/** How the last `uptake verify` went. */
export function VerificationSection({ query, zone }: VerificationProps): ReactNode {
  return (
    <Section
      title="Last check from end to end"
      hint="uptake verify sends samples, sees them arrive in Langfuse, and has them deleted."
      query={query}
      isEmpty={({ lastVerification }) => lastVerification === null}
      empty="Not checked yet: run uptake verify."
    >
      {({ lastVerification, target }) =>
        lastVerification === null ? null : <Verification last={lastVerification} target={target} zone={zone} />
      }
    </Section>
  );
}

type Last = NonNullable<MirrorAnswer["lastVerification"]>;

function Verification(props: {
  readonly last: Last;
  readonly target: string | null;
  readonly zone: string;
}): ReactNode {
  const { baseUrl, verifiedAt, ok, version, project, seenAfterMs, problem } = props.last;
  return (
    <>
      <p className="mb-3">
        {baseUrl} <Badge tone={ok ? "good" : "bad"}>{ok ? "passed" : "failed"}</Badge>{" "}
        {props.target === null || props.target === baseUrl ? null : <Badge tone="warn">not the one that is set</Badge>}
      </p>
      {problem === null ? null : <p className="mb-3 text-sm text-bad">{problem}</p>}
      <Facts
        facts={[
          ["At", formatMoment(verifiedAt, props.zone)],
          ["All seen within", formatDuration(seenAfterMs)],
          ["Version", version],
          ["Project", project],
        ]}
      />
    </>
  );
}
