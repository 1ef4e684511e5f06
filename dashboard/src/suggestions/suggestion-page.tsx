import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import { type SuggestionDetail, useSuggestion } from "../api/suggestions.ts";
import { formatCount, formatDuration, formatMoment, formatPercent, formatRatio, formatUsd } from "../format/format.ts";
import { Facts } from "../ui/facts.tsx";
import { Page } from "../ui/page.tsx";
import { Section } from "../ui/section.tsx";
import { filterSearch, useFilters } from "../url/filters.ts";
import { FeedbackHistory } from "./feedback-history.tsx";
import { MirrorLine } from "./mirror-line.tsx";
import { Payload } from "./payload.tsx";
import { OutcomeBadge } from "./outcome-badge.tsx";
import { TraceTimeline } from "./trace-timeline.tsx";
import { WordDiff } from "./word-diff.tsx";

/** One suggestion: what was asked, what came out, what the person sent, and how the run went. */
export function SuggestionPage({ params }: { readonly params: { readonly id: string } }): ReactNode {
  const query = useSuggestion(params.id);
  const [{ zone }] = useFilters();
  const [search] = useSearchParams();
  return (
    <Page
      title="Suggestion"
      controls={
        <Link href={`/suggestions${filterSearch(search)}`} className="text-sm text-accent hover:underline">
          All suggestions
        </Link>
      }
    >
      <Section title={params.id} query={query} isEmpty={() => false} empty={null} skeletonClass="h-96">
        {(detail) => <Detail detail={detail} zone={zone} />}
      </Section>
    </Page>
  );
}

type DetailProps = { readonly detail: SuggestionDetail; readonly zone: string };

function Detail({ detail, zone }: DetailProps): ReactNode {
  const sent = detail.feedback.findLast(({ finalText }) => finalText !== null)?.finalText ?? null;
  return (
    <div className="grid grid-cols-1 gap-6">
      <div className="flex flex-wrap items-center gap-3">
        <OutcomeBadge status={detail.status} outcome={detail.outcome} />
        <MirrorLine state={detail.mirror} traceId={detail.traceId} zone={zone} />
      </div>
      <FactsOf detail={detail} zone={zone} />
      <Asked detail={detail} />
      <Output detail={detail} sent={sent} />
      <div>
        <h3 className="mb-2 font-semibold">Feedback</h3>
        <FeedbackHistory events={detail.feedback} zone={zone} />
      </div>
      <div>
        <h3 className="mb-2 font-semibold">Trace</h3>
        <TraceTimeline observations={detail.observations} />
      </div>
    </div>
  );
}

function FactsOf({ detail, zone }: DetailProps): ReactNode {
  const ticket =
    detail.ticketId === null ? null : (
      <Link
        href={`/suggestions?${new URLSearchParams({ ticket: detail.ticketId, range: "90d" }).toString()}`}
        className="text-accent underline"
      >
        {detail.ticketId}
      </Link>
    );
  const prompt = detail.promptName === null ? null : `${detail.promptName} ${detail.promptVersion ?? ""}`;
  return (
    <Facts
      facts={[
        ["Agent function", detail.functionName],
        ["Ticket", ticket],
        ["Made", formatMoment(detail.createdAt, zone)],
        ["Shown", formatMoment(detail.shownAt, zone)],
        ["Decided", formatMoment(detail.decidedAt, zone)],
        ["Model", detail.model],
        ["Prompt", prompt],
        ["Environment", detail.environment],
        ["Release", detail.release],
        ["Latency", formatDuration(detail.latencyMs)],
        ["First token", formatDuration(detail.timeToFirstTokenMs)],
        ["Tokens in / out", `${formatCount(detail.inputTokens)} / ${formatCount(detail.outputTokens)}`],
        ["Cost", formatUsd(detail.costUsd)],
        ["Confidence", formatRatio(detail.confidence)],
        ["Kept", formatPercent(detail.keptRatio)],
      ]}
    />
  );
}

/** What the agent function was given: the input of the run's root. */
function Asked({ detail }: { readonly detail: SuggestionDetail }): ReactNode {
  const root = detail.observations.find(({ parentId }) => parentId === null);
  if (root?.input === undefined || root.input === null) return null;
  return <Payload heading="h3" name="Asked" value={root.input} />;
}

function Output({ detail, sent }: { readonly detail: SuggestionDetail; readonly sent: string | null }): ReactNode {
  if (detail.status === "error") {
    return (
      <div>
        <h3 className="mb-2 font-semibold">The run failed</h3>
        <p className="rounded bg-bad-ground p-3 whitespace-pre-wrap text-bad">
          {detail.errorType}: {detail.errorMessage}
        </p>
      </div>
    );
  }
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
      <div>
        <h3 className="mb-2 font-semibold">Suggested</h3>
        <p className="rounded bg-sunken p-3 whitespace-pre-wrap">{detail.text}</p>
      </div>
      <div>
        <h3 className="mb-2 font-semibold">Sent, against the suggestion</h3>
        {sent === null ? (
          <p className="rounded bg-sunken p-3 text-soft">It is not known what was sent.</p>
        ) : (
          <WordDiff before={detail.text} after={sent} />
        )}
      </div>
    </div>
  );
}
